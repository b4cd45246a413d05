"""Pixels of a stream before they are asked for, once a program has shown that it wants them.

A program that takes JPEG files pays nothing. One that has asked a frame for its ``image`` finds the newest
frames decoded from then on: a thread does that while the program is busy with the frame before.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from ...capture.slot import Slot
from ...errors import RtpJpegError
from ...frame import Frame
from .. import motion
from ..decode import Image
from ..latency import Latency
from ..painter import Painter


class AheadDecoder:
    """The decoder of one stream's frames.

    ``live`` frames are decoded ahead, the newest one first; those of a file only when they are asked for,
    so that each is drawn upon the one before.
    """

    def __init__(self, label: str, live: bool) -> None:
        self.latency = Latency()
        self.frames_shown = 0
        """Frames that the program was handed."""
        self.frames_undecodable = 0
        self._painter = Painter()
        self._waiting: Slot[Frame] = Slot()
        self._live = live
        self._started = False
        self._state = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"{label} pictures", daemon=True)

    def __call__(self, frame: Frame) -> Image:
        """Return the pixels, height x width x 3, BGR, uint8; raises what ``decode`` raises."""
        self._begin()
        began = time.monotonic()
        try:
            image = self._painter(frame)
        except RtpJpegError:
            self.frames_undecodable += 1
            raise
        if self._live and frame.captured_at is not None:
            self.latency.measure(frame, image, began, time.monotonic(), time.time)
        return image

    def offer(self, frame: Frame) -> None:
        """Decode a frame soon, if pictures are wanted and no newer one comes first."""
        if self._started:
            self._waiting.put(frame)

    def close(self) -> None:
        """Ask the thread to end; never waits. Frames can still be decoded."""
        self._waiting.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended, if it was started."""
        if self._started:
            self._thread.join(timeout)

    def _begin(self) -> None:
        """Start the thread when the program asks for its first picture."""
        if self._started or not self._live:
            return
        with self._state:
            if not self._started and not self._waiting.closed:
                self._thread.start()
                self._started = True

    def _run(self) -> None:
        motion.load()
        while not self._waiting.closed:
            frame = self._waiting.get()
            if frame is not None and not self._waiting.closed:
                self._decode(frame)

    def _decode(self, frame: Frame) -> None:
        try:
            frame.image  # noqa: B018  The frame keeps it.
        except RtpJpegError:
            pass  # Whoever asks for it is told.

    def statistics(self) -> dict[str, Any]:
        """Return the counters under the names that ``rtpjpeg-view --json`` prints."""
        return {
            "frames_shown": self.frames_shown,
            "frames_undecodable": self.frames_undecodable,
            **self.latency.statistics(),
        }
