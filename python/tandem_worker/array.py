"""Arrays in NumPy's file format, version 1.0, with and without NumPy."""

from __future__ import annotations

import re
import sys
from math import prod

from .values import BadInput, BadResult, type_name

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import Any

_MAGIC = b"\x93NUMPY\x01\x00"
_PREFIX = len(_MAGIC) + 2
_ALIGN = 64  # the data begins at a multiple of this
_header = re.compile(r"\s*\{'descr': '([<|][a-z]\d+)', 'fortran_order': False, 'shape': \(([\d, ]*)\),? \}\s*")

# Formats of memoryview for types without byte order.
_FORMATS = {
    "b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q",
    "f4": "f", "f8": "d",
}  # fmt: skip
_KINDS = {"?": "b", **dict.fromkeys("bhilqn", "i"), **dict.fromkeys("BHILQN", "u"), "e": "f", "f": "f", "d": "f"}
_KINDS.update(Zf="c", Zd="c")
_NAMES = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}


def load(view: memoryview) -> Any:
    """Return the array in ``view``, which is read-only, without a copy. Raises :class:`BadInput`."""
    descr, shape, start = _parse(view)
    numpy = _numpy()
    if numpy is not None:
        # Not numpy.ndarray(buffer=view), which lets go of the view: that alone says that the memory is in use.
        return numpy.frombuffer(view, numpy.dtype(descr), prod(shape), start).reshape(shape)
    form = _FORMATS.get(descr[1:])
    if form is None or (sys.byteorder == "big" and descr[0] == "<"):
        raise BadInput(f"input is an array of {_name(descr)}, which needs NumPy, and {sys.executable} has none")
    data = view[start:]
    return data.cast(form, shape) if len(data) else data.cast(form)


def _numpy() -> Any:
    """Return NumPy, or None when it cannot be imported."""
    try:
        import numpy
    except Exception:  # also a NumPy that is broken
        return None
    return numpy


def _parse(view: memoryview) -> tuple[str, list[int], int]:
    """Return the type of the elements, the shape, and where the data begins."""
    length = int.from_bytes(view[len(_MAGIC) : _PREFIX], "little")
    start = _PREFIX + length
    match = _header.fullmatch(str(view[_PREFIX:start], "latin-1"))
    if view[: len(_MAGIC)] != _MAGIC or match is None or start > len(view):
        raise BadInput("input is not an array in NumPy's file format")
    return match[1], [int(part) for part in match[2].split(",") if part.strip()], start


def _name(descr: str) -> str:
    """Return NumPy's name of a type: float64 for <f8."""
    if descr[1] == "b":
        return "bool"
    return f"{_NAMES[descr[1]]}{8 * int(descr[2:])}"


class Stored:
    """A result that was found to be an array with elements of type ``descr``. Raises :class:`BadResult`.

    ``size`` is how many bytes it takes.
    """

    def __init__(self, result: Any, descr: str) -> None:
        self._descr = descr
        self._swap = False
        numpy = sys.modules.get("numpy")
        self._numpy: Any = None
        if numpy is not None and isinstance(result, numpy.ndarray):
            self._numpy = numpy
            self._array = result
            self._check_ndarray(result)
            shape = result.shape
        else:
            self._array = self._open(result)
            shape = self._array.shape
        self._head = _make_header(descr, shape)
        self.size = len(self._head) + self._array.nbytes

    def _check_ndarray(self, result: Any) -> None:
        if type(result).__name__ == "MaskedArray":
            raise BadResult("result is a masked array, whose mask would be lost: return .filled(...)")
        if result.dtype.hasobject:
            raise BadResult(f"result is an array of Python objects; {self._want()}")
        if result.dtype.str[1:] != self._descr[1:]:
            raise BadResult(f"result is an array of {result.dtype}; {self._want()}")

    def _open(self, result: Any) -> memoryview:
        try:
            view = memoryview(result)
        except TypeError:
            raise BadResult(f"result is of type {type_name(result)}, which is no array; {self._want(False)}") from None
        order, form = "@", view.format
        if form[0] in "@=<>!":
            order, form = form[0], form[1:]
        found = f"{_KINDS.get(form, '?')}{view.itemsize}"
        if found != self._descr[1:]:
            what = _name("<" + found) if form in _KINDS else f"format {view.format!r}"
            raise BadResult(f"result is a buffer of {what}; {self._want()}")
        little = sys.byteorder == "little" if order in "@=" else order == "<"
        self._swap = not little and view.itemsize > 1
        return view

    def _want(self, is_array: bool = True) -> str:
        name = _name(self._descr)
        advice = f"return .astype({name!r})" if is_array else f"return numpy.asarray(..., {name!r})"
        return f"the task's type in Go has elements of {name}: {advice}"

    def write(self, room: memoryview) -> None:
        """Write all ``size`` bytes."""
        start = len(self._head)
        room[:start] = self._head
        if start == len(room):
            return
        if self._numpy is None:
            room[start:] = self._data()
            return
        target = self._numpy.ndarray(self._array.shape, self._descr, room, start)
        target[...] = self._array  # whatever its memory and byte order

    def to_bytes(self) -> bytearray:
        """Return what :meth:`write` writes."""
        whole = bytearray(self.size)
        with memoryview(whole) as room:
            self.write(room)
        return whole

    def _data(self) -> memoryview | bytes:
        view = self._array
        if self._swap:
            from array import array

            unit = view.itemsize // (2 if view.format.endswith(("Zf", "Zd")) else 1)
            swapped = array({2: "H", 4: "I", 8: "Q"}[unit])
            swapped.frombytes(view.tobytes())
            swapped.byteswap()
            return memoryview(swapped).cast("B")
        return view.cast("B") if view.c_contiguous and view.format[-1:] in "?bhilqnBHILQNfdec" else view.tobytes()


def _make_header(descr: str, shape: tuple[int, ...]) -> bytes:
    numbers = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({numbers}), }}"
    text += " " * (-(_PREFIX + len(text) + 1) % _ALIGN) + "\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text.encode("latin-1")
