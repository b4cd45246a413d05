"""How long to wait for what may still come: as long as it has been seen to take, and no longer.

A wait starts short, grows at once with the lateness that is seen, and shrinks again after CALM packets
without any.
"""

from __future__ import annotations

SHORTEST_WAIT = 0.005
LONGEST_WAIT = 0.020
"""Seconds that the reorder wait may grow to."""
CALM = 1000
"""Packets in order after which a wait shrinks."""


class Patience:
    """A wait in seconds, between ``shortest`` and ``longest``."""

    def __init__(self, shortest: float = SHORTEST_WAIT, longest: float = LONGEST_WAIT) -> None:
        self.wait = self._shortest = shortest
        self._longest = longest
        self._largest = 0.0
        self._calm = 0

    def learn(self, lateness: float) -> None:
        """Take note that something came so many seconds late."""
        self._calm = 0
        self._largest = min(max(self._largest, lateness), self._longest)
        self.wait = max(self._shortest, self._largest)

    def relax(self, count: int) -> None:
        """Take note that so many packets came in order."""
        self._calm += count
        if self._calm >= CALM and self.wait > self._shortest:
            self._calm = 0
            self._largest /= 2
            self.wait = max(self._shortest, self._largest)


class TailPatience:
    """How long after the last packet that came a frame is over, where its end is missing and nothing follows.

    A sender that spreads a frame over time pauses inside it, and a frame must not end in such a pause. So
    nothing is said before one frame has ended with its marker, and then the wait is twice the longest
    pause seen inside a frame.
    """

    def __init__(self) -> None:
        self._patience = Patience(longest=float("inf"))
        self._knows = False

    @property
    def pause(self) -> float:
        """Seconds of the longest pause seen inside a frame of late; infinite while nothing is known."""
        return self._patience.wait / 2 if self._knows else float("inf")

    @property
    def wait(self) -> float:
        """Seconds; infinite while nothing is known."""
        return self._patience.wait if self._knows else float("inf")

    def paused(self, seconds: float) -> None:
        """Take note of the time from one arrival of a frame to the next."""
        if 2 * seconds > SHORTEST_WAIT:
            self._patience.learn(2 * seconds)

    def ended(self, packets: int) -> None:
        """Take note that a frame of so many packets ended with its marker."""
        self._knows = True
        self._patience.relax(packets)
