"""Large values in memory that the engine and this worker share.

The file of the black box has two arenas behind its buffer. The engine writes
inputs into the *inbound* one and frees them; this worker writes results into
the *outbound* one and frees them when the engine says that it has them.

A task may hold on to its input. Every call whose input is in the arena has a
mapping of its own, and the interpreter counts what refers to it. When that is
not nothing after the call, its memory is *kept*: the engine is told, and told
again when it is free. Mappings go back into a pool, because the pages of a new
one cost more than copying them: reading 10 MB through a new mapping took 2.7 ms,
copying them from one that was in use 1.1 ms (Python 3.11, two cores of an AMD
EPYC, Linux 6.18, November 2026).
"""

from __future__ import annotations

import _thread
import bisect
import mmap
import os

from . import descriptors, frames
from .frames import ProtocolError

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable

    from .frames import Buffer
    from .outbox import BlackBox

# How much memory of the outbound arena stays touched when nothing in it is in
# use. More holds memory that may not be needed again; less makes larger
# results pay for fresh pages each time.
_KEEP_TOUCHED = 64 << 20


def open_arenas(box: BlackBox, fd: int) -> Arenas | None:
    """Return the arenas of ``box`` whose file is ``fd``, or None when there are none. Takes ``fd`` over."""
    arenas = None
    if box.inbound and box.outbound:
        try:
            arenas = Arenas(fd, box.arena_start, box.inbound, box.outbound)
        except (OSError, ValueError):  # no address space is left: everything goes through the socket
            pass
    if arenas is None:
        os.close(fd)
    return arenas


class Arenas:
    """Both arenas of this worker. All methods may be called from any thread."""

    def __init__(self, fd: int, start: int, inbound: int, outbound: int) -> None:
        self.outbound: Outbound | None = Outbound(fd, start + inbound, outbound)  # None in a forked child
        self.inbound = Inbound(_read_only(fd), start, inbound)

    def close_in_child(self) -> None:
        """Forget the file, and where results go, in a forked child: that memory is its parent's."""
        self.outbound = None
        self.inbound.close_file()


def _read_only(fd: int) -> int:
    """Replace ``fd`` by a descriptor of the same file that cannot write.

    Mappings that are made later leave copies under low numbers, where tasks may
    write by mistake.
    """
    try:
        low = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return fd
    os.close(fd)
    return descriptors.out_of_reach(low)


class Inbound:
    """Where inputs are."""

    def __init__(self, fd: int, start: int, size: int) -> None:
        self._fd = fd
        self._start = start
        self._size = size
        self._memory = self._new_map()  # for copies
        self._pool: list[mmap.mmap] = []
        # Calls whose input is still referred to, with its mapping.
        self._kept: list[tuple[int, mmap.mmap]] = []

    def close_file(self) -> None:
        os.close(self._fd)

    def _new_map(self) -> mmap.mmap:
        return mmap.mmap(self._fd, self._size, mmap.MAP_SHARED, mmap.PROT_READ, offset=self._start)

    def check(self, offset: int, length: int) -> None:
        """Raise :class:`ProtocolError` unless there is such a range."""
        if length > self._size or offset > self._size - length:
            raise ProtocolError(f"buffer at {offset} with {length} bytes, the arena has {self._size}")

    def copy(self, offset: int, length: int) -> bytes:
        """Return a copy of a range that was checked."""
        return self._memory[offset : offset + length]

    def borrow(self) -> mmap.mmap:
        """Return a mapping of the arena that nobody else uses. Raises OSError and ValueError."""
        try:
            return self._pool.pop()
        except IndexError:
            return self._new_map()

    def give_back(self, mapping: mmap.mmap) -> bool:
        """Take a borrowed mapping back after its call, and return False when something refers to it.

        The caller then says ``keep`` to the engine, answers the call, and calls :meth:`keep`.
        """
        if _is_referred_to(mapping):
            return False
        self._pool.append(mapping)
        return True

    def keep(self, mapping: mmap.mmap, call_id: int) -> None:
        """Note a mapping that could not be given back, once the answer to its call is in the outbox."""
        self._kept.append((call_id, mapping))

    def take_free(self) -> list[int]:
        """Return the calls whose input nothing refers to any more. The caller tells the engine."""
        if not self._kept:
            return []
        free = []
        for _ in range(len(self._kept)):
            try:
                entry = self._kept.pop(0)
            except IndexError:  # another thread looks too
                break
            if _is_referred_to(entry[1]):
                self._kept.append(entry)
            else:
                self._pool.append(entry[1])
                free.append(entry[0])
        return free


