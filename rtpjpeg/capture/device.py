"""What cameras behind a device have in common: the newest picture wins, and each fault is one sentence."""

from __future__ import annotations

import errno
import importlib
import os
import re
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from ..errors import CaptureError, UnsupportedJpegError
from ..frame import Frame
from ..jpeg import LARGEST_SIDE, read_size
from .base import Camera, Clock, Sleep
from .feed import Feed, Reader, Shot
from .intervals import PacketRoom
from .jpegfiles import jpeg_end
from .pictures import PLAIN, Picture, has_restart_interval
from .transcode import Encoders, Transcoder, fitted_size

OPEN_SECONDS = 10.0
"""How long a device may take to open; the slowest webcams need three seconds."""
CLOSE_SECONDS = 0.5
"""How long closing waits for the thread, which ends with its next picture."""
_EOI = b"\xff\xd9"
_FRESH = 10.0
_GONE = "no camera is there: plug it in again, look at its cable, or name another device"
_SENTENCES = {
    errno.ENOENT: "there is no such device",
    errno.ENOTTY: "it is no camera",
    errno.EBUSY: "another program uses it: end that first",
    errno.EACCES: "it may not be opened: add your user to the group video",
    errno.EPERM: "it may not be opened: add your user to the group video",
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.EIO: _GONE,
}


