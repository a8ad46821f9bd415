"""Workload 2 as a user of tandem writes it."""

import workloads
from pooled import count_one  # noqa: F401, the way without state

counts = {}


def add(document):
    workloads.count(counts, document)


def report(_):
    """Return this worker's part and forget it."""
    part = workloads.report(counts)
    counts.clear()
    return part
