"""Which frames are looked into, and what is kept of them to be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...train import Column, Flags
from ..content import Examined, Examiner, FramePackets
from ..findings import Findings
from ..model import Picture, Timing
from ..tables import TableRules
from .frames import Frames
from .restarts import misplaced
from .timing import MILLISECOND

FIRST = 50
"""Frames of a stream that are looked into in any case."""
SUSPECTS = 200
"""Frames with another finding that are looked into besides, unless all are."""


@dataclass(slots=True)
class Looked:
    """A frame that was put together."""

    ssrc: int
    number: int
    """In the stream, from 0."""
    timestamp: int
    time: int
    """Nanoseconds since 1970 of its first packet."""
    packet: int
    """Number of its first packet in the capture."""
    examined: Examined


class Looks:
    """Looks into frames of one stream: the first ones, those with another finding, or all of them.

    ``deep`` decodes every frame; ``deliver`` is handed every frame that could be put together.
    """

    def __init__(
        self,
        findings: Findings,
        ssrc: int,
        deep: bool = False,
        deliver: Callable[[Looked], object] | None = None,
    ) -> None:
        self._findings = findings
        self._ssrc = ssrc
        self._deep = deep
        self._deliver = deliver
        self._tables = TableRules(findings, ssrc)
        self._examiner = Examiner(findings, self._tables.tables)
        self._frames = self._suspects = self._dark = 0
        self._first: Looked | None = None
        self._worst: tuple[int, int, Looked] | None = None
        self._first_timing: Timing | None = None
        self._slowest: Timing | None = None

    @property
    def notices(self) -> list[str]:
        """Sentences about what could not be looked at."""
        return self._examiner.notices

    @property
    def tables_once(self) -> bool:
        """Tell whether a frame needs the tables of an earlier one."""
        return self._tables.reused

    @property
    def unseen(self) -> bool:
        """Tell whether the capture cut a packet short of each frame."""
        return self._frames == self._dark > 0

    def look(self, frames: Frames, suspect: Flags) -> None:
        """Take frames in their order; ``suspect`` are those with another finding."""
        packets = frames.packets
        fronts = (packets.q >= 128) & (packets.offset == 0) & ~packets.cut_short
        dark = frames.sums(packets.cut_short.astype(np.int64)) > 0
        self._dark += int(dark.sum())
        front = 0
        places = np.flatnonzero(fronts).tolist()
        doubtful = suspect | ~frames.whole
        for index in range(len(frames)):
            last = int(frames.last[index])
            while front < len(places) and places[front] <= last:
                self._tables.check(packets.body(places[front]), int(packets.numbers[places[front]]))
                front += 1
            if not dark[index]:
                decode = self._wanted(bool(doubtful[index]))
                if decode or self._deliver is not None:
                    self._examine(frames, index, decode)
            self._frames += 1

    def _wanted(self, doubtful: bool) -> bool:
        """Tell whether the next frame is decoded."""
        if self._deep or self._frames < FIRST:
            return True
        self._suspects += doubtful
        return doubtful and self._suspects <= SUSPECTS

    def _examine(self, frames: Frames, index: int, decode: bool) -> None:
        span, packets = frames.span(index), frames.packets
        numbers = packets.numbers[span].tolist()
        parts = [packets.packet(place) for place in range(span.start, span.stop)]
        whole = bool(frames.whole[index]) and packets.offset[span.start] == 0
        if whole:
            parts = _evened(_renumbered(parts), (packets.payload - packets.starts)[span].tolist())
        examined = self._examiner.examine(FramePackets(self._ssrc, parts, numbers, whole), decode)
        if whole:
            self._check_counts(frames, span)
        self._time(packets.times[span], min(numbers))
        time, timestamp = int(packets.times[span].min()), int(packets.timestamp[span.start])
        self._keep(Looked(self._ssrc, self._frames, timestamp, time, min(numbers), examined), len(parts))

    def _time(self, times: Column, packet: int) -> None:
        """Keep when the packets of the first frame came, and those of the one that took longest."""
        offsets = np.sort(times - times.min()) / MILLISECOND
        if self._first_timing is None:
            self._first_timing = Timing("first", packet, offsets.tolist())
        elif self._slowest is None or offsets[-1] > self._slowest.offsets[-1]:
            self._slowest = Timing("slowest", packet, offsets.tolist())

    def timings(self) -> list[Timing]:
        """Return the first frame and, of those looked into, the one that took longest to come."""
        return [timing for timing in (self._first_timing, self._slowest) if timing is not None]

    def _check_counts(self, frames: Frames, span: slice) -> None:
        """Compare restart counts with the markers; where the headers alone are wrong, that was told."""
        packets = frames.packets.take(span)
        if packets.interval[0] <= 0 or "J-044" in self._findings.of(self._ssrc):
            return
        wrong = misplaced(packets)
        if wrong is not None:
            self._findings.add("J-044", self._ssrc, int(packets.numbers[wrong[0]]), wrong[1])

    def _keep(self, looked: Looked, packets: int) -> None:
        if self._deliver is not None:
            self._deliver(looked)
        examined = looked.examined
        if examined.jpeg is None:
            return
        self._first = self._first or looked
        rank = len(examined.flaws), -packets
        if examined.flaws and (self._worst is None or rank > self._worst[:2]):
            self._worst = *rank, looked

    def pictures(self) -> list[Picture]:
        """Return the first frame, and the one with the most flaws where there is one."""
        kept = [("first", self._first), ("worst", self._worst[2] if self._worst else None)]
        return [
            Picture(label, looked.packet, looked.examined.jpeg, looked.examined.flaws)
            for label, looked in kept
            if looked is not None and looked.examined.jpeg is not None
        ]


def _renumbered(packets: list[bytes]) -> list[bytes]:
    """Return the packets of a whole frame with numbers that count up, for a sender that counts wrong."""
    first = int.from_bytes(packets[0][2:4], "big")
    numbers = [(first + index & 0xFFFF).to_bytes(2, "big") for index in range(len(packets))]
    if all(packet[2:4] == number for packet, number in zip(packets, numbers, strict=True)):
        return packets
    return [packet[:2] + number + packet[4:] for packet, number in zip(packets, numbers, strict=True)]


def _evened(packets: list[bytes], payloads: list[int]) -> list[bytes]:
    """Return the packets of a frame with the main header of the first one in each, but for the offset."""
    first = packets[0][payloads[0] :]
    front, rest = first[:1], first[4:8]
    return [
        packet
        if packet[place] == front[0] and packet[place + 4 : place + 8] == rest
        else packet[:place] + front + packet[place + 1 : place + 4] + rest + packet[place + 8 :]
        for packet, place in zip(packets, payloads, strict=True)
    ]
