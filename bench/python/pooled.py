"""mpire's workloads on the pools of other libraries, each in the way that its documentation shows.

``WORKLOADS[workload][way]`` takes a folder and how many workers, and returns the results, which ``FINISH`` makes a
digest of when the clock has stopped. Starting and ending the pool is part of it.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import workloads
from workloads import TASKS

_state = None  # what an initializer keeps in its worker


def start(kind, workers, initializer=None, initargs=()):
    if kind == "pool":
        return multiprocessing.Pool(workers, initializer, initargs)
    return ProcessPoolExecutor(workers, initializer=initializer, initargs=initargs)


# 1: numerical


def set_image(image):
    global _state
    _state = image


def convolve_pair(pair):
    return workloads.convolve(*pair)


def convolve_kept(kernel):
    return workloads.convolve(_state, kernel)


def numerical(kind):
    def run(folder, workers):
        image = workloads.make_image()
        with start(kind, workers) as pool:
            return list(pool.map(convolve_pair, [(image, kernel) for kernel in workloads.filters(folder)]))

    return run


def numerical_initializer(kind):
    def run(folder, workers):
        image = workloads.make_image()
        with start(kind, workers, set_image, (image,)) as pool:
            return list(pool.map(convolve_kept, workloads.filters(folder)))

    return run


def numerical_joblib(folder, workers):
    from joblib import Parallel, delayed

    image = workloads.make_image()
    return Parallel(n_jobs=workers)(delayed(workloads.convolve)(image, kernel) for kernel in workloads.filters(folder))


def numerical_mpire(folder, workers):
    from mpire import WorkerPool

    image = workloads.make_image()
    with WorkerPool(n_jobs=workers, shared_objects=image) as pool:
        # One argument each: an array of arguments would be cut into its rows.
        return pool.map(workloads.convolve, [(kernel,) for kernel in workloads.filters(folder)], concatenate_numpy_output=False)


# 2: stateful


def count_one(document):
    """Return all counts of one document: a pool without a place for state sends its parts back."""
    counts = {}
    workloads.count(counts, document)
    return counts


def stateful(kind):
    def run(folder, workers):
        counts = {}
        with start(kind, workers) as pool:
            for part in pool.map(count_one, workloads.documents(folder)):
                workloads.merge(counts, part)
        return counts

    return run


def stateful_joblib(folder, workers):
    from joblib import Parallel, delayed

    counts = {}
    for part in Parallel(n_jobs=workers)(delayed(count_one)(document) for document in workloads.documents(folder)):
        workloads.merge(counts, part)
    return counts


def set_counts():
    global _state
    _state = {}


def count_kept(document):
    workloads.count(_state, document)


def report_kept(_):
    return workloads.report(_state)


def stateful_pools(folder, workers):
    """A pool of one for each worker, so that each keeps its part and can be asked for it."""
    documents = workloads.documents(folder)
    pools = [start("ppe", 1, set_counts) for _ in range(workers)]
    share = (len(documents) + workers - 1) // workers
    for number, pool in enumerate(pools):
        for document in documents[number * share : (number + 1) * share]:
            pool.submit(count_kept, document)
    counts = {}
    for answer in [pool.submit(report_kept, None) for pool in pools]:
        workloads.merge(counts, answer.result())
    for pool in pools:
        pool.shutdown()
    return counts


def mpire_init(state):
    state["counts"] = {}


def mpire_count(state, *words):
    workloads.count(state["counts"], words)


def mpire_exit(state):
    return workloads.report(state["counts"])


def stateful_mpire(folder, workers):
    from mpire import WorkerPool

    counts = {}
    with WorkerPool(n_jobs=workers, use_worker_state=True) as pool:
        pool.map(mpire_count, workloads.documents(folder), worker_init=mpire_init, worker_exit=mpire_exit)
        for part in pool.get_exit_results():
            workloads.merge(counts, part)
    return counts


# 3: expensive init


def set_model(folder):
    global _state
    _state = workloads.load_model(folder)


def predict_pair(pair):
    return workloads.predict(*pair)


def predict_kept(index):
    return workloads.predict(_state, index)


def init(kind):
    """The model is loaded by the program and goes with every task."""

    def run(folder, workers):
        model = workloads.load_model(folder)
        outputs = []
        with start(kind, workers) as pool:
            for _ in range(workloads.sizes(folder)["rounds"]):
                outputs.extend(pool.map(predict_pair, [(model, index) for index in range(TASKS)]))
        return outputs

    return run


def init_initializer(kind):
    def run(folder, workers):
        outputs = []
        with start(kind, workers, set_model, (folder,)) as pool:
            for _ in range(workloads.sizes(folder)["rounds"]):
                outputs.extend(pool.map(predict_kept, range(TASKS)))
        return outputs

    return run


def init_joblib(folder, workers):
    from joblib import Parallel, delayed

    model = workloads.load_model(folder)
    outputs = []
    with Parallel(n_jobs=workers) as parallel:
        for _ in range(workloads.sizes(folder)["rounds"]):
            outputs.extend(parallel(delayed(workloads.predict)(model, index) for index in range(TASKS)))
    return outputs


def mpire_load(folder, state):
    state["model"] = workloads.load_model(folder)


def mpire_predict(_, state, index):
    return workloads.predict(state["model"], index)


def init_mpire(folder, workers):
    from mpire import WorkerPool

    outputs = []
    with WorkerPool(n_jobs=workers, shared_objects=folder, use_worker_state=True, keep_alive=True) as pool:
        for _ in range(workloads.sizes(folder)["rounds"]):
            outputs.extend(pool.map(mpire_predict, range(TASKS), worker_init=mpire_load, concatenate_numpy_output=False))
    return outputs


WORKLOADS = {
    "numerical": {
        "pool": numerical("pool"),
        "pool-initializer": numerical_initializer("pool"),
        "ppe": numerical("ppe"),
        "ppe-initializer": numerical_initializer("ppe"),
        "joblib": numerical_joblib,
        "mpire": numerical_mpire,
    },
    "stateful": {
        "pool": stateful("pool"),
        "ppe": stateful("ppe"),
        "ppe-each": stateful_pools,
        "joblib": stateful_joblib,
        "mpire": stateful_mpire,
    },
    "init": {
        "pool": init("pool"),
        "pool-initializer": init_initializer("pool"),
        "ppe": init("ppe"),
        "ppe-initializer": init_initializer("ppe"),
        "joblib": init_joblib,
        "mpire": init_mpire,
    },
}

FINISH = {"numerical": workloads.digest_arrays, "stateful": workloads.digest_popular, "init": workloads.digest_arrays}
