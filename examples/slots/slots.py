"""Five workers on ten jobs, on threads."""

import threading
import time


def work(job):
    """Work on a job, and say who did."""
    time.sleep(0.2)
    return f"job {job} on {threading.current_thread().name}"
