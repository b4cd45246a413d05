"""Lost restart intervals, filled with those of an earlier frame. Nothing is decoded for it.

A restart interval begins on a byte with its predictors at zero, and RFC 2435 fixes the Huffman
tables: an interval of one frame stands in the same place of another frame, byte for byte, as long as
type, size, restart interval and quantisation tables are the same. So a frame with holes is its own
intervals where they came, and the newest earlier ones elsewhere. An interval that was never seen is
mid-grey.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable

import numpy as np

from .scan import walk_scan

# One MCU of mid-grey: each block has DC difference 0 and end of block at once (T.81 tables K.3 to K.6).
_GREY_BITS = {0: "001010" * 2 + "0000" * 2, 1: "001010" * 4 + "0000" * 2}
REMEMBERED_KEYS = 4
"""Combinations of type, size, interval and tables that are kept, least recently used first out."""


class Concealer:
    """Keeps the newest intervals of a stream, one picture for each key."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[Hashable, memoryview | list[bytes]] = OrderedDict()

    def store(self, key: Hashable, scan: memoryview | list[bytes]) -> None:
        """Keep the scan of a complete frame, EOI left out; it is split only when it is needed."""
        self._pictures[key] = scan
        self._pictures.move_to_end(key)
        if len(self._pictures) > REMEMBERED_KEYS:
            self._pictures.popitem(last=False)

    def fill(
        self, key: Hashable, type_: int, mcus: int, interval: int, chunks: Iterable[tuple[int, bytes]]
    ) -> tuple[bytes, int]:
        """Return a whole scan without EOI, and how many of its intervals are fresh.

        ``chunks`` are restart count and data of what came; ``mcus`` is the size of the picture and
        ``interval`` the restart interval, both in MCUs. Chunks that do not fit the picture are left out.
        """
        intervals = self._known(key, type_, mcus, interval)
        fresh: set[int] = set()
        for count, data in chunks:
            pieces = split_chunk(data, count)
            if pieces is None or count + len(pieces) > len(intervals):
                continue
            intervals[count : count + len(pieces)] = pieces
            fresh.update(range(count, count + len(pieces)))
        self.store(key, intervals)
        return join_intervals(intervals), len(fresh)

    def _known(self, key: Hashable, type_: int, mcus: int, interval: int) -> list[bytes]:
        picture = self._pictures.get(key)
        if isinstance(picture, memoryview):
            picture = split_chunk(bytes(picture), 0)
        if picture is None or len(picture) != -(-mcus // interval):
            picture = [grey_interval(type_, min(interval, mcus - at)) for at in range(0, mcus, interval)]
        return picture


def split_chunk(data: bytes, count: int) -> list[bytes] | None:
    """Return the intervals of a chunk without their markers, or None when the chunk is damaged.

    ``count`` is the index of its first interval. The marker that the chunk begins with is number
    (count - 1) mod 8 and makes no empty interval; neither does one at its end, where a sender cuts
    behind its markers. A wrong number tells that the chunk is not what it says.
    """
    array = np.frombuffer(data, np.uint8)
    scan = walk_scan(array)
    if scan.foreign >= 0:
        return None
    intervals: list[bytes] = []
    start, expected = 0, count
    for position, number in zip(scan.restart_positions.tolist(), scan.restart_numbers.tolist(), strict=True):
        if position == 0:
            expected -= 1
        elif position == start:
            return None
        else:
            intervals.append(data[start:position])
        if number != expected & 7:
            return None
        expected += 1
        start = data.index(0xD0 + number, position) + 1
    if start < scan.end:
        intervals.append(data[start : scan.end])
    return intervals


def join_intervals(intervals: list[bytes]) -> bytes:
    """Return a scan: the intervals with RST0 to RST7 between them, cyclically."""
    parts = [intervals[0]]
    for index, interval in enumerate(intervals[1:]):
        parts += (b"\xff", bytes((0xD0 + index % 8,)), interval)
    return b"".join(parts)


def grey_interval(type_: int, mcus: int) -> bytes:
    """Return an interval of mid-grey MCUs (all pixels 128), padded with ones to a whole byte."""
    bits = _GREY_BITS[type_ & 63] * mcus
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
