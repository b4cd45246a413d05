"""Webcams and other V4L2 devices, through PyAV: the JPEGs of the camera as they are.

PyAV brings FFmpeg's V4L2 reader, which gives each buffer of the driver as a packet, decodes nothing, and
knows the raw formats of cameras without MJPEG. linuxpy could do the first half, under the GPL.
"""

from __future__ import annotations

import errno
import re
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import CaptureError
from .base import Clock
from .device import DeviceCamera, capture_time, load, place
from .devices import Device
from .encode import JpegEncoder, Pixels
from .feed import Shot

_LISTING = Path("/sys/class/video4linux")
_PLANES = {"420": "yuvj420p", "422": "yuvj422p"}


class V4l2Device(NamedTuple):
    """A device that the kernel knows."""

    path: str
    """For example /dev/video0."""
    card: str
    """What it calls itself."""


def list_devices(listing: Path = _LISTING) -> list[V4l2Device]:
    """Return the first video device of each piece of hardware, USB cameras in front."""
    found = []
    for entry in listing.glob("video*"):
        number = re.fullmatch(r"video(\d+)", entry.name)
        # Behind the first one stand those for metadata, which give no pictures.
        if number and _read(entry / "index", "0") == "0":
            webcam = "/usb" in str(entry.resolve())
            found.append((not webcam, int(number[1]), _read(entry / "name", "without a name")))
    return [V4l2Device(f"/dev/video{number}", card) for _, number, card in sorted(found)]


def devices() -> list[Device]:
    """Return the devices that are there, for lists."""
    return [Device("v4l2", index, found.path, found.card) for index, found in enumerate(list_devices())]


def _read(path: Path, default: str) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return default


class V4l2Camera(DeviceCamera):
    """A V4L2 device: its JPEGs pass as they are; where it has none, raw pictures are encoded.

    ``device`` is a path or the number of a /dev/video; None for the nth that ``list_devices`` names.
    """

    def connect(self) -> _Feed:
        """Open the device for MJPEG, else for what it has."""
        path = self.label = device_path(self.device, self.name)
        opener = self._opener or _open
        width, height, rate = self._asked
        options = {"video_size": f"{width}x{height}", "framerate": f"{rate:g}"}
        try:
            container = opener(path, {"input_format": "mjpeg", **options})
        except (OSError, ValueError) as error:
            # What FFmpeg says of a camera without this format.
            if getattr(error, "errno", None) != errno.EINVAL:
                raise
            container = opener(path, options)
        try:
            return _Feed(container, self._clock)
        except BaseException:
            container.close()
            raise


def device_path(device: str | None, name: str, listing: Path = _LISTING) -> str:
    """Return the path for ``device``, which may be an index; None is the nth for the nth camera.

    Raises ``CaptureError`` when there are not so many.
    """
    if device is not None:
        return f"/dev/video{device}" if device.isdecimal() else device
    found = list_devices(listing)
    if place(name) >= len(found):
        there = ", ".join(f"{path} ({card})" for path, card in found) or "no device"
        raise CaptureError(f"source v4l2: found {there}; connect a camera for {name}, or name its device")
    return found[place(name)].path


def is_present(device: str | None, name: str) -> bool:
    """Return whether the device of a camera is there."""
    try:
        return Path(device_path(device, name)).exists()
    except CaptureError:
        return False


def _open(path: str, options: dict[str, str]) -> Any:
    av = load("av", "v4l2", "PyAV", "record")
    return av.open(path, format="v4l2", options=options)


class _Feed:
    is_file = False

    def __init__(self, container: Any, clock: Clock) -> None:
        self._container = container
        self._clock = clock
        stream = container.streams.video[0]
        codec = stream.codec_context
        if codec.name not in ("mjpeg", "rawvideo"):
            raise CaptureError(f"{container.name}: found {codec.name} video, expected MJPEG or raw pictures")
        self.raw = codec.name == "rawvideo"
        self.width, self.height = int(codec.width), int(codec.height)
        self.fps = float(stream.average_rate or 0)
        self._packets = container.demux(stream)
        self._decode = codec.decode

    def take(self) -> Shot:
        """Wait for the next buffer of the driver; raises ``EOFError`` behind the last."""
        packet = next(self._packets, None)
        if packet is None or (packet.pts is None and not packet.size):
            raise EOFError
        stamp = None if packet.pts is None else float(packet.pts * packet.time_base)
        captured_at = capture_time(stamp, self._clock())
        # A copy: the driver's memory goes away with the device. It is empty where the driver found damage.
        data = bytes(packet)
        if not self.raw or not data:
            return Shot(data, captured_at)
        (frame,) = self._decode(type(packet)(data))
        return Shot(partial(_encode, frame), captured_at)

    def close(self) -> None:
        """Give the device back."""
        self._container.close()


def _encode(frame: Any, encoder: JpegEncoder) -> bytes:
    """Encode a raw picture; the planes of a JPEG are full range, those of cameras are not."""
    return encoder.encode_planes(*map(_plane, frame.reformat(format=_PLANES[encoder.subsampling]).planes))


def _plane(plane: Any) -> Pixels:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
