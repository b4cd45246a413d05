"""Plays the captures of ``fixtures/inspector`` to strangers, and says what each of them made of a capture.

The packets leave as they stand in the capture, to as many receivers as fit, in the way of ``delivery``. A
picture is right when it is, pixel for pixel, one of those that were cut into the packets.
"""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from unittest.mock import patch

import simplejpeg

import broken
import broken_all
import evidence
from interop import pyav_receiver
from interop.delivery import BURST, PATIENCE, Delivery, say_bye
from interop.receivers import received, start
from rtpjpeg.inspector.verdicts import DAMAGED, NO, YES
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.train import PacketTrain

FOLDER = Path(__file__).parents[2] / "fixtures" / "inspector"
ABOUT: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "about.json").read_text("utf-8"))

Decoder = Callable[[bytes], str]
"""Returns a digest of the picture; raises ValueError where there is none."""


def libjpeg(jpeg: bytes) -> str:
    """Decode as GStreamer's jpegdec does: with warnings there is a picture all the same."""
    return hashlib.sha256(simplejpeg.decode_jpeg(jpeg, strict=False).tobytes()).hexdigest()


def libavcodec(jpeg: bytes) -> str:
    """Decode as FFmpeg does."""
    import av

    try:
        pictures = av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpeg))
    except av.FFmpegError as error:
        raise ValueError(str(error)) from None
    if not pictures:
        raise ValueError("no picture")
    return next(pyav_receiver.digests(pictures[:1], pictures[0].width, pictures[0].height))


def sent_pictures() -> list[bytes]:
    """Make all captures once more, and return the JPEGs that were cut into their packets."""
    # J-074 sends these as they are.
    jpegs = [*broken.pictures("coffee", 1, 75, broken.SIZE, 4)]

    def cut(jpeg: bytes) -> tuple[bytes, bytes]:
        jpegs.append(jpeg)
        return evidence.scan_and_tables(jpeg)

    with patch.object(broken, "scan_and_tables", cut):
        for _ in broken_all.every_broken():
            pass
    return list(dict.fromkeys(jpegs))


@dataclass(frozen=True)
class Recorded:
    """A capture of ``fixtures/inspector``."""

    name: str
    rules: frozenset[str]
    packets: list[bytes]

    @property
    def header(self) -> bytes:
        """Payload of the first packet, from the main JPEG header on."""
        return self.packets[0][12:]

    @property
    def payload_type(self) -> int:
        return self.packets[0][1] & 0x7F

    @property
    def frames(self) -> int:
        """Pictures that a receiver ought to show."""
        firsts = [packet for packet in self.packets if len(packet) >= 20 and packet[13:16] == bytes(3)]
        return {"J-021": 4, "clean-rtp": 4}.get(
            self.name,
            sum(packet[1] & 0x7F == self.payload_type for packet in firsts),
        )


def recorded(file: str) -> Recorded:
    """Read a capture."""
    packets = [packet for _, _, _, packet in read_datagrams(FOLDER / file)]
    return Recorded(Path(file).stem, frozenset(ABOUT[file]["rules"]), packets)


@dataclass(eq=False)
class Playback(Delivery):
    """One capture to one receiver."""

    capture: Recorded = field(kw_only=True)
    decode: Decoder = field(kw_only=True)
    right: set[str] = field(kw_only=True)
    """Digests of the pictures that were sent."""

    def open(self, cleanup: ExitStack) -> None:
        self.process = start(self.receiver, self.place)
        cleanup.callback(self._stop)
        self.sender = UdpSender(("127.0.0.1", self.place.port))
        cleanup.callback(self.sender.close)
        self.bursts = self._cut()

    def _cut(self) -> Iterator[PacketTrain]:
        packets = self.capture.packets
        for first in range(0, len(packets), BURST):
            yield PacketTrain.from_packets(packets[first : first + BURST])

    def end(self) -> None:
        if self.receiver.ends_by_bye:
            say_bye(int.from_bytes(self.capture.packets[0][8:12], "big"), self.place.port + 1)
        else:
            self.process.send_signal(signal.SIGINT)

    def judge(self) -> None:
        try:
            self.process.wait(PATIENCE)
        except TimeoutExpired:
            self.faults.append("the receiver did not end")
        pictures = [self._look(frame) for frame in received(self.place)]
        self.seen = (
            f"{pictures.count(True)} right, {pictures.count(False)} wrong of {self.capture.frames} sent"
        )
        self.plays = self._judge(pictures)

    def _look(self, frame: bytes) -> bool | None:
        """Return whether a frame is one that was sent; None when it is no picture."""
        try:
            return self.decode(frame) in self.right
        except ValueError:
            return None

    def _judge(self, pictures: list[bool | None]) -> str:
        if pictures == [True] * self.capture.frames:
            return YES
        return DAMAGED if len(pictures) - pictures.count(None) > 1 else NO
