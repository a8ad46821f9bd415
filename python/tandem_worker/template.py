"""The process that workers are forked from.

It loads what every worker needs, once, and then does nothing but fork when it is
asked to. It has one thread, because the locks that another one holds stay locked
in the child for ever. It never reaps a child by itself: until the engine asks
for that, the number of the child is the child's, and can be signaled.
"""

from __future__ import annotations

import _thread
import array
import gc
import io
import json
import os
import signal
import socket
import sys
import threading
import warnings
import weakref
from time import monotonic, sleep

from . import failures, frames
from .frames import HEADER_SIZE, ProtocolError

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import Any, NoReturn

_DESCRIPTORS = 4  # of a fork frame: socket, black box, standard output, standard error

_PR_SET_PDEATHSIG = 1
_MAX_BODY = 1 << 16  # of a request

# How long threads that are about to end may take, in seconds. Longer delays workers
# where threads stay; shorter takes threads that end for such.
_LINGER = 0.1

# How long the removal of what the imports made may take at the end, and a child
# that only ends, in seconds. Longer delays the end of the program; shorter leaves
# large folders behind.
_LAST_WORK = 1.0

# What libraries replace that make threads into something else.
_ORIGINALS = (
    (_thread, "allocate_lock", _thread.allocate_lock),
    (_thread, "start_new_thread", _thread.start_new_thread),
    (threading, "Thread", threading.Thread),
    (socket, "socket", socket.socket),
)


class Template:
    """Forks workers as ``connection`` asks. Nothing here may be called by two threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid = os.getpid()
        self._prctl: Any = None
        self._children: set[int] = set()  # not reaped
        self._collects = True  # what the imports left of the garbage collector
        self._on_child: Any = None  # and of the handler of SIGCHLD

    def settle(self) -> tuple[int, str]:
        """Make ready to be forked, after the imports.

        Returns how many threads there are, and why this process cannot be
        forked, empty when it can.
        """
        unfit = self._find_prctl() or _find_patches()
        # A handler of the imports, or SIG_IGN, would take the exit statuses away.
        self._on_child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._collects = gc.isenabled()
        gc.disable()
        gc.collect()
        _flush_files()
        gc.freeze()  # the collector would write to what is shared
        try:
            threads = _count_threads()
            if threads > 1:
                _fork_once()
                threads = _count_threads()
            return threads, unfit
        except OSError as error:
            return 0, unfit or f"the threads of the template cannot be counted: {error}"

    def _find_prctl(self) -> str:
        """Find what ties the life of a worker to that of the template."""
        try:
            import ctypes

            libc = ctypes.CDLL(None)
            libc.fflush(None)  # or each worker would write what C code has printed during the imports
            self._prctl = libc.prctl
        except (ImportError, OSError, AttributeError) as error:
            return f"the interpreter has no ctypes to call prctl with: {error}"
        return ""

    def serve(self) -> tuple[int, int, str]:
        """Do what the engine asks. Ends the process with the stream.

        Returns in each worker that is forked, with its socket, its black box and
        its nonce.
        """
        self._connection.settimeout(None)  # imports may have set a default
        if self._prctl is not None:
            self._prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)  # the stream tells it too, and leaves time for _end
        while True:
            header, body, received = self._request()
            if header.type == frames.FORK:
                nonce = _nonce(body)
                if len(received) != _DESCRIPTORS:
                    raise ProtocolError(f"fork comes with {len(received)} descriptors, want {_DESCRIPTORS}")
                if self._fork(header.id, received):
                    connection, box = self._become_worker(received)
                    return connection, box, nonce
                continue
            for fd in received:
                os.close(fd)
            if header.type == frames.REAP:
                answer = _reap(header.id)
                if "status" in answer:
                    self._children.discard(header.id)
                self._answer(frames.REAPED, header.id, answer)

    def _request(self) -> tuple[frames.Header, bytes, list[int]]:
        received: list[int] = []
        header = frames.parse_header(self._receive(HEADER_SIZE, received), 0, _MAX_BODY)
        return header, self._receive(header.length, received), received

    def _receive(self, count: int, received: list[int]) -> bytes:
        """Return exactly ``count`` bytes. The descriptors that come with them go to ``received``."""
        parts = []
        room = socket.CMSG_SPACE(16 * array.array("i").itemsize)
        while count:
            try:
                part, ancillary, _, _ = self._connection.recvmsg(count, room, socket.MSG_CMSG_CLOEXEC)
            except OSError:  # a parent that died with bytes unread resets the connection
                self._end(1)
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds = array.array("i")
                    fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
                    received.extend(fds)
            if not part:
                self._end(0)  # the engine needs no more workers
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _answer(self, kind: int, request: int, body: dict[str, Any]) -> None:
        try:
            self._connection.sendall(frames.frame(kind, json.dumps(body).encode(), id=request))
        except OSError:
            self._end(1)  # nobody is left to tell

    def _end(self, status: int) -> NoReturn:
        """End with all workers that are left and what they have started.

        Temporary folders of the imports go last. Other functions that the imports
        left to atexit are the workers'.
        """
        for pid in self._children:
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass  # all of it has ended
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _LAST_WORK)
        for finalizer in _finalizers():
            try:
                finalizer()
            except BaseException:
                pass  # nobody is left to tell
        os._exit(status)

    def _fork(self, request: int, received: list[int]) -> bool:
        """Fork a worker and say so. Returns True in the worker."""
        try:
            pid = os.fork()
        except OSError as error:
            self._close(received)
            self._answer(frames.FORKED, request, failures.failure("start", str(error), type=type(error).__name__))
            return False
        if pid == 0:
            return True
        self._children.add(pid)
        try:
            os.setpgid(pid, pid)  # here too: the group is there before anyone can want to signal it
        except OSError:
            pass  # it has ended
        self._close(received)
        self._answer(frames.FORKED, request, {"pid": pid})
        return False

    @staticmethod
    def _close(fds: list[int]) -> None:
        for fd in fds:
            os.close(fd)

    def _become_worker(self, received: list[int]) -> tuple[int, int]:
        """Leave everything of the template behind. Returns socket and black box."""
        os.setpgid(0, 0)
        if self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) or os.getppid() != self._pid:
            os._exit(1)  # the template ended before the system was told
        self._connection.close()
        connection, box, stdout, stderr = received
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        self._close([stdout, stderr])
        for finalizer in _finalizers():
            finalizer.atexit = False  # what the imports made belongs to all workers
        if self._on_child is not None:  # None: it was not set from Python
            signal.signal(signal.SIGCHLD, self._on_child)
        if self._collects:
            gc.enable()  # what was frozen stays so
        _reseed()
        return connection, box


def read_frame(fd: int, kind: int, limit: int) -> bytes:
    """Return the body of the next frame, which must be of ``kind``. The end of the stream ends the process.

    Raises :class:`ProtocolError`.
    """
    header = frames.parse_header(_read(fd, HEADER_SIZE), 0, limit)
    if header.type != kind:
        raise ProtocolError(f"frame is of type {header.type}, want {kind}")
    return _read(fd, header.length)


def _read(fd: int, count: int) -> bytes:
    parts = []
    while count:
        try:
            part = os.read(fd, count)
        except OSError:
            part = b""
        if not part:
            os._exit(1)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _count_threads() -> int:
    """Return how many threads this process has.

    One that has returned is there a moment longer: that of faulthandler, or of an
    import. Nothing tells when it has gone, so this looks again for a while.
    """
    end = monotonic() + _LINGER
    while True:
        threads = len(os.listdir("/proc/self/task"))
        if threads == 1 or monotonic() > end:
            return threads
        sleep(_LINGER / 50)


def _fork_once() -> None:
    """Fork a child that ends at once.

    Libraries that can be forked, such as OpenBLAS, end their threads before that
    and start others when they need them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fork with threads: this child does nothing
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    end = monotonic() + _LAST_WORK
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if monotonic() > end:  # what the imports left for forks does not return
            os.kill(pid, signal.SIGKILL)
        sleep(_LINGER / 50)


