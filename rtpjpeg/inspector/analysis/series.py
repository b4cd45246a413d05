"""Figures over time in bounded memory: what a report draws, however long the capture is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...train import Column, Flags
from ..model import Histogram, Series
from .frames import Frames

FRAMES = 20_000
"""Entries of a series before every second one is left out."""
SECONDS = 1_200
"""Steps of the loss map before two become one."""
SECOND = 10**9
EDGES = (
    0.0,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    20,
    25,
    30,
    35,
    40,
    50,
    70,
    100,
    200,
    500,
    1000,
)
"""Milliseconds; the last bin has no upper end."""


class FrameSeries:
    """Size, packets and timing of each frame, thinned out as the stream goes on."""

    def __init__(self) -> None:
        self.step = 1
        self._seen = 0
        self._rows = np.zeros((0, 5), np.int64)

    def add(self, frames: Frames, complete: Flags) -> None:
        """Take frames in their order."""
        packets = frames.packets
        times, sizes = frames.least(packets.times), frames.sums(packets.size)
        counts, spreads = frames.last - frames.first + 1, frames.greatest(packets.times) - times
        rows = np.stack([times, sizes, counts, spreads, complete.astype(np.int64)], 1)
        places = np.arange(self._seen, self._seen + len(rows))
        self._seen += len(rows)
        self._rows = np.concatenate([self._rows, rows[places % self.step == 0]])
        while len(self._rows) > FRAMES:
            self._rows, self.step = self._rows[::2], 2 * self.step

    def series(self) -> Series:
        """Return what is left of it."""
        times, sizes, counts, spreads, complete = self._rows.T
        return Series(self.step, times, sizes, counts, spreads, complete == 1)


class LossMap:
    """Packets that came and that were lost, second by second."""

    def __init__(self, began: int) -> None:
        self.step = SECOND
        """Nanoseconds of one entry."""
        self._began = began
        self._came = np.zeros(0, np.int64)
        self._lost = np.zeros(0, np.int64)

    def add(self, times: Column, lost: Column) -> None:
        """Take packets with the number of those that are missing in front of each."""
        while (width := int((times.max() - self._began) // self.step) + 1) > SECONDS:
            self._came, self._lost, self.step = _halved(self._came), _halved(self._lost), 2 * self.step
        places = np.clip((times - self._began) // self.step, 0, None)
        width = max(width, len(self._came))
        self._came = np.bincount(places, minlength=width) + _padded(self._came, width)
        missing = np.bincount(places, weights=lost, minlength=width).astype(np.int64)
        self._lost = missing + _padded(self._lost, width)

    @property
    def came(self) -> list[int]:
        """Packets that came in each step."""
        return [int(count) for count in self._came]

    @property
    def lost(self) -> list[int]:
        """Packets that were lost in each step."""
        return [int(count) for count in self._lost]


class Spread:
    """How often which time was met, in bins of unequal width."""

    def __init__(self) -> None:
        self._counts = np.zeros(len(EDGES), np.int64)

    def add(self, milliseconds: npt.NDArray[np.float64]) -> None:
        """Take times, not negative."""
        places = np.searchsorted(EDGES, milliseconds, side="right") - 1
        self._counts += np.bincount(np.clip(places, 0, None), minlength=len(EDGES))

    def histogram(self) -> Histogram:
        """Return the bins; the upper end of the last is infinite."""
        return Histogram([*EDGES, float("inf")], [int(count) for count in self._counts])


def _halved(counts: Column) -> Column:
    even = np.append(counts, 0) if len(counts) % 2 else counts
    halved: Column = even.reshape(-1, 2).sum(1)
    return halved


def _padded(counts: Column, width: int) -> Column:
    return np.pad(counts, (0, width - len(counts)))
