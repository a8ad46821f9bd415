"""The way out: frames into the black box, from there to the socket.

A frame counts as answered once it is in the box, because the box survives this
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
from time import monotonic

from .frames import ProtocolError

_MAGIC = 0x31424254  # TBB1
_BUFFER = 4096  # offset of the buffer

# Indexes of 64-bit words.
_BASE = 1
_COMMITTED = 2
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
        if self.words[_BASE] or self.words[_COMMITTED]:
            raise ProtocolError("black box is not valid: it was used before")

    @staticmethod
    def slot(thread: int) -> int:
        """Return the index in ``words`` of the id that ``thread`` runs. The start time is the next word."""
        return _SLOTS + 2 * thread


class Outbox:
    """Frames on their way to the parent. All methods may be called from any thread.

    Once the socket fails the parent is gone, and the process exits.

    Locks are taken in this order: ``_posting``, ``_sending``, ``_lock``. The
    one thread that writes to the socket holds ``_sending``. ``_lock`` guards the
    positions and the buffer, and is held during a write only when there is no
    room for a frame.
    """

    __slots__ = (
        "_socket", "_box", "_memory", "_words", "_size", "_enough", "_sending", "_lock", "_base", "_committed",
        "_sent", "_flushed", "_urgent", "_posting", "_bell", "_armed", "_forked",
    )  # fmt: skip

    def __init__(self, connection: socket.socket, box: BlackBox) -> None:
        self._socket = connection
        self._box = box
        self._memory = box.memory
        self._words = box.words
        self._size = box.size
        self._enough = min(FLUSH_BYTES, box.size // 2)
        self._sending = _thread.allocate_lock()
        self._lock = _thread.allocate_lock()
        self._base = 0  # guarded by _lock, as the next two
        self._committed = 0
        self._sent = 0  # bytes of the buffer that the socket has taken
        self._flushed = monotonic()  # when bytes were last sent; a hint, without a lock
        self._urgent: deque[bytes] = deque()  # frames of the reader, which must not wait
        self._posting = _thread.allocate_lock()  # held from taking an urgent frame to its place in the box
        self._bell = _thread.allocate_lock()  # released: the flusher has something to do
        self._bell.acquire()
        self._armed = False  # the flusher knows that bytes wait; a hint, written by both sides
        self._forked = False  # this process is a copy of the worker

    def answer(self, frame: bytes, more: bool) -> None:
        """Store ``frame`` so that it survives this process, and send it in time.

        ``more`` says that this thread has other calls to run now. Without it,
        the caller flushes before it waits. Blocks while the parent does not
        read and the box is full.
        """
        if self._forked:
            _end_fork()
        waiting = self._append(frame)
        if waiting >= self._enough or monotonic() - self._flushed > FLUSH_DELAY:
            self.flush()
        elif more and not self._armed:
            self._armed = True
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

    def serve(self) -> None:
        """Send what others leave. Runs in the flusher thread and never returns."""
        while True:
            self._bell.acquire()
            while True:
                self._bell.acquire(True, FLUSH_DELAY if not self._urgent else 0)
                self._take_urgent()
                self.flush()
                self._armed = False
                if not self._pending():
                    break
                self._armed = True

    def _take_urgent(self) -> None:
        with self._posting:
            while self._urgent:
                self._append(self._urgent.popleft())

    def _append(self, frame: bytes) -> int:
        """Put ``frame`` into the box and return how many bytes wait there."""
        size = len(frame)
        with self._lock:
            used = self._committed - self._base
            waiting = used + size
            if waiting <= self._size:
                self._memory[_BUFFER + used : _BUFFER + waiting] = frame
                self._committed += size
                self._words[_COMMITTED] = self._committed
                return waiting
        with self._sending, self._lock:
            return self._append_full(frame)

    def _append_full(self, frame: bytes) -> int:
        """Make room by sending; a frame that fits not even then goes straight to the socket."""
        while self._sent < self._committed - self._base:
            self._mark_sent(self._write(self._unsent()))
        size = len(frame)
        if size <= self._size:
            self._memory[_BUFFER : _BUFFER + size] = frame
            self._committed += size
            self._words[_COMMITTED] = self._committed
            return size
        rest = memoryview(frame)
        while rest:
            rest = rest[self._write(rest) :]
        self._committed += size
        self._base = self._committed
        self._words[_COMMITTED] = self._committed  # first: base is never ahead of it
        self._words[_BASE] = self._base
        return 0

    def _send_pending(self) -> None:
        """Send until nothing waits. The caller holds ``_sending``; others may append meanwhile."""
        while True:
            with self._lock:
                chunk = self._unsent()
            if not chunk:
                return
            sent = self._write(chunk)
            with self._lock:
                self._mark_sent(sent)
            self._flushed = monotonic()

    def _pending(self) -> bool:
        # Without the lock: what the caller appended is in the first of the two
        # numbers, and when the second has reached that, it was sent.
        return self._committed != self._base

    def _unsent(self) -> memoryview:
        """Return a view of the bytes that wait. The caller holds ``_lock``."""
        return self._box.view[_BUFFER + self._sent : _BUFFER + self._committed - self._base]

    def _mark_sent(self, size: int) -> None:
        """Count ``size`` bytes as sent; the room is free again when all are. The caller holds ``_lock``."""
        self._sent += size
        if self._base + self._sent == self._committed:
            self._base = self._committed
            self._sent = 0
            self._words[_BASE] = self._base

    def _write(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except OSError:
            os._exit(1)  # nobody is left to tell

    def _ring(self) -> None:
        try:
            self._bell.release()
        except RuntimeError:
            pass  # it rings already


def _end_fork() -> None:
    os.write(2, b"tandem worker: a forked child came back from its task: it must end with os._exit\n")
    os._exit(1)
