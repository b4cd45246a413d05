"""An open device, and the thread that owns it from opening to closing.

Drivers queue pictures, and a call that waits for one cannot be called off. So a thread of its own reads the
device without a pause and keeps the newest picture. Whoever wants a picture waits for that thread as long as
he likes, and learns of a camera that has stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..errors import CaptureError
from .encode import JpegEncoder
from .slot import Slot


class Shot(NamedTuple):
    """What a device gave."""

    picture: bytes | Callable[[JpegEncoder], bytes]
    """A JPEG and what may follow it, or what encodes raw pixels; no bytes for a picture that was lost."""
    captured_at: float
    """Monotonic seconds."""


class Feed(Protocol):
    """An open device; one thread opens, reads and closes it."""

    width: int
    height: int
    fps: float
    raw: bool
    """True when pictures come as pixels, and are encoded here."""
    is_file: bool
    """True when it waits for its reader, and ends."""

    def take(self) -> Shot | None:
        """Wait for the next picture; None at the end of a file. Raises what its library raises."""

    def close(self) -> None:
        """Give the device back."""


class Taken(NamedTuple):
    """A picture and its number, from 0: those in between were not read in time."""

    number: int
    shot: Shot


class Reader:
    """The thread of one device; ``connect`` opens it there."""

    def __init__(self, name: str, connect: Callable[[], Feed]) -> None:
        self.slot: Slot[Taken] = Slot()
        """Closed when the thread has ended."""
        self.fault: Exception | None = None
        """Why the thread has ended; None at the end of a file."""
        self._connect = connect
        self._feed: Feed | None = None
        self._ready = threading.Event()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} device", daemon=True)

    def start(self, timeout: float) -> Feed:
        """Return the open device; raises what opening raised, or ``TimeoutError``."""
        self._thread.start()
        if not self._ready.wait(timeout):
            raise TimeoutError
        if self._feed is None:
            raise self.fault or CaptureError("the device closed at once")
        return self._feed

    def ask(self) -> None:
        """Say that one more picture of a file is wanted; a device gives them anyway."""
        self._wanted.set()

    def stop(self) -> None:
        """Ask the thread to end; it does with its next picture."""
        self._stopped.set()
        self._wanted.set()

    def join(self, timeout: float) -> None:
        """Wait for its end, so many seconds at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._feed = feed = self._connect()
            try:
                self._read(feed)
            finally:
                feed.close()
        except Exception as error:
            self.fault = error
        finally:
            self.slot.close()
            self._ready.set()

    def _read(self, feed: Feed) -> None:
        self._ready.set()
        number = 0
        while self._goes_on(feed) and (shot := feed.take()) is not None:
            self.slot.put(Taken(number, shot))
            number += 1

    def _goes_on(self, feed: Feed) -> bool:
        if feed.is_file:
            self._wanted.wait()
            self._wanted.clear()
        return not self._stopped.is_set()
