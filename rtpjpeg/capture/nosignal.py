"""The picture that stands in for a camera that gives none: dark, and it says so."""

from __future__ import annotations

import numpy as np

from .encode import JpegEncoder
from .font import COLUMNS, ROWS, Font
from .intervals import PacketRoom

BACKGROUND = 24
SMALLEST_FONT = 6
"""Pixels of a letter's width."""


class NoSignal:
    """Makes the picture of one camera; sizes in pixels, ``quality`` 1 to 100."""

    def __init__(self, name: str, width: int, height: int, quality: int, room: PacketRoom | None) -> None:
        self._lines = ("NO SIGNAL", name.upper())
        self._size = (height, width)
        self._encoder = JpegEncoder(quality, packet_room=room)

    def picture(self, seconds: float) -> bytes:
        """Return a JPEG that says for how many seconds the camera has given nothing."""
        height, width = self._size
        luma = np.full(self._size, BACKGROUND, np.uint8)
        lines = (*self._lines, f"{seconds:.0f} s")
        cell = max(SMALLEST_FONT, min(width // (len(lines[0]) + 4), height // 8))
        font = Font(cell, round(cell * ROWS / COLUMNS * 1.15), dark=BACKGROUND)
        top = max(0, (height - font.height * (2 * len(lines) - 1)) // 2)
        for number, line in enumerate(lines):
            _place(luma, font.render(line), top + 2 * number * font.height)
        grey = np.full((-(-height // 2), -(-width // 2)), 128, np.uint8)
        return self._encoder.encode_planes(luma, grey, grey)


def _place(
    luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    text: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    top: int,
) -> None:
    """Write a line in the middle; what does not fit a small picture is cut."""
    left = max(0, (luma.shape[1] - text.shape[1]) // 2)
    area = luma[top : top + text.shape[0], left : left + text.shape[1]]
    area[:] = text[: area.shape[0], : area.shape[1]]
