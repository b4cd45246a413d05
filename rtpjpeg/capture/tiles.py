"""Restart markers without an encoder that knows them.

A restart interval starts byte-aligned with its DC predictors at 0 (T.81 section F.1.1.5.1), so an area
of whole MCUs that is encoded alone holds exactly the bytes of that interval. Tiles joined with
RSTn between them, behind one header with a DRI segment, are the picture with restart markers. A
tile is part of one MCU row that divides it evenly, or a strip of whole MCU rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..jpeg import walk_segments

_SOF0 = 0xC0


class Area(NamedTuple):
    """A rectangle of the picture in pixels; right and bottom are the first beyond it."""

    left: int
    top: int
    right: int
    bottom: int


def fitting_interval(interval: int, row: int) -> int:
    """Return the restart interval nearest below ``interval`` that tiles can make.

    ``row`` is the number of MCUs in a row; the result divides it or is a multiple of it.
    """
    if interval >= row:
        return interval // row * row
    return max(size for size in range(1, interval + 1) if row % size == 0)


def encode_tiles(
    encode: Callable[[Area], bytes], width: int, height: int, mcu: tuple[int, int], interval: int
) -> bytes:
    """Return the JPEG with a restart marker every ``interval`` MCUs, or the nearest below that fits.

    ``encode`` gives the JPEG of one area. ``mcu`` is the width and height of an MCU in pixels.
    """
    interval = fitting_interval(interval, -(-width // mcu[0]))
    header = b""
    body = bytearray()
    for index, area in enumerate(_areas(width, height, mcu, interval)):
        jpeg = encode(area)
        if index == 0:
            header = _header(jpeg, width, height, interval)
            # DRI is 6 bytes that the tiles do not have; their headers differ in the size alone.
            scan = len(header) - 6
        else:
            body += bytes((0xFF, 0xD0 + (index - 1) % 8))
        body += memoryview(jpeg)[scan:-2]
    return b"".join((header, body, b"\xff\xd9"))


def _areas(width: int, height: int, mcu: tuple[int, int], interval: int) -> Iterator[Area]:
    row = -(-width // mcu[0])
    across = mcu[0] * min(interval, row)
    down = mcu[1] * max(1, interval // row)
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield Area(left, top, min(left + across, width), min(top + down, height))


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG whose SOF segment says this size, in pixels; it must have as many blocks."""
    start = next(start for code, start, _ in walk_segments(jpeg) if code == _SOF0)
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return jpeg[: start + 1] + size + jpeg[start + 5 :]


def _header(jpeg: bytes, width: int, height: int, interval: int) -> bytes:
    """Return the header of a tile, SOI to SOS, with the picture's size and a DRI segment."""
    jpeg = with_size(jpeg, width, height)
    *_, (_, start, end) = walk_segments(jpeg)
    sos = start - 4
    return jpeg[:sos] + b"\xff\xdd\x00\x04" + interval.to_bytes(2, "big") + jpeg[sos:end]
