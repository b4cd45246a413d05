"""From frames to pictures: decodes the newest frame of a stream, and measures how old it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..capture.slot import Slot
from ..errors import RtpJpegError
from ..frame import Frame
from .decode import Image, NoDecoderError
from .latency import Latency

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame that has been decoded."""

    frame: Frame
    image: Image | None
    """Height x width x 3, BGR, uint8, never written to again; None where no decoder is installed."""
    decoded_at: float
    """Monotonic seconds."""


class Pictures:
    """The newest picture of one stream.

    ``show`` decodes a frame at once. ``start`` does it in a thread, with the newest frame only:
    frames that come while one is decoded take each other's place. ``tell`` is called at each picture;
    where it is not ``measured``, nobody asks how old it is.
    """

    def __init__(self, label: str, tell: Callable[[], object], measured: bool = True) -> None:
        self.label = label
        self.latency = Latency()
        self.frames_shown = 0
        self.frames_undecodable = 0
        self.newest: Picture | None = None
        self.interval = 0.0
        """Seconds between pictures: the shorter of the last two intervals, so that a silence is none."""
        self._interval_before = 0.0
        self.waiting: Slot[Frame] = Slot()
        self._tell = tell
        self._measured = measured
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._run, name=f"{label} pictures", daemon=True)

    @property
    def image(self) -> Image | None:
        """The pixels of the newest picture."""
        return self.newest.image if self.newest else None

    @property
    def shown_at(self) -> float | None:
        """Monotonic seconds of the newest picture."""
        return self.newest.decoded_at if self.newest else None

    def note_shown(self, picture: Picture, now: float) -> None:
        """Count how long a picture waited until it was on the screen, at ``now``, monotonic seconds."""
        if self._measured:
            self.latency.shown(picture.decoded_at, now)

    def start(self) -> None:
        """Begin to take frames out of ``waiting``."""
        self._thread.start()

    def finish(self, timeout: float | None = None) -> None:
        """Show what still waits, then end."""
        self.waiting.close()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (frame := self.waiting.get()) is not None or not self.waiting.closed:
            if frame is not None:
                self.show(frame)

    def show(self, frame: Frame) -> None:
        """Decode a frame and make it the newest picture; a frame that cannot be decoded is counted."""
        began = time.monotonic()
        try:
            image: Image | None = frame.image
        except NoDecoderError as error:
            self._tell_once(str(error))
            image = None  # Handed on all the same: the statistics do not need the pixels.
        except RtpJpegError as error:
            self.frames_undecodable += 1
            self._tell_once(str(error))
            return
        self._publish(frame, image, began)

    def _publish(self, frame: Frame, image: Image | None, began: float) -> None:
        if image is not None and self._measured:
            self.latency.measure(frame, image, began, time.monotonic(), time.time)
            if self.latency.clock_difference is not None:
                self._tell_once("its clock and ours differ, so its latency is not known")
        now, before = time.monotonic(), self.shown_at
        if before is not None:
            self.interval = min(self._interval_before or now - before, now - before)
            self._interval_before = now - before
        self.newest = Picture(frame, image, now)
        self.frames_shown += 1
        self._tell()

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._told and len(self._told) < 16:
            self._told.add(sentence)
            _log.warning("%s: %s", self.label, sentence)

    def statistics(self) -> dict[str, Any]:
        """Return the counters under the names that ``rtpjpeg-view --json`` prints."""
        return {
            "frames_shown": self.frames_shown,
            "frames_undecodable": self.frames_undecodable,
            **self.latency.statistics(),
        }
