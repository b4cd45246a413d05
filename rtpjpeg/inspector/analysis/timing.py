"""When packets came: jitter, bursts, and whether the timestamps run on the right clock."""

from __future__ import annotations

import numpy as np

from ...rtp import CLOCK_RATE
from ...train import Column, Flags
from .frames import steps
from .series import Spread

MILLISECOND = 10**6
BURST = 92
"""Packets of 1400 bytes that an unchanged receive buffer of Linux holds (net.core.rmem_default, 212992)."""
AT_ONCE = MILLISECOND
"""Nanoseconds within which packets came at once."""


class Jitter:
    """Interarrival jitter in milliseconds (RFC 3550 sections 6.4.1 and A.8)."""

    def __init__(self) -> None:
        self.value = self.largest = 0.0
        self.packet = 0
        """Where it was largest."""

    def follow(self, differences: list[float], numbers: Column) -> None:
        """J += (|D| - J) / 16; a loop, for each J needs the one before."""
        value, largest, where = self.value, self.largest, -1
        for place, difference in enumerate(differences):
            value += (difference - value) * 0.0625
            if value > largest:
                largest, where = value, place
        self.value, self.largest = value, largest
        if where >= 0:
            self.packet = int(numbers[where])


class Arrivals:
    """Packets of one stream in order of arrival."""

    def __init__(self) -> None:
        self.longest_burst = 0
        self.burst_packet = 0
        self.bursts: list[int] = []
        """First packets of bursts longer than a receive buffer, the first thousand."""
        self.transit = Spread()
        self._jitter = Jitter()
        self._before: tuple[int, int] | None = None
        self._recent = np.zeros((0, 2), np.int64)
        self._burst_until = 0

    @property
    def jitter(self) -> float:
        """Milliseconds, over every packet as it came."""
        return self._jitter.value

    @property
    def jitter_max(self) -> float:
        """The largest it was, milliseconds."""
        return self._jitter.largest

    def add(self, times: Column, timestamps: Column, numbers: Column) -> None:
        """Take packets in order of arrival."""
        self._add_transit(times, timestamps, numbers)
        self._add_bursts(times, numbers)

    def _add_transit(self, times: Column, timestamps: Column, numbers: Column) -> None:
        before = self._before or (int(times[0]), int(timestamps[0]))
        passed = np.diff(times, prepend=before[0]) / MILLISECOND
        meant = steps(np.concatenate([[before[1]], timestamps])) * 1000 / CLOCK_RATE
        self._before = int(times[-1]), int(timestamps[-1])
        difference = np.abs(passed - meant)
        self.transit.add(difference)
        self._jitter.follow(difference.tolist(), numbers)

    def _add_bursts(self, times: Column, numbers: Column) -> None:
        """Count for each packet those that came within a millisecond up to it."""
        rows = np.concatenate([self._recent, np.stack([times, numbers], 1)])
        # A capture of several cards may be a little out of order.
        moments = np.maximum.accumulate(rows[:, 0])
        counts = np.arange(len(rows)) - np.searchsorted(moments, moments - AT_ONCE, side="right") + 1
        fresh = counts[len(self._recent) :]
        place = int(fresh.argmax())
        if fresh[place] > self.longest_burst:
            self.longest_burst, self.burst_packet = int(fresh[place]), int(numbers[place])
        for index in np.flatnonzero(fresh == BURST + 1).tolist():
            self._begin_burst(int(times[index]), int(numbers[index]))
        self._recent = rows[moments > moments[-1] - AT_ONCE][-4096:]

    def _begin_burst(self, time: int, number: int) -> None:
        if time >= self._burst_until and len(self.bursts) < 1000:
            self.bursts.append(number)
        self._burst_until = time + AT_ONCE


class Clock:
    """The timestamps of the frames beside the time at which they came."""

    USUAL_RATES = (5, 10, 12, 12.5, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120)
    OTHER_CLOCKS = (1000, 8000, 10_000, 16_000, 44_100, 48_000, 10**6, 27 * 10**6, 10**9)

    def __init__(self) -> None:
        self.spacing = Spread()
        self.frames = 0
        self._jitter = Jitter()
        self._steps = self._ticks = self._passed = 0
        """Frames with nothing lost in front of them; their distances in ticks and in nanoseconds."""
        self._arrived: tuple[int, int] | None = None

    @property
    def jitter_max(self) -> float:
        """Milliseconds, over the first packets of the frames; inside frames D is nearly 0 and hides it."""
        return self._jitter.largest

    @property
    def jitter_packet(self) -> int:
        """Where it was largest."""
        return self._jitter.packet

    def add(self, times: Column, timestamps: Column, numbers: Column, follows: Flags) -> None:
        """Take the first packet of each frame; ``follows`` are frames with nothing lost in front of them."""
        before = self._arrived or (int(times[0]), int(timestamps[0]))
        passed = np.diff(times, prepend=before[0])
        self.spacing.add(np.abs(passed[0 if self.frames else 1 :]) / MILLISECOND)
        meant = steps(np.concatenate([[before[1]], timestamps]))
        counted = follows & (meant > 0)
        counted[0] &= self.frames > 0
        self._steps += int(counted.sum())
        self._ticks += int(meant[counted].sum())
        self._passed += int(passed[counted].sum())
        difference = np.abs(passed / MILLISECOND - meant * 1000 / CLOCK_RATE)
        self._jitter.follow(difference.tolist(), numbers)
        self._arrived = int(times[-1]), int(timestamps[-1])
        self.frames += len(times)

    @property
    def arrival_rate(self) -> float:
        """Frames a second as they came; 0 where that cannot be told."""
        return 10**9 * self._steps / self._passed if self._passed > 0 else 0.0

    @property
    def stamped_rate(self) -> float:
        """Frames a second by the timestamps."""
        return CLOCK_RATE * self._steps / self._ticks if self._ticks else 0.0

    @property
    def fps(self) -> float:
        """Frames a second: by the timestamps, where these can be right."""
        return self.arrival_rate if self.other_clock() else self.stamped_rate

    def other_clock(self) -> str:
        """Say which clock the timestamps seem to run on; empty where 90 000 a second is possible.

        A file that is sent faster than its pictures were taken is no fault: only where the frames come at
        a usual rate the timestamps are asked.
        """
        came, meant = self.arrival_rate, self.stamped_rate
        if self._steps < 2 or not 1 <= came <= 240 or not meant or 0.8 < meant / came < 1.25:
            return ""
        rate = came * CLOCK_RATE / meant
        nearest = min(self.OTHER_CLOCKS, key=lambda clock: abs(clock - rate) / clock)
        known = abs(nearest - rate) < 0.05 * nearest
        usual = any(abs(came - rate_) < 0.03 * rate_ for rate_ in self.USUAL_RATES)
        if 1 <= meant <= 240 and not (known and usual):
            return ""
        clock = f"about {nearest}" if known else f"{rate:.3g}"
        return f"timestamps that count {clock} a second while frames come at {came:.3g} a second"
