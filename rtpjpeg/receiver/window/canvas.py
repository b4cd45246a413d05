"""The pixels of the window, in exactly its own size, so that nothing is scaled behind them.

Only what has changed is drawn again: a picture that came anew, its panel when its words changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..decode import Image
from .layout import Box, Size, arrange
from .lettering import ACCENT, DIM, SMALLEST, TEXT, Colour, opencv, wrap
from .panel import Rows, draw_lines, draw_panel, fitting, help_rows, panel_size

BACKGROUND = 18
EMPTY_TILE = 32
"""Grey levels."""
EMPTY: Size = (640, 480)
"""Of a stream that has given no picture yet."""
SHADE = 0.2
"""How bright a picture is below a panel."""
DEEP_SHADE = 0.1
"""The same where a panel lies on others."""
FADED = 0.4
"""How bright a picture is that has got old."""
UNREADABLE = 0.2
"""Scale of text below which help is left out."""
RECORDING, FROZEN = "REC", "frozen"
"""Marks on a picture."""
MARGIN = 8
"""Pixels from the edge of a picture to a panel on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """What one stream shows."""

    image: Image | None
    rows: Rows = ()
    """Of the panel; none hides it."""
    alarm: str = ""
    """What is written large across the picture, which is faded then."""
    marks: tuple[str, ...] = ()
    """Short words in its corner."""

    @property
    def size(self) -> Size:
        """Width and height of the picture."""
        return size_of(self.image)

    def same(self, other: Tile) -> bool:
        """Return whether both look alike."""
        return self.image is other.image and (self.rows, self.alarm, self.marks) == (
            other.rows,
            other.alarm,
            other.marks,
        )


def size_of(image: Image | None) -> Size:
    """Return width and height of a picture, or of the place of one that has not come yet."""
    return EMPTY if image is None else (image.shape[1], image.shape[0])


class Canvas:
    """Draws tiles into one image. Needs OpenCV."""

    def __init__(self) -> None:
        self.image: Image = np.empty((0, 0, 3), np.uint8)
        """Height x width x 3, BGR, uint8."""
        self.drawn = 0
        """Tiles that have been drawn."""
        self._tiles: list[Tile] = []
        self._boxes: list[Box] = []
        self._sizes: list[Size] = []
        """Of the window and of the pictures."""
        self._over = ("", False)

    def draw(self, tiles: Sequence[Tile], size: Size, message: str = "", help_: bool = False) -> bool:
        """Draw what has changed into an image of this width and height; False when nothing has."""
        boxes, over = self._arrange(tiles, size), (message, help_)
        whole = boxes is not self._boxes or over != self._over
        pairs = [*zip(tiles, boxes, strict=True)]
        changed = (
            pairs
            if whole
            else [pair for pair, old in zip(pairs, self._tiles, strict=True) if not pair[0].same(old)]
        )
        if not changed and not whole:
            return False
        if whole or any(over):  # what lies over the pictures lies over several of them
            self._begin(size)
            changed = pairs
        for tile, box in changed:
            self._draw_tile(tile, box)
        self._draw_over(size, message, help_)
        self._tiles, self._boxes, self._over = list(tiles), boxes, over
        return True

    def _arrange(self, tiles: Sequence[Tile], size: Size) -> list[Box]:
        """Return the places of the tiles; the same list as long as nothing has another size."""
        sizes = [size, *(tile.size for tile in tiles)]
        if sizes == self._sizes:
            return self._boxes
        self._sizes = sizes
        return arrange(sizes[1:], size)

    def _begin(self, size: Size) -> None:
        if self.image.shape[1::-1] != size:
            self.image = np.empty((size[1], size[0], 3), np.uint8)
        self.image[:] = BACKGROUND

    def _draw_tile(self, tile: Tile, box: Box) -> None:
        area = _part(self.image, box)
        self.drawn += 1
        if tile.image is None:
            area[:] = EMPTY_TILE
        else:
            scale_into(area, tile.image)
            if tile.alarm:
                darken(area, FADED)
        rows, scale = fitting(tile.rows, box) if tile.rows else ((), 0.0)
        if rows:
            lay(area, draw_panel(rows, scale), MARGIN, MARGIN)
        _draw_marks(area, tile.marks)
        if tile.alarm:
            _draw_alarm(area, tile.alarm, tile.image is not None)

    def _draw_over(self, size: Size, message: str, help_: bool) -> None:
        scale = _scale_for(size, panel_size(help_rows(), 1.0)) if help_ else 0.0
        if scale >= UNREADABLE:
            _lay_centred(self.image, draw_panel(help_rows(), scale), 0.5, DEEP_SHADE)
        if message:
            scale = text_scale(size)
            lines = tuple(wrap(message, scale, int(size[0] * 0.9)))
            _lay_centred(self.image, draw_lines(lines, scale, TEXT), 0.97, DEEP_SHADE)


