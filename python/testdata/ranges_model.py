"""Checks the worker's allocator against a model: one flag for each page."""

import random
import sys

sys.path.insert(0, "..")
from tandem_worker.arena import Ranges  # noqa: E402

PAGE = 16
for seed in range(100):
    rng = random.Random(seed)
    pages = rng.randint(1, 40)
    ranges, used, held, high = Ranges(pages * PAGE, PAGE), [False] * pages, [], 0
    for step in range(300):
        what = (seed, step)
        if rng.random() < 0.5 and held:
            at, whole = held.pop(rng.randrange(len(held)))
            used[at : at + whole] = [False] * whole
            ranges.free(at * PAGE)
        elif rng.random() < 0.1:
            want = (2 * PAGE, (high - 2) * PAGE) if not held and high > 2 else None
            high = 2 if want else high
            assert ranges.trim(2 * PAGE) == want, what
        else:
            size = rng.randint(1, 12 * PAGE)
            whole = -(-size // PAGE)
            places = [at for at in range(pages - whole + 1) if not any(used[at : at + whole])]
            offset = ranges.take(size)
            assert offset == (places[0] * PAGE if places else None), what
            if places:
                held.append((places[0], whole))
                used[places[0] : places[0] + whole] = [True] * whole
                high = max(high, places[0] + whole)
print("ok")
