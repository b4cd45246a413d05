"""Two cameras for a soak: one that is well, at ten times the usual rate, and one that fails in turn.

The one that fails has a clock that is made up, so seconds of it cost none; or the real one.
"""

from __future__ import annotations

import os
import threading
import time
from itertools import cycle

from live.commands import PATIENCE
from rtpjpeg import CaptureError, Frame, PacketTrain
from rtpjpeg.capture.device import DeviceCamera
from rtpjpeg.capture.feed import Feed, Shot
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.sender.stream import CameraStream
from sender.doubles import picture

RATE = 300.0
FAULTS = ("exception", "stall", "unplugged", "size")
STALL, AWAY, OPENING = 3.0, 7.3, 0.2
"""Seconds that the device gives nothing, is not there, and takes to open."""
SIZES = ((64, 48), (80, 64))


class Steady:
    """The camera that is well. It never runs ahead of the network, so what is lost was lost by us."""

    def __init__(self) -> None:
        self.camera = SyntheticCamera("camera1", 64, 64, RATE, clock=self._clock, sleep=self._sleep)
        self.longest = 0.0
        """Seconds from one picture to the next, by the real clock; to be printed."""
        self._beats = 0
        self._began = self._last = time.monotonic()
        self._first = True
        self._sent = threading.Semaphore(0)

    def watch(self, stream: CameraStream) -> None:
        """Be told of each picture that has left."""
        send = stream.outlets.send

        def tell(train: PacketTrain) -> None:
            send(train)
            now = time.monotonic()
            self.longest = 0.0 if self._first else max(self.longest, now - self._last)
            self._last, self._first = now, False
            self._sent.release()

        stream.outlets.send = tell  # type: ignore[method-assign]

    def _clock(self) -> float:
        return self._began + self._beats / RATE

    def _sleep(self, seconds: float) -> None:
        assert self._sent.acquire(timeout=PATIENCE), "a picture was not sent"
        self._beats += 1
        time.sleep(max(0.0, self._clock() - time.monotonic()))  # its pace


class Device:
    """The device that fails in turn, each time after so many ``pictures``."""

    def __init__(self, pictures: int, real_time: bool) -> None:
        self.real_time = real_time
        self.faults = 0
        self.recoveries: dict[str, float] = {}
        """Seconds from the moment the device was well to its next picture, the most for each fault."""
        self._pictures, self._left = pictures, pictures
        self._kinds, self._sizes = cycle(FAULTS), cycle(SIZES)
        self._size = next(self._sizes)
        self._now = 100.0
        self._fault = ""
        self._well_at = 0.0

    def clock(self) -> float:
        return time.monotonic() if self.real_time else self._now

    def sleep(self, seconds: float) -> None:
        if self.real_time:
            time.sleep(seconds)
        self._now += seconds

    def is_present(self) -> bool:
        return self._fault != "unplugged" or self.clock() >= self._well_at

    def open(self) -> FaultyCamera:
        """Return the camera, open."""
        if not self.is_present():
            raise CaptureError("it is not there")
        self.sleep(OPENING)
        camera = FaultyCamera(self)
        camera.open()
        return camera

    def connect(self) -> Feed:
        return PictureFeed(self, *self._size)

    def await_picture(self, timeout: float) -> None:
        """Let the time of a picture pass; raises what is wrong."""
        left = self._well_at - self.clock()
        if self._fault and left > 0:
            self.sleep(min(left, timeout))
            if left > timeout:
                raise CaptureError(f"no picture for {timeout:g} s")
        if self._fault:
            took = self.clock() - self._well_at
            self.recoveries[self._fault] = max(took, self.recoveries.get(self._fault, 0.0))
            self._fault = ""
        self.sleep(1 / 30)
        self._left -= 1
        if not self._left:
            self._fail(next(self._kinds))

    def _fail(self, kind: str) -> None:
        self._left = self._pictures
        self.faults += 1
        self._fault = kind
        self._well_at = self.clock() + {"stall": STALL, "unplugged": AWAY}.get(kind, 0.0)
        if kind == "size":
            self._size = next(self._sizes)
        if kind != "stall":
            raise OSError(5, "the driver broke") if kind == "exception" else CaptureError(kind)


class FaultyCamera(DeviceCamera):
    """That device, as cameras behind devices are: with a thread that reads it."""

    def __init__(self, device: Device) -> None:
        super().__init__("camera2", *SIZES[0], 30.0)
        self._device = device

    def connect(self) -> Feed:
        return self._device.connect()

    def read(self, timeout: float = 1.0) -> Frame | None:
        self._device.await_picture(timeout)
        return super().read(PATIENCE)


class PictureFeed:
    """Gives the same picture at 200 a second; has a file descriptor, as devices have."""

    raw = is_file = False
    fps = 30.0

    def __init__(self, device: Device, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._clock = time.monotonic
        self._jpeg = picture(1, width, height)
        self._fd = os.open("/dev/null", os.O_RDONLY)

    def take(self) -> Shot:
        time.sleep(0.005)  # its pace
        return Shot(self._jpeg, self._clock())

    def close(self) -> None:
        os.close(self._fd)


class MadeUpWait:
    """The event that ends a supervisor; waiting for it lets the device's time pass at once."""

    def __init__(self, stop: threading.Event, device: Device) -> None:
        self._stop = stop
        self._device = device
        self.is_set = stop.is_set

    def wait(self, timeout: float) -> bool:
        self._device.sleep(timeout)
        return self._stop.is_set()
