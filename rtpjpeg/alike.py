"""A train of one piece of one frame, read without numpy.

``AlikePackets`` are packets in sequence, equal in all that RFC 2435 section 3.1 wants equal. Nearly every
train of a steady stream is one, and then a handful of numbers says everything. Beside a camera's pace the
caches are cold whenever a train comes, and seventy small numpy calls cost four times what they cost in a
loop.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

import numpy as np

from .payload import LARGEST_SCAN, MAIN_SIZE, RESTART_SIZE
from .rtp import HEADER_SIZE
from .train import Flags, PacketTrain

# Version to payload type, sequence number, timestamp and SSRC, type-specific and offset, type to
# height, restart interval, F L and restart count: a packet without CSRC list, extension and padding.
_ROW = struct.Struct(">HHQIIHH")
_PLAIN, _EXTENDED = 0x80, 0x90
"""First byte of a packet without CSRC list and padding, and of one that has an extension."""
_MARKER = 0x0080


class FrameFields(NamedTuple):
    """What is equal in all packets of a frame (RFC 2435 section 3.1)."""

    timestamp: int
    type_specific: int
    description: int
    """Type, Q, width and height as they stand on the wire."""
    restart_interval: int

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
        return 64 <= self.description >> 24 <= 127


class Pieces(NamedTuple):
    """Where the data of packets stands, one entry a packet in each list."""

    offsets: list[int]
    header_sizes: list[int]
    """Bytes of main and restart header."""
    starts: list[int]
    ends: list[int]
    chunks: list[int]
    """F, L and restart count as they stand on the wire; without restart header they say nothing."""


@dataclass(slots=True)
class AlikePackets:
    """A train of packets that follow each other in sequence and in one frame."""

    view: memoryview
    payload_type: int
    ssrc: int
    number: int
    """Sequence number of the first packet."""
    shared: FrameFields
    ended: bool
    """Marker bit of the last packet; the others have none."""
    places: Pieces
    front: bytes = b""
    """The RTP header extension of the first packet; the others have none."""

    def first_ssrc(self, payload_type: int) -> int | None:
        """Return the SSRC of the first packet of this payload type, None without one."""
        return self.ssrc if self.payload_type == payload_type else None

    def all_usable(self, payload_type: int, ssrc: int) -> bool:
        """Tell whether every packet is whole and of this stream."""
        return self.payload_type == payload_type and self.ssrc == ssrc

    def usable(self, payload_type: int, ssrc: int) -> Flags:
        """Tell which packets are whole and of this stream."""
        return np.full(len(self.places.offsets), self.all_usable(payload_type, ssrc))

    def runs(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where the sequence number is not the next one."""
        return [(first, stop)]

    instants = frames = runs

    def sequence_number(self, index: int) -> int:
        """Return the 16-bit sequence number of a packet."""
        return (self.number + index) & 0xFFFF

    def timestamp(self, index: int) -> int:
        """Return the timestamp of a packet."""
        return self.shared.timestamp

    def marker(self, index: int) -> bool:
        """Return the marker bit of a packet."""
        return self.ended and index == len(self.places.offsets) - 1

    def fragment_offset(self, index: int) -> int:
        """Return the fragment offset of a packet."""
        return self.places.offsets[index]

    def extension(self, index: int) -> bytes:
        """Return the whole RTP header extension of a packet, empty without one."""
        return self.front if index == 0 else b""

    def fields(self, index: int) -> FrameFields:
        """Return what must be equal in all packets of the frame of this one."""
        return self.shared

    def share(self, first: int, stop: int, fields: FrameFields) -> bool:
        """Tell whether all these packets have the main header and the restart interval of a frame."""
        return self._main(fields) and self._interval(fields)

    def belonging(self, first: int, stop: int, fields: FrameFields) -> tuple[Flags, Flags]:
        """Tell which packets have the main header, and which the restart interval, of a frame."""
        return np.full(stop - first, self._main(fields)), np.full(stop - first, self._interval(fields))

    def _main(self, fields: FrameFields) -> bool:
        return self.shared[1:3] == fields[1:3]

    def _interval(self, fields: FrameFields) -> bool:
        return not fields.has_restart_header or self.shared.restart_interval == fields.restart_interval

    def pieces(self, first: int, stop: int) -> Pieces:
        """Return where the data of packets stands."""
        if stop - first == len(self.places.offsets):
            return self.places
        return Pieces(*(column[first:stop] for column in self.places))


