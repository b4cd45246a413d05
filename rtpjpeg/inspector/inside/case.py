"""One frame on the table: its packets read, in order, with the places where something is missing."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from ...errors import MalformedPacketError
from ...fragments import Fragments
from ...packets import Packets, read_packets
from ...payload import TABLE_HEADER_SIZE
from ...quirks import repeats_tables
from ...rtp import RtpPacket
from ...train import PacketTrain
from ..tables import is_table_header

ANY_Q = 75
"""Where a frame has no tables the standard ones of this Q stand in: the picture has too much contrast or too
little, and everything else is as it was sent."""


@dataclass(slots=True)
class FramePackets:
    """The packets of one frame."""

    ssrc: int
    packets: list[bytes]
    """RTP packets, in the order of their sequence numbers."""
    numbers: list[int]
    """Number in the capture of each."""
    whole: bool
    """No packet is missing."""


@dataclass(slots=True)
class Case:
    """The packets of a frame that can be used."""

    fragments: Fragments
    numbers: list[int]
    """Number in the capture of each packet that is used."""
    whole: bool
    """Nothing is missing, and no packet had to be left out."""
    lost: int = 0
    """Packets known to be missing between those that came."""
    ended: bool = False
    """The marker came."""
    trusted: bool = True
    """Where the scan begins, and in what order it goes on, is certain, so that it can be judged."""
    tables_known: bool = True
    """The quantisation tables are those that the sender told."""
    pieces: list[memoryview] = field(default_factory=list)
    """The data of each packet, table header left out; kept while a decoder's file is made of them."""

    @property
    def first(self) -> int:
        """Number in the capture of the first packet."""
        return self.numbers[0]

    @property
    def headless(self) -> bool:
        """True when the first packet is not here."""
        return self.fragments.offsets[0] != 0

    def number_at(self, place: int) -> int:
        """Return the number in the capture of the packet that holds a byte of the scan."""
        ends = list(accumulate(map(len, self.pieces)))
        return self.numbers[min(bisect_right(ends, place), len(ends) - 1)]

    def take_repeated_tables(self) -> int:
        """Take table headers out of later packets where they are that of the first (RFC 2435 section 3.1.4).

        Return the number in the capture of the first such packet, 0 without one.
        """
        fragments = self.fragments
        header, pieces = fragments.table_header, fragments.pieces
        size = len(header)
        found = 0
        if size <= TABLE_HEADER_SIZE:
            return found
        for index in range(1, len(pieces)):
            if repeats_tables(header, pieces[index : index + 1]):
                found = found or self.numbers[index]
                pieces[index] = pieces[index][size:]
        if found and self.whole:
            self._line_up()
        return found

    def line_up(self) -> bool:
        """Put the pieces of a whole frame one behind the other; return whether their offsets say the same."""
        fit = self.fragments.fit()
        self.trusted = self.trusted and fit
        self._line_up()
        self.pieces = list(self.fragments.without_fill())
        return fit

    def _line_up(self) -> None:
        sizes = [len(piece) for piece in self.fragments.pieces]
        self.fragments.offsets = [0, *accumulate(sizes[:-1])]

    def until_hole(self) -> list[memoryview]:
        """Return the pieces from offset 0 up to the first hole."""
        fragments, position = self.fragments, 0
        for index, (offset, piece) in enumerate(zip(fragments.offsets, fragments.pieces, strict=True)):
            if offset != position or index in fragments.holes:
                return fragments.pieces[:index]
            position += len(piece)
        return fragments.pieces


def open_case(frame: FramePackets) -> Case | None:
    """Read the packets of a frame; None when none can be used."""
    try:
        case = _read(frame)
    except MalformedPacketError:
        case = None
    else:
        if case is None or _front_stands(case.fragments):
            return case
    # What stands where the table header should is none: the scan begins there, as it does with Q 1 to 99.
    case = _read(FramePackets(frame.ssrc, [*_with_any_q(frame.packets)], frame.numbers, frame.whole))
    if case is not None:
        case.trusted = False
    return case


def _front_stands(fragments: Fragments) -> bool:
    return not fragments.table_header or is_table_header(fragments.table_header)


def _with_any_q(packets: list[bytes]) -> list[bytes]:
    made = []
    for packet in packets:
        try:
            rtp = RtpPacket.parse(packet)
        except MalformedPacketError:
            made.append(packet)
            continue
        rtp.payload = rtp.payload[:5] + bytes((ANY_Q,)) + rtp.payload[6:]
        made.append(rtp.serialize())
    return made


def _read(frame: FramePackets) -> Case | None:
    """Read the packets. Raises ``MalformedPacketError`` when the table header is longer than its packet."""
    columns = read_packets(PacketTrain.from_packets(frame.packets))
    payload_type = frame.packets[0][1] & 0x7F if len(frame.packets[0]) > 1 else 0
    usable = columns.usable(payload_type, frame.ssrc).tolist()
    if True not in usable:
        return None
    fragments = Fragments.begin(columns, usable.index(True), 0.0)
    count = len(usable)
    if all(usable) and len(columns.runs(0, count)) == 1 and columns.share(0, count, fragments.fields):
        fragments.add(columns, 0, count, False)
        case = Case(fragments, frame.numbers, frame.whole)
    else:
        case = _one_by_one(frame, columns, fragments, usable)
    case.ended = columns.marker(max(index for index in range(count) if usable[index]))
    return case


def _one_by_one(frame: FramePackets, columns: Packets, fragments: Fragments, usable: list[bool]) -> Case:
    """Read packets with something missing between them, and those that do not belong to the frame."""
    case = Case(fragments, [], frame.whole)
    chosen = [index for index, fit in enumerate(usable) if fit]
    steps = [_step(columns, one, two) for one, two in pairwise(chosen)]
    for index, step in zip(chosen, [1, *steps], strict=True):
        if step == 0:
            continue
        case.lost += step - 1 if step < 1 << 15 else 0
        if not columns.share(index, index + 1, fragments.fields):
            case.whole = False
            fragments.holes.add(len(fragments.pieces))
            continue
        fragments.add(columns, index, index + 1, step != 1)
        case.numbers.append(frame.numbers[index])
    case.whole = case.whole and len(chosen) == len(usable) and not case.lost and not fragments.holes
    return case


def _step(columns: Packets, one: int, two: int) -> int:
    return columns.sequence_number(two) - columns.sequence_number(one) & 0xFFFF
