"""What the synthetic camera sees: a landscape that pans, balloons, a ball, a clock, and the strip.

Everything is made once, as planes of luma and subsampled chroma, so that a frame costs little more
than copying its background, and the encoder has nothing to convert.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .balloons import draw_ball, draw_balloon
from .font import COLUMNS, ROWS, Font
from .landscape import PALETTES, Field, Landscape
from .strip import draw_strip, strip_size

Plane = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.uint16]
_GREY = 128
_DARK = 16
_PAN_SECONDS = 11.0
_BAND = 16
_LETTERS = 24


class Planes(NamedTuple):
    """One picture, full range, uint8; chroma half as wide and, at 4:2:0, half as high, rounded up."""

    y: Plane
    u: Plane
    v: Plane


class Scene:
    """Draws one camera's picture at a given time.

    ``width`` and ``height`` are pixels, ``chroma_rows`` is 2 at 4:2:0 and 1 at 4:2:2, ``look`` picks the
    landscape. ``draw`` reuses its planes: they hold until it is called again.
    """

    def __init__(self, width: int, height: int, chroma_rows: int, name: str, look: int) -> None:
        self._steps = ((1, 1), (chroma_rows, 2), (chroma_rows, 2))
        self._room = (_even(width // 4), _even(height // 16))
        palette = PALETTES[look % len(PALETTES)]
        self._planes = _blank_planes(width, height, chroma_rows)
        wide, high = width + self._room[0], height + self._room[1]
        self._background = _blank_planes(wide, high, chroma_rows)
        _paint(self._background, Landscape(wide, high, palette, look + 1), chroma_rows)
        self._sprites = _sprites(width, height, chroma_rows, look)
        self._caption = _Caption(width, height, name)
        self._covered = strip_size(width, height) or (0, 0)

    def draw(self, seconds: float, frame_number: int, wall_us: int) -> Planes:
        """Return the picture ``seconds`` after the start, with its number and time written in it.

        ``wall_us`` is microseconds since 1970.
        """
        self._pan(seconds)
        for sprite in self._sprites:
            sprite.paste(self._planes, seconds)
        self._write(frame_number, wall_us)
        return self._planes

    def _pan(self, seconds: float) -> None:
        turns = seconds / _PAN_SECONDS
        left, top = _even(int(_swing(turns) * self._room[0])), _even(int(_swing(turns * 0.7) * self._room[1]))
        for plane, source, (down, across) in zip(self._planes, self._background, self._steps, strict=True):
            plane[:] = _area(source, top // down, left // across, *plane.shape)

    def _write(self, frame_number: int, wall_us: int) -> None:
        self._blank(0, 0, *self._covered)
        draw_strip(self._planes.y, frame_number, wall_us)
        left, top, width, height = self._caption.place
        if width:
            self._blank(left, top, width, height)
            self._planes.y[top : top + height, left : left + width] = _DARK
            self._caption.write(self._planes.y, frame_number, wall_us)

    def _blank(self, left: int, top: int, width: int, height: int) -> None:
        """Take the colour out of an area."""
        down, across = self._steps[1]
        for plane in self._planes[1:]:
            _area(plane, top // down, left // across, -(-height // down), -(-width // across))[:] = _GREY


class _Caption:
    """The clock: date and time, camera name and frame number on a dark panel at the bottom left."""

    def __init__(self, width: int, height: int, name: str) -> None:
        self._name = name
        self.place = (0, 0, 0, 0)
        """Left, top, width and height in pixels; all 0 where the picture has no room."""
        letters, cell = _LETTERS, min(max(width // 44, 8), 24, (width - 16) // _LETTERS)
        self._brief = cell < COLUMNS
        if self._brief:
            letters, cell = 8, COLUMNS
        self._font = Font(cell, round(cell * ROWS / COLUMNS * 1.15))
        self._line = -(-self._font.height * 3 // 2)
        lines = 1 if self._brief else 2
        self._find_place(width, height, (letters * cell + cell, self._line * lines + cell // 2))

    def _find_place(self, width: int, height: int, size: tuple[int, int]) -> None:
        """Put the panel on the grid of 16 pixels, where its edges cost no ringing."""
        panel = (-(-size[0] // 16) * 16, -(-size[1] // 16) * 16)
        left = 16 if width > panel[0] + 32 else 0
        top = (height - panel[1] - min(16, height // 16)) // 16 * 16
        covered = strip_size(width, height) or (0, 0)
        if panel[0] <= width and top >= covered[1]:
            self.place = (left, top, *panel)

    def write(self, luma: Plane, frame_number: int, wall_us: int) -> None:
        """Write the lines into the luma plane."""
        left, top, _, height = self.place
        lines = self._lines(frame_number, wall_us)
        row = top + (height - self._line * len(lines) + self._line - self._font.height) // 2
        for line in lines:
            text = self._font.render(line)
            column = left + self._font.width // 2
            luma[row : row + self._font.height, column : column + text.shape[1]] = text
            row += self._line

    def _lines(self, frame_number: int, wall_us: int) -> list[str]:
        number = f"#{frame_number:06d}"
        if self._brief:
            return [number[-8:]]
        now = time.localtime(wall_us // 1_000_000)
        clock = time.strftime("%Y-%m-%d %H:%M:%S", now) + f".{wall_us // 1000 % 1000:03d}"
        return [clock, f"{self._name[: 22 - len(number)]:<{23 - len(number)}}{number}"]


class _Path(NamedTuple):
    """How something moves to and fro."""

    across: float
    """Seconds from left to right and back."""
    down: float
    """Seconds from top to bottom and back."""
    start: float
    """Turns that it is ahead of the others."""
    bounce: float = 0.0
    """Height of its jumps from the bottom, as a share of the room; 0 for one that floats."""


class _Sprite:
    """Something that moves: its colours times its cover, and what it leaves of the background."""

    def __init__(self, image: Field, chroma_rows: int, path: _Path, room: tuple[int, int]) -> None:
        cover = image[..., 3]
        pairs = [(plane, cover) for plane in _yuv(image[..., :3])]
        pairs[1:] = [(_shrunk(p, chroma_rows), _shrunk(c, chroma_rows)) for p, c in pairs[1:]]
        self._parts: list[tuple[Weights, Weights]] = [
            ((plane * alpha * 256).astype(np.uint16), (256 - np.rint(alpha * 256)).astype(np.uint16))
            for plane, alpha in pairs
        ]
        self._steps = ((1, 1), (chroma_rows, 2), (chroma_rows, 2))
        self._path = path
        self._room = room

    def paste(self, planes: Planes, seconds: float) -> None:
        """Draw it where it is at that time."""
        top, left = self._position(seconds)
        for plane, (colour, rest), (down, across) in zip(planes, self._parts, self._steps, strict=True):
            area = _area(plane, top // down, left // across, *colour.shape)
            area[:] = (area * rest + colour) >> 8

    def _position(self, seconds: float) -> tuple[int, int]:
        path = self._path
        left = _swing(seconds / path.across + path.start)
        top = _swing(seconds / path.down + 2 * path.start)
        if path.bounce:
            top = 1 - path.bounce * abs(math.sin(math.tau * seconds / path.down))
        return _even(int(top * self._room[1])), _even(int(left * self._room[0]))


# Size as a share of the picture's shorter side, and path.
_BALLOONS = ((0.30, _Path(23.0, 9.0, 0.1)), (0.20, _Path(17.0, 7.0, 0.6)), (0.13, _Path(29.0, 5.0, 0.3)))
_BALL = _Path(7.0, 2.6, 0.0, bounce=0.55)


def _sprites(width: int, height: int, chroma_rows: int, look: int) -> list[_Sprite]:
    """Return three balloons and a ball, each with its path."""
    unit = min(width, height)
    sprites = []
    for index, (size, path) in enumerate(_BALLOONS):
        image = draw_balloon(max(8, _even(int(unit * size))), index + look)
        room = (width - image.shape[1], (height - image.shape[0]) * 5 // 8)
        sprites.append(_Sprite(image, chroma_rows, path._replace(start=path.start + 0.3 * look), room))
    ball = draw_ball(max(8, _even(unit // 10)))
    room = (width - ball.shape[1], height - ball.shape[0] - height // 16)
    return [*sprites, _Sprite(ball, chroma_rows, _BALL._replace(start=0.3 * look), room)]


def _swing(turns: float) -> float:
    """Return 0 to 1 and back to 0, once a turn."""
    return 0.5 - 0.5 * math.cos(math.tau * turns)


def _area(plane: Plane, top: int, left: int, rows: int, columns: int) -> Plane:
    return plane[top : top + rows, left : left + columns]


def _even(value: int) -> int:
    return value & ~1


def _yuv(image: Field) -> list[Field]:
    """Return Y, U and V, 0 to 255, full range as JFIF has it, of RGB 0 to 1."""
    red, green, blue = (image[..., channel] for channel in range(3))
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    return [y * 255, (blue - y) * (255 / 1.772) + 128, (red - y) * (255 / 1.402) + 128]


def _shrunk(plane: Field, rows: int) -> Field:
    """Return the mean of every 2 columns and ``rows`` rows; an odd edge is repeated."""
    plane = np.pad(plane, ((0, plane.shape[0] % rows), (0, plane.shape[1] % 2)), mode="edge")
    small: Field = plane.reshape(plane.shape[0] // rows, rows, -1, 2).mean(axis=(1, 3), dtype=np.float32)
    return small


def _blank_planes(width: int, height: int, chroma_rows: int) -> Planes:
    chroma = (-(-height // chroma_rows), -(-width // 2))
    return Planes(np.zeros((height, width), np.uint8), np.zeros(chroma, np.uint8), np.zeros(chroma, np.uint8))


def _paint(planes: Planes, landscape: Landscape, chroma_rows: int) -> None:
    """Draw the landscape into the planes, a few rows at a time: all of it in floats would be 100 MB."""
    height = len(planes.y)
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        y, u, v = _yuv(landscape.rows(top, bottom))
        chroma = slice(top // chroma_rows, -(-bottom // chroma_rows))
        planes.y[top:bottom] = np.rint(y)
        planes.u[chroma] = np.rint(_shrunk(u, chroma_rows)).clip(0, 255)
        planes.v[chroma] = np.rint(_shrunk(v, chroma_rows)).clip(0, 255)
