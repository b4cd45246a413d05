"""Capture files built by hand: frames of every link type, records of both formats."""

from __future__ import annotations

import socket
import struct

from rtpjpeg.net.pcap import ip_packet

SOURCE, DESTINATION, PAYLOAD = ("192.0.2.1", 40000), ("198.51.100.2", 5004), b"payload of one datagram"
SOURCE6, DESTINATION6 = ("2001:db8::1", 40000), ("2001:db8::2", 5004)
IPV4 = ip_packet(SOURCE, DESTINATION, PAYLOAD)
IPV6 = ip_packet(SOURCE6, DESTINATION6, PAYLOAD)
FOUND4 = (SOURCE, DESTINATION, PAYLOAD)
FOUND6 = (SOURCE6, DESTINATION6, PAYLOAD)


def ethernet(packet: bytes, *tags: int) -> bytes:
    """An Ethernet frame, with VLAN tags in front of the packet."""
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    return bytes(12) + b"".join(struct.pack("!HH", tag, 7) for tag in tags) + struct.pack("!H", kind) + packet


def sll(packet: bytes) -> bytes:
    return struct.pack("!HHHQH", 0, 1, 6, 0, 0x86DD if packet[0] >> 4 == 6 else 0x0800) + packet


def sll2(packet: bytes) -> bytes:
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    return struct.pack("!HHIHBBQ", kind, 0, 1, 1, 0, 6, 0) + packet


def ipv6_with(packet: bytes, *extensions: tuple[int, bytes]) -> bytes:
    """Put extension headers (number, content) in front of the UDP header."""
    numbers = [number for number, _ in extensions] + [17]
    chain = b"".join(
        bytes([following]) + content for (_, content), following in zip(extensions, numbers[1:], strict=True)
    )
    body = chain + packet[40:]
    return packet[:4] + struct.pack("!HB", len(body), numbers[0]) + packet[7:40] + body


def ipv4_fragments(packet: bytes, size: int, identification: int = 1) -> list[bytes]:
    """Cut an IPv4 packet into fragments of ``size`` bytes of data, a multiple of 8."""
    header, data = packet[:20], packet[20:]
    pieces = []
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        more = 0x2000 if start + size < len(data) else 0
        place = struct.pack("!HHH", 20 + len(piece), identification, more | start // 8)
        pieces.append(header[:2] + place + header[8:] + piece)
    return pieces


def ipv6_fragments(packet: bytes, size: int, identification: int = 1) -> list[bytes]:
    data = packet[40:]
    pieces = []
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        fragment = struct.pack("!BBHI", 17, 0, start | (start + size < len(data)), identification)
        pieces.append(packet[:4] + struct.pack("!HB", 8 + len(piece), 44) + packet[7:40] + fragment + piece)
    return pieces


def pcap(link_type: int, *frames: bytes, order: str = "<", nanoseconds: bool = False, step: int = 1) -> bytes:
    """A classic pcap; frame n was captured at n seconds and n * ``step`` parts of a second."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)]
    for number, frame in enumerate(frames, 1):
        parts.append(struct.pack(f"{order}IIII", number, number * step, len(frame), len(frame)) + frame)
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", 12 + len(body))
    return struct.pack(f"{order}I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link_type: int, options: bytes = b"", order: str = "<", snaplen: int = 0) -> bytes:
    return block(1, struct.pack(f"{order}HHI", link_type, 0, snaplen) + options, order)


def enhanced(frame: bytes, time: int, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(f"{order}IIIII", number, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame + bytes(-len(frame) % 4) + option(2, b"\0\0\0\1", order), order)


def old(frame: bytes, time: int, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(f"{order}HHIIII", number, 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
    return block(2, head + frame, order)


def simple(frame: bytes, original: int | None = None, order: str = "<") -> bytes:
    return block(3, struct.pack(f"{order}I", len(frame) if original is None else original) + frame, order)


def loopback(packet: bytes, family: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}I", family) + packet


AF_INET = int(socket.AF_INET)
