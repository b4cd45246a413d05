"""Our sender, a link that loses packets and our receiver, on a clock that is made up.

The sender paces as ``rtpjpeg-send`` does, the receiver's timers are called at the very time that they ask
for, and what comes is shown through the viewer's painter. So every figure is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import simplejpeg

from lab.quality import Luma, luma_of
from lab.scenes import FRAMES_A_SECOND
from rtpjpeg import Frame, FrameReceived, PacketTrain, ReceiverSession, SenderSession
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.receiver.painter import Painter
from rtpjpeg.sender.pacer import Pacer

NEVER = float("inf")
_TICKS = 90_000 // FRAMES_A_SECOND


class Burst(NamedTuple):
    """Packets that leave the link together."""

    leaves: float
    packets: list[bytes]


class Road:
    """A sender, its pacer and a link: iterate over the bursts that come out at the end.

    ``jpegs`` are sent at 30 frames a second. ``sent_at`` says when the last packet of each left the sender.
    The first one passes whole, so that every receiver has a picture to hold.
    """

    def __init__(self, jpegs: list[bytes], impairment: Impairment) -> None:
        self.link = Link(impairment)
        self.session = SenderSession(ssrc=1, sequence_number=0, timestamp_offset=0)
        self.sent_at: list[float] = []
        self._jpegs = jpegs
        self._pacer = Pacer()

    def __iter__(self) -> Iterator[Burst]:
        for number, jpeg in enumerate(self._jpegs):
            at = number / FRAMES_A_SECOND
            yield from self._go_on(at)
            self._pacer.load(self.session.send_frame(jpeg, at, at), at)
            self.sent_at.append(at)
        yield from self._go_on(NEVER)

    def _go_on(self, until: float) -> Iterator[Burst]:
        """Do what is due before ``until``, in the order of time."""
        while (now := _first(self._pacer.next_timer(), self.link.next_timer())) < until:
            packets = []
            if self._pacer.next_timer() == now:
                packets = self._send(self._pacer.take(), now)
                self._pacer.sent(now)
                self.sent_at[-1] = now
            packets += self.link.receive(now)
            if packets:
                yield Burst(now, packets)

    def _send(self, burst: PacketTrain, now: float) -> list[bytes]:
        """Put a burst on the link; return what goes past it."""
        if len(self.sent_at) == 1:
            return list(burst)
        self.link.send(burst, now)
        return []


def receive(bursts: Iterable[Burst]) -> Iterator[Frame]:
    """Yield the frames that our receiver makes of what comes."""
    session = ReceiverSession()
    for burst in bursts:
        while (due := _first(session.next_timer())) < burst.leaves:
            session.handle_timer(due)
            yield from _frames(session)
        session.receive(PacketTrain.from_packets(burst.packets), burst.leaves)
        yield from _frames(session)
    while (due := _first(session.next_timer())) < NEVER:
        session.handle_timer(due)
        yield from _frames(session)


def _first(*times: float | None) -> float:
    return min((time for time in times if time is not None), default=NEVER)


def _frames(session: ReceiverSession) -> Iterator[Frame]:
    while (event := session.next_event()) is not None:
        if isinstance(event, FrameReceived):
            yield event.frame


@dataclass(slots=True)
class Watched:
    """What a viewer saw of one run."""

    numbers: list[int]
    """The frames, in the order in which they were shown."""
    shown: dict[int, Luma]
    """Their pictures; a clip of 150 takes 46 MB."""
    filed: dict[int, Luma]
    """What their JPEG files hold, without the painter."""
    whole: set[int]
    """Numbers of those that were not concealed."""
    delays: list[float]
    """Seconds from the last packet's leaving the sender to the frame, for each frame."""
    ages: list[float]
    """Age of the oldest restart interval in frames; of frames of which every part has been seen."""
    fresh: float
    """Share of restart intervals that came with their frame."""
    warnings: list[str]
    """What a strict decoder says."""
    lost: float
    """Share of packets that the link lost."""


def watch(jpegs: list[bytes], impairment: Impairment) -> Watched:
    """Send JPEGs over a link, and look at what comes."""
    road = Road(jpegs, impairment)
    painter = Painter()
    seen = Watched([], {}, {}, set(), [], [], 0.0, [], 0.0)
    intervals = fresh = 0
    for frame in receive(road):
        number = frame.timestamp // _TICKS
        _look(seen, number, frame, painter)
        seen.delays.append((frame.completed_at or NEVER) - road.sent_at[number])
        intervals += frame.intervals
        fresh += frame.fresh_intervals
    seen.fresh = fresh / intervals if intervals else 0.0
    seen.lost = road.link.packets_lost / road.link.packets_offered
    return seen


def _look(seen: Watched, number: int, frame: Frame, painter: Painter) -> None:
    frame.decoder = painter
    seen.numbers.append(number)
    seen.shown[number] = luma_of(frame.image)
    try:
        seen.filed[number] = luma_of(simplejpeg.decode_jpeg(frame.jpeg, colorspace="BGR", strict=True))
    except ValueError as error:
        seen.warnings.append(f"frame {number}: {error}")
    if not frame.concealed:
        seen.whole.add(number)
    if frame.oldest_interval < NEVER:
        seen.ages.append(frame.oldest_interval * FRAMES_A_SECOND)
