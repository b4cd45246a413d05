"""Capture files: the UDP datagrams of a pcap or pcapng file, and datagrams written as pcap.

A capture taken on the machine that sends trains (UDP_SEGMENT) holds each train as one datagram, as
it was before the kernel cut it. Capture behind a wire, or write what a socket received.
"""

from __future__ import annotations

import ipaddress
import os
import struct
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache
from typing import BinaryIO

from ..errors import CaptureError
from .address import Address
from .headers import RAW, Datagrams
from .piece import EndedEarly
from .records import frames

Datagram = tuple[float, Address, Address, bytes]
"""Seconds since 1970, source, destination, payload."""

ENDED_EARLY = "{name} ends in the middle of a record; what stands before it was read"
_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, RAW)


class DatagramReader(Iterator[Datagram]):
    """The UDP datagrams of a capture file, in the order of the file.

    Raises ``CaptureError`` from the first ``next`` on when the file cannot be read or is broken. A last
    record that is cut off ends the reading with a notice.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.notices: list[str] = []
        """Sentences about what was left out; complete at the end of the file."""
        self._datagrams = Datagrams()
        self._walk = self._read()

    def __next__(self) -> Datagram:
        return next(self._walk)

    @property
    def skipped(self) -> Counter[str]:
        """How many packets were left out, by reason."""
        return self._datagrams.skipped

    def close(self) -> None:
        """Close the file before its end."""
        self._walk.close()

    def _read(self) -> Generator[Datagram, None, None]:
        try:
            with open(self.path, "rb", buffering=0) as stream:
                for time, link_type, frame in frames(stream, self.path):
                    found = self._datagrams.find(link_type, frame)
                    if found:
                        yield time, found.source, found.destination, found.data
        except OSError as error:
            raise CaptureError(f"{self.path} cannot be read: {error.strerror}") from None
        except EndedEarly:
            self.notices.append(ENDED_EARLY.format(name=self.path))
        self._datagrams.finish()
        self.notices += self._datagrams.notices(self.path)


def read_datagrams(path: str | os.PathLike[str]) -> DatagramReader:
    """Return an iterator over (seconds, source, destination, payload) of a pcap or pcapng file."""
    return DatagramReader(path)


class DatagramWriter:
    """Writes datagrams one by one as a classic pcap of raw IP packets with right checksums.

    ``stream`` is a binary file open for writing, which ``close`` closes. Times are kept to the microsecond.
    Raises ``OSError`` when the stream cannot be written.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0
        """Datagrams written."""
        stream.write(_FILE_HEADER)

    def write(self, time: float, source: Address, destination: Address, payload: bytes) -> None:
        """Write one datagram that came at ``time``, seconds since 1970.

        Raises ``CaptureError`` when it cannot be an IP packet; nothing of it is written then.
        """
        try:
            record = _record(self.count + 1, time, source, destination, payload)
        except (ValueError, OverflowError, struct.error) as error:
            where = f"datagram {self.count + 1} from {source} to {destination} at {time}"
            raise CaptureError(f"{where}: {error}") from None
        self._stream.write(record)
        self.count += 1

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def write_datagrams(path: str | os.PathLike[str], datagrams: Iterable[Datagram]) -> int:
    """Write datagrams to a file as ``DatagramWriter`` does; return how many.

    Raises ``CaptureError`` when the file cannot be written or a datagram cannot be an IP packet.
    """
    try:
        with open(path, "wb") as stream:
            writer = DatagramWriter(stream)
            for datagram in datagrams:
                writer.write(*datagram)
    except OSError as error:
        raise CaptureError(f"{os.fspath(path)} cannot be written: {error.strerror}") from None
    return writer.count


def _record(number: int, time: float, source: Address, destination: Address, payload: bytes) -> bytes:
    seconds, microseconds = divmod(round(time * 1_000_000), 1_000_000)
    packet = ip_packet(source, destination, payload, number)
    return struct.pack("<IIII", seconds, microseconds, len(packet), len(packet)) + packet


def ip_packet(source: Address, destination: Address, payload: bytes, identification: int = 0) -> bytes:
    """Return an IPv4 or IPv6 packet that holds one UDP datagram (RFC 791 3.1, RFC 8200 3, RFC 768).

    Raises ValueError for an address that is none, two kinds of address, or a payload over 65507 bytes.
    """
    sender, receiver = _parse(source[0]), _parse(destination[0])
    if sender.version != receiver.version:
        raise ValueError("found IPv4 and IPv6, expected both addresses of one kind")
    if len(payload) > 65507:
        raise ValueError(f"found {len(payload)} bytes, expected at most 65507")
    addresses = sender.packed + receiver.packed
    length = 8 + len(payload)
    pseudo_header = addresses + struct.pack("!II", 17, length)
    udp = struct.pack("!HHHH", source[1], destination[1], length, 0) + payload
    udp = udp[:6] + (_checksum(pseudo_header + udp) or 0xFFFF).to_bytes(2, "big") + udp[8:]
    if sender.version == 6:
        return struct.pack("!IHBB", 0x60000000, length, 17, 64) + addresses + udp
    header = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, identification & 0xFFFF, 0, 64, 17)
    return header + _checksum(header + addresses).to_bytes(2, "big") + addresses + udp


@lru_cache(maxsize=256)
def _parse(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(host.partition("%")[0])


def _checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071): the ones' complement sum is the number modulo 65535."""
    padded = data + bytes(len(data) % 2)
    return -int.from_bytes(padded, "big") % 0xFFFF
