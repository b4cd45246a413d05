"""How many bits a second the network takes, as receiver reports tell.

Congestion cuts the rate at once; after three clean reports it grows, slowly near the rate of the last
congestion. Loss without a queue may be a bad radio link, or a queue that was full from the beginning. So a
lower rate is tried: loss that stays is no congestion, and the rate comes back.

Pure: time comes in as an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean

from .paths import MILD, QUEUE, TRIAL_REPORTS, Feedback, Path

CUT, OF_RECEIVED = 0.85, 0.90
"""What is left of the rate after congestion, at most, and of what had arrived."""
BLIND = 0.75
"""What is left of what had arrived where no round trip without congestion was seen: the queue has to empty
once, so that it can be seen."""
TRIAL = 0.80
"""What is left of the rate while a lower one is tried."""
CLEAN_REPORTS, FREE_REPORTS = 3, 30
"""Clean reports before the rate grows; at the full rate, before there is no limit any more."""
GROWTH, NEAR_GROWTH = 0.05, 0.02
"""Part of the rate that is added in a second, and near the rate of the last congestion."""
EVEN_QUEUE = 0.030
"""Seconds of standing queue at which the rate stays; with a longer one it goes down."""
NEAR = (0.8, 1.1)
"""What is near, as parts of that rate."""
LONGEST_STEP = 2.0
"""Seconds of growth that one report may bring."""
HEADROOM = 1.2
"""The rate stays below this much of what is sent: more has not been tried."""
CUT_GAP = 0.4
"""Seconds from one cut to the next, at least."""
MOST_PATHS = 64
"""Receivers times cameras; the one heard of longest ago is forgotten."""
CLEAN = "reports are clean"


@dataclass(slots=True)
class Trial:
    """A lower rate, to see whether loss goes down with it."""

    path: Path
    rate: float
    """What the rate was, bits a second."""
    before: float
    """Share of packets that was lost."""
    rtt: float | None
    losses: list[float] = field(default_factory=list)

    def shows_congestion(self) -> bool:
        """True where the loss was halved, or the round trip became shorter by a queue."""
        fallen = self.rtt is not None and self.path.rtt is not None and self.rtt - self.path.rtt >= QUEUE
        return fallen or fmean(self.losses) <= self.before / 2


class Budget:
    """The rate that all cameras of one sender may have together, in bits a second.

    ``rate`` is None as long as there is no reason for a limit; ``reason`` says why it changed last.
    """

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self.reason = "no report yet"
        self.lowered_at = self.raised_at = -math.inf
        self._paths: dict[tuple[str, str], Path] = {}
        self._trial: Trial | None = None
        self._knee: float | None = None
        self._reported_at = -math.inf
        self._silent: float | None = None
        self._free = 0

    def take(self, report: Feedback, now: float, load: float, own_load: float, most: float) -> None:
        """Follow a report.

        ``load`` is what all cameras send now, ``own_load`` the camera that the report is about, ``most`` what
        all would send without a limit, all in bits a second.
        """
        path = self._path(report)
        path.take(report, now)
        self._silent = None
        if path.is_congested:
            self._cut(path, report, now, load, own_load)
        elif self._trial is not None:
            self._follow(self._trial, path, now)
        elif path.is_lossy and len(path.losses) == TRIAL_REPORTS and min(path.losses) >= MILD:
            self._try_less(path, now, load)
        elif self.rate is not None:
            self._grow(self.rate, now, load, most)

    def tick(self, now: float, lowest: float, quiet: float) -> None:
        """Let time pass: without any report the rate falls to ``quiet``; it never falls below ``lowest``."""
        gone = [key for key, path in self._paths.items() if now - path.heard_at > path.silent_after]
        longest = max((now - self._paths.pop(key).heard_at for key in gone), default=0.0)
        if gone and not self._paths:
            self._silent = 1.0 if self.rate is None or quiet <= 0 else min(1.0, self.rate / quiet)
            self._lower(quiet, now, f"no report for {longest:.0f} s")
        if self._trial is not None and self._trial.path not in self._paths.values():
            self._trial = None
        if self._silent is not None:
            self.rate = self._silent * quiet
        if self.rate is not None:
            self.rate = max(self.rate, lowest)

    def left(self, receiver: str, now: float) -> None:
        """Forget a receiver that has said goodbye; after the last one there is no limit."""
        known = [key for key in self._paths if key[1] == receiver]
        for key in known:
            del self._paths[key]
        if known and not self._paths:
            self._end_limit("all receivers have left", now)

    def _path(self, report: Feedback) -> Path:
        """Return the path of a report; the last one in the table is the one heard of last."""
        key = report.camera, report.receiver
        path = self._paths.pop(key, None) or Path()
        while len(self._paths) >= MOST_PATHS:
            del self._paths[next(iter(self._paths))]
        self._paths[key] = path
        return path

    def _cut(self, path: Path, report: Feedback, now: float, load: float, own_load: float) -> None:
        """Go below what arrives, if the report tells of the time after the last cut.

        The queue in the first report of that time may still be the old one.
        """
        old = path.since < self.lowered_at or (path.since == self.lowered_at and not path.is_lossy)
        if old or now - self.lowered_at < CUT_GAP:
            return
        base = self._in_use(load)
        arrived = 1 - path.loss
        if report.received_rate is not None and 0 <= report.received_rate < math.inf and own_load > 0:
            arrived = min(1.0, report.received_rate / own_load)
        self._knee = base * arrived
        share = OF_RECEIVED if path.seen_clean or path.queue >= QUEUE else BLIND
        self._lower(min(CUT * base, share * base * arrived), now, path.words())
        self._trial = None
        path.judge_queue()

    def _try_less(self, path: Path, now: float, load: float) -> None:
        base = self._in_use(load)
        self._trial = Trial(path, self.rate or base, fmean(path.losses), path.rtt)
        self._lower(TRIAL * base, now, f"{path.words()}: a lower rate is tried")

    def _follow(self, trial: Trial, path: Path, now: float) -> None:
        """Judge a trial after two reports: congestion stays at the lower rate, other loss is put up with."""
        if path is not trial.path:
            return
        trial.losses.append(path.loss)
        if len(trial.losses) < TRIAL_REPORTS:
            return
        self._trial = None
        if trial.shows_congestion():
            self._knee = trial.rate
            return
        self._raise(trial.rate, now, f"{path.words()} at a lower rate as well")
        for other in self._paths.values():
            if fmean(other.losses) >= MILD:
                other.call_noise(fmean(other.losses))

    def _grow(self, rate: float, now: float, load: float, most: float) -> None:
        """Add to the rate, the less the longer the queue is, when every path has been clean for a while."""
        seconds, self._reported_at = min(now - self._reported_at, LONGEST_STEP), now
        if min(path.clean for path in self._paths.values()) < CLEAN_REPORTS:
            self._free = 0
            return
        near = self._knee is not None and NEAR[0] * self._knee <= rate <= NEAR[1] * self._knee
        ease = max(-1.0, 1 - max(path.standing for path in self._paths.values()) / EVEN_QUEUE)
        grown = rate * (1 + (NEAR_GROWTH if near else GROWTH) * seconds * ease)
        rate = min(grown, max(rate, HEADROOM * load))
        self._raise(rate, now, CLEAN)
        self._free = self._free + 1 if rate >= most > 0 else 0
        if self._free >= FREE_REPORTS:
            self._end_limit(CLEAN, now)

    def _in_use(self, load: float) -> float:
        return load if self.rate is None else min(self.rate, load)

    def _lower(self, rate: float, now: float, reason: str) -> None:
        self.rate, self.reason, self.lowered_at, self._free = rate, reason, now, 0

    def _raise(self, rate: float | None, now: float, reason: str) -> None:
        self.rate, self.reason, self.raised_at = rate, reason, now

    def _end_limit(self, reason: str, now: float) -> None:
        self._raise(None, now, reason)
        self._knee, self._trial, self._silent, self._free = None, None, None, 0
