"""How a function is called with an input, and what it says about that.

A plain name calls the function with the input as its one argument. ``(*)`` behind
the name spreads an array over its positional arguments, ``(**)`` an object over its
arguments by name.
"""

from __future__ import annotations

from types import FunctionType, MethodType

from .values import BadInput, type_name

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

POSITIONAL = "(*)"
KEYWORDS = "(**)"

# Of a code object, as in the module inspect, whose import costs milliseconds.
_VARARGS = 0x04
_VARKEYWORDS = 0x08
_GENERATOR = 0x20
_ASYNC_GENERATOR = 0x200

_JSON_NAMES = {list: "an array", dict: "an object", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def split(name: str) -> tuple[str, str]:
    """Return a task's name without what tells how it is called, and that."""
    for form in (KEYWORDS, POSITIONAL):
        if name.endswith(form):
            return name[: -len(form)], form
    return name, ""


def spread(name: str, function: Callable[..., Any], form: str) -> Callable[[Any], Any]:
    """Return a function of one argument that spreads it over those of ``function``.

    It raises :class:`values.BadInput` for what cannot be spread. ``name`` is that of the task.
    """

    def call_with_positions(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise BadInput(f"{name} takes an array, the input is {_kind_of(value)}")
        return function(*value)

    def call_with_names(value: Any) -> Any:
        if not isinstance(value, dict):
            raise BadInput(f"{name} takes an object, the input is {_kind_of(value)}")
        return function(**value)

    return call_with_positions if form == POSITIONAL else call_with_names


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    return _JSON_NAMES.get(type(value)) or f"of type {type_name(value)}"


def signature(function: Any) -> dict[str, Any] | None:
    """Return what ``function`` takes, or None when that is not certain.

    It is certain for functions and methods written in Python, as they are called:
    not as what they wrap, which a decorator may call otherwise.
    """
    bound = 0
    if not isinstance(function, (FunctionType, MethodType)):
        function, bound = getattr(type(function), "__call__", None), 1
        if isinstance(function, MethodType):
            return None  # of a class, called without the object
    elif isinstance(function, MethodType):
        function, bound = function.__func__, 1
    if not isinstance(function, FunctionType):
        return None
    code = function.__code__
    flags = code.co_flags
    return {
        "parameters": _parameters(function)[bound:],
        "args": bool(flags & _VARARGS),
        "kwargs": bool(flags & _VARKEYWORDS),
        "generator": "async generator" if flags & _ASYNC_GENERATOR else "generator" if flags & _GENERATOR else "",
    }


def _parameters(function: FunctionType) -> list[dict[str, Any]]:
    code = function.__code__
    count, by_name = code.co_argcount, code.co_kwonlyargcount
    required = count - len(function.__defaults__ or ())
    defaults = function.__kwdefaults__ or {}
    found = []
    for at, name in enumerate(code.co_varnames[: count + by_name]):
        if at < count:
            kind, optional = "positional" if at < code.co_posonlyargcount else "any", at >= required
        else:
            kind, optional = "keyword", name in defaults
        found.append({"name": name, "kind": kind, "optional": optional})
    return found
