"""The numbers of OpenCV's properties, cv2.CAP_PROP_..., and those that are the same for every stream."""

from __future__ import annotations

import sys
from enum import IntEnum


class Property(IntEnum):
    """Property ids of videoio.hpp, those that are answered here with more than 0."""

    POS_MSEC = 0
    POS_FRAMES = 1
    FRAME_WIDTH = 3
    FRAME_HEIGHT = 4
    FPS = 5
    FOURCC = 6
    FORMAT = 8
    CONVERT_RGB = 16
    BUFFERSIZE = 38
    OPEN_TIMEOUT_MSEC = 53
    READ_TIMEOUT_MSEC = 54


SECONDS = 1000.0
"""Milliseconds of one."""
TIMEOUTS = (Property.OPEN_TIMEOUT_MSEC, Property.READ_TIMEOUT_MSEC)
CONSTANTS: dict[int, float] = {
    Property.FOURCC: float(int.from_bytes(b"MJPG", "little")),
    Property.CONVERT_RGB: 1.0,
    Property.BUFFERSIZE: 1.0,
}
"""There is no count of frames that are still to come: FRAME_COUNT is 0, as for any id that is not here."""


def constant(id_: int) -> float | None:
    """Return what a property is for every stream; None for one that is not known, or not the same for all."""
    return format_of_images() if id_ == Property.FORMAT else CONSTANTS.get(id_)


def format_of_images() -> float:
    """Return CV_8UC3 as the OpenCV says that the program has loaded: 16 up to version 4, 64 from 5 on."""
    return float(getattr(sys.modules.get("cv2"), "CV_8UC3", 16))
