"""How far a picture has moved since the one before: a camera that pans moves all of it alike.

What is missing in a picture then stood elsewhere in the one before. The shift is found in small copies
by phase correlation, made exact in the full ones, and believed only where it explains the picture
clearly better than standing still does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .decode import Image

SMALL = 160
"""Pixels of width of the copies that are correlated."""
SMALLEST = 32
"""Pixels a side of a copy that can be correlated."""
STILL = 2.0
"""Mean difference in grey levels up to which nothing has moved: noise, or a small thing."""
CLEARLY = 0.7
"""Share of that difference that a shift may leave to be believed."""
STEP = 4
"""Every so many pixels one is compared."""

Shift = tuple[int, int]
"""Columns to the right, rows down, in pixels."""
Plane = npt.NDArray[np.uint8]
Fresh = npt.NDArray[np.bool_]


def find_shift(before: Image, image: Image, fresh: Fresh) -> Shift:
    """Return how far the content of ``image`` stands from where it stood in ``before``; (0, 0) for not.

    Both are height x width x 3, uint8; ``fresh`` is height x width and says which pixels of ``image`` are
    to be compared. Without OpenCV nothing is found.
    """
    cv2, old, new = _opencv(), before[..., 1], image[..., 1]
    still = _difference(old, new, fresh, (0, 0))
    factor = max(1, round(image.shape[1] / SMALL))
    size = (image.shape[1] // factor, image.shape[0] // factor)
    if cv2 is None or not STILL < still < float("inf") or min(size) < SMALLEST:
        return 0, 0
    right, down = _correlate(cv2, old, new, fresh, size)
    reach = max(1, round(factor / 4))
    near = [
        (round(right * factor) + across, round(down * factor) + along)
        for across in range(-reach, reach + 1)
        for along in range(-reach, reach + 1)
    ]
    least, shift = min((_difference(old, new, fresh, candidate), candidate) for candidate in near)
    return shift if least <= CLEARLY * still else (0, 0)


def load() -> None:
    """Load OpenCV, which takes longer than a frame lasts: not when the first packet is lost."""
    _opencv()


def _correlate(cv2: Any, old: Plane, new: Plane, fresh: Fresh, size: tuple[int, int]) -> tuple[float, float]:
    """Return the shift between small copies. What is stale is the same in both, and would say (0, 0)."""
    copies = [
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in (old, new)
    ]
    mask = cv2.resize(fresh.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    masked = [(copy - copy.mean()) * mask for copy in copies]
    (right, down), _ = cv2.phaseCorrelate(*masked, _window(size))
    return right, down


def overlap(size: int, shift: int) -> tuple[slice, slice]:
    """Return which pixels of a line show what moved, and where in the line before they stood."""
    return slice(max(0, shift), size + min(0, shift)), slice(max(0, -shift), size + min(0, -shift))


def _difference(
    before: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8], fresh: Fresh, shift: Shift
) -> float:
    """Return the mean difference in grey levels that a shift leaves; infinite where little is left."""
    (to_rows, from_rows) = overlap(image.shape[0], shift[1])
    (to_columns, from_columns) = overlap(image.shape[1], shift[0])
    new = image[to_rows, to_columns][::STEP, ::STEP].astype(np.int16)
    old = before[from_rows, from_columns][::STEP, ::STEP]
    mask = fresh[to_rows, to_columns][::STEP, ::STEP]
    if 4 * mask.sum() * STEP * STEP < image.size:
        return float("inf")
    return float(np.abs(new - old)[mask].mean())


@lru_cache(maxsize=4)
def _window(size: tuple[int, int]) -> Any:
    """Return the weights that keep the edges of a picture out of the correlation."""
    return _opencv().createHanningWindow(size, _opencv().CV_32F)


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        return None
    return cv2
