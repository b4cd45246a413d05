"""Motion JPEG over RTP (RFC 2435).

The files at the root of this package are the protocol: bytes, time and chance come in as arguments,
values and bytes go out. The folders are wings that touch the world: ``net``, ``capture``, ``sender``,
``receiver``, ``inspector``.

This file holds names only. A name is loaded when it is first used, so that ``import rtpjpeg`` needs
neither numpy nor pydantic: the man pages are built where neither is installed, and ``--help`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    CaptureError,
    ConfigError,
    MalformedPacketError,
    RtpJpegError,
    TransportError,
    UnsupportedJpegError,
)

if TYPE_CHECKING:
    from .depacketizer import Depacketizer, depacketize
    from .events import Event, FrameDropped, FrameReceived, PacketRejected, SourceChanged
    from .frame import Frame
    from .jpeg import JpegImage, parse_jpeg
    from .packetizer import Packetizer, packetize
    from .payload import JpegHeader, JpegPayload, QuantizationTableHeader, RestartHeader
    from .receiver.api import open, open_pair
    from .receiver.program.framestream import FrameStream
    from .receiver.program.pairs import FramePair, PairStream
    from .receiver.program.videocapture import VideoCapture
    from .rtp import RtpPacket
    from .sdp import SessionDescription
    from .session import ReceiverSession, SenderSession
    from .train import PacketTrain

__version__ = "0.1.0"

__all__ = [
    "CaptureError",
    "ConfigError",
    "Depacketizer",
    "Event",
    "Frame",
    "FrameDropped",
    "FramePair",
    "FrameReceived",
    "FrameStream",
    "JpegHeader",
    "JpegImage",
    "JpegPayload",
    "MalformedPacketError",
    "PacketRejected",
    "PacketTrain",
    "Packetizer",
    "PairStream",
    "QuantizationTableHeader",
    "ReceiverSession",
    "RestartHeader",
    "RtpJpegError",
    "RtpPacket",
    "SenderSession",
    "SessionDescription",
    "SourceChanged",
    "TransportError",
    "UnsupportedJpegError",
    "VideoCapture",
    "__version__",
    "depacketize",
    "open",
    "open_pair",
    "packetize",
    "parse_jpeg",
]

_ROOMS = {
    "depacketizer": "Depacketizer depacketize",
    "events": "Event FrameDropped FrameReceived PacketRejected SourceChanged",
    "frame": "Frame",
    "jpeg": "JpegImage parse_jpeg",
    "packetizer": "Packetizer packetize",
    "payload": "JpegHeader JpegPayload QuantizationTableHeader RestartHeader",
    "receiver.api": "open open_pair",
    "receiver.program.framestream": "FrameStream",
    "receiver.program.pairs": "FramePair PairStream",
    "receiver.program.videocapture": "VideoCapture",
    "rtp": "RtpPacket",
    "sdp": "SessionDescription",
    "session": "ReceiverSession SenderSession",
    "train": "PacketTrain",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    globals()[name] = value  # from here on the name is found without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
