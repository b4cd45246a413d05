"""The restart marker header as a sender writes it (RFC 2435 sections 1, 3.1.7, 3.1.9, 4.4)."""

from __future__ import annotations

import re

import pytest

import rtpjpeg
from conformance.builders import Chunk, Packet, read_all
from conformance.pictures import (
    DRI,
    Segment,
    filler,
    intervals_of,
    jpeg,
    replaced,
    scan_of,
    with_first,
    with_scan,
    without,
)
from photographs import panned
from rtpjpeg import Packetizer
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.packetizer import scan_room

FILL = re.compile(b"\xff+(?=\xff[\xd0-\xd7])")
MTUS = [300, 600, 1400]
CASES = [(type, quality, mtu) for type in (64, 65) for quality in (30, 75, 97) for mtu in MTUS]


def sent(file: bytes, **options: object) -> list[Packet]:
    return read_all(rtpjpeg.packetize(file, **options))


def chunks_of(packets: list[Packet]) -> list[list[Packet]]:
    """Packets grouped from F to L."""
    groups: list[list[Packet]] = []
    for packet in packets:
        if packet.chunk.first:
            groups.append([])
        groups[-1].append(packet)
    return groups


def data_of(group: list[Packet]) -> bytes:
    return b"".join(packet.data for packet in group)


def intervals_in(group: list[Packet]) -> int:
    """How many intervals a chunk holds: its restart markers, and the frame's first interval."""
    pieces = intervals_of(data_of(group))
    return len([piece for piece in pieces if piece])


@pytest.mark.rule("J-036")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_header_in_every_packet(type, quality, mtu):
    # "This header MUST be present immediately after the main JPEG header when using types 64-127."
    file = jpeg(type, quality=quality, width=160, height=120, interval=5)
    packets = rtpjpeg.packetize(file, mtu=mtu)
    for packet, parsed in zip(packets, read_all(packets), strict=True):
        assert packet[16] == type
        assert packet[20:22] == b"\x00\x05"
        assert scan_of(file)[parsed.offset :].startswith(packet[24:])


@pytest.mark.rule("J-037")
@pytest.mark.parametrize("type", [0, 1])
def test_no_header_without_restart_markers(type):
    file = jpeg(type, width=160, height=120)
    packets = rtpjpeg.packetize(file, mtu=300)
    assert b"".join(packet[20:] for packet in packets) == scan_of(file)


@pytest.mark.rule("J-038")
@pytest.mark.parametrize(
    ("type", "interval"), [(64, 300), (65, 300), (65, 1), (65, 255), (64, 256), (64, 1279)]
)
def test_interval_is_that_of_the_dri_segment(type, interval):
    # "It is identical to the 16 bit value that would appear in the DRI marker segment."
    file = jpeg(type, width=640, height=480, interval=interval, quality=50)
    packets = rtpjpeg.packetize(file)
    assert len(intervals_of(scan_of(file))) > 1
    assert {packet[20:22] for packet in packets} == {interval.to_bytes(2, "big")}


@pytest.mark.rule("J-039")
@pytest.mark.parametrize("type", [0, 1])
def test_interval_zero_goes_out_without_restart_header(type):
    # "This value MUST NOT be zero."
    file = with_first(jpeg(type), Segment(DRI, b"\x00\x00"))
    packets = sent(file)
    assert {packet.type for packet in packets} == {type}
    assert data_of(packets) == scan_of(file)


@pytest.mark.rule("J-039", "J-082")
@pytest.mark.parametrize("type", [0, 1])
def test_interval_without_any_marker_in_the_scan_goes_out_without_restart_header(type):
    # Some cameras write a DRI segment and no markers; an interval longer than the picture is the same.
    file = with_first(jpeg(type), Segment(DRI, b"\x01\x00"))
    assert {packet.type for packet in sent(file)} == {type}


@pytest.mark.rule("J-041")
@pytest.mark.parametrize("type", [64, 65])
def test_packets_that_ignore_intervals_say_so(type):
    # "... the F (first) and L (last) bits MUST be set to 1 and the Restart Count MUST be set to 0x3FFF."
    train = Packetizer(aligned=False).packetize(jpeg(type, width=320, height=240), 0)
    packets = list(train)
    assert len(packets) > 2
    assert {packet[22:24] for packet in packets} == {b"\xff\xff"}
    assert {packet[20:22] for packet in packets} == {b"\x00\x04"}


