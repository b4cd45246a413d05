"""Restart markers without an encoder that knows them.

A restart interval starts byte-aligned with its DC predictors at 0 (T.81 section F.1.1.5.1), so MCUs that
are encoded alone, side by side, make exactly the bytes of that interval. All rows of MCUs laid behind each
other are one long row; tiles cut from it, joined with RSTn between them behind one header with a DRI
segment, are the picture with restart markers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..jpeg import walk_segments

LARGEST_TILE = 4000
"""MCUs; a JPEG is at most 65 500 pixels wide for some encoders."""

_SOF0 = 0xC0
_Plane = npt.NDArray[np.uint8]


def lay_rows(plane: _Plane, height: int, width: int) -> _Plane:
    """Return the rows of MCUs of a plane, height x width (x channels), as one row of them.

    ``height`` and ``width`` are an MCU's, in samples of the plane; edges are repeated to whole MCUs, as an
    encoder does.
    """
    spare = [(0, -plane.shape[0] % height), (0, -plane.shape[1] % width), (0, 0)][: plane.ndim]
    if any(amount for _, amount in spare):
        plane = np.pad(plane, spare, mode="edge")
    rows = plane.reshape(-1, height, *plane.shape[1:])
    return np.concatenate(list(rows), axis=1)


def encode_tiles(
    encode: Callable[[int, int], bytes], width: int, height: int, mcu: tuple[int, int], interval: int
) -> bytes:
    """Return the JPEG with a restart marker every ``interval`` MCUs, 4000 at most.

    ``encode`` gives the JPEG of the MCUs from one up to, without, another of the long row. ``mcu`` is the
    width and height of an MCU in pixels.
    """
    interval = min(interval, LARGEST_TILE)
    count = -(-width // mcu[0]) * -(-height // mcu[1])
    first = encode(0, min(interval, count))
    header = _header(first, width, height, interval)
    # DRI is 6 bytes that the tiles do not have; their headers differ in the size alone.
    scan = len(header) - 6
    parts: list[bytes | memoryview] = [header, memoryview(first)[scan:-2]]
    for index, start in enumerate(range(interval, count, interval)):
        jpeg = encode(start, min(start + interval, count))
        parts += (bytes((0xFF, 0xD0 + index % 8)), memoryview(jpeg)[scan:-2])
    return b"".join((*parts, b"\xff\xd9"))


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
