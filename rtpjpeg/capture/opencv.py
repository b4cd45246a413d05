"""Cameras, files and network addresses, through OpenCV: whatever cv2.VideoCapture takes.

Where it can hand out the JPEGs of a camera or a stream untouched, they pass as they are. Else its pixels are
encoded, which loses a little and costs a decoder and an encoder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import CaptureError
from ..jpeg import SOI, read_size
from .base import Clock, Metronome
from .device import DeviceCamera, capture_time, load, place
from .encode import JpegEncoder, Pixels
from .feed import Shot

Source = int | str
Asked = tuple[int, int, float]
"""Width and height in pixels, frames a second."""
_SILENT = 0


class OpenCvCamera(DeviceCamera):
    """What OpenCV captures; a video file is played once, at its own pace.

    ``device`` is an index, a path or an address such as rtsp://; None for index 0 of camera1, 1 of camera2.
    """

    def connect(self) -> _Feed:
        """Open the device for JPEGs, else for pixels."""
        source = _source(self.device, self.name)
        self.label = f"OpenCV device {source}"
        cv2 = load("cv2", "opencv", "OpenCV", "view")
        for jpegs in (True, False):
            capture = (self._opener or _open)(cv2, source, jpegs, self._asked)
            image = capture.read()[1] if capture.isOpened() else None
            if image is not None and (_is_jpeg(image) or not jpegs):
                return self._feed(cv2, capture, image, source)
            capture.release()
        raise CaptureError(f"{self.label}: OpenCV gets no picture from it; see that it is there, and free")

    def _feed(self, cv2: Any, capture: Any, image: Pixels, source: Source) -> _Feed:
        if not _is_jpeg(image) and (image.ndim != 3 or image.shape[2] != 3):
            capture.release()
            raise CaptureError(f"{self.label}: found pictures of shape {image.shape}, expected BGR or JPEGs")
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        feed = _Feed(capture, image, self.label, fps, self._clock)
        feed.is_file = isinstance(source, str) and Path(source).is_file()
        if feed.is_file:
            feed.beat = Metronome(fps or self._asked[2], self._clock, self._sleep)
        elif capture.getBackendName() == "V4L2":
            feed.stamp = partial(capture.get, cv2.CAP_PROP_POS_MSEC)
        return feed


class _Feed:
    def __init__(self, capture: Any, first: Pixels, label: str, fps: float, clock: Clock) -> None:
        self.raw = not _is_jpeg(first)
        self.height, self.width = first.shape[:2] if self.raw else read_size(first.tobytes())[::-1]
        self.fps = fps
        self.is_file = False
        self.beat: Metronome | None = None
        """The pace of a file."""
        self.stamp: Any = None
        """Gives the driver's time of the last picture, monotonic milliseconds."""
        self._capture = capture
        self._first: Pixels | None = first
        self._label = label
        self._clock = clock

    def take(self) -> Shot | None:
        """Wait for the next picture; None behind the last one of a file."""
        image, self._first = self._first, None
        if image is None:
            image = self._capture.read()[1]
        if image is None and not self.is_file:
            raise CaptureError(f"{self._label}: OpenCV gets no more pictures from it; look at its cable")
        if image is None:
            return None
        if self.beat is not None:
            self.beat.wait()
        captured_at = capture_time(self.stamp() / 1000 if self.stamp else None, self._clock())
        return Shot(partial(_encode, image) if self.raw else image.tobytes(), captured_at)

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()


def is_present(device: str | None, name: str) -> bool | None:
    """Return whether the device of a camera is there; None for an address, of which nobody knows."""
    source = _source(device, name)
    if isinstance(source, int):
        return Path(f"/dev/video{source}").exists() if sys.platform == "linux" else None
    return Path(source).exists() if source.startswith("/") else None


def _encode(image: Pixels, encoder: JpegEncoder) -> bytes:
    return encoder.encode_bgr(image)


def _is_jpeg(image: Pixels) -> bool:
    """Return whether it is one row of bytes that begin as a JPEG does."""
    return image.size == max(image.shape) and image.ravel()[:2].tobytes() == SOI


def _source(device: str | None, name: str) -> Source:
    if device is None:
        return place(name)
    return int(device) if device.isdecimal() else os.path.expanduser(device)


def _open(cv2: Any, source: Source, jpegs: bool, asked: Asked) -> Any:
    """Return a cv2.VideoCapture, open or not, that hands out JPEGs if it can, or pixels."""
    with _quiet(cv2):
        if isinstance(source, int) or source.startswith("/dev/"):
            return _open_device(cv2, source, jpegs, asked)
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG if jpegs else cv2.CAP_ANY)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if jpegs:  # packets instead of pixels
            capture.set(cv2.CAP_PROP_FORMAT, -1)
        return capture


def _open_device(cv2: Any, source: Source, jpegs: bool, asked: Asked) -> Any:
    linux = sys.platform == "linux"
    capture = cv2.VideoCapture(source, cv2.CAP_V4L2 if linux else cv2.CAP_ANY)
    if linux and isinstance(source, int) and not capture.isOpened():
        capture = cv2.VideoCapture(source, cv2.CAP_ANY)
    # The format comes first: it decides which sizes and rates there are.
    width, height, fps = asked
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    capture.set(cv2.CAP_PROP_FPS, fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if jpegs:
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    return capture


@contextmanager
def _quiet(cv2: Any) -> Iterator[None]:
    """Keep OpenCV from writing to stderr: a fault is said here, in one sentence."""
    logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    before = logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        if before:
            logging.setLogLevel(before)
