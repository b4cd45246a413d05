"""The RTP header (RFC 3550 section 5.1), for one packet and for a whole train.

``RtpPacket`` is one packet as an object, for tests, the inspector and odd packets; its ``parse``
speaks the sentence when a packet is malformed. ``RtpColumns`` is the same header for all packets
of a train, a numpy column for each field; the stream runs on it. A test holds the two together.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                           timestamp                           |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |           synchronization source (SSRC) identifier            |
   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
   |            contributing source (CSRC) identifiers             |
   |                             ....                              |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |      defined by profile       |           length              |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                        header extension                       |
   |                             ....                              |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from .errors import MalformedPacketError
from .train import Bytes, Column, Flags, PacketTrain

HEADER_SIZE = 12
FRONT_SIZE = 12
"""Bytes read of each payload together with the RTP header: the main and the restart header."""
PAYLOAD_TYPE_JPEG = 26  # RFC 3551 section 6
CLOCK_RATE = 90_000  # RFC 2435 section 3

_HEADER = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HH")
_COLUMN_FIELDS = np.dtype(
    [("first", "u1"), ("second", "u1"), ("sequence_number", ">u2"), ("timestamp", ">u4"), ("ssrc", ">u4")]
)


@dataclass(slots=True)
class RtpPacket:
    """One RTP packet (RFC 3550 section 5.1)."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    """Profile-defined 16 bits, and the data: a multiple of 4 bytes."""
    padding: int = 0
    """Bytes of padding behind the payload, the count itself included."""

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        """Read one packet.

        Raises ``MalformedPacketError`` where RFC 3550 sections 5.1, 5.3.1 or A.1 are broken.
        """
        if len(data) < HEADER_SIZE:
            raise _fault("RTP packet length", len(data), "12 bytes or more", "5.1")
        first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise _fault("RTP version", first >> 6, "2", "A.1")
        start = HEADER_SIZE + 4 * (first & 0x0F)
        if start > len(data):
            raise _fault("CSRC count", first & 0x0F, f"at most {(len(data) - HEADER_SIZE) // 4} here", "A.1")
        csrcs = struct.unpack_from(f">{first & 0x0F}I", data, HEADER_SIZE)
        extension = _parse_extension(data, start) if first & 0x10 else None
        if extension is not None:
            start += 4 + len(extension[1])
        padding = _parse_padding(data, start) if first & 0x20 else 0
        payload, marker = data[start : len(data) - padding], bool(second & 0x80)
        numbers = (second & 0x7F, sequence_number, timestamp, ssrc)
        return cls(*numbers, payload, marker, csrcs, extension, padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        first = 0x80 | (self.padding > 0) << 5 | (self.extension is not None) << 4 | len(self.csrcs)
        second = self.marker << 7 | self.payload_type
        header = _HEADER.pack(first, second, self.sequence_number, self.timestamp, self.ssrc)
        header += struct.pack(f">{len(self.csrcs)}I", *self.csrcs)
        if self.extension is not None:
            profile, data = self.extension
            header += _EXTENSION.pack(profile, len(data) // 4) + data
        padding = bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b""
        return header + self.payload + padding


def _fault(field: str, found: object, expected: str, section: str) -> MalformedPacketError:
    return MalformedPacketError(field, found, expected, f"RFC 3550 section {section}")


def _parse_extension(data: bytes, start: int) -> tuple[int, bytes]:
    room = len(data) - start - 4
    if room < 0:
        raise _fault("RTP header extension", f"{room + 4} bytes", "4 bytes or more", "5.3.1")
    profile, words = _EXTENSION.unpack_from(data, start)
    if 4 * words > room:
        raise _fault("header extension length", words, f"at most {room // 4} words here", "A.1")
    return profile, data[start + 4 : start + 4 + 4 * words]


def _parse_padding(data: bytes, start: int) -> int:
    # RFC 3550, section A.1: "the last octet of the packet must contain a valid octet count, in
    # particular, less than the total packet length minus the header size."
    padding = data[-1]
    if not 0 < padding < len(data) - start:
        raise _fault("RTP padding count", padding, f"1 to {len(data) - start - 1}", "A.1")
    return padding


@dataclass(slots=True)
class RtpColumns:
    """The RTP headers of a train, one entry a packet in each column.

    Where ``valid`` is False the packet is malformed and its other columns say nothing;
    ``RtpPacket.parse`` of that packet raises the reason.
    """

    data: Bytes
    """The bytes of the train, uint8."""
    valid: Flags
    marker: Flags
    payload_type: Column
    sequence_number: Column
    timestamp: Column
    ssrc: Column
    starts: Column
    """Position in ``data`` of the first payload byte, behind CSRC list and header extension."""
    ends: Column
    """Position in ``data`` behind the last payload byte, padding left out."""
    heads: Column
    """Position in ``data`` of the first byte of each packet."""
    fronts: Bytes | None = None
    """The first bytes of each payload as rows, where no packet has CSRC list, extension or padding."""

    def extension(self, index: int) -> bytes:
        """Return the header extension of a valid packet, its first four bytes included; empty without one."""
        head = int(self.heads[index])
        first = int(self.data[head])
        start = head + HEADER_SIZE + 4 * (first & 0x0F)
        return self.data[start : int(self.starts[index])].tobytes() if first & 0x10 else b""


def parse_train(train: PacketTrain) -> RtpColumns:
    """Read the RTP headers of all packets of a train at once (RFC 3550 sections 5.1 and A.1)."""
    starts, lengths = train.starts, train.lengths
    ends = starts + lengths
    valid = lengths >= HEADER_SIZE
    rows = gather(train.data, starts, HEADER_SIZE + FRONT_SIZE)
    fields = rows[:, :HEADER_SIZE].view(_COLUMN_FIELDS)[:, 0]
    first = fields["first"]
    valid &= (first & 0xC0) == 0x80
    payload_starts = starts + HEADER_SIZE
    plain = not (first & 0x3F).any()
    if not plain:
        payload_starts += (first & 0x0F).astype(np.int64) * 4
        payload_starts += _extension_sizes(train.data, payload_starts, ends, first)
        valid &= payload_starts <= ends
        ends = ends - _padding_sizes(train.data, payload_starts, ends, first, valid)
    second = fields["second"]
    return RtpColumns(
        train.data,
        valid,
        (second & 0x80) != 0,
        (second & 0x7F).astype(np.int64),
        fields["sequence_number"].astype(np.int64),
        fields["timestamp"].astype(np.int64),
        fields["ssrc"].astype(np.int64),
        payload_starts,
        ends,
        starts,
        rows[:, HEADER_SIZE:] if plain else None,
    )


def gather(data: Bytes, starts: Column, size: int) -> Bytes:
    """Return ``size`` bytes from each start as rows; past the end stand bytes of it.

    Whether a packet is long enough is the caller's question; this only never reads outside. Rows at
    a fixed distance, as in every train of a steady stream, are a view; others are copied.
    """
    if starts.size > 1 and starts[-1] + size <= data.size:
        steps = starts[1:] - starts[:-1]
        if steps[0] >= 0 and (steps == steps[0]).all():
            shape, first = (starts.size, size), int(starts[0])
            return np.ndarray(shape, np.uint8, data, first, (int(steps[0]), 1))
    if not data.size:
        return np.zeros((starts.size, size), np.uint8)
    positions = starts[:, None] + np.arange(size)
    rows: Bytes = data[np.minimum(positions, data.size - 1, out=positions)]
    return rows


def _extension_sizes(data: Bytes, starts: Column, ends: Column, first: Bytes) -> Column:
    """Return 4 + 4 * words where the X bit is set, else 0."""
    present = (first & 0x10) != 0
    words = gather(data, starts + 2, 2).view(">u2")[:, 0].astype(np.int64)
    # A header that does not fit must not be read from the next packet.
    return np.where(present, np.where(starts + 4 <= ends, 4 + 4 * words, 4), 0)


def _padding_sizes(data: Bytes, starts: Column, ends: Column, first: Bytes, valid: Flags) -> Column:
    """Return the padding of each packet; clears ``valid`` where the count is impossible."""
    present = (first & 0x20) != 0
    count = data[np.clip(ends - 1, 0, data.size - 1)].astype(np.int64)
    valid &= ~present | ((count > 0) & (count < ends - starts))
    return np.where(present & valid, count, 0)
