"""The strip: read back exactly, or not at all."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.makers import decoded, planes
from photographs import encode, panned
from rtpjpeg.capture.strip import draw_strip, read_strip, strip_size
from rtpjpeg.errors import ConfigError

Pixels = npt.NDArray[np.uint8]

NUMBERS = st.integers(0, 2**32 - 1)
TIMES = st.integers(0, 2**56 - 1)
PHOTOGRAPH = next(panned("chelsea", 480, 320, 1))


def marked(frame_number: int, captured_at_us: int, width: int = 480, height: int = 320) -> Pixels:
    image = PHOTOGRAPH[:height, :width].copy()
    assert draw_strip(image, frame_number, captured_at_us)
    return image


@given(NUMBERS, TIMES)
def test_what_was_drawn_is_read(frame_number: int, captured_at_us: int) -> None:
    reading = read_strip(marked(frame_number, captured_at_us))
    assert reading == (frame_number, captured_at_us)
    assert reading is not None and reading.frame_number == frame_number


@pytest.mark.parametrize("quality", [5, 30, 85, 99])
@pytest.mark.parametrize("type", [0, 1])
@settings(max_examples=25)
@given(NUMBERS, TIMES)
def test_it_survives_jpeg(type: int, quality: int, frame_number: int, captured_at_us: int) -> None:
    jpeg = encode(marked(frame_number, captured_at_us), type, quality)
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert read_strip(decoded(jpeg)) == (frame_number, captured_at_us)
    assert read_strip(np.asarray(grey)) == (frame_number, captured_at_us)


@settings(max_examples=40)
@given(st.integers(0, 7), st.integers(0, 7), st.integers(60, 480), NUMBERS)
def test_it_survives_cropping_and_filling_up_to_a_block(
    right: int, bottom: int, width: int, number: int
) -> None:
    height = 320
    image = PHOTOGRAPH[:, :width].copy()
    assert draw_strip(image, number, 5)
    image = decoded(encode(image, 1, 30))
    assert read_strip(image[: height - bottom, : width - right]) == (number, 5)
    wide = np.pad(image, ((0, bottom), (0, right), (0, 0)), mode="edge")
    assert read_strip(wide) == (number, 5)


@settings(max_examples=40)
@given(NUMBERS, TIMES, st.sampled_from(["narrowed", "widened", "dim"]))
def test_it_survives_a_change_of_range(frame_number: int, captured_at_us: int, change: str) -> None:
    image = decoded(encode(marked(frame_number, captured_at_us), 1, 30)).astype(np.float64)
    changed = {"narrowed": image * 219 / 255 + 16, "widened": (image - 16) * 255 / 219, "dim": image * 0.4}[
        change
    ]
    assert read_strip(changed.clip(0, 255).astype(np.uint8)) == (frame_number, captured_at_us)


def test_it_can_be_drawn_into_luma_alone() -> None:
    luma = PHOTOGRAPH[..., 1].copy()
    assert draw_strip(luma, 7, 8)
    assert read_strip(luma) == (7, 8)


def test_numbers_wrap() -> None:
    assert read_strip(marked(2**32 + 3, 2**56 + 4)) == (3, 4)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (640, 480, (304, 24)),
        (320, 240, (304, 24)),
        (311, 64, (304, 24)),
        (310, 64, (296, 32)),
        (160, 120, (152, 48)),
        (64, 480, (56, 136)),
        (64, 64, None),
        (640, 30, None),
        (20, 480, None),
    ],
)
def test_its_size_and_where_it_has_no_room(width: int, height: int, size: tuple[int, int] | None) -> None:
    assert strip_size(width, height) == size
    image = np.full((height, width), 90, np.uint8)
    assert draw_strip(image, 1, 2) is (size is not None)
    assert (image != 90).any() == (size is not None)
    assert read_strip(image) == ((1, 2) if size else None)


@settings(max_examples=150)
@given(NUMBERS, st.floats(0, 200), st.integers(0, 2**32 - 1))
def test_noise_gives_the_truth_or_nothing(frame_number: int, deviation: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, deviation, (320, 480, 3))
    noisy = (marked(frame_number, 99) + noise).clip(0, 255).astype(np.uint8)
    assert read_strip(noisy) in (None, (frame_number, 99))


@settings(max_examples=150)
@given(
    NUMBERS,
    TIMES,
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 37)), min_size=1, max_size=8, unique=True),
)
def test_a_changed_cell_is_noticed(
    frame_number: int, captured_at_us: int, cells: list[tuple[int, int]]
) -> None:
    image = marked(frame_number, captured_at_us)
    for row, column in cells:
        area = image[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        area[:] = 255 - area
    assert read_strip(image) is None


@given(NUMBERS, st.integers(0, 112), st.integers(16, 240))
def test_a_grey_cell_is_not_guessed(frame_number: int, cell: int, level: int) -> None:
    image = marked(frame_number, 1234567)
    row, column = divmod(cell, 38)
    image[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = level
    assert read_strip(image) in (None, (frame_number, 1234567))


def test_pictures_without_a_strip_have_none(seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(200):
        cells = random.integers(0, 2, (40, 60), np.uint8) * np.uint8(255)
        assert read_strip(cells.repeat(8, axis=0).repeat(8, axis=1)) is None
    for name in ("astronaut", "coffee", "rocket"):
        assert read_strip(next(panned(name, 640, 480, 1))) is None
    for level in (0, 128, 255):
        assert read_strip(np.full((480, 640, 3), level, np.uint8)) is None
    for shape in ((0, 0), (8, 8), (24, 303), (23, 640), (480, 8), (480, 640, 3)):
        assert read_strip(np.zeros(shape, np.uint8)) is None


def test_half_a_strip_of_another_frame_is_none() -> None:
    """A receiver that fills a hole from the frame before may show two halves."""
    image = marked(0x01234567, 0x11223344556677)
    image[:16] = marked(0xFEDCBA98, 0xEEDDCCBBAA9988)[:16]
    assert read_strip(image) is None


def test_a_strip_in_a_colour_picture_is_grey() -> None:
    y, u, v = planes(marked(1, 2))
    assert y[:24, :304].min() == 16 and y[:24, :304].max() == 240
    assert (u[:12, :152] == 128).all() and (v[:12, :152] == 128).all()


@pytest.mark.parametrize("shape", [(5,), (8, 8, 4), (8, 8, 3, 1)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="expected height x width"):
        read_strip(np.zeros(shape, np.uint8))
