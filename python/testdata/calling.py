"""Functions of several parameters, for the tests of how functions are called."""

from __future__ import annotations

import functools


def area(width, height):
    return width * height


def describe(name, *, age=0, **more):
    return [name, age, more]


def one(value, /):
    return value


def any_number(*values):
    return list(values)


async def later(a, b=2):
    return [a, b]


def numbers(count):
    yield from range(count)


async def numbers_later(count):
    for n in range(count):
        yield n


def wants_bytes(a: bytes, b: memoryview):
    return len(a) + len(b)


def with_first(function):
    @functools.wraps(function)
    def call(*args):
        return function("first", *args)

    return call


@with_first
def decorated(first, second):
    return [first, second]


class Shape:
    def __init__(self, side):
        self.side = side

    def scale(self, by, times=1):
        return self.side * by * times

    @classmethod
    def of(cls, side):
        return side

    @staticmethod
    def double(side):
        return 2 * side

    def __call__(self, a, b):
        return [self.side, a, b]


shape = Shape(3)
partial = functools.partial(area, 2)
