"""On a network that loses nothing every frame arrives as it was sent, thousands of them (needs real sockets).

The pictures go round and round; the RTP timestamp says which frame of the stream one is, the strip in it
which picture. Sent is what the receiver's buffer holds and no more, so nothing is lost by our own haste.
The pieces are of random length, so that a read finds part of a packet train, or several of them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Self

import numpy as np
import pytest

from photographs import OWN_TABLES, PHOTOGRAPHS, encode, panned, pixels
from rtpjpeg import Frame, FrameReceived, PacketTrain, ReceiverSession, SenderSession, SourceChanged
from rtpjpeg.capture.strip import draw_strip, read_strip
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.sender.pacer import slice_train

VIEWS = 10
"""Of each of the four photographs."""
TICKS = 3000
"""Of the RTP clock, from frame to frame."""
PACKET_MEMORY = 4608
"""Bytes that a packet takes of a receive buffer, at most: twice what Linux counts for one of 1400 bytes."""

TYPES = {"plain": 1, "restart markers": 65}


def pictures(type: int, width: int, height: int) -> list[bytes]:
    """Return JPEGs of one type, each with its number in the strip, every other one with its own tables."""
    found: list[bytes] = []
    for photograph in PHOTOGRAPHS:
        for view in panned(photograph, width, height, VIEWS):
            assert draw_strip(view, len(found), 1_800_000_000_000_000)
            found.append(encode(view, type, OWN_TABLES if len(found) % 2 else 85))
    return found


def content(jpeg: bytes) -> bytes:
    """Return a hash of what RFC 2435 carries of a JPEG: its tables, its restart interval and its scan."""
    image = parse_jpeg(jpeg)
    told = image.headers.tables + image.restart_interval.to_bytes(2, "big")
    return hashlib.blake2b(told + bytes(image.scan), digest_size=16).digest()


def pieces(train: PacketTrain, chance: random.Random, most: int) -> Iterator[PacketTrain]:
    """Cut a train at random places."""
    first = 0
    while first < len(train):
        last = min(len(train), first + chance.randint(1, most))
        yield slice_train(train, first, last)
        first = last


class Trip:
    """A stream over loopback, told a time that is made up: frame n leaves and arrives at n / 30."""

    def __init__(self, seed: int) -> None:
        self.receiver = UdpReceiver("127.0.0.1", 0)
        self.sender = UdpSender(("127.0.0.1", self.receiver.local_address[1]))
        self.outgoing = SenderSession(sequence_number=65_000, timestamp_offset=2**32 - 100 * TICKS)
        self.incoming = ReceiverSession()
        self._chance = random.Random(seed)
        self._room = max(1, 2 * self.receiver.granted_buffer // PACKET_MEMORY)
        self._unread = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sender.close()
        self.receiver.close()

    def run(self, jpegs: Iterator[bytes]) -> Iterator[Frame]:
        """Send pictures; yield the frames that come out."""
        now = 0.0
        for number, jpeg in enumerate(jpegs):
            now = number / 30
            for piece in pieces(self.outgoing.send_frame(jpeg, now, now), self._chance, self._room):
                if self._unread + len(piece) > self._room:
                    yield from self._read(now)
                assert self.sender.send(piece) == len(piece)
                self._unread += len(piece)
        yield from self._read(now)

    def _read(self, now: float) -> Iterator[Frame]:
        """Read all that was sent."""
        while self._unread > 0:
            received = self.receiver.receive(30)
            assert received, f"{self._unread} packets did not arrive"
            for left, (train, source) in enumerate(received, 1 - len(received)):
                self._unread -= len(train)
                self.incoming.receive(train, now, source, more=left < 0)
            yield from self._frames()

    def _frames(self) -> Iterator[Frame]:
        while (event := self.incoming.next_event()) is not None:
            if isinstance(event, FrameReceived):
                yield event.frame
            else:
                assert isinstance(event, SourceChanged), event


@pytest.mark.slow
@pytest.mark.parametrize("type", TYPES.values(), ids=TYPES.keys())
@pytest.mark.parametrize(("width", "height", "count"), [(640, 480, 5000), (1920, 1080, 1000)])
def test_every_frame_arrives_as_it_was_sent(
    width: int, height: int, count: int, type: int, seed: int
) -> None:
    sent = pictures(type, width, height)
    hashes = [content(jpeg) for jpeg in sent]
    arrived = 0
    with Trip(seed) as trip:
        for number, frame in enumerate(trip.run(islice(cycle(sent), count))):
            picture = number % len(sent)
            assert frame.timestamp == (trip.outgoing.timestamp_offset + number * TICKS) % 2**32
            assert content(frame.jpeg) == hashes[picture], f"frame {number} is another one"
            assert (frame.width, frame.height, frame.type) == (width, height, type)
            assert (frame.concealed, frame.findings) == (False, ())
            if number < len(sent):
                came = pixels(frame.jpeg)
                assert np.array_equal(came, pixels(sent[picture])), f"the pixels of frame {number} differ"
                strip = read_strip(came)
                assert strip is not None and strip.frame_number == picture
            arrived += 1
        assert arrived == count
        statistics = trip.incoming.statistics
        assert (statistics.frames_received, statistics.frames_dropped, statistics.frames_concealed) == (
            count,
            0,
            0,
        )
        assert statistics.packets_received == trip.outgoing.statistics.packets_sent
        assert (statistics.packets_lost, statistics.packets_rejected, statistics.packets_reordered) == (
            0,
            0,
            0,
        )
        assert trip.receiver.kernel_drops == 0
        assert (trip.sender.send_errors, trip.sender.packets_dropped) == (0, 0)
        assert trip.incoming.findings == {}
