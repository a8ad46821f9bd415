"""A module whose import starts a thread, so that it cannot be in a template."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()


def echo(value):
    return value
