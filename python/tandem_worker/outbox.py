"""The way out: frames and results into the black box, from there to the socket.

A call counts as answered once it is in the box, because the box survives this
process. So frames are sent in groups, and no crash costs more than the calls
that were running.

The box is a file that is mapped by both sides; docs/wire.md has its layout and
the order in which words are stored. Each word is stored by one 8-byte write
(a memoryview of format Q), never byte by byte: a kill cannot leave half of it.
"""

from __future__ import annotations

import _thread
import mmap
import os
import socket
from array import array
from collections import deque
from os import _exit, write  # as they are before tasks can change the module
from time import monotonic, sleep

from . import descriptors
from .frames import ProtocolError, run_header

_MAGIC = 0x31424254  # TBB1
_BUFFER = 4096  # offset of the buffer

# Indexes of 64-bit words.
_BASE = 1
COMMITTED = 2
_SIZE = 3
_INBOUND = 4
_OUTBOUND = 5
_SLOTS = 8

MAX_THREADS = 252

# How many bytes wait at most before they are sent. More makes fewer system
# calls; less gives the parent work earlier.
FLUSH_BYTES = 64 << 10

# How long an answer may wait for others, in seconds. Longer delays answers
# behind a slow call; shorter makes the flusher compete with that call.
FLUSH_DELAY = 0.001


