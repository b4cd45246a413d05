"""What receiver reports say about the way to a receiver: packets lost, the queue, the rate that arrives.

Loss and a queue are congestion. So are much loss, and a long queue, alone. The queue is how much longer the
round trip takes than at its best.

Pure: time comes in as an argument.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean

MILD, SEVERE, WORST = 0.02, 0.10, 0.20
"""Share of packets lost: from the first on it takes a queue to be congestion, from the second on it is in two
reports together, from the third on in one: of 8 % lost at random, half a second may well lose 10."""
QUEUE, LONG_QUEUE = 0.025, 0.080
"""Seconds of queue that make loss a congestion, and that are one without loss."""
TRIAL_REPORTS, NOISE_REPORTS = 2, 30
"""Reports in a row that show what is lost at a rate; for how many a loss is taken to be nobody's fault."""
RTT_WINDOW = 60.0
"""Seconds after which the shortest round trip begins to be forgotten: a route may have become longer."""
SILENCE_REPORTS, SILENCE = 3, 10.0
"""Report intervals, and seconds at least, after which nobody is taken to report any more."""
LONGEST_INTERVAL = 60.0
"""Seconds from report to report that are believed."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report block of one receiver about one camera.

    ``now`` is when it came, ``fraction_lost`` is 0..1 since the last report, ``rtt`` in seconds,
    ``received_rate`` in bits a second of the same bytes that are told as sent; None where they are not known.
    """

    now: float
    fraction_lost: float
    rtt: float | None = None
    received_rate: float | None = None
    camera: str = ""
    receiver: str = ""


class ShortestTrip:
    """The shortest of the round trips of the last one or two minutes."""

    def __init__(self) -> None:
        self._older = self._newer = math.inf
        self._began = -math.inf

    def add(self, rtt: float, now: float) -> float:
        """Take a round trip; return the shortest one, in seconds."""
        if now - self._began > RTT_WINDOW:
            self._older, self._newer, self._began = self._newer, math.inf, now
        self._newer = min(self._newer, rtt)
        return min(self._older, self._newer)

    def forget(self, rtt: float) -> None:
        """Begin anew: the route has become longer."""
        self._older = self._newer = rtt


class Path:
    """What is known of the way to one receiver of one camera."""

    def __init__(self) -> None:
        self.heard_at = self.since = -math.inf
        """When the last report came, and the one before: it tells of the time between them."""
        self.interval = 0.0
        """Seconds from report to report, averaged."""
        self.loss = self.queue = self.standing = 0.0
        self.losses: deque[float] = deque(maxlen=TRIAL_REPORTS)
        self.clean = 0
        """Reports without congestion in a row."""
        self.seen_clean = False
        """Whether any report was: before, the shortest round trip may hold a full queue."""
        self.noise = 0.0
        """Share of packets that is lost at any rate."""
        self.rtt: float | None = None
        self._noise_left = 0
        self._shortest = ShortestTrip()
        self._queue_only: list[float] = []

    def take(self, report: Feedback, now: float) -> None:
        """Read a report."""
        if self.heard_at > -math.inf:
            spacing = min(now - self.heard_at, LONGEST_INTERVAL)
            self.interval += (spacing - self.interval) * (0.25 if self.interval else 1.0)
        self.since, self.heard_at = self.heard_at, now
        self.loss = min(max(report.fraction_lost, 0.0), 1.0)
        self.losses.append(self.loss)
        before, self.queue = self.queue, 0.0
        if report.rtt is not None and 0 <= report.rtt < math.inf:
            self.rtt = report.rtt
            self.queue = report.rtt - self._shortest.add(report.rtt, now)
        self.standing = min(before, self.queue)
        self._noise_left -= 1
        if self._noise_left <= 0:
            self.noise = 0.0
        self.clean = 0 if self.is_lossy or self.is_congested else self.clean + 1
        self.seen_clean |= self.loss == 0.0

    @property
    def is_lossy(self) -> bool:
        """True where more is lost than this path loses anyway."""
        return self.loss >= max(MILD, 1.5 * self.noise + 0.01 * (self.noise > 0))

    @property
    def is_congested(self) -> bool:
        """True where the rate is too high for certain."""
        worst = self.loss >= max(WORST, 2 * self.noise)
        severe = min(self.loss, fmean(self.losses)) >= max(SEVERE, 2 * self.noise)
        return worst or severe or self.queue >= LONG_QUEUE or (self.is_lossy and self.queue >= QUEUE)

    @property
    def silent_after(self) -> float:
        """Seconds after which a path without a report is given up."""
        return max(SILENCE_REPORTS * self.interval, SILENCE)

    def call_noise(self, loss: float) -> None:
        """Take a loss for one that no rate cures, for a while."""
        self.noise, self._noise_left = loss, NOISE_REPORTS

    def judge_queue(self) -> None:
        """Take a longer round trip for a longer route, where nothing is lost and three cuts cured nothing."""
        if self.loss >= MILD or self.rtt is None:
            self._queue_only.clear()
            return
        self._queue_only.append(self.queue)
        if len(self._queue_only) == 3:
            if self._queue_only[-1] > 0.7 * self._queue_only[0]:
                self._shortest.forget(self.rtt)
            self._queue_only.clear()

    def words(self) -> str:
        """Return what the last report says."""
        queue = f" and queue {self.queue * 1000:.0f} ms" if self.rtt is not None else ""
        return f"loss {self.loss:.1%}".replace("%", " %") + queue
