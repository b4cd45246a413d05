"""Writing a picture as a PNG file: with OpenCV where it is installed, else with zlib alone."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from .decode import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2


def write_png(path: str | Path, image: Image) -> None:
    """Write an image, height x width x 3, BGR, uint8. Raises ``OSError`` when the file cannot be written."""
    Path(path).write_bytes(_with_opencv(image) or _with_zlib(image))


def _with_opencv(image: Image) -> bytes | None:
    try:
        import cv2
    except ImportError:
        return None
    done, data = cv2.imencode(".png", image)
    return data.tobytes() if done else None


def _with_zlib(image: Image) -> bytes:
    """Return the file: a header, the rows unfiltered and deflated, an end (PNG, W3C, sections 11.2.2 ff.)."""
    height, width, _ = image.shape
    rows = np.zeros((height, 1 + width * 3), np.uint8)  # The first byte of a row names its filter, 0 is none.
    rows[:, 1:] = image[:, :, ::-1].reshape(height, width * 3)
    header = struct.pack(">IIBBBBB", width, height, 8, _TRUE_COLOUR, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
