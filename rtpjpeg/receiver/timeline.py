"""When the frames of two cameras were taken, on one clock for both.

The sender's clock says when a frame was taken, where its packets tell it. A frame that does not tell, of a
stream that does, is placed by its RTP timestamp. Where one of two streams tells nothing, only the time of
arrival is common to both.
"""

from __future__ import annotations

from ..frame import Frame
from ..rtp import CLOCK_RATE
from ..serial import timestamp_difference

GRACE = 10
"""Frames of a stream that may come without a time before it is taken for one that tells none."""
REACH = 10 * CLOCK_RATE
"""Timestamp units over which a time is carried from frame to frame: ten seconds."""


class _Teller:
    """What one stream says of its times."""

    def __init__(self) -> None:
        self.is_mute = False
        self._told: Frame | None = None
        self._without = 0

    def time_of(self, frame: Frame) -> float | None:
        """Return when a frame was taken, seconds since 1970 by the sender's clock; None if it is not told."""
        if frame.captured_at is not None:
            self._told, self._without, self.is_mute = frame, 0, False
            return frame.captured_at
        told = self._told
        if told is not None and told.captured_at is not None and told.ssrc == frame.ssrc:
            difference = timestamp_difference(frame.timestamp, told.timestamp)
            if abs(difference) <= REACH:
                return told.captured_at + difference / CLOCK_RATE
        self._without += 1
        self.is_mute = self._without >= GRACE
        return None


class Timeline:
    """Gives times of one clock for the frames of two streams."""

    def __init__(self) -> None:
        self.by_arrival = False
        """True while one of the streams tells no times."""
        self._tellers = (_Teller(), _Teller())

    def time_of(self, camera: int, frame: Frame) -> float | None:
        """Return the time of a frame of stream 0 or 1, in seconds; None while nothing is known yet.

        Where ``by_arrival`` has changed, it is of another clock than the times before.
        """
        time = self._tellers[camera].time_of(frame)
        self.by_arrival = any(teller.is_mute for teller in self._tellers)
        return frame.received_at if self.by_arrival else time
