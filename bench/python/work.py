"""The functions that all contenders run: the same objects for peers, the same file for tandem."""

import base64
import json
import os
import sys
import time
import zlib


def increment(n):
    return n + 1


def increment_line(line):
    """The whole path of one line: JSON in, JSON out."""
    return json.dumps(increment(json.loads(line)))


def getpid(_):
    return os.getpid()


def hold(nanoseconds):
    """Say that it runs, then do nothing until it is killed."""
    print("holding", flush=True)
    time.sleep(nanoseconds / 1e9)
    return False


def digest(data):
    """Return the length of some bytes and a checksum of a few of them: an answer that proves they are there."""
    data, _ = opened(data)
    return _digest(data)


def digest_view(data: memoryview):
    """:func:`digest` of what need not be a copy."""
    data, _ = opened(data)
    return _digest(data)


def digest_array(array):
    """:func:`digest` of the bytes of an array of numbers."""
    return _digest(memoryview(array).cast("B"))


def echo(data):
    data, closed = opened(data)
    return closed(data)


def echo_array(array):
    return array


def opened(data):
    """Return bytes, and what gives an answer the form in which they came.

    Bytes that come as text are base64: so they cross as JSON.
    """
    if isinstance(data, str):
        return base64.b64decode(data), _as_text
    return data, _as_it_is


def meet(place):
    """Return the number of this process when as many processes as wanted are inside this function.

    ``place`` is ``[folder, how many, seconds]``; the folder is for this meeting alone. It makes every worker of a
    pool start and take part.
    """
    folder, wanted, seconds = place
    deadline = time.monotonic() + seconds
    with open(os.path.join(folder, str(os.getpid())), "w"):
        pass
    while len(os.listdir(folder)) < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(os.listdir(folder))} workers after {seconds} s: want {wanted}")
        time.sleep(0.005)
    return os.getpid()


def _digest(data):
    part = bytes(data[:16]) + bytes(data[-16:])
    return [len(data), zlib.crc32(part)]


def _as_text(data):
    return base64.b64encode(data).decode()


def _as_it_is(data):
    return data


if __name__ == "__main__":  # the plain loop as a program: lines in, lines out
    flush = "--flush" in sys.argv
    for text in sys.stdin:
        print(increment_line(text), flush=flush)
