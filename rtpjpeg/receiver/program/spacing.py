"""How far apart the frames of a camera are, told from the times of those that came."""

from __future__ import annotations

from collections import deque
from statistics import median_low

KEPT = 15
"""Differences that are looked at: half a second of a usual camera."""
FEWEST = 3
"""Differences before anything is said: one alone may span a lost frame."""
ENOUGH = 8
"""Differences of which the shortest can be believed to span no lost frame."""


class Spacing:
    """Differences of times in, interval out. A lost frame, or a clock that was set, is one odd difference."""

    def __init__(self) -> None:
        self._differences: deque[float] = deque(maxlen=KEPT)

    def add(self, difference: float) -> None:
        """Take the time from one frame to the next, above 0."""
        self._differences.append(difference)

    def clear(self) -> None:
        """Forget all."""
        self._differences.clear()

    @property
    def interval(self) -> float | None:
        """The median; None while too little is known."""
        differences = self._differences.copy()
        return median_low(differences) if len(differences) >= FEWEST else None

    @property
    def shortest(self) -> float:
        """The shortest of them; 0 while too little is known."""
        differences = self._differences.copy()
        return min(differences) if len(differences) >= ENOUGH else 0.0
