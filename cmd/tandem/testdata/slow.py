"""A module whose import takes long."""

import sys
import time

print("importing", file=sys.stderr, flush=True)
time.sleep(600)


def task(value):
    return value
