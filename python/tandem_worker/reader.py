"""The thread that reads the socket.

It never waits for anything but the socket: it leaves the cutting and decoding of
bodies to the threads that run calls, and what it answers to the flusher. So
cancel, recall and the end of the parent are noticed whatever the calls do,
unless a C extension keeps the interpreter lock.
"""

from __future__ import annotations

import socket
from json import JSONDecoder
from os import _exit, write  # as they are before tasks can change the module

from . import descriptors, failures, frames
from .calls import Batch
from .frames import HEADER_SIZE, ProtocolError
from .tasks import Task

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import NoReturn

    from .arena import Arenas
    from .calls import Queue
    from .frames import Buffer, Header
    from .outbox import Outbox
    from .runner import Limits

# How much is asked of the socket at once. More keeps more memory for each
# worker, less makes more system calls when inputs are small.
_BUFFER_SIZE = 256 << 10

# The last words of a worker whose own program gets no memory. The engine knows them.
NO_MEMORY = "no memory is left for the worker program"

_decode_json = JSONDecoder().decode


def die(message: str) -> NoReturn:
    """End the process now, also under running calls, with a line for people."""
    try:
        write(2, f"tandem worker: {message}\n".encode("utf-8", "replace"))
    except BaseException:  # a task may have closed it
        pass
    _exit(1)


class Reader:
    """Takes frames from the socket. Everything here belongs to its thread."""

    def __init__(
        self, connection: socket.socket, queue: Queue, outbox: Outbox, limits: Limits, threads: int, arenas: Arenas | None
    ) -> None:
        self._socket = connection
        self._arenas = arenas
        self._queue = queue
        self._outbox = outbox
        self._limits = limits
        self._threads = threads
        self._buffer = bytearray(_BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._begin = 0  # _buffer[_begin:_end] has arrived and was not used
        self._end = 0
        self._tasks: dict[int, Task] = {}
        self._last_id = 0
        self._stopping = False

    def run(self) -> NoReturn:
        """Read until the parent has gone, then end the process."""
        try:
            while True:
                header = self._next_header()
                self._dispatch(header)
        except EOFError:
            _exit(0 if self._stopping else 1)
        except ProtocolError as error:
            die(f"the engine broke the protocol: {error}")
        except MemoryError:
            die(NO_MEMORY)
        except BaseException as error:
            die(f"reader failed: {failures.traceback_of(error) or error!r}")
        finally:
            _exit(1)  # not even the text could be made

    def _next_header(self) -> Header:
        while self._end - self._begin < HEADER_SIZE:
            self._fill()
        header = frames.parse_header(self._buffer, self._begin, self._limits.max_frame)
        self._begin += HEADER_SIZE
        return header

    def _fill(self) -> None:
        """Receive at least one byte into the buffer. Raises EOFError at the end of the stream."""
        if self._begin == self._end:
            self._begin = self._end = 0
        elif self._begin > _BUFFER_SIZE // 2:
            rest = bytes(self._view[self._begin : self._end])
            self._view[: len(rest)] = rest
            self._begin, self._end = 0, len(rest)
        self._end += self._receive(self._view[self._end :])

    def _receive(self, room: memoryview) -> int:
        try:
            count = self._socket.recv_into(room)
        except OSError as error:
            if descriptors.is_damage(error):
                die(descriptors.CLOSED)
            count = 0  # a parent that died with bytes unread resets the connection
        if count == 0:
            raise EOFError
        return count

    def _body(self, length: int) -> Buffer:
        """Return the next ``length`` bytes, which nobody else uses. The header's length was checked."""
        while self._end - self._begin < length and length <= _BUFFER_SIZE // 4:
            self._fill()
        here = min(length, self._end - self._begin)
        if here == length:
            body: Buffer = bytes(self._view[self._begin : self._begin + length])
            self._begin += length
            return body
        body = bytearray(length)  # before anything is used up: see _call
        view = memoryview(body)
        view[:here] = self._view[self._begin : self._begin + here]
        self._begin += here
        while here < length:
            here += self._receive(view[here:])
        return body

    def _skip(self, length: int) -> None:
        while length:
            if self._begin == self._end:
                self._fill()
            here = min(length, self._end - self._begin)
            self._begin += here
            length -= here

    def _dispatch(self, header: Header) -> None:
        kind = header.type
        if kind == frames.CALL:
            self._call(header)
            return
        body = self._body(header.length)
        if kind == frames.DEFINE:
            self._tasks[header.task] = Task(*_task_of(body))
        elif kind == frames.RELEASE:
            if self._arenas is not None and self._arenas.outbound is not None:
                self._arenas.outbound.release(header.id)
        elif kind == frames.CANCEL:
            for first, count in self._queue.give_back_span(header.id, header.count):
                self._outbox.post(frames.frame(frames.RETURNED, id=first, count=count))
        elif kind == frames.RECALL:
            first, count = self._queue.give_back_last(header.count)
            self._outbox.post(frames.frame(frames.RETURNED, id=first, count=count))
        elif kind == frames.STOP:
            if not self._stopping:
                self._stopping = True
                self._queue.stop(self._threads)
        # Other types come from newer engines, which do not need them to be known.

    def _call(self, header: Header) -> None:
        if header.id <= self._last_id:
            raise ProtocolError(f"id is {header.id}, after {self._last_id}")
        if self._stopping:
            raise ProtocolError(f"call {header.id} comes after stop")
        self._last_id = header.id + header.count - 1
        try:
            body = self._body(header.length)
        except MemoryError:
            self._skip(header.length)
            self._refuse(header)
            return
        task = self._tasks.get(header.task)
        if task is None:
            raise ProtocolError(f"task {header.task} was not defined")
        self._queue.put(Batch(task, header, body), header.id, header.count)

    def _refuse(self, header: Header) -> None:
        """Answer calls whose inputs do not fit into memory."""
        limit = self._limits.memory
        text = f"its input does not fit: a frame of {header.length} bytes, the limit is {limit}"
        failure = failures.failure("memory" if limit else "error", text, type="MemoryError")
        body = failures.encode(failure, self._limits.max_frame)
        for call_id in range(header.id, header.id + header.count):
            self._outbox.post(frames.frame(frames.FAILURE, body, id=call_id, count=1))


def _task_of(body: Buffer) -> tuple[str, str]:
    """Return the name and the type of results."""
    try:
        fields = _decode_json(str(body, "utf-8"))
        name, out = fields["name"], str(fields.get("out", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"body of define: {error!r}") from None
    if not isinstance(name, str) or not name:
        raise ProtocolError("body of define: name is missing")
    return name, out
