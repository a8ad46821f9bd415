"""Measures one peer in a process of its own, as the bench program asks: one line of JSON in, one line of JSON out.

Usage: driver.py PEER. A request is ``{"do": NAME, ...}``; the answer is ``{"values": [...]}``, with a ``remark``, or
``{"error": TEXT}``, or ``{"unavailable": TEXT}``. Nothing here is executed when a worker imports this file again.
"""

import json
import os
import sys


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what workers and libraries print is no answer
    import scenarios

    for line in sys.stdin:
        answers.write(json.dumps(answer(scenarios, json.loads(line))) + "\n")


def answer(scenarios, request):
    try:
        return getattr(scenarios, "do_" + request.pop("do"))(sys.argv[1], **request)
    except ModuleNotFoundError as error:
        return {"unavailable": f"{error.name} is not installed"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
