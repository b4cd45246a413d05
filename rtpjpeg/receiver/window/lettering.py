"""Text in pictures, by OpenCV: with its old line font, and from OpenCV 5 on with a real one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..decode import Image

Colour = tuple[int, int, int]
"""Blue, green, red."""

TEXT: Colour = (236, 234, 230)
DIM: Colour = (176, 172, 166)
ACCENT: Colour = (72, 170, 255)
SMALLEST = 0.36
"""Scale below which nobody can read it."""


def opencv() -> Any:
    """Return OpenCV, which whoever draws needs; None where it is not installed."""
    try:
        import cv2
    except ImportError:
        return None
    return cv2


def _pen(scale: float, bold: bool) -> tuple[int, int]:
    """Return font and thickness. Thick lines run together in the old font; it has one of double lines."""
    cv2, thickness = opencv(), max(1, round(scale * 1.3))
    if not bold:
        return cv2.FONT_HERSHEY_SIMPLEX, thickness
    if int(cv2.__version__.partition(".")[0]) < 5:
        return cv2.FONT_HERSHEY_DUPLEX, thickness
    return cv2.FONT_HERSHEY_SIMPLEX, thickness + 1


def text_width(text: str, scale: float, bold: bool = False) -> int:
    """Return how wide a text is, pixels."""
    font, thickness = _pen(scale, bold)
    size, _ = opencv().getTextSize(text, font, scale, thickness)
    return int(size[0])


def line_height(scale: float) -> int:
    """Return the pixels from one line to the next."""
    return round(34 * scale)


def put_text(
    area: Image, text: str, left: int, top: int, scale: float, colour: Colour, bold: bool = False
) -> None:
    """Write a line of text whose upper left corner is here; what does not fit is cut."""
    cv2, (font, thickness) = opencv(), _pen(scale, bold)
    baseline = top + round(25 * scale)
    cv2.putText(area, text, (left, baseline), font, scale, colour, thickness, cv2.LINE_AA)


def wrap(text: str, scale: float, width: int, bold: bool = False) -> list[str]:
    """Return the lines of a text that is at most so wide; a single word may be wider."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, scale, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def widest(texts: Iterable[str], scale: float, bold: bool = False) -> int:
    """Return the width of the widest text, 0 of none."""
    return max((text_width(text, scale, bold) for text in texts), default=0)
