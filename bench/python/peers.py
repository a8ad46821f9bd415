"""One form for the pools of other libraries. Each is used as its documentation shows, with its defaults.

A pool is opened by its constructor. ``call`` runs one call and waits for it. ``together`` runs calls that need each
other: each is a task of its own. ``map`` is the library's own map. ``stop`` ends the pool in order, ``abandon`` ends
one that is broken. Libraries are imported when their pool is opened, so that one that is missing costs nothing.
"""

import multiprocessing


class Executor:
    """What has submit and map as in concurrent.futures."""

    chunk = None  # the argument chunksize of map, if it is not the default

    def call(self, function, value):
        return self.pool.submit(function, value).result()

    def together(self, function, values):
        futures = [self.pool.submit(function, value) for value in values]
        return [future.result() for future in futures]

    def map(self, function, values):
        if self.chunk is None:
            return self.pool.map(function, values)
        return self.pool.map(function, values, chunksize=self.chunk)

    def stop(self):
        self.pool.shutdown(wait=True)

    def abandon(self):
        self.pool.shutdown(wait=False)


class ProcessPoolExecutor(Executor):
    def __init__(self, workers, start=None, initializer=None, initargs=()):
        from concurrent.futures import ProcessPoolExecutor as Pool

        context = multiprocessing.get_context(start) if start else None
        self.pool = Pool(workers, mp_context=context, initializer=initializer, initargs=initargs)


class ProcessPoolExecutorChunks(ProcessPoolExecutor):
    chunk = 1000


class Loky(Executor):
    def __init__(self, workers, initializer=None, initargs=()):
        from loky import get_reusable_executor

        self.pool = get_reusable_executor(max_workers=workers, initializer=initializer, initargs=initargs)


class Pool:
    """multiprocessing.Pool."""

    def __init__(self, workers, initializer=None, initargs=()):
        self.pool = multiprocessing.Pool(workers, initializer, initargs)

    def call(self, function, value):
        return self.pool.apply(function, (value,))

    def together(self, function, values):
        answers = [self.pool.apply_async(function, (value,)) for value in values]
        return [answer.get() for answer in answers]

    def map(self, function, values):
        return self.pool.map(function, values)

    def stop(self):
        self.pool.close()
        self.pool.join()

    def abandon(self):
        self.pool.terminate()


class PoolImap(Pool):
    chunk = 1

    def map(self, function, values):
        return self.pool.imap(function, values, self.chunk)


class PoolImapChunks(PoolImap):
    chunk = 1000


class Joblib:
    """joblib.Parallel with its default backend, loky. One job would be no process at all."""

    def __init__(self, workers):
        import joblib

        self.joblib = joblib
        self.workers = workers

    def call(self, function, value):
        return self.map(function, [value])[0]

    def together(self, function, values):
        return self.map(function, values)

    def map(self, function, values):
        delayed = self.joblib.delayed(function)
        return self.joblib.Parallel(n_jobs=self.workers)(delayed(value) for value in values)

    def stop(self):
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)

    def abandon(self):
        """Do nothing: the next Parallel makes a new pool when the old one is broken."""


class JoblibGenerator(Joblib):
    def map(self, function, values):
        delayed = self.joblib.delayed(function)
        parallel = self.joblib.Parallel(n_jobs=self.workers, return_as="generator")
        return parallel(delayed(value) for value in values)


class Pebble:
    def __init__(self, workers, initializer=None, initargs=()):
        import pebble

        self.pool = pebble.ProcessPool(max_workers=workers, initializer=initializer, initargs=initargs)

    def call(self, function, value):
        return self.pool.schedule(function, args=(value,)).result()

    def together(self, function, values):
        futures = [self.pool.schedule(function, args=(value,)) for value in values]
        return [future.result() for future in futures]

    def map(self, function, values):
        return self.pool.map(function, values).result()

    def stop(self):
        self.pool.close()
        self.pool.join()

    def abandon(self):
        self.pool.stop()
        self.pool.join()


class Mpire:
    """mpire.WorkerPool. keep_alive is how it keeps its workers between calls, as the other pools do by default."""

    def __init__(self, workers, **options):
        import mpire

        self.pool = mpire.WorkerPool(n_jobs=workers, keep_alive=True, **options)

    def call(self, function, value):
        return self.pool.apply(function, (value,))

    def together(self, function, values):
        answers = [self.pool.apply_async(function, (value,)) for value in values]
        return [answer.get() for answer in answers]

    def map(self, function, values):
        return self.pool.map(function, values)

    def stop(self):
        self.pool.stop_and_join()

    def abandon(self):
        self.pool.terminate()


class MpireImap(Mpire):
    def map(self, function, values):
        return self.pool.imap(function, values)


class Loop:
    """No pool: the plain sequential loop, with JSON in and out for each value."""

    def __init__(self, workers):
        del workers

    def call(self, function, value):
        return function(value)

    def together(self, function, values):
        return [function(value) for value in values]

    def map(self, function, values):
        return map(function, values)

    def stop(self):
        pass

    abandon = stop


PEERS = {
    "loop": Loop,
    "ppe": ProcessPoolExecutor,
    "ppe-fork": lambda workers: ProcessPoolExecutor(workers, "fork"),
    "ppe-forkserver": lambda workers: ProcessPoolExecutor(workers, "forkserver"),
    "ppe-spawn": lambda workers: ProcessPoolExecutor(workers, "spawn"),
    "ppe-chunks": ProcessPoolExecutorChunks,
    "pool": Pool,
    "pool-imap": PoolImap,
    "pool-imap-chunks": PoolImapChunks,
    "joblib": Joblib,
    "joblib-generator": JoblibGenerator,
    "loky": Loky,
    "pebble": Pebble,
    "mpire": Mpire,
    "mpire-imap": MpireImap,
}
