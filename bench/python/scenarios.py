"""What the driver can measure: one function for each request.

The pool of a driver is opened by ``open`` and used by those that measure a warm pool; the others open and end their
own.
"""

import importlib
import json
import os
import random
import signal
import tempfile
import time

import memory
import peers
import work

pool = None
processes = 0


def do_versions(_):
    """Tell what is installed."""
    import multiprocessing
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = [f"{platform.python_implementation()} {platform.python_version()}"]
    found.append(f"default start method {multiprocessing.get_start_method()}")
    for name in ("joblib", "loky", "pebble", "mpire", "numpy", "scipy"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return {"values": [], "remark": ", ".join(found)}


def do_open(peer, workers):
    global pool, processes
    pool, processes = peers.PEERS[peer](workers), workers
    return {"values": []}


def do_close(_):
    if pool is not None:
        pool.stop()
    return {"values": []}


def do_rate(peer, count):
    """Map the trivial function over ``count`` inputs; for the plain loop from text to text."""
    list(pool.map(work.increment, _few()))
    if peer == "loop":
        inputs, function, value = [str(n) for n in range(count)], work.increment_line, int
    else:
        inputs, function, value = range(count), work.increment, None
    start = time.perf_counter()
    outputs = list(pool.map(function, inputs))
    took = time.perf_counter() - start
    total = sum(map(value, outputs) if value else outputs)
    _check(total, count * (count + 1) // 2)
    return {"values": [count / took]}


def do_payload(_, size, count, kind, back):
    """Send ``count`` values of ``size`` bytes, one after the other, each with an answer: GB/s of one direction."""
    pool.together(work.increment, _few())
    block = random.Random(size).randbytes(size) if hasattr(random.Random, "randbytes") else os.urandom(size)
    values = [_payload(block, number, kind) for number in range(count)]
    suffix = "_array" if kind == "array" else ""
    function = getattr(work, ("echo" if back else "digest") + suffix)
    start = time.perf_counter()
    if isinstance(pool, peers.Joblib):  # one Parallel for each call is not how it is used
        answers = pool.map(function, values)
    else:
        answers = [pool.call(function, value) for value in values]
    took = time.perf_counter() - start
    digest = getattr(work, "digest" + suffix)
    for value, answered in zip(values, answers):
        _check(digest(answered) if back else answered, digest(value))
    return {"values": [size * count / took / 1e9]}


def do_latency(_, count):
    """One call after the other: median and 99th percentile of the round trip in microseconds."""
    pool.together(work.increment, _few())
    times = []
    for number in range(count):
        start = time.perf_counter()
        value = pool.call(work.increment, number)
        times.append(time.perf_counter() - start)
        _check(value, number + 1)
    times.sort()
    return {"values": [times[count // 2] * 1e6, times[min(count - 1, count * 99 // 100)] * 1e6]}


def do_cold(peer, workers, module):
    """From nothing to the first value, in a process that has its imports."""
    increment = importlib.import_module(module).increment
    start = time.perf_counter()
    fresh = peers.PEERS[peer](workers)
    value = fresh.call(increment, 1)
    took = time.perf_counter() - start
    _check(value, 2)
    fresh.stop()
    return {"values": [took * 1e3]}


def do_kill(peer, workers, module, deadline):
    """Kill an idle worker; milliseconds until a call has its value, with what its user has to do for that."""
    global pool
    functions = importlib.import_module(module)
    if pool is None:
        pool = peers.PEERS[peer](workers)
    victim = pool.call(functions.getpid, None)
    signal.signal(signal.SIGALRM, _hangs)
    lost = []
    start = time.perf_counter()
    os.kill(victim, signal.SIGKILL)
    signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        while not _serves(functions, lost):
            if time.perf_counter() - start > deadline:
                raise Hang("no answer after repeated failures")
            pool.abandon()
            pool = peers.PEERS[peer](workers)
        took = time.perf_counter() - start
    except Hang:
        pool = None  # its end would hang too: the bench program kills what is left
        return {"error": f"a call made after the kill has no answer within {deadline} s"}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    remark = "replaced by the pool"
    if lost:
        remark = f"call fails ({', '.join(sorted(set(lost)))}), pool made anew"
    return {"values": [took * 1e3], "remark": remark}


def do_memory(peer, workers, module):
    """Proportional set size in MB: of the workers, with their helpers, and with this program."""
    functions = importlib.import_module(module)
    fresh = peers.PEERS[peer](workers)
    with tempfile.TemporaryDirectory() as folder:
        members = set(fresh.together(functions.meet, [[folder, workers, 30]] * workers))
    _check(len(members), workers)
    sizes = {pid: memory.proportional(pid) for pid in memory.descendants(os.getpid())}
    inside = sum(size for pid, size in sizes.items() if pid in members)
    whole = sum(sizes.values())
    values = [inside, whole, whole + memory.proportional(os.getpid())]
    fresh.stop()
    return {"values": values}


def do_prepare(_, folder, quick):
    """Write the inputs of mpire's workloads, and the digests of their serial results."""
    import workloads

    workloads.prepare(folder, quick)
    return {"values": [], "remark": json.dumps(workloads.sizes(folder))}


def do_ready(_):
    """Import what mpire's workloads need, so that no measurement begins with reading files."""
    import scipy.signal  # noqa: F401

    import pooled  # noqa: F401

    return {"values": []}


def do_workload(way, name, folder, workers):
    """Run one workload, start and end of its pool included: seconds."""
    import pooled
    import workloads

    expected = workloads.expected(folder, name)
    start = time.perf_counter()
    if way == "serial":
        found = workloads.SERIAL[name](folder)
        took = time.perf_counter() - start
    else:
        results = pooled.WORKLOADS[name][way](folder, workers)
        took = time.perf_counter() - start
        found = pooled.FINISH[name](results)
        if way == "joblib":
            peers.Joblib(workers).stop()  # or the next measurement would find its workers
    _check(found, expected)
    return {"values": [took]}


class Hang(BaseException):
    """Not an Exception, so that no library takes it for one of its own."""


def _hangs(*_):
    raise Hang


def _serves(functions, lost):
    try:
        _check(pool.call(functions.increment, 1), 2)
        return True
    except Exception as error:
        lost.append(type(error).__name__)
        return False


def _few():
    """Return inputs that have every worker started: some pools end those that had nothing to do for a while.

    They go the way that is measured: mpire cannot change between map and apply.
    """
    return range(4 * processes)


def _payload(block, number, kind):
    """Return a new object of the size of ``block``, unlike the others."""
    data = number.to_bytes(8, "little") + block[8:]
    if kind == "bytes":
        return data
    import numpy

    return numpy.frombuffer(data, dtype=numpy.float64).copy()


def _check(got, want):
    if got != want:
        raise ValueError(f"got {str(got)[:80]}, want {str(want)[:80]}")
