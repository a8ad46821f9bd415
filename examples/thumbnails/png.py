"""PNG files of 8-bit RGB, read and written with the standard library alone."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB = struct.pack(">BBBBB", 8, 2, 0, 0, 0)  # depth, colour type, compression, filter, no interlace
PIXEL = 3  # bytes


def write(path, width, rows):
    """Write a picture: rows are bytes, three for each pixel."""
    raw = b"".join(b"\x00" + row for row in rows)  # filter 0: none
    with open(path, "wb") as file:
        file.write(SIGNATURE)
        for kind, data in (
            (b"IHDR", struct.pack(">II", width, len(rows)) + RGB),
            (b"IDAT", zlib.compress(raw, 6)),
            (b"IEND", b""),
        ):
            file.write(struct.pack(">I", len(data)) + kind + data)
            file.write(struct.pack(">I", zlib.crc32(kind + data)))


def read(path):
    """Return the width and the rows of the picture at path.

    Raises ValueError for a damaged file and for other kinds of PNG.
    """
    with open(path, "rb") as file:
        data = file.read()
    if not data.startswith(SIGNATURE):
        raise ValueError(f"{path} is no PNG file")
    header, packed = b"", b""
    for kind, body in _chunks(data, path):
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed += body
    if header[8:] != RGB:
        raise ValueError(f"{path} is not 8-bit RGB without interlace")
    width, height = struct.unpack(">II", header[:8])
    return width, _unfilter(zlib.decompress(packed), width * PIXEL, height)


def _chunks(data, path):
    """Yield kind and body of each chunk."""
    at = len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if crc != zlib.crc32(chunk):
            raise ValueError(f"{path} is damaged: checksum of chunk {chunk[:4]!r}")
        yield chunk[:4], chunk[4:]
        at += 12 + length


def _unfilter(raw, length, height):
    """Undo the filter that each row begins with."""
    rows = []
    above = bytes(length)
    for y in range(height):
        at = y * (length + 1)
        row = bytearray(raw[at + 1 : at + 1 + length])
        kind = raw[at]
        if kind:
            for i in range(length):
                left = row[i - PIXEL] if i >= PIXEL else 0
                corner = above[i - PIXEL] if i >= PIXEL else 0
                row[i] = (row[i] + _predict(kind, left, above[i], corner)) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def _predict(kind, left, up, corner):
    """Return what a filter expects, from the three neighbours."""
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    if kind == 4:
        expected = left + up - corner
        return min((left, up, corner), key=lambda neighbour: abs(expected - neighbour))
    raise ValueError(f"filter {kind}: want 0 to 4")
