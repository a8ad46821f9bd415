"""What a task can do to its worker, for faults_test.go.

``perform`` runs ordinary calls and faults alike, so that both can be elements
of one map: a number is doubled, a text names the fault.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import gc
import io
import json
import locale
import os
import signal
import socket
import subprocess
import sys
import threading
import time

LONG = 600  # seconds: longer than any test


def perform(request):
    if isinstance(request, int):
        return 2 * request
    return globals()[request]()


# The process ends.


def segfault():
    ctypes.string_at(0)


def abort():
    os.abort()


def exit_now():
    os._exit(3)


def exit_with_words():
    print("the last line of the task", file=sys.stderr)
    os._exit(4)


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


def terminate_self():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONG)


def alarm():
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # the default action ends the process
    time.sleep(LONG)


class Deep:
    """Nests calls of C code, where no frame of Python is counted."""

    def __getattr__(self, name):
        return max([name], key=lambda _: getattr(self, name))


def overflow_c_stack():
    sys.setrecursionlimit(10**9)
    return Deep().x


# The call does not end by itself.


def block_terminate():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    time.sleep(LONG)


def ignore_terminate():
    libc = ctypes.CDLL(None)
    libc.signal(signal.SIGTERM, 1)  # SIG_IGN, which signal.signal sets in the main thread only
    time.sleep(LONG)


def hold_lock():
    ctypes.PyDLL(None).sleep(LONG)  # C code that keeps the interpreter lock


def hold_lock_ignoring():
    ctypes.CDLL(None).signal(signal.SIGTERM, 1)
    ctypes.PyDLL(None).sleep(LONG)


def stop_self():
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(LONG)


def spin():
    while True:
        pass


def swallow_everything():
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(LONG)


# Memory.


def allocate_at_once():
    return len(bytearray(1 << 30))


def allocate_in_steps():
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def allocate_small_objects():
    kept = None
    while True:
        kept = [kept, {}]


def grow():
    """Grow without a limit that stops it, slowly enough to be noticed before it is much."""
    kept = []
    while len(kept) < 2000:
        kept.append(bytearray(os.urandom(1 << 20)))


kept_for_ever = []


def keep(megabytes):
    kept_for_ever.append(bytearray(b"x") * (megabytes << 20))
    return megabytes


def allocate_and_catch():
    kept = []
    try:
        while True:
            kept.append(bytearray(8 << 20))
    except MemoryError:
        return len(kept) > 0


def allocate_in_c():
    """Get no more memory from C, and use the null pointer as careless C code does."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    while True:
        ctypes.memset(libc.malloc(8 << 20), 1, 8 << 20)


def abort_for_memory():
    """End as a program of C++ does whose allocation fails."""
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def allocate_large_result():
    return "x" * (120 << 20)


# Recursion.


def recurse():
    return recurse()


# Other processes.


def fork_and_leave():
    if os.fork() == 0:
        time.sleep(LONG)
        os._exit(0)
    return "left"


def leave_with_pipes():
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG})"])
    return "left"


def leave_detached():
    """Start a process that leaves the group and the session, with the pipes open."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(LONG)
        os._exit(0)
    os.wait()
    return "left"


def fork_and_return():
    child = os.fork()
    if child == 0:
        return "the child's"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_and_raise():
    child = os.fork()
    if child == 0:
        raise ValueError("the child's")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_and_exit():
    child = os.fork()
    if child == 0:
        sys.exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# Descriptors.


def close_three():
    with contextlib.suppress(OSError):
        os.close(3)
    return "closed"


def close_range():
    os.closerange(3, 256)
    return "closed"


def close_all():
    os.closerange(3, 65536)
    return "closed"


def reuse_closed():
    """Close everything, then fill the numbers with files, as a daemon does."""
    os.closerange(3, 256)
    files = [open(os.devnull, "r+b", buffering=0) for _ in range(20)]
    for file in files:
        file.write(b"nonsense")
    return len(files)


def write_to_three():
    try:
        os.write(3, b"nonsense" * 10)
    except OSError as error:
        return type(error).__name__
    return "written"


def write_to_four():
    try:
        os.pwrite(4, b"nonsense" * 10, 0)
    except OSError as error:
        return type(error).__name__
    return "written"


def write_to_sockets():
    """Write nonsense to every socket of the process."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                os.write(int(name), b"nonsense" * 10)
    return "written"


