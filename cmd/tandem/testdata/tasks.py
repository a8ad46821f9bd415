"""Tasks for the tests of the command."""

import os
import signal
import sys
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


def overstay(value):
    """Say that the call runs, then stay, with a child, whatever is asked."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        time.sleep(600)
    print("started", flush=True)
    time.sleep(600)


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
