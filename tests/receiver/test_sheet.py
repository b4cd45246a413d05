"""Pictures side by side in a file, each with a line of text."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from peers import need_module
from rtpjpeg.receiver.decode import Image
from rtpjpeg.receiver.sheet import BAR_HEIGHT, EMPTY, GAP, compose
from rtpjpeg.receiver.view import Card


def filled(width: int, height: int, value: int) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def test_pictures_stand_side_by_side_untouched() -> None:
    need_module("cv2")
    canvas = compose([Card("a", filled(64, 48, 90), "x"), Card("b", filled(32, 48, 200), "y", "no signal")])
    assert canvas.shape == (48 + BAR_HEIGHT + 2 * GAP, 64 + 32 + 3 * GAP, 3)
    assert (canvas[GAP : GAP + 48, GAP : GAP + 64] == 90).all()
    assert (canvas[GAP : GAP + 48, GAP + 64 + GAP : -GAP] == 200).all()


def test_unequal_pictures_get_one_height() -> None:
    need_module("cv2")
    canvas = compose([Card("a", filled(640, 480, 90), ""), Card("b", filled(1280, 720, 200), "")])
    assert canvas.shape[0] == 480 + BAR_HEIGHT + 2 * GAP
    assert canvas.shape[1] == 640 + 1280 * 480 // 720 + 3 * GAP


def test_a_stream_without_a_picture_keeps_its_place() -> None:
    need_module("cv2")
    canvas = compose([Card("a", None, "", "waiting")])
    assert canvas.shape == (EMPTY[1] + BAR_HEIGHT + 2 * GAP, EMPTY[0] + 2 * GAP, 3)


def test_texts_are_drawn_below_the_pictures() -> None:
    need_module("cv2")
    plain = compose([Card("", filled(640, 480, 90), "")])
    written = compose([Card("camera 1", filled(640, 480, 90), "640x480", "no signal")])
    rows = np.flatnonzero((plain != written).any(axis=(1, 2)))
    assert rows.min() >= GAP + 480
    assert rows.max() < GAP + 480 + BAR_HEIGHT
    columns = np.flatnonzero((plain != written).any(axis=(0, 2)))
    assert columns.min() < 40 and columns.max() > 600


def test_a_long_text_and_a_narrow_picture_do_no_harm() -> None:
    need_module("cv2")
    assert (
        compose([Card("camera " * 20, filled(64, 48, 9), "details " * 20, "no signal " * 9)]).shape[1] == 80
    )


def test_without_opencv_the_pictures_are_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    canvas = compose([Card("a", filled(64, 48, 90), ""), Card("b", filled(32, 24, 200), "")])
    assert canvas.shape == (48 + 2 * GAP, 64 + 32 + 3 * GAP, 3)
