"""How many MCUs a restart interval has, so that whole intervals fill packets.

An interval costs its marker, its padding and a fresh start of the DC predictors, about 4 bytes in all;
half an interval a packet stays empty. The sum is least near 450 bytes an interval at the usual packet,
and what most intervals need to fit one: the largest is up to three times the mean. In packets that are
filled to one size the empty half is sent too, and half as many bytes an interval are best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..jpeg import JpegHeaders, count_mcus, parse_jpeg
from ..payload import UNALIGNED
from ..scan import Scratch
from ..train import Column

MEAN = 450
"""Bytes of an interval, where packets have ``USUAL_ROOM``."""
USUAL_ROOM = 1328
SMALLEST = 2
EVERY = 15
"""One picture in so many is looked at, one each half second of a usual camera. A look walks the scan, which
takes 3 % of the time that encoding takes: not worth it for each, nothing for so few."""
TOLERATED = 0.01
"""Share of the intervals that may be larger than a packet."""


class PacketRoom(NamedTuple):
    """What an encoder must know of the packets to come."""

    size: int
    """Bytes of scan that fit one."""
    filled: bool = False
    """True when packets are filled to one size."""


def choose_interval(scan_size: int, mcus: int, row: int, room: PacketRoom) -> int:
    """Return MCUs an interval for a picture of ``mcus`` MCUs, ``row`` in a row, and ``scan_size`` bytes."""
    mean = MEAN * min(1.0, room.size / USUAL_ROOM) / (2 if room.filled else 1)
    return max(least_interval(mcus), min(row, round(mean * mcus / scan_size)))


def lower_interval(interval: int, sizes: Column, room: PacketRoom) -> int:
    """Return the interval at which 99 in 100 fit a packet, reckoned from the ``sizes`` at this one."""
    fitting = np.sort(sizes)[: -int(sizes.size * TOLERATED) or None]
    return interval * room.size // int(fitting[-1])


def least_interval(mcus: int) -> int:
    """Return the smallest interval: below 2 markers cost too much, and the restart count has 14 bits.

    The largest of it means something else (RFC 2435 section 3.1.7).
    """
    return max(SMALLEST, -(-mcus // UNALIGNED))


class IntervalFitter:
    """Remembers the interval of a stream of pictures, and looks now and then whether it still fits.

    It changes with quality or size, and when more than one interval in a hundred does not fit a packet,
    at no other time: a receiver fills holes from pictures of the same interval.
    """

    def __init__(self, room: PacketRoom) -> None:
        self.room = room
        self.interval = 0
        """MCUs; 0 before the first picture is measured."""
        self._key: object = None
        self._headers: JpegHeaders | None = None
        self._scratch = Scratch()
        self._wait = 0

    def begins(self, key: object) -> bool:
        """Return whether pictures of ``key``, size and quality, are new; then ``measure`` comes next."""
        known, self._key = self._key == key, key
        return not known

    def measure(self, jpeg: bytes) -> None:
        """Choose the interval from a picture without restart markers."""
        image = parse_jpeg(jpeg)
        mcus = count_mcus(image.type, image.width, image.height)
        self.interval = choose_interval(len(image.scan), mcus, -(-image.width // 16), self.room)
        self._wait = 0

    def look(self, jpeg: bytes) -> None:
        """Take note of a picture that was encoded with the interval; most are not looked at."""
        if self._wait:
            self._wait -= 1
            return
        chosen = self._judge(jpeg)
        # The first picture after a choice is looked at, it tells whether the choice was right.
        self._wait = 0 if chosen != self.interval else EVERY - 1
        self.interval = chosen

    def _judge(self, jpeg: bytes) -> int:
        """Return the interval for the next picture."""
        image = parse_jpeg(jpeg, self._headers, self._scratch)
        self._headers = image.headers
        sizes = np.diff(image.restart_positions, prepend=0, append=len(image.scan))
        if np.count_nonzero(sizes > self.room.size) <= TOLERATED * sizes.size:
            return self.interval
        mcus = count_mcus(image.type, image.width, image.height)
        chosen = choose_interval(len(image.scan), mcus, -(-image.width // 16), self.room)
        return max(least_interval(mcus), min(chosen, lower_interval(self.interval, sizes, self.room)))
