"""What ``rtpjpeg.open_pair`` returns: frames of two cameras that were taken at the same moment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from ...frame import Frame
from ..opening import Opener
from ..source import Source
from .commonclock import CommonClock
from .framestream import OpenStream, seconds_left
from .intake import Intake, Lane
from .pairing import Match, Pairing

_log = logging.getLogger(__name__)


class FramePair(NamedTuple):
    """Two frames, one of each camera, taken at most half a frame interval apart."""

    first: Frame
    second: Frame
    skew_ms: float
    """Milliseconds from the first to the second; negative when the second was taken before."""


class Matcher:
    """Joins what two receiving threads bring; any thread may call."""

    def __init__(self, intake: Intake[FramePair], lane: Lane[FramePair], labels: Sequence[str]) -> None:
        self._intake = intake
        self._lane = lane
        self._labels = " and ".join(labels)
        self._lock = threading.Lock()
        self._clock = CommonClock()
        self._pairing: Pairing[Frame] = Pairing()
        self._said = False

    def put(self, camera: int, frame: Frame) -> bool:
        """Take a frame of camera 0 or 1; False, for its picture may be made before it has a partner."""
        with self._lock:
            was = self._clock.by_arrival
            taken_at = self._clock.time_of(camera, frame)
            if was != self._clock.by_arrival:
                self._change_clock()
            if taken_at is not None:
                self._hand_on(self._pairing.add(camera, frame, taken_at, time.monotonic()))
            if self._pairing.next_timer() is not None:
                self._intake.nudge()  # Whoever waits there knows of no time to wake up.
        return False

    def _change_clock(self) -> None:
        self._pairing.reset()
        if self._clock.by_arrival and not self._said:
            self._said = True
            _log.warning(
                "%s: one of them does not tell when its frames were taken, so they are paired by the time of"
                " their arrival",
                self._labels,
            )

    def _hand_on(self, found: list[Match[Frame]]) -> None:
        for match in found:
            self._lane.put(FramePair(match.first, match.second, match.skew * 1000))

    def handle_timer(self) -> None:
        """Hand on the pairs for which nothing better was in time."""
        with self._lock:
            self._hand_on(self._pairing.handle_timer(time.monotonic()))

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        return self._pairing.next_timer()

    def statistics(self) -> dict[str, Any]:
        """Return the counters, and the distances of all pairs."""
        with self._lock:
            return {
                "pairs": self._pairing.pairs,
                "unpaired": list(self._pairing.unpaired),
                "skew_ms": self._pairing.skews.summary(),
                "by_arrival": self._clock.by_arrival,
            }


class PairStream(OpenStream[FramePair], Iterator[FramePair]):
    """Pairs of frames of two live sources; the newest pair wins, as the newest frame does in ``FrameStream``.

    Each frame is in one pair at most.
    """

    def __init__(self, opener: Opener, sources: Sequence[Source]) -> None:
        super().__init__(opener)
        self._lane = self._intake.lane()
        self._matcher = Matcher(self._intake, self._lane, [source.label for source in sources])
        self._cameras = iter((0, 1))
        self._open(sources)

    def _add(self, source: Source) -> None:
        self._engine.add(source, partial(self._matcher.put, next(self._cameras)), self._lane.end)

    def read(self, timeout: float | None = None) -> FramePair | None:
        """Return the next pair; None after ``timeout`` seconds, and after ``close``.

        Raises ``TransportError`` when a socket fails.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            pair = self._intake.get(self._wait(end))
            if pair is not None:
                self._count(pair)
                return pair
            if self.over or (end is not None and time.monotonic() >= end):
                return None
            self._matcher.handle_timer()

    def _wait(self, end: float | None) -> float | None:
        due = self._matcher.next_timer()
        times = [moment for moment in (due, end) if moment is not None]
        return seconds_left(min(times, default=None))

    def _count(self, pair: FramePair) -> None:
        for frame in (pair.first, pair.second):
            self._engine.channel_of(frame.source).decoder.frames_shown += 1

    def __next__(self) -> FramePair:
        pair = self.read()
        if pair is None:
            raise StopIteration
        return pair

    def statistics(self) -> dict[str, Any]:
        """Return ``pairs``, ``unpaired`` frames of each camera, ``skew_ms`` (p50, p95, p99, max; without
        sign; None without a pair), ``by_arrival``, and ``streams`` with the counters of both."""
        return {**self._matcher.statistics(), "streams": self._engine.statistics()}
