"""What every camera is: something that gives one JPEG after another, each with its capture time.

A live camera never queues. Whoever asks late gets the newest picture, and the numbers of those in
between are gone. A file source (``live`` is False) waits instead and gives every picture.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..frame import Frame

Clock = Callable[[], float]
Sleep = Callable[[float], object]


class Camera(ABC):
    """A source of JPEG pictures, read by one thread; also a context manager that opens and closes."""

    live: bool = True
    """True when pictures that nobody reads in time are lost; False for a file, which waits."""

    def __init__(self, name: str, width: int, height: int, fps: float) -> None:
        self.name = name
        self.width = width
        """Pixels; of a file source only known after ``open``."""
        self.height = height
        self.fps = fps
        """Frames a second; 0 means as fast as it goes."""
        self.frame_number = -1
        """Number of the frame that ``read`` gave last, from 0; a gap counts the frames missed."""
        self.notices: list[str] = []
        """Sentences to say once; whoever says them empties the list."""

    @abstractmethod
    def open(self) -> None:
        """Take the device or the file; nothing happens when it is open already.

        Raises ``CaptureError`` in one sentence that says what to do.
        """

    @abstractmethod
    def read(self, timeout: float = 1.0) -> Frame | None:
        """Return the next picture with ``captured_at`` in seconds of ``time.monotonic``.

        None is the end of a file source. ``timeout`` (seconds) is how long a device may stay silent.
        Raises ``CaptureError`` when nothing comes, or nothing that is a picture.
        """

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) from the next frame on; False where pictures come as JPEGs."""
        return False

    def set_fps(self, fps: float) -> bool:
        """Set the frame rate from the next frame on; False where the camera cannot while it runs."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Give the device or the file back; may be called twice."""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Metronome:
    """The beat of a live camera: frame n is due n / fps seconds after the first one."""

    def __init__(self, fps: float, clock: Clock = time.monotonic, sleep: Sleep = time.sleep) -> None:
        self.fps = fps
        self._clock = clock
        self._sleep = sleep
        self._start: float | None = None
        self._number = -1
        self.due = 0.0
        """When the frame of the last ``wait`` was due, seconds of the clock; without a rate, when it was."""

    def wait(self) -> int:
        """Sleep until the next frame is due and return its number; frames whose time is over are skipped."""
        self._number += 1
        now = self._clock()
        if self._start is None:
            self._start = now
        self.due = now
        if self.fps:
            self._number = max(self._number, int((now - self._start) * self.fps))
            self.due = self._start + self._number / self.fps
            self._sleep_until(self.due, now)
        return self._number

    def _sleep_until(self, due: float, now: float) -> None:
        if due > now:
            self._sleep(due - now)