class BlackBox:
    """The worker's side of the box behind descriptor ``fd``, which stays open.

    ``words`` are its 64-bit words, ``memory`` its bytes. Raises
    :class:`ProtocolError` when the file is not a fresh box, and OSError.
    """

    def __init__(self, fd: int) -> None:
        length = os.fstat(fd).st_size
        if length <= _BUFFER:
            raise ProtocolError(f"black box has {length} bytes")
        head = array("Q", os.pread(fd, 8 * _SLOTS, 0))
        self.size, self.inbound, self.outbound = head[_SIZE], head[_INBOUND], head[_OUTBOUND]
        end = _BUFFER + self.size
        self.arena_start = -(-end // mmap.PAGESIZE) * mmap.PAGESIZE
        if self.inbound or self.outbound:
            end = self.arena_start + self.inbound + self.outbound
        if end != length:
            raise ProtocolError(f"black box has {length} bytes, its header says {end}")
        self.memory = mmap.mmap(fd, _BUFFER + self.size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self.view = memoryview(self.memory)
        magic, self.threads = self.view[:8].cast("I")
        self.words = self.view[:_BUFFER].cast("Q")
        if magic != _MAGIC or not 1 <= self.threads <= MAX_THREADS:
            raise ProtocolError(f"black box is not valid: magic {magic:#x}, {self.threads} threads, {self.size} bytes")
        if self.words[_BASE] or self.words[COMMITTED]:
            raise ProtocolError("black box is not valid: it was used before")

    @staticmethod
    def slot(thread: int) -> int:
        """Return the index in ``words`` of the id that ``thread`` runs. The start time is the next word."""
        return _SLOTS + 2 * thread


class Outbox:
    """Frames and results on their way to the parent. All methods may be called from any thread.

    Once the socket fails the parent is gone, and the process exits.

    Results of short calls are the lines of a run (docs/wire.md), which stays open
    until something else is appended.

    ``_posting`` is taken before ``_sending``, and both before the token. The one
    thread that writes to the socket holds ``_sending``. Who has the token, the
    only element of ``token``, may change the box and the attributes below it; it
    is kept for a few steps only, never during I/O. A lock would do the same, and
    take longer than all of these steps.

    :class:`Runner` does by itself what :meth:`answer_line` does in the common case.
    """

    __slots__ = (
        "token", "committed", "limit", "next_id", "armed", "_socket", "_box", "_memory", "_words", "_size", "_enough",
        "_sending", "_base", "_sent", "_flushed", "_urgent", "_posting", "_bell", "_forked",
    )  # fmt: skip

    def __init__(self, connection: socket.socket, box: BlackBox) -> None:
        self._socket = connection
        self._box = box
        self._memory = box.memory  # its position is where the next byte goes
        self._words = box.words
        self._size = box.size
        self._enough = min(FLUSH_BYTES, box.size // 2)
        self._sending = _thread.allocate_lock()

        self.token: deque[None] = deque([None])
        self.committed = 0
        self.limit = box.size  # what committed may grow to; 0 while a thread makes room
        self.next_id = 0  # the call whose result the open run waits for; 0 when none is open
        self.armed = False  # the flusher knows that bytes wait
        self._base = 0
        self._sent = 0  # bytes of the buffer that the socket has taken
        self._memory.seek(_BUFFER)

        self._flushed = monotonic()  # when bytes were last sent; a hint, without the token
        self._urgent: deque[bytes] = deque()  # frames of the reader, which must not wait
        self._posting = _thread.allocate_lock()  # held from taking an urgent frame to its place in the box
        self._bell = _thread.allocate_lock()  # released: the flusher has something to do
        self._bell.acquire()
        self._forked = False  # this process is a copy of the worker

    def answer(self, frame: bytes) -> None:
        """Store ``frame`` so that it survives this process.

        It is sent when enough waits or the last bytes were sent long ago. Otherwise
        the caller sees to it: it flushes before it waits, and calls
        :meth:`entrust` before it does anything else that may take long. Blocks
        while the parent does not read and the box is full.
        """
        self._answer(frame, 0)

    def answer_line(self, call_id: int, line: bytes) -> None:
        """Store the result of a call: JSON text and a line feed. Otherwise like :meth:`answer`."""
        self._answer(line, call_id)

    def _answer(self, piece: bytes, line_of: int) -> None:
        if self._forked:
            _end_fork()
        waiting = self._append(piece, line_of)
        if waiting >= self._enough or monotonic() - self._flushed > FLUSH_DELAY:
            self.flush()

    def entrust(self) -> None:
        """Have the flusher send what waits, if nobody has done it within FLUSH_DELAY."""
        if self._pending() and not self.armed:
            self.armed = True
            self._ring()

    def post(self, frame: bytes) -> None:
        """Leave ``frame`` to the flusher. Never blocks, so the reader may use it.

        A frame that is lost here in a crash must say nothing that the parent
        would not conclude by itself.
        """
        self._urgent.append(frame)
        self._ring()

    def flush(self) -> None:
        """Send what waits. Returns at once when another thread does it already."""
        while self._pending() and self._sending.acquire(False):
            try:
                self._send_pending()
            finally:
                self._sending.release()
            # What was appended after the last look and before the release was
            # left to this thread: look again.

    def drain(self) -> None:
        """Send everything, also what other threads are about to send. Blocks while the parent does not read."""
        self._take_urgent()
        with self._sending:
            self._send_pending()

    def on_fork(self) -> None:
        """Tell this copy that it is in a forked child, where it must not answer calls.

        The child's thread may come back from its task; it is ended then.
        """
        self._forked = True
        self.next_id = 0  # so that the result of its task comes to answer_line
        self.token.clear()  # another thread may have had it
        self.token.append(None)

    def serve(self) -> None:
        """Send what others leave. Runs in the flusher thread and never returns."""
        while True:
            self._bell.acquire()
            while True:
                self._bell.acquire(True, FLUSH_DELAY if not self._urgent else 0)
                self._take_urgent()
                self.flush()
                self.take_token()  # who appends sees armed as it is now, or is seen below
                self.armed = False
                self._return_token()
                if not self._pending():
                    break
                self.armed = True

    def _take_urgent(self) -> None:
        with self._posting:
            while self._urgent:
                self._append(self._urgent.popleft(), 0)

    def take_token(self) -> None:
        """Take the token, for which it waits while another thread has it."""
        while True:
            try:
                self.token.pop()
                return
            except IndexError:
                sleep(0)  # it is on its way: who has it waits for nothing but the processor

    def _return_token(self) -> None:
        self.token.append(None)

    def _append(self, piece: bytes, line_of: int) -> int:
        """Put ``piece``, a frame or the line of a call, into the box. Returns how many bytes wait there."""
        self.take_token()
        try:
            waiting = self._put(piece, line_of)
        finally:
            self._return_token()
        return waiting if waiting >= 0 else self._append_full(piece, line_of)

    def _put(self, piece: bytes, line_of: int) -> int:
        """Append ``piece`` if there is room. Returns how many bytes wait, or -1. The caller has the token."""
        data = self._continued(piece, line_of)
        end = self.committed + len(data)
        if end > self.limit:
            return -1
        self._memory.write(data)
        self.committed = end
        self._words[COMMITTED] = end
        self.next_id = line_of + 1 if line_of else 0
        return end - self._base

    def _continued(self, piece: bytes, line_of: int) -> bytes:
        """Return ``piece`` with what must stand before it in the stream. The caller has the token."""
        if line_of and line_of == self.next_id:
            return piece
        if line_of:
            piece = run_header(line_of) + piece
        return b"\n" + piece if self.next_id else piece  # an empty line ends a run

    def _append_full(self, piece: bytes, line_of: int) -> int:
        """Make room by sending; what fits not even then goes straight to the socket."""
        with self._sending:
            self.take_token()
            self.limit = 0  # others who append wait for _sending
            self._return_token()
            self._send_pending()
            data = self._continued(piece, line_of)
            if len(data) > self._size:
                self._send_past(data)
            self.take_token()
            self.limit = self._base + self._size
            waiting = 0
            if len(data) <= self._size:
                waiting = self._put(piece, line_of)
            else:
                self.next_id = line_of + 1 if line_of else 0
            self._return_token()
            return waiting

    def _send_past(self, data: bytes) -> None:
        """Send what does not fit into the box, which is empty and stays so meanwhile."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._write(rest) :]
        self.committed += len(data)
        self._base = self.committed
        self._words[COMMITTED] = self.committed  # first: base is never ahead of it
        self._words[_BASE] = self._base

    def _send_pending(self) -> None:
        """Send until nothing waits. The caller holds ``_sending``; others may append meanwhile."""
        while True:
            self.take_token()
            chunk = self._box.view[_BUFFER + self._sent : _BUFFER + self.committed - self._base]
            self._return_token()
            if not chunk:
                return
            sent = self._write(chunk)
            self.take_token()
            self._mark_sent(sent)
            self._return_token()
            self._flushed = monotonic()

    def _pending(self) -> bool:
        # Without the token: what the caller appended is in the first of the two
        # numbers, and when the second has reached that, it was sent.
        return self.committed != self._base

    def _mark_sent(self, size: int) -> None:
        """Count ``size`` bytes as sent; the room is free again when all are. The caller has the token."""
        self._sent += size
        if self._base + self._sent == self.committed:
            self._base = self.committed
            self._sent = 0
            self._words[_BASE] = self._base
            self._memory.seek(_BUFFER)
            if self.limit:
                self.limit = self._base + self._size

    def _write(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except OSError as error:
            if descriptors.is_damage(error):
                _say(descriptors.CLOSED)
            _exit(1)  # or nobody is left to tell

    def _ring(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:
            pass  # it rings already


def _end_fork() -> None:
    _say("a forked child came back from its task: it must end with os._exit")
    _exit(1)


def _say(text: str) -> None:
    try:
        write(2, f"tandem worker: {text}\n".encode())
    except OSError:  # a task may have closed it
        pass
