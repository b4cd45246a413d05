"""Cutting a frame into packets (RFC 2435 sections 4.3, 4.4)."""

from __future__ import annotations

import itertools

import pytest

import rtpjpeg
from conformance.builders import read_all
from conformance.pictures import intervals_of, jpeg, scan_of

CASES = [
    (type, quality, mtu) for type in (0, 1, 64, 65) for quality in (40, 90) for mtu in (280, 576, 1400, 9000)
]


def own_tables(type: int, quality: int) -> bytes:
    return jpeg(type, quality=quality, chroma_quality=quality - 20, width=320, height=240)


@pytest.mark.rule("J-092")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_no_packet_is_larger_than_the_mtu(type, quality, mtu):
    # "Frames SHOULD be fragmented into packets in a manner avoiding fragmentation at a lower level."
    ipv6_and_udp = 40 + 8
    for file in (jpeg(type, quality=quality, width=320, height=240), own_tables(type, quality)):
        sizes = [len(packet) for packet in rtpjpeg.packetize(file, mtu=mtu)]
        assert max(sizes) + ipv6_and_udp <= mtu
        assert len(sizes) > 1 or mtu == 9000


@pytest.mark.rule("J-092")
@pytest.mark.parametrize("type", [0, 1])
def test_packets_without_restart_markers_are_filled(type):
    sizes = [len(packet) for packet in rtpjpeg.packetize(own_tables(type, 90))]
    assert set(sizes[:-1]) == {1400 - 48}
    assert 0 < sizes[-1] <= 1400 - 48


@pytest.mark.rule("J-092")
def test_a_lower_mtu_is_taken_from_the_next_frame_on():
    session = rtpjpeg.SenderSession(mtu=1400)
    file = jpeg(width=320, height=240)
    assert max(map(len, session.send_frame(file, 0.0, 0.0))) == 1352
    session.mtu = 1300
    assert max(map(len, session.send_frame(file, 0.1, 0.1))) == 1252


@pytest.mark.rule("J-093")
@pytest.mark.parametrize("mtu", [576, 1400])
@pytest.mark.parametrize("type", [64, 65])
def test_whole_intervals_fill_each_packet(type, mtu):
    # "If support for partial frame decoding is desired, frames SHOULD be fragmented such that each
    # packet contains an integral number of restart intervals."
    file = jpeg(type, quality=70, width=320, height=240, interval=4)
    packets = read_all(rtpjpeg.packetize(file, mtu=mtu))
    sizes = [len(piece) for piece in intervals_of(scan_of(file))]
    assert max(sizes) < mtu - 48 - 24
    for packet, following in itertools.pairwise(packets):
        assert packet.chunk.first and packet.chunk.last
        assert packet.size + sizes[following.chunk.count] > mtu - 48, "one more interval would have fitted"


@pytest.mark.rule("J-094")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_packets_are_sent_in_order(type, quality, mtu):
    # "Packets making up a frame SHOULD be sent sequentially."
    packets = read_all(rtpjpeg.packetize(own_tables(type, quality), mtu=mtu, sequence_number=65530))
    for packet, following in itertools.pairwise(packets):
        assert (following.sequence - packet.sequence) & 0xFFFF == 1
        assert following.offset > packet.offset


@pytest.mark.rule("J-095", "J-096")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_fragments_cover_the_scan_without_overlap_or_hole(type, quality, mtu):
    # "... the fragments they contain MUST NOT overlap one another."
    file = own_tables(type, quality)
    packets = read_all(rtpjpeg.packetize(file, mtu=mtu))
    for packet, following in itertools.pairwise(packets):
        assert packet.offset + len(packet.data) == following.offset
    assert packets[0].offset == 0
    assert packets[-1].offset + len(packets[-1].data) == len(scan_of(file))


@pytest.mark.rule("J-096")
def test_consecutive_frames_have_consecutive_numbers():
    packetizer = rtpjpeg.Packetizer(sequence_number=65500)
    numbers = []
    for seed, type in enumerate((1, 65, 0, 64)):
        file = jpeg(type, width=320, height=240, seed=seed)
        numbers += [packet.sequence for packet in read_all(packetizer.packetize(file, 3000 * seed))]
    assert numbers == [(65500 + index) & 0xFFFF for index in range(len(numbers))]
