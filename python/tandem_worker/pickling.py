"""Pickled inputs and results, with their large buffers beside the stream."""

from __future__ import annotations

import pickle

from . import failures, frames
from .values import BadInput, BadResult

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import Any

    from .frames import Buffer


def load(payload: Buffer, buffers: list[memoryview]) -> Any:
    """Return the pickled object. Raises :class:`BadInput`, and MemoryError."""
    try:
        return pickle.loads(payload, buffers=buffers)
    except MemoryError:
        raise
    except BaseException as error:  # a stream runs code: whatever it raises concerns this call only
        raise BadInput(f"input cannot be unpickled: {_text(error)}") from None


def dump(result: Any) -> tuple[bytes, list[memoryview]]:
    """Return the stream and its buffers. Raises :class:`BadResult`, and MemoryError."""
    found: list[pickle.PickleBuffer] = []
    try:
        payload = pickle.dumps(result, 5, buffer_callback=found.append)
        if len(found) >= frames.MOST_BUFFERS:
            return pickle.dumps(result, 5), []
        return payload, [buffer.raw() for buffer in found]
    except MemoryError:
        raise
    except BaseException as error:
        raise BadResult(f"result cannot be pickled: {_text(error)}{_place(result)}") from None


def _text(error: BaseException) -> str:
    if issubclass(type(error), RecursionError):
        return "RecursionError: it nests too deep"
    return f"{type(error).__name__}: {failures.message_of(error)}"


def _place(result: Any) -> str:
    """Return which part of ``result`` cannot be pickled, as far as looking one level at a time finds it."""
    steps = "result"
    seen: set[int] = set()
    while id(result) not in seen and len(seen) < 100:
        seen.add(id(result))
        for step, child in _children(result):
            if not _can_dump(child):
                steps += step
                result = child
                break
    return f" (in {steps})" if steps != "result" else ""


def _can_dump(value: Any) -> bool:
    try:
        pickle.dumps(value, 5, buffer_callback=lambda _: None)
    except MemoryError:
        raise
    except BaseException:
        return False
    return True


def _children(value: Any) -> list[tuple[str, Any]]:
    if type(value) is dict:
        return [(f"[{key!r}]", child) for key, child in value.items()]
    if type(value) in (list, tuple):
        return [(f"[{index}]", child) for index, child in enumerate(value)]
    fields = getattr(value, "__dict__", None)
    if isinstance(fields, dict) and not isinstance(value, type):
        return [(f".{name}", child) for name, child in fields.items()]
    return []
