"""A worker that breaks the protocol of arenas in the way that its argument names."""

import json
import mmap
import os
import struct
import sys
import zlib

how = sys.argv[1]
_, sock, box, nonce = os.environ["TANDEM_WORKER"].split(":")
sock, box = int(sock), int(box)
IN_BODY = (1 << 64) - 1


def read(count):
    data = b""
    while len(data) < count:
        part = os.read(sock, count - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def send(kind, body=b"", flags=0, id=0, count=0, oob=0, codec=0):
    head = struct.pack("<BBBBIQIHHHBB", 0x74, 1, kind, flags, len(body), id, count, 0, 0, oob, codec, 0)
    os.write(sock, head + struct.pack("<I", zlib.crc32(head)) + body)


def receive():
    head = read(32)
    kind, flags, length, id = struct.unpack_from("<BBIQ", head, 2)
    return kind, id, read(length)


def result(id, *entries, flags=8, codec=1, data=b""):
    send(6, b"".join(struct.pack("<QQ", *entry) for entry in entries) + data, flags, id, 1, len(entries), codec)


def measured(id, *words):
    send(6, struct.pack("<QQQQQQQ", *words, 0, 9), 8 | 16, id, 1, 1, 1)


def cut(id):
    """Try to cut the file, then answer as if it were whole."""
    refused = 0
    for size in (0, 4096, 1 << 40):
        try:
            os.ftruncate(box, size)
        except OSError:
            refused += 1
    size, inbound, outbound = struct.unpack("<QQQ", os.pread(box, 24, 24))
    page = mmap.PAGESIZE
    start = -(-(4096 + size) // page) * page + inbound
    os.pwrite(box, b"%d refused" % refused, start + outbound - 100)
    result(id, (outbound - 100, 9))


answers = {
    "beyond": lambda id: result(id, (1 << 40, 10)),
    "long": lambda id: result(id, (0, 1 << 40)),
    "wrap": lambda id: result(id, (IN_BODY - 5, 100)),
    "sum": lambda id: result(id, *[(0, 1 << 20)] * 3, codec=4),
    "hole": lambda id: result(id, (0, 9)),
    "json": lambda id: result(id, (0, 9), codec=3),
    "buffers": lambda id: result(id, (0, 9), (IN_BODY, 2), data=b"hi"),
    "keep small": lambda id: send(13, id=id + 7, count=1),
    "keep twice": lambda id: (send(13, id=id, count=1), send(13, id=id, count=1)),
    "release": lambda id: send(14, id=id, count=1),
    "release twice": lambda id: (send(13, id=id, count=1), send(14, id=id, count=1), send(14, id=id, count=1)),
    "other call": lambda id: result(id + 1, (0, 9)),
    "cut": cut,
    "thread": lambda id: measured(id, 0, 0, 0, 0, 1),
    "absurd": lambda id: measured(id, *[(1 << 64) - 1] * 4, 0),
    "unmeasured": lambda id: result(id, (0, 9)),
}

receive()
hello = {"nonce": nonce, "runtime": "rogue", "pid": os.getpid(), "tasks": [], "arenas": True, "details": {}}
send(2, json.dumps(hello).encode())
while True:
    kind, id, body = receive()
    if kind == 11:
        sys.exit(0)
    if kind == 5:
        answers[how](id)
