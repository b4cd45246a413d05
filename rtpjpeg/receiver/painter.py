"""Pixels of one stream: what a frame does not know, the picture before it still shows.

A JPEG may hold restart intervals that nobody has seen since the quality last changed; in the file they
are mid-grey. On a screen they would flash, and the picture before is nearly always the better guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..frame import Frame
from .decode import Image, decode

Area = tuple[slice, slice]
"""Rows and columns of an image."""


class Painter:
    """Decodes the frames of one stream; it is the ``decoder`` of each of them."""

    def __init__(self) -> None:
        self._before: Image | None = None

    def __call__(self, frame: Frame) -> Image:
        """Return the pixels, height x width x 3, BGR, uint8; raises what ``decode`` raises."""
        image, before = decode(frame.jpeg), self._before
        if frame.unseen_intervals and before is not None and before.shape == image.shape:
            for area in areas(frame.type, frame.width, frame.restart_interval, frame.unseen_intervals):
                image[area] = before[area]
        self._before = image
        return image


def areas(type_: int, width: int, interval: int, indices: Iterable[int]) -> Iterator[Area]:
    """Yield where restart intervals stand in a picture ``width`` pixels wide; ``indices`` rise.

    An MCU is 16x16 pixels at 4:2:0, 16x8 at 4:2:2 (RFC 2435 section 4.1).
    """
    row, height = -(-width // 16), 16 if type_ & 63 else 8
    for first, stop in _runs(indices):
        begin, end = first * interval, stop * interval
        while begin < end:
            top, left = divmod(begin, row)
            # Whole rows at once; what is left of a row by itself.
            rows = (end - begin) // row if left == 0 else 0
            columns = row if rows else min(row - left, end - begin)
            rows = max(rows, 1)
            yield (
                slice(top * height, (top + rows) * height),
                slice(left * 16, (left + columns) * 16),
            )
            begin += columns * rows


def _runs(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and stop of consecutive numbers."""
    first = stop = -1
    for index in indices:
        if index != stop:
            if stop > first:
                yield first, stop
            first = index
        stop = index + 1
    if stop > first:
        yield first, stop
