"""Link layers, IP and UDP headers of captured frames, and fragments."""

from __future__ import annotations

import random
import struct

import pytest

from net.captures import (
    FOUND4,
    FOUND6,
    IPV4,
    IPV6,
    PAYLOAD,
    ethernet,
    ipv4_fragments,
    ipv6_fragments,
    ipv6_with,
    loopback,
    sll,
    sll2,
)
from rtpjpeg.net.headers import CUT_SHORT, FRAGMENT, MALFORMED, OPEN_FRAGMENTS, OTHER, Datagrams
from rtpjpeg.net.pcap import ip_packet

FRAMES = [
    ("ethernet", 1, ethernet(IPV4), FOUND4),
    ("ethernet ipv6", 1, ethernet(IPV6), FOUND6),
    ("ethernet, padded", 1, ethernet(ip_packet(*FOUND4[:2], b"x")) + bytes(20), (*FOUND4[:2], b"x")),
    ("vlan", 1, ethernet(IPV4, 0x8100), FOUND4),
    ("vlan in vlan", 1, ethernet(IPV6, 0x88A8, 0x8100), FOUND6),
    ("raw", 101, IPV4, FOUND4),
    ("raw ipv6", 101, IPV6, FOUND6),
    ("raw as BSD numbers it", 12, IPV4, FOUND4),
    ("raw as OpenBSD numbers it", 14, IPV6, FOUND6),
    ("raw ipv4 only", 228, IPV4, FOUND4),
    ("raw ipv6 only", 229, IPV6, FOUND6),
    ("linux cooked", 113, sll(IPV4), FOUND4),
    ("linux cooked ipv6", 113, sll(IPV6), FOUND6),
    ("linux cooked 2", 276, sll2(IPV4), FOUND4),
    ("linux cooked 2 ipv6", 276, sll2(IPV6), FOUND6),
    ("bsd loopback", 0, loopback(IPV4, 2), FOUND4),
    ("bsd loopback of a big-endian machine", 0, loopback(IPV4, 2, ">"), FOUND4),
    ("bsd loopback ipv6 of macOS", 0, loopback(IPV6, 30), FOUND6),
    ("bsd loopback ipv6 of FreeBSD", 0, loopback(IPV6, 28), FOUND6),
    ("openbsd loopback", 108, loopback(IPV4, 2, ">"), FOUND4),
    (
        "ipv4 options",
        101,
        b"\x46" + IPV4[1:2] + struct.pack("!H", len(IPV4) + 4) + IPV4[4:20] + bytes(4) + IPV4[20:],
        FOUND4,
    ),
    ("length left to the network card", 101, IPV4[:2] + bytes(2) + IPV4[4:], FOUND4),
    ("ipv6 length left to the network card", 101, IPV6[:4] + bytes(2) + IPV6[6:], FOUND6),
    ("udp length left to the network card", 101, IPV4[:24] + bytes(2) + IPV4[26:], FOUND4),
    (
        "ipv6 extensions",
        101,
        ipv6_with(IPV6, (0, b"\0" + bytes(6)), (43, b"\1" + bytes(14)), (60, b"\0" + bytes(6))),
        FOUND6,
    ),
    ("ipv6 in one fragment", 101, ipv6_fragments(IPV6, 1000)[0], FOUND6),
]


@pytest.mark.parametrize(
    ("link_type", "frame", "found"), [row[1:] for row in FRAMES], ids=[row[0] for row in FRAMES]
)
def test_a_datagram_is_found(link_type: int, frame: bytes, found: object) -> None:
    datagrams = Datagrams()
    assert (datagrams.find(link_type, frame) or ())[:3] == found
    assert datagrams.skipped.total() == 0


NOT_UDP = [
    ("arp", 1, bytes(12) + b"\x08\x06" + bytes(28)),
    ("linux cooked arp", 113, bytes(14) + b"\x08\x06" + bytes(28)),
    ("linux cooked 2 arp", 276, b"\x08\x06" + bytes(40)),
    ("loopback of another family", 0, loopback(IPV4, 99)),
    ("tcp", 101, IPV4[:9] + b"\x06" + IPV4[10:]),
    ("ip version 5", 101, b"\x55" + IPV4[1:]),
    ("ipv4 header longer than the packet", 101, b"\x4f\0" + struct.pack("!H", 40) + IPV4[4:]),
    ("ipv4 header too short", 101, b"\x44" + IPV4[1:]),
    ("ipv6 extension that does not end", 101, ipv6_with(IPV6[:40], (0, b"\xff" + bytes(6)))[:48] + bytes(8)),
    ("ipv6 extension behind the end", 101, ipv6_with(IPV6[:40], (0, b"\0" + bytes(6)), (60, b""))),
    ("nothing", 101, b""),
]


