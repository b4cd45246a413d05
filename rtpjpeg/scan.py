"""The entropy-coded scan: where its markers stand, and whether any stands there wrongly.

Inside a scan an 0xFF byte is followed by 0x00 when the entropy coder made it; by D0 to D7 when it
begins a restart marker; by another 0xFF when it is a fill byte in front of a marker; by D9 when the
scan is over (T.81 section B.1.1.5, RFC 2435 section 3.1.9). Anything else is damage or an attack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .train import Bytes, Column, Flags

EOI = b"\xff\xd9"

_MARKED = re.compile(rb"\xff[^\x00]", re.DOTALL)
_RESTARTS_AND_EOI = re.compile(rb"(?:\xff[\xd0-\xd7])*\xff\xd9")
_CYCLE = bytes(range(0xD0, 0xD8))
_NOWHERE = np.zeros(0, np.int64)
_IN_ORDER = np.tile(np.frombuffer(_CYCLE, np.uint8), 1 << 12)
"""The codes of a scan in order: more than most pictures have."""
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Scan:
    """What stands in a scan."""

    end: int
    """Bytes of entropy-coded data, EOI and what follows it left out."""
    has_eoi: bool
    restart_codes: bytes
    """The codes of the restart markers, 0xD0 to 0xD7, one byte each."""
    foreign: int
    """Position of the first marker that does not belong in a scan, or -1."""

    @property
    def in_order(self) -> bool:
        """True when the restart markers count 0 to 7 cyclically (T.81 section E.1.4)."""
        count = len(self.restart_codes)
        return self.restart_codes == (_CYCLE * (count // 8 + 1))[:count]


@dataclass(frozen=True, slots=True)
class PlacedScan(Scan):
    """A scan whose markers were looked at one by one."""

    restart_positions: Column
    """Where each restart marker begins, the fill bytes in front of it included."""


def walk_plain_scan(data: bytes, start: int) -> Scan | None:
    """Walk a scan that holds no marker but its EOI, the usual one; None for any other.

    The same as ``walk_scan`` of ``data`` from ``start`` on. In a loop it takes up to three times as long;
    at the pace of a camera, with cold caches, about half (``benchmarks/cold.py``).
    """
    found = _MARKED.search(data, start)
    if found is None or data[found.end() - 1] != 0xD9:
        return None
    return Scan(found.start() - start, True, b"", -1)


def walk_marked_scan(data: bytes, start: int, most: int) -> Scan | None:
    """Walk a scan of up to ``most`` restart markers, no fill bytes, and EOI; None for any other.

    The same as ``walk_scan`` of ``data`` from ``start`` on, and for the same reason.
    """
    marks = islice(map(re.Match.group, _MARKED.finditer(data, start)), most + 2)
    codes = b"".join(marks)
    usual = _RESTARTS_AND_EOI.match(codes)
    if usual is None or usual.end() > 2 * (most + 1):
        return None
    # Nothing behind EOI: it stands at the end, where it need not be searched.
    end = len(data) - 2 if usual.end() == len(codes) and data.endswith(EOI) else data.find(EOI, start)
    return Scan(end - start, True, codes[1 : usual.end() - 2 : 2], -1)


def markers(data: Bytes) -> Iterator[tuple[Column, Bytes]]:
    """Yield where the 0xFF of markers stand, and their codes, block by block; fill bytes are none."""
    for first in range(0, data.size - 1, _BLOCK):
        block = data[first : first + _BLOCK + 1]
        following = block[1:]
        # 0xFF in front of neither 0x00 nor 0xFF; the sum wraps to 1 and 0 for these two.
        places = np.flatnonzero((block[:-1] == 0xFF) & (following + np.uint8(1) > 1))
        if places.size:
            yield places + first, following[places]


def walk_received_scan(data: Bytes, most: int) -> Scan | None:
    """Walk any scan of up to ``most`` restart markers; None for more.

    The same as ``walk_scan``, in memory that does not grow with what a stranger sends.
    """
    restarts, foreign = b"", -1
    for places, codes in markers(data):
        ends = np.flatnonzero(codes == 0xD9)
        count = int(ends[0]) if ends.size else codes.size
        wrong = np.flatnonzero((codes[:count] & 0xF8) != 0xD0)
        if foreign < 0:
            restarts += codes[: int(wrong[0]) if wrong.size else count].tobytes()
            foreign = int(places[wrong[0]]) if wrong.size else -1
        if ends.size:
            return Scan(_trimmed_size(data[: int(places[count])]), True, restarts, foreign)
        if len(restarts) > most:
            return None
    return Scan(_trimmed_size(data), False, restarts, foreign)


class Scratch:
    """Room for the work on one scan after another, for one thread.

    New arrays of the size of a frame, made and let go for each, are taken from the system and given back
    each time: a hundred page faults a frame.
    """

    def __init__(self) -> None:
        self._flags: Flags = np.empty((2, 0), np.bool_)

    def marked(self, data: Bytes) -> Flags:
        """Return True where 0xFF stands in front of something other than 0x00; valid until the next call."""
        size = max(data.size - 1, 0)
        if self._flags.shape[1] < size:
            self._flags = np.empty((2, size + size // 4), np.bool_)
        ones: Flags = self._flags[0, :size]
        others: Flags = self._flags[1, :size]
        np.equal(data[:size], 0xFF, out=ones)
        np.not_equal(data[1:], 0x00, out=others)
        np.logical_and(ones, others, out=ones)
        return ones


def walk_scan(data: Bytes, scratch: Scratch | None = None) -> PlacedScan:
    """Find the markers of a scan, a one-dimensional uint8 array, up to its first EOI."""
    # Most scans hold one such place, their EOI, and argmax stops there: no index of all is made.
    marked = (scratch or Scratch()).marked(data)
    first = int(marked.argmax()) if marked.size else 0
    if marked.size and marked[first] and data[first + 1] == 0xD9:
        return PlacedScan(first, True, b"", -1, _NOWHERE)
    marks = np.flatnonzero(marked)
    codes = data[marks + 1]
    count = codes.size - 1
    # What an encoder makes: restart markers in order without fill bytes, and EOI at the end.
    if 0 < count <= _IN_ORDER.size and codes[-1] == 0xD9 and (codes[:-1] == _IN_ORDER[:count]).all():
        return PlacedScan(int(marks[-1]), True, codes[:-1].tobytes(), -1, marks[:-1])
    starts, positions = _markers(data, marks)
    return _judge(data, starts, positions, data[positions + 1])


def _markers(data: Bytes, marks: Column) -> tuple[Column, Column]:
    """Return for each marker where its fill bytes begin, and where its last 0xFF stands.

    ``marks`` are the 0xFF bytes in front of anything but 0x00. An 0xFF in front of an 0xFF is fill, so
    a row of them is one marker, unless its last byte stands in front of 0x00 and is data.
    """
    row_ends = np.append(np.flatnonzero(np.diff(marks) != 1), marks.size - 1)[: marks.size]
    lasts = marks[row_ends]
    starts = marks[np.append(0, row_ends + 1)[: row_ends.size]]
    real = data[lasts + 1] != 0xFF
    return starts[real], lasts[real]


def _judge(data: Bytes, starts: Column, positions: Column, codes: Bytes) -> PlacedScan:
    """Tell restart markers, EOI and foreign markers apart."""
    ends = np.flatnonzero(codes == 0xD9)
    count = int(ends[0]) if ends.size else codes.size
    end = int(starts[count]) if ends.size else _trimmed_size(data)
    wrong = np.flatnonzero((codes[:count] & 0xF8) != 0xD0)
    foreign = -1
    if wrong.size:
        count = int(wrong[0])
        foreign = int(positions[count])
    return PlacedScan(end, bool(ends.size), codes[:count].tobytes(), foreign, starts[:count])


def _trimmed_size(data: Bytes) -> int:
    """Return the size without 0xFF bytes at the very end: a marker that was cut, or padding."""
    size = data.size
    while size and data[size - 1] == 0xFF:
        kept = data[max(size - _BLOCK, 0) : size][::-1] != 0xFF
        size -= int(kept.argmax()) if kept.any() else kept.size
    return size
