"""A camera's buffer as the encoders take it: planes without padding, and pictures turned by the processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def split_planes(buffer: Pixels, height: int) -> tuple[Pixels, Pixels, Pixels]:
    """Return Y, U and V of a YUV420 buffer of ``height`` (even) rows, each as wide as its rows are long.

    ``buffer`` is 1.5 x height rows of one stride, as libcamera lays it out: rows of chroma are half as
    long, so two of them stand in one row.
    """
    chroma = buffer.reshape(height * 3, buffer.shape[1] // 2)
    return buffer[:height], chroma[height * 2 : height * 5 // 2], chroma[height * 5 // 2 :]


def cut_planes(planes: Sequence[Pixels], width: int, height: int) -> list[Pixels]:
    """Return the top left width x height of planes at 4:2:0, without a copy; odd sides round up in chroma."""
    across, down = (width + 1) // 2, (height + 1) // 2
    return [planes[0][:height, :width], *(plane[:down, :across] for plane in planes[1:])]


def turned(plane: Pixels, across: bool, down: bool, quarters: int) -> Pixels:
    """Return a picture or a plane with left and right (``across``), top and bottom (``down``) exchanged.

    Then it is turned clockwise by quarters. What comes back is a copy, row by row in memory, where
    anything was to be done.
    """
    if not (across or down or quarters):
        return plane
    flipped = plane[:: -1 if down else 1, :: -1 if across else 1]
    if not quarters:
        return np.ascontiguousarray(flipped)
    return _rotator()(flipped, quarters)


@cache
def _rotator() -> Callable[[Pixels, int], Pixels]:
    """Return what turns: OpenCV, which takes a tenth of the time of numpy."""
    try:
        import cv2
    except (ImportError, ValueError):
        return lambda picture, quarters: np.ascontiguousarray(np.rot90(picture, -quarters))
    codes = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return lambda picture, quarters: np.asarray(
        cv2.rotate(np.ascontiguousarray(picture), codes[quarters]), np.uint8
    )
