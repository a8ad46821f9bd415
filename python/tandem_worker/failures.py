"""Calls that end without a value: the body of a failure frame."""

from __future__ import annotations

from traceback import clear_frames as _clear_frames
from traceback import format_exception as _format_exception
from traceback import format_tb as _format_frames

from . import memory
from .values import class_name, encode_own

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

# How BaseException itself knows these. A class of the user may make them anything.
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_suppresses_context = BaseException.__dict__["__suppress_context__"].__get__
_frames_of = BaseException.__dict__["__traceback__"].__get__


def failure(kind: str, message: str, *, type: str = "", traceback: str = "") -> dict[str, Any]:
    """Return a failure that is not an exception of the task."""
    return {"kind": kind, "type": type, "message": _cut(message, MAX_MESSAGE), "chain": [], "traceback": traceback}


def from_exception(error: BaseException, kind: str = "error") -> dict[str, Any]:
    """Return the failure of a task that raised ``error``. Raises nothing but MemoryError."""
    return {
        "kind": kind,
        "type": class_name(type(error)),
        "message": message_of(error),
        "chain": _chain(error),
        "traceback": traceback_of(error),
    }


def from_memory_error(error: MemoryError, limit: int) -> dict[str, Any]:
    """Return the failure of a task that ran into MemoryError, under a limit or, when that is 0, without.

    Before that, it lets go what the frames of ``error`` still hold: there may
    be no memory to answer with, nor for other threads.
    """
    used = memory.in_use() if limit else 0
    _clear_frames(_frames_of(error))
    body = from_exception(error, "memory" if limit else "error")
    if limit:
        text = memory_text(limit, used)
        body["message"] = f"{body['message']} ({text})" if body["message"] else text
    return body


def memory_text(limit: int, used: int) -> str:
    """Return what is known of a limit that was hit."""
    text = f"the limit is {limit} bytes"
    return f"{text}, {used} were in use" if used else text


def encode(body: dict[str, Any], limit: int) -> bytes:
    """Return ``body`` as JSON of at most ``limit`` bytes.

    When that is too little, the traceback goes first, then the chain, then
    the end of the message.
    """
    text = encode_own(body)
    if len(text) <= limit:
        return text
    small = {**body, "traceback": ""}
    text = encode_own(small)
    if len(text) > limit:
        small["chain"] = []
        small["type"] = small["type"][:64]
        empty = len(encode_own({**small, "message": ""}))
        # A character takes at most 12 bytes: two escapes.
        small["message"] = _cut(small["message"], max(0, limit - empty) // 12)
        text = encode_own(small)
    return text


def message_of(error: BaseException) -> str:
    """Return the text of ``error``, also when making it raises."""
    try:
        # Not the text itself, which may be of a class of the user.
        return _cut(str.__str__(str(error)), MAX_MESSAGE)
    except BaseException as second:  # SystemExit too is an answer
        return f"<str() raised {class_name(type(second))}>"


def traceback_of(error: BaseException) -> str:
    """Return the traceback of ``error`` and its causes without the frames of this program."""
    try:
        lines = _format_exception(type(error), error, own_frames_cut(_frames_of(error)))
        return _cut("".join(lines), MAX_TRACEBACK)
    except BaseException as second:  # exceptions may have any attributes, and tasks change modules
        return _plain_traceback(error, second)


def _plain_traceback(error: BaseException, second: BaseException) -> str:
    """Return a traceback of ``error`` alone, because ``second`` came up while it was being made with its causes."""
    try:
        lines = _format_frames(own_frames_cut(_frames_of(error)))
        head, last = "Traceback (most recent call last):\n", f"{class_name(type(error))}: {message_of(error)}\n"
        return _cut(head + "".join(lines) + last, MAX_TRACEBACK)
    except BaseException:
        return f"<the traceback cannot be made: {class_name(type(second))}>\n"


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
        chain.append({"type": class_name(type(cause)), "message": message_of(cause)})
        cause = _cause(cause)
    return chain


def _cause(error: BaseException) -> BaseException | None:
    cause = _cause_of(error)
    if cause is not None or _suppresses_context(error):
        return cause
    return _context_of(error)


def _cut(text: str, limit: int) -> str:
    """Return ``text`` with its middle left out when it has more than ``limit`` characters."""
    if len(text) <= limit:
        return text
    if limit <= len(_CUT):
        return text[:limit]
    half = (limit - len(_CUT)) // 2
    return text[:half] + _CUT + text[-half:] if half else text[:limit]
