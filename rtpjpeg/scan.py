"""The entropy-coded scan: where its markers stand, and whether any stands there wrongly.

Inside a scan an 0xFF byte is followed by 0x00 when the entropy coder made it; by D0 to D7 when it
begins a restart marker; by another 0xFF when it is a fill byte in front of a marker; by D9 when the
scan is over (T.81 section B.1.1.5, RFC 2435 section 3.1.9). Anything else is damage or an attack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .train import Bytes, Column, Flags

EOI = b"\xff\xd9"

_MARKED = re.compile(rb"\xff[^\x00]", re.DOTALL)
_NOWHERE = np.zeros(0, np.int64)
_NUMBERS = np.tile(np.arange(8), 1 << 12)
"""n of each RSTn of a scan in order: more than the largest picture has."""
_IN_ORDER = (_NUMBERS + 0xD0).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Scan:
    """What ``walk_scan`` found."""

    end: int
    """Bytes of entropy-coded data, EOI and what follows it left out."""
    has_eoi: bool
    restart_positions: Column
    """Where each restart marker begins, the fill bytes in front of it included."""
    restart_numbers: Column
    """n of each RSTn, 0 to 7."""
    foreign: int
    """Position of the first marker that does not belong in a scan, or -1."""

    @property
    def in_order(self) -> bool:
        """True when the restart markers count 0 to 7 cyclically (T.81 section E.1.4)."""
        count = self.restart_numbers.size
        expected = _NUMBERS[:count] if count <= _NUMBERS.size else np.arange(count) % 8
        return bool((self.restart_numbers == expected).all())


def walk_plain_scan(data: bytes, start: int) -> Scan | None:
    """Walk a scan that holds no marker but its EOI, the usual one; None for any other.

    The same as ``walk_scan`` of ``data`` from ``start`` on. In a loop it takes up to three times as long;
    at the pace of a camera, with cold caches, about half (``benchmarks/cold.py``).
    """
    found = _MARKED.search(data, start)
    if found is None or data[found.end() - 1] != 0xD9:
        return None
    return Scan(found.start() - start, True, _NOWHERE, _NOWHERE, -1)


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


def walk_scan(data: Bytes, scratch: Scratch | None = None) -> Scan:
    """Find the markers of a scan, a one-dimensional uint8 array, up to its first EOI."""
    # Most scans hold one such place, their EOI, and argmax stops there: no index of all is made.
    marked = (scratch or Scratch()).marked(data)
    first = int(marked.argmax()) if marked.size else 0
    if marked.size and marked[first] and data[first + 1] == 0xD9:
        return Scan(first, True, _NOWHERE, _NOWHERE, -1)
    marks = np.flatnonzero(marked)
    codes = data[marks + 1]
    count = codes.size - 1
    # What an encoder makes: restart markers in order without fill bytes, and EOI at the end.
    if 0 < count <= _IN_ORDER.size and codes[-1] == 0xD9 and (codes[:-1] == _IN_ORDER[:count]).all():
        return Scan(int(marks[-1]), True, marks[:-1], _NUMBERS[:count], -1)
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


def _judge(data: Bytes, starts: Column, positions: Column, codes: Bytes) -> Scan:
    """Tell restart markers, EOI and foreign markers apart."""
    ends = np.flatnonzero(codes == 0xD9)
    count = int(ends[0]) if ends.size else codes.size
    end = int(starts[count]) if ends.size else _trimmed_size(data)
    wrong = np.flatnonzero((codes[:count] & 0xF8) != 0xD0)
    foreign = -1
    if wrong.size:
        count = int(wrong[0])
        foreign = int(positions[count])
    return Scan(
        end,
        bool(ends.size),
        starts[:count],
        (codes[:count] & 7).astype(np.int64),
        foreign,
    )


def _trimmed_size(data: Bytes) -> int:
    """Return the size without 0xFF bytes at the very end: a marker that was cut, or padding."""
    if not data.size or data[-1] != 0xFF:
        return data.size
    kept = data[::-1] != 0xFF
    return data.size - int(kept.argmax()) if kept.any() else 0
