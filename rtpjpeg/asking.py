"""Which missing packets to ask for again, and when (RFC 4585 section 6.2.1).

A hole is asked for at once, and again after a round trip, 10 ms at least, as long as the answer can come
before the frame's deadline. The end of a frame that is missed is asked for too, as many packets as the frame
before had more, though it may have had fewer: what comes of these with the next frame was not asked for. A
sender that never answers is asked a few times, and then left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

AGAIN = 0.010
"""Seconds from one request for a packet to the next, the least."""
FIRST_GUESS = 0.005
"""Seconds that a round trip is taken to be before one was seen."""
LONGEST_ROUND_TRIP = 0.5
LONGEST_PATIENCE = 0.040
MOST = 128
"""Packets that are asked for at a time; and twice as many are remembered."""
DEAF, DEAF_AFTER = 24, 0.25
"""Packets asked for without an answer, and seconds of that, behind which a sender is left alone."""
DEAF_SECONDS = 10.0
"""Then it is tried again."""


@dataclass(slots=True)
class Asked:
    """A packet that was asked for."""

    first_at: float
    last_at: float
    times: int = 1

    def is_stale(self, now: float) -> bool:
        """True when what comes now is no answer any more, but maybe the same number a cycle later."""
        return now - self.last_at > LONGEST_ROUND_TRIP


class Asker:
    """Decides what to ask for; times are seconds of a monotonic clock, numbers have 16 bits."""

    def __init__(self) -> None:
        self.asked = 0
        """Packets that were asked for, each time counted."""
        self.recovered = 0
        """Packets that came after they were asked for."""
        self.copies = 0
        """Further answers to what was asked for more than once."""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget a stream for another one: its numbers, its round trip, whether its sender answered."""
        self.round_trip = FIRST_GUESS
        """Seconds, from the first request for a packet to its coming."""
        self.answers = False
        """True once a packet came that had been asked for."""
        self._asked: dict[int, Asked] = {}
        self._answered: dict[int, Asked] = {}
        self._tail: list[int] = []
        self._unanswered = 0
        self._unanswered_since = float("inf")
        self._deaf_until = float("-inf")

    @property
    def retry_time(self) -> float:
        """Seconds from one request for a packet to the next."""
        return max(self.round_trip, AGAIN)

    @property
    def patience(self) -> float:
        """Seconds that a hole may last, so that the answer to a third request can come, a little late."""
        return min(2 * self.retry_time + 1.5 * self.round_trip, LONGEST_PATIENCE)

    @property
    def remembered(self) -> int:
        """Packets that were asked for and have not come."""
        return len(self._asked)

    def came(self, numbers: Iterable[int], now: float) -> int:
        """Take note of packets that came; return how many of them had been asked for."""
        if not (self._asked or self._answered):
            return 0
        found = 0
        for number in numbers:
            asked = self._asked.pop(number, None)
            if asked is None:
                self._note_copy(number, now)
            elif not asked.is_stale(now):
                found += 1
                self._learn(asked, now)
                if asked.times > 1:
                    self._answered[number] = asked
        self.recovered += found
        return found

    def _note_copy(self, number: int, now: float) -> None:
        """Take note of a further answer, where a packet was asked for more than once."""
        asked = self._answered.get(number)
        if asked is None:
            return
        asked.times -= 1
        self.copies += not asked.is_stale(now)
        if asked.times == 1:
            del self._answered[number]

    def _learn(self, asked: Asked, now: float) -> None:
        """Learn the round trip, from packets that were asked for once: of others nobody knows."""
        self.answers, self._unanswered = True, 0
        if asked.times == 1:
            taken = min(now - asked.first_at, LONGEST_ROUND_TRIP)
            self.round_trip += (taken - self.round_trip) / 8

    def forget_tail(self, number: int) -> None:
        """Take note that the next frame has begun with a packet of this number; those before it were lost."""
        for asked in self._tail:
            if (asked - number) & 0xFFFF < 0x8000:
                self._asked.pop(asked, None)
        self._tail.clear()

    def want(self, missing: Iterable[int], now: float, deadline: float, tail: bool = False) -> list[int]:
        """Return which of the missing packets to ask for now; an answer behind ``deadline`` helps nobody.

        ``tail`` says that they are the end of a frame.
        """
        if now + self.round_trip > deadline or now < self._deaf_until:
            return []
        wanted = [number for number in missing if self._is_due(number, now)][:MOST]
        for number in wanted:
            self._note(number, now)
        if tail:
            self._tail = list({*self._tail, *wanted})
        self._bound()
        return wanted

    def due(self, missing: Iterable[int]) -> float | None:
        """Return when the first of the missing packets is to be asked for (again); None where never."""
        times = [
            float("-inf") if asked is None else asked.last_at + self.retry_time
            for asked in map(self._asked.get, missing)
        ]
        return max(min(times), self._deaf_until) if times else None

    def _is_due(self, number: int, now: float) -> bool:
        asked = self._asked.get(number)
        return asked is None or now >= asked.last_at + self.retry_time

    def _note(self, number: int, now: float) -> None:
        self.asked += 1
        if not self._unanswered:
            self._unanswered_since = now
        self._unanswered += 1
        if self._unanswered > DEAF and now - self._unanswered_since >= DEAF_AFTER:
            self._deaf_until, self._unanswered, self.answers = now + DEAF_SECONDS, 0, False
        asked = self._asked.get(number)
        if asked is None or asked.is_stale(now):
            self._asked[number] = Asked(now, now)
        else:
            asked.last_at, asked.times = now, asked.times + 1

    def _bound(self) -> None:
        for remembered in (self._asked, self._answered):
            while len(remembered) > 2 * MOST:
                del remembered[next(iter(remembered))]
