"""The window: the newest pictures side by side, each with a line of text below it.

OpenCV's window belongs to the main thread. Its toolkit ends the whole process when it cannot reach
the display, so a child process tries first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .decode import Image
from .view import Card

BACKGROUND = 22
BAR = 38
TEXT = (232, 228, 222)
DIM = (150, 142, 134)
ALARM = (84, 108, 255)
"""Greys, and colours as BGR."""

GAP = 8
BAR_HEIGHT = 34
BASELINE = 22
EMPTY = (640, 480)
"""Width and height of the place of a stream that has given no picture yet."""
WIDEST = 1840
"""Pixels of a window when it opens; the user may draw it larger."""
PROBE_SECONDS = 20
QUIT_KEYS = frozenset({ord("q"), ord("Q"), 27})
"""Escape is 27."""

_PROBE = """
import cv2, numpy
cv2.namedWindow("rtpjpeg", cv2.WINDOW_NORMAL)
cv2.waitKey(1)
cv2.destroyAllWindows()
"""


def window_opens() -> bool:
    """Return whether a window can be opened here, which a child process has tried."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env={**os.environ, **toolkit_environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def toolkit_environment() -> dict[str, str]:
    """Return the environment for OpenCV's toolkit; what the user has set stays.

    Its notes about fonts and plugins are not for a person who watches cameras. Shared memory with the
    X server leaves the window black now and then where the server is in another container.
    """
    wanted = {
        "QT_LOGGING_RULES": "*.debug=false;*.info=false;*.warning=false;qt.qpa.*=false",
        "OPENCV_LOG_LEVEL": "ERROR",
        "QT_X11_NO_MITSHM": "1",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def compose(cards: Sequence[Card], widest: int | None = None) -> Image:
    """Return the pictures side by side, height x width x 3, BGR, uint8.

    All get the height of the smallest. With ``widest``, large pictures are made smaller by whole
    numbers until all together are hardly wider. Without OpenCV there is no text and no scaling.
    """
    cv2 = _opencv()
    tiles = [card.image if card.image is not None else _blank(*EMPTY) for card in cards]
    if cv2 is not None:
        tiles = _scaled(cv2, tiles, widest)
    height = max(tile.shape[0] for tile in tiles)
    bar = BAR_HEIGHT if cv2 is not None else 0
    width = sum(tile.shape[1] for tile in tiles) + GAP * (len(tiles) + 1)
    canvas = np.full((height + bar + 2 * GAP, width, 3), BACKGROUND, np.uint8)
    left = GAP
    for card, tile in zip(cards, tiles, strict=True):
        right = left + tile.shape[1]
        canvas[GAP : GAP + tile.shape[0], left:right] = tile
        if cv2 is not None:
            canvas[GAP + height : GAP + height + bar, left:right] = _bar(
                tile.shape[1], card.title, card.details, card.alarm
            )
        left = right + GAP
    return canvas


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        return None
    return cv2


def _blank(width: int, height: int) -> Image:
    return np.full((height, width, 3), BAR, np.uint8)


def _scaled(cv2: Any, tiles: list[Image], widest: int | None) -> list[Image]:
    height = min(tile.shape[0] for tile in tiles)
    if widest is not None:
        # Halving is ten times cheaper than any other scale; the window does the rest.
        together = sum(tile.shape[1] * height // tile.shape[0] for tile in tiles)
        height = height // max(1, round(together / widest))
    return [_to_height(cv2, tile, height) for tile in tiles]


def _to_height(cv2: Any, image: Image, height: int) -> Image:
    if image.shape[0] == height:
        return image
    width = max(1, image.shape[1] * height // image.shape[0])
    scaled: Image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return scaled


# Drawing text costs milliseconds, and it changes once a second at most.
@lru_cache(maxsize=16)
def _bar(width: int, title: str, details: str, alarm: str) -> Image:
    """Return the line below a picture: title, details behind it, alarm on the right."""
    area = _blank(width, BAR_HEIGHT)
    left = _put(area, title, 10, TEXT)
    _put(area, details, left + 16, DIM)
    if alarm:
        begin = width - _text_width(alarm) - 10
        area[:, max(0, begin - 10) :] = BAR
        _put(area, alarm, begin, ALARM)
    return area


def _put(area: Image, text: str, left: int, colour: tuple[int, int, int]) -> int:
    """Write text and return where it ends."""
    cv2 = _opencv()
    cv2.putText(area, text, (left, BASELINE), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    return left + _text_width(text)


def _text_width(text: str) -> int:
    cv2 = _opencv()
    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)[0][0])


def load_toolkit() -> None:
    """Load OpenCV for a window, in the environment that it needs."""
    os.environ.update(toolkit_environment())
    _opencv()


class Window:
    """A window of OpenCV; main thread only. Raises what OpenCV raises when there is no display."""

    def __init__(self, title: str) -> None:
        load_toolkit()
        self._cv2 = cv2 = _opencv()
        self._title = title
        self._sized = (0, 0)
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)

    def show(self, cards: Sequence[Card]) -> None:
        """Show the pictures; the first ones set the size of the window."""
        canvas = compose(cards, WIDEST)
        size = (canvas.shape[1], canvas.shape[0])
        if size != self._sized:
            scale = min(1.0, WIDEST / size[0])
            self._cv2.resizeWindow(self._title, int(size[0] * scale), int(size[1] * scale))
            self._sized = size
        self._cv2.imshow(self._title, canvas)

    def key(self) -> int:
        """Let the window work and return the key that was pressed, or -1."""
        pressed = int(self._cv2.waitKey(1))
        return pressed if pressed < 0 else pressed & 0xFF

    def is_open(self) -> bool:
        """False when the user has closed the window."""
        return bool(self._cv2.getWindowProperty(self._title, self._cv2.WND_PROP_VISIBLE) >= 1)

    def close(self) -> None:
        """Take the window away."""
        self._cv2.destroyAllWindows()
        self._cv2.waitKey(1)
