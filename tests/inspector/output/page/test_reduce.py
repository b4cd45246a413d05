"""Columns made small enough to draw: nothing that stands out is lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.inspector.model import Histogram
from rtpjpeg.inspector.output.page.reduce import band, marks, summed, trimmed


def test_few_points_stay_as_they_are_in_order() -> None:
    found = band(np.array([2.0, 0.0, 1.0]), np.array([20.0, 0.0, 10.0]))
    assert [list(column) for column in found] == [[0, 1, 2], [0, 10, 20], [0, 10, 20], [0, 10, 20]]


def test_many_points_become_a_band_that_keeps_the_extremes(seed: int) -> None:
    chance = np.random.default_rng(seed)
    x, y = np.arange(18_000) / 30, chance.normal(50, 5, 18_000)
    y[777], y[9000] = 500, -500
    found = band(x, y, 100)
    assert all(len(column) == 100 for column in found)
    assert (np.nanmax(found.high), np.nanmin(found.low)) == (500, -500)
    assert np.all((found.low <= found.middle) & (found.middle <= found.high))
    first = y[x < found.x[0] + (found.x[1] - found.x[0]) / 2]
    assert found.middle[0] == np.sort(first)[len(first) // 2]


def test_a_pause_is_a_gap() -> None:
    x = np.concatenate((np.arange(100), np.arange(900, 1000))).astype(float)
    found = band(x, np.ones(200), 10)
    assert list(np.isnan(found.middle)) == [False] + [True] * 8 + [False]


def test_all_at_one_moment_is_one_place() -> None:
    found = band(np.full(50, 3.0), np.arange(50.0), 10)
    assert np.count_nonzero(~np.isnan(found.middle)) == 1
    assert (np.nanmin(found.low), np.nanmax(found.high)) == (0, 49)


def test_marks_are_at_most_one_a_place() -> None:
    x = np.arange(10_000) / 10
    found = marks(x, 50)
    assert len(found) == 50 and found[0] == 0 and np.all(np.diff(found) > 0)
    assert list(marks(np.array([3.0, 1.0]), 50)) == [1, 3]
    assert len(marks(np.array([]), 50)) == 0


@given(st.lists(st.integers(0, 1000), max_size=500), st.integers(1, 40))
def test_sums_keep_every_packet(counts: list[int], columns: int) -> None:
    length = max(len(counts), 1)
    found, step = summed(counts, length, columns)
    assert found.sum() == sum(counts)
    assert len(found) <= columns and len(found) * step >= length


def test_a_shorter_list_is_filled_up() -> None:
    found, step = summed([1, 2], 4, 2)
    assert (list(found), step) == ([3, 0], 2)
    assert list(summed([1, 2, 3], 2)[0]) == [1, 2]


@pytest.mark.parametrize(
    ("edges", "counts", "expected"),
    [
        ([0, 1, 2, 3, 4], [0, 5, 6, 0], ([1, 2, 3], [5, 6])),
        ([0, 1, 2, math.inf], [0, 5, 1], ([1, 2, 3], [5, 1])),
        ([0, math.inf], [4], ([0, 1], [4])),
        ([0, 1, math.inf], [0, 4], ([1, 2], [4])),
        ([0, 1, 2, math.inf], [3, 0, 0], ([0, 1], [3])),
    ],
)
def test_empty_ends_are_left_out(
    edges: list[float], counts: list[int], expected: tuple[list[float], list[int]]
) -> None:
    found = trimmed(Histogram(edges, counts))
    assert found is not None and (found.edges, found.counts) == expected


def test_an_empty_histogram_is_none() -> None:
    assert trimmed(Histogram([0, 1, 2], [0, 0])) is None
    assert trimmed(Histogram([], [])) is None
