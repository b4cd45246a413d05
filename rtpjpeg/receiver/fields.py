"""Fields of interlaced video, made into whole pictures (RFC 2435 section 4.1).

A field has every other line of a picture and is a JPEG of its own, so the picture that is shown is twice
as high as the frame. A camera that is not interlaced never comes here.
"""

from __future__ import annotations

import numpy as np

from ..frame import Frame
from ..rtp import CLOCK_RATE
from ..serial import timestamp_difference
from .decode import Image

WHOLE, ODD, EVEN, SINGLE = range(4)
"""What the type-specific field says: a whole picture, one of two fields, a field that stands for both."""
LONGEST = CLOCK_RATE // 25
"""Timestamp units between two fields of one picture, at most: those of 12.5 pictures a second. The even
field of the next picture is three field times behind, which is more at 25 pictures a second and above."""


class Fields:
    """The fields of one stream, in the order in which they came."""

    def __init__(self) -> None:
        self._odd: tuple[Frame, Image] | None = None
        """The newest frame, where it is an odd field."""

    def show(self, frame: Frame, image: Image) -> Image:
        """Return the picture that is shown for a frame whose pixels are ``image``.

        It is ``image`` itself unless the frame is a field; then it is twice as high.
        """
        odd, self._odd = self._odd, None
        if frame.type_specific == WHOLE:
            return image
        if frame.type_specific == ODD:
            self._odd = frame, image
        if frame.type_specific == EVEN and odd is not None and _are_one(odd[0], frame):
            if odd[1].shape == image.shape:
                return _weave(image, odd[1])
        return _weave(image, image)


def _are_one(odd: Frame, even: Frame) -> bool:
    """Return whether an even field is the one that follows an odd field, of the same picture."""
    apart = timestamp_difference(even.timestamp, odd.timestamp)
    return even.number == odd.number + 1 and 0 <= apart <= LONGEST


def _weave(even: Image, odd: Image) -> Image:
    """Return the lines of both by turns. A line of the even field stands just above that of the odd one."""
    height, width, depth = even.shape
    return np.stack((even, odd), axis=1).reshape(2 * height, width, depth)
