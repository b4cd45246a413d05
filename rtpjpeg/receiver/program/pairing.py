"""Which frames of two cameras were taken together. No clock and no thread: time comes in as an argument.

Two frames are a pair when neither has a nearer partner that is free, and when they are not more than half
a frame interval apart, the shorter interval of both cameras. A pair leaves as soon as no better partner
can come: the frames of a camera follow each other at a known distance, so most leave at once.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, NamedTuple, TypeVar

from ...sender.samples import Samples
from .spacing import Spacing

MOST = 16
"""Frames of one camera that wait for a partner."""
LONGEST = 0.5
"""Seconds that a frame waits for a partner, or longer where cameras are slower than that."""
LATE = 0.03
"""Seconds that a frame may be late; then it is not waited for, though it might be a better partner."""

Item = TypeVar("Item")


class Match(NamedTuple, Generic[Item]):
    """Two frames that belong together."""

    first: Item
    second: Item
    skew: float
    """Seconds from the first to the second; negative when the second was taken before."""


class _Waiting(NamedTuple, Generic[Item]):
    item: Item
    time: float
    """When it was taken, seconds of the clock of both cameras."""
    came_at: float


class _Side(Generic[Item]):
    """One of the two cameras."""

    def __init__(self) -> None:
        self.waiting: deque[_Waiting[Item]] = deque()
        self.newest = float("-inf")
        self.spacing = Spacing()
        self.unpaired = 0

    def add(self, item: Item, time: float, now: float) -> None:
        if time <= self.newest:  # Another sender, or its clock was set back: nothing before it counts.
            self.forget()
        if self.newest > float("-inf"):
            self.spacing.add(time - self.newest)
        self.newest = time
        self.waiting.append(_Waiting(item, time, now))

    def drop(self) -> None:
        """Give the oldest frame up."""
        self.waiting.popleft()
        self.unpaired += 1

    def drop_old(self, now: float, longest: float) -> None:
        while self.waiting and (len(self.waiting) > MOST or now - self.waiting[0].came_at > longest):
            self.drop()

    def forget(self) -> None:
        while self.waiting:
            self.drop()
        self.spacing.clear()
        self.newest = float("-inf")


class Pairing(Generic[Item]):
    """Takes the frames of two cameras, each in the order of their times; gives pairs, in that order too."""

    def __init__(self) -> None:
        self.pairs = 0
        self.skews = Samples()
        """Of all pairs, without their signs."""
        self._sides: tuple[_Side[Item], _Side[Item]] = (_Side(), _Side())
        self._due: float | None = None

    @property
    def unpaired(self) -> tuple[int, int]:
        """Frames of each camera that found no partner."""
        return self._sides[0].unpaired, self._sides[1].unpaired

    @property
    def reach(self) -> float | None:
        """Seconds that the two frames of a pair may be apart; None while too little is known."""
        intervals = [side.spacing.interval for side in self._sides]
        return None if None in intervals else min(filter(None, intervals)) / 2

    def add(self, camera: int, item: Item, time: float, now: float) -> list[Match[Item]]:
        """Take a frame of camera 0 or 1 that was taken at ``time``; return the pairs that are certain now."""
        self._sides[camera].add(item, time, now)
        return self.handle_timer(now)

    def handle_timer(self, now: float) -> list[Match[Item]]:
        """Return the pairs for which nothing better was in time."""
        found: list[Match[Item]] = []
        self._due = None
        reach = self.reach
        for side in self._sides:
            side.drop_old(now, max(LONGEST, 0.0 if reach is None else 3 * reach))
        while reach is not None and self._settle(reach, now, found):
            pass
        return found

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        return self._due

    def reset(self) -> None:
        """Forget all frames, for times of another clock follow."""
        for side in self._sides:
            side.forget()
        self._due = None

    def _settle(self, reach: float, now: float, found: list[Match[Item]]) -> bool:
        """Decide about the oldest frame; False when that is too early, or there is none."""
        older, newer = self._sides
        if not older.waiting or (newer.waiting and newer.waiting[0].time < older.waiting[0].time):
            older, newer = newer, older
        if not older.waiting:
            return False
        oldest = older.waiting[0]
        seen_to = newer.waiting[0].time if newer.waiting else newer.newest
        gap = seen_to - oldest.time
        if gap > reach or (newer.waiting and self._is_bettered(older, seen_to, gap)):
            older.drop()
        elif not newer.waiting:
            return False
        elif not self._is_certain(older, gap, now):
            return False
        else:
            self._pair(older, newer, found)
        return True

    def _is_bettered(self, older: _Side[Item], time: float, gap: float) -> bool:
        """Return whether the next frame of the older side is nearer to ``time`` than its oldest one."""
        return len(older.waiting) > 1 and abs(older.waiting[1].time - time) < gap

    def _is_certain(self, older: _Side[Item], gap: float, now: float) -> bool:
        """Return whether no frame can come any more that is nearer than ``gap``."""
        if len(older.waiting) > 1 or 2 * gap <= older.spacing.shortest:
            return True
        interval = older.spacing.interval
        assert interval is not None
        due = older.waiting[0].came_at + interval + LATE
        if due <= now:
            return True
        self._due = due
        return False

    def _pair(self, older: _Side[Item], newer: _Side[Item], found: list[Match[Item]]) -> None:
        old, new = older.waiting.popleft(), newer.waiting.popleft()
        gap = new.time - old.time
        self.pairs += 1
        self.skews.add(gap)
        first = older is self._sides[0]
        found.append(Match(old.item, new.item, gap) if first else Match(new.item, old.item, -gap))