@pytest.mark.rule("J-043", "J-093", "J-123")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_chunks_are_whole_intervals_that_begin_with_their_marker(type, quality, mtu):
    # Section 1: "A 'restart interval' is defined to be a block of data containing a restart marker
    # followed by some fixed number of MCUs. An exception is made for the first restart interval."
    file = jpeg(type, quality=quality, width=160, height=120, interval=5)
    groups = chunks_of(sent(file, mtu=mtu))
    assert b"".join(map(data_of, groups)) == scan_of(file)
    intervals = iter(intervals_of(scan_of(file)))
    for group in groups:
        whole = b"".join(next(intervals) for _ in range(intervals_in(group)))
        assert data_of(group) == whole
    assert next(intervals, None) is None


@pytest.mark.rule("J-123")
def test_fill_bytes_in_front_of_a_marker_stay_with_their_interval():
    pieces = intervals_of(scan_of(jpeg(65, width=160, height=120)))
    scan = pieces[0] + b"".join(b"\xff\xff\xff" + piece for piece in pieces[1:])
    groups = chunks_of(sent(with_scan(jpeg(65, width=160, height=120), scan), mtu=300))
    assert b"".join(map(data_of, groups)) == scan
    for group in groups[1:]:
        assert group[0].data[:4] == b"\xff\xff\xff\xff"
        assert group[0].data[4] == 0xD0 + (group[0].chunk.count - 1) % 8


@pytest.mark.rule("J-080")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_fill_bytes_stand_in_front_of_markers_only(type, quality, mtu):
    # Section 3.1.9: "Additional 0xFF bytes MAY appear between restart intervals. This can be used in the
    # packetization process". The fragment offset counts them, for they are data of the scan.
    file = jpeg(type, quality=quality, width=160, height=120, interval=5)
    packets = read_all(Packetizer(mtu=mtu, fill=True).packetize(file, 0))
    scan = data_of(packets)
    assert intervals_of(FILL.sub(b"", scan)) == intervals_of(scan_of(file))
    assert FILL.sub(b"", scan) == scan_of(file)
    assert [packet.offset for packet in packets] == [
        sum(len(packet.data) for packet in packets[:index]) for index in range(len(packets))
    ]
    for packet, following in zip(packets, packets[1:], strict=False):
        assert packet.size == packets[0].size
        if packet.chunk.last:
            assert following.data[0] == 0xFF and following.data[1] & 0xF8 == 0xD0


@pytest.mark.rule("J-044")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_count_is_the_index_of_the_first_interval(type, quality, mtu):
    # "The Restart Count field contains the position of the first restart interval in the current
    # 'chunk' so that receivers know which part of the frame this data corresponds to."
    groups = chunks_of(sent(jpeg(type, quality=quality, width=160, height=120, interval=5), mtu=mtu))
    index = 0
    for group in groups:
        assert group[0].chunk.count == index
        if index:
            assert group[0].data[:2] == bytes([0xFF, 0xD0 + (index - 1) % 8])
        index += intervals_in(group)


@pytest.mark.rule("J-045", "J-046")
@pytest.mark.parametrize(("type", "quality", "mtu"), CASES)
def test_first_and_last_bits(type, quality, mtu):
    # "In this case, both the F and L bits of the packet are set to 1. However, if a chunk needs to be
    # spread across multiple packets, the F bit will be set to 1 in the first packet of the chunk (and
    # only that one) and the L bit will be set to 1 in the last packet of the chunk (and only that one)."
    groups = chunks_of(sent(jpeg(type, quality=quality, width=160, height=120, interval=5), mtu=mtu))
    for group in groups:
        last = len(group) - 1
        assert [packet.chunk.first for packet in group] == [True] + [False] * last
        assert [packet.chunk.last for packet in group] == [False] * last + [True]
        assert len({packet.chunk.count for packet in group}) == 1
        if last:
            assert intervals_in(group) == 1, "only an interval larger than a packet is split"


@pytest.mark.rule("J-046")
def test_an_interval_longer_than_a_packet_is_split():
    groups = chunks_of(sent(jpeg(65, quality=97, width=160, height=120, interval=20), mtu=300))
    assert max(map(len, groups)) >= 3


