"""A stand-in for ``cv2.VideoCapture``: a program written for it needs another constructor and nothing else.

OpenCV itself is not needed. What OpenCV answers with False and a line of its log is answered so here too.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import CaptureError, ConfigError, RtpJpegError
from ...frame import Frame
from ..api import open as open_stream
from ..decode import Image, NoDecoderError, can_decode, decode
from ..gate import Gate, more_text
from ..source import EXPECTED
from .framestream import FrameStream, seconds_left
from .position import Position
from .properties import SECONDS, TIMEOUTS, Property, constant

TIMEOUT = 5.0
"""Seconds without a frame after which ``read`` gives up."""
MOST_AHEAD = 16
"""Frames of a file that are read ahead to learn its frame rate."""

_log = logging.getLogger(__name__)


class VideoCapture:
    """Frames of a source of ``rtpjpeg.open``, with the methods and the answers of ``cv2.VideoCapture``.

    ``apiPreference`` is taken and means nothing. ``params`` are property ids, each followed by its value;
    those of the two time-outs can be set.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | None = None,
        apiPreference: int = 0,
        params: Sequence[int] | None = None,
    ) -> None:
        self._stream: FrameStream | None = None
        self._raises = False
        self._timeouts: dict[int, float] = dict.fromkeys(TIMEOUTS, TIMEOUT)
        self._gate = Gate()
        self._forget_frames()
        if source is not None:
            self.open(source, apiPreference, params)

    def _forget_frames(self) -> None:
        self._source: str | None = None
        """The stream that is read, where the source holds several: the first that gave a frame."""
        self._read_ahead: deque[Frame] = deque()
        self._grabbed: Frame | None = None
        self._handed_out = False
        """Whether the image of the grabbed frame has been given away, and may have been drawn on."""
        self._position = Position()

    def open(
        self,
        source: str | os.PathLike[str],
        apiPreference: int = 0,
        params: Sequence[int] | None = None,
    ) -> bool:
        """Open a source in place of the one before; False, and a line in the log, when that fails."""
        self.release()
        try:
            self._set_all(params or ())
            if isinstance(source, int):
                raise ConfigError(f"source: found camera {source}, expected {EXPECTED}")
            can_decode()  # Loads the decoder, which would make the first picture late.
            self._stream = open_stream(source)
        except RtpJpegError as error:
            return self._fail(error)
        self._stream.may_be_forgotten()  # Programs for OpenCV seldom call ``release``.
        return True

    def _set_all(self, params: Sequence[int]) -> None:
        wrong = [
            id_ for id_, value in zip(params[::2], params[1::2], strict=False) if not self.set(id_, value)
        ]
        if wrong or len(params) % 2:
            found = f"property {wrong[0]}" if wrong else f"{len(params)} numbers"
            raise ConfigError(
                f"params: found {found}, expected pairs of a property that can be set and a value"
            )

    def _fail(self, error: RtpJpegError) -> bool:
        """Raise the error where the program wants that, else log it and return False."""
        if self._raises:
            raise error
        _log.warning("%s", error)
        return False

    def isOpened(self) -> bool:
        """Return whether a source is open."""
        return self._stream is not None

    def release(self) -> None:
        """Close the source."""
        stream, self._stream = self._stream, None
        self._forget_frames()
        if stream is not None:
            stream.close()

    def grab(self) -> bool:
        """Take the newest frame, of a file the next one; False after 5 s without one."""
        self._grabbed, self._handed_out = None, False
        try:
            self._grabbed = self._next(self._stream) if self._stream is not None else None
        except RtpJpegError as error:
            return self._fail(error)
        if self._grabbed is None:
            return self._give_up()
        self._position.advance(self._grabbed)
        return True

    def _next(self, stream: FrameStream) -> Frame | None:
        """Return the frame to grab next; one that was read ahead only where there is none newer."""
        end = time.monotonic() + self._timeouts[Property.READ_TIMEOUT_MSEC]
        if not self._read_ahead:
            return self._read_next(stream, end)
        ahead = self._read_ahead.popleft()
        if stream.is_live:
            self._read_ahead.clear()
            return self._read_next(stream, 0.0) or ahead
        return ahead

    def _read_next(self, stream: FrameStream, end: float) -> Frame | None:
        """Return the next frame of the one stream; None when there is none until ``end``."""
        while (frame := stream.read(seconds_left(end))) is not None:
            self._source = self._source or frame.source
            if frame.source == self._source:
                return frame
        return None

    def _give_up(self) -> bool:
        """Return False; only where the program wants errors, the end of a file is one."""
        if not self._raises:
            return False
        if self._stream is None:
            raise CaptureError("no source is open")
        waited = self._timeouts[Property.READ_TIMEOUT_MSEC]
        reason = "nothing more comes" if self._stream.over else f"no frame came for {waited:g} s"
        raise CaptureError(f"{', '.join(self._stream.sources)}: {reason}")

    def retrieve(self, image: Image | None = None, flag: int = 0) -> tuple[bool, Image | None]:
        """Return True and the pixels of the grabbed frame, height x width x 3, BGR, uint8; or False and None.

        The image belongs to the program. With ``image`` of the right shape the pixels are written there.
        """
        frame = self._grabbed
        if frame is None:
            return False, None
        try:
            return True, self._pixels(frame, image)
        except RtpJpegError as error:
            return self._fail(error), None

    def _pixels(self, frame: Frame, image: Image | None) -> Image:
        # The program may have drawn on what it was given.
        found: Image = decode(frame.jpeg) if self._handed_out else frame.image
        if isinstance(image, np.ndarray) and image.shape == found.shape and image.dtype == found.dtype:
            np.copyto(image, found)
            return image
        self._handed_out = True
        return found

    def read(self, image: Image | None = None) -> tuple[bool, Image | None]:
        """Grab the next frame that can be decoded, and return what ``retrieve`` does."""
        end = time.monotonic() + self._timeouts[Property.READ_TIMEOUT_MSEC]
        while self.grab() and (frame := self._grabbed) is not None:  # Another thread may release it.
            try:
                return True, self._pixels(frame, image)
            except NoDecoderError as error:
                return self._fail(error), None
            except RtpJpegError as error:
                self._complain(frame, error)
                if time.monotonic() >= end:
                    break
        return False, None

    def _complain(self, frame: Frame, error: RtpJpegError) -> None:
        """Log that a frame is left out, once a second."""
        count = self._gate.passes("", time.monotonic())
        if count:
            _log.warning("%s: a frame is left out: %s%s", frame.source, error, more_text(count))

    def get(self, propId: int) -> float:
        """Return a property, cv2.CAP_PROP_...; 0.0 for one that is not known.

        Size and frame rate wait for the first frames, the open time-out at most, where no SDP file says
        them.
        """
        if propId in TIMEOUTS:
            return round(self._timeouts[propId] * 1000, 3)
        if self._stream is None:
            return 0.0
        if propId == Property.POS_MSEC:
            return self._position.milliseconds
        if propId == Property.POS_FRAMES:
            return float(self._position.frames)
        if propId in (Property.FRAME_WIDTH, Property.FRAME_HEIGHT):
            return float(self._size(self._stream)[propId == Property.FRAME_HEIGHT])
        return self._rate(self._stream) if propId == Property.FPS else constant(propId) or 0.0

    def _size(self, stream: FrameStream) -> tuple[int, int]:
        """Return width and height, as the newest frame has them, the first one, or the SDP file."""
        said = stream.description
        if self._grabbed is None and said is not None and said.width and said.height:
            return said.width, said.height
        frame = self._grabbed or next(self._look_ahead(stream), None)
        return (frame.width, frame.height) if frame is not None else (0, 0)

    def _rate(self, stream: FrameStream) -> float:
        """Return frames a second, measured, or as the SDP file says."""
        said = stream.description
        if said is not None and said.framerate:
            return said.framerate
        if self._measured(stream) is None:
            for _ in self._look_ahead(stream):
                if self._measured(stream) is not None:
                    break
        return round(self._measured(stream) or 0.0, 3)

    def _measured(self, stream: FrameStream) -> float | None:
        return stream.frame_rate(self._source) if self._source is not None else None

    def _look_ahead(self, stream: FrameStream) -> Iterator[Frame]:
        """Yield frames that were read ahead, and then some that come; ``grab`` will find them."""
        yield from tuple(self._read_ahead)
        end = time.monotonic() + self._timeouts[Property.OPEN_TIMEOUT_MSEC]
        try:
            while len(self._read_ahead) < MOST_AHEAD and (frame := self._read_next(stream, end)) is not None:
                if stream.is_live:
                    self._read_ahead.clear()
                self._read_ahead.append(frame)
                yield frame
        except RtpJpegError as error:
            self._fail(error)

    def set(self, propId: int, value: float) -> bool:
        """Set a time-out, in milliseconds; False for all else, unless it has this value anyway."""
        if propId in TIMEOUTS and 0 < value < float("inf"):
            self._timeouts[propId] = value / SECONDS
            return True
        return constant(propId) == value

    def getBackendName(self) -> str:
        """Return what reads the source."""
        return "RTPJPEG"

    def setExceptionMode(self, enable: bool) -> None:
        """Let what fails raise ``RtpJpegError`` instead of returning False."""
        self._raises = bool(enable)

    def getExceptionMode(self) -> bool:
        """Return whether what fails raises."""
        return self._raises
