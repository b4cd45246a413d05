"""What is said of the cameras from time to time, in one line each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from .stream import CameraStream

_log = logging.getLogger(__name__)


class Report:
    """Logs one line for each camera every ``interval`` seconds; 0 for never."""

    def __init__(
        self,
        streams: Sequence[CameraStream],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams = streams
        self._interval = interval
        self._clock = clock
        self._next = clock() + interval
        self._before: dict[str, tuple[int, int]] = {}

    def wait(self) -> float | None:
        """Return seconds until the next line is due, None for never."""
        return max(0.0, self._next - self._clock()) if self._interval else None

    def log_when_due(self) -> None:
        """Log what is due."""
        if not self._interval or self._clock() < self._next:
            return
        self._next += self._interval
        for stream in self._streams:
            counted = stream.statistics()
            now = counted["frames_sent"], counted["bytes_sent"]
            frames, size = self._before.get(stream.name, (0, 0))
            self._before[stream.name] = now
            restarts = f", {counted['restarts']} restarts" if counted["restarts"] else ""
            _log.info(
                "%s: %d frames sent, %.1f a second, %.1f Mbit/s, %d dropped, %d send errors%s",
                stream.name,
                now[0],
                (now[0] - frames) / self._interval,
                (now[1] - size) * 8e-6 / self._interval,
                counted["frames_dropped"],
                counted["send_errors"],
                restarts,
            )
