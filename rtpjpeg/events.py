"""What the receiving side has to tell, one value for each thing that happened."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import RtpJpegError
from .frame import Frame


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


Event = FrameReceived | FrameDropped | PacketRejected | SourceChanged
