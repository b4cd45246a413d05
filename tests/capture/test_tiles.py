"""Tiles joined are the picture: the same scan as an encoder's own restart markers, the same pixels."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.makers import Pixels, decoded, pictures, planes
from conformance.pictures import intervals_of, scan_of
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.tiles import LARGEST_TILE, encode_tiles, lay_rows, with_size
from rtpjpeg.jpeg import count_mcus, parse_jpeg

ROWS = {"420": 2, "422": 1}


def both(
    image: Pixels, subsampling: str, interval: int, way: str, quality: int = 80
) -> tuple[bytes, bytes, bytes]:
    """The picture without restart markers, with them by OpenCV, and from tiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cv2", None)
        encoders = [JpegEncoder(quality, subsampling), None, JpegEncoder(quality, subsampling, interval)]
    encoders[1] = JpegEncoder(quality, subsampling, interval)
    made = [
        encoder.encode_bgr(image)
        if way == "bgr"
        else encoder.encode_planes(*planes(image, ROWS[subsampling]))
        for encoder in encoders
        if encoder is not None
    ]
    return made[0], made[1], made[2]


@pytest.mark.parametrize("interval", [40, 80, 20, 9, 1])
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("way", ["bgr", "planes"])
def test_pixels_are_those_of_the_plain_picture(way: str, subsampling: str, interval: int) -> None:
    plain, _, tiled = both(pictures(1, 640, 480)[0], subsampling, interval, way)
    assert (decoded(plain) == decoded(tiled)).all()
    image = parse_jpeg(tiled)
    assert image.restart_interval == interval
    assert len(image.restart_positions) == (count_mcus(image.type, 640, 480) - 1) // interval


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("interval", [7, 8, 20, 40, 120, 1199])
def test_every_interval_has_the_bytes_that_a_restart_marker_makes(subsampling: str, interval: int) -> None:
    # From quality 96 on simplejpeg takes the exact DCT, as OpenCV does at any.
    _, marked, tiled = both(pictures(1, 640, 480)[0], subsampling, interval, "bgr", quality=97)
    assert intervals_of(scan_of(marked)) == intervals_of(scan_of(tiled))


@settings(max_examples=60)
@given(
    st.integers(1, 100), st.integers(1, 100), st.integers(1, 30), st.sampled_from(["420", "422"]),
    st.sampled_from(["bgr", "planes"]),
)  # fmt: skip
def test_any_size_and_interval(width: int, height: int, interval: int, subsampling: str, way: str) -> None:
    image = pictures(1, 100, 100)[0][:height, :width]
    plain, _, tiled = both(np.ascontiguousarray(image), subsampling, interval, way)
    if way == "bgr":
        # The encoder pads a picture below by repeating the last row of chroma, tiles are given whole MCUs.
        down = 16 if subsampling == "420" else 8
        whole = np.pad(image, ((0, -height % down), (0, -width % 16), (0, 0)), mode="edge")
        plain = with_size(both(whole, subsampling, interval, way)[0], width, height)
    assert (decoded(plain) == decoded(tiled)).all()
    parsed = parse_jpeg(tiled)
    mcus = count_mcus(parsed.type, width, height)
    assert parsed.restart_interval == (interval if mcus > interval else 0)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_rows_of_mcus_are_laid_behind_each_other(channels: tuple[int, ...]) -> None:
    plane = np.arange(5 * 6, dtype=np.uint8).reshape(5, 6)
    padded = np.pad(plane, ((0, 3), (0, 2)), mode="edge")
    expected = np.concatenate((padded[:4], padded[4:]), axis=1)
    shaped = [np.stack((part,) * 3, axis=2) if channels else part for part in (plane, expected)]
    assert (lay_rows(shaped[0], 4, 4) == shaped[1]).all()


def test_a_tile_has_a_largest_size() -> None:
    jpeg = JpegEncoder(50).encode_bgr(np.zeros((16, 16, 3), np.uint8))
    asked = []

    def encode(start: int, end: int) -> bytes:
        asked.append((start, end))
        return jpeg

    made = encode_tiles(encode, 1600, 1600, (16, 16), 9000)
    assert asked == [(0, 4000), (4000, 8000), (8000, 10_000)]
    assert parse_jpeg(made).headers.restart_interval == LARGEST_TILE
