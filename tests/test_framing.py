"""From a camera's picture to the one that is sent."""

from __future__ import annotations

import pytest

from rtpjpeg.framing import Framing, Region
from rtpjpeg.settings import FLIP_METHODS


@pytest.mark.parametrize(
    ("framing", "scaled"),
    [
        (Framing(640, 480), (640, 480)),
        (Framing(640, 480, crop=(10, 20, 320, 200)), (320, 200)),
        (Framing(640, 480, target_size=(320, 240)), (320, 240)),
        (Framing(640, 480, crop=(0, 0, 320, 240), target_size=(640, 480)), (640, 480)),
    ],
)
def test_the_target_size_is_sent_else_the_crop_else_the_whole(
    framing: Framing, scaled: tuple[int, int]
) -> None:
    assert framing.scaled_size == framing.sent_size == scaled


def test_each_flip_method_is_flips_or_a_turn() -> None:
    framings = {word: Framing(640, 480, flip_method=word) for word in FLIP_METHODS}
    assert {word: framing.flips for word, framing in framings.items() if any(framing.flips)} == {
        "horizontal-flip": (True, False),
        "vertical-flip": (False, True),
        "rotate-180": (True, True),
    }
    turned = {word: framing for word, framing in framings.items() if framing.quarter_turns}
    assert {word: framing.quarter_turns for word, framing in turned.items()} == {
        "rotate-90": 1,
        "rotate-270": 3,
    }
    assert all(framing.sent_size == (480, 640) for framing in turned.values())


@pytest.mark.parametrize(
    ("framing", "sensor", "region"),
    [
        (Framing(640, 480), (0, 0, 4608, 2592), None),
        (Framing(640, 480, crop=(0, 0, 320, 240)), (0, 0, 3200, 2400), (0, 0, 1600, 1200)),
        (Framing(640, 480, crop=(320, 240, 320, 240)), (8, 4, 3200, 2400), (1608, 1204, 1600, 1200)),
        # 4:3 of a sensor of 16:9 leaves out both sides, 16:9 of one of 4:3 leaves out top and bottom.
        (Framing(640, 480, crop=(0, 240, 64, 48)), (0, 0, 4608, 2592), (576, 1296, 346, 260)),
        (Framing(1280, 720, crop=(0, 0, 640, 360)), (0, 0, 3280, 2464), (0, 310, 1640, 922)),
        (Framing(2000, 2000, crop=(0, 0, 1, 1)), (0, 0, 100, 100), (0, 0, 2, 2)),
    ],
)
def test_a_crop_is_a_part_of_the_sensor(framing: Framing, sensor: Region, region: Region | None) -> None:
    assert framing.sensor_region(sensor) == region
