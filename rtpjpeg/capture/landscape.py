"""The background of the synthetic camera: hills under a sky, made from a seed.

It has what a photograph has and a test card lacks: gradients, edges at every angle and texture whose
spectrum falls like that of natural pictures, so that a JPEG of it costs what a photograph costs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
Rgb = tuple[float, float, float]

_TEXTURE = 512
"""Pixels of the side of a texture; it repeats without a seam."""
_HILLS = 5


class Palette(NamedTuple):
    """The colours of one landscape, red, green, blue, 0 to 1."""

    zenith: Rgb
    horizon: Rgb
    cloud: Rgb
    sun: Rgb
    hill_far: Rgb
    hill_near: Rgb
    ground: Rgb


PALETTES = (
    Palette(  # a clear day
        (0.16, 0.40, 0.74),
        (0.74, 0.86, 0.94),
        (0.97, 0.97, 0.97),
        (1.00, 0.97, 0.86),
        (0.52, 0.64, 0.75),
        (0.17, 0.33, 0.24),
        (0.42, 0.52, 0.20),
    ),
    Palette(  # an evening
        (0.25, 0.17, 0.40),
        (0.98, 0.62, 0.36),
        (0.93, 0.50, 0.45),
        (1.00, 0.85, 0.55),
        (0.66, 0.42, 0.47),
        (0.22, 0.13, 0.22),
        (0.47, 0.27, 0.17),
    ),
    Palette(  # a winter morning
        (0.45, 0.58, 0.68),
        (0.93, 0.91, 0.86),
        (0.99, 0.98, 0.96),
        (1.00, 0.96, 0.88),
        (0.70, 0.76, 0.81),
        (0.27, 0.36, 0.42),
        (0.80, 0.83, 0.86),
    ),
    Palette(  # a desert
        (0.22, 0.50, 0.62),
        (0.95, 0.87, 0.72),
        (0.98, 0.94, 0.88),
        (1.00, 0.95, 0.80),
        (0.78, 0.62, 0.54),
        (0.52, 0.27, 0.17),
        (0.82, 0.62, 0.36),
    ),
)


class _Layer(NamedTuple):
    """Everything below one ridge, hiding what is behind."""

    ridge: Field
    """Row of its upper edge, one value a column."""
    colour: Field
    mist: Field
    """The colour that it takes on downwards, from its ridge on."""
    haze: tuple[float, float]
    """Rows in which it does so, and how far it goes, 0 to 1."""
    texture: Field
    strength: float
    shift: int

    def draw(self, image: Field, top: int) -> None:
        """Draw the layer over rows of the image that begin at ``top``."""
        height, width = image.shape[:2]
        depth = np.arange(top, top + height, dtype=np.float32)[:, None] - self.ridge
        if depth[-1].max() <= 0:
            return
        light = 1 + np.float32(self.strength) * _tiled(self.texture, top, height, width, self.shift)
        shaded = self.colour * light[..., None]
        haze = (depth / np.float32(self.haze[0])).clip(0, 1) * np.float32(self.haze[1])
        shaded += (self.mist - shaded) * haze[..., None]
        # One pixel of blending keeps the ridge from looking cut with scissors.
        image += (shaded - image) * depth.clip(0, 1)[..., None]


class Landscape:
    """A landscape of one size in pixels, drawn some rows at a time to need little memory."""

    def __init__(self, width: int, height: int, palette: Palette, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._size = (width, height)
        self._palette = palette
        fine, self._clouds = _texture(random, 1.0), _texture(random, 1.7)
        self._sun = np.float32(random.uniform(0.3, 0.8))
        self._layers = self._hills(random, 0.8 * _relief(self._clouds, 5) + 0.2 * _relief(fine, 1))
        self._layers.append(self._meadow(random, _relief(fine, 2)))

    def rows(self, top: int, bottom: int) -> Field:
        """Return rows x width x 3, RGB, float32, 0 to 1; equal for equal arguments."""
        image = self._sky(top, bottom)
        for layer in self._layers:
            layer.draw(image, top)
        return image.clip(0, 1, out=image)

    def _hills(self, random: np.random.Generator, rock: Field) -> list[_Layer]:
        width, height = self._size
        near = _colour(self._palette.hill_near)
        layers = []
        for index in range(_HILLS):
            share = np.float32(index / (_HILLS - 1))
            ridge = height * (0.40 + 0.38 * share) + height * (0.10 - 0.06 * share) * _profile(random, width)
            if index == _HILLS - 1:
                ridge -= _trees(random, width, height * 0.09)
            colour = _mixed(_colour(self._palette.hill_far), near, share)
            mist = _mixed(_colour(self._palette.horizon), near, share)
            strength = 0.06 + 0.12 * float(share)
            layers.append(_Layer(ridge, colour, mist, (height * 0.15, 0.6), rock, strength, index * 97))
        return layers

    def _meadow(self, random: np.random.Generator, blades: Field) -> _Layer:
        width, height = self._size
        ridge = height * np.float32(0.86) + height * np.float32(0.012) * _profile(random, width)
        colour = _colour(self._palette.ground)
        return _Layer(ridge, colour, colour * np.float32(0.65), (height * 0.14, 1.0), blades, 0.09, 0)

    def _sky(self, top: int, bottom: int) -> Field:
        width, height = self._size
        zenith, horizon, cloud, sun = (_colour(colour) for colour in self._palette[:4])
        down = (np.arange(top, bottom, dtype=np.float32)[:, None] * np.float32(1.4 / height)).clip(0, 1)
        across = np.linspace(0, 1, width, dtype=np.float32)
        sky = np.repeat(_mixed(zenith, horizon, down[..., None]), width, axis=1)
        clouds = _stretched(self._clouds, top, bottom - top, width) * np.float32(0.55) + np.float32(0.1)
        sky += (cloud - sky) * (clouds.clip(0, 1) * (1 - down * np.float32(0.9)))[..., None]
        distance = np.hypot(across - self._sun, (down - np.float32(0.3)) * np.float32(height / 1.4 / width))
        glow = _gauss(distance, 0.035, 4) * np.float32(0.9) + _gauss(distance, 0.16, 1) * np.float32(0.5)
        sky += (sun - sky) * glow.clip(0, 1)[..., None]
        return sky


def _texture(random: np.random.Generator, slope: float) -> Field:
    """Return a square texture of mean 0 and deviation 1 whose amplitudes fall as frequency ** -slope."""
    spectrum = np.fft.rfft2(random.standard_normal((_TEXTURE, _TEXTURE)))
    vertical = np.fft.fftfreq(_TEXTURE)[:, None]
    horizontal = np.fft.rfftfreq(_TEXTURE)[None, :]
    frequency = np.hypot(vertical, horizontal)
    frequency[0, 0] = np.inf
    texture: Field = np.fft.irfft2(spectrum * frequency**-slope, (_TEXTURE, _TEXTURE)).astype(np.float32)
    texture /= texture.std()
    return texture


def _relief(texture: Field, distance: int) -> Field:
    """Return a texture as if it were high and low and lit from the upper left, deviation 1."""
    relief: Field = texture - np.roll(texture, (distance, distance), (0, 1))
    relief /= relief.std()
    return relief


def _tiled(texture: Field, top: int, height: int, width: int, shift: int = 0) -> Field:
    """Return rows of a texture that is repeated without end."""
    rows = (np.arange(top, top + height) + shift) % _TEXTURE
    columns = (np.arange(width) + 3 * shift) % _TEXTURE
    return texture[rows[:, None], columns]


def _stretched(texture: Field, top: int, height: int, width: int) -> Field:
    """Return rows of a texture made so large that a wide picture does not show it again and again."""
    scale = max(1.0, width / 800)
    (row, below), (column, beside) = (
        np.divmod(np.arange(start, start + count, dtype=np.float32) / np.float32(scale), 1)
        for start, count in ((top, height), (0, width))
    )
    near = [column.astype(np.intp) % _TEXTURE, (column.astype(np.intp) + 1) % _TEXTURE]
    upper, lower = (
        line[:, near[0]] * (1 - beside) + line[:, near[1]] * beside
        for line in (texture[(row.astype(np.intp) + step) % _TEXTURE] for step in (0, 1))
    )
    blended: Field = upper + (lower - upper) * below[:, None]
    return blended


def _profile(random: np.random.Generator, width: int) -> Field:
    """Return a mountain outline, one value a column, mean 0, deviation 1."""
    length = 2048
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.arange(len(spectrum), dtype=np.float64)
    frequency[:2] = np.inf
    line = np.fft.irfft(spectrum * frequency**-1.6, length)
    # The outline is as wide as the picture at any size.
    columns = np.linspace(0, length * 0.5, width)
    outline: Field = np.interp(columns, np.arange(length), line / line.std()).astype(np.float32)
    return outline


def _colour(colour: Rgb) -> Field:
    return np.array(colour, np.float32)


def _mixed(one: Field, other: Field, share: Field | np.float32) -> Field:
    return one + (other - one) * share


def _gauss(distance: Field, width: float, power: int) -> Field:
    fall: Field = np.exp(-((distance / np.float32(width)) ** power))
    return fall


def _trees(random: np.random.Generator, width: int, size: float) -> Field:
    """Return the height of a forest over its ridge, one value a column: many small firs."""
    columns = np.arange(width, dtype=np.float32)
    forest = np.zeros(width, np.float32)
    for place in random.uniform(0, width, width // 7 + 1):
        height = size * random.uniform(0.25, 1.0)
        distance = np.abs(columns - place)
        jagged = height - distance * 3.2 + np.float32(0.18) * height * ((distance % 3) < 1)
        np.maximum(forest, jagged * (distance * 3.2 < height), out=forest)
    return forest
