"""Computing work: make pictures small. Processes make it faster."""

import os
import zlib

import png

FACTOR = 4  # a thumbnail's pixel is the mean of so many by so many


def make(path):
    """Write the thumbnail of the picture at path. Return its path, width,
    height and the checksum of its pixels.
    """
    width, rows = png.read(path)
    small = [shrink(rows[y : y + FACTOR], width // FACTOR) for y in range(0, len(rows) - FACTOR + 1, FACTOR)]
    os.makedirs("thumbnails", exist_ok=True)
    target = os.path.join("thumbnails", os.path.basename(path))
    png.write(target, width // FACTOR, small)
    return {"file": target, "width": width // FACTOR, "height": len(small), "crc": zlib.crc32(b"".join(small))}


def shrink(rows, width):
    """Return one row: the means of boxes of pixels."""
    step, pixels = png.PIXEL * FACTOR, FACTOR * FACTOR
    out = bytearray()
    for x in range(0, width * step, step):
        for colour in range(png.PIXEL):
            total = sum(sum(row[x + colour : x + step : png.PIXEL]) for row in rows)
            out.append(total // pixels)
    return bytes(out)