class DeviceCamera(Camera):
    """A camera that is read by a thread of its own; the newest picture wins, unless it is a file.

    ``device`` is a path or an index, None for the nth of camera n. ``fps`` None or 0 is 30. ``quality`` and
    those that follow are for raw pictures, as ``JpegEncoder`` has them; JPEGs pass as they are, but with
    ``transcode`` those that cannot be sent in this ``profile`` are encoded again. ``opener`` stands in for
    the library that opens the device.
    """

    def __init__(
        self,
        name: str = "camera1",
        width: int = 640,
        height: int = 480,
        fps: float | None = None,
        *,
        device: str | None = None,
        quality: int = 85,
        subsampling: str = "420",
        restart_interval: int = 0,
        packet_room: PacketRoom | None = None,
        transcode: bool = False,
        profile: str = "resilient",
        clock: Clock = time.monotonic,
        sleep: Sleep = time.sleep,
        opener: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(name, width, height, fps or 30.0)
        self.device = device
        self.label = f"device {device}" if device else f"the device of {name}"
        """The device in the words of a fault."""
        self.frames_broken = 0
        """Pictures that the device lost or cut off."""
        self._transcodes = transcode
        self._asked = (width, height, self.fps)
        self._subsampling = subsampling
        self._wants_markers = packet_room is not None
        self._encoders = Encoders(quality, restart_interval, packet_room, self.notices)
        self._transcoder = Transcoder(self._encoders.get, profile, self.notices.append, clock)
        self._clock = clock
        self._sleep = sleep
        self._opener = opener
        self._reader: Reader | None = None

    @abstractmethod
    def connect(self) -> Feed:
        """Open the device; called in its thread. Raises ``CaptureError`` or what its library raises."""

    def open(self) -> None:
        """Open the device and wait until it is ready, 10 s at most; the size is then the device's own."""
        if self._reader is not None:
            return
        reader = Reader(self.name, self.connect)
        try:
            feed = reader.start(OPEN_SECONDS)
            if feed.raw:
                self._prepare(feed)
        except Exception as error:
            reader.stop()
            raise self._told(error) from error
        self._reader = reader
        self._take_over(feed)

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Return the newest picture that was not read yet, waiting for it.

        None is the end of a file. Raises ``CaptureError`` after ``timeout`` seconds without a whole
        picture, and when the device is gone; ``close`` and ``open`` begin anew.
        """
        self.open()
        assert self._reader is not None
        # Two intervals of a slow camera are no silence.
        patience, broken = timeout and max(timeout, 2 / self.fps), self.frames_broken
        frame = self._wait(self._reader, self._clock() + patience)
        if frame is not None:
            return frame
        if self._reader.fault is not None:
            raise self._told(self._reader.fault) from self._reader.fault
        if self._reader.slot.closed:
            return None
        found = "only broken pictures" if self.frames_broken > broken else "no picture"
        raise CaptureError(f"{self.label}: {found} for {patience:g} s; look at its cable and its power")

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) of what is encoded from the next frame on; False when nothing is."""
        return self._encoders.set_quality(quality)

    def close(self) -> None:
        """Give the device back; a thread that its device holds up is left behind."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()
            reader.join(CLOSE_SECONDS)

    def _prepare(self, feed: Feed) -> None:
        self._encoders.get(self._subsampling)
        if max(feed.width, feed.height) > LARGEST_SIDE:
            size = f"{feed.width}x{feed.height}"
            raise CaptureError(f"{self.label}: found {size} pixels, expected at most {LARGEST_SIDE} a side")

    def _take_over(self, feed: Feed) -> None:
        found = (feed.width, feed.height, feed.fps or self._asked[2])
        if found != self._asked:
            told = (f"{width}x{height} at {rate:g} a second" for width, height, rate in (self._asked, found))
            self.notices.append("{} asked for, the camera gives {}".format(*told))
        if feed.raw:
            self.notices.append("the camera gives no JPEGs: its pictures are encoded here")
        self.width, self.height = found[:2]
        if self._transcodes:
            self.width, self.height = fitted_size(self.width, self.height)
        self.fps = found[2]
        self.live = not feed.is_file
        self.frame_number = -1

    def _wait(self, reader: Reader, end: float) -> Frame | None:
        """Return the next picture that is whole; None when it does not come in time or at all."""
        reader.ask()
        while (taken := reader.slot.get(max(0.0, end - self._clock()))) is not None:
            picture = self._picture(taken.shot)
            if picture is not None:
                self._say_of_first(picture)
                self.frame_number = taken.number
                return Frame(picture.jpeg, picture.width, picture.height, captured_at=taken.shot.captured_at)
            self._count_broken()
            reader.ask()
        return None

    def _picture(self, shot: Shot) -> Picture | None:
        if isinstance(shot.picture, bytes):
            found = whole(shot.picture)
        else:
            jpeg = shot.picture(self._encoders.get(self._subsampling))
            found = Picture(jpeg, *read_size(jpeg))
        return self._transcoder.carried(found) if found is not None and self._transcodes else found

    def _say_of_first(self, picture: Picture) -> None:
        if self.frame_number >= 0 or not self._wants_markers or self._encoders.made:
            return
        if not has_restart_interval(picture.jpeg):
            self.notices.append(PLAIN)

    def _count_broken(self) -> None:
        self.frames_broken += 1
        if self.frames_broken == 1:
            self.notices.append("a picture came broken and is left out; more are counted in silence")

    def _told(self, error: Exception) -> CaptureError:
        if isinstance(error, CaptureError):
            return error
        return CaptureError(f"{self.label}: {_sentence(error)}")


def whole(data: bytes) -> Picture | None:
    """Return the JPEG that ``data`` begins with, without what follows its end; None for one cut short."""
    end = jpeg_end(data)
    if end is None or data[end - 2 : end] != _EOI:
        return None
    try:
        return Picture(data[:end], *read_size(data))
    except UnsupportedJpegError:
        return None


def capture_time(stamp: float | None, now: float) -> float:
    """Return the device's time stamp where it is of the monotonic clock, not long ago; else ``now``."""
    return stamp if stamp is not None and now - _FRESH < stamp <= now else now


def place(name: str) -> int:
    """Return which of several devices a camera means: camera1 the first, 0, camera2 the second, 1."""
    number = re.search(r"\d+", name)
    return max(0, int(number.group()) - 1) if number else 0


def load(module: str, source: str, library: str, extra: str) -> Any:
    """Return a module; raises ``CaptureError`` that names the extra which brings it."""
    try:
        return importlib.import_module(module)
    except (ImportError, ValueError) as error:  # one built for another numpy raises ValueError
        advice = f"run pip install 'rtpjpeg[{extra}]'"
        raise CaptureError(f"source {source} needs {library} ({error}): {advice}") from error


def _sentence(error: Exception) -> str:
    if isinstance(error, EOFError):
        return _GONE
    if isinstance(error, TimeoutError) and not error.errno:
        return f"it does not answer; it was asked for a picture for {OPEN_SECONDS:g} s"
    number = getattr(error, "errno", None)
    known = os.strerror(number) if isinstance(number, int) else f"{type(error).__name__}: {error}"
    return f"{_SENTENCES[number]} ({known})" if number in _SENTENCES else " ".join(known.split())
