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
from rtpjpeg.capture.tiles import fitting_interval
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


@pytest.mark.parametrize("interval", [40, 80, 20, 10, 1])
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("way", ["bgr", "planes"])
def test_pixels_are_those_of_the_plain_picture(way: str, subsampling: str, interval: int) -> None:
    plain, _, tiled = both(pictures(1, 640, 480)[0], subsampling, interval, way)
    assert (decoded(plain) == decoded(tiled)).all()
    image = parse_jpeg(tiled)
    assert image.restart_interval == interval
    assert len(image.restart_positions) == count_mcus(image.type, 640, 480) // interval - 1


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("interval", [8, 20, 40, 120])
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
    assert (decoded(plain) == decoded(tiled)).all()
    parsed = parse_jpeg(tiled)
    mcus = count_mcus(parsed.type, width, height)
    fitting = fitting_interval(interval, -(-width // 16))
    assert parsed.restart_interval == (fitting if mcus > fitting else 0)


@pytest.mark.parametrize(
    ("interval", "row", "fitting"),
    [
        (1, 40, 1),
        (7, 40, 5),
        (10, 40, 10),
        (39, 40, 20),
        (40, 40, 40),
        (79, 40, 40),
        (80, 40, 80),
        (9, 41, 1),
    ],
)
def test_the_interval_that_fits(interval: int, row: int, fitting: int) -> None:
    assert fitting_interval(interval, row) == fitting