@pytest.mark.parametrize(
    ("link_type", "frame"), [row[1:] for row in NOT_UDP], ids=[row[0] for row in NOT_UDP]
)
def test_what_is_not_udp_is_counted(link_type: int, frame: bytes) -> None:
    datagrams = Datagrams()
    assert datagrams.find(link_type, frame) is None
    assert datagrams.skipped.keys() <= {OTHER, MALFORMED} and datagrams.skipped.total() == 1


@pytest.mark.parametrize(
    "udp",
    [b"\x9c\x40\x13\x8c\0\x07\0\0", b"\x9c\x40\x13\x8c\0\x09\0\0", b"\x9c\x40\x13\x8c"],
    ids=["length below 8", "length beyond the packet", "cut header"],
)
def test_a_wrong_udp_header_is_counted(udp: bytes) -> None:
    datagrams = Datagrams()
    frame = IPV4[:2] + struct.pack("!H", 20 + len(udp)) + IPV4[4:20] + udp
    assert datagrams.find(101, frame) is None
    assert dict(datagrams.skipped) == {MALFORMED: 1}


@pytest.mark.parametrize("packet", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_every_truncation_is_counted_and_none_is_passed_on(packet: bytes) -> None:
    datagrams = Datagrams()
    assert [datagrams.find(101, packet[:size]) for size in range(len(packet))] == [None] * len(packet)
    assert datagrams.skipped.keys() == {OTHER, CUT_SHORT}
    assert datagrams.skipped[CUT_SHORT] == len(packet) - (20 if packet is IPV4 else 40)


LONG4 = ip_packet(*FOUND4[:2], PAYLOAD * 300)
LONG6 = ip_packet(*FOUND6[:2], PAYLOAD * 300)


@pytest.mark.parametrize(
    ("fragments", "found", "largest"),
    [(ipv4_fragments(LONG4, 1480), FOUND4, 1500), (ipv6_fragments(LONG6, 1448), FOUND6, 1496)],
    ids=["ipv4", "ipv6"],
)
def test_fragments_are_joined_in_any_order(
    fragments: list[bytes], found: tuple[object, object, object], largest: int, seed: int
) -> None:
    chance = random.Random(seed)
    expected = (*found[:2], PAYLOAD * 300, largest, len(fragments))
    for _ in range(20):
        datagrams = Datagrams()
        results = [datagrams.find(101, piece) for piece in chance.sample(fragments, len(fragments))]
        assert results == [None] * (len(fragments) - 1) + [expected]
        assert datagrams.find(101, fragments[0]) is None  # a repeated fragment opens a new datagram
        datagrams.finish()
        assert datagrams.skipped[FRAGMENT] == 1


def test_two_fragmented_datagrams_are_kept_apart() -> None:
    one, other = ipv4_fragments(LONG4, 1480, 1), ipv4_fragments(LONG4, 1480, 2)
    datagrams = Datagrams()
    results = [datagrams.find(101, piece) for pair in zip(one, other, strict=True) for piece in pair]
    assert [result is not None for result in results] == [False] * (len(results) - 2) + [True, True]


def test_a_fragment_that_never_comes_costs_bounded_memory() -> None:
    datagrams = Datagrams()
    for identification in range(OPEN_FRAGMENTS + 10):
        assert datagrams.find(101, ipv4_fragments(LONG4, 1480, identification)[0]) is None
    assert datagrams.skipped[FRAGMENT] == 10
    assert len(datagrams._open) == OPEN_FRAGMENTS
    datagrams.finish()
    assert datagrams.skipped[FRAGMENT] == OPEN_FRAGMENTS + 10


def fragment4(offset: int, data: bytes) -> bytes:
    """A fragment with more behind it; the offset counts 8 bytes."""
    return IPV4[:2] + struct.pack("!HHH", 20 + len(data), 1, 0x2000 | offset) + IPV4[8:20] + data


@pytest.mark.parametrize(
    ("size", "most"), [(0, 257), (8, 257), (4000, 17)], ids=["empty", "tiny", "overlapping"]
)
def test_fragments_that_make_no_datagram_cost_bounded_memory(size: int, most: int) -> None:
    datagrams = Datagrams()
    for offset in range(8000):
        assert datagrams.find(101, fragment4(offset, bytes(size))) is None
    assert datagrams.skipped[FRAGMENT] == 8000 // most


def test_a_fragment_without_data_joins_nothing() -> None:
    empty = IPV4[:2] + struct.pack("!HHH", 20, 1, 0x2000) + IPV4[8:20]
    datagrams = Datagrams()
    assert datagrams.find(101, empty) is None
    datagrams.finish()
    assert datagrams.skipped[FRAGMENT] == 1
