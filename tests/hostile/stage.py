"""A camera, a viewer, and those who would rather be seen instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from conformance.pictures import jpeg, scan_of
from conformance.running import Viewer
from rtpjpeg import Packetizer, PacketTrain

HERE = ("192.0.2.1", 4000)
OTHER_PORT = ("192.0.2.1", 4002)
ELSEWHERE = ("198.51.100.66", 4000)
SSRC, EVIL_SSRC = 0x1234ABCD, 0x66666666
PACE = 1 / 30
FRAMES = 120
EOI = b"\xff\xd9"

Packets = list[bytes]


@cache
def file(type: int, seed: int, evil: bool = False) -> bytes:
    """One of eight pictures; those of a stranger differ in every frame."""
    return jpeg(type, seed=seed % 8 + 100 * evil, interval=2)


def camera(
    type: int = 65,
    count: int = FRAMES,
    *,
    ssrc: int = SSRC,
    sequence: int = 65_500,
    timestamp: int = 2**32 - 90_000,
    mtu: int = 150,
    first: int = 0,
    evil: bool = False,
) -> list[Packets]:
    """The packets of each frame, 30 frames a second; numbers and timestamps wrap on the way."""
    packetizer = Packetizer(mtu=mtu, ssrc=ssrc, sequence_number=sequence & 0xFFFF)
    frames = []
    for number in range(first, first + count):
        stamp = (timestamp + 3000 * number) & 0xFFFFFFFF
        frames.append(list(packetizer.packetize(file(type, number, evil), stamp)))
    return frames


def numbers(viewer: Viewer, timestamp: int = 2**32 - 90_000) -> list[int]:
    """Which frames of a camera were shown, by their timestamps."""
    shown = [frame.timestamp - timestamp & 0xFFFFFFFF for frame in viewer.outcome.frames]
    return [stamp // 3000 for stamp in shown]


def whole(viewer: Viewer, type: int = 65, count: int = FRAMES) -> None:
    """Every frame was shown, in order, byte for byte, and nothing else was."""
    assert numbers(viewer) == list(range(count))
    for number, frame in enumerate(viewer.outcome.frames):
        assert scan_of(frame.jpeg) == scan_of(file(type, number)), f"frame {number}"
    assert not viewer.outcome.dropped
    statistics = viewer.session.statistics
    assert (statistics.packets_lost, statistics.frames_concealed) == (0, 0)


class Arrival(NamedTuple):
    """What comes at one moment from one address."""

    data: bytes | PacketTrain
    source: object = HERE


def grouped(packets: Packets, at_once: bool, source: object = HERE) -> list[Arrival]:
    """Packets one by one, or all of them in a train."""
    parts: list[bytes | PacketTrain] = [PacketTrain.from_packets(packets)] if at_once else [*packets]
    return [Arrival(part, source) for part in parts]


def play(viewer: Viewer, frames: Iterable[Iterable[Arrival]], pace: float = PACE) -> None:
    """Let the arrivals of each frame come one after the other, the frames at their pace."""
    for arrivals in frames:
        end = viewer.now + pace
        for data, source in arrivals:
            viewer.take([data], source=source, step=0.00005)
        viewer.wait(end - viewer.now)


def random_sources(packet: bytes, count: int, chance: np.random.Generator) -> PacketTrain:
    """A packet again and again in one train, each time with another SSRC and sequence number."""
    table = np.tile(np.frombuffer(packet, np.uint8), (count, 1))
    table[:, 2:4] = chance.integers(0, 256, (count, 2))
    table[:, 8:12] = chance.integers(0, 256, (count, 4))
    return PacketTrain(table.reshape(-1), np.arange(count) * len(packet), np.full(count, len(packet)))


def consecutive(packet: bytes, numbers: Iterable[int]) -> Iterator[bytes]:
    """A packet again with other sequence numbers."""
    for number in numbers:
        yield packet[:2] + (number & 0xFFFF).to_bytes(2, "big") + packet[4:]
