"""One stream and its pictures, as displays, statistics and the log see them; main thread only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .decode import Image
from .figures import Figures, LastSeconds, counts_of, share
from .pictures import Pictures
from .stream import Stream
from .watch import State, Watch
from .words import clock_text

REFRESH = 0.5
"""Seconds from one set of figures to the next: nobody reads faster."""
LATENCY_REFRESH = 1.0
"""The same for the latency, whose percentiles cost more."""
LATENCY_FRAMES = 300
"""Newest frames that the percentiles are of: ten seconds of a usual camera."""


@dataclass(frozen=True, slots=True)
class Card:
    """A stream's picture with a line about it, for a file."""

    title: str
    image: Image | None
    details: str
    alarm: str = ""
    """A short word about a fault, such as "no signal"."""


class View:
    """A stream with its pictures. Without ``silences`` it is never said to be lost."""

    def __init__(self, stream: Stream, pictures: Pictures, silences: bool = True) -> None:
        self.stream = stream
        self.pictures = pictures
        self._watch = Watch(stream, pictures, silences)
        self._last_seconds = LastSeconds()
        self._figures: Figures | None = None
        self._figures_at = self._latency_at = float("-inf")
        self._latency: tuple[dict[str, float] | None, dict[str, Any]] = (None, {})
        self._stopped_at = float("inf")

    @property
    def name(self) -> str:
        """What people call it."""
        return self.stream.source.title or self.stream.source.label

    def state(self, now: float) -> State:
        """Return what the stream does at ``now``, monotonic seconds, or did when it was stopped."""
        return self._watch.state(min(now, self._stopped_at))

    def watch(self, now: float) -> None:
        """Tell the log when the stream is lost, and when it is back."""
        self._watch.tell(now)

    def stop(self, now: float) -> None:
        """From now on nothing comes, because nobody listens any more: that is no silence."""
        self._stopped_at = min(self._stopped_at, now)

    def statistics(self) -> dict[str, Any]:
        """Return all counters under the names that ``rtpjpeg-view --json`` prints."""
        return {
            **self.stream.statistics(),
            "state": self.state(time.monotonic()).word,
            **self.pictures.statistics(),
            "clock_offset_ms": self._clock_offset(),
        }

    def _clock_offset(self) -> float | None:
        return self.pictures.latency.clock_offset_ms(self.stream.same_clock)

    def live_statistics(self, now: float) -> dict[str, Any]:
        """Return the same for a table: the state in full, and the figures of the last seconds."""
        return {**self.statistics(), "state": self.state(now).text, "recent": self.figures(now).recent}

    def figures(self, now: float) -> Figures:
        """Return what is known at ``now``, monotonic seconds, or was known shortly before."""
        if self._figures is None or now - self._figures_at >= REFRESH:
            self._figures_at = now
            self._figures = self._count(now)
        return self._figures

    def _count(self, now: float) -> Figures:
        stream, image = self.stream, self.pictures.image
        counts = counts_of(stream)
        latency, stages = self._latency_figures(now)
        return Figures(
            name=self.name,
            size=(image.shape[1], image.shape[0]) if image is not None else None,
            recent=self._last_seconds.look(counts, now),
            packets_lost=counts.lost,
            lost_share=share(counts.lost, counts.packets + counts.lost),
            concealed_share=stream.concealed_share,
            frames_dropped=stream.session.statistics.frames_dropped,
            kernel_drops=stream.kernel_drops,
            latency=latency,
            stages=stages,
            clock=clock_text(stream.same_clock, self._clock_offset()),
        )

    def _latency_figures(self, now: float) -> tuple[dict[str, float] | None, dict[str, Any]]:
        if now - self._latency_at >= LATENCY_REFRESH:
            self._latency_at = now
            latency = self.pictures.latency
            self._latency = latency.recent_ms(LATENCY_FRAMES)
        return self._latency

    def card(self, now: float) -> Card:
        """Return the newest picture with a line about it."""
        state = self.state(now)
        alarm = {"live": "", "no signal": state.text}.get(state.word, state.word)
        return Card(self.name, self.pictures.image, self._details(now), alarm)

    def _details(self, now: float) -> str:
        figures = self.figures(now)
        if figures.size is None:
            return ""
        parts = [f"{figures.size[0]}x{figures.size[1]}"]
        fps = figures.recent.fps or self.stream.fps
        parts += [f"{fps:.0f} fps"] if fps else []
        parts += [f"latency {figures.latency['p50']:.1f} ms"] if figures.latency else []
        parts += [f"{figures.packets_lost} lost"] if figures.packets_lost else []
        return "   ".join(parts)
