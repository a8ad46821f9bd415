"""Calls that end without a value: the body of a failure frame."""

from __future__ import annotations

import json
import traceback

from .values import class_name

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

# Bounds on what one failure says. More floods logs when thousands of calls fail;
# less cuts messages that people need.
MAX_MESSAGE = 16 << 10
MAX_TRACEBACK = 32 << 10
MAX_CHAIN = 16

OWN_FILES = "<tandem>/"  # how the file names of this program begin
_CUT = " … "


def failure(kind: str, message: str, *, type: str = "", traceback: str = "") -> dict[str, Any]:
    """Return a failure that is not an exception of the task."""
    return {"kind": kind, "type": type, "message": _cut(message, MAX_MESSAGE), "chain": [], "traceback": traceback}


def from_exception(error: BaseException, kind: str = "error") -> dict[str, Any]:
    """Return the failure of a task that raised ``error``. Never raises an Exception."""
    return {
        "kind": kind,
        "type": _safe_class_name(error),
        "message": message_of(error),
        "chain": _chain(error),
        "traceback": traceback_of(error),
    }


def encode(body: dict[str, Any], limit: int) -> bytes:
    """Return ``body`` as JSON of at most ``limit`` bytes.

    When that is too little, the traceback goes first, then the chain, then
    the end of the message.
    """
    text = json.dumps(body).encode()
    if len(text) <= limit:
        return text
    small = {**body, "traceback": ""}
    text = json.dumps(small).encode()
    if len(text) > limit:
        small["chain"] = []
        small["type"] = small["type"][:64]
        empty = len(json.dumps({**small, "message": ""}))
        # A character takes at most 12 bytes: two escapes.
        small["message"] = _cut(small["message"], max(0, limit - empty) // 12)
        text = json.dumps(small).encode()
    return text


def message_of(error: BaseException) -> str:
    """Return the text of ``error``, also when making it raises."""
    try:
        return _cut(str(error), MAX_MESSAGE)
    except Exception as second:
        return f"<str() raised {type(second).__name__}>"


def traceback_of(error: BaseException) -> str:
    """Return the traceback of ``error`` and its causes without the frames of this program."""
    try:
        lines = traceback.format_exception(type(error), error, own_frames_cut(error.__traceback__))
        return _cut("".join(lines), MAX_TRACEBACK)
    except Exception as second:  # exceptions may have any attributes
        return f"<the traceback cannot be made: {type(second).__name__}>\n"


def own_frames_cut(frames: TracebackType | None) -> TracebackType | None:
    """Return what follows the last frame of this program and of the import system behind it."""
    rest = frames
    while frames is not None:
        name = frames.tb_frame.f_code.co_filename
        frames = frames.tb_next
        if name.startswith(OWN_FILES):
            rest = frames
    while rest is not None and rest.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
        rest = rest.tb_next
    return rest


def _chain(error: BaseException) -> list[dict[str, str]]:
    """Return what caused ``error``, the deepest last."""
    chain = []
    seen = {id(error)}
    cause = _cause(error)
    while cause is not None and id(cause) not in seen and len(chain) < MAX_CHAIN:
        seen.add(id(cause))
        chain.append({"type": _safe_class_name(cause), "message": message_of(cause)})
        cause = _cause(cause)
    return chain


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__


def _safe_class_name(error: BaseException) -> str:
    try:
        return class_name(type(error))
    except Exception:
        return "exception"


def _cut(text: str, limit: int) -> str:
    """Return ``text`` with its middle left out when it has more than ``limit`` characters."""
    if len(text) <= limit:
        return text
    if limit <= len(_CUT):
        return text[:limit]
    half = (limit - len(_CUT)) // 2
    return text[:half] + _CUT + text[-half:] if half else text[:limit]
