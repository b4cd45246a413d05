"""One stream on its way in: packets go into the session, frames come out to whoever shows them.

``Stream`` joins a session with its counters and asks no clock. A socket feeds it from ``livestream``, a
capture file from ``capture_file``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..events import (
    Event,
    FrameDropped,
    FrameReceived,
    PacketRejected,
    PathChanged,
    SourceChanged,
    SourceLeft,
)
from ..frame import Decoder, Frame
from ..lock import place_of
from ..rtp import PAYLOAD_TYPE_JPEG
from ..session import ReceiverSession
from ..train import PacketTrain
from .gate import Gate, more_text
from .painter import Once, Painter
from .secrecy import Secrecy
from .source import Source

CLEARLY = 5e-6
"""Seconds between two times that are not one: recorded times are kept to the microsecond."""

Tap = Callable[[PacketTrain, float, object], object]
"""Takes packets, the time when they were read in seconds of the session's clock, and who sent them.

Where packets are read late, in front of a timer that fires behind them, the time is that of the timer: so
times tell in which order it all happened.
"""

ReportTap = Callable[[bytes, float, object, int], object]
"""Takes a datagram, as ``Tap`` takes packets, and the port that it came to."""

_log = logging.getLogger(__name__)


class Stream:
    """A session and what became of its frames; one thread feeds it, any thread may read.

    ``deliver`` is handed every frame, complete or concealed; ``frames`` is how many are wanted.
    """

    def __init__(
        self, source: Source, session: ReceiverSession, deliver: Callable[[Frame], object], frames: int | None
    ) -> None:
        self.source = source
        self.session = session
        self.newest: Frame | None = None
        self.frames_received = 0
        self.frames_concealed = 0
        self.octets_received = 0
        """Bytes of UDP payload that came, whoever sent them."""
        self.tap: Tap | None = None
        """Is handed all that comes, before the session sees it; for whoever records packets."""
        self.report_tap: ReportTap | None = None
        """Is handed RTCP that comes on a port of its own."""
        self.painter: Decoder = Painter(looked_at=True)
        """Turns frames into pixels, which nobody may draw on."""
        self.frame_tap: Callable[[Frame], object] | None = None
        """Is handed every frame, behind ``deliver``, who is in a hurry; for whoever records frames."""
        self.same_clock: bool | None = None
        """Whether the sender's clock is that of this machine; None where that is not known."""
        self.fault: str | None = None
        """Why the stream ended before its time."""
        self.over = False
        """True when the file that it was read from has ended."""
        self.intervals = 0
        """Restart intervals of all frames."""
        self.intervals_fresh = 0
        """Those that came with their frame; the others stand as an earlier frame had them."""
        self._deliver = deliver
        self._wanted = frames
        self._first_at = 0.0
        self._last_at = 0.0
        self._first_octets = 0
        self._last_octets = 0
        self._gate = Gate()
        described = source.description
        self.secrecy = Secrecy(source.key, described.payload_type if described else PAYLOAD_TYPE_JPEG)

    @property
    def label(self) -> str:
        """The source as the user wrote it."""
        return self.source.label

    @property
    def finished(self) -> bool:
        """True when all the frames that are wanted have come."""
        return self._wanted is not None and self.frames_received >= self._wanted

    @property
    def fps(self) -> float:
        """Frames a second from the first to the newest; 0 with fewer than two."""
        duration = self._last_at - self._first_at
        return (self.frames_received - 1) / duration if duration > 0 else 0.0

    @property
    def bitrate(self) -> float:
        """Bits of UDP payload a second from the first frame to the newest; 0 with fewer than two."""
        duration = self._last_at - self._first_at
        return 8 * (self._last_octets - self._first_octets) / duration if duration > 0 else 0.0

    @property
    def newest_at(self) -> float:
        """When the newest frame came, in seconds of the session's clock."""
        return self._last_at

    @property
    def kernel_drops(self) -> int:
        """Datagrams that came and found the socket's buffer full."""
        return 0

    def receive(self, data: bytes | PacketTrain, now: float, peer: object, more: bool = False) -> None:
        """Take what came from ``peer`` at ``now``, seconds of the session's clock; ``more`` may have come."""
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        self.octets_received += train.nbytes
        tap = self.tap  # Another thread may take it away.
        if tap is not None:
            tap(train, self._order_time(now), peer)
        self.session.receive(self.secrecy.open(train), now, peer, more)
        self._handle_events(now)
        notice = self.secrecy.notice(now, self.frames_received)
        if notice:
            _log.warning("%s: %s", self.source.label, notice)

    def handle_timer(self, now: float) -> None:
        """Let the session do what is due at ``now``."""
        due = self.session.next_timer()
        if due is not None and now >= due:
            self.session.handle_timer(now)
            self._handle_events(now)

    def _order_time(self, now: float) -> float:
        """Return the time that tells of packets what had happened before them."""
        return now

    def catch_up(self, now: float) -> None:
        """Let the session do what was due before ``now``, the time of what is received next.

        For recorded packets. What was due at ``now`` itself waits: a live stream reads first.
        """
        due = self.session.next_timer()
        while due is not None and due < now - CLEARLY:
            self.handle_timer(due)
            before, due = due, self.session.next_timer()
            if due == before:
                return

    def _handle_events(self, now: float) -> None:
        while not self.finished:
            event = self.session.next_event()
            if event is None:
                return
            if isinstance(event, FrameReceived):
                self._take(event.frame, now)
            else:
                self._tell(event, now)

    def _take(self, frame: Frame, now: float) -> None:
        frame.decoder, frame.source = Once(self.painter), self.source.label
        if not self.frames_received:
            self._first_at, self._first_octets = now, self.octets_received
        self._last_at, self._last_octets = now, self.octets_received
        self.frames_received += 1
        self.frames_concealed += frame.concealed
        self.intervals += frame.intervals
        self.intervals_fresh += frame.fresh_intervals
        self.newest = frame
        self._deliver(frame)
        tap = self.frame_tap
        if tap is not None:
            tap(frame)

    def _tell(self, event: Event, now: float) -> None:
        """Log what happened; a fault of the sender once a second for each cause."""
        label = self.source.label
        if isinstance(event, SourceChanged):
            self.same_clock = self._shares_clock(event.source)
            _log.info("%s: stream from %s, SSRC %08x", label, _address_text(event.source), event.ssrc)
        elif isinstance(event, PathChanged):
            news = "comes by a second path as well, from" if event.alive else "comes no longer from"
            _log.info("%s: the stream %s %s", label, news, _address_text(event.source))
        elif isinstance(event, SourceLeft):
            _log.info("%s: the sender has said goodbye%s", label, f": {event.reason}" if event.reason else "")
        elif isinstance(event, PacketRejected):
            self._complain("a packet is refused", str(event.error), now)
        elif isinstance(event, FrameDropped):
            self._complain("a frame is dropped", event.reason, now)

    def _shares_clock(self, peer: object) -> bool | None:
        """Tell whether a sender's clock is ours; None where times are not of now."""
        return None

    def _complain(self, what: str, reason: str, now: float) -> None:
        """Log one of its kind a second. Sentences about one field begin alike, whatever value was found."""
        count = self._gate.passes(f"{what}: {reason.partition(':')[0]}", now)
        if count:
            _log.warning("%s: %s: %s%s", self.source.label, what, reason, more_text(count))

    @property
    def concealed_share(self) -> float | None:
        """Share of the restart intervals of all frames that stand as an earlier frame had them."""
        return 1 - self.intervals_fresh / self.intervals if self.intervals else None

    def statistics(self) -> dict[str, Any]:
        """Return the counters under the names that ``rtpjpeg-view --json`` prints."""
        counted = self.session.statistics
        frame, share = self.newest, self.concealed_share
        return {
            "source": self.source.label,
            "ssrc": self.session.ssrc,
            "width": frame.width if frame else None,
            "height": frame.height if frame else None,
            "packets_received": counted.packets_received,
            "packets_lost": counted.packets_lost,
            "packets_duplicated": counted.packets_duplicated + self.secrecy.repeated,
            "packets_reordered": counted.packets_reordered,
            "packets_rejected": counted.packets_rejected + self.secrecy.rejected,
            "packets_recovered": counted.packets_recovered,
            "paths": [
                {"source": _address_text(path.source), "packets": path.packets, "first": path.first}
                for path in list(self.session.paths.known.values())
            ],
            "reports_received": self.session.control.reports_received,
            "kernel_drops": self.kernel_drops,
            "frames_received": self.frames_received,
            "frames_concealed": self.frames_concealed,
            "concealed_share": None if share is None else round(share, 5),
            "frames_dropped": counted.frames_dropped,
            "fps": round(self.fps, 2) if self.frames_received > 1 else None,
            "bitrate": round(self.bitrate) if self.frames_received > 1 else None,
            "same_clock": self.same_clock,
            "jitter_ms": round(counted.jitter_ms, 3) if counted.packets_received else None,
        }


def _address_text(source: object) -> str:
    return "an unknown address" if source is None else place_of(source)
