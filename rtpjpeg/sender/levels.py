"""What a camera can be told to send within a share of the network: its levels, and what each will cost.

A level is a JPEG quality and a part of the frame rate. How large a picture of another quality will be
follows from how large the last ones were: photographs keep close to one curve, whatever they show.

Pure: time comes in as an argument.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

QUALITIES = (30, 35, 40, 45, 50, 55, 60, 64, 67, 70, 72, 74, 76, 78, 80, 82, 84, *range(85, 101))
"""What quality may be set to, beside the configured one: each makes pictures some 6 % larger than the last.

Steps of a quarter, as from 70 to 80, would leave an eighth of the network unused on average.
"""
CURVE = {1: 0.163, 5: 0.187, 10: 0.237, 20: 0.322, 30: 0.393, 40: 0.454, 50: 0.513, 60: 0.577, 65: 0.624}
CURVE |= {70: 0.679, 75: 0.744, 80: 0.851, 85: 1.0, 88: 1.143, 90: 1.266, 93: 1.516, 95: 1.844, 97: 2.319}
CURVE |= {98: 2.577, 99: 3.223, 100: 3.93}
"""Size of a picture beside the same one at quality 85: mean of four photographs, 640x480 and 1280x720."""
HALF = 2
"""What the frame rate is divided by where the lowest quality is still too much."""
MEMORY = 0.3
"""Seconds over which the size of pictures is averaged."""
SETTLE = 0.2
"""Seconds after a change in which pictures of the old quality may still come, at most two frames more."""
AWAY = 3.0
"""Seconds without a picture after which a camera needs no share."""


class Level(NamedTuple):
    """What a camera sends."""

    quality: int
    fps_divisor: int = 1


def _between(quality: int) -> float:
    """Return the size at a quality that lies between two of the curve."""
    (low, small), (high, large) = next(pair for pair in pairwise(CURVE.items()) if quality <= pair[1][0])
    return small + (large - small) * (quality - low) / (high - low)


RELATIVE_SIZES = (0.0, *(_between(quality) for quality in range(1, 101)))
"""The curve at every quality, 1 to 100."""


def qualities_up_to(configured: int) -> tuple[int, ...]:
    """Return the qualities that may be set, lowest first; the last one is ``configured``."""
    return (*QUALITIES[: bisect_left(QUALITIES, configured)], configured)


def shared(budget: float, demands: Mapping[str, float]) -> dict[str, float]:
    """Divide a budget into equal shares; what one does not need goes to the others.

    Where there is more than all need, all have an equal part of the rest.
    """
    shares = {}
    for done, name in enumerate(sorted(demands, key=lambda name: demands[name])):
        equal = budget / (len(demands) - done)
        last = done == len(demands) - 1
        shares[name] = equal if last else min(equal, demands[name])
        budget -= shares[name]
    return shares


class Sizes:
    """Learns what a camera's pictures cost, in bits a second at each level.

    ``fps`` is the whole frame rate. Until the first picture every level costs nothing.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._scale: float | None = None
        self._seen_at = -math.inf
        self._settled_at = -math.inf

    def add(self, size: int, level: Level, now: float) -> None:
        """Learn from a picture of ``size`` bytes that was made at ``level``."""
        self._seen_at = now
        scale = max(0, size) / RELATIVE_SIZES[level.quality]
        if self._scale is None:
            self._scale = scale
        elif now >= self._settled_at:
            weight = min(0.5, max(0.05, 1 / (MEMORY * max(self.fps, 1.0))))
            self._scale += weight * (scale - self._scale)

    def changed(self, now: float) -> None:
        """Pass over the pictures that come before a change of level is seen in them."""
        self._settled_at = now + SETTLE + min(2 / max(self.fps, 1.0), 2.0)

    def bits(self, level: Level, now: float) -> float:
        """Return the bits a second of a level; 0 for a camera that sends nothing."""
        if self._scale is None or now - self._seen_at > AWAY:
            return 0.0
        return self._scale * RELATIVE_SIZES[level.quality] * 8 * self.fps / level.fps_divisor

    def best(self, qualities: Sequence[int], fps_divisor: int, bits: float, now: float) -> Level:
        """Return the best level that so many bits a second carry, the lowest where they carry none."""
        fitting = bisect_right(
            qualities, bits, key=lambda quality: self.bits(Level(quality, fps_divisor), now)
        )
        return Level(qualities[max(0, fitting - 1)], fps_divisor)
