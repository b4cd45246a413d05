"""A stand-in for libcamera's Python module: as much of it as picamera2 uses, and cameras that a test drives.

Two cameras are there, a Pi's imx708 and imx219. A camera gives its next picture as soon as all its
requests are back, so each picture that is read brings the next one and nothing waits for a clock.
``expose`` gives more, ``stalled`` gives none, and ``now_ns`` of the manager is the time. What a picture
shows is ``scene.PATCHES``, cropped, scaled and flipped as the camera was told.
"""

from . import _libcamera, controls, properties
from ._libcamera import (
    Camera,
    CameraConfiguration,
    CameraManager,
    ColorSpace,
    ControlType,
    FrameBuffer,
    FrameMetadata,
    Orientation,
    PixelFormat,
    Rectangle,
    Request,
    SensorConfiguration,
    Size,
    StreamRole,
    Transform,
)

__all__ = [
    "Camera",
    "CameraConfiguration",
    "CameraManager",
    "ColorSpace",
    "ControlType",
    "FrameBuffer",
    "FrameMetadata",
    "Orientation",
    "PixelFormat",
    "Rectangle",
    "Request",
    "SensorConfiguration",
    "Size",
    "StreamRole",
    "Transform",
    "_libcamera",
    "controls",
    "properties",
]
