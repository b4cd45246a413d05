"""How old a picture is when it has been decoded, read from the strip in the picture itself.

The strip holds the capture time by the wall clock of the sender, so the figure needs both clocks to
agree: on one machine they are one. A figure that cannot be true is not given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..capture.strip import read_strip
from ..frame import Frame
from ..sender.samples import Samples
from .decode import Image

LONGEST = 60.0
"""Seconds; what seems older comes from a clock that is wrong, or from a recording."""

STAGES = ("transport", "assembly", "queue", "decode", "show")
"""Capture to first packet (encoding and sending included), first packet to whole frame, whole frame to
the decoder, the decoder itself, the decoded picture to the screen."""


class Latency:
    """Collects the ages of one stream's pictures, and where the time went."""

    def __init__(self) -> None:
        self.total = Samples()
        self.stages = {name: Samples() for name in STAGES}
        self.frame_number: int | None = None
        """What the strip of the newest picture says."""
        self.newest: float | None = None
        """Age of the newest picture in seconds; None where it is not known."""
        self.clock_difference: float | None = None
        """Seconds, when the strip gives an age that cannot be true."""

    def measure(
        self, frame: Frame, image: Image, began: float, ended: float, wall_time: Callable[[], float]
    ) -> None:
        """Count a picture that was decoded from ``began`` to ``ended``, monotonic seconds of the receiver.

        ``wall_time`` gives seconds since 1970; it is asked once, at once.
        """
        now = wall_time()
        self._count_stage("assembly", frame.received_at, frame.completed_at)
        self._count_stage("queue", frame.completed_at, began)
        self._count_stage("decode", began, ended)
        reading = read_strip(image)
        self.newest = None
        if reading is None:
            return
        self.frame_number = reading.frame_number
        age = now - reading.captured_at_us / 1e6
        if not 0 <= age <= LONGEST:
            self.clock_difference = age
            return
        self.newest = age
        self.total.add(age)
        if frame.received_at is not None:
            self.stages["transport"].add(max(0.0, age - (ended - frame.received_at)))

    def shown(self, decoded_at: float, now: float) -> None:
        """Count a picture that was decoded and is on the screen now, monotonic seconds."""
        self._count_stage("show", decoded_at, now)

    def stages_ms(self) -> dict[str, Any] | None:
        """Return p50, p95, p99 and max in milliseconds for each stage; None without a measurement."""
        found = {name: samples.summary() for name, samples in self.stages.items() if len(samples)}
        return found or None

    def _count_stage(self, name: str, began: float | None, ended: float | None) -> None:
        if began is not None and ended is not None:
            self.stages[name].add(max(0.0, ended - began))
