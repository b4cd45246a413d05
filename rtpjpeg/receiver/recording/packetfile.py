"""A recording of packets: all that came for one camera, with the times when it was read, as a capture."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from pathlib import Path

from ...errors import CaptureError
from ...net.address import Address
from ...net.pcap import DatagramWriter
from ...rtcp import is_rtcp
from ...train import PacketTrain
from .files import Sink

LOOPBACKS = {4: "127.0.0.1", 6: "::1"}
ANY = {4: "0.0.0.0", 6: "::"}


class PacketFile:
    """A new capture file; ``local`` is where the packets came to.

    Raises ``FileExistsError`` where the name is taken, and other ``OSError``.
    """

    def __init__(self, path: Path, local: Address) -> None:
        self.path = path
        self.octets = 0
        """Bytes of the file."""
        self.packets_refused = 0
        """Packets that no capture can hold."""
        self.at_end_of_frame = True
        """True behind a packet with the marker bit."""
        self._local = local
        self._sink = Sink(path)
        self._buffer = _Buffer()
        self._writer = DatagramWriter(self._buffer)  # type: ignore[arg-type]

    def write(self, train: PacketTrain, time: float, peer: object, port: int | None = None) -> None:
        """Write packets that were read at ``time``, seconds since 1970, to another port where one is named.

        Raises ``OSError``.
        """
        host, usual = self._local
        source, destination = flow_of(peer, (host, usual if port is None else port))
        for packet in train:
            try:
                self._writer.write(time, source, destination, packet)
            except CaptureError:
                self.packets_refused += 1
            if not is_rtcp(packet):
                self.at_end_of_frame = len(packet) > 1 and packet[1] & 0x80 != 0
        self._flush()

    def _flush(self) -> None:
        data = self._buffer.take()
        self._sink.append(data)
        self.octets += len(data)

    def finish(self) -> None:
        """Close the file. Raises ``OSError``."""
        self._sink.close()

    def abandon(self) -> None:
        """Close the file behind the last packet that is whole. Never raises."""
        with suppress(OSError):
            self._sink.close()


class _Buffer:
    """What a writer wrote for one train: it goes to the file in one piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(data)
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def flow_of(peer: object, local: Address) -> tuple[Address, Address]:
    """Return source and destination as a capture can hold them: two real addresses of one kind.

    A socket for all addresses does not say which one a packet was sent to: that stays open (0.0.0.0),
    but where the sender is this machine. A peer that is no address is written as 0.0.0.0.
    """
    source = _address(peer)
    destination = _address(local) or (ipaddress.ip_address(ANY[4]), 0)
    if source is None:
        source = ipaddress.ip_address(ANY[destination[0].version]), 0
    version = source[0].version
    host = str(destination[0])
    if destination[0].version != version or destination[0].is_unspecified:
        host = LOOPBACKS[version] if source[0].is_loopback else ANY[version]
    return (str(source[0]), source[1]), (host, destination[1])


def _address(found: object) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int] | None:
    """Return address and port, None for what is none."""
    if not isinstance(found, tuple) or len(found) < 2:
        return None
    host, port = found[:2]
    with suppress(ValueError):
        address = ipaddress.ip_address(str(host).partition("%")[0])
        if isinstance(port, int) and 0 <= port <= 65535:
            return address, port
    return None
