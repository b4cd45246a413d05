"""What is recorded of a frame, and when it is shown in its file.

A file has one time line, which is that of the RTP timestamps: 90 kHz, from its first frame on.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...frame import Frame
from ...rtp import CLOCK_RATE
from ...serial import timestamp_difference

JUMP = 10.0
"""Seconds by which timestamps may say something else than our clock, from one frame to the next."""
LONGEST_GAP = (1 << 31) - 1
"""Ticks for which a container can show one frame: 6.6 hours."""
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as it is recorded: without pixels, which would take many times its size."""

    jpeg: bytes
    width: int
    height: int
    """Pixels."""
    type: int
    """RTP/JPEG type without restart markers: 0 is 4:2:2, 1 is 4:2:0."""
    timestamp: int
    """RTP timestamp, 32 bits."""
    ssrc: int
    arrived_at: float
    """Seconds since 1970 by our clock when its first packet was read."""
    captured_at: float | None = None
    """Seconds since 1970 by the sender's clock."""
    concealed: bool = False
    fresh_share: float = 1.0
    """Share of the restart intervals that came with this frame."""

    @classmethod
    def of(cls, frame: Frame, offset: float) -> Shot:
        """Take a received frame; ``offset`` is the wall clock less the receiver's clock, in seconds."""
        return cls(
            frame.jpeg,
            frame.width,
            frame.height,
            frame.type & 63,
            frame.timestamp,
            frame.ssrc,
            (frame.received_at or 0.0) + offset,
            frame.captured_at,
            frame.concealed,
            frame.fresh_intervals / frame.intervals if frame.intervals else 1.0,
        )


class Timeline:
    """The time line of one file, in ticks of 90 kHz; the first frame is at 0."""

    def __init__(self) -> None:
        self.ticks = 0
        """Where the newest frame stands."""
        self._last: Shot | None = None

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.ticks / CLOCK_RATE

    def continues(self, shot: Shot) -> bool:
        """Return whether a frame belongs in the same file: one sender, one size, one clock.

        A sender that starts anew jumps to other timestamps, and our clock tells that from a gap.
        """
        last = self._last
        if last is None:
            return True
        if (last.ssrc, last.width, last.height, last.type) != (shot.ssrc, shot.width, shot.height, shot.type):
            return False
        step, passed = _step(last, shot), shot.arrived_at - last.arrived_at
        return step <= LONGEST_GAP and abs(step / CLOCK_RATE - passed) <= JUMP

    def after(self, shot: Shot) -> float:
        """Return at how many seconds ``place`` would put a frame."""
        return self._next(shot) / CLOCK_RATE

    def place(self, shot: Shot) -> int:
        """Return the ticks of a frame: a gap stays a gap, and time never steps back."""
        self.ticks = self._next(shot)
        self._last = shot
        return self.ticks

    def _next(self, shot: Shot) -> int:
        return 0 if self._last is None else self.ticks + max(1, _step(self._last, shot))


def _step(last: Shot, shot: Shot) -> int:
    """Return the ticks from one frame to the next; our clock counts how often they wrapped (every 13 h)."""
    step = timestamp_difference(shot.timestamp, last.timestamp)
    passed = (shot.arrived_at - last.arrived_at) * CLOCK_RATE
    return step + _WRAP * round((passed - step) / _WRAP)
