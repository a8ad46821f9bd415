"""Inputs and results as JSON.

Inputs are decoded strictly. Results are written without line feeds and as
UTF-8; text that UTF-8 cannot hold (lone surrogates) is escaped. What cannot be
written is named with its place.
"""

from __future__ import annotations

import json
import math
import re
from json import encoder as _json_encoder

from .frames import CODEC_JSON, CODEC_NAMES

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Optional

    from .frames import Buffer

    Node = Optional[tuple["Node", str, object]]  # parent, what follows its place, container


class BadInput(Exception):
    """The input cannot be decoded; the call does not run."""


class BadResult(Exception):
    """The result cannot be encoded. The text says what and where."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_scan = _decoder.scan_once


def decode(payload: Buffer, codec: int) -> Any:
    """Return the value of one payload. Raises :class:`BadInput`, and MemoryError."""
    if codec != CODEC_JSON:
        name = CODEC_NAMES[codec] if codec < len(CODEC_NAMES) else str(codec)
        raise BadInput(f"input has codec {name}, Python workers take json")
    try:
        text = str(payload, "utf-8")
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            end = -1
        return value if end == len(text) else _decoder.decode(text)
    except RecursionError:
        raise BadInput("input nests too deep for the JSON decoder of this interpreter") from None
    except ValueError as error:  # also UnicodeDecodeError and JSONDecodeError
        raise BadInput(f"input cannot be decoded: {error}") from None


def decode_array(body: Buffer, start: int) -> list[Any] | None:
    """Return the values of the JSON array at ``start``, or None when one of them is bad.

    Raises MemoryError.
    """
    try:
        value = decode(memoryview(body)[start:], CODEC_JSON)
    except BadInput:
        return None
    return value if isinstance(value, list) else None


_token = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)


def split_array(body: Buffer, start: int) -> list[memoryview]:
    """Return the elements of a JSON array, undecoded, so that a bad one costs only itself."""
    view = memoryview(body)
    elements = []
    depth = 0
    begin = start
    for match in _token.finditer(view, start):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            if depth == 1:
                begin = match.end()
        elif token in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                elements.append(view[begin : match.start()])
        elif token == b"," and depth == 1:
            elements.append(view[begin : match.start()])
            begin = match.end()
    return elements


# Text as a JSON string, which may have lone surrogates. In C where there is an accelerator.
quote = _json_encoder.encode_basestring


class Encoder:
    """Writes results as JSON. It belongs to one thread."""

    def __init__(self) -> None:
        # Ids of the containers being written: how cycles are found. One for
        # each thread, or two threads writing one object would see a cycle.
        self._open: dict[int, object] = {}
        self._write = _make_encoder(self._open, False)
        self._write_escaped = _make_encoder(self._open, True)

    def encode(self, value: object) -> bytes:
        """Return ``value`` as JSON text.

        Raises :class:`BadResult` and MemoryError, and nothing else: what the
        result's own methods raise, SystemExit among it, makes it a bad result.
        """
        try:
            try:
                return "".join(self._write(value, 0)).encode()
            except UnicodeEncodeError:
                return "".join(self._write_escaped(value, 0)).encode()
        except MemoryError:
            self._open.clear()
            raise
        except BaseException as error:
            self._open.clear()
            raise BadResult(_explain(value, error)) from None


def _make_encoder(markers: dict[int, object] | None, escape: bool) -> Callable[[object, int], Iterator[str]]:
    """Return what writes a value as pieces of text.

    The C encoder is made once: json makes one for each value, which takes longer
    than writing a small value.
    """
    make = getattr(_json_encoder, "c_make_encoder", None)
    if make is None:  # an implementation without the C accelerator
        plain = json.JSONEncoder(ensure_ascii=escape, allow_nan=False, separators=(",", ":"), default=_no_form)
        return lambda value, _: plain.iterencode(value)
    text = _json_encoder.encode_basestring_ascii if escape else _json_encoder.encode_basestring
    return make(markers, _no_form, text, None, ":", ",", False, False, False)


def _no_form(value: object) -> None:
    raise TypeError(type(value).__name__)


# Writes what this program itself says, as ASCII. Made before any task could
# change the module json.
_write_own = _make_encoder(None, True)


def encode_own(body: object) -> bytes:
    """Return ``body``, which has only types of JSON and no cycles, as JSON text. Raises MemoryError."""
    return "".join(_write_own(body, 0)).encode()


def _explain(value: object, error: BaseException) -> str:
    """Return why ``value`` could not be written, which ended in ``error``."""
    if issubclass(type(error), RecursionError):
        return "result nests too deep for the JSON encoder of this interpreter"
    try:
        return _find_fault(value) or f"result cannot be written as JSON: {class_name(type(error))}: {error}"
    except MemoryError:
        raise
    except BaseException:  # methods of the result's own classes may raise anything
        return f"result cannot be written as JSON: {class_name(type(error))}"


def _find_fault(value: object) -> str | None:
    """Return what JSON has no form for and where, first in the order of the text."""
    todo: list[tuple[object, Node]] = [(value, None)]
    while todo:
        item, node = todo.pop()
        if isinstance(item, (dict, list, tuple)):
            if _is_inside(item, node):
                return f"{_place(node)} contains itself"
            bad_key = _bad_key(item)
            if bad_key is not None:
                return f"{_place(node)} has a key that is {_with_article(bad_key)}; JSON keys are strings"
            todo.extend(reversed([(child, (node, step, item)) for step, child in _children(item)]))
        else:
            fault = _leaf_fault(item)
            if fault:
                return f"{_place(node)} is {fault}"
    return None


def _children(container: Any) -> Iterator[tuple[str, object]]:
    if isinstance(container, dict):
        return ((f"[{key!r}]", child) for key, child in container.items())
    return ((f"[{index}]", child) for index, child in enumerate(container))


def _bad_key(container: object) -> object | None:
    if isinstance(container, dict):
        for key in container:
            if not isinstance(key, (str, int, float)) and key is not None:
                return key
    return None


def _is_inside(item: object, node: Node) -> bool:
    while node is not None:
        node, _, container = node
        if container is item:
            return True
    return False


def _place(node: Node) -> str:
    steps = []
    while node is not None:
        node, step, _ = node
        steps.append(step)
    return "result" + "".join(reversed(steps))


def _leaf_fault(item: object) -> str | None:
    """Return why ``item``, which is no container, has no form, or None when it has one."""
    if item is None or isinstance(item, (str, bool)):
        return None
    if isinstance(item, int):
        try:
            int.__repr__(item)
        except ValueError as error:  # sys.set_int_max_str_digits
            return f"too large an integer: {error}"
        return None
    if isinstance(item, float):
        return None if math.isfinite(item) else f"{float(item)!r}, which JSON has no form for"
    advice = _advice(item)
    return f"{_with_article(item)}, which JSON has no form for" + (f": {advice}" if advice else "")


_ADVICE = (
    (("set", "frozenset"), "return list(...) or sorted(...)"),
    (("bytes", "bytearray", "memoryview"), "return text, for example with .decode() or base64"),
    (("datetime.datetime", "datetime.date", "datetime.time"), "return .isoformat()"),
    (("decimal.Decimal", "fractions.Fraction", "pathlib.PosixPath", "uuid.UUID"), "return str(...) of it"),
    (("generator", "range", "map", "filter", "zip", "dict_keys", "dict_values", "dict_items"), "return list(...)"),
    (("async_generator",), "return a list of what it yields"),
    (("coroutine",), "make the task itself an async function, then it is awaited"),
)


def _advice(item: Any) -> str:
    name = type_name(item)
    for names, advice in _ADVICE:
        if name in names:
            return advice
    try:
        if hasattr(item, "tolist"):  # NumPy arrays and scalars
            return "return .tolist()"
        if hasattr(type(item), "__dataclass_fields__"):
            return "return dataclasses.asdict(...)"
    except BaseException:  # attributes may be anything
        pass
    return ""


def type_name(value: object) -> str:
    """Return the name of the type of ``value``, with its module unless that is builtins."""
    return class_name(type(value))


# How type itself knows these two. A metaclass may make them anything.
_qualname_of = type.__dict__["__qualname__"].__get__
_module_of = type.__dict__["__module__"].__get__

_MAX_NAME = 256  # characters of a name that messages have


def class_name(cls: type) -> str:
    """Return the name of ``cls``, with its module unless that is builtins. Runs no code of the user."""
    name = str.__str__(_qualname_of(cls))[:_MAX_NAME]
    try:
        module = _module_of(cls)
    except AttributeError:
        module = None
    if type(module) is not str or module == "builtins":
        return name
    return f"{module[:_MAX_NAME]}.{name}"


def _with_article(value: object) -> str:
    name = type_name(value)
    return ("an " if name[0] in "aeiouAEIOU" else "a ") + name
