"""Ends of a stream that remember: what was given to the socket, and what came out of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from rtpjpeg import Frame, PacketTrain, ReceiverSession
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.receiver.livestream import LiveStream
from rtpjpeg.receiver.source import Source

LOCAL = "127.0.0.1"
PATIENT: dict[str, Any] = {"conceal": False, "deadline": 1.0}
"""Options of a session that waits for packets of a sender that is held up in the midst of a frame."""


class Seen(NamedTuple):
    """A frame as its packets tell."""

    ssrc: int
    timestamp: int


def seen_in(packet: bytes) -> Seen:
    """Read the RTP header (RFC 3550 section 5.1)."""
    return Seen(int.from_bytes(packet[8:12], "big"), int.from_bytes(packet[4:8], "big"))


class Sending:
    """A sender that remembers each frame it was given, and when, whatever became of it."""

    def __init__(self, sender: UdpSender) -> None:
        self.sender = sender
        self.frames: dict[Seen, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sender, name)

    def send(self, train: PacketTrain) -> int:
        self.frames.setdefault(seen_in(train[0]), time.monotonic())
        return self.sender.send(train)


class Receiving:
    """A receiver that remembers the frames of which a packet came, and when the first one did."""

    def __init__(self, receiver: UdpReceiver) -> None:
        self.receiver = receiver
        self.frames: dict[Seen, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.receiver, name)

    def receive(self, timeout: float | None = None) -> list[Any]:
        received = self.receiver.receive(timeout)
        now = time.monotonic()
        for train, _ in received:
            for packet in train:
                self.frames.setdefault(seen_in(packet), now)
        return received


class Watched:
    """A live stream, the frames that came out of it, and those of which packets came.

    ``options`` are those of the session.
    """

    def __init__(
        self, receiver: UdpReceiver, deliver: Callable[[Frame], object] = lambda frame: None, **options: Any
    ) -> None:
        self.receiving = Receiving(receiver)
        self.frames: list[Frame] = []
        self.session = ReceiverSession(**options)
        self._deliver = deliver
        self.stream = LiveStream(
            Source("watched"),
            self.session,
            self.receiving,
            self._take,
            lambda: None,  # type: ignore[arg-type]
        )

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._deliver(frame)

    @property
    def shown(self) -> list[Seen]:
        """The frames that came out."""
        return [Seen(frame.ssrc, frame.timestamp) for frame in list(self.frames)]

    def __enter__(self) -> Watched:
        self.stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.stop()
        self.stream.join()
