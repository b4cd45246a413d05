"""Pictures side by side in one image, each with a line of text below it: for a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .decode import Image
from .view import Card
from .window.lettering import opencv

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


def compose(cards: Sequence[Card]) -> Image:
    """Return the pictures side by side, height x width x 3, BGR, uint8.

    All get the height of the smallest. Without OpenCV there is no text and no scaling.
    """
    cv2 = opencv()
    tiles = [card.image if card.image is not None else _blank(*EMPTY) for card in cards]
    if cv2 is not None:
        tiles = _scaled(cv2, tiles)
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


def _blank(width: int, height: int) -> Image:
    return np.full((height, width, 3), BAR, np.uint8)


def _scaled(cv2: Any, tiles: list[Image]) -> list[Image]:
    height = min(tile.shape[0] for tile in tiles)
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
    cv2 = opencv()
    cv2.putText(area, text, (left, BASELINE), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    return left + _text_width(text)


def _text_width(text: str) -> int:
    cv2 = opencv()
    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)[0][0])