@pytest.mark.rule("J-047")
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("quality", [50, 85, 95])
@pytest.mark.parametrize("mtu", [700, 1400])
def test_the_encoder_makes_intervals_that_fit_a_packet(mtu, quality, subsampling):
    # Section 4.4: "The size of restart intervals SHOULD be chosen to always allow an integral number of
    # restart intervals to fit within a single packet." 99 in 100 do.
    encoder = JpegEncoder(quality, subsampling, packet_room=PacketRoom(scan_room(mtu)))
    packetizer = Packetizer(mtu=mtu)
    for picture in panned("chelsea", 640, 480, 6):
        before = packetizer.intervals_sent, packetizer.intervals_split
        packets = read_all(packetizer.packetize(encoder.encode_bgr(picture), 0))
        sent, split = packetizer.intervals_sent - before[0], packetizer.intervals_split - before[1]
    assert sent > 20
    assert split <= sent / 100
    assert {packet.type for packet in packets} == {64 + (subsampling == "420")}
    assert sum(packet.chunk.first and packet.chunk.last for packet in packets) == len(packets) - 2 * split


HEAD_422 = {"width": 2032, "height": 1032, "quality": 10, "interval": 1}


@pytest.mark.rule("J-048")
def test_16383_intervals_stay_aligned():
    # 127 x 129 MCUs of 4:2:2 with a marker in front of each but the first.
    packets = sent(jpeg(64, **HEAD_422))
    assert len(intervals_of(scan_of(jpeg(64, **HEAD_422)))) == 16383
    assert [packet.chunk.count for packet in packets] != [0x3FFF] * len(packets)
    assert max(packet.chunk.count for packet in packets) < 0x3FFF
    assert packets[-1].chunk.last


@pytest.mark.rule("J-048")
def test_a_chunk_at_interval_16383_makes_the_frame_unaligned():
    # 16384 intervals of 80 bytes, each in a packet of its own: the last one would say 0x3FFF.
    head = jpeg(65, width=2040, height=2040, quality=10, interval=1)
    body = filler(78, ending=b"")
    pieces = [body] + [bytes([0xFF, 0xD0 + index % 8]) + body for index in range(16383)]
    file = with_scan(head, b"".join(pieces) + b"\xff\xd9")
    packets = sent(file, mtu=48 + 24 + 100)
    assert {packet.chunk for packet in packets} == {Chunk(1, True, True, 0x3FFF)}
    assert data_of(packets) == scan_of(file)


@pytest.mark.rule("J-048")
def test_far_more_intervals_than_the_count_can_say_go_out_unaligned():
    # 128 x 255 MCUs of 4:2:2: a count of 14 bits wraps.
    packets = sent(jpeg(64, width=2040, height=2040, quality=10, interval=1))
    assert {packet.chunk for packet in packets} == {Chunk(1, True, True, 0x3FFF)}


@pytest.mark.rule("J-125")
def test_a_chunk_holds_as_many_intervals_as_fit():
    # "A packet (or group of packets as identified by the F and L bits) may contain any number of
    # consecutive restart intervals."
    sizes = [60, 900, 30, 30, 30, 400, 500, 700, 20, 20, 1400, 50]
    bodies = [filler(size, ending=b"") for size in sizes]
    markers = [b"", *(bytes([0xFF, 0xD0 + index % 8]) for index in range(len(sizes) - 1))]
    scan = b"".join(marker + body for marker, body in zip(markers, bodies, strict=True)) + b"\xff\xd9"
    file = with_scan(jpeg(65, width=192, height=16, interval=1), scan)
    groups = chunks_of(sent(file))
    assert len({intervals_in(group) for group in groups}) > 2
    assert sum(map(intervals_in, groups)) == len(sizes)
    assert data_of([packet for group in groups for packet in group]) == scan


@pytest.mark.rule("J-126")
@pytest.mark.parametrize("aligned", [True, False])
def test_one_interval_in_all_packets_of_a_frame(aligned):
    packetizer = Packetizer(aligned=aligned)
    for interval in (4, 6):
        packets = read_all(packetizer.packetize(jpeg(65, width=320, height=240, interval=interval), 0))
        assert {packet.chunk.interval for packet in packets} == {interval}


@pytest.mark.rule("J-039", "J-082")
def test_markers_without_a_dri_segment_are_refused():
    # Nobody can tell their interval; types 0 and 1 "MUST NOT contain restart markers anywhere".
    for file in (without(jpeg(65), DRI), replaced(jpeg(65), DRI, b"\x00\x00")):
        with pytest.raises(rtpjpeg.UnsupportedJpegError, match="restart"):
            rtpjpeg.packetize(file)
