"""One live camera, kept running: opened, read, and opened again when it fails, for months.

A camera that fails is given time, 1, 2, 4 ... 30 seconds. Where its source can tell whether the device is
there, a device that comes back is opened within half a second. Nothing here touches another camera.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ..capture.base import Camera, Clock
from ..errors import CaptureError, RtpJpegError
from ..frame import Frame

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds from a failure to the next try; each failure in a row doubles it."""
LOOK = 0.5
"""Seconds from one look for an absent device to the next."""
SILENT_FRAMES = 3
"""Frame intervals that a camera may be silent, where that is more than a second."""

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Backoff:
    """How long to wait after a failure."""

    def __init__(self) -> None:
        self._next = FIRST_WAIT

    def failed(self) -> float:
        """Return the seconds to wait after one more failure in a row."""
        wait, self._next = self._next, min(2 * self._next, LONGEST_WAIT)
        return wait

    def worked(self) -> None:
        """Begin anew: a picture has come."""
        self._next = FIRST_WAIT


class Supervisor:
    """Reads one live camera in a thread of its own, and hands every picture to ``deliver``.

    ``make`` opens a camera, ``present`` tells whether its device is there, None where nobody knows.
    ``camera`` is one that is open already; ``stop`` ends the thread.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Camera],
        present: Callable[[], bool | None],
        deliver: Callable[[Frame, Camera], object],
        stop: threading.Event,
        camera: Camera | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = name
        self.camera = camera
        """The camera that is open; None while there is none."""
        self.restarts = 0
        """How often the camera was opened again."""
        self.failures = 0
        self.absent = False
        """True while its device is known to be away."""
        self._make = make
        self._present = present
        self._deliver = deliver
        self._stop = stop
        self._clock = clock
        self._backoff = Backoff()
        self._asked_at: float | None = None
        self._lost_at: float | None = None
        self._first_wait = 0.0

    def lost_for(self, now: float) -> float:
        """Return for how many seconds the camera has been lost; 0 while its pictures come."""
        lost_at = self._lost_at
        return 0.0 if lost_at is None else now - lost_at

    def stuck_for(self, now: float) -> float:
        """Return for how many seconds the camera has not returned from one call."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else now - asked_at

    def run(self) -> None:
        """Keep the camera running until ``stop``; the target of a thread."""
        if self._first_wait:
            _log.info("%s: tried again in %g s, and again", self.name, self._first_wait)
            self._wait(self._first_wait)
        while not self._stop.is_set():
            try:
                self._open()
                self._read_all()
            except Exception as error:  # One camera's fault, whatever it is, is its own.
                self._fail(error)
            finally:
                self._close()

    def fail(self, error: Exception) -> None:
        """Take note that the camera could not be opened before the thread began, which it may never do."""
        self._first_wait = self._backoff.failed()
        self._note(error, "")

    def _open(self) -> None:
        if self.camera is not None:
            return
        self.camera = self._ask(self._make)
        self.restarts += 1

    def _read_all(self) -> None:
        camera = self.camera
        assert camera is not None
        timeout = max(1.0, SILENT_FRAMES / camera.fps) if camera.fps else 1.0
        while not self._stop.is_set():
            frame = self._ask(lambda: camera.read(timeout))
            if frame is None:
                raise CaptureError("the camera gives no more pictures")
            self._worked()
            self._deliver(frame, camera)

    def _worked(self) -> None:
        if self._lost_at is not None:
            _log.info("%s: pictures again, after %.1f s", self.name, self._clock() - self._lost_at)
            self._lost_at = None
        self.absent = False
        self._backoff.worked()

    def _fail(self, error: Exception) -> None:
        self._close()
        if self._stop.is_set():
            return
        wait = self._backoff.failed()
        self._note(error, f"; tried again in {wait:g} s")
        self._wait(wait)

    def _note(self, error: Exception, what_next: str) -> None:
        self.failures += 1
        if self._lost_at is None:
            self._lost_at = self._clock()
        known = isinstance(error, RtpJpegError | OSError)
        said = str(error) if known else f"{type(error).__name__}: {error}"
        _log.error("%s: %s%s", self.name, " ".join(said.split()), what_next)
        _log.debug("%s", self.name, exc_info=error)

    def _wait(self, seconds: float) -> None:
        """Wait for the next try; a device that was away and is back ends the wait, as ``stop`` does."""
        end = self._clock() + seconds
        self.absent = self._is_absent()
        while (left := end - self._clock()) > 0 or self.absent:
            if self._stop.wait(LOOK if self.absent else min(LOOK, left)):
                return
            before, self.absent = self.absent, self._is_absent()
            if before and not self.absent:
                return

    def _close(self) -> None:
        camera, self.camera = self.camera, None
        if camera is not None:
            try:
                self._ask(camera.close)
            except Exception as error:
                _log.debug("%s: closing it: %s", self.name, error, exc_info=True)

    def _is_absent(self) -> bool:
        try:
            return self._ask(self._present) is False
        except Exception as error:  # A camera stack that cannot even be asked: nobody knows.
            _log.debug("%s: looking for it: %s", self.name, error, exc_info=True)
            return False

    def _ask(self, call: Callable[[], T]) -> T:
        """Call something that may not return: ``stuck_for`` tells."""
        self._asked_at = self._clock()
        try:
            return call()
        finally:
            self._asked_at = None
