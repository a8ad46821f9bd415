"""Calls with values that are not small JSON: raw bytes, arrays, pickles, large values.

What a task does with its input can outlast the call, so the order matters: the
result is copied out, everything here lets go of the input, and only then it is
known whether the input is still referred to.
"""

from __future__ import annotations

from . import array, frames, pickling, values
from .arena import part
from .frames import CODEC_JSON, CODEC_NPY, CODEC_PICKLE, CODEC_RAW, IN_BODY

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from typing import Any

    from .arena import Arenas
    from .calls import Batch
    from .frames import Buffer
    from .tasks import Task


class Loan:
    """The mapping that one call has borrowed, if any."""

    __slots__ = ("mapping",)

    def __init__(self) -> None:
        self.mapping: mmap.mmap | None = None


class Exchange:
    """What one thread needs to take inputs and give results. It belongs to that thread."""

    __slots__ = ("_arenas", "_encode", "_max_frame")

    def __init__(self, arenas: Arenas | None, encode: Callable[[object], bytes], max_frame: int) -> None:
        self._arenas = arenas
        self._encode = encode
        self._max_frame = max_frame

    def released(self) -> bytes:
        """Return frames for inputs that were kept and are free now."""
        if self._arenas is None:
            return b""
        free = self._arenas.inbound.take_free()
        return b"".join([frames.frame(frames.RELEASE, id=call_id, count=1) for call_id in free])

    def give_back(self, loan: Loan, call_id: int) -> bytes:
        """End a loan after its call. Returns a frame to be sent before the answer, if it must be kept."""
        if loan.mapping is None or self._arenas is None:
            return b""
        if self._arenas.inbound.give_back(loan.mapping):
            loan.mapping = None
            return b""
        return frames.frame(frames.KEEP, id=call_id, count=1)

    def keep(self, loan: Loan, call_id: int) -> None:
        """Note what was kept, once the answer is in the outbox."""
        if loan.mapping is not None and self._arenas is not None:
            self._arenas.inbound.keep(loan.mapping, call_id)

    def input(self, batch: Batch, index: int, loan: Loan) -> Any:
        """Return the input of one call.

        Raises :class:`values.BadInput` for that call only, MemoryError, and
        :class:`frames.ProtocolError`.
        """
        codec = batch.codec
        if batch.has_parts:
            payload, entries = batch.take_parts()
            views = [self._view(entry, loan, codec) for entry in entries]
            if payload is None:
                payload = views.pop(0)
        elif codec == CODEC_JSON:
            return batch.take(index)
        else:
            payload, views = batch.take_payload(index), []
        return _decode(payload, views, codec, batch.task)

    def _view(self, entry: tuple[int, int, memoryview], loan: Loan, codec: int) -> memoryview:
        """Return the bytes of a buffer, which can only be read."""
        offset, length, data = entry
        if offset == IN_BODY:
            return data
        if self._arenas is None:
            raise frames.ProtocolError("a buffer in an arena, and there is none")
        inbound = self._arenas.inbound
        inbound.check(offset, length)
        if loan.mapping is None:
            try:
                loan.mapping = inbound.borrow()
            except (OSError, ValueError):  # no descriptor or address space is left
                return memoryview(inbound.copy(offset, length))
        return memoryview(loan.mapping)[offset : offset + length]

    def result(self, call_id: int, task: Task, result: Any) -> bytes:
        """Return the frame for the value of a call.

        Raises :class:`values.BadResult`, :class:`TooLarge` and MemoryError.
        """
        buffers: list[memoryview] = []
        if task.codec == CODEC_JSON:
            return self.payload(call_id, CODEC_JSON, self._encode(result))
        if task.codec == CODEC_NPY:
            stored = array.Stored(result, task.descr)
            return self._value(call_id, CODEC_NPY, stored.size, stored.write, stored.to_bytes, buffers)
        if task.codec == CODEC_RAW:
            return self.payload(call_id, CODEC_RAW, _raw(result))
        payload, buffers = pickling.dump(result)
        return self.payload(call_id, CODEC_PICKLE, payload, buffers)

    def payload(self, call_id: int, codec: int, payload: Buffer, buffers: list[memoryview] | None = None) -> bytes:
        """Return the frame for a payload. Raises as :meth:`result` does."""

        def fill(room: memoryview) -> None:
            room[:] = payload

        return self._value(call_id, codec, len(payload), fill, lambda: payload, buffers or [])

    def _value(
        self,
        call_id: int,
        codec: int,
        size: int,
        fill: Callable[[memoryview], None],
        whole: Callable[[], Buffer],
        buffers: list[memoryview],
    ) -> bytes:
        outbound = None if self._arenas is None else self._arenas.outbound
        total = size + frames.LENGTH_SIZE
        if buffers:
            total += sum([frames.PART_SIZE + len(buffer) for buffer in buffers])
        if total > self._max_frame:
            raise TooLarge(total, codec)
        offset = None
        try:
            if size >= frames.MOVE_ABOVE and outbound is not None:
                offset = outbound.put(call_id, size, fill)
            if offset is None and not buffers:
                return frames.payload_frame(call_id, codec, whole())
            entries = [] if offset is None else [(offset, size, b"")]
            entries.extend(part(outbound, call_id, buffer) for buffer in buffers)
            return frames.parts_frame(call_id, codec, whole() if offset is None else None, entries)
        except BaseException:
            if outbound is not None:
                outbound.release(call_id)
            raise


class TooLarge(Exception):
    """A result does not fit a frame."""

    def __init__(self, size: int, codec: int) -> None:
        super().__init__(f"result has {size} bytes as {frames.CODEC_NAMES[codec]}")


def _decode(payload: Buffer, views: list[memoryview], codec: int, task: Task) -> Any:
    if codec == CODEC_RAW:
        return memoryview(payload).toreadonly() if task.takes_view else bytes(payload)
    if codec == CODEC_NPY:
        return array.load(memoryview(payload).toreadonly())
    if codec == CODEC_PICKLE:
        return pickling.load(payload, views)
    return values.decode(payload, codec)


def _raw(result: Any) -> Buffer:
    """Return the bytes of a result. Raises :class:`values.BadResult`."""
    if type(result) is bytes:
        return result
    try:
        view = memoryview(result)
    except TypeError:
        advice = "return .encode()" if isinstance(result, str) else "return bytes"
        name = values.type_name(result)
        raise values.BadResult(f"result is of type {name}, the task's type in Go is []byte: {advice}") from None
    if view.c_contiguous:
        return view.cast("B") if view.nbytes else b""
    raise values.BadResult("result is a buffer that is not contiguous: return bytes(...) of it")
