"""From the setup frame to serving."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys
import threading
from os import _exit
from time import monotonic

from . import descriptors, failures, frames, tasks
from .arena import open_arenas
from .calls import Queue
from .frames import HEADER_SIZE, ProtocolError
from .measure import Meter
from .outbox import MAX_THREADS, BlackBox, Outbox
from .reader import NO_MEMORY, Reader, die
from .runner import Limits, Runner, flush_output
from .template import Template, read_frame

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .arena import Arenas

# Stack of the reader and the flusher, which call nothing deep. It counts
# against the memory limit; the default is 8 MiB on most systems.
_HELPER_STACK = 1 << 20


class Gate:
    """What the environment variable TANDEM_WORKER said."""

    __slots__ = ("socket", "box", "nonce")

    def __init__(self, socket: int, box: int, nonce: str) -> None:
        self.socket = socket
        self.box = box
        self.nonce = nonce


class Setup:
    """The body of the setup frame, checked. Raises :class:`ProtocolError`."""

    def __init__(self, body: bytes) -> None:
        try:
            fields = json.loads(body)
            self.threads = int(fields["threads"])
            self.memory = int(fields["memory"])
            self.max_frame = int(fields["max_frame"])
            self.preload = [str(name) for name in fields["preload"]]
            options = fields["options"]
            self.environment = {str(k): str(v) for k, v in options.get("environment", {}).items()}
            self.is_template = options.get("role") == "template"
            self.initializer = str(options.get("initializer") or "")
            self.ready_by = int(fields.get("ready_by", 0)) / 1e9  # by the monotonic clock; 0 when not known
            self.measure = bool(fields.get("measure", False))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ProtocolError(f"body of setup: {error!r}") from None
        if not 1 <= self.threads <= MAX_THREADS:
            raise ProtocolError(f"body of setup: threads is {self.threads}, want 1 to {MAX_THREADS}")
        if self.max_frame < 1:
            raise ProtocolError("body of setup: max_frame is 0")


def main(gate: Gate, setup_frame: bytes) -> None:
    """Serve until the engine says stop, then return, so that the interpreter exits as usual.

    ``setup_frame`` is the first frame of the stream, whose header was checked.
    Exits the process when the worker cannot serve or the engine has gone. In a
    template this returns in every worker that is forked from it, never in the
    template itself.
    """
    try:
        setup = Setup(setup_frame[HEADER_SIZE:])
        _prepare_process(setup)
        loaded = setup.preload
        if setup.is_template:
            gate, setup = _be_template(gate, setup)
        _be_worker(gate, setup, loaded)
    except (ProtocolError, OSError) as error:
        die(str(error))


def _be_worker(gate: Gate, setup: Setup, loaded: list[str]) -> None:
    """Serve. ``loaded`` is what was named to be loaded, here or in the template."""
    file = descriptors.high_copy(gate.box)
    box = descriptors.without_copies(lambda: BlackBox(file))
    arenas = descriptors.without_copies(lambda: open_arenas(box, file))
    os.close(gate.box)  # now, so that the copies that mappings keep have not got its number
    connection = socket.socket(fileno=descriptors.out_of_reach(gate.socket))
    connection.settimeout(None)  # imports may have set a default
    if box.threads < setup.threads:
        raise ProtocolError(f"black box has {box.threads} threads, setup says {setup.threads}")
    memory = _limit_memory(setup.memory)
    limits = Limits(setup.max_frame, setup.memory)
    queue, outbox = Queue(), Outbox(connection, box)
    runners = [
        Runner(thread, queue, outbox, box, limits, arenas, _meter(setup, thread)) for thread in range(setup.threads)
    ]
    os.register_at_fork(after_in_child=lambda: _leave(connection, outbox, arenas))
    try:
        # First, so that the end of the engine is noticed during long imports.
        reader = Reader(connection, queue, outbox, limits, setup.threads, arenas)
        _start_helpers(outbox.serve, reader.run)
        _load(setup)
        _initialize(setup)
        threads = _start_runners(runners)
    except _CannotServe as error:
        outbox.answer(_fatal(error))
        outbox.drain()
        flush_output()
        _exit(1)
    details = {"signatures": _signatures(loaded)}
    outbox.answer(frames.frame(frames.HELLO, _hello(gate.nonce, memory, arenas is not None, details)))
    outbox.flush()
    if threads:
        for thread in threads:
            thread.join()
    else:
        _guarded(runners[0].run)()
    outbox.drain()


def _meter(setup: Setup, thread: int) -> Meter | None:
    if not setup.measure:
        return None
    return Meter(thread, setup.threads == 1)


def _be_template(gate: Gate, setup: Setup) -> tuple[Gate, Setup]:
    """Fork workers as long as the engine wants some. Returns in each of them, with what it was told."""
    connection = socket.socket(fileno=descriptors.out_of_reach(gate.socket))
    template = Template(connection)
    memory = _limit_memory(setup.memory)
    try:
        _load(setup)
    except _CannotServe as error:
        connection.sendall(_fatal(error))
        flush_output()
        _exit(1)
    threads, unfit = template.settle()
    flush_output()  # or each worker would write it again
    details = {"threads": threads, "unfit": unfit}
    connection.sendall(frames.frame(frames.HELLO, _hello(gate.nonce, memory, False, details)))
    gate = Gate(*template.serve())
    return gate, Setup(read_frame(gate.socket, frames.SETUP, 16 << 20))


class _CannotServe(Exception):
    def __init__(self, failure: dict[str, Any]) -> None:
        super().__init__(failure["message"])
        self.failure = failure


def _prepare_process(setup: Setup) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the engine
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.enable(all_threads=False)  # a crash in C code leaves the Python stack on stderr
    for name, value in setup.environment.items():
        os.environ.setdefault(name, value)  # read by libraries when they are loaded
    explicit = "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdout, sys.stderr):
        # One write for each line, so that lines of threads are not torn.
        stream.reconfigure(line_buffering=True, write_through=False)  # type: ignore[union-attr]
        if not explicit:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def _limit_memory(limit: int) -> str:
    """Limit the private writable memory of this process. Returns the mechanism, empty without a limit."""
    if not limit or not sys.platform.startswith("linux"):
        return ""  # elsewhere the limit does not count what malloc maps
    try:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (ImportError, OSError, ValueError):
        return ""
    return "rlimit"


def _start_helpers(flush: Callable[[], None], read: Callable[[], None]) -> None:
    """Start the two helper threads. They end with the process."""
    previous = threading.stack_size(_HELPER_STACK)
    try:
        for name, target in (("tandem flusher", flush), ("tandem reader", read)):
            threading.Thread(target=_guarded(target), name=name, daemon=True).start()
    except RuntimeError as error:
        raise _CannotServe(failures.failure("start", f"cannot start a thread: {error}", type="RuntimeError")) from None
    finally:
        threading.stack_size(previous)


def _guarded(target: Callable[[], None]) -> Callable[[], None]:
    """Return ``target`` so that an error of this program ends the process: nobody could go on correctly."""

    def run() -> None:
        returned = False
        try:
            target()
            returned = True
        except ProtocolError as error:
            die(f"the engine broke the protocol: {error}")
        except MemoryError:
            die(NO_MEMORY)
        except BaseException as error:
            die(f"the worker program failed:\n{_full_traceback(error)}")
        finally:
            if not returned:  # not even the text could be made
                _exit(1)

    return run


def _full_traceback(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def _load(setup: Setup) -> None:
    """Load what the setup names, also where the initializer is."""
    with _Watch(setup):
        for name in setup.preload:
            _preload("preload", name)
        if setup.initializer:
            _preload("initializer", setup.initializer)


def _preload(what: str, name: str) -> None:
    try:
        tasks.preload(name)
    except tasks.NoTask as error:
        failure = failures.failure("start", f"{what}: {error}", traceback=error.traceback)
        raise _CannotServe(failure) from None
    except MemoryError:
        text = f"{what}: {name} does not fit into the memory limit"
        raise _CannotServe(failures.failure("start", text, type="MemoryError")) from None


def _signatures(names: list[str]) -> dict[str, Any]:
    """Return what the functions take of those names that are tasks, where that is certain."""
    found = {}
    for name in names:
        try:
            signature = tasks.signature(name)
        except Exception:  # what a module holds may raise anything when looked at, also after it was loaded
            continue
        if signature is not None:
            found[name] = signature
    return found


def _initialize(setup: Setup) -> None:
    """Call the initializer. Whatever it raises, the worker cannot serve."""
    name = setup.initializer
    if not name:
        return
    try:
        with _Watch(setup):
            tasks.initialize(name)
    except BaseException as error:
        text = f"initializer: {name} raised {type(error).__name__}: {failures.message_of(error)}"
        if isinstance(error, SystemExit):
            text += ": it must return for the worker to serve"
        raise _CannotServe(failures.failure("start", text, traceback=failures.traceback_of(error))) from None


class _Watch:
    """While it is entered, writes the stacks to standard error shortly before the engine gives up.

    It works also while C code holds the interpreter lock.
    """

    def __init__(self, setup: Setup) -> None:
        self._seconds = (setup.ready_by - monotonic()) * 0.9 if setup.ready_by else 0

    def __enter__(self) -> None:
        if self._seconds > 0:
            previous = threading.stack_size(_HELPER_STACK)
            try:
                faulthandler.dump_traceback_later(self._seconds, file=2)
            except RuntimeError:
                pass  # no thread can be started: the helpers say so
            finally:
                threading.stack_size(previous)

    def __exit__(self, *_: object) -> None:
        faulthandler.cancel_dump_traceback_later()


def _fatal(error: _CannotServe) -> bytes:
    return frames.frame(frames.FATAL, failures.encode(error.failure, 1 << 20))


def _hello(nonce: str, memory: str, arenas: bool, details: dict[str, Any] | None = None) -> bytes:
    version = sys.version.split()[0]
    is_gil_enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    free_threaded = not is_gil_enabled()  # after the imports: an extension may have enabled it
    lock = " free-threaded" if free_threaded else ""
    implementation = sys.implementation.name
    body = {
        "nonce": nonce,
        "runtime": f"{'CPython' if implementation == 'cpython' else implementation} {version}{lock}",
        "pid": os.getpid(),
        "tasks": [],  # any name may be defined: functions are found when they are needed
        "memory": memory,
        "arenas": arenas,
        "details": {
            "implementation": implementation,
            "version": version,
            "free_threaded": free_threaded,
            "executable": sys.executable,
            **(details or {}),
        },
    }
    return json.dumps(body).encode()


def _start_runners(runners: list[Runner]) -> list[threading.Thread]:
    """Start the threads that run calls, before there can be any: their stacks count against the memory limit.

    Returns them, or none where the main thread is the only one.
    """
    if len(runners) == 1:
        return []
    threads = [
        threading.Thread(target=_guarded(runner.run), name=f"tandem {number}", daemon=True)
        for number, runner in enumerate(runners)
    ]
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError as error:
            text = f"{len(threads)} threads are wanted, only {number} could be started: {error}"
            advice = ": allow more memory, or fewer threads"
            raise _CannotServe(failures.failure("start", text + advice, type="RuntimeError")) from None
    return threads


def _leave(connection: socket.socket, outbox: Outbox, arenas: Arenas | None) -> None:
    """Make a forked child harmless: it must neither answer calls nor keep the socket open."""
    outbox.on_fork()
    connection.close()
    if arenas is not None:
        arenas.close_in_child()
