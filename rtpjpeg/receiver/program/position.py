"""Where a program is in a stream: frames handed out, and the time from the first of them to the newest."""

from __future__ import annotations

from ...frame import Frame
from ...rtp import CLOCK_RATE
from ...serial import timestamp_difference

LONGEST_STEP = 60 * CLOCK_RATE
"""Timestamp units; what is farther away is not of the same clock."""


class Position:
    """Adds up the RTP timestamps of frames; where a sender has begun anew, the times of arrival."""

    def __init__(self) -> None:
        self.frames = 0
        self.milliseconds = 0.0
        """Since the first frame."""
        self._before: Frame | None = None

    def advance(self, frame: Frame) -> None:
        """Take the next frame."""
        before, self._before = self._before, frame
        self.frames += 1
        if before is not None:
            self.milliseconds += self._step(before, frame) * 1000

    def _step(self, before: Frame, frame: Frame) -> float:
        ticks = timestamp_difference(frame.timestamp, before.timestamp)
        if frame.ssrc == before.ssrc and 0 < ticks <= LONGEST_STEP:
            return ticks / CLOCK_RATE
        return max(0.0, (frame.received_at or 0.0) - (before.received_at or 0.0))
