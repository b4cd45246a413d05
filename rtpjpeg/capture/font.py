"""A small font for clock and name: 5x7 dots a letter, drawn at any size with smooth edges."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.float32]
_Dots = npt.NDArray[np.bool_]

COLUMNS, ROWS = 6, 7
"""Dots of a character cell; the last column is the space between letters."""

# Seven rows a letter, two hexadecimal digits each; bit 4 is the leftmost dot.
_LETTERS = {
    " ": "00000000000000",
    "!": "04040404040004",
    "#": "0a0a1f0a1f0a0a",
    "%": "18190204081303",
    "(": "02040808080402",
    ")": "08040202020408",
    "*": "00150e1f0e1500",
    "+": "0004041f040400",
    ",": "00000000060408",
    "-": "0000001f000000",
    ".": "00000000000606",
    "/": "01010204081010",
    ":": "00060600060600",
    "=": "00001f001f0000",
    "?": "0e110102040004",
    "@": "0e11171517100e",
    "[": "0e08080808080e",
    "]": "0e02020202020e",
    "_": "0000000000001f",
    "0": "0e11131519110e",
    "1": "040c040404040e",
    "2": "0e11010204081f",
    "3": "1f02040201110e",
    "4": "02060a121f0202",
    "5": "1f101e0101110e",
    "6": "0608101e11110e",
    "7": "1f010204040404",
    "8": "0e11110e11110e",
    "9": "0e11110f01020c",
    "A": "0e11111f111111",
    "B": "1e11111e11111e",
    "C": "0e11101010110e",
    "D": "1c12111111121c",
    "E": "1f10101e10101f",
    "F": "1f10101e101010",
    "G": "0e11101713110e",
    "H": "1111111f111111",
    "I": "0e04040404040e",
    "J": "0702020202120c",
    "K": "11121418141211",
    "L": "1010101010101f",
    "M": "111b1515111111",
    "N": "11111915131111",
    "O": "0e11111111110e",
    "P": "1e11111e101010",
    "Q": "0e11111115120d",
    "R": "1e11111e141211",
    "S": "0f10100e01011e",
    "T": "1f040404040404",
    "U": "1111111111110e",
    "V": "11111111110a04",
    "W": "1111111515150a",
    "X": "11110a040a1111",
    "Y": "1111110a040404",
    "Z": "1f01020408101f",
}
_FIRST, _LAST = " ", "_"


class Font:
    """Letters of one size, as light on dark luma.

    ``width`` and ``height`` are pixels of a cell, the space between letters included. Small letters
    are drawn as capitals, characters the font lacks as question marks.
    """

    def __init__(self, width: int, height: int, dark: int = 16, light: int = 240) -> None:
        self.width = width
        self.height = height
        cover = _weights(height, ROWS) @ _large_letters() @ _weights(width, COLUMNS).T
        self._letters: Grey = np.rint(dark + cover * (light - dark)).astype(np.uint8)

    def render(self, text: str) -> Grey:
        """Return one line of text, height x (width x letters), uint8."""
        codes = np.frombuffer(text.upper().encode("ascii", "replace"), np.uint8).astype(np.intp) - ord(_FIRST)
        codes[(codes < 0) | (codes >= len(self._letters))] = ord("?") - ord(_FIRST)
        return self._letters[codes].transpose(1, 0, 2).reshape(self.height, -1)


@cache
def _large_letters() -> npt.NDArray[np.float32]:
    """Return all letters at 8 times their size, corners rounded: letters x 56 x 48, 0 or 1."""
    letters = []
    for code in range(ord(_FIRST), ord(_LAST) + 1):
        dots = _dots(_LETTERS.get(chr(code), _LETTERS["?"]))
        for _ in range(3):
            dots = _doubled(dots)
        letters.append(dots)
    return np.array(letters, np.float32)


def _dots(rows: str) -> _Dots:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(rows), np.uint8)[:, None], axis=1)[:, 3:]
    return np.pad(bits, ((0, 0), (0, 1))).astype(np.bool_)


def _doubled(dots: _Dots) -> _Dots:
    """Double a picture of dots, filling the inside of its diagonal steps.

    A quarter of a dot takes the colour of its two nearest neighbours where these agree and the other
    two do not.
    """
    padded = np.pad(dots, 1)
    up, down = padded[:-2, 1:-1], padded[2:, 1:-1]
    left, right = padded[1:-1, :-2], padded[1:-1, 2:]
    large = dots.repeat(2, axis=0).repeat(2, axis=1)
    corner = (up != down) & (left != right)
    for row, vertical in ((0, up), (1, down)):
        for column, horizontal in ((0, left), (1, right)):
            large[row::2, column::2] = np.where(corner & (vertical == horizontal), vertical, dots)
    return large


def _weights(size: int, dots: int) -> Weights:
    """Return the share that each of ``dots`` * 8 source rows has in each of ``size`` rows."""
    source = dots * 8
    edges = np.arange(size + 1) * (source / size)
    position = np.arange(source)
    overlap = np.minimum(edges[1:, None], position + 1) - np.maximum(edges[:-1, None], position)
    weights: Weights = (np.clip(overlap, 0, None) * (size / source)).astype(np.float32)
    return weights
