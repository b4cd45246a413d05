"""Motion: a pan is found to the pixel, and nothing is believed that explains little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from photographs import PHOTOGRAPHS, photograph
from rtpjpeg.receiver import motion
from rtpjpeg.receiver.motion import find_shift, overlap

WIDTH, HEIGHT = 320, 240


def view(name: str, left: int, top: int, noise: int = 0) -> Any:
    picture = photograph(name)[top : top + HEIGHT, left : left + WIDTH].copy()
    if noise:
        chance = np.random.default_rng(noise).integers(-3, 4, picture.shape)
        picture = (picture.astype(np.int16) + chance).clip(0, 255).astype(np.uint8)
    return picture


def all_fresh() -> Any:
    return np.ones((HEIGHT, WIDTH), np.bool_)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("shift", [(1, 0), (-3, 2), (7, -5), (0, 12), (-20, -9)])
def test_a_pan_is_found_to_the_pixel(name: str, shift: tuple[int, int]) -> None:
    before, after = view(name, 60, 40, noise=1), view(name, 60 - shift[0], 40 - shift[1], noise=2)
    assert find_shift(before, after, all_fresh()) == shift


def test_stale_areas_do_not_count() -> None:
    before, after = view("chelsea", 60, 40), view("chelsea", 55, 38)
    fresh = all_fresh()
    fresh[80:160] = False
    after[80:160] = before[80:160]
    assert find_shift(before, after, fresh) == (5, 2)


@pytest.mark.parametrize("noise", [0, 1])
def test_a_picture_that_stands_still_has_not_moved(noise: int) -> None:
    assert find_shift(view("coffee", 60, 40), view("coffee", 60, 40, noise), all_fresh()) == (0, 0)


def test_another_scene_has_not_moved() -> None:
    assert find_shift(view("coffee", 60, 40), view("chelsea", 60, 40), all_fresh()) == (0, 0)


def test_one_thing_that_moves_is_no_pan() -> None:
    before, after = view("coffee", 60, 40), view("coffee", 60, 40)
    before[50:100, 50:100], after[50:100, 58:108] = 255, 255
    assert find_shift(before, after, all_fresh()) == (0, 0)


def test_what_can_hardly_be_compared_is_not_believed() -> None:
    before, after, fresh = view("chelsea", 60, 40), view("chelsea", 55, 38), all_fresh()
    fresh[40:] = False
    assert find_shift(before, after, fresh) == (0, 0)


def test_without_opencv_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "_opencv", lambda: None)
    assert find_shift(view("chelsea", 60, 40), view("chelsea", 55, 38), all_fresh()) == (0, 0)


@pytest.mark.parametrize("size", [(16, 16), (8, 8), (2040, 8)])
def test_small_pictures_break_nothing(size: tuple[int, int]) -> None:
    width, height = size
    chance = np.random.default_rng(1)
    before, after = (chance.integers(0, 255, (height, width, 3), np.uint8) for _ in range(2))
    assert find_shift(before, after, np.ones((height, width), np.bool_)) == (0, 0)


@pytest.mark.parametrize(
    ("shift", "to", "origin"),
    [(0, (0, 10), (0, 10)), (3, (3, 10), (0, 7)), (-4, (0, 6), (4, 10))],
)
def test_overlap(shift: int, to: tuple[int, int], origin: tuple[int, int]) -> None:
    assert overlap(10, shift) == (slice(*to), slice(*origin))
