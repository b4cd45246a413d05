"""The pixels of the window: every picture in its place, and nothing drawn twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from peers import need_module
from rtpjpeg.receiver.decode import Image
from rtpjpeg.receiver.window.canvas import (
    BACKGROUND,
    EMPTY_TILE,
    FADED,
    FROZEN,
    RECORDING,
    SHADE,
    Canvas,
    Tile,
    lay,
    scale_into,
)
from rtpjpeg.receiver.window.layout import GAP
from rtpjpeg.receiver.window.lettering import ACCENT
from rtpjpeg.receiver.window.panel import Row

ROWS = (Row("camera 1", bold=True), Row("lost", ("0", "12")))
PAIR = (1286, 480)


@pytest.fixture(autouse=True)
def opencv() -> None:
    need_module("cv2")


def filled(value: int, width: int = 640, height: int = 480) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def drawn(*tiles: Tile, size: tuple[int, int] = PAIR, **other: Any) -> Image:
    canvas = Canvas()
    assert canvas.draw(tiles, size, **other)
    assert canvas.image.shape == (size[1], size[0], 3)
    return canvas.image


def test_pictures_of_their_own_size_are_not_touched() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    image = drawn(Tile(noise), Tile(filled(200)))
    assert (image[:, :640] == noise).all()
    assert (image[:, 640 : 640 + GAP] == BACKGROUND).all()
    assert (image[:, 640 + GAP :] == 200).all()


def test_what_is_left_of_the_window_is_background() -> None:
    image = drawn(Tile(filled(200)), size=(800, 480))
    assert (image[:, :80] == BACKGROUND).all() and (image[:, 720:] == BACKGROUND).all()


def test_a_panel_darkens_its_part_and_nothing_else() -> None:
    image = drawn(Tile(filled(200), ROWS), size=(640, 480))
    rows, columns = np.nonzero((image != 200).any(axis=2))
    assert rows.min() == columns.min() == 8
    assert rows.max() < 480 * 0.3 and columns.max() < 640 * 0.5
    assert (image[rows.max(), columns.max()] == round(200 * SHADE)).all()
    assert image.max() > 225


def test_a_white_picture_leaves_the_text_legible() -> None:
    panel = drawn(Tile(filled(255), ROWS), size=(640, 480))[8:40, 8:100]
    assert panel.min() <= 255 * SHADE + 1 and panel.max() > 225


def test_an_alarm_fades_the_picture_and_stands_across_it() -> None:
    image = drawn(Tile(filled(200), alarm="no signal for 3 s"), size=(640, 480))
    assert (image[10, 10] == round(200 * FADED)).all()
    rows, columns = np.nonzero((abs(image.astype(int) - ACCENT) < 10).all(axis=2))
    assert (
        abs((rows.min() + rows.max()) / 2 - 240) < 15 and abs((columns.min() + columns.max()) / 2 - 320) < 15
    )
    assert np.ptp(columns) > 640 * 0.3


def test_a_place_that_waits_says_so() -> None:
    image = drawn(Tile(None, alarm="waiting for a stream on rtp://:5000"), size=(640, 480))
    assert (image[0, 0] == EMPTY_TILE).all()
    assert (image[220:260] > 120).any()


def test_marks_stand_in_the_corner() -> None:
    plain = drawn(Tile(filled(200)), size=(640, 480))
    marked = drawn(Tile(filled(200), marks=(FROZEN, RECORDING)), size=(640, 480))
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    assert columns.min() > 320 and rows.max() < 80


def test_only_what_is_new_is_drawn() -> None:
    canvas, (one, two) = Canvas(), (Tile(filled(90), ROWS), Tile(filled(200), ROWS))
    assert canvas.draw([one, two], PAIR) and canvas.drawn == 2
    assert not canvas.draw([one, two], PAIR)
    assert not canvas.draw([replace(one), Tile(two.image, (*ROWS,))], PAIR), "the same words are not new"
    assert canvas.draw([one, Tile(filled(201), ROWS)], PAIR) and canvas.drawn == 3
    assert (canvas.image[-1, 0] == 90).all() and (canvas.image[-1, -1] == 201).all()
    assert canvas.draw([Tile(one.image, ROWS, "no signal"), two], PAIR) and canvas.drawn == 5
    assert canvas.draw([one, two], (900, 480)) and canvas.drawn == 7, "another window is drawn whole"


def test_help_and_message_lie_over_all_and_leave_no_trace() -> None:
    canvas, tiles = Canvas(), [Tile(filled(90)), Tile(filled(200))]
    canvas.draw(tiles, PAIR)
    before = canvas.image.copy()
    assert canvas.draw(tiles, PAIR, message="saved a.jpg", help_=True)
    once = canvas.image.copy()
    assert (once != before).any()
    assert not canvas.draw(tiles, PAIR, message="saved a.jpg", help_=True)
    assert canvas.draw([tiles[0], Tile(filled(200))], PAIR, message="saved a.jpg", help_=True)
    assert (canvas.image == once).all(), "the second time is as dark as the first"
    assert canvas.draw(tiles, PAIR)
    assert (canvas.image == before).all()


def test_no_stream_yet_is_an_empty_window() -> None:
    assert (drawn(size=(300, 200)) == BACKGROUND).all()


@pytest.mark.parametrize("size", [(1, 1), (30, 20), (160, 90), (3000, 200)])
def test_a_window_of_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    tile = Tile(filled(200), ROWS, "no signal for 3 s", (FROZEN, RECORDING))
    drawn(tile, Tile(None, ROWS, "waiting"), size=size, message="a long message " * 9, help_=True)


@pytest.mark.parametrize("size", [(640, 360), (801, 451), (1920, 1080), (1921, 1081), (2500, 1406), (3, 2)])
def test_a_picture_is_scaled_as_a_whole(size: tuple[int, int]) -> None:
    ramp = np.linspace(20, 220, 1920).astype(np.uint8)[None, :, None].repeat(1080, axis=0).repeat(3, axis=2)
    area = np.zeros((size[1], size[0], 3), np.uint8)
    scale_into(area, ramp)
    assert abs(area[:, 0].astype(int) - 20).max() <= 200 / size[0] + 2
    assert abs(area[:, -1].astype(int) - 220).max() <= 200 / size[0] + 2
    assert (np.diff(area[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize("place", [(-5, -5), (95, 95), (-500, 0), (0, 500)])
def test_a_panel_that_stands_out_is_cut(place: tuple[int, int]) -> None:
    area, panel = filled(200, 100, 100), filled(50, 10, 10)
    lay(area, panel, *place)
    inside = 25 if abs(place[0]) < 100 and place[1] < 100 else 0
    assert (area == 50).all(axis=2).sum() == inside
