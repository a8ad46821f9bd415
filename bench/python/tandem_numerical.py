"""Workload 1 as a user of tandem writes it: what all calls share is a global of the module."""

import numpy
import scipy.signal  # noqa: F401, with the module and not with the first call
import workloads
from work import opened

image = workloads.make_image()


def convolve(data):
    data, closed = opened(data)
    result = workloads.convolve(image, numpy.frombuffer(data).reshape(4, 4))
    return closed(result.tobytes())
