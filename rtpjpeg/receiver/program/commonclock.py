"""When the frames of two cameras were taken, on one clock for both.

The sender's clock says when a frame was taken, where its stream tells it. Where one of two streams tells
nothing, only the time of arrival is common to both.
"""

from __future__ import annotations

from ...frame import Frame

GRACE = 10
"""Frames of a stream that may come without a time before it is taken for one that tells none."""


class CommonClock:
    """Gives times of one clock for the frames of two streams."""

    def __init__(self) -> None:
        self.by_arrival = False
        """True while one of the streams tells no times."""
        self._without = [0, 0]
        """Frames of each stream since it last told a time."""

    def time_of(self, camera: int, frame: Frame) -> float | None:
        """Return the time of a frame of stream 0 or 1, in seconds; None while nothing is known yet.

        Where ``by_arrival`` has changed, it is of another clock than the times before.
        """
        self._without[camera] = 0 if frame.captured_at is not None else self._without[camera] + 1
        self.by_arrival = max(self._without) >= GRACE
        return frame.received_at if self.by_arrival else frame.captured_at
