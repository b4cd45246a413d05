"""The headers of a train, RTP and RTP/JPEG, as the stream asks for them.

Two readers give the same answers. ``PacketColumns`` takes any train, a numpy column for each field.
``AlikePackets`` is a train of one piece of one frame: packets in sequence, equal in all that RFC 2435
section 3.1 wants equal. Nearly every train of a steady stream is one, and then a handful of numbers says
everything. Beside a camera's pace the caches are cold whenever a train comes, and seventy small numpy
calls cost four times what they cost in a loop; ``read_packets`` looks for the simple case first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

import numpy as np

from .payload import LARGEST_SCAN, MAIN_SIZE, RESTART_SIZE, JpegColumns, parse_columns
from .rtp import HEADER_SIZE, RtpColumns, parse_train
from .train import Flags, PacketTrain

# Version to payload type, sequence number, timestamp and SSRC, type-specific and offset, type to
# height, restart interval, F L and restart count: a packet without CSRC list, extension and padding.
_ROW = struct.Struct(">HHQIIHH")
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
class PacketColumns:
    """Any train. Indices count the packets of the train."""

    rtp: RtpColumns
    jpeg: JpegColumns

    @property
    def view(self) -> memoryview:
        """The bytes of the train."""
        return self.rtp.data.data

    def first_ssrc(self, payload_type: int) -> int | None:
        """Return the SSRC of the first packet of this payload type, None without one."""
        wanted = self.rtp.valid & (self.rtp.payload_type == payload_type)
        return int(self.rtp.ssrc[int(wanted.argmax())]) if wanted.any() else None

    def all_usable(self, payload_type: int, ssrc: int) -> bool:
        """Tell whether every packet is whole and of this stream."""
        return bool(self.usable(payload_type, ssrc).all())

    def usable(self, payload_type: int, ssrc: int) -> Flags:
        """Tell which packets are whole and of this stream."""
        rtp = self.rtp
        usable: Flags = rtp.valid & self.jpeg.valid & (rtp.payload_type == payload_type) & (rtp.ssrc == ssrc)
        return usable

    def runs(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where the sequence number is not the next one."""
        numbers = self.rtp.sequence_number[first:stop]
        return _parts(((numbers[1:] - numbers[:-1]) & 0xFFFF) != 1, first, stop)

    def instants(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where the timestamp changes."""
        timestamps = self.rtp.timestamp[first:stop]
        return _parts(timestamps[1:] != timestamps[:-1], first, stop)

    def frames(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where a frame ends or may begin: timestamp, marker, offset 0."""
        rtp = self.rtp
        begins = rtp.timestamp[first + 1 : stop] != rtp.timestamp[first : stop - 1]
        begins |= rtp.marker[first : stop - 1]
        begins |= self.jpeg.fragment_offset[first + 1 : stop] == 0
        return _parts(begins, first, stop)

    def sequence_number(self, index: int) -> int:
        """Return the 16-bit sequence number of a packet."""
        return int(self.rtp.sequence_number[index])

    def timestamp(self, index: int) -> int:
        """Return the timestamp of a packet."""
        return int(self.rtp.timestamp[index])

    def marker(self, index: int) -> bool:
        """Return the marker bit of a packet."""
        return bool(self.rtp.marker[index])

    def fragment_offset(self, index: int) -> int:
        """Return the fragment offset of a packet."""
        return int(self.jpeg.fragment_offset[index])

    def fields(self, index: int) -> FrameFields:
        """Return what must be equal in all packets of the frame of this one."""
        jpeg = self.jpeg
        return FrameFields(
            self.timestamp(index),
            int(jpeg.type_specific[index]),
            int(jpeg.description[index]),
            int(jpeg.restart_interval[index]),
        )

    def share(self, first: int, stop: int, fields: FrameFields) -> bool:
        """Tell whether all these packets have the main header and the restart interval of a frame."""
        main, interval = self.belonging(first, stop, fields)
        return bool(main.all()) and bool(interval.all())

    def belonging(self, first: int, stop: int, fields: FrameFields) -> tuple[Flags, Flags]:
        """Tell which packets have the main header, and which the restart interval, of a frame."""
        jpeg = self.jpeg
        main: Flags = jpeg.description[first:stop] == fields.description
        main &= jpeg.type_specific[first:stop] == fields.type_specific
        if not fields.has_restart_header:
            return main, np.ones(stop - first, np.bool_)
        return main, jpeg.restart_interval[first:stop] == fields.restart_interval

    def pieces(self, first: int, stop: int) -> Pieces:
        """Return where the data of packets stands."""
        rtp, jpeg = self.rtp, self.jpeg
        starts = jpeg.data_starts[first:stop]
        return Pieces(
            jpeg.fragment_offset[first:stop].tolist(),
            (starts - rtp.starts[first:stop]).tolist(),
            starts.tolist(),
            rtp.ends[first:stop].tolist(),
            jpeg.chunk[first:stop].tolist(),
        )


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


Packets = AlikePackets | PacketColumns


def read_packets(train: PacketTrain) -> Packets:
    """Read the headers of a train that is not empty."""
    alike = read_alike(train)
    if alike is not None:
        return alike
    rtp = parse_train(train)
    return PacketColumns(rtp, parse_columns(rtp))


def read_alike(train: PacketTrain) -> AlikePackets | None:
    """Read a train whose packets differ in sequence number, offset and chunk only; None for another."""
    begins, ends = train.spans()
    view = train.data.data
    if min(map(sub, ends, begins)) < _ROW.size:
        return None
    # Timestamp and SSRC of the first two and the last: most trains of another kind are told by them.
    if len({bytes(view[begin + 4 : begin + 12]) for begin in (*begins[:2], begins[-1])}) > 1:
        return None
    rows = b"".join([view[begin : begin + _ROW.size] for begin in begins])
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
    places = Pieces(offsets, [size] * len(starts), starts, ends, list(chunks))
    ended = bool(firsts[-1] & _MARKER)
    return AlikePackets(view, firsts[0] & 0x7F, sources[0] & 0xFFFF_FFFF, numbers[0], fields, ended, places)


def _same_fronts(firsts: tuple[int, ...]) -> bool:
    """Tell whether version to payload type are plain and equal, but for a marker in the last packet."""
    plain = firsts[0] & ~_MARKER if len(firsts) == 1 else firsts[0]
    return (
        plain & 0xFF80 == 0x8000
        and firsts[:-1].count(plain) == len(firsts) - 1
        and firsts[-1] & ~_MARKER == plain
    )


def _parts(cuts: Flags, first: int, stop: int) -> list[tuple[int, int]]:
    """Return the ranges between cuts; entry n of ``cuts`` stands in front of packet first + n + 1."""
    places = (np.flatnonzero(cuts) + first + 1).tolist() if cuts.any() else []
    return list(zip([first, *places], [*places, stop], strict=True))
