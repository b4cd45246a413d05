"""Pictures from files, at their own pace or a given one, every one of them.

A file does not run away, so this source waits for its reader and drops nothing. What a file is, is
seen from its first bytes; its name only tells one photograph from a file of many.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ..errors import CaptureError, ConfigError, RtpJpegError
from ..frame import Frame
from .avi import open_avi
from .base import Camera, Clock, Sleep
from .encode import JpegEncoder
from .intervals import PacketRoom
from .jpegfiles import SUFFIXES, open_folder, open_jpeg, open_mjpeg
from .pictures import PLAIN, Picture, Pictures, fault, has_restart_interval
from .transcode import Encoders, Transcoder
from .y4m import MAGIC, open_y4m

_T = TypeVar("_T")
DEFAULT_FPS = 30.0
_LATE = 1.0
"""Seconds behind its time at which a reader is no longer made to hurry."""
_PCAP = tuple(map(bytes.fromhex, ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a")))
_KINDS = "a folder of JPEGs or a JPEG, MJPEG, AVI, Y4M or pcap file"


class ReplayCamera(Camera):
    """Plays a folder of JPEGs, a JPEG, MJPEG, AVI (MJPG), Y4M or pcap file, in the reader's thread.

    ``fps`` None is the file's own rate (30 where it has none), 0 as fast as it goes. ``quality`` and
    those that follow are for raw video, as ``JpegEncoder`` has them; JPEGs pass as they are, but with
    ``transcode`` those that cannot be sent in this ``profile`` are encoded again. With ``loop`` it does not
    end.
    """

    live = False

    def __init__(
        self,
        path: str,
        name: str = "camera1",
        fps: float | None = None,
        *,
        quality: int = 85,
        restart_interval: int = 0,
        packet_room: PacketRoom | None = None,
        transcode: bool = False,
        profile: str = "resilient",
        loop: bool = False,
        clock: Clock = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        if fps is not None and fps < 0:
            raise ConfigError(f"fps: found {fps}, expected 0 (as fast as it goes) or more")
        super().__init__(name, 0, 0, DEFAULT_FPS if fps is None else fps)
        self.path = Path(path).expanduser()
        self._own_rate = fps is None
        self._packet_room = packet_room
        self._loop = loop
        self._clock = clock
        self._sleep = sleep
        self._transcodes = transcode
        self._encoders = Encoders(quality, restart_interval, packet_room, self.notices)
        self._transcoder = Transcoder(self._encoders.get, profile, self.notices.append, clock)
        self._pictures: Pictures | None = None
        self._stream: Iterator[Picture] = iter(())
        self._first: Picture | None = None
        self._timeline = _Timeline(DEFAULT_FPS)
        self._said: set[str] = set()

    def open(self) -> None:
        """Look into the file and read its first picture, which tells the size."""
        if self._pictures is not None:
            return
        pictures = _told(self.path, lambda: find_pictures(self.path, self._encoders.get))
        self._stream = pictures.frames()
        self._first = self._next()
        if self._first is None:
            raise fault(self.path, "no picture", "at least one", "name another file")
        self.width, self.height = self._first.width, self._first.height
        self._set_pace(pictures.fps or DEFAULT_FPS)
        self._pictures = pictures
        self._take_notices(pictures)
        if self._packet_room and not self._encoders.made and not has_restart_interval(self._first.jpeg):
            self.notices.append(f"{self.path}: {PLAIN}")

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Return the next picture when its time has come, or None at the end of the file."""
        self.open()
        picture = self._next() or self._next_after_end()
        if picture is None:
            return None
        self.frame_number += 1
        now = self._clock()
        captured_at = self._timeline.place(picture.seconds, now, paced=self.fps > 0)
        if self.fps and captured_at > now:
            self._sleep(captured_at - now)
        return Frame(picture.jpeg, picture.width, picture.height, captured_at=captured_at)

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) of what is encoded from the next frame on; False when nothing is."""
        return self._encoders.set_quality(quality)

    def close(self) -> None:
        """Let go of the file; ``open`` begins at its first picture again."""
        self._pictures = self._first = None
        self._stream = iter(())

    def _set_pace(self, own: float) -> None:
        if self._own_rate:
            self.fps = own
        # As fast as it goes, the pictures still carry the times of the file's own rate.
        self._timeline = _Timeline(self.fps or own, heeds_file=self._own_rate or not self.fps)
        self.frame_number = -1

    def _next_after_end(self) -> Picture | None:
        """Return the first picture again where a loop is asked for."""
        assert self._pictures is not None
        self._take_notices(self._pictures)
        if not self._loop:
            return None
        self._timeline.repeat()
        self._stream = self._pictures.frames()
        return self._next()

    def _take_notices(self, pictures: Pictures) -> None:
        self.notices += [notice for notice in pictures.notices if notice not in self._said]
        self._said.update(pictures.notices)

    def _next(self) -> Picture | None:
        first, self._first = self._first, None
        return first or _told(self.path, self._take)

    def _take(self) -> Picture | None:
        picture = next(self._stream, None)
        return self._transcoder.carried(picture) if picture is not None and self._transcodes else picture


class _Timeline:
    """Where on the monotonic clock the pictures of a file stand."""

    def __init__(self, fps: float, heeds_file: bool = True) -> None:
        self._interval = 1 / fps
        self._heeds_file = heeds_file
        self._start: float | None = None
        self._offset = 0.0
        self._latest = -self._interval

    def place(self, seconds: float | None, now: float, paced: bool) -> float:
        """Return when the next picture is due; ``seconds`` is what the file says, None if nothing."""
        if self._start is None:
            self._start = now
        if seconds is None or not self._heeds_file:
            self._latest += self._interval
        else:
            self._latest = self._offset + seconds
        # A reader that was held up for long goes on from here rather than hurry through the file.
        if paced and now - self._start - self._latest > _LATE:
            self._start = now - self._latest
        return self._start + self._latest

    def repeat(self) -> None:
        """Put the file's beginning one interval behind its end."""
        self._offset = self._latest + self._interval


def find_pictures(path: Path, make_encoder: Callable[[str], JpegEncoder]) -> Pictures:
    """Return what can be played at a path, whatever its format.

    ``make_encoder`` is given the subsampling of raw video. Raises ``CaptureError`` or ``OSError``.
    """
    if path.is_dir():
        return open_folder(path)
    with path.open("rb") as file:
        head = file.read(16)
    suffix = path.suffix.lower()
    if head.startswith(MAGIC):
        return open_y4m(path, make_encoder)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return open_avi(path)
    if head[:4] in _PCAP:
        from .packets import open_packets  # the receiving half of the protocol, for this kind alone

        return open_packets(path)
    if head[:2] == b"\xff\xd8" or (suffix in (".mjpeg", ".mjpg") and head):
        return open_jpeg(path) if suffix in SUFFIXES else open_mjpeg(path)
    found = f"first bytes {head[:8].hex(' ').upper()}" if head else "an empty file"
    raise fault(path, found, _KINDS, "name another file")


def _told(path: Path, action: Callable[[], _T]) -> _T:
    """Do what may fail for reasons of the file, and say them in one sentence."""
    try:
        return action()
    except OSError as error:
        raise CaptureError(
            f"{path}: {error.strerror or error}; expected {_KINDS} that can be read"
        ) from error
    except CaptureError:
        raise
    except RtpJpegError as error:
        raise CaptureError(f"{path}: {error}") from error
