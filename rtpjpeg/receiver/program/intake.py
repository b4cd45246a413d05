"""Between the threads that receive and the one that takes: never stale, and nothing thrown away by luck.

Two frames that come in one receive call are no reason to lose the first one, and a program that was away
for a while wants the newest only. So time decides: what has waited for less than ``PATIENCE`` is not
thrown away for what is newer, what has waited longer is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from ...errors import RtpJpegError

PATIENCE = 0.010
"""Seconds that an item may wait and still be taken though there is a newer one."""
MOST = 8
"""Items that wait, the most: frames that come at once after a jam, or those of a file read ahead."""
BREATH = 0.001
"""Seconds, the most, that a program which was away gives to the threads that receive."""

Item = TypeVar("Item")


class Fresh(Generic[Item]):
    """Items in their order, the newest always among them. Time is an argument; not for threads by itself."""

    def __init__(self, patience: float = PATIENCE, most: int = MOST) -> None:
        self.passed_over = 0
        """Items that nobody got."""
        self._patience = patience
        self._most = most
        self._items: deque[tuple[float, Item]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item, now: float) -> None:
        """Put an item in; may let older ones go."""
        self._items.append((now, item))
        self._let_go(now)

    def take(self, now: float) -> Item | None:
        """Take the oldest item that is not stale; None without any."""
        self._let_go(now)
        return self._items.popleft()[1] if self._items else None

    def is_stale(self, now: float) -> bool:
        """Return whether even the newest item has waited for longer than patience."""
        return bool(self._items) and now - self._items[-1][0] >= self._patience

    def _let_go(self, now: float) -> None:
        items = self._items
        while len(items) > 1 and (len(items) > self._most or now - items[0][0] >= self._patience):
            items.popleft()
            self.passed_over += 1


class Lane(Generic[Item]):
    """The items of one source on their way to an ``Intake``."""

    def __init__(self, intake: Intake[Item], live: bool) -> None:
        self.error: RtpJpegError | None = None
        """Why the source has ended; who takes its last item is told next."""
        self.ended = False
        # What is no camera waits for its turn, so nothing of it is ever stale.
        self.waiting: Fresh[Item] = Fresh(PATIENCE if live else float("inf"))
        self._live = live
        self._intake = intake

    @property
    def passed_over(self) -> int:
        """Items that nobody got."""
        return self.waiting.passed_over

    def put(self, item: Item) -> bool:
        """Hand an item over, waiting for room where the source is not live; True when it is waited for.

        What comes after the intake was closed is let go.
        """
        with self._intake.changed:
            if not self._live:
                self._intake.changed.wait_for(lambda: len(self.waiting) < MOST or self._intake.closed)
            return self._intake.receive(self, item)

    def end(self, error: RtpJpegError | None = None) -> None:
        """Say that nothing more comes, and why, if that was a fault."""
        with self._intake.changed:
            self.ended, self.error = True, error
            self._intake.changed.notify_all()


class Intake(Generic[Item]):
    """Several lanes, taken from in turn, so that a fast source does not keep a slow one waiting."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.changed = threading.Condition()
        self.closed = False
        self._clock = clock
        self._lanes: list[Lane[Item]] = []
        self._takers = 0
        self._nudged = False

    def lane(self, live: bool = True) -> Lane[Item]:
        """Add a lane; what is not ``live`` waits until there is room, and loses nothing."""
        lane = Lane(self, live)
        self._lanes.append(lane)
        return lane

    def receive(self, lane: Lane[Item], item: Item) -> bool:
        """Take an item of a lane, under the lock; True when somebody waits for it."""
        if self.closed:
            return False
        lane.waiting.put(item, self._clock())
        self.changed.notify_all()
        return self._takers > 0

    def nudge(self) -> None:
        """Let whoever waits in ``get`` come back without an item, or the next one who would wait."""
        with self.changed:
            self._nudged = True
            self.changed.notify_all()

    def get(self, timeout: float | None = None) -> Item | None:
        """Return the next item, waiting for it; None after ``timeout`` seconds, a nudge, or when all is over.

        Raises what a source has ended with, once, behind its last item.
        """
        with self.changed:
            self._takers += 1
            try:
                self.changed.wait_for(self._has_news, timeout)
                if any(lane.waiting.is_stale(self._clock()) for lane in self._lanes):
                    # A program that computes keeps the interpreter from those who receive: what they would
                    # bring is newer than what is here.
                    self.changed.wait(BREATH)
            finally:
                self._takers -= 1
            self._nudged = False
            item = self._take()
            self.changed.notify_all()  # A file may wait for room.
            return item

    @property
    def over(self) -> bool:
        """True when nothing more can be got."""
        return self.closed or not any(
            len(lane.waiting) or lane.error or not lane.ended for lane in self._lanes
        )

    def close(self) -> None:
        """Let everybody go who waits; what is still there is let go as well."""
        with self.changed:
            self.closed = True
            self._lanes.clear()
            self.changed.notify_all()

    def _has_news(self) -> bool:
        return self._nudged or self.over or any(len(lane.waiting) or lane.error for lane in self._lanes)

    def _take(self) -> Item | None:
        for place, lane in enumerate(self._lanes):
            if len(lane.waiting) or lane.error:
                # Whose turn it was is last from now on.
                self._lanes.append(self._lanes.pop(place))
                return self._take_from(lane)
        return None

    def _take_from(self, lane: Lane[Item]) -> Item | None:
        if len(lane.waiting):
            return lane.waiting.take(self._clock())
        error, lane.error = lane.error, None
        assert error is not None
        raise error
