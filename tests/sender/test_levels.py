"""Levels: what may be set, what it costs, and how a budget is divided."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photographs import PHOTOGRAPHS
from rtpjpeg.sender.levels import AWAY, QUALITIES, RELATIVE_SIZES, Level, Sizes, qualities_up_to, shared
from sender.bottleneck import mean_size

NAMED = {30, 40, 50, 60, 70, 80, 85, 90}


def test_the_levels_are_the_eight_and_finer_ones_between() -> None:
    assert set(QUALITIES) >= NAMED
    steps = [RELATIVE_SIZES[high] / RELATIVE_SIZES[low] for low, high in pairwise(QUALITIES) if high <= 90]
    assert 1.02 < min(steps) and max(steps) < 1.10
    assert QUALITIES[-1] == 100 and QUALITIES[0] == 30


def test_the_curve_grows() -> None:
    assert list(RELATIVE_SIZES) == sorted(set(RELATIVE_SIZES)) and len(RELATIVE_SIZES) == 101


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_pictures_keep_close_to_the_curve(name: str) -> None:
    for quality in (30, 45, 60, 74, 85, 90):
        relative = mean_size(name, quality) / mean_size(name, 85)
        assert relative == pytest.approx(RELATIVE_SIZES[quality], rel=0.08)


@pytest.mark.parametrize(
    ("configured", "last"),
    [
        (1, (1,)),
        (30, (30,)),
        (31, (30, 31)),
        (42, (40, 42)),
        (85, (84, 85)),
        (90, (89, 90)),
        (100, (99, 100)),
    ],
)
def test_the_configured_quality_is_the_best(configured: int, last: tuple[int, ...]) -> None:
    assert qualities_up_to(configured)[-2:] == last


@pytest.mark.parametrize(
    ("budget", "demands", "shares"),
    [
        (10.0, {"a": 8.0, "b": 8.0}, {"a": 5.0, "b": 5.0}),
        (10.0, {"a": 2.0, "b": 9.0}, {"a": 2.0, "b": 8.0}),
        (12.0, {"a": 9.0, "b": 1.0, "c": 9.0}, {"a": 5.5, "b": 1.0, "c": 5.5}),
        (20.0, {"a": 3.0, "b": 4.0}, {"a": 3.0, "b": 17.0}),
        (math.inf, {"a": 3.0}, {"a": math.inf}),
        (0.0, {"a": 3.0, "b": 0.0}, {"a": 0.0, "b": 0.0}),
        (5.0, {}, {}),
    ],
)
def test_a_budget_is_divided(budget: float, demands: dict[str, float], shares: dict[str, float]) -> None:
    assert shared(budget, demands) == shares


@given(st.floats(0, 1e9), st.dictionaries(st.text(max_size=1), st.floats(0, 1e9), min_size=1, max_size=6))
def test_shares_are_the_budget(budget: float, demands: dict[str, float]) -> None:
    shares = shared(budget, demands)
    assert sum(shares.values()) == pytest.approx(budget, abs=1e-6)
    assert min(shares.values()) >= 0


def test_a_picture_tells_what_all_levels_cost() -> None:
    sizes = Sizes(30.0)
    assert sizes.bits(Level(85), 0.0) == 0.0
    sizes.add(50_000, Level(85), 0.0)
    assert sizes.bits(Level(85), 0.0) == 12e6
    assert sizes.bits(Level(85, 2), 0.0) == 6e6
    assert sizes.bits(Level(30), 0.0) == pytest.approx(12e6 * RELATIVE_SIZES[30])
    assert sizes.bits(Level(85), AWAY + 0.1) == 0.0


def test_pictures_of_the_old_quality_are_passed_over() -> None:
    sizes = Sizes(30.0)
    sizes.add(50_000, Level(85), 0.0)
    sizes.changed(0.1)
    sizes.add(50_000, Level(40), 0.2)
    assert sizes.bits(Level(85), 0.2) == 12e6
    sizes.add(50_000, Level(40), 0.5)
    assert sizes.bits(Level(85), 0.5) > 12e6


def test_the_best_level_is_the_last_that_fits() -> None:
    sizes = Sizes(30.0)
    sizes.add(50_000, Level(85), 0.0)
    qualities = qualities_up_to(85)
    assert sizes.best(qualities, 1, 12e6, 0.0) == Level(85)
    assert sizes.best(qualities, 1, 11.9e6, 0.0) == Level(84)
    assert sizes.best(qualities, 2, 6e6, 0.0) == Level(85, 2)
    assert sizes.best(qualities, 1, 0.0, 0.0) == Level(30)
