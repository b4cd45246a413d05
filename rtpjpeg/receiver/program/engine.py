"""The sources behind an open stream: taken, started and ended together.

Whoever opened them may be forgotten without a word. So nothing here, and no thread that runs here, knows
that object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...errors import CaptureError, RtpJpegError, TransportError
from ...frame import Frame
from ...rtp import CLOCK_RATE
from ...serial import timestamp_difference
from ..capture_file import CapturePlayer
from ..livestream import JOIN_SECONDS, LiveStream
from ..opening import Opener, flow_of
from ..source import Source
from ..stream import Stream
from .ahead import AheadDecoder
from .spacing import Spacing

Deliver = Callable[[Frame], bool]
"""Takes a frame; returns True when somebody waits for it."""
Ended = Callable[[RtpJpegError | None], object]
"""Is told that a source is over, and with which fault."""


class Channel:
    """One stream, its pictures, and how fast its frames follow each other."""

    def __init__(self, stream: Stream, decoder: AheadDecoder) -> None:
        self.stream = stream
        self.decoder = decoder
        self.spacing = Spacing()
        """Of RTP timestamps, in seconds."""
        self._before: Frame | None = None

    def take(self, deliver: Deliver, frame: Frame) -> None:
        """Hand a frame on; where nobody waits for it, its picture may be made meanwhile."""
        before, self._before = self._before, frame
        if before is not None and before.ssrc == frame.ssrc:
            ticks = timestamp_difference(frame.timestamp, before.timestamp)
            if ticks > 0:
                self.spacing.add(ticks / CLOCK_RATE)
        if not deliver(frame):
            self.decoder.offer(frame)

    def statistics(self) -> dict[str, Any]:
        """Return all counters under the names that ``rtpjpeg-view --json`` prints."""
        offset = self.decoder.latency.clock_offset_ms(self.stream.same_clock)
        return {**self.stream.statistics(), **self.decoder.statistics(), "clock_offset_ms": offset}


class Engine:
    """Opens sources and runs them, each live one and each capture file in a thread of its own."""

    def __init__(self, opener: Opener) -> None:
        self.channels: list[Channel] = []
        self._opener = opener
        self._runners: list[LiveStream | CapturePlayer] = []

    def add(self, source: Source, deliver: Deliver, ended: Ended) -> None:
        """Take the port or the file of a source. Raises ``TransportError``."""
        if source.capture is None:
            self._add_live(source, deliver, ended)
        else:
            self._add_file(source, deliver, ended)

    def _add_live(self, source: Source, deliver: Deliver, ended: Ended) -> None:
        source, receiver = self._opener.port(source)

        def end() -> None:
            ended(TransportError(f"{stream.label}: {stream.fault}") if stream.fault else None)

        def take(frame: Frame) -> None:
            channel.take(deliver, frame)

        stream = LiveStream(source, self._opener.session(source), receiver, take, end)
        channel = self._channel(stream, live=True)
        self._runners.append(stream)

    def _add_file(self, source: Source, deliver: Deliver, ended: Ended) -> None:
        assert source.capture is not None

        def end() -> None:
            ended(CaptureError(f"{player.label}: {player.fault}") if player.fault else None)

        make, link = partial(self._make_flow, source, deliver), self._opener.link()
        player = CapturePlayer(source.capture, make, end, duration=None, paced=False, link=link)
        self._runners.append(player)

    def _make_flow(self, source: Source, deliver: Deliver, label: str) -> Stream:
        """Return the stream of one flow in a capture; called in the thread that reads it."""
        flow = flow_of(source, label)
        stream = Stream(flow, self._opener.session(flow), lambda frame: channel.take(deliver, frame), None)
        channel = self._channel(stream, live=False)
        return stream

    def _channel(self, stream: Stream, live: bool) -> Channel:
        stream.painter = decoder = AheadDecoder(stream.label, live)
        channel = Channel(stream, decoder)
        self.channels.append(channel)
        return channel

    def channel_of(self, label: str) -> Channel:
        """Return the channel that frames with this ``source`` came through."""
        return next(channel for channel in self.channels if channel.stream.label == label)

    def start(self) -> None:
        """Begin to receive."""
        for runner in self._runners:
            runner.start()

    def let_go(self) -> None:
        """Ask all threads to end and to close what they hold; never waits, in whatever thread."""
        for runner in self._runners:
            runner.let_go() if isinstance(runner, LiveStream) else runner.stop()
        for channel in self.channels:
            channel.decoder.close()

    def stop(self) -> None:
        """End all threads, and close all sockets."""
        for runner in self._runners:
            runner.stop()
        for runner in self._runners:
            runner.join(JOIN_SECONDS)
        for channel in self.channels:
            channel.decoder.close()
        for channel in self.channels:
            channel.decoder.join(JOIN_SECONDS)

    def statistics(self) -> list[dict[str, Any]]:
        """Return the counters of all streams."""
        return [channel.statistics() for channel in self.channels]


def open_all(engine: Engine, sources: Sequence[Source], add: Callable[[Source], object]) -> None:
    """Take all sources and start them, or none. Raises ``TransportError``."""
    try:
        for source in sources:
            add(source)
    except BaseException:
        engine.stop()
        raise
    engine.start()
