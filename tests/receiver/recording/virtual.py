"""A live stream in virtual time: a socket to which packets come at times that are given beforehand."""

from __future__ import annotations

import random
from collections import deque
from functools import cache
from typing import Any

from receiver.feeding import background
from rtpjpeg import Packetizer, PacketTrain
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.net.slots import Received
from rtpjpeg.net.udp import UdpReceiver

PEER = ("192.0.2.1", 4000)
BEGIN = 1000.0


class VirtualClock:
    """Seconds that pass when somebody waits, and a little at each look, as work takes time."""

    def __init__(self, seed: int) -> None:
        self.now = BEGIN
        self._chance = random.Random(seed)

    def __call__(self) -> float:
        self.now += self._chance.uniform(10e-6, 60e-6)
        return self.now


class VirtualReceiver(UdpReceiver):
    """Receives what comes at its time; a vain wait is over up to a millisecond late, as polls are."""

    def __init__(self, clock: VirtualClock, arrivals: list[tuple[float, bytes]]) -> None:
        super().__init__("127.0.0.1", 0)
        self._clock = clock
        self._arrivals = deque(sorted(arrivals, key=lambda arrival: arrival[0]))

    def receive(self, timeout: float | None = None) -> list[Received]:
        end = self._clock.now + (timeout or 0.0)
        due = self._arrivals[0][0] if self._arrivals else end
        late = self._clock.now + -(-(timeout or 0.0) // 0.001) * 0.001
        self._clock.now = max(self._clock.now, min(late, max(due, self._clock.now)))
        packets = []
        while self._arrivals and self._arrivals[0][0] <= self._clock.now:
            packets.append(self._arrivals.popleft()[1])
        return [(PacketTrain.from_packets(packets), PEER)] if packets else []


@cache
def marked(seed: int) -> bytes:
    """Return a picture with restart markers."""
    return JpegEncoder(80, restart_interval=10).encode_bgr(background(seed))


def camera(frames: int, spread: float = 0.01, **options: Any) -> list[tuple[float, bytes]]:
    """Return the packets of a camera of 30 frames a second, each spread over ``spread`` seconds."""
    packetizer = Packetizer(**options)
    arrivals = []
    for number in range(frames):
        image = background(number % 7)
        packets = list(
            packetizer.packetize(JpegEncoder(80, restart_interval=10).encode_bgr(image), number * 3000)
        )
        begin = BEGIN + 0.1 + number / 30
        arrivals += [(begin + index * spread / len(packets), packet) for index, packet in enumerate(packets)]
    return arrivals