def text_scale(size: Size) -> float:
    """Return the scale of text in a window or picture of this size."""
    return round(min(0.8, max(SMALLEST, min(size[0] / 1100, size[1] / 800))), 2)


def _scale_for(size: Size, wanted: Size) -> float:
    """Return the scale at which a panel fits; ``wanted`` is its size at scale 1."""
    return round(min(text_scale(size), 0.9 * size[0] / wanted[0], 0.9 * size[1] / wanted[1]), 2)


def _draw_marks(area: Image, marks: Sequence[str]) -> None:
    """Write short words into the upper right corner, from the right to the left."""
    height, width = area.shape[:2]
    scale, right = text_scale((width, height)), width - MARGIN
    for mark in marks:
        label = draw_lines((f"    {mark}" if mark == RECORDING else mark,), scale, ACCENT, True)
        right -= label.shape[1]
        lay(area, label, right, MARGIN)
        if mark == RECORDING:
            _draw_dot(area, right + round(31 * scale), MARGIN + label.shape[0] // 2, round(9 * scale))
        right -= MARGIN


def _draw_dot(area: Image, left: int, top: int, radius: int) -> None:
    cv2 = opencv()
    cv2.circle(area, (left, top), radius, ACCENT, cv2.FILLED, cv2.LINE_AA)


def _draw_alarm(area: Image, text: str, large: bool) -> None:
    """Write across a picture."""
    height, width = area.shape[:2]
    scale = round(max(SMALLEST, min(1.6 if large else 1.0, width / 520)), 2)
    lines = tuple(wrap(text, scale, int(width * 0.9), large))
    colour: Colour = ACCENT if large else DIM
    _lay_centred(area, draw_lines(lines, scale, colour, large), 0.5, shade=1.0)


def _lay_centred(area: Image, panel: Image, down: float, shade: float = SHADE) -> None:
    """Lay a panel in the middle; ``down`` is where its own part stands in the height, 0 top, 1 bottom."""
    left = (area.shape[1] - panel.shape[1]) // 2
    lay(area, panel, left, round((area.shape[0] - panel.shape[0]) * down), shade)


def lay(area: Image, panel: Image, left: int, top: int, shade: float = SHADE) -> None:
    """Darken a part of an image and write a panel's text on it; what stands out is cut."""
    cv2 = opencv()
    cut_left, cut_top = max(0, -left), max(0, -top)
    part = area[max(0, top) : top + panel.shape[0], max(0, left) : left + panel.shape[1]]
    panel = panel[cut_top : cut_top + part.shape[0], cut_left : cut_left + part.shape[1]]
    if part.size:
        darken(part, shade)
        cv2.max(part, panel, dst=part)


def darken(area: Image, factor: float) -> None:
    """Make an image darker, in place."""
    if factor < 1:
        opencv().convertScaleAbs(area, dst=area, alpha=factor)


def scale_into(area: Image, image: Image) -> None:
    """Draw an image into an area of its shape but of another size."""
    cv2 = opencv()
    height, width = area.shape[:2]
    # Halving is ten times cheaper than any other way to make a picture much smaller without flicker.
    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        half = image.shape[1] // 2, image.shape[0] // 2
        even = image[: 2 * half[1], : 2 * half[0]]
        image = cv2.resize(even, half, interpolation=cv2.INTER_AREA)
    if image.shape == area.shape:
        area[:] = image
    else:
        cv2.resize(image, (width, height), dst=area, interpolation=cv2.INTER_LINEAR)


def _part(image: Image, box: Box) -> Image:
    return image[box.top : box.top + box.height, box.left : box.left + box.width]
