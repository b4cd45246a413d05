"""Pixels of one stream: what a frame does not know, the picture before it still shows.

A JPEG may hold restart intervals that nobody has seen since the quality last changed; in the file they
are mid-grey. On a screen they would flash, and the picture before is nearly always the better guess. The
other stale intervals are as an earlier frame had them; where the whole picture has moved since, they are
drawn from the picture before, moved as far. Fields of interlaced video are made into pictures by ``fields``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import numpy as np

from ..concealment import STALE, UNSEEN
from ..errors import RtpJpegError
from ..frame import Decoder, Frame
from .decode import Image, decode
from .fields import Fields
from .motion import Shift, find_shift, overlap

Area = tuple[slice, slice]
"""Rows and columns of an image."""
REST = 4
"""Frames from one vain look for motion to the next: a look costs as much as half a decoding."""


class Painter:
    """Decodes the frames of one stream, from any thread.

    Each picture belongs to whoever asked for it, who may draw on it: what later frames need of it is kept
    as a copy. Where pictures are only ``looked_at``, no copy is made.
    """

    def __init__(self, looked_at: bool = False) -> None:
        self._looked_at = looked_at
        self._before: Image | None = None
        self._number = -1
        self._completed_at = float("-inf")
        self._lock = threading.Lock()
        self._fields = Fields()
        self._rest = 0
        """Frames for which no motion is looked for, because none was found."""

    def __call__(self, frame: Frame) -> Image:
        """Return the pixels, height x width x 3, BGR, uint8; raises what ``decode`` raises.

        Of a field they are twice as high as the frame.
        """
        with self._lock:
            image, before = decode(frame.jpeg), self._before
            if frame.interval_states and before is not None and before.shape == image.shape:
                self._fill(image, before, frame)
            if frame.completed_at is None or frame.completed_at >= self._completed_at:
                self._keep(image, frame)
            return self._fields.show(frame, image)

    def _keep(self, image: Image, frame: Frame) -> None:
        """Keep a copy for the next frame, in the same memory: new memory costs as much as decoding."""
        self._number, self._completed_at = frame.number, frame.completed_at or self._completed_at
        if not frame.restart_interval:
            self._before = None  # Nothing is ever filled in such a stream.
        elif self._looked_at:
            image.flags.writeable = False
            self._before = image
        elif self._before is None or self._before.shape != image.shape:
            self._before = image.copy()
        else:
            np.copyto(self._before, image)

    def _fill(self, image: Image, before: Image, frame: Frame) -> None:
        """Draw the stale areas of an image from the one before."""
        # Where frames in between were not drawn, what stands in the file may be newer than our picture.
        follows = frame.number == self._number + 1
        least = STALE if follows else UNSEEN
        indices = [index for index, state in enumerate(frame.interval_states) if state >= least]
        stale = [*areas(frame.type, frame.width, frame.restart_interval, indices)]
        shift = self._shift(image, before, stale) if follows else (0, 0)
        for area in stale:
            image[area] = before[area]
            if shift != (0, 0):
                _move(image, before, area, shift)

    def _shift(self, image: Image, before: Image, stale: list[Area]) -> Shift:
        """Return how far the picture has moved; where nothing moves it is asked for now and then only."""
        self._rest -= 1
        if self._rest > 0:
            return 0, 0
        fresh = np.ones(image.shape[:2], np.bool_)
        for area in stale:
            fresh[area] = False
        shift = find_shift(before, image, fresh)
        self._rest = 0 if shift != (0, 0) else REST
        return shift


class Once:
    """The ``decoder`` of one frame: decodes it once, whoever asks first; others wait for that."""

    __slots__ = ("_decode", "_error", "_image", "_lock")

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode
        self._image: Image | None = None
        self._error: RtpJpegError | None = None
        self._lock = threading.Lock()

    def __call__(self, frame: Frame) -> Image:
        """Return the pixels; raises what the decoder raises, each time."""
        with self._lock:
            if self._image is None and self._error is None:
                try:
                    self._image = self._decode(frame)
                except RtpJpegError as error:
                    self._error = error
        if self._image is None:
            raise self._error or AssertionError
        return self._image


def _move(image: Image, before: Image, area: Area, shift: Shift) -> None:
    """Draw what has moved into an area; what came in from outside stays as it stands."""
    rows, columns = area
    to_rows, from_rows = _moved(rows, image.shape[0], shift[1])
    to_columns, from_columns = _moved(columns, image.shape[1], shift[0])
    image[to_rows, to_columns] = before[from_rows, from_columns]


def _moved(part: slice, size: int, shift: int) -> tuple[slice, slice]:
    """Return which pixels of a part of a line show what moved, and where they stood."""
    inside, _ = overlap(size, shift)
    first = max(part.start, inside.start)
    last = max(first, min(part.stop, inside.stop))
    return slice(first, last), slice(first - shift, last - shift)


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
            yield slice(top * height, (top + rows) * height), slice(left * 16, (left + columns) * 16)
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
