"""How old a picture is when it has been decoded, and where the time went.

A frame that tells when it was captured (``rtpjpeg.clock``) is dated by that, another one by the strip in the
picture itself. Where there are both, both are kept: they have nothing in common but the sender's clock.

The sender's clock is not ours. On one machine they are one. Between machines every figure that begins at
the sender holds the difference of the clocks, which cannot be known from packets that go one way; what is
known is that the fastest packet took no less than no time. A figure that cannot be true is not given.
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

STAGES = ("encode", "send", "network", "transport", "assembly", "queue", "decode", "show")
"""Capture to JPEG (of a file there is none), from there to packets, packets to the first one here; these
three together, which is all that a strip tells; first packet to last, last packet to the decoder, the
decoder, and decoded to shown."""


class Latency:
    """Collects the ages of one stream's pictures, and the stages that they are made of."""

    def __init__(self) -> None:
        self.total = Samples()
        """Capture to decoded."""
        self.by_strip = Samples()
        """The same, as the strip in the picture says."""
        self.stages = {name: Samples() for name in STAGES}
        self.frame_number: int | None = None
        """What the strip of the newest picture says."""
        self.newest: float | None = None
        """Age of the newest picture in seconds; None where it is not known."""
        self.clock_difference: float | None = None
        """Seconds, when a picture gives an age that cannot be true."""

    def measure(
        self, frame: Frame, image: Image, began: float, ended: float, wall_time: Callable[[], float]
    ) -> None:
        """Count a picture that was decoded from ``began`` to ``ended``, monotonic seconds of the receiver.

        ``wall_time`` gives seconds since 1970; it is asked once, at once.
        """
        now = wall_time()
        self._count("assembly", frame.received_at, frame.completed_at)
        self._count("queue", frame.completed_at, began)
        self._count("decode", began, ended)
        by_strip = self._read_strip(image)
        captured_at = by_strip if frame.captured_at is None else frame.captured_at
        self.newest = None
        if captured_at is None or not self._is_possible(now - captured_at):
            return
        self.newest = now - captured_at
        self.total.add(self.newest)
        if by_strip is not None:
            self.by_strip.add(now - by_strip)
        if frame.received_at is not None:
            self._count_way(frame, captured_at, frame.received_at + now - ended)

    def shown(self, decoded_at: float, now: float) -> None:
        """Count a picture that was decoded at ``decoded_at`` and shown at ``now``, monotonic seconds."""
        self._count("show", decoded_at, now)

    def stages_ms(self) -> dict[str, Any] | None:
        """Return p50, p95, p99 and max in milliseconds for each stage; None without a measurement."""
        found = {name: samples.summary() for name, samples in self.stages.items() if len(samples)}
        return found or None

    def recent_ms(self, count: int) -> tuple[dict[str, float] | None, dict[str, Any]]:
        """Return the same of the newest ``count`` pictures: of the whole, and of each stage."""
        stages = {name: samples.recent(count) for name, samples in self.stages.items() if len(samples)}
        return self.total.recent(count), stages

    def statistics(self) -> dict[str, Any]:
        """Return the figures under the names that ``rtpjpeg-view --json`` prints."""
        return {
            "latency_ms": self.total.summary(),
            "strip_latency_ms": self.by_strip.summary(),
            "stages_ms": self.stages_ms(),
        }

    def clock_offset_ms(self, same_clock: bool | None) -> float | None:
        """Return how far our clock may be ahead of the sender's, at most, in milliseconds.

        It is 0 where both are one clock. Else it is the time of the fastest packet, which is the offset and
        the time that the packet took; None where that is not known.
        """
        if same_clock:
            return 0.0
        return None if same_clock is None or self.fastest is None else round(self.fastest * 1000, 3)

    @property
    def fastest(self) -> float | None:
        """Seconds from sent to received of the fastest of the newest frames; None where it is not known.

        It is the difference of the clocks, ours less the sender's, and the time that the packet took.
        """
        return self.stages["network"].smallest()

    def _read_strip(self, image: Image) -> float | None:
        reading = read_strip(image)
        if reading is None:
            return None
        self.frame_number = reading.frame_number
        return reading.captured_at_us / 1e6

    def _is_possible(self, age: float) -> bool:
        possible = 0 <= age <= LONGEST
        if not possible:
            self.clock_difference = age
        return possible

    def _count_way(self, frame: Frame, captured_at: float, arrived: float) -> None:
        """Count the stages up to the first packet, seconds since 1970 by two clocks; they may be negative."""
        self.stages["transport"].add(arrived - captured_at)
        if frame.encoded_at is not None:
            self.stages["encode"].add(frame.encoded_at - captured_at)
        if frame.sent_at is not None:
            begun = captured_at if frame.encoded_at is None else frame.encoded_at
            self.stages["send"].add(frame.sent_at - begun)
            self.stages["network"].add(arrived - frame.sent_at)

    def _count(self, name: str, began: float | None, ended: float | None) -> None:
        if began is not None and ended is not None:
            self.stages[name].add(max(0.0, ended - began))
