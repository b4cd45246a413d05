"""How like the source the picture on a screen is: PSNR and SSIM of luma."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import fmean
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

_WINDOW, _SIGMA = (11, 11), 1.5
_EDGE = _WINDOW[0] // 2
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class Quality(NamedTuple):
    """Means over the pictures of a clip."""

    psnr: float
    """Decibels."""
    ssim: float


def luma_of(image: npt.NDArray[np.uint8]) -> Luma:
    """Return the luma of BGR pixels."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


class Jury:
    """Judges what is on a screen at the time of each picture of a clip: the one that was shown last.

    How late it came does not count. A screen that has shown nothing is mid-grey. SSIM is slow: it is taken of
    ``every`` so many pictures.
    """

    def __init__(self, sources: list[Luma], every: int = 1) -> None:
        self._sources = sources
        self._every = every
        self._known: dict[tuple[int, int], float] = {}
        """SSIM of whole frames, which all receivers show alike: by number of source and frame."""

    def judge(self, shown: Mapping[int, Luma], whole: Collection[int]) -> Quality:
        """Return the means over a clip.

        ``shown`` has the pictures by the number of their frame, ``whole`` the numbers of those that are as
        they were sent.
        """
        held, newest = np.full_like(self._sources[0], 128), -1
        decibels, likeness = [], []
        for number, source in enumerate(self._sources):
            if number in shown:
                held, newest = shown[number], number
            decibels.append(float(cv2.PSNR(source, held)))
            if number % self._every == 0:
                likeness.append(self._ssim(number, held, newest, newest in whole))
        return Quality(fmean(decibels), fmean(likeness))

    def _ssim(self, number: int, held: Luma, newest: int, whole: bool) -> float:
        place = (number, newest)
        if not whole:
            return ssim(self._sources[number], held)
        if place not in self._known:
            self._known[place] = ssim(self._sources[number], held)
        return self._known[place]


def ssim(one: Luma, other: Luma) -> float:
    """Return the structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004), as the authors set it.

    The window is a Gaussian of 11x11 and sigma 1.5; places where it would reach over the edge are left out.
    """
    x, y = one.astype(np.float32), other.astype(np.float32)
    mean_x, mean_y = _blur(x), _blur(y)
    xx, yy, xy = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    # With the same window for both, the variances may be taken together.
    variances = _blur(x * x + y * y) - xx - yy
    covariance = _blur(x * y) - xy
    likeness = ((2 * xy + _C1) * (2 * covariance + _C2)) / ((xx + yy + _C1) * (variances + _C2))
    inner = slice(_EDGE, -_EDGE)
    return float(likeness[inner, inner].mean(dtype=np.float64))


def _blur(field: Field) -> Any:
    return cv2.GaussianBlur(field, _WINDOW, _SIGMA)
