"""Whether a stream lives: what is shown of it, and one line in the log when it is lost or back."""

from __future__ import annotations

import logging
from typing import NamedTuple

from .pictures import Pictures
from .stream import Stream

WAITING, LIVE, NO_SIGNAL, ENDED = "waiting", "live", "no signal", "ended"
SILENCE = 1.0
"""Seconds without a picture after which there is no signal; longer where pictures are rare."""
RARE = 2.5
"""Intervals between pictures that are no silence yet: a camera may send one every two seconds."""

_log = logging.getLogger(__name__)


class State(NamedTuple):
    """What a stream is doing."""

    word: str
    """One of the four words above, as ``rtpjpeg-view --json`` prints it."""
    text: str
    """The same for people; longer where there is more to say."""


class Watch:
    """Judges one stream; main thread only. ``silences`` is False where nothing is played at its pace."""

    def __init__(self, stream: Stream, pictures: Pictures, silences: bool = True) -> None:
        self._stream = stream
        self._pictures = pictures
        self._silences = silences
        self._lost_at: float | None = None
        """When the last picture before the silence came."""

    def state(self, now: float) -> State:
        """Return what the stream does at ``now``, monotonic seconds."""
        stream, shown_at = self._stream, self._pictures.shown_at
        if stream.fault:
            return State(ENDED, f"ended: {stream.fault}")
        if stream.over or stream.finished:
            return State(ENDED, ENDED)
        if shown_at is None:
            return State(WAITING, f"waiting for a stream on {stream.label}")
        silent = now - shown_at
        if self._silences and silent >= max(SILENCE, RARE * self._pictures.interval):
            return State(NO_SIGNAL, f"no signal for {duration_text(silent)}")
        return State(LIVE, LIVE)

    def tell(self, now: float) -> None:
        """Log once that the stream is lost, and once that it is back."""
        word, shown_at = self.state(now).word, self._pictures.shown_at
        if word == NO_SIGNAL and self._lost_at is None and shown_at is not None:
            self._lost_at = shown_at
            _log.warning("%s: no signal: no picture for %.1f s", self._stream.label, now - shown_at)
        elif word == LIVE and self._lost_at is not None and shown_at is not None:
            silent, self._lost_at = shown_at - self._lost_at, None
            _log.warning("%s: the signal is back after %s", self._stream.label, duration_text(silent))


def duration_text(seconds: float) -> str:
    """Return a duration in the largest unit that says it well, rounded down."""
    if seconds < 120:
        return f"{int(seconds)} s"
    if seconds < 7200:
        return f"{int(seconds / 60)} min"
    return f"{int(seconds / 3600)} h"
