"""The clock's letters."""

from __future__ import annotations

import string

import numpy as np
import pytest

from rtpjpeg.capture.font import Font


@pytest.mark.parametrize(("width", "height"), [(6, 8), (14, 19), (44, 60)])
def test_a_line_is_as_long_as_its_letters(width: int, height: int) -> None:
    line = Font(width, height).render("12:34:56.789")
    assert line.shape == (height, 12 * width)
    assert line.dtype == np.uint8


def test_every_letter_is_its_own_and_small_ones_are_capitals() -> None:
    font = Font(12, 14)
    letters = string.digits + string.ascii_uppercase + " !#%()*+,-./:=?@[]_"
    drawn = {font.render(letter).tobytes() for letter in letters}
    assert len(drawn) == len(letters)
    assert (font.render("camera1") == font.render("CAMERA1")).all()


@pytest.mark.parametrize("text", ["é", "$", "~", "日", "\n", "\x7f"])
def test_what_the_font_lacks_is_a_question_mark(text: str) -> None:
    font = Font(12, 14)
    assert (font.render(text) == font.render("?")).all()


def test_light_on_dark_with_a_gap_between_letters() -> None:
    font = Font(18, 24, dark=10, light=250)
    line = font.render("888")
    assert line.min() == 10 and line.max() == 250
    assert (line.reshape(24, 3, 18)[:, :, -2:] == 10).all()
    assert (font.render(" ") == 10).all()


def test_no_text_is_no_width() -> None:
    assert Font(12, 14).render("").shape == (14, 0)
