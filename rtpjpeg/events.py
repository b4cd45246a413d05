"""What the receiving side has to tell, one value for each thing that happened."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .errors import RtpJpegError
from .frame import Frame

EVENT_LIMIT = 256
"""Events that may wait before rejected packets are only counted."""
QUEUE_LIMIT = 4 << 20
"""Bytes by which the frames that wait may exceed the newest train before no concealed one is added.

One small packet makes a whole picture of what was there before; a train of such must not make many.
"""


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A picture is there, whole or concealed."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class FrameDropped:
    """A picture was given up."""

    timestamp: int
    """RTP timestamp of the frame."""
    reason: str
    """One sentence without a full stop: what was found and what was expected."""
    packets: int
    """How many of its packets came."""


@dataclass(frozen=True, slots=True)
class PacketRejected:
    """A packet was not used: it breaks a rule, or it is of another stream."""

    error: RtpJpegError


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """Another stream is taken now: the first, or the one behind a restart of the sender."""

    ssrc: int
    source: object
    """Address as the socket gave it; None where none was told."""


@dataclass(frozen=True, slots=True)
class PathChanged:
    """The stream comes from one more address as well, or from one of them no longer."""

    source: object
    """The address as the socket gave it."""
    alive: bool


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """A receiver has told a sender how its stream arrives (RFC 3550 section 6.4.1)."""

    ssrc: int
    """Of the receiver."""
    source: object
    """Its address as the socket gave it."""
    fraction_lost: float
    """Share of the packets since its report before, 0 to 1."""
    cumulative_lost: int
    highest_sequence_number: int
    """Cycles << 16 plus the number."""
    jitter: float
    """Seconds."""
    round_trip: float | None
    """Seconds; None where it had not heard a report of ours."""


@dataclass(frozen=True, slots=True)
class SourceLeft:
    """The sender has said BYE: what still comes is late."""

    ssrc: int
    reason: str


Event = (
    FrameReceived | FrameDropped | PacketRejected | SourceChanged | PathChanged | ReportReceived | SourceLeft
)


class EventQueue:
    """Events that nobody has taken yet; what strangers can make for nothing does not pile up."""

    def __init__(self) -> None:
        self.newest = 0
        """Bytes of the newest train."""
        self._events: deque[Event] = deque()
        self._size = 0
        """Bytes of the frames that wait."""

    @property
    def places(self) -> int:
        """Rejected packets that may still be added."""
        return max(EVENT_LIMIT - len(self._events), 0)

    def put(self, event: Event) -> Event:
        """Add an event, or another one that says why it cannot be; return what was added."""
        if isinstance(event, FrameReceived):
            frame, size, limit = event.frame, _size_of(event.frame), QUEUE_LIMIT + self.newest
            if frame.concealed and self._size and self._size + size > limit:
                reason = f"frames that nobody took: found {self._size} bytes, expected at most {limit}"
                event = FrameDropped(frame.timestamp, reason, frame.packets)
            else:
                self._size += size
        self._events.append(event)
        return event

    def take(self) -> Event | None:
        """Return the oldest event, or None."""
        if not self._events:
            return None
        event = self._events.popleft()
        if isinstance(event, FrameReceived):
            self._size -= _size_of(event.frame)
        return event


def _size_of(frame: Frame) -> int:
    """Return the bytes of memory of a frame."""
    return len(frame.jpeg) + len(frame.interval_states)
