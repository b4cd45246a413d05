"""A sample of a stream's packets, small and the same for the same packets."""

from __future__ import annotations

import numpy as np

from ...train import Column

SIZE = 1024
_MIXING = np.uint64(0x9E37_79B9_7F4A_7C15)
"""An odd number that spreads what differs in few bits (2^64 over the golden ratio)."""


class Sketch:
    """The least of the mixed fingerprints: two streams that share packets share some of these."""

    def __init__(self) -> None:
        self._least = np.empty(0, np.uint64)

    def add(self, prints: Column) -> None:
        """Take fingerprints of packets."""
        mixed = prints.astype(np.uint64) * _MIXING
        if len(self._least) == SIZE:
            mixed = mixed[mixed < self._least[-1]]
        if mixed.size:
            self._least = np.unique(np.concatenate([self._least, mixed]))[:SIZE]

    def __len__(self) -> int:
        return len(self._least)

    def shares(self, other: Sketch) -> int:
        """Return how many packets of the sample are in that of another stream too."""
        return len(np.intersect1d(self._least, other._least))
