"""Measured times and their percentiles, with memory that does not grow. The receiver uses it too."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

KEPT = 10_000
"""Percentiles are of the newest measurements, so many at most: five minutes at 30 a second."""


class Samples:
    """Times in seconds in, percentiles in milliseconds out; one thread adds, any thread asks.

    All memory is taken at the start, so that a stream takes no more after hours than after a minute.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._ring = array("d", bytes(8 * kept))
        self._count = 0
        self._largest = 0.0

    def __len__(self) -> int:
        return min(self._count, self._kept)

    def add(self, seconds: float) -> None:
        """Add one measurement."""
        self._ring[self._count % self._kept] = seconds
        self._count += 1
        self._largest = max(self._largest, seconds)

    def smallest(self) -> float | None:
        """Return the smallest of the newest measurements in seconds; None without one."""
        return min(self._newest(self._kept), default=None)

    def summary(self) -> dict[str, float] | None:
        """Return p50, p95, p99 and max in milliseconds, by nearest rank; None without a measurement.

        ``max`` is the largest of all, the others are of the newest ``KEPT``.
        """
        return _summarize(self._newest(self._kept), self._largest)

    def recent(self, count: int) -> dict[str, float] | None:
        """Return the same of the newest ``count`` measurements only; it costs less."""
        values = self._newest(count)
        return _summarize(values, max(values, default=0.0))

    def _newest(self, count: int) -> array[float]:
        """Return the newest measurements, ``count`` of them at most, in their order."""
        end = self._count % self._kept
        first = end - min(count, len(self))
        if first < 0:
            return self._ring[first + self._kept :] + self._ring[:end]
        return self._ring[first:end]


def _summarize(values: Iterable[float], largest: float) -> dict[str, float] | None:
    ordered = sorted(values)
    if not ordered:
        return None
    ranks = {f"p{percent}": ordered[-(-percent * len(ordered) // 100) - 1] for percent in (50, 95, 99)}
    return {name: round(value * 1000, 3) for name, value in {**ranks, "max": largest}.items()}
