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
KEEP = 13  # the buffers of this call's input stay in use
RELEASE = 14  # the buffers of this call are free again
FORK, FORKED, REAP, REAPED = range(15, 19)  # between the engine and a template

FLAG_TIMEOUT = 1  # the body begins with a timeout
FLAG_ARRAY = 2  # the payloads are one JSON array
FLAG_PLAIN = 4  # JSON text without line feeds
FLAG_MOVED = 8  # the payload is buffer 0, not in the body
FLAG_MEASURED = 16  # the body begins with what was measured
KNOWN_FLAGS = FLAG_TIMEOUT | FLAG_ARRAY | FLAG_PLAIN | FLAG_MOVED

CODEC_NONE = 0
CODEC_RAW = 1
CODEC_JSON = 3
CODEC_PICKLE = 4
CODEC_NPY = 5
CODEC_NAMES = ("none", "raw", "cbor", "json", "pickle", "npy")

LENGTH_SIZE = 4  # of the length before a payload
TIMEOUT_SIZE = 8
IN_BODY = (1 << 64) - 1  # the offset of a buffer that is in the body of its frame
PART_SIZE = 16  # of an entry in the table of buffers
MEASURE_SIZE = 40  # of what was measured
MOST_BUFFERS = (1 << 16) - 1  # in one frame

# How large a payload or buffer must be to go through an arena. Larger values
# cross faster there; smaller ones would pay more for being freed than for being copied.
MOVE_ABOVE = 64 << 10

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
_part = struct.Struct("<QQ")
_measure = struct.Struct("<QQQQQ")


class ProtocolError(Exception):
    """The peer does not follow the protocol. The connection cannot be used any more."""


class Header:
    """What precedes a body, as far as a worker needs it."""

    __slots__ = ("type", "flags", "length", "id", "count", "task", "oob", "codec")

    def __init__(self, fields: tuple[int, ...]) -> None:
        _, _, self.type, self.flags, self.length, self.id, self.count, self.task, _, self.oob, self.codec, _, _ = fields


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
    if fields[11]:
        raise ProtocolError(f"reserved byte is {fields[11]}, want 0")
    if (header.oob or header.flags & FLAG_MOVED) and not _parts_fit(header):
        raise ProtocolError(f"oob is {header.oob} with flags {header.flags:#04x} and count {header.count}")
    if header.type in (CALL, CANCEL) and not (header.id and header.count and header.id + header.count <= 1 << 64):
        raise ProtocolError(f"id is {header.id} with count {header.count}")
    return header


def _parts_fit(header: Header) -> bool:
    """Report whether a frame may have buffers: call and result about one call, without an array."""
    flags = header.flags & (FLAG_ARRAY | FLAG_PLAIN)
    return header.type in (CALL, RESULT) and header.count == 1 and header.oob > 0 and not flags


def frame(kind: int, body: bytes = b"", *, id: int = 0, count: int = 0) -> bytes:
    """Return a whole frame."""
    head = _unsummed.pack(MAGIC, VERSION, kind, 0, len(body), id, count, 0, 0, 0, CODEC_NONE, 0)
    return head + _sum.pack(crc32(head)) + body


def result_frame(call_id: int, payload: bytes) -> bytes:
    """Return the frame that answers one call with JSON text without line feeds."""
    size = len(payload)
    head = _pack_result(_result_start, size + LENGTH_SIZE, call_id, _result_end)
    return head + _pack_sum_and_length(crc32(head), size) + payload


def measured(whole: bytes, start: int, wall: int, cpu: int, peak: int, thread: int) -> bytes:
    """Return ``whole``, a frame that answers one call, with what was measured of it."""
    head = bytearray(whole[: HEADER_SIZE - 4])
    head[3] |= FLAG_MEASURED
    head[4:8] = _sum.pack(len(whole) - HEADER_SIZE + MEASURE_SIZE)
    return b"".join(
        (head, _sum.pack(crc32(head)), _measure.pack(start, wall, cpu, peak, thread), memoryview(whole)[HEADER_SIZE:])
    )


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


def split_parts(body: Buffer, start: int, header: Header) -> tuple[memoryview | None, list[tuple[int, int, memoryview]]]:
    """Return payload and buffers of a frame with buffers, whose payload begins at ``start``.

    The payload is None when it is the first buffer. A buffer is its offset, its
    length, and, when its offset is IN_BODY, its bytes. Raises
    :class:`ProtocolError` when they do not fill the body exactly.
    """
    view = memoryview(body).toreadonly()
    payload = None
    if not header.flags & FLAG_MOVED:
        if start + LENGTH_SIZE > len(view):
            raise ProtocolError("count is 1, the body ends after 0 payloads")
        begin = start + LENGTH_SIZE
        start = begin + unpack_length(view, start)[0]
        if start > len(view):
            raise ProtocolError("payload 0 has more bytes than its frame")
        payload = view[begin:start]
    table, start = start, start + header.oob * PART_SIZE
    if start > len(view):
        raise ProtocolError(f"oob is {header.oob}, the body has {len(view) - table} bytes left")
    buffers = []
    for at in range(table, table + header.oob * PART_SIZE, PART_SIZE):
        offset, length = _part.unpack_from(view, at)
        data = view[:0]
        if offset == IN_BODY:
            data = view[start : start + length]
            start += length
            if start > len(view):
                raise ProtocolError(f"buffer {len(buffers)} has more bytes than its frame")
        buffers.append((offset, length, data))
    if start != len(view):
        raise ProtocolError(f"body has {len(view) - start} bytes after its buffers")
    return payload, buffers


def parts_frame(call_id: int, codec: int, payload: Buffer | None, buffers: list[tuple[int, int, Buffer]]) -> bytes:
    """Return the frame that answers one call with a value that has buffers, as :func:`split_parts` returns them.

    Without a payload, that is the first buffer.
    """
    flags = FLAG_MOVED if payload is None else 0
    body = [] if payload is None else [_sum.pack(len(payload)), payload]
    body.extend(_part.pack(offset, length) for offset, length, _ in buffers)
    body.extend(data for offset, _, data in buffers if offset == IN_BODY)
    head = _unsummed.pack(
        MAGIC, VERSION, RESULT, flags, sum(map(len, body)), call_id, 1, 0, 0, len(buffers), codec, 0
    )  # fmt: skip
    return b"".join([head, _sum.pack(crc32(head)), *body])


def payload_frame(call_id: int, codec: int, payload: Buffer) -> bytes:
    """Return the frame that answers one call with a payload of any codec."""
    head = _unsummed.pack(MAGIC, VERSION, RESULT, 0, len(payload) + LENGTH_SIZE, call_id, 1, 0, 0, 0, codec, 0)
    return b"".join([head, _sum.pack(crc32(head)), _sum.pack(len(payload)), payload])
