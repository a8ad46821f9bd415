"""Work that reads, then computes: the most frequent words of each file.

    find . -name '*.md' | tandem map examples/words.py:frequent

prints one JSON list for each file.
"""

import collections
import re

WORD = re.compile(r"[^\W\d_]{4,}")


def frequent(path):
    """Return the three most frequent words of the file at path."""
    with open(path, encoding="utf-8", errors="replace") as file:
        counts = collections.Counter(WORD.findall(file.read().lower()))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, _ in ranked[:3]]
