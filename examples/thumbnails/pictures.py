"""Draw pictures to make thumbnails of.

    python3 pictures.py 12

writes pictures/01.png to pictures/12.png, the same ones each time.
"""

import os
import sys

import png

WIDTH, HEIGHT = 240, 180


def draw(seed):
    """Return the rows of a picture: a gradient with a pattern of squares."""
    rows = []
    for y in range(HEIGHT):
        row = bytearray()
        for x in range(WIDTH):
            square = 255 if (x // (8 + seed % 9) + y // (8 + seed % 7)) % 2 else 0
            row += bytes((x * 255 // WIDTH, (y + 10 * seed) % 256, square))
        rows.append(bytes(row))
    return rows


def main(count):
    os.makedirs("pictures", exist_ok=True)
    for seed in range(1, count + 1):
        png.write(os.path.join("pictures", f"{seed:02}.png"), WIDTH, draw(seed))


if __name__ == "__main__":
    main(int(sys.argv[1]))
