"""Frame headers of docs/wire.md. Pure functions over bytes."""

from __future__ import annotations

import struct
from zlib import crc32

TYPE_CHECKING = False  # as in typing, whose import costs milliseconds
if TYPE_CHECKING:
    from typing import Union

    Buffer = Union[bytes, bytearray, memoryview]

MAGIC = 0x74
VERSION = 1
HEADER_SIZE = 32

SETUP, HELLO, FATAL, DEFINE, CALL, RESULT, FAILURE, CANCEL, RECALL, RETURNED, STOP, RUN = range(1, 13)
FORK, FORKED, REAP, REAPED = range(15, 19)  # between the engine and a template

FLAG_TIMEOUT = 1  # the body begins with a timeout
FLAG_ARRAY = 2  # the payloads are one JSON array
FLAG_PLAIN = 4  # JSON text without line feeds
KNOWN_FLAGS = FLAG_TIMEOUT | FLAG_ARRAY | FLAG_PLAIN

CODEC_NONE = 0
CODEC_JSON = 3
CODEC_NAMES = ("none", "raw", "cbor", "json", "pickle")

LENGTH_SIZE = 4  # of the length before a payload
TIMEOUT_SIZE = 8

_unsummed = struct.Struct("<BBBBIQIHHHBB")  # bytes 0 to 27
_whole = struct.Struct("<BBBBIQIHHHBBI")
_sum = struct.Struct("<I")
# A result of one call: the header without its constant fields at both ends,
# and what follows.
_result = struct.Struct("<4sIQ12s")
_result_start = struct.pack("<BBBB", MAGIC, VERSION, RESULT, FLAG_PLAIN)
_result_end = struct.pack("<IHHHBB", 1, 0, 0, 0, CODEC_JSON, 0)
_pack_result = _result.pack
_pack_sum_and_length = struct.Struct("<II").pack  # end of a header, length of its first payload
unpack_length = struct.Struct("<I").unpack_from


class ProtocolError(Exception):
    """The peer does not follow the protocol. The connection cannot be used any more."""


class Header:
    """What precedes a body, as far as a worker needs it."""

    __slots__ = ("type", "flags", "length", "id", "count", "task", "codec")

    def __init__(self, fields: tuple[int, ...]) -> None:
        _, _, self.type, self.flags, self.length, self.id, self.count, self.task, _, _, self.codec, _, _ = fields


def parse_header(buffer: Buffer, offset: int, max_body: int) -> Header:
    """Return the header at ``offset``, where ``buffer`` has 32 bytes.

    Everything that can be checked without the body is checked, the length
    against ``max_body``. Raises :class:`ProtocolError`. An unknown type is fine.
    """
    fields = _whole.unpack_from(buffer, offset)
    header = Header(fields)
    crc = crc32(memoryview(buffer)[offset : offset + HEADER_SIZE - 4])
    if fields[0] != MAGIC:
        raise ProtocolError(f"magic is {fields[0]:#04x}, want {MAGIC:#04x}: this is not a frame")
    if fields[1] != VERSION:
        raise ProtocolError(f"version is {fields[1]}, this side speaks {VERSION}")
    if fields[12] != crc:
        raise ProtocolError(f"crc is {fields[12]:#010x}, the header has {crc:#010x}")
    if header.flags & ~KNOWN_FLAGS:
        raise ProtocolError(f"flags has unknown bits {header.flags & ~KNOWN_FLAGS:#04x}")
    if header.length > max_body:
        raise ProtocolError(f"length is {header.length} bytes, the limit is {max_body}")
    if fields[9] or fields[11]:
        raise ProtocolError("oob or reserved byte is not 0")
    if header.type in (CALL, CANCEL) and not (header.id and header.count and header.id + header.count <= 1 << 64):
        raise ProtocolError(f"id is {header.id} with count {header.count}")
    return header


def frame(kind: int, body: bytes = b"", *, id: int = 0, count: int = 0) -> bytes:
    """Return a whole frame."""
    head = _unsummed.pack(MAGIC, VERSION, kind, 0, len(body), id, count, 0, 0, 0, CODEC_NONE, 0)
    return head + _sum.pack(crc32(head)) + body


def result_frame(call_id: int, payload: bytes) -> bytes:
    """Return the frame that answers one call with JSON text without line feeds."""
    size = len(payload)
    head = _pack_result(_result_start, size + LENGTH_SIZE, call_id, _result_end)
    return head + _pack_sum_and_length(crc32(head), size) + payload


def run_header(call_id: int) -> bytes:
    """Return what begins a run whose first line is the value of the call ``call_id``."""
    head = _unsummed.pack(MAGIC, VERSION, RUN, 0, 0, call_id, 0, 0, 0, 0, CODEC_JSON, 0)
    return head + _sum.pack(crc32(head))


def split_payloads(body: Buffer, start: int, count: int) -> list[memoryview]:
    """Return the ``count`` payloads with lengths in front that begin at ``start``.

    They are views into ``body``. Raises :class:`ProtocolError` when they do not
    fill it exactly.
    """
    view = memoryview(body)
    size = len(view)
    payloads = []
    for _ in range(count):
        begin = start + LENGTH_SIZE
        if begin > size:
            raise ProtocolError(f"count is {count}, the body ends after {len(payloads)} payloads")
        start = begin + unpack_length(view, start)[0]
        if start > size:
            raise ProtocolError(f"payload {len(payloads)} has more bytes than its frame")
        payloads.append(view[begin:start])
    if start != size:
        raise ProtocolError(f"body has {size - start} bytes after its {count} payloads")
    return payloads
