"""A receiver that counts: what it keeps does not grow, however long a stream is."""

from __future__ import annotations

from interop.kernel import wait_until
from inthread import InThread
from live.commands import PATIENCE
from live.witness import LOCAL, Seen, seen_in
from rtpjpeg.net.udp import UdpReceiver

MARKER = 0x80
CLOCK_RATE = 90_000


class Tally(InThread):
    """Counts the packets that come to a port of its own, in a thread while the block runs."""

    def __init__(self) -> None:
        super().__init__()
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

    def _release(self) -> None:
        self._receiver.close()

    def came(self, frames: int) -> bool:
        """Wait until so many frames have come."""
        return wait_until(lambda: self.frames >= frames, PATIENCE)

    @property
    def kernel_drops(self) -> int:
        return self._receiver.kernel_drops

    def _run(self) -> None:
        while not self._stop.is_set():
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
