"""Cameras and sockets that do what a test wants."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from rtpjpeg import CaptureError, Frame, PacketTrain
from rtpjpeg.capture.base import Camera
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.nosignal import NoSignal
from rtpjpeg.config import CameraConfig, load


@cache
def picture(seed: int = 1, width: int = 320, height: int = 240) -> bytes:
    """Return a JPEG of some kilobytes."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return JpegEncoder(80).encode_bgr(coarse.repeat(8, axis=0).repeat(8, axis=1))


@cache
def progressive() -> bytes:
    """Return a JPEG that RFC 2435 cannot carry."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "JPEG", progressive=True)
    return buffer.getvalue()


class ListedCamera(Camera):
    """Gives the pictures of a list; an exception in it is raised."""

    def __init__(self, items: Iterable[bytes | Exception]) -> None:
        super().__init__("camera1", 320, 240, 30.0)
        self._items: Iterator[bytes | Exception] = iter(items)
        self._before: Callable[[int], object] = lambda number: None
        self.reads = 0
        self.closed = 0

    def open(self) -> None:
        pass

    def read(self, timeout: float = 1.0) -> Frame | None:
        self._before(self.reads)
        self.reads += 1
        item = next(self._items, None)
        if callable(item):
            item = item()
        if isinstance(item, Exception):
            raise item
        return None if item is None else Frame(item, 320, 240, captured_at=self.reads / 30)

    def close(self) -> None:
        self.closed += 1

    def before_each(self, action: Callable[[int], object]) -> None:
        """Call an action with the number of the picture in front of each read."""
        self._before = action


def configured(**keys: Any) -> CameraConfig:
    """Return the configuration of camera1, synthetic, with some keys of its own or of [mjpeg-rtp]."""
    shared = {f"mjpeg-rtp.{key}": keys.pop(key) for key in ("no_signal", "pacing") if key in keys}
    own = {f"camera1.{key}": value for key, value in keys.items()}
    off = {"mjpeg-rtp.camera2.enabled": False}
    return load(None, {}, {"camera1.source": "synthetic", **own, **shared, **off}).cameras[0]


class ListedSource:
    """Opens one camera after another; an exception among them is raised, and at their end one too."""

    is_file = False

    def __init__(self, *cameras: Camera | Exception, **config: Any) -> None:
        self.config = configured(**config)
        self._cameras = iter(cameras)
        self.opened = 0
        self.present: Callable[[], bool | None] = lambda: None

    def open(self) -> Camera:
        self.opened += 1
        item = next(self._cameras, CaptureError("there is no camera"))
        if isinstance(item, Exception):
            raise item
        return item

    def is_present(self) -> bool | None:
        return self.present()

    def no_signal(self) -> NoSignal:
        return NoSignal("camera1", 320, 240, 80, None)


class FileCamera(ListedCamera):
    """A file source."""

    live = False


class LiveCamera(ListedCamera):
    """A live camera."""


class ListedSender:
    """Takes trains instead of a socket."""

    destination = "192.0.2.9:5000"
    departure = SimpleNamespace(interface=None, home="")

    def __init__(self) -> None:
        self.trains: list[list[bytes]] = []
        self.path_mtu: int | None = None
        self.notices: list[str] = []
        self.send_errors = 0
        self.came = threading.Event()
        self.gate: Callable[[], object] = lambda: None
        self.closed = 0

    def send(self, train: PacketTrain) -> int:
        self.trains.append(list(train))
        self.came.set()
        self.gate()
        return len(train)

    @property
    def packets_sent(self) -> int:
        return sum(map(len, self.trains))

    @property
    def bytes_sent(self) -> int:
        return sum(len(packet) for train in self.trains for packet in train)

    def close(self) -> None:
        self.closed += 1

    @property
    def packets(self) -> list[bytes]:
        return [packet for train in self.trains for packet in train]


def received(packets: Iterable[bytes]) -> list[Any]:
    """Return the frames that a receiver makes of packets."""
    from rtpjpeg import depacketize

    return list(depacketize(packets))
