"""Lines of standard input through a pool to standard output, as a program of its own.

Usage: stream.py PEER [--flush].
"""

import sys

import peers
import work


def main():
    pool = peers.PEERS[sys.argv[1]](2)
    flush = "--flush" in sys.argv
    for text in pool.map(work.increment_line, sys.stdin):
        print(text, flush=flush)
    pool.stop()


if __name__ == "__main__":
    main()
