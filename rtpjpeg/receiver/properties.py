"""The numbers of OpenCV's properties, cv2.CAP_PROP_..., and those that are the same for every stream."""

from __future__ import annotations

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
CV_8UC3 = 16
CONSTANTS: dict[int, float] = {
    Property.FOURCC: float(int.from_bytes(b"MJPG", "little")),
    Property.FORMAT: float(CV_8UC3),
    Property.CONVERT_RGB: 1.0,
    Property.BUFFERSIZE: 1.0,
}
"""There is no count of frames that are still to come: FRAME_COUNT is 0, as for any id that is not here."""
