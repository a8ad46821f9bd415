"""Functions that the tests of package python run."""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import datetime
import functools
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Broken(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Shapes:
    @staticmethod
    def area(side):
        return side * side


number = 7


def double(n):
    return 2 * n


def echo(value):
    return value


def kind_of(value):
    return type(value).__name__


def big(digits):
    return 10**digits + 1


def pickled(n):
    point = pickle.loads(pickle.dumps(Point(n, n + 1)))
    return dataclasses.asdict(point)


def surrogate(_):
    return {"text": "a\udc80é\n\u2028"}


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def cycle(_):
    value = {"a": [1]}
    value["a"].append(value)
    return value


class Odd:
    pass


BAD = {
    "set": lambda: {"x": [1, 2, {3}]},
    "bytes": lambda: [b"abc"],
    "datetime": lambda: datetime.datetime(2024, 1, 2),
    "nan": lambda: {"x": float("nan")},
    "infinity": lambda: [0.5, float("-inf")],
    "key": lambda: {"a": {(1, 2): 3}},
    "generator": lambda: (n for n in range(3)),
    "coroutine": lambda: returns_later(1),
    "object": lambda: {"a": Odd()},
    "point": lambda: Point(1, 2),
    "huge": lambda: {"n": 10**5000},
}


def bad(name):
    return BAD[name]()


async def returns_later(n):
    await asyncio.sleep(0)
    return n + 1


async def raises_later(text):
    await asyncio.sleep(0)
    raise KeyError(text)


partial_later = functools.partial(returns_later)


def fail(text):
    try:
        raise KeyError("w")
    except KeyError as error:
        raise ValueError(text) from error


def fail_in_context(text):
    try:
        {}["w"]
    except KeyError:
        raise Odd2(text)


class Odd2(Exception):
    pass


def fail_broken(_):
    raise Broken()


def leave(status):
    sys.exit(status)


def interrupt(_):
    raise KeyboardInterrupt


def recurse(n):
    return recurse(n + 1)


def eat(megabytes):
    return len(bytearray(megabytes << 20))


def size(value):
    return len(value)


def long_text(length):
    return "x" * length


def chatter(n):
    for i in range(n):
        print("line", i)
        print("problem", i, file=sys.stderr)
    print("no line end", end="")
    os.write(1, b"")
    return n


def close_standard_streams(_):
    sys.stdout.close()
    sys.stderr.close()
    return True


def read_stdin(_):
    return sys.stdin.read()


def surroundings(_):
    """Say what a task sees of its process."""
    import fcntl

    inheritable = []
    for fd in range(3, 64):
        try:
            if not fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                inheritable.append(fd)
        except OSError:
            pass
    child = subprocess.run(
        [sys.executable, "-c", "import os, signal; print('TANDEM_WORKER' in os.environ)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "gate": "TANDEM_WORKER" in os.environ,
        "child_gate": child.stdout.strip(),
        "inheritable": inheritable,
        "main_thread": threading.current_thread() is threading.main_thread(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "int_ignored": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "term_default": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "module": __name__,
        "folder_first": sys.path[0] == os.path.dirname(os.path.abspath(__file__)),
        "main": sys.modules["__main__"].__name__,
    }


def alarm(_):
    """Only the main thread may set signal handlers."""
    fired = []
    signal.signal(signal.SIGALRM, lambda *_: fired.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    return bool(fired)


# Gates: a FIFO that the test opens lets a call go on.


def wait_for(path):
    """Return what is written into the FIFO at path."""
    with open(path) as fifo:
        return fifo.read()


def note_and_wait(paths):
    """Say that the call runs, then wait until the second FIFO is written."""
    note(paths[0])
    return wait_for(paths[1])


def note(path):
    with open(path, "w") as fifo:
        fifo.write("running")
    return True


def kill_self(_):
    os.kill(os.getpid(), signal.SIGKILL)


def crash(_):
    ctypes.string_at(0)


def kill_at(pair):
    """Return n, unless it is the one to die at."""
    n, last = pair
    if n == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def hold_interpreter_lock(path):
    """Run C code that does not release the interpreter lock and never returns."""
    note(path)
    libc = ctypes.PyDLL(None)
    libc.pause()


def spin(path):
    note(path)
    while True:
        pass


def fork_and_return(_):
    """A child that comes back into the worker must not answer."""
    child = os.fork()
    if child == 0:
        return "child"
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_in_pool(n):
    import multiprocessing

    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        return pool.map(double, [n])


_barrier = threading.Barrier(4)


def meet(n):
    """Return once four calls run at the same time."""
    _barrier.wait(30)
    return n


if __name__ == "__main__":
    raise SystemExit("this must not run")


def record(n):
    return {"n": n, "double": [n, 2 * n], "name": "record"}


class Loud(str):
    def __str__(self):
        return "LOUD"


class Level(int):
    def __repr__(self):
        return "Level"


def exotic(name):
    """Return values whose form is not that of their type's own name."""
    return {
        "bool": True, "false": False, "none": None, "int": -12, "zero": -0.0, "float": 1e300, "tiny": 5e-324,
        "nan": float("nan"), "inf": float("-inf"), "huge": 10**5000, "str": "a\"\\\n\u2028é\U0001f600",
        "lone": "a\udc80", "loud": Loud("quiet"), "level": Level(7), "set": {1}, "bytes": b"x", "tuple": (1, (2,)),
        "long": "é" * 9000, "longer": "x" * 300_000, "empty": "", "dict": {"a": [1, {"b": None}], "c": 0.1},
    }[name]  # fmt: skip


def scribble(n):
    """Write into the worker's own socket, which a task has no business with."""
    if n == 300:
        for fd in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    os.write(fd, b"garbage\n")
            except OSError:
                pass
    return 2 * n
