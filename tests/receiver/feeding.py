"""What the tests of the receiver feed it with: pictures as packets, in files and over loopback."""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from interop.kernel import free_port_pairs
from inthread import InThread
from rtpjpeg import Packetizer, PacketTrain
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.strip import draw_strip, read_strip
from rtpjpeg.net.pcap import write_datagrams
from rtpjpeg.net.udp import UdpSender

WIDTH, HEIGHT = 320, 240


@cache
def background(seed: int) -> Any:
    coarse = np.random.default_rng(seed).integers(40, 200, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    return coarse.repeat(4, axis=0).repeat(4, axis=1)


def picture(number: int = 0, seed: int = 1, captured_at: float | None = None) -> bytes:
    """Return a JPEG with a strip of this number and wall-clock time."""
    image = background(seed).copy()
    draw_strip(image, number, int((time.time() if captured_at is None else captured_at) * 1e6))
    return JpegEncoder(80).encode_bgr(image)


def number_of(image: Any) -> int:
    """Return the number that is drawn into a picture, which must have one."""
    reading = read_strip(image)
    assert reading is not None
    return reading.frame_number


def train(number: int, packetizer: Packetizer, seed: int = 1) -> PacketTrain:
    """Return one frame's packets at 30 frames a second."""
    return packetizer.packetize(picture(number, seed), number * 3000)


def free_ports(count: int) -> list[int]:
    """Return UDP ports that nobody has, even ones with the next one, for RTCP, free too."""
    return free_port_pairs(count)


class Feeder(InThread):
    """Sends a camera to each port of this machine, again and again, while the block runs."""

    def __init__(self, *ports: int, frames: int | None = None) -> None:
        super().__init__()
        self.senders = [UdpSender(("127.0.0.1", port)) for port in ports]
        self.packetizers = [Packetizer(ssrc=0x1000 + number) for number in range(len(ports))]
        self._frames = frames

    def _release(self) -> None:
        for sender in self.senders:
            sender.close()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.005) and number != self._frames:
            for index, (sender, packetizer) in enumerate(zip(self.senders, self.packetizers, strict=True)):
                sender.send(train(number, packetizer, seed=index))
            number += 1


def write_capture(path: Path, frames: int, ports: tuple[int, ...] = (5000,), start: float = 1.8e9) -> None:
    """Write a capture of a camera to each port, 30 frames a second."""
    packetizers = [Packetizer(ssrc=0x2000 + port) for port in ports]
    datagrams = []
    for number in range(frames):
        for port, packetizer in zip(ports, packetizers, strict=True):
            for index, packet in enumerate(train(number, packetizer)):
                now = start + number / 30 + index * 1e-5
                datagrams.append((now, ("192.0.2.1", 4000), ("192.0.2.2", port), packet))
    write_datagrams(path, datagrams)


def last_json(text: str) -> Any:
    """Return the object in the last line."""
    return json.loads(text.splitlines()[-1])


def without_notices(text: str) -> list[str]:
    """Return the lines of stderr but the one about a receive buffer that this machine keeps small."""
    return [line for line in text.splitlines() if "receive buffer" not in line]
