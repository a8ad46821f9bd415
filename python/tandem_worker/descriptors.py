"""The descriptors of this program, out of the way of tasks.

Programs close descriptors 3 and up before they start others, or write to a
number that they think is theirs. The socket must not be what they hit.
"""

from __future__ import annotations

import errno
import os
from fcntl import F_DUPFD_CLOEXEC, fcntl

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

# Where descriptors go. Higher makes the table of the process larger (8 bytes for
# each); lower is nearer to what tasks open, and to what they close by range.
_HIGH = 1000


# What a socket says when its number was closed, or is that of something else.
_DAMAGE = (errno.EBADF, errno.ENOTSOCK, errno.ENOTCONN, errno.EDESTADDRREQ)

CLOSED = "a task closed the socket of its worker"


def is_damage(error: OSError) -> bool:
    """Report whether an error of the socket comes from a task, not from the parent's end."""
    return error.errno in _DAMAGE


def high_copy(fd: int) -> int:
    """Return a copy of ``fd`` with a high number, or any number when the system allows no high one."""
    try:
        return fcntl(fd, F_DUPFD_CLOEXEC, _HIGH)
    except OSError:
        return os.dup(fd)  # few descriptors are allowed


def out_of_reach(fd: int) -> int:
    """Move ``fd`` to a high number and return that."""
    moved = high_copy(fd)
    os.close(fd)
    return moved


def without_copies(make: Callable[[], T]) -> T:
    """Call ``make``, which maps a file once or twice, and return what it returns.

    Each mapping keeps a copy of the descriptor, which only resizing needs, under
    the lowest free number. Those get the null device instead. No other thread
    may run yet.
    """
    free = [os.dup(0), os.dup(0)]
    for fd in free:
        os.close(fd)
    made = make()
    for fd in free:
        if _is_open(fd):
            os.dup2(0, fd, False)
    return made


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
