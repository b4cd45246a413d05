"""Where the pictures stand in a window: in a grid whose columns are chosen so that they are largest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

GAP = 6
"""Pixels between pictures."""
LEAST_WIDTH = 640
"""Pixels of a picture in a window that has just opened."""
Size = tuple[int, int]
"""Width and height in pixels."""


class Box(NamedTuple):
    """A place in the window, pixels."""

    left: int
    top: int
    width: int
    height: int


def arrange(pictures: Sequence[Size], window: Size) -> list[Box]:
    """Return the place of each picture, row by row; all keep their shape and none is cut."""
    grids = [_grid(pictures, columns, window) for columns in range(1, len(pictures) + 1)]
    return max(grids, key=_area, default=[])


def _area(boxes: Sequence[Box]) -> int:
    return sum(box.width * box.height for box in boxes)


def _grid(pictures: Sequence[Size], columns: int, window: Size) -> list[Box]:
    """Return the places in so many columns; what is left of the window is on its edges."""
    lines = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    cell = (
        (window[0] - GAP * (columns - 1)) // columns,
        (window[1] - GAP * (len(lines) - 1)) // len(lines),
    )
    fitted = [[fit(picture, cell) for picture in line] for line in lines]
    heights = [max(height for _, height in line) for line in fitted]
    top = (window[1] - sum(heights) - GAP * (len(lines) - 1)) // 2
    boxes: list[Box] = []
    for line, height in zip(fitted, heights, strict=True):
        boxes += _line(line, height, top, window[0])
        top += height + GAP
    return boxes


def _line(sizes: Sequence[Size], high: int, top: int, width: int) -> list[Box]:
    """Return the places of one row, centred."""
    left = (width - sum(size[0] for size in sizes) - GAP * (len(sizes) - 1)) // 2
    boxes = []
    for wide, height in sizes:
        boxes.append(Box(max(0, left), max(0, top + (high - height) // 2), wide, height))
        left += wide + GAP
    return boxes


def fit(picture: Size, cell: Size) -> Size:
    """Return the largest size of a picture's shape that a cell holds, 1x1 at least."""
    scale = min(cell[0] / picture[0], cell[1] / picture[1])
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


def natural(pictures: Sequence[Size], largest: Size) -> Size:
    """Return the size of a window for pictures as they are; ``largest`` is the most it may have.

    Small pictures are enlarged, for nobody could read what is written on them.
    """
    columns = math.ceil(math.sqrt(len(pictures)))
    lines = math.ceil(len(pictures) / columns)
    gaps = GAP * (columns - 1), GAP * (lines - 1)
    wide, high = max(width for width, _ in pictures), max(height for _, height in pictures)
    enlarged = max(1.0, LEAST_WIDTH / wide)
    most = (largest[0] - gaps[0]) / (columns * wide), (largest[1] - gaps[1]) / (lines * high)
    scale = min(enlarged, *most)
    return round(columns * wide * scale) + gaps[0], round(lines * high * scale) + gaps[1]
