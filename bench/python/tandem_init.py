"""Workload 3 as a user of tandem writes it: the model is loaded with the module."""

import os

import workloads
from work import opened

model = workloads.load_model(os.environ["BENCH_INPUTS"])


def predict(data):
    data, closed = opened(data)
    result = workloads.predict(model, int.from_bytes(data, "little"))
    return closed(result.tobytes())
