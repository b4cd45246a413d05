"""Sequence numbers as they came: unwrapped, with what was lost, doubled, late or used twice.

Loss is expected minus received as RFC 3550 section A.3 has it, but duplicates do not make up for it here: a
packet is lost when its number never came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...train import Column, Flags

REMEMBERED = 4096
"""Packets back to which a duplicate is known as one."""
JUMP = 3000
"""Numbers by which a sequence may be ahead or behind: more is no loss (RFC 3550 section A.1)."""


@dataclass(slots=True)
class Order:
    """What the numbers of some packets say, one entry a packet in order of arrival."""

    sequence: Column
    """Unwrapped."""
    duplicate: Flags
    """The same packet has come before."""
    reused: Flags
    """Another packet of this number has come before."""
    late: Flags
    """A packet with a higher number has come before."""
    jumped: Flags
    """The number is far from the one before it."""


class Sequence:
    """Follows the numbers of one SSRC."""

    def __init__(self) -> None:
        self.expected = 0
        """Numbers from the lowest to the highest; after a jump both parts together."""
        self.unique = 0
        self._last: int | None = None
        self._lowest = self._highest = -1
        self._recent = np.zeros(0, np.int64)
        self._prints = np.zeros(0, np.int64)

    @property
    def lost(self) -> int:
        """Numbers that have not come."""
        return self.expected - self.unique

    def add(self, numbers: Column, prints: Column, pauses: Flags) -> Order:
        """Take the 16-bit numbers of packets in order of arrival.

        ``prints`` tells packets apart that have one number: equal for a packet and its duplicate. ``pauses``
        are packets behind a silence in which the sender's clock went on: any step ahead is loss there.
        """
        sequence, jumped = self._unwrap(numbers, pauses)
        duplicate, reused = self._repeated(sequence, prints)
        highest = np.maximum.accumulate(np.concatenate([[self._highest], sequence]))[:-1]
        first = duplicate | reused
        late = (sequence < highest) & ~first & ~jumped
        self._count(sequence[~first], jumped[~first])
        return Order(sequence, duplicate, reused, late, jumped)

    def _unwrap(self, numbers: Column, pauses: Flags) -> tuple[Column, Flags]:
        """Return numbers that go on counting; behind a jump they are above all that was there."""
        before = int(numbers[0]) if self._last is None else self._last
        steps = ((np.diff(numbers, prepend=before & 0xFFFF) + 0x8000) & 0xFFFF) - 0x8000
        jumped = (np.abs(steps) > JUMP) & ~((steps > 0) & pauses)
        steps[jumped & (steps < 0)] += 0x10000
        sequence = before + steps.cumsum()
        self._last = int(sequence[-1])
        return sequence, jumped

    def _repeated(self, sequence: Column, prints: Column) -> tuple[Flags, Flags]:
        """Tell which packets have a number that came before, with the same content or with another."""
        known = len(self._recent)
        numbers = np.concatenate([self._recent, sequence])
        marks = np.concatenate([self._prints, prints])
        _, first, back = np.unique(numbers, return_index=True, return_inverse=True)
        origin = first[back]
        again = origin != np.arange(len(numbers))
        same = marks == marks[origin]
        self._recent, self._prints = numbers[-REMEMBERED:], marks[-REMEMBERED:]
        return (again & same)[known:], (again & ~same)[known:]

    def _count(self, sequence: Column, jumped: Flags) -> None:
        """Count what was expected and what came; what lies in a jump was never sent."""
        self.unique += len(sequence)
        parts = np.split(sequence, np.flatnonzero(jumped))
        for index, part in enumerate(parts):
            if part.size:
                self._widen(int(part.min()), int(part.max()), anew=index > 0 or not self.expected)

    def _widen(self, low: int, high: int, anew: bool) -> None:
        if not anew:
            low, high = min(low, self._lowest), max(high, self._highest)
            self.expected -= self._highest - self._lowest + 1
        self.expected += high - low + 1
        self._lowest, self._highest = low, high
