"""The packets of one frame, in order, on their way to one scan.

Pieces are kept as views of the trains they came in and are joined once, at the end. The order of
packets is settled before they come here; what is judged here is whether they fit each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import quirks
from .packets import FrameFields, Packets
from .payload import TABLE_HEADER_SIZE, QuantizationTableHeader

_WHOLE_FILE = b"\xff\xd8\xff"
PACKET_COST = 256
"""Bytes of memory that a packet takes besides its data: its places in the lists of a frame."""
TRAIN_COST = 320
"""Bytes of memory that a train takes besides its data."""
_NOTHING = memoryview(b"")
_FIRST, _LAST, _COUNT = 0x8000, 0x4000, 0x3FFF
_UNALIGNED = frozenset(flags | _COUNT for flags in (0, _LAST, _FIRST, _FIRST | _LAST))


@dataclass(slots=True)
class Fragments:
    """What has come of one frame."""

    fields: FrameFields
    """What all packets of the frame share."""
    sequence_number: int
    """Of the first packet that came, 16 bits."""
    arrived: float
    last_arrived: float
    extension: bytes = b""
    """The RTP header extension of the first packet that came."""
    offsets: list[int] = field(default_factory=list)
    pieces: list[memoryview] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    """F, L and restart count of each packet."""
    header_sizes: list[int] = field(default_factory=list)
    holes: set[int] = field(default_factory=set)
    """Indices of packets in front of which something is missing."""
    size: int = 0
    """Bytes of data."""
    bytes_held: int = 0
    """Bytes of memory that the packets keep from being freed, and their places in the lists."""
    packets: int = 0
    """How many came, those that do not fit included."""
    quantization: QuantizationTableHeader | None = None
    table_header: bytes = b""
    """The quantisation table header of the first packet as it came."""
    whole_file: bool = False
    refused: str = ""
    """Why the frame was given up before its end; its further packets are not kept."""
    findings: list[str] = field(default_factory=list)
    _unaligned: bool = False
    _filled: bool = False
    """True when a piece ends in 0xFF, which is fill, or half of something."""
    _train: Packets | None = None

    @classmethod
    def begin(cls, columns: Packets, index: int, arrived: float) -> Fragments:
        """Open a frame with the packet at ``index``; the packet itself is added by ``add``."""
        number, extension = columns.sequence_number(index), columns.extension(index)
        return cls(columns.fields(index), number, arrived, arrived, extension)

    def add(self, columns: Packets, first: int, stop: int, lost: bool) -> None:
        """Take the packets ``first`` to ``stop`` - 1 of a train; ``lost`` says one is missing before them.

        Raises ``MalformedPacketError`` when the table header of a first packet is broken.
        """
        if self.refused:
            return
        if lost and self.pieces:
            self.holes.add(len(self.pieces))
        if not columns.share(first, stop, self.fields):
            self._add_one_by_one(columns, first, stop)
            return
        offsets, headers, starts, ends, chunks = columns.pieces(first, stop)
        view = columns.view
        pieces = [view[start:end] for start, end in zip(starts, ends, strict=True)]
        skipped = self._read_front(pieces[0]) if offsets[0] == 0 and not self.whole_file else 0
        if skipped:
            pieces[0] = pieces[0][skipped:]
            headers = [headers[0] + skipped, *headers[1:]]
        self.offsets += offsets
        self.header_sizes += headers
        self.pieces += pieces
        self.size += sum(ends) - sum(starts) - skipped
        self._count_memory(columns, stop - first)
        if self.fields.has_restart_header:
            self.chunks += chunks
            self._unaligned = self._unaligned or not _UNALIGNED.isdisjoint(chunks)
            self._filled = self._filled or 0xFF in [view[end - 1] for end in ends]

    def _count_memory(self, columns: Packets, packets: int) -> None:
        """Count a train once: a piece of one packet keeps all of it from being freed."""
        self.bytes_held += PACKET_COST * packets
        if columns is not self._train:
            self._train = columns
            self.bytes_held += columns.view.nbytes + TRAIN_COST

    def _add_one_by_one(self, columns: Packets, first: int, stop: int) -> None:
        """Leave out the packets that do not belong; each is a hole.

        RFC 2435, section 3.1: "All fields in this header except for the Fragment Offset field MUST
        remain the same in all packets that correspond to the same JPEG frame."
        """
        main, interval = columns.belonging(first, stop, self.fields)
        for same, finding in ((main, quirks.HEADER_CHANGES), (interval, quirks.INTERVAL_CHANGES)):
            if not same.all() and finding not in self.findings:
                self.findings.append(finding)
        lost = False
        for index, belongs in enumerate((main & interval).tolist(), first):
            if belongs:
                self.add(columns, index, index + 1, lost)
            lost = not belongs
        if lost:
            self.holes.add(len(self.pieces))

    def _read_front(self, payload: memoryview) -> int:
        """Read what stands between the main headers and the data; return how long it is."""
        if payload[:3] == _WHOLE_FILE:
            self.whole_file = True
        elif self.fields.q >= 128:
            self.quantization = QuantizationTableHeader.parse(bytes(payload[: TABLE_HEADER_SIZE + 0xFFFF]))
            size = self.quantization.size
            self.table_header = bytes(payload[:size])
            self.whole_file = payload[size : size + 3] == _WHOLE_FILE
            return size
        return 0

    def refuse(self, reason: str) -> None:
        """Give the frame up and let go of what it holds."""
        self.refused = reason
        self.let_go()
        for column in (self.offsets, self.chunks, self.header_sizes):
            column.clear()

    def let_go(self) -> None:
        """Free the packets, whose data was joined or is not wanted."""
        self._train, self.bytes_held = None, 0
        self.pieces.clear()

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
        and end with an L bit". Each packet is freed when it has been read.
        """
        self._train = None
        parts: list[memoryview] = []
        count = -1
        for index, (chunk, piece) in enumerate(zip(self.chunks, self.pieces, strict=True)):
            self.pieces[index] = _NOTHING
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

    def without_fill(self) -> list[memoryview]:
        """Return the pieces without the fill bytes at the end of their chunks (RFC 2435 section 3.1.9).

        A sender may fill its packets to one size; the scan that it was given had no such bytes.
        """
        if not (self._filled and self.aligned):
            return self.pieces
        return [
            _without_fill(piece) if chunk & _LAST else piece
            for chunk, piece in zip(self.chunks, self.pieces, strict=True)
        ]

    @property
    def aligned(self) -> bool:
        """True when the packets carry whole restart intervals (RFC 2435 section 3.1.7)."""
        return bool(self.chunks) and not self._unaligned

    @property
    def places_chunks(self) -> bool:
        """True when a packet says that it begins behind the first restart interval."""
        return any(chunk & _COUNT not in (0, _COUNT) for chunk in self.chunks)


def _without_fill(piece: memoryview) -> memoryview:
    return piece[: len(bytes(piece).rstrip(b"\xff"))]