def _is_referred_to(mapping: mmap.mmap) -> bool:
    """Report whether a buffer of ``mapping`` is in use.

    There is no question for that. Resizing is refused with BufferError when one
    is, and otherwise with another error, because the mapping is read-only.
    """
    try:
        mapping.resize(len(mapping))
    except BufferError:
        return True
    except (TypeError, ValueError, SystemError, OSError):
        return False
    return False


class Outbound:
    """Where results are, until the engine has them."""

    def __init__(self, fd: int, start: int, size: int) -> None:
        self._memory = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=start)
        self._lock = _thread.allocate_lock()
        self._ranges = Ranges(size, mmap.PAGESIZE)  # guarded by _lock, as _calls
        self._calls: dict[int, list[int]] = {}  # offsets by call

    def put(self, call_id: int, length: int, fill: Callable[[memoryview], None]) -> int | None:
        """Take ``length`` bytes for the result of a call and have ``fill`` write them.

        Returns the offset, or None when there is no room. Raises what ``fill`` raises; nothing is taken then.
        """
        with self._lock:
            offset = self._ranges.take(length)
            if offset is None:
                return None
            self._calls.setdefault(call_id, []).append(offset)
        try:
            with memoryview(self._memory) as whole, whole[offset : offset + length] as room:
                fill(room)
        except BaseException:
            self.release(call_id)
            raise
        return offset

    def release(self, call_id: int) -> None:
        """Free the memory of a call's result, if it has any."""
        with self._lock:
            for offset in self._calls.pop(call_id, ()):
                self._ranges.free(offset)
            idle = self._ranges.trim(_KEEP_TOUCHED)
            if idle is not None:
                self._give_back(*idle)

    def _give_back(self, start: int, length: int) -> None:
        """Return memory to the system; it reads as zeros from then on."""
        advice = getattr(mmap, "MADV_REMOVE", None)
        if advice is not None:
            try:
                self._memory.madvise(advice, start, length)
            except OSError:
                pass  # it stays, and is used again


class Ranges:
    """Which parts of ``size`` bytes are in use: whole pages, taken at the lowest place that has room."""

    def __init__(self, size: int, page: int) -> None:
        self._size = size
        self._page = page
        self._used: list[tuple[int, int]] = []  # begin and end, in order
        self._high = 0  # memory at or above was never taken, or was given back

    def take(self, length: int) -> int | None:
        """Return the offset of ``length`` bytes, at least 1, or None."""
        whole = -(-length // self._page) * self._page
        begin = 0
        for used in self._used:
            if used[0] - begin >= whole:
                break
            begin = used[1]
        if begin + whole > self._size:
            return None
        bisect.insort(self._used, (begin, begin + whole))
        self._high = max(self._high, begin + whole)
        return begin

    def free(self, offset: int) -> None:
        """Free what :meth:`take` returned."""
        del self._used[bisect.bisect_left(self._used, (offset, 0))]

    def trim(self, keep: int) -> tuple[int, int] | None:
        """Return the offset and length of what was taken above ``keep``, when nothing is in use."""
        if self._used or self._high <= keep:
            return None
        idle = (keep, self._high - keep)
        self._high = keep
        return idle


def part(outbound: Outbound | None, call_id: int, data: Buffer) -> tuple[int, int, Buffer]:
    """Return ``data`` as a buffer of a result: in the arena when it is large and there is room."""
    length = len(data)
    if outbound is not None and length >= frames.MOVE_ABOVE:

        def fill(room: memoryview) -> None:
            room[:] = data

        offset = outbound.put(call_id, length, fill)
        if offset is not None:
            return offset, length, b""
    return frames.IN_BODY, length, data
