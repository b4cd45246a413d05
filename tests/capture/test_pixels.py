"""Buffers with padding, and pictures that the processor turns."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from rtpjpeg.capture import pixels
from rtpjpeg.capture.pixels import cut_planes, split_planes, turned


@pytest.mark.parametrize("stride", [8, 12, 64])
@pytest.mark.parametrize("height", [4, 6, 10])
def test_planes_are_found_in_a_buffer_with_padding(height: int, stride: int) -> None:
    made = [np.full((height, stride), 1, np.uint8)]
    made += [np.full((height // 2, stride // 2), value, np.uint8) for value in (2, 3)]
    buffer = np.concatenate([plane.ravel() for plane in made]).reshape(height * 3 // 2, stride)
    planes = split_planes(buffer, height)
    assert [np.unique(plane).tolist() for plane in planes] == [[1], [2], [3]]
    assert [plane.shape for plane in planes] == [plane.shape for plane in made]
    assert all(np.shares_memory(plane, buffer) for plane in planes)


def test_odd_sides_round_up_in_chroma() -> None:
    planes = split_planes(np.zeros((9, 16), np.uint8), 6)
    assert [plane.shape for plane in cut_planes(planes, 7, 5)] == [(5, 7), (3, 4), (3, 4)]


PICTURE = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)


@pytest.mark.parametrize("by_numpy", [True, False])
@pytest.mark.parametrize(
    ("across", "down", "quarters", "expected"),
    [
        (True, False, 0, [[3, 2, 1], [6, 5, 4]]),
        (False, True, 0, [[4, 5, 6], [1, 2, 3]]),
        (True, True, 0, [[6, 5, 4], [3, 2, 1]]),
        (False, False, 1, [[4, 1], [5, 2], [6, 3]]),
        (False, False, 3, [[3, 6], [2, 5], [1, 4]]),
        (True, False, 1, [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_pictures_are_turned(
    across: bool,
    down: bool,
    quarters: int,
    expected: list[list[int]],
    by_numpy: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels._rotator.cache_clear()
    if by_numpy:
        monkeypatch.setitem(sys.modules, "cv2", None)
    for picture in (PICTURE, np.stack([PICTURE, PICTURE + 10, PICTURE + 20], axis=2)):
        made = turned(picture, across, down, quarters)
        assert made.flags.c_contiguous
        assert (made[..., 0] if made.ndim == 3 else made).tolist() == expected
    pixels._rotator.cache_clear()


def test_what_stays_as_it_is_is_not_copied() -> None:
    assert turned(PICTURE, False, False, 0) is PICTURE
