"""Columns of an hour made small enough to draw: what a screen cannot show apart is put together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...model import Histogram

Values = npt.NDArray[np.float64]

COLUMNS = 300
"""Places beside each other in a plot."""


class Band(NamedTuple):
    """What lies in each place of a plot, one entry a place; places with nothing in them are NaN."""

    x: Values
    low: Values
    middle: Values
    high: Values


def band(x: Values, y: Values, columns: int = COLUMNS) -> Band:
    """Return lowest, median, highest ``y`` in ``columns`` equal steps of ``x``; few points as they are."""
    if len(x) <= columns:
        order = np.argsort(x, kind="stable")
        return Band(x[order], y[order], y[order], y[order])
    places, edges = _places(x, columns)
    order = np.lexsort((y, places))
    places, y = places[order], y[order]
    found, starts, counts = np.unique(places, return_index=True, return_counts=True)
    drawn = [np.full(columns, np.nan) for _ in range(3)]
    for target, position in zip(drawn, (starts, starts + counts // 2, starts + counts - 1), strict=True):
        target[found] = y[position]
    return Band((edges[:-1] + edges[1:]) / 2, *drawn)


def _places(x: Values, columns: int) -> tuple[npt.NDArray[np.int64], Values]:
    edges = np.linspace(x.min(), max(x.max(), x.min() + 1e-9), columns + 1)
    return np.clip(np.searchsorted(edges, x, "right") - 1, 0, columns - 1).astype(np.int64), edges


def marks(x: Values, columns: int = COLUMNS) -> Values:
    """Return at most one of ``x`` for each of ``columns`` places."""
    if len(x) <= columns:
        return np.sort(x)
    places, _ = _places(x, columns)
    return np.asarray(np.sort(x[np.unique(places, return_index=True)[1]]), np.float64)


def summed(counts: list[int], length: int, columns: int = COLUMNS) -> tuple[npt.NDArray[np.int64], int]:
    """Return sums of ``counts``, filled up with 0 to ``length``, and how many of them are in each sum."""
    step = max(-(-length // columns), 1)
    padded = np.zeros(-(-length // step) * step, np.int64)
    padded[: min(len(counts), length)] = counts[:length]
    return padded.reshape(-1, step).sum(1), step


def trimmed(histogram: Histogram) -> Histogram | None:
    """Return a histogram without the empty places at its ends, None where all are empty.

    A last edge that is infinite is drawn as wide as the place before it.
    """
    filled = [place for place, count in enumerate(histogram.counts) if count]
    if not filled:
        return None
    first, last = filled[0], filled[-1] + 1
    edges = list(histogram.edges[first : last + 1])
    if not np.isfinite(edges[-1]):
        before = histogram.edges[max(last - 2, 0) : last]
        edges[-1] = edges[-2] + ((before[-1] - before[0]) or 1.0)
    return Histogram(edges, list(histogram.counts[first:last]))
