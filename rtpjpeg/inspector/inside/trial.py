"""Decoding a picture to see whether it decodes; nobody looks at the pixels.

libjpeg reads every code of the scan, and warns of what does not fit, also where it makes only one grey pixel
of each block: that takes half the time of a whole picture.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

NO_DECODER = "pictures were not decoded: install rtpjpeg[inspect] (simplejpeg)"

_EIGHTH = {
    "colorspace": "GRAY",
    "fastdct": True,
    "fastupsample": True,
    "min_height": 1,
    "min_width": 1,
    "min_factor": 8,
}
_GREY = 128
"""What libjpeg makes of blocks without data."""


def can_try() -> bool:
    """Return whether the decoder that warns is installed."""
    return _decoder() is not None


def decoding_fault(jpeg: bytes) -> str:
    """Return what libjpeg says of a JPEG file that is not in order, or nothing.

    The caller sees to it that the picture is not too large, and that ``can_try``.
    """
    decode = _decoder()
    try:
        if decode is not None:
            decode(jpeg, strict=True, **_EIGHTH)
    except ValueError as error:
        return str(error)
    return ""


def decoded_rows(jpeg: bytes) -> int | None:
    """Return how many rows of a cut JPEG file are there to their last column, in steps of 8 pixels.

    None when it is no picture.
    """
    decode = _decoder()
    try:
        pixels = None if decode is None else decode(jpeg, strict=False, **_EIGHTH)
    except ValueError:
        return None
    if pixels is None:
        return None
    filled = (pixels[:, -1, 0] != _GREY).nonzero()[0]
    return 8 * (int(filled[-1]) + 1) if filled.size else 0


@cache
def _decoder() -> Callable[..., Any] | None:
    try:
        import simplejpeg
    except ImportError:
        return None
    decode: Callable[..., Any] = simplejpeg.decode_jpeg
    return decode
