"""Accepted calls, and the queue in which they wait.

A call is a tuple ``(id, batch, index)``. It waits in one deque in the order of
ids. Threads take calls from the left, the reader gives calls back from the
right; both by single deque operations, which are atomic, so a call has one
owner at any time and nothing is locked for each call.
"""

from __future__ import annotations

from _thread import allocate_lock  # as it is before tasks can change the module
from collections import deque
from itertools import repeat

from . import frames, values
from .frames import ProtocolError

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    import _thread
    from typing import Any, Optional

    from .frames import Buffer, Header
    from .tasks import Task

    Call = tuple[int, Optional["Batch"], int]

# Behind all calls once the worker is to stop; 0 is no call's id.
STOP: Call = (0, None, 0)


class Batch:
    """The inputs of one call frame. It keeps ``body`` and must be its only user."""

    __slots__ = ("task", "timed", "codec", "has_parts", "plain", "_header", "_body", "_inputs", "_decoded", "_lock")

    def __init__(self, task: Task, header: Header, body: Buffer) -> None:
        self.task = task
        self.timed = bool(header.flags & frames.FLAG_TIMEOUT)
        self.codec = header.codec
        self.has_parts = header.oob > 0
        # Inputs are JSON in the body, and so are results: no Exchange is needed.
        self.plain = header.codec == frames.CODEC_JSON == task.codec and not header.oob
        self._header = header
        self._body: Buffer | None = body
        self._inputs: list[Any] | None = None  # set once, under _lock; an element is given up when taken
        self._decoded = False  # set before _inputs
        self._lock = allocate_lock()

    def take_payload(self, index: int) -> memoryview:
        """Return the bytes of one input, once, for a frame that is no array and has no buffers.

        Raises MemoryError, and :class:`ProtocolError`.
        """
        inputs = self._inputs
        if inputs is None:
            inputs = self._open()
        payload: memoryview = inputs[index]
        inputs[index] = None
        return payload

    def take_parts(self) -> tuple[memoryview | None, list[tuple[int, int, memoryview]]]:
        """Return payload and buffers of a frame with buffers, once, as :func:`frames.split_parts` does."""
        body = self._body
        assert body is not None  # taken once
        self._body = None
        return frames.split_parts(body, frames.TIMEOUT_SIZE if self.timed else 0, self._header)

    def take(self, index: int) -> Any:
        """Return the input of one call, once.

        Raises :class:`values.BadInput` for that call only, MemoryError, and
        :class:`ProtocolError` when the frame does not hold what its header says.
        """
        inputs = self._inputs
        if inputs is None:
            inputs = self._open()
        value = inputs[index]
        inputs[index] = None
        return value if self._decoded else values.decode(value, self._header.codec)

    def whole(self) -> list[Any] | None:
        """Return the list of all inputs if they are decoded, and None if each is to be taken by itself.

        Who takes an element leaves None in its place. Raises as :meth:`take` does.
        """
        inputs = self._inputs
        if inputs is None:
            inputs = self._open()
        return inputs if self._decoded else None

    def _open(self) -> list[Any]:
        """Cut the body into inputs: by the first thread that needs one, not by the reader."""
        with self._lock:
            if self._inputs is None:
                inputs = self._cut()
                if len(inputs) != self._header.count:
                    raise ProtocolError(f"count is {self._header.count}, the array has {len(inputs)} values")
                self._inputs = inputs
                self._body = None
            return self._inputs

    def _cut(self) -> list[Any]:
        body = self._body
        assert body is not None  # until it is cut
        header = self._header
        start = frames.TIMEOUT_SIZE if self.timed else 0
        if not header.flags & frames.FLAG_ARRAY:
            return frames.split_payloads(body, start, header.count)
        inputs = values.decode_array(body, start)
        if inputs is None:
            return values.split_array(body, start)
        self._decoded = True
        return inputs


class Queue:
    """Calls that have not started. ``put`` and ``give_back`` belong to the reader.

    A thread that finds no call puts its lock into ``_idle`` and acquires it; who
    removes a lock from there releases it, or is the thread itself.
    """

    def __init__(self) -> None:
        self._calls: deque[Call] = deque()
        self._idle: deque[_thread.LockType] = deque()
        self.take = self._calls.popleft  # raises IndexError when no call waits

    def put(self, batch: Batch, first: int, count: int) -> None:
        """Append the calls ``first`` to ``first + count - 1``."""
        self._calls.extend(zip(range(first, first + count), repeat(batch), range(count)))
        self._wake(count)

    def stop(self, threads: int) -> None:
        """Append one STOP for each thread."""
        self._calls.extend(repeat(STOP, threads))
        self._wake(threads)

    def wait(self, lock: _thread.LockType) -> None:
        """Block until there may be a call. ``lock`` is the calling thread's own, and acquired."""
        self._idle.append(lock)
        if self._calls:
            try:
                self._idle.remove(lock)
                return
            except ValueError:
                pass  # it is about to be released
        lock.acquire()

    def give_back_last(self, limit: int) -> tuple[int, int]:
        """Remove up to ``limit`` calls, the latest first. Returns first id and count of what was removed."""
        first = count = 0
        while count < limit:
            call = self._pop_last()
            if call is None:
                break
            if call[0] == 0 or (count and call[0] != first - 1):  # STOP, or a gap: one answer names one span
                self._calls.append(call)
                self._wake(1)
                break
            first = call[0]
            count += 1
        return first, count

    def give_back_span(self, first: int, count: int) -> list[tuple[int, int]]:
        """Remove the calls ``first`` to ``first + count - 1``. Returns spans of what was removed."""
        kept: list[Call] = []
        spans: list[tuple[int, int]] = []
        while True:
            call = self._pop_last()
            if call is None:
                break
            if call[0] and call[0] < first:
                kept.append(call)
                break
            if not first <= call[0] < first + count:
                kept.append(call)
            elif spans and spans[-1][0] == call[0] + 1:
                spans[-1] = (call[0], spans[-1][1] + 1)
            else:
                spans.append((call[0], 1))
        self._calls.extend(reversed(kept))
        self._wake(len(kept))
        return spans

    def _pop_last(self) -> Call | None:
        try:
            return self._calls.pop()
        except IndexError:
            return None

    def _wake(self, count: int) -> None:
        """Wake up to ``count`` idle threads."""
        while count > 0:
            try:
                lock = self._idle.pop()
            except IndexError:
                return
            lock.release()
            count -= 1
