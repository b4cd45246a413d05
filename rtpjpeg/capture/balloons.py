"""The things that move through the synthetic scene, drawn once: hot-air balloons and a ball."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .landscape import Field

_STRIPES = (
    ((0.86, 0.16, 0.14), (0.98, 0.93, 0.82)),
    ((0.12, 0.35, 0.72), (0.98, 0.80, 0.20)),
    ((0.16, 0.55, 0.32), (0.95, 0.95, 0.90)),
)
_BASKET = (0.38, 0.24, 0.12)
_CHECKS = ((0.95, 0.95, 0.95), (0.90, 0.12, 0.20))
_FINE = 3
"""Everything is drawn this many times as large, and its edges come out smooth."""

_Shader = Callable[[Field, Field], tuple[Field, npt.NDArray[np.bool_]]]


def draw_balloon(width: int, colours: int) -> Field:
    """Return a balloon, 1.5 width x width x 4, RGB and cover, float32, 0 to 1."""
    height = width * 3 // 2 & ~1
    stripes = np.array(_STRIPES[colours % len(_STRIPES)], np.float32)

    def shade(y: Field, x: Field) -> tuple[Field, npt.NDArray[np.bool_]]:
        y = (y + 1) * np.float32(height / width) - 1
        # The envelope is a ball above, and narrows to its mouth below.
        round_ = np.sqrt((1 - y * y).clip(0))
        narrow = 1 - np.float32(0.97) * (y / np.float32(1.45)).clip(0, 1) ** np.float32(1.6)
        radius = np.where(y < 1.4, np.where(y < 0, round_, narrow), -1)
        turn = np.arcsin((x / radius.clip(0.05)).clip(-1, 1))
        light = np.float32(0.95) - np.float32(0.35) * (x + np.float32(0.4)) ** 2 - np.float32(0.12) * y
        envelope = np.abs(x) < radius
        fabric = stripes[(turn * np.float32(10 / np.pi) + 6).astype(np.int8) % 2] * light[..., None]
        basket = (np.abs(x) < 0.16) & (np.abs(y - 1.80) < 0.17)
        ropes = (y > 1.35) & (y < 1.7) & (np.abs(np.abs(x) - 0.13) < 0.02)
        colour = np.where(envelope[..., None], fabric, np.array(_BASKET, np.float32))
        return colour, envelope | basket | ropes

    return _draw(height, width, shade)


def draw_ball(size: int) -> Field:
    """Return a lit ball with a checked pattern, size x size x 4, RGB and cover, float32, 0 to 1."""
    checks = np.array(_CHECKS, np.float32)

    def shade(y: Field, x: Field) -> tuple[Field, npt.NDArray[np.bool_]]:
        depth = np.sqrt((1 - x * x - y * y).clip(0))
        turn = np.arctan2(x, depth + np.float32(1e-6)) * np.float32(2.55)
        rise = np.arcsin(y.clip(-1, 1)) * np.float32(2.55)
        field = (np.floor(turn) + np.floor(rise)).astype(np.int8) % 2
        light = (depth * np.float32(0.75) - x * np.float32(0.4) - y * np.float32(0.5)).clip(0, 1)
        return checks[field] * (np.float32(0.35) + np.float32(0.65) * light)[..., None], np.hypot(x, y) < 1

    return _draw(size, size, shade)


def _draw(height: int, width: int, shade: _Shader) -> Field:
    """Return RGB and cover; ``shade`` is given y and x of fine pixels, -1 to 1, some rows at a time."""
    x = _centres(width * _FINE)[None, :]
    image = np.empty((height, width, 4), np.float32)
    for row, y in enumerate(_centres(height * _FINE).reshape(height, _FINE, 1)):
        colour, inside = shade(y, x)
        fine = np.empty((_FINE, width * _FINE, 4), np.float32)
        fine[..., 3] = inside
        fine[..., :3] = colour.clip(0, 1) * fine[..., 3:]
        image[row] = fine.sum(axis=0).reshape(width, _FINE, 4).sum(axis=1) / _FINE**2
    # A pixel at the edge has the colour of what it holds of the thing, not of what is around it.
    image[..., :3] /= image[..., 3:].clip(1e-3)
    return image


def _centres(count: int) -> Field:
    return ((np.arange(count) + 0.5) / count * 2 - 1).astype(np.float32)