def _find_patches() -> str:
    for module, name, original in _ORIGINALS:
        if getattr(module, name, None) is not original:
            return f"an import has replaced {module.__name__}.{name}"
    return ""


def _flush_files() -> None:
    """Write what waits in files that the imports have opened, or each worker would write it again."""
    for found in gc.get_objects():
        if issubclass(type(found), (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
            try:
                found.flush()
            except Exception:
                pass  # closed, or full


def _finalizers() -> list[Any]:
    """Return what is to run at the end for objects that live until then, such as temporary folders."""
    return [finalizer for finalizer in list(getattr(weakref.finalize, "_registry", ())) if finalizer.atexit]


def _nonce(body: bytes) -> str:
    try:
        return str(json.loads(body)["nonce"])
    except (ValueError, LookupError, TypeError) as error:
        raise ProtocolError(f"body of fork: {error!r}") from None


def _reap(pid: int) -> dict[str, Any]:
    """Reap a child that has ended, and return how."""
    try:
        found, status, usage = os.wait4(pid, os.WNOHANG)
    except (OSError, OverflowError) as error:
        return failures.failure("error", f"process {pid}: {error}")
    if not found:
        return failures.failure("error", f"process {pid} has not ended")
    return {
        "status": status,
        "user_ns": int(usage.ru_utime * 1e9),
        "system_ns": int(usage.ru_stime * 1e9),
        "max_rss": usage.ru_maxrss << 10,  # Linux counts in KiB
    }


def _reseed() -> None:
    """Give this worker random numbers of its own. The module random does that by itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        try:
            numpy_random.seed()  # type: ignore[attr-defined]
        except Exception:
            pass  # something else of that name
