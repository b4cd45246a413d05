"""Where a stream goes: one socket for each destination, and others in their place while it runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from ..net.impaired import Sender
from ..net.srtp import Protector, Unprotector
from ..train import PacketTrain

COUNTED = ("packets_sent", "bytes_sent", "send_errors")
"""What is counted over all sockets that a stream has had."""


class Outlets:
    """Sends every train to all destinations; one thread sends, another may replace the sockets.

    With a ``protector`` packets are encrypted, once for all destinations.
    """

    def __init__(self, senders: Sequence[Sender], protector: Protector | None = None) -> None:
        self.senders = senders
        self.protector = protector
        """Encrypts RTCP too; None without a key."""
        self.unprotector = None if protector is None else Unprotector(protector.key)
        """Decrypts the RTCP that comes back."""
        self._lock = threading.Lock()
        self._before: Counter[str] = Counter()

    def send(self, train: PacketTrain) -> None:
        """Send a train to each destination."""
        if self.protector is not None:
            train = self.protector.protect(train)
        with self._lock:
            for sender in self.senders:
                sender.send(train)

    def replace(self, senders: Sequence[Sender]) -> None:
        """Send to others from the next train on, and close those before; no packet falls in between."""
        with self._lock:
            old, self.senders = self.senders, senders
        for sender in old:
            sender.close()
            self._before.update({name: getattr(sender, name) for name in COUNTED})

    @property
    def places(self) -> list[str]:
        """Where packets go, as a user writes it: HOST:PORT, or HOST:PORT@INTERFACE."""
        ways = ((str(sender.destination), sender.departure.interface) for sender in self.senders)
        return [f"{place}@{interface}" if interface else place for place, interface in ways]

    def count(self) -> dict[str, int]:
        """Return what the kernel took of all packets, in packets and bytes (UDP payload), and its errors."""
        return {
            name: self._before[name] + sum(getattr(sender, name) for sender in self.senders)
            for name in COUNTED
        }

    @property
    def path_mtu(self) -> int | None:
        """Largest IP packet in bytes that every route takes, once packets were too large for one.

        What encryption adds to a packet is taken off.
        """
        known = [sender.path_mtu for sender in self.senders if sender.path_mtu is not None]
        return min(known) - self.overhead if known else None

    @property
    def overhead(self) -> int:
        """Bytes that encryption adds to a packet."""
        return 0 if self.protector is None else self.protector.key.tag_size

    def take_notices(self) -> list[str]:
        """Return what the sockets have to say, each sentence once."""
        found: list[str] = []
        for sender in self.senders:
            while sender.notices:
                found.append(sender.notices.pop(0))
        return found
