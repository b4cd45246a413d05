"""What ``rtpjpeg.open`` returns: the frames of one source or several, as they come."""

from __future__ import annotations

import time
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ...frame import Frame
from ..opening import Opener
from ..source import Source
from .engine import Engine, open_all
from .intake import Intake

Item = TypeVar("Item")


class OpenStream(ABC, Generic[Item]):
    """Sources that run in threads of their own until ``close``, or until this object is forgotten."""

    def __init__(self, opener: Opener) -> None:
        self._intake: Intake[Item] = Intake()
        self._engine = Engine(opener)

    def _open(self, sources: Sequence[Source]) -> None:
        open_all(self._engine, sources, self._add)
        self._watch(_forget)

    @abstractmethod
    def _add(self, source: Source) -> None:
        """Add a source to the engine, with a lane of its own."""

    @property
    def sources(self) -> list[str]:
        """What ``frame.source`` of its frames may say: the sources as they were written. A capture file is
        there with each of its flows, once their first packets were read."""
        return [channel.stream.label for channel in self._engine.channels]

    @property
    def closed(self) -> bool:
        """True after ``close``."""
        return self._intake.closed

    @property
    def over(self) -> bool:
        """True when nothing more can be read: after ``close``, and at the end of files."""
        return self._intake.over

    def close(self) -> None:
        """Close the sockets and end the threads; a program that waits is let go. May be called again."""
        self._finalizer.detach()
        self._intake.close()
        self._engine.stop()

    def may_be_forgotten(self) -> None:
        """Let nothing be said when this object is forgotten without ``close``; it ends all the same."""
        self._finalizer.detach()
        self._watch(_let_go)

    def _watch(self, forget: Callable[[Engine, Intake[Any]], None]) -> None:
        self._finalizer = weakref.finalize(self, forget, self._engine, self._intake)
        self._finalizer.atexit = False  # The threads end with the process.

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FrameStream(OpenStream[Frame], Iterator[Frame]):
    """Frames of live sources and capture files.

    Of a camera the newest frame wins: one that has waited for 10 ms is let go when a newer one is there, so
    a fast program gets every frame, and a slow one never an old one. A file is read as fast as its frames
    are taken, and none is left out. Several sources take turns.
    """

    def __init__(self, opener: Opener, sources: Sequence[Source]) -> None:
        super().__init__(opener)
        self.is_live = all(source.capture is None for source in sources)
        """False when there is a capture file among the sources."""
        self.description = sources[0].description
        """What an SDP file says of the first source."""
        self._open(sources)

    def _add(self, source: Source) -> None:
        lane = self._intake.lane(live=source.capture is None)
        self._engine.add(source, lane.put, lane.end)

    def read(self, timeout: float | None = None) -> Frame | None:
        """Return the next frame; None after ``timeout`` seconds, at the end of files, and after ``close``.

        Raises ``TransportError`` when a socket fails, ``CaptureError`` when a file does; the other sources
        can be read on.
        """
        frame = self._intake.get(timeout)
        if frame is not None:
            self._engine.channel_of(frame.source).decoder.frames_shown += 1
        return frame

    def __next__(self) -> Frame:
        frame = self.read()
        if frame is None:
            raise StopIteration
        return frame

    def statistics(self) -> list[dict[str, Any]]:
        """Return the counters of each stream, under the names that ``rtpjpeg-view --json`` prints."""
        return self._engine.statistics()

    def frame_rate(self, source: str) -> float | None:
        """Return the frames a second of one of ``sources`` by its RTP timestamps; None while not known."""
        interval = self._engine.channel_of(source).spacing.interval
        return 1 / interval if interval else None


def _let_go(engine: Engine, intake: Intake[Any]) -> None:
    """End everything without waiting: the garbage collector may call from any thread, also from ours."""
    intake.close()
    engine.let_go()


def _forget(engine: Engine, intake: Intake[Any]) -> None:
    """End what nobody can close any more."""
    names = ", ".join(channel.stream.label for channel in engine.channels)
    _let_go(engine, intake)
    warnings.warn(f"{names}: the stream was not closed", ResourceWarning, stacklevel=2)


def seconds_left(end: float | None) -> float | None:
    """Return how long it is until ``end`` of the monotonic clock; None without an end."""
    return None if end is None else max(0.0, end - time.monotonic())
