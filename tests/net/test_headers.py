"""Link layers, IP and UDP headers of captured frames, and fragments."""

from __future__ import annotations

import random
import struct

import pytest

from net.captures import FOUND4, FOUND6, IPV4, IPV6, PAYLOAD, ipv4_fragments, ipv6_fragments
from net.layers import FRAMES, NOT_UDP
from rtpjpeg.net.headers import CUT_SHORT, FRAGMENT, MALFORMED, OPEN_FRAGMENTS, OTHER, Datagrams
from rtpjpeg.net.pcap import ip_packet


@pytest.mark.parametrize(
    ("link_type", "frame", "found"), [row[1:] for row in FRAMES], ids=[row[0] for row in FRAMES]
)
def test_a_datagram_is_found(link_type: int, frame: bytes, found: object) -> None:
    datagrams = Datagrams()
    assert (datagrams.find(link_type, frame) or ())[:3] == found
    assert datagrams.skipped.total() == 0


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
