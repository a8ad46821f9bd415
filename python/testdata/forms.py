"""Functions over raw bytes, arrays and pickles that the tests of package python run."""

from __future__ import annotations

import array
import decimal
import functools
import os
import pickle
import signal
import sys
import threading

held = []


def size(data: bytes):
    return len(data)


def size_of_view(data: memoryview):
    return len(data)


def type_of(data):
    return type(data).__name__


def type_of_view(data: memoryview) -> str:
    return f"{type(data).__name__} {data.readonly} {data.nbytes}"


class Views:
    def type_of(self, data: "memoryview"):
        return type(data).__name__

    def __call__(self, data: memoryview):
        return type(data).__name__


views = Views()
method = views.type_of
partial = functools.partial(lambda n, data: type(data).__name__, 1)


async def type_later(data: memoryview):
    return type(data).__name__


def copy(data: bytes):
    return data


def same_view(data: memoryview):
    return data


def part_of_view(data: memoryview):
    return data[1:-1]


def reversed_view(data: memoryview):
    return data[::-1]


def make(length):
    return bytes(i % 251 for i in range(251)) * (length // 251) + bytes(range(length % 251))


def text(_):
    return "text"


def checksum(data: memoryview):
    import zlib

    return zlib.crc32(data)


def hold(data: memoryview):
    held.append(data[1:])
    return len(held)


def hold_array(array):
    held.append(array)
    return len(held)


def held_array_sums(_):
    return [float(sum(array)) for array in held]


def fork_and_return(size):
    pid = os.fork()
    if pid == 0:
        return "c" * size  # the child comes back too
    os.waitpid(pid, 0)
    return "p" * size


def strange(what):
    class Strange(Exception):
        __class__ = property(lambda self: 1 / 0)

    if what == "error":
        raise Strange
    with memoryview(b"released") as view:
        return view


def hold_in_cycle(data: memoryview):
    cycle = [data]
    cycle.append(cycle)
    raise ValueError("held")


def held_sums(_):
    import zlib

    return [zlib.crc32(view) for view in held]


def limit_files(most):
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return True


def let_go(_):
    import gc

    held.clear()
    gc.collect()
    return len(held)


def let_go_and_sleep(seconds):
    import time

    held.clear()
    time.sleep(seconds)


def hold_and_die(data: memoryview):
    held.append(data)
    os.kill(os.getpid(), signal.SIGKILL)


def write(data: memoryview):
    data[0] = 1


def fail(data: memoryview):
    local = data[2:]
    raise ValueError(f"{len(local)} bytes")


def fork_and_read(data: memoryview):
    child = os.fork()
    if child == 0:
        os._exit(data[0])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# Arrays.


def describe(a):
    """Return what a task sees of an array, with or without NumPy."""
    if isinstance(a, memoryview):
        return ["memoryview", a.format, list(a.shape), a.tolist() if a.ndim else a[()], a.readonly]
    return ["ndarray", a.dtype.str, list(a.shape), a.tolist(), not a.flags.writeable]


def same(a):
    return a


def numbers(kind):
    return array.array(kind, [1, 2, 3])


def odd_array(name):
    if name == "list":
        return [1.0, 2.0]
    if name == "bytes":
        return b"12345678"
    if name == "big":
        import ctypes

        return (ctypes.c_double.__ctype_be__ * 3)(1.0, -2.5, 3.0)
    if name == "strided":
        return memoryview(array.array("d", range(6)))[::2]
    if name == "empty":
        return array.array("d")
    import numpy

    return {
        "fortran": lambda: numpy.asfortranarray([[1.0, 2, 3], [4, 5, 6]]),
        "big numpy": lambda: numpy.array([1.0, -2.5, 3.0], ">f8"),
        "float32": lambda: numpy.ones(3, "f4"),
        "object": lambda: numpy.array([1, "a"], object),
        "masked": lambda: numpy.ma.masked_array([1.0, 2.0], [True, False]),
        "sliced": lambda: numpy.arange(12.0).reshape(3, 4)[:, ::2],
        "scalar": lambda: numpy.float64(2.5),
        "zero": lambda: numpy.zeros((0, 3)),
        "large fortran": lambda: numpy.asfortranarray(numpy.arange(40000.0).reshape(200, 200)),
    }[name]()


# Pickles.


class Raises:
    def __reduce__(self):
        raise KeyError("no way")


def unpicklable(name):
    return {
        "lambda": lambda: {"a": [1, lambda: 2]},
        "lock": lambda: Holder(threading.Lock()),
        "raises": lambda: Raises(),
        "cycle": lambda: _deep(),
    }[name]()


def _deep():
    value = []
    for _ in range(10 * sys.getrecursionlimit()):
        value = [value]
    return value


class Holder:
    def __init__(self, value):
        self.value = value


def total(value):
    return sum(value)


def buffers_of(value):
    return [pickle.PickleBuffer(value), pickle.PickleBuffer(bytearray(b"abc"))]


def kinds(value):
    return [type(part).__name__ + (" " + str(memoryview(part).readonly)) for part in value]


# JSON.


def is_exact(value):
    return str(decimal.Decimal(value["n"])) if isinstance(value["n"], int) else repr(value["n"])


def number(text):
    return eval(text)  # the test's own text


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def echo(value):
    return value


def long_json(n):
    return ["x" * 100] * n


def make_or_die(n):
    if n % 20 == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return bytes([0, n]) * ((70000 + n) // 2) + b"x" * (n % 2)
