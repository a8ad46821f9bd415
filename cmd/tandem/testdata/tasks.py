"""Tasks for the tests of the command."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time


def echo(value):
    return value


def double(n):
    return 2 * n


def fail(value):
    raise ValueError(f"bad width {value}")


def trouble(n):
    """What can go wrong, one input each; anything else is squared."""
    if n == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    if n == 20:
        time.sleep(60)
    if n == 30:
        raise ValueError("bad width")
    if n == 40:
        print("garbage", end="")
        sys.stdout.flush()
        os.write(1, b"\x74\x01\x05 more garbage\n")
    return n * n


def unencodable(value):
    return {value} if value == 2 else value


def announce(fifo):
    """Say that the call runs, then wait until someone writes to the fifo."""
    print("started", flush=True)
    with open(fifo) as file:
        return file.read()


def tell_process(fifo):
    """Say which process the call runs in, then wait as announce does."""
    with open(fifo + ".pid", "w") as file:
        print(os.getpid(), file=file)
    with open(fifo) as file:
        return file.read()


def overstay(value):
    """Say that the call runs, then stay, with a child, whatever is asked."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        time.sleep(600)
    print("started", flush=True)
    time.sleep(600)


def announce_with_child(fifo):
    """As announce, with a child of the task's own at work meanwhile."""
    child = subprocess.Popen(["sleep", "600"])
    try:
        return announce(fifo)
    finally:
        child.kill()
        child.wait()


def overstay_in_thread(value):
    """Stay although SIGTERM is blocked, in a thread that cannot set handlers, with a thread that never ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    threading.Thread(target=time.sleep, args=(600,)).start()
    print("started", flush=True)
    time.sleep(600)


def hold_lock(value):
    """Stay in C code that keeps the interpreter lock."""
    print("started", flush=True)
    ctypes.PyDLL(None).sleep(600)


def segfault(value):
    ctypes.string_at(0)


def chatter(n):
    print(f"out {n}")
    print(f"err {n}", file=sys.stderr)
    return n


def flaky(path):
    """Fail the first time, by the file that it leaves."""
    if not os.path.exists(path):
        open(path, "w").close()
        raise RuntimeError("the first time")
    return "done"


def pid(_):
    return os.getpid()


class Shape:
    @staticmethod
    def area(side):
        return side * side


_initialized = 0


def initialize():
    global _initialized
    _initialized += 1


def initialize_badly():
    raise ValueError("no model")


def is_initialized(_):
    return _initialized


def area(width, height):
    return width * height


def greet(name, age=0):
    return f"{name} is {age}"


def count_up(n):
    yield from range(n)


def members(**columns):
    return columns
