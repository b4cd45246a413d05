"""The packets of one frame, in order, on their way to one scan.

Pieces are kept as views of the trains they came in and are joined once, at the end. The order of
packets is settled before they come here; what is judged here is whether they fit each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import quirks
from .payload import TABLE_HEADER_SIZE, JpegColumns, QuantizationTableHeader
from .rtp import RtpColumns
from .train import Flags

_WHOLE_FILE = b"\xff\xd8\xff"
_FIRST, _LAST, _COUNT = 0x8000, 0x4000, 0x3FFF


@dataclass(slots=True)
class PacketColumns:
    """Headers of a train as the stream needs them."""

    rtp: RtpColumns
    jpeg: JpegColumns


@dataclass(slots=True)
class Fragments:
    """What has come of one frame."""

    timestamp: int
    type_specific: int
    description: int
    """Type, Q, width and height as they stand on the wire."""
    restart_interval: int
    sequence_number: int
    """Of the first packet that came, 16 bits."""
    arrived: float
    offsets: list[int] = field(default_factory=list)
    pieces: list[memoryview] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    """F, L and restart count of each packet."""
    header_sizes: list[int] = field(default_factory=list)
    holes: set[int] = field(default_factory=set)
    """Indices of packets in front of which something is missing."""
    size: int = 0
    """Bytes of data."""
    packets: int = 0
    """How many came, those that do not fit included."""
    quantization: QuantizationTableHeader | None = None
    table_header: bytes = b""
    """The quantisation table header of the first packet as it came."""
    whole_file: bool = False
    refused: str = ""
    """Why the frame was given up before its end; its further packets are not kept."""
    findings: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, columns: PacketColumns, index: int, arrived: float) -> Fragments:
        """Open a frame with the packet at ``index``; the packet itself is added by ``add``."""
        rtp, jpeg = columns.rtp, columns.jpeg
        return cls(
            int(rtp.timestamp[index]),
            int(jpeg.type_specific[index]),
            int(jpeg.description[index]),
            int(jpeg.restart_interval[index]),
            int(rtp.sequence_number[index]),
            arrived,
        )

    @property
    def type(self) -> int:
        """RTP/JPEG type (RFC 2435 section 3.1.3)."""
        return self.description >> 24

    @property
    def q(self) -> int:
        """Q (RFC 2435 section 3.1.4)."""
        return self.description >> 16 & 0xFF

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height in pixels as the header says, multiples of 8."""
        return (self.description >> 8 & 0xFF) * 8, (self.description & 0xFF) * 8

    @property
    def has_restart_header(self) -> bool:
        """Types 64 to 127 (RFC 2435 section 3.1.3)."""
        return 64 <= self.type <= 127

    def add(self, columns: PacketColumns, first: int, stop: int, lost: bool) -> None:
        """Take the packets ``first`` to ``stop`` - 1 of a train; ``lost`` says one is missing before them.

        Raises ``MalformedPacketError`` when the table header of a first packet is broken.
        """
        rtp, jpeg = columns.rtp, columns.jpeg
        self.packets += stop - first
        if self.refused:
            return
        if lost and self.pieces:
            self.holes.add(len(self.pieces))
        alike = self._alike(columns, first, stop)
        if not alike.all():
            self._add_one_by_one(columns, first, alike)
            return
        starts = jpeg.data_starts[first:stop].tolist()
        headers = (jpeg.data_starts[first:stop] - rtp.starts[first:stop]).tolist()
        ends = rtp.ends[first:stop].tolist()
        offsets = jpeg.fragment_offset[first:stop].tolist()
        view = rtp.data.data
        if offsets[0] == 0 and not self.whole_file:
            skipped = self._read_front(view[starts[0] : ends[0]])
            starts[0] += skipped
            headers[0] += skipped
        self.offsets += offsets
        self.header_sizes += headers
        self.pieces += [view[start:end] for start, end in zip(starts, ends, strict=True)]
        self.size += sum(ends) - sum(starts)
        if self.has_restart_header:
            self.chunks += jpeg.chunk[first:stop].tolist()

    def _alike(self, columns: PacketColumns, first: int, stop: int) -> Flags:
        """Tell which packets carry the headers of this frame.

        RFC 2435, section 3.1: "All fields in this header except for the Fragment Offset field MUST
        remain the same in all packets that correspond to the same JPEG frame."
        """
        jpeg = columns.jpeg
        alike: Flags = jpeg.valid[first:stop] & (jpeg.description[first:stop] == self.description)
        alike &= jpeg.type_specific[first:stop] == self.type_specific
        if not alike.all() and quirks.HEADER_CHANGES not in self.findings:
            self.findings.append(quirks.HEADER_CHANGES)
        if self.has_restart_header:
            same = jpeg.restart_interval[first:stop] == self.restart_interval
            if not same.all() and quirks.INTERVAL_CHANGES not in self.findings:
                self.findings.append(quirks.INTERVAL_CHANGES)
            alike &= same
        return alike

    def _add_one_by_one(self, columns: PacketColumns, first: int, alike: Flags) -> None:
        """Leave out the packets that do not belong; each is a hole."""
        lost = False
        for index, belongs in enumerate(alike.tolist(), first):
            if belongs:
                self.add(columns, index, index + 1, lost)
            lost = not belongs
        if lost:
            self.holes.add(len(self.pieces))

    def _read_front(self, payload: memoryview) -> int:
        """Read what stands between the main headers and the data; return how long it is."""
        if payload[:3] == _WHOLE_FILE:
            self.whole_file = True
        elif self.q >= 128:
            self.quantization = QuantizationTableHeader.parse(bytes(payload[: TABLE_HEADER_SIZE + 0xFFFF]))
            size = self.quantization.size
            self.table_header = bytes(payload[:size])
            self.whole_file = payload[size : size + 3] == _WHOLE_FILE
            return size
        return 0

    def refuse(self, reason: str) -> None:
        """Give the frame up and let go of what it holds."""
        self.refused = reason
        for column in (self.offsets, self.pieces, self.chunks, self.header_sizes):
            column.clear()

    def fit(self) -> bool:
        """Return True when the pieces cover the scan from its first byte without hole or overlap.

        Undoes the two quirks of real cameras that put a false gap or a false overlap between packets.
        """
        if not self.offsets or self.offsets[0] != 0 or self.holes:
            return False
        sizes = [len(piece) for piece in self.pieces]
        if self._contiguous(sizes):
            return True
        payload_sizes = [size + header for size, header in zip(sizes, self.header_sizes, strict=True)]
        if quirks.counts_headers(self.offsets, payload_sizes):
            self.findings.append(quirks.OFFSETS_COUNT_HEADERS)
            return True
        if quirks.repeats_tables(self.table_header, self.pieces[1:]):
            self.findings.append(quirks.TABLES_REPEATED)
            self.pieces[1:] = [piece[len(self.table_header) :] for piece in self.pieces[1:]]
            return self._contiguous([len(piece) for piece in self.pieces])
        return False

    def _contiguous(self, sizes: list[int]) -> bool:
        position = 0
        for offset, size in zip(self.offsets, sizes, strict=True):
            if offset != position:
                return False
            position += size
        return True

    def whole_chunks(self) -> Iterator[tuple[int, bytes]]:
        """Yield restart count and data of each chunk that came whole.

        RFC 2435, section 4.4: "either a single packet with both the F and L bits set on or a
        contiguous sequence of packets (based on the RTP sequence number) which begin with an F bit
        and end with an L bit".
        """
        parts: list[memoryview] = []
        count = -1
        for index, (chunk, piece) in enumerate(zip(self.chunks, self.pieces, strict=True)):
            if index in self.holes or chunk & _COUNT != count:
                parts, count = [], -1
            if chunk & _FIRST:
                parts, count = [], chunk & _COUNT
            if count < 0:
                continue
            parts.append(piece)
            if chunk & _LAST:
                yield count, b"".join(parts)
                parts, count = [], -1

    @property
    def aligned(self) -> bool:
        """True when the packets carry whole restart intervals (RFC 2435 section 3.1.7)."""
        return bool(self.chunks) and all(chunk & _COUNT != _COUNT for chunk in self.chunks)
