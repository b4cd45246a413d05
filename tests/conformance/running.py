"""The code under test, run the short way: packets in, and everything that came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import rtpjpeg
from rtpjpeg import Frame, FrameDropped, FrameReceived, PacketRejected


@dataclass
class Outcome:
    """What a receiver made of some packets."""

    frames: list[Frame] = field(default_factory=list)
    dropped: list[FrameDropped] = field(default_factory=list)
    rejected: list[PacketRejected] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)

    @property
    def jpegs(self) -> list[bytes]:
        """The files of all frames."""
        return [frame.jpeg for frame in self.frames]

    @property
    def complaints(self) -> str:
        """Every reason that was given, in one text."""
        return "\n".join(
            [str(event.error) for event in self.rejected] + [str(event.reason) for event in self.dropped]
        )

    def take(self, event: object) -> None:
        """Put one event where it belongs."""
        for kind, kept in ((FrameDropped, self.dropped), (PacketRejected, self.rejected)):
            if isinstance(event, kind):
                kept.append(event)
        if isinstance(event, FrameReceived):
            self.frames.append(event.frame)


def events_of(machine: Any) -> Iterator[object]:
    """Take all events that are waiting."""
    while (event := machine.next_event()) is not None:
        yield event


def receive(packets: Iterable[bytes], **options: Any) -> Outcome:
    """Push packets one by one into a ``Depacketizer``, end the input, collect everything."""
    depacketizer, outcome = rtpjpeg.Depacketizer(**options), Outcome()
    for packet in packets:
        depacketizer.push(packet)
    depacketizer.flush()
    for event in events_of(depacketizer):
        outcome.take(event)
    outcome.findings = depacketizer.findings
    return outcome


class Viewer:
    """A ``ReceiverSession`` on a clock that only ``at`` moves."""

    def __init__(self, **options: Any) -> None:
        self.session = rtpjpeg.ReceiverSession(**options)
        self.outcome = Outcome()
        self.now = 100.0

    def take(
        self,
        packets: Iterable[bytes | rtpjpeg.PacketTrain],
        *,
        source: tuple[str, int] = ("192.0.2.1", 4000),
        step: float = 0.0,
    ) -> None:
        """Receive packets, each ``step`` seconds behind the one before."""
        for packet in packets:
            self.session.receive(packet, self.now, source)
            self._collect()
            self.wait(step)

    def wait(self, seconds: float) -> None:
        """Let time pass, with every timer that comes due."""
        end = self.now + seconds
        while (timer := self.session.next_timer()) is not None and timer <= end:
            self.now = max(self.now, timer)
            self.session.handle_timer(self.now)
            self._collect()
        self.now = end

    def _collect(self) -> None:
        for event in events_of(self.session):
            self.outcome.take(event)
