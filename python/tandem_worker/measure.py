"""What an attempt took: when it began, how long, processor time, memory."""

from __future__ import annotations

import sys
from time import monotonic_ns, process_time_ns, thread_time_ns  # as they are before tasks can change the module

from . import frames

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable

# The unit of ru_maxrss in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024


class Meter:
    """Measures the calls of thread number ``thread``, to which it belongs, one after the other.

    Where that thread is the only one, a call's processor time is that of the process: so
    it has that of threads which libraries start. Else it is that of the thread.
    """

    __slots__ = ("_thread", "_cpu_now", "_peak", "_start", "_cpu")

    def __init__(self, thread: int, alone: bool) -> None:
        self._thread = thread
        self._cpu_now = process_time_ns if alone else thread_time_ns
        self._peak = _peak_reader()
        self._start = 0
        self._cpu = 0

    def begin(self) -> int:
        """Begin with a call. Returns the time, in nanoseconds of the monotonic clock."""
        self._cpu = self._cpu_now()
        self._start = monotonic_ns()
        return self._start

    def end(self, frame: bytes) -> bytes:
        """Return the frame that answers the call with what was measured."""
        wall = monotonic_ns() - self._start
        cpu = self._cpu_now() - self._cpu
        return frames.measured(frame, self._start, wall, max(0, cpu), self._peak(), self._thread)


def _peak_reader() -> Callable[[], int]:
    """Return what returns the largest resident set of this process so far in bytes, or 0 when the system does not say."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # an interpreter that was built without it
        return int

    def peak() -> int:
        return getrusage(RUSAGE_SELF).ru_maxrss * _UNIT

    return peak
