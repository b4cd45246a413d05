"""The RTP/JPEG payload headers (RFC 2435 section 3.1), for one packet and for a whole train.

Every packet begins with the main header; types 64 to 127 add the restart header, and the packet
with fragment offset 0 adds the quantisation table header when Q is 128 or more. Behind them stands
a piece of the entropy-coded scan.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   | Type-specific |              Fragment Offset                  |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |      Type     |       Q       |     Width     |     Height    |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |       Restart Interval        |F|L|       Restart Count       |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |      MBZ      |   Precision   |             Length            |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                    Quantization Table Data                    |
   |                              ...                              |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from .errors import MalformedPacketError
from .rtp import FRONT_SIZE, RtpColumns, gather
from .train import Column, Flags

MAIN_SIZE = 8
RESTART_SIZE = 4
TABLE_HEADER_SIZE = 4
RESTART_TYPE = 64
"""Added to the type when restart markers are present (RFC 2435 section 3.1.3)."""
UNALIGNED = 0x3FFF
"""Restart count of packets that are not aligned to restart intervals (RFC 2435 section 3.1.7)."""
LARGEST_SCAN = 1 << 24
"""RFC 2435 section 3.1.2: offset plus length MUST NOT exceed 2^24 bytes."""

_MAIN = struct.Struct(">IBBBB")
_RESTART = struct.Struct(">HH")
_TABLES = struct.Struct(">BBH")
_COLUMN_FIELDS = np.dtype(
    {
        "names": ["offset", "type", "description", "restart_interval", "chunk"],
        "formats": [">u4", "u1", ">u4", ">u2", ">u2"],
        "offsets": [0, 4, 4, 8, 10],
    }
)


@dataclass(slots=True)
class JpegHeader:
    """The main header (RFC 2435 section 3.1). Width and height are pixels, multiples of 8."""

    type_specific: int
    fragment_offset: int
    type: int
    q: int
    width: int
    height: int

    @classmethod
    def parse(cls, data: bytes) -> JpegHeader:
        """Read the first 8 bytes of a payload; raises ``MalformedPacketError`` when there are fewer."""
        _need(data, MAIN_SIZE, "main JPEG header", "3.1")
        word, type_, q, width, height = _MAIN.unpack_from(data)
        return cls(word >> 24, word & 0xFFFFFF, type_, q, width * 8, height * 8)

    def serialize(self) -> bytes:
        """Return the 8 bytes; a size that is no multiple of 8 is rounded up."""
        # The RFC is silent on other sizes, and the code of its Appendix C rounds down. That would
        # crop a column of blocks from the grid and turn the picture into rubbish.
        word = self.type_specific << 24 | self.fragment_offset
        return _MAIN.pack(word, self.type, self.q, -(-self.width // 8), -(-self.height // 8))

    @property
    def has_restart_header(self) -> bool:
        """Types 64 to 127 only: 128 to 255 belong to a session agreement (RFC 2435 section 3.1.3)."""
        return 64 <= self.type <= 127

    @property
    def has_table_header(self) -> bool:
        """Q 128 to 255, in the packet with fragment offset 0 (RFC 2435 section 3.1.4)."""
        return self.q >= 128 and self.fragment_offset == 0


@dataclass(slots=True)
class RestartHeader:
    """The restart marker header (RFC 2435 section 3.1.7)."""

    restart_interval: int
    """MCUs between restart markers."""
    first: bool = True
    last: bool = True
    restart_count: int = UNALIGNED
    """Index in the frame of the first interval of this chunk."""

    @classmethod
    def parse(cls, data: bytes) -> RestartHeader:
        """Read 4 bytes; raises ``MalformedPacketError`` when there are fewer."""
        _need(data, RESTART_SIZE, "restart marker header", "3.1.7")
        interval, chunk = _RESTART.unpack_from(data)
        return cls(interval, bool(chunk & 0x8000), bool(chunk & 0x4000), chunk & 0x3FFF)

    def serialize(self) -> bytes:
        """Return the 4 bytes."""
        return _RESTART.pack(self.restart_interval, self.first << 15 | self.last << 14 | self.restart_count)


@dataclass(slots=True)
class QuantizationTableHeader:
    """The quantisation table header with its tables (RFC 2435 section 3.1.8)."""

    precision: int
    """Bit 0 is the first table, bit 1 the second: set for 16-bit values."""
    tables: bytes
    """Zig-zag order, 64 or 128 bytes a table; empty when the receivers have them already."""
    mbz: int = 0

    @classmethod
    def parse(cls, data: bytes) -> QuantizationTableHeader:
        """Read the header and its tables from the front of ``data``.

        Raises ``MalformedPacketError`` when the length exceeds what follows.
        """
        _need(data, TABLE_HEADER_SIZE, "quantization table header", "3.1.8")
        mbz, precision, length = _TABLES.unpack_from(data)
        # RFC 2435, section 3.1.8: "If the Length field in a received packet is larger than the
        # remaining number of bytes, the packet MUST be discarded."
        room = len(data) - TABLE_HEADER_SIZE
        if length > room:
            raise _fault("quantization table length", length, f"at most {room} bytes here", "3.1.8")
        return cls(precision, bytes(data[TABLE_HEADER_SIZE : TABLE_HEADER_SIZE + length]), mbz)

    def serialize(self) -> bytes:
        """Return header and tables."""
        return _TABLES.pack(self.mbz, self.precision, len(self.tables)) + self.tables

    @property
    def size(self) -> int:
        """Bytes of header and tables."""
        return TABLE_HEADER_SIZE + len(self.tables)


@dataclass(slots=True)
class JpegPayload:
    """A whole RTP/JPEG payload: its headers, and a piece of the scan."""

    header: JpegHeader
    restart: RestartHeader | None
    quantization: QuantizationTableHeader | None
    data: bytes

    @classmethod
    def parse(cls, payload: bytes) -> JpegPayload:
        """Read a payload; raises ``MalformedPacketError`` where a header or the range is broken."""
        header = JpegHeader.parse(payload)
        start = MAIN_SIZE
        restart = quantization = None
        if header.has_restart_header:
            restart = RestartHeader.parse(payload[start:])
            start += RESTART_SIZE
        if header.has_table_header:
            quantization = QuantizationTableHeader.parse(payload[start:])
            start += quantization.size
        data = payload[start:]
        end = header.fragment_offset + len(data)
        if end > LARGEST_SCAN:
            raise _fault("fragment offset plus data length", end, f"at most {LARGEST_SCAN}", "3.1.2")
        return cls(header, restart, quantization, data)

    def serialize(self) -> bytes:
        """Return the payload as it goes on the wire, headers in the order of the RFC."""
        parts = (self.header, self.restart, self.quantization)
        return b"".join(part.serialize() for part in parts if part is not None) + self.data


def _need(data: bytes, size: int, field: str, section: str) -> None:
    if len(data) < size:
        raise _fault(field, f"{len(data)} bytes", f"{size} bytes or more", section)


def _fault(field: str, found: object, expected: str, section: str) -> MalformedPacketError:
    return MalformedPacketError(field, found, expected, f"RFC 2435 section {section}")


@dataclass(slots=True)
class JpegColumns:
    """The main and restart headers of a train, one entry a packet in each column.

    The table header is left to ``QuantizationTableHeader``: there is one in a frame.
    """

    valid: Flags
    type_specific: Column
    fragment_offset: Column
    description: Column
    """Type, Q, width and height as one number: equal in all packets of a frame."""
    restart_interval: Column
    chunk: Column
    """F, L and restart count as they stand on the wire."""
    data_starts: Column
    """Position behind main and restart header."""


def parse_columns(rtp: RtpColumns) -> JpegColumns:
    """Read the main and restart headers of all packets of a train (RFC 2435 sections 3.1, 3.1.7)."""
    rows = gather(rtp.data, rtp.starts, FRONT_SIZE) if rtp.fronts is None else rtp.fronts
    fields = rows.view(_COLUMN_FIELDS)[:, 0]
    restart = (fields["type"] & 0xC0) == RESTART_TYPE
    data_starts = rtp.starts + np.where(restart, MAIN_SIZE + RESTART_SIZE, MAIN_SIZE)
    offset = fields["offset"].astype(np.int64)
    fragment_offset = offset & 0xFFFFFF
    valid = rtp.valid & (data_starts <= rtp.ends)
    valid &= fragment_offset + (rtp.ends - data_starts) <= LARGEST_SCAN
    return JpegColumns(
        valid,
        offset >> 24,
        fragment_offset,
        fields["description"].astype(np.int64),
        fields["restart_interval"].astype(np.int64),
        fields["chunk"].astype(np.int64),
        data_starts,
    )
