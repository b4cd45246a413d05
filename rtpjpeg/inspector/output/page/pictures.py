"""Frames as pictures inside the page: small ones as they came, large ones smaller, for display only."""

from __future__ import annotations

import base64

import numpy as np

from ....capture.encode import JpegEncoder
from ....errors import RtpJpegError
from ....jpeg import read_size
from ....receiver.decode import LARGEST_SIDE, Image, decode
from .. import words

WIDTH = 640
"""Pixels that a picture is made smaller to, at most."""
QUALITY = 70
ROOM = 900_000
"""Bytes for all pictures of a page together."""
MOST = 150_000
"""Bytes for one."""


class NotShownError(RtpJpegError):
    """A picture that cannot stand in the page; the message says why."""


def room_for(pictures: int) -> int:
    """Return how many bytes each of so many pictures may have."""
    return min(MOST, ROOM // max(pictures, 1))


def data_uri(jpeg: bytes, room: int) -> str:
    """Return a picture of at most ``room`` bytes as a ``data:`` URI. Raises ``NotShownError``."""
    try:
        width, height = read_size(jpeg)
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise NotShownError(f"not shown: {width}x{height} pixels")
        shown = jpeg if len(jpeg) <= room else _smaller(jpeg, room)
    except NotShownError:
        raise
    except RtpJpegError as error:
        raise NotShownError(f"not shown: {error}") from None
    return f"data:image/jpeg;base64,{base64.b64encode(shown).decode('ascii')}"


def _smaller(jpeg: bytes, room: int) -> bytes:
    """Return the picture with fewer pixels until it fits."""
    image, encoder = decode(jpeg), JpegEncoder(QUALITY)
    factor = max(-(-image.shape[1] // WIDTH), 1)
    while factor <= max(image.shape[:2]):
        small = encoder.encode_bgr(shrink(image, factor))
        if len(small) <= room:
            return small
        factor *= 2
    raise NotShownError(f"not shown: {words.bytes_text(len(jpeg))}")


def shrink(image: Image, factor: int) -> Image:
    """Return an image of 1/factor the width and height: means of squares, the rest at the edges cut off."""
    high, wide = (min(factor, side) for side in image.shape[:2])
    rows, columns = image.shape[0] // high, image.shape[1] // wide
    squares = image[: rows * high, : columns * wide].reshape(rows, high, columns, wide, 3)
    return np.asarray(squares.mean((1, 3)), np.uint8)
