"""The strip: frame number and capture time as black and white cells in the picture itself.

RTP/JPEG carries no metadata, so a receiver of any make can only tell which frame it shows, and how
old it is, by what it sees. Every cell is one 8x8 block of the JPEG grid at the top left. A flat block
is its DC coefficient alone, which even quality 1 keeps, and its colour is grey, so that subsampling
has nothing to blur.

Row by row: one white cell, one black cell, then 112 bits, most significant first and white for 1:
frame number (32), capture time in microseconds since 1970 (56), checksum (24). The rest of the last
row is black. A row has 38 cells, which fits 320 pixels; in a narrower picture it has fewer. The last
7 pixels of width and height stay free, so that a receiver that crops to whole blocks loses nothing.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import ConfigError

CELL = 8
"""Pixels of a cell, the size of a JPEG block."""
COLUMNS = 38
"""Cells in a row where the picture is wide enough."""
BLACK, WHITE = 16, 240
"""Luma, full range; a little room on both sides for what a codec adds."""

_BYTES = 4 + 7 + 3
_CELLS = 2 + 8 * _BYTES
_SPARE = CELL - 1
_CONTRAST = 48.0
_MARGIN = 0.25

Bits = npt.NDArray[np.uint8]


class StripReading(NamedTuple):
    """What a strip says."""

    frame_number: int
    """32 bits."""
    captured_at_us: int
    """Microseconds since 1970 by the sender's wall clock."""


def strip_size(width: int, height: int) -> tuple[int, int] | None:
    """Return width and height of the strip in a picture of this size, pixels; None if it has no room."""
    columns = min(COLUMNS, (width - _SPARE) // CELL)
    if columns < 2:
        return None
    rows = -(-_CELLS // columns)
    return (columns * CELL, rows * CELL) if rows * CELL + _SPARE <= height else None


def draw_strip(image: npt.NDArray[np.uint8], frame_number: int, captured_at_us: int) -> bool:
    """Draw the strip into the top left of an image, in place; False when the image has no room for it.

    ``image`` is uint8, height x width (luma, whose chroma must be 128 under the strip) or height x
    width x 3. ``frame_number`` is taken modulo 2^32, ``captured_at_us`` modulo 2^56.
    """
    size = strip_size(image.shape[1], image.shape[0])
    if size is None:
        return False
    width, height = size
    cells = np.zeros(width * height // CELL**2, np.uint8)
    cells[0] = 1
    cells[2:_CELLS] = np.unpackbits(np.frombuffer(_serialize(frame_number, captured_at_us), np.uint8))
    pixels = (cells * np.uint8(WHITE - BLACK) + np.uint8(BLACK)).reshape(height // CELL, width // CELL)
    block = pixels.repeat(CELL, axis=0).repeat(CELL, axis=1)
    image[:height, :width] = block if image.ndim == 2 else block[:, :, None]
    return True


def read_strip(image: npt.NDArray[Any]) -> StripReading | None:
    """Return what the strip at the top left says, or None when it is not there or not certain.

    ``image`` is height x width (grey) or height x width x 3 (BGR), values 0 to 255. It may be up to 7
    pixels smaller or larger than the picture that was sent, and of full or limited range.
    """
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ConfigError(f"image: found shape {image.shape}, expected height x width or height x width x 3")
    # The picture was 7 pixels wider to 7 pixels narrower than this one.
    widest = image.shape[1] // CELL
    for columns in dict.fromkeys(min(COLUMNS, widest - less) for less in range(3)):
        reading = _read(image, columns)
        if reading is not None:
            return reading
    return None


def _serialize(frame_number: int, captured_at_us: int) -> bytes:
    content = (frame_number % 2**32).to_bytes(4, "big") + (captured_at_us % 2**56).to_bytes(7, "big")
    return content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "big")[1:]


def _read(image: npt.NDArray[Any], columns: int) -> StripReading | None:
    if columns < 2:
        return None
    rows = -(-_CELLS // columns)
    if image.shape[0] < rows * CELL:
        return None
    cells = _cells(image[: rows * CELL, : columns * CELL], rows, columns)
    if cells is None or cells[_CELLS:].any():
        return None
    data = np.packbits(cells[2:_CELLS]).tobytes()
    if _checksum(data[:-3]) != data[-3:]:
        return None
    return StripReading(int.from_bytes(data[:4], "big"), int.from_bytes(data[4:-3], "big"))


def _cells(area: npt.NDArray[Any], rows: int, columns: int) -> Bits | None:
    """Return one 0 or 1 a cell, or None when a cell is neither black nor white."""
    luma = area.astype(np.float32)
    if luma.ndim == 3:
        luma = luma @ np.array([0.114, 0.587, 0.299], np.float32)
    # The outermost pixels of a cell may carry a neighbour's chroma or a filter's blur.
    inner = luma.reshape(rows, CELL, columns, CELL)[:, 1:-1, :, 1:-1]
    levels = inner.mean(axis=(1, 3)).ravel()
    white, black = float(levels[0]), float(levels[1])
    if white - black < _CONTRAST:
        return None
    levels = (levels - black) / (white - black) - 0.5
    if (np.abs(levels) < _MARGIN).any():
        return None
    cells: Bits = (levels > 0).astype(np.uint8)
    return cells
