"""From a JPEG to pixels, with a limit on the size that is checked before a decoder sees the file.

A JPEG of 629 bytes may say that it is 30 000 pixels wide, and a decoder would take gigabytes for it.
simplejpeg decodes where it is installed, else OpenCV; either is loaded at the first picture.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RtpJpegError, UnsupportedJpegError
from ..jpeg import read_size

Image = npt.NDArray[np.uint8]

LARGEST_SIDE = 4096
"""Pixels; a picture of 4096x4096, 16 Mpixel, takes 48 MiB."""


class NoDecoderError(RtpJpegError):
    """Neither simplejpeg nor OpenCV is installed."""


def decode(jpeg: bytes) -> Image:
    """Return the pixels of a JPEG file, height x width x 3, BGR, uint8.

    Raises ``UnsupportedJpegError`` when it is larger than 4096x4096 or no JPEG file, ``RtpJpegError``
    when it cannot be decoded, and its subclass ``NoDecoderError`` when no decoder is installed.
    """
    width, height = read_size(jpeg)
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        limit = f"1x1 to {LARGEST_SIDE}x{LARGEST_SIDE} pixels"
        raise UnsupportedJpegError("picture size", f"{width}x{height}", limit)
    return _decoder()(jpeg)


def can_decode() -> bool:
    """Return whether a decoder is installed."""
    try:
        _decoder()
    except NoDecoderError:
        return False
    return True


@cache
def _decoder() -> Callable[[bytes], Image]:
    for load in (_simplejpeg, _opencv):
        try:
            return load()
        except ImportError:
            continue
    raise NoDecoderError("pictures cannot be decoded: install rtpjpeg[view] (simplejpeg and OpenCV)")


def _simplejpeg() -> Callable[[bytes], Image]:
    import simplejpeg

    def decode_with_simplejpeg(jpeg: bytes) -> Image:
        try:
            # Not strict: a camera's stray byte in front of a marker is worth a warning, not the picture.
            image: Image = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=False)
        except ValueError as error:
            raise RtpJpegError(f"a picture cannot be decoded: {error}") from error
        return image

    return decode_with_simplejpeg


def _opencv() -> Callable[[bytes], Image]:
    import cv2

    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION

    def decode_with_opencv(jpeg: bytes) -> Image:
        image: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
        if image is None:
            raise RtpJpegError("a picture cannot be decoded: OpenCV finds it damaged")
        return image  # type: ignore[no-any-return]

    return decode_with_opencv