def read_alike(train: PacketTrain) -> AlikePackets | None:
    """Read a train whose packets differ in sequence number, offset and chunk only; None for another.

    The first packet may have a header extension.
    """
    begins, ends = train.spans()
    view = train.data.data
    if min(map(sub, ends, begins)) < _ROW.size:
        return None
    front = _front(view, begins[0]) if view[begins[0]] == _EXTENDED else 0
    if ends[0] - begins[0] < _ROW.size + front:
        return None
    # Timestamp and SSRC of the first two and the last: most trains of another kind are told by them.
    if len({bytes(view[begin + 4 : begin + 12]) for begin in (*begins[:2], begins[-1])}) > 1:
        return None
    heads = [view[begin : begin + _ROW.size] for begin in begins]
    if front:
        heads[0] = _without_extension(view, begins[0], front)
    rows = b"".join(heads)
    firsts, numbers, sources, words, descriptions, intervals, chunks = zip(
        *_ROW.iter_unpack(rows), strict=True
    )
    fields = FrameFields(sources[0] >> 32, words[0] >> 24, descriptions[0], intervals[0])
    restart = fields.has_restart_header
    offsets = [word & 0xFFFFFF for word in words]
    if not (
        _same_fronts(firsts)
        and numbers == tuple(range(numbers[0], numbers[0] + len(numbers)))
        and sources.count(sources[0]) == descriptions.count(descriptions[0]) == len(numbers)
        and max(words) >> 24 == min(words) >> 24
        and 0 not in offsets[1:]
        and max(offsets) + max(map(sub, ends, begins)) <= LARGEST_SCAN
        and (not restart or intervals.count(intervals[0]) == len(numbers))
    ):
        return None
    size = MAIN_SIZE + RESTART_SIZE if restart else MAIN_SIZE
    starts = [begin + HEADER_SIZE + size for begin in begins]
    starts[0] += front
    places = Pieces(offsets, [size] * len(starts), starts, ends, list(chunks))
    ended = bool(firsts[-1] & _MARKER)
    extension = bytes(view[begins[0] + HEADER_SIZE : begins[0] + HEADER_SIZE + front])
    ssrc = sources[0] & 0xFFFF_FFFF
    return AlikePackets(view, firsts[0] & 0x7F, ssrc, numbers[0], fields, ended, places, extension)


def _front(view: memoryview, begin: int) -> int:
    """Return the size of the header extension of a packet, its first four bytes included."""
    return 4 + 4 * int.from_bytes(view[begin + HEADER_SIZE + 2 : begin + HEADER_SIZE + 4], "big")


def _without_extension(view: memoryview, begin: int, size: int) -> memoryview:
    """Return the first bytes of a packet as they would be without its header extension."""
    payload = begin + HEADER_SIZE + size
    head = bytearray(view[begin : begin + HEADER_SIZE])
    head[0] = _PLAIN
    return memoryview(head + view[payload : payload + _ROW.size - HEADER_SIZE])


def _same_fronts(firsts: tuple[int, ...]) -> bool:
    """Tell whether version to payload type are plain and equal, but for a marker in the last packet."""
    plain = firsts[0] & ~_MARKER if len(firsts) == 1 else firsts[0]
    return (
        plain & 0xFF80 == 0x8000
        and firsts[:-1].count(plain) == len(firsts) - 1
        and firsts[-1] & ~_MARKER == plain
    )
