"""Write log files to compress.

    python3 logs.py 20

writes logs/01.log to logs/20.log, the same ones each time.
"""

import os
import random
import sys

WORDS = ("accepted", "closed", "retried", "slow", "refused")


def main(count):
    os.makedirs("logs", exist_ok=True)
    for number in range(1, count + 1):
        draw = random.Random(number).random
        with open(os.path.join("logs", f"{number:02}.log"), "w", encoding="utf-8", newline="\n") as log:
            for second in range(2000):
                word = WORDS[int(draw() * len(WORDS))]
                log.write(f"12:{second // 60 % 60:02}:{second % 60:02} connection {int(draw() * 10**6)} {word}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
