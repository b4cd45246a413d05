"""Sockets behind a bad network: they look like the real ones, and a ``Link`` stands between.

What leaves the link later than it came leaves from a thread of its own where packets are sent; where
they are received, the one who receives waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from ..train import PacketTrain
from .address import Address, Endpoint
from .incoming import UdpReceiver
from .link import Link
from .options import Departure
from .outgoing import UdpSender
from .pcap import Datagram
from .slots import Received

LINGER = 0.5
"""Seconds that a closed sender gives to packets on their way, the most."""
NEVER = float("inf")


class ImpairedReceiver:
    """A ``UdpReceiver`` behind a link; one thread receives, another may close.

    All sources come through the same link. ``clock`` gives its time in seconds.
    """

    def __init__(
        self, receiver: UdpReceiver, link: Link, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.link = link
        self._receiver = receiver
        self._clock = clock
        self._closed = False

    def fileno(self) -> int:
        """Return the socket's file descriptor; it says nothing of packets that are in the link."""
        return self._receiver.fileno()

    def next_timer(self) -> float | None:
        """Return when the next packet leaves the link; None when nothing is on its way."""
        return self.link.next_timer()

    def receive(self, timeout: float | None = None) -> list[Received]:
        """Return what has left the link, one train for each source, as ``UdpReceiver.receive`` does.

        Raises ``TransportError`` when the socket itself fails.
        """
        end = NEVER if timeout is None else self._clock() + timeout
        while True:
            arrived = self._receiver.receive(self._wait(end))
            now = self._clock()
            for train, source in arrived:
                self.link.send(train, now, source)
            found = _by_source(self.link.receive_tagged(now))
            if found or self._closed or now >= end:
                return found

    def _wait(self, end: float) -> float | None:
        """Return seconds to wait for the socket; None for as long as it takes."""
        due = self.link.next_timer()
        until = end if due is None else min(end, due)
        return None if until == NEVER else max(0.0, until - self._clock())

    def send(self, data: bytes, address: Address) -> bool:
        """Send one datagram from this port, past the link; False where the kernel did not take it."""
        return self._receiver.send(data, address)

    @property
    def kernel_drops(self) -> int:
        """Datagrams that came and found the receive buffer full; what the link lost is not among them."""
        return self._receiver.kernel_drops

    @property
    def notices(self) -> list[str]:
        """Sentences to say once; whoever says them empties the list."""
        return self._receiver.notices

    @property
    def local_address(self) -> Address:
        return self._receiver.local_address

    @property
    def granted_buffer(self) -> int:
        """Bytes that the kernel granted of those asked."""
        return self._receiver.granted_buffer

    @property
    def asked_buffer(self) -> int:
        """Bytes that were asked."""
        return self._receiver.asked_buffer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wake(self) -> None:
        """End every wait in ``receive``, now and from now on; never waits itself."""
        self._closed = True
        self._receiver.wake()

    def close(self) -> None:
        """Close the socket and wake a thread that waits in ``receive``; what is in the link is gone."""
        self._closed = True
        self._receiver.close()


class ImpairedSender:
    """A ``UdpSender`` behind a link. As on a real network, a packet that the link loses was sent."""

    def __init__(self, sender: UdpSender, link: Link, clock: Callable[[], float] = time.monotonic) -> None:
        self.link = link
        self.packets_sent = 0
        self.bytes_sent = 0
        """Bytes of the packets taken, IP and UDP headers not counted."""
        self._sender = sender
        self._clock = clock
        self._state = threading.Condition()
        self._closed = self._over = False
        self._wakes_at = NEVER
        self._thread = threading.Thread(target=self._run, name=f"link to {sender.destination}", daemon=True)
        self._thread.start()

    def send(self, train: PacketTrain) -> int:
        """Give a train to the link; return how many packets it took, which is all until it is closed.

        Never waits. What the link lets out at once leaves now, the rest from a thread.
        """
        with self._state:
            if self._closed:
                return 0
            self.link.send(train, self._clock())
            self.packets_sent += len(train)
            self.bytes_sent += train.nbytes
            self._flush()
            due = self.link.next_timer()
            if due is not None and due < self._wakes_at:
                self._state.notify()
            return len(train)

    def tell(self, data: bytes) -> bool:
        """Send one datagram beside the packets, past the link; False where the kernel did not take it."""
        return self._sender.tell(data)

    def returned(self) -> list[tuple[bytes, Address]]:
        """Return the datagrams that came back, each with its source, past the link; never waits."""
        return self._sender.returned()

    def fileno(self) -> int:
        """Return the socket's file descriptor; -1 when closed."""
        return self._sender.fileno()

    def _flush(self) -> None:
        """Send what has left the link by now."""
        packets = self.link.receive(self._clock())
        if packets:
            self._sender.send(PacketTrain.from_packets(packets))

    def _run(self) -> None:
        """Send what leaves the link later; end when the sender is closed and the link empty."""
        with self._state:
            while not self._over:
                due = self.link.next_timer()
                if due is None and self._closed:
                    return
                self._wakes_at = NEVER if due is None else due
                self._state.wait(None if due is None else max(0.0, due - self._clock()))
                self._flush()

    @property
    def destination(self) -> Endpoint:
        return self._sender.destination

    @property
    def departure(self) -> Departure:
        """How packets leave."""
        return self._sender.departure

    @property
    def local_address(self) -> Address:
        return self._sender.local_address

    @property
    def path_mtu(self) -> int | None:
        """Largest IP packet of the route in bytes, once packets were too large for it."""
        return self._sender.path_mtu

    @property
    def notices(self) -> list[str]:
        """Sentences to say once; whoever says them empties the list."""
        return self._sender.notices

    @property
    def packets_dropped(self) -> int:
        """Packets that left the link and that the kernel did not take."""
        return self._sender.packets_dropped

    @property
    def send_errors(self) -> int:
        """Errors that the kernel reported."""
        return self._sender.send_errors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let packets on their way leave, for ``LINGER`` seconds at most, and close the socket."""
        with self._state:
            self._closed = True
            self._state.notify()
        self._thread.join(LINGER)
        with self._state:
            self._over = True
            self._state.notify()
        self._thread.join()
        self._sender.close()


Receiver = UdpReceiver | ImpairedReceiver
Sender = UdpSender | ImpairedSender


def through_link(datagrams: Iterable[Datagram], link: Link) -> Iterator[Datagram]:
    """Yield the datagrams of a capture as they leave a link, at the times of leaving; its clock is theirs."""
    for now, source, destination, payload in datagrams:
        yield from _left_before(now, link)
        link.send(payload, now, (source, destination))
    yield from _left_before(NEVER, link)


def _left_before(now: float, link: Link) -> Iterator[Datagram]:
    while (due := link.next_timer()) is not None and due <= now:
        for payload, (source, destination) in link.receive_tagged(due):
            yield due, source, destination, payload


def _by_source(packets: list[tuple[bytes, Address]]) -> list[Received]:
    """Return one train for each source, in the order of their first packets."""
    found: dict[Address, list[bytes]] = {}
    for packet, source in packets:
        found.setdefault(source, []).append(packet)
    return [(PacketTrain.from_packets(chosen), source) for source, chosen in found.items()]
