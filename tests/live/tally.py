"""A receiver that counts: what it keeps does not grow, however long a stream is."""

from __future__ import annotations

import threading
from typing import Self

from interop.kernel import wait_until
from live.commands import PATIENCE
from live.witness import LOCAL, Seen, seen_in
from rtpjpeg.net.udp import UdpReceiver

MARKER = 0x80
CLOCK_RATE = 90_000


class Tally:
    """Counts the packets that come to a port of its own, in a thread while the block runs."""

    def __init__(self) -> None:
        self._receiver = UdpReceiver(LOCAL, 0)
        self.port = self._receiver.local_address[1]
        self.place = f"{LOCAL}:{self.port}"
        self.packets = self.frames = self.gaps = 0
        """``gaps`` counts packets that are not the next one; ``frames`` are markers."""
        self.first: int | None = None
        self.last: int | None = None
        """Sequence numbers."""
        self.quality = 0
        """Q of the newest packet, 1 to 99 (RFC 2435 section 3.1.4)."""
        self.size = (0, 0)
        """Width and height of the newest picture."""
        self.seconds = 0.0
        """From the frame before to the newest one, by the capture clock."""
        self.ssrcs: set[int] = set()
        self._seen: Seen | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tally", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._receiver.close()

    def came(self, frames: int) -> bool:
        """Wait until so many frames have come."""
        return wait_until(lambda: self.frames >= frames, PATIENCE)

    @property
    def kernel_drops(self) -> int:
        return self._receiver.kernel_drops

    def _run(self) -> None:
        while not self._over.is_set():
            for train, _ in self._receiver.receive(0.05):
                for packet in train:
                    self._count(packet)

    def _count(self, packet: bytes) -> None:
        seen, sequence = seen_in(packet), int.from_bytes(packet[2:4], "big")
        self.first = sequence if self.first is None else self.first
        self.gaps += self.last is not None and sequence != (self.last + 1) & 0xFFFF
        if self._seen is not None and seen.timestamp != self._seen.timestamp:
            self.seconds = ((seen.timestamp - self._seen.timestamp) & 0xFFFFFFFF) / CLOCK_RATE
        self.last, self._seen = sequence, seen
        self.ssrcs.add(seen.ssrc)
        self.quality, self.size = packet[17], (8 * packet[18], 8 * packet[19])
        self.packets += 1
        self.frames += packet[1] >= MARKER
