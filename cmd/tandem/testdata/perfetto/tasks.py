"""Tasks whose traces are opened in Perfetto."""

import os
import time


def nap(seconds):
    time.sleep(seconds)


def stumble(path):
    """Crash at the first try of a path that ends with 3, fail at two of one that ends with 5."""
    time.sleep(0.02)
    with open(path, "a") as file:
        file.write("x")
    tries = os.path.getsize(path)
    if path.endswith("3") and tries == 1:
        os._exit(3)
    if path.endswith("5") and tries < 3:
        raise ValueError("not yet")
