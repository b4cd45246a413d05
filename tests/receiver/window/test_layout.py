"""Where the pictures stand in a window."""

from __future__ import annotations

import random

import pytest

from rtpjpeg.receiver.window.layout import GAP, arrange, natural

VGA, FULL_HD = (640, 480), (1920, 1080)


def test_one_picture_takes_the_window_and_keeps_its_shape() -> None:
    assert arrange([VGA], (640, 480)) == [(0, 0, 640, 480)]
    assert arrange([VGA], (1000, 480)) == [(180, 0, 640, 480)]
    assert arrange([VGA], (640, 1000)) == [(0, 260, 640, 480)]
    assert arrange([FULL_HD], (960, 540)) == [(0, 0, 960, 540)]


@pytest.mark.parametrize(
    ("pictures", "window", "columns"),
    [
        ([VGA] * 2, (1286, 480), 2),
        ([VGA] * 2, (480, 800), 1),
        ([VGA] * 3, (1920, 480), 3),
        ([VGA] * 3, (1286, 966), 2),
        ([VGA] * 4, (1286, 966), 2),
        ([VGA] * 4, (1920, 300), 4),
        ([VGA] * 9, (1200, 900), 3),
    ],
)
def test_columns_are_chosen_so_that_pictures_are_largest(
    pictures: list[tuple[int, int]], window: tuple[int, int], columns: int
) -> None:
    boxes = arrange(pictures, window)
    assert sum(box.top == boxes[0].top for box in boxes) == columns


def test_pictures_never_overlap_nor_leave_the_window(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(300):
        pictures = [(chance.randint(8, 4096), chance.randint(8, 4096)) for _ in range(chance.randint(1, 12))]
        window = chance.randint(200, 3000), chance.randint(200, 2000)
        boxes = arrange(pictures, window)
        for number, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
            assert box.left >= 0 and box.left + box.width <= window[0]
            assert box.top >= 0 and box.top + box.height <= window[1]
            shape = picture[1] / picture[0]
            assert abs(box.width * shape - box.height) <= max(1, shape), "the shape is kept"
            for other in boxes[:number]:
                assert (
                    other.left + other.width + GAP <= box.left or other.top + other.height + GAP <= box.top
                ), "row by row, a gap between"


@pytest.mark.parametrize("window", [(1, 1), (3, 200), (200, 3)])
def test_a_window_that_is_far_too_small_does_no_harm(window: tuple[int, int]) -> None:
    for box in arrange([VGA] * 5, window):
        assert box.width >= 1 and box.height >= 1 and box.left >= 0 and box.top >= 0


def test_no_picture_has_no_place() -> None:
    assert arrange([], (640, 480)) == []


def test_a_window_opens_with_pictures_as_they_are_where_there_is_room() -> None:
    largest = (1600, 850)
    assert natural([VGA] * 2, largest) == (1286, 480)
    assert natural([VGA], largest) == (640, 480)
    wide, high = natural([FULL_HD] * 2, largest)
    assert (wide, high) == (1600, 448)
    wide, high = natural([VGA] * 4, largest)
    assert high == 850 and wide <= 1600
    assert natural([(160, 120)], largest) == (640, 480), "small ones are enlarged"