def shut_sockets():
    """Close the connections of the process, as a library does that cleans up after a fork."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                socket.socket(fileno=os.dup(int(name))).shutdown(socket.SHUT_RDWR)
    return "shut"


def limit_descriptors():
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
    return "limited"


# Output.


def write_without_line_ends():
    for stream in (sys.stdout, sys.stderr):
        stream.write("x" * (5 << 20))
        stream.flush()
    return "written"


def write_binary():
    for fd in (1, 2):
        os.write(fd, bytes(range(256)) * 64)
    sys.stdout.buffer.write(b"\xff\x00\xfe\n")
    return "written"


def replace_stdout():
    sys.stdout = io.StringIO()
    return "replaced"


class Stubborn:
    """A stream that asks the program to exit when it is flushed."""

    def write(self, text):
        return len(text)

    def flush(self):
        sys.exit("not flushed")


def replace_stdout_badly():
    sys.stdout = sys.stderr = Stubborn()
    return "replaced"


def delete_stdout():
    del sys.stdout, sys.stderr
    return "deleted"


def close_stdout():
    sys.stdout.close()
    sys.stderr.close()
    return "closed"


def close_standard_descriptors():
    os.closerange(0, 3)
    return "closed"


def print_for_ever():
    def chatter():
        while True:
            print("chatter")

    threading.Thread(target=chatter, daemon=True).start()
    return "started"


# The state of the process and of the interpreter.


def change_surroundings():
    os.chdir("/")
    os.environ.clear()
    os.umask(0o777)
    locale.setlocale(locale.LC_ALL, "C")
    sys.path.clear()
    return "changed"


def change_signals():
    """Ignore what can be ignored. Only C reaches all signals from any thread."""
    libc = ctypes.CDLL(None)
    for number in range(1, 32):
        libc.signal(number, 1)
    return "changed"


def remove_directory():
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")
    return "removed"


def delete_modules():
    for name in ["json", "json.encoder", "json.decoder", "os", "socket", "threading", "traceback", "time"]:
        sys.modules.pop(name, None)
    return "deleted"


def clear_modules():
    sys.modules.clear()
    return "cleared"


def patch_modules():
    import traceback

    def wrong(*_, **__):
        raise SystemExit("patched")

    json.dumps = json.loads = json.JSONEncoder.encode = json.JSONDecoder.decode = wrong
    os.write = os._exit = os.getcwd = os.fstat = wrong
    time.monotonic = time.monotonic_ns = time.time = wrong
    traceback.format_exception = wrong
    threading.Event.is_set = threading.Lock = wrong
    builtins.print = builtins.open = wrong
    return "patched"


def fail_after_patching():
    patch_modules()
    raise ValueError("behind the patches")


def disable_collector():
    gc.disable()
    gc.freeze()
    return "disabled"


def trace_badly():
    def trace(*_):
        raise ValueError("tracing")

    sys.settrace(trace)
    return "traced"


def profile_badly():
    def profile(*_):
        raise ValueError("profiling")

    sys.setprofile(profile)
    return "profiled"


def low_recursion_limit():
    sys.setrecursionlimit(60)
    return "limited"


# Threads.


def leave_thread():
    threading.Thread(target=time.sleep, args=(LONG,), daemon=False).start()
    return "started"


def leave_failing_thread():
    threading.Thread(target=lambda: 1 / 0).start()
    return "started"


def exit_thread():
    import _thread

    _thread.exit()


# Exceptions.


def raise_system_exit():
    sys.exit(3)


def raise_interrupt():
    raise KeyboardInterrupt


def raise_generator_exit():
    raise GeneratorExit("early")


class Own(BaseException):
    pass


def raise_own():
    raise Own("own")


class Local(Exception):
    def __reduce__(self):
        raise TypeError("cannot be pickled")


def raise_unpicklable():
    error = Local("not to be pickled")
    error.lock = threading.Lock()
    error.function = lambda: None
    raise error


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def raise_mute():
    raise Mute


class Leaving(Exception):
    def __str__(self):
        sys.exit("no text")

    __repr__ = __str__


def raise_leaving():
    raise Leaving


class Text(str):
    def __len__(self):
        sys.exit("no length")

    def __getitem__(self, key):
        sys.exit("no item")

    def __iter__(self):
        sys.exit("no characters")


class Odd(Exception):
    def __str__(self):
        return Text("odd text")


def raise_odd_text():
    raise Odd


class Hidden(type):
    """A class that does not want to be looked at."""

    def __getattribute__(cls, name):
        sys.exit("not looked at")

    def __str__(cls):
        sys.exit("no text")

    __repr__ = __str__


def raise_hidden():
    raise Hidden("Masked", (Exception,), {"__module__": "elsewhere"})("masked")


def raise_module_number():
    raise type("Numbered", (Exception,), {"__module__": 7})("numbered")


def raise_long_name():
    raise type("N" * 1_000_000, (Exception,), {})("named")


class Twisted(Exception):
    @property
    def __cause__(self):
        sys.exit("no cause")

    @property
    def __context__(self):
        sys.exit("no context")

    @property
    def __suppress_context__(self):
        sys.exit("no flag")

    @property
    def __traceback__(self):
        sys.exit("no traceback")


def raise_twisted():
    raise Twisted("twisted")


def raise_large():
    raise ValueError("m" * (10 << 20))


def raise_lone_surrogate():
    raise ValueError("a\udc80\x00\n\u2028z")


def raise_group():
    raise ExceptionGroup("several", [ValueError("one"), KeyError("two"), ExceptionGroup("inner", [OSError("three")])])  # noqa: F821


def raise_cycle():
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def raise_chain():
    error = None
    for number in range(5000):
        following = ValueError(f"link {number}")
        following.__cause__ = error
        error = following
    raise error


# Results.


class Items(dict):
    def __init__(self, action):
        super().__init__(a=1)
        self.action = action

    def items(self):
        return self.action()


def result_raises():
    return Items(lambda: 1 / 0)


def result_exits():
    return [Items(lambda: sys.exit("not written"))]


def result_kills():
    return Items(kill_self)


def result_hangs():
    return Items(lambda: time.sleep(LONG))


class Pushy:
    """Something that JSON has no form for and that does not want to be looked at."""

    def __getattribute__(self, name):
        sys.exit("not looked at")


def result_is_pushy():
    return {"a": Pushy()}


def result_is_masked():
    return [Hidden("coroutine", (), {"close": lambda self: sys.exit("not closed")})()]


class coroutine:  # noqa: N801
    def close(self):
        sys.exit("not closed")


def result_is_false_coroutine():
    return coroutine()


# Ordinary tasks.


def pid(_):
    return os.getpid()
