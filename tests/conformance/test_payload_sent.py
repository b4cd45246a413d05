"""What a sender puts behind the headers: one entropy-coded scan (RFC 2435 sections 3.1.9, 4.1)."""

from __future__ import annotations

import pytest

import rtpjpeg
from conformance.builders import Packet, read_all
from conformance.huffman import code_tables, count_mcus
from conformance.pictures import (
    DHT,
    DQT,
    DRI,
    SOF0,
    SOS,
    Segment,
    filler,
    intervals_of,
    jpeg,
    put_together,
    scan_of,
    take_apart,
    with_first,
    with_scan,
)
from rtpjpeg import UnsupportedJpegError

WAITING = {
    "J-075": "a way to leave EOI out; one widespread receiver needs it, so it goes out always",
}


def sent(file: bytes, **options: object) -> list[Packet]:
    return read_all(rtpjpeg.packetize(file, **options))


def payload(file: bytes) -> bytes:
    """All scan bytes of a frame that was sent."""
    return b"".join(packet.data for packet in sent(file))


def markers_in(scan: bytes) -> list[int]:
    """The codes of all markers in a scan, fill bytes left out."""
    return [scan[at + 1] for at in range(len(scan) - 1) if scan[at] == 0xFF and scan[at + 1] not in (0, 0xFF)]


def extra_segments() -> list[Segment]:
    """APPn and COM segments with a thumbnail inside that is itself a JPEG."""
    thumbnail = jpeg(width=16, height=16)
    return [Segment(0xE1, b"Exif\0\0" + thumbnail), Segment(0xED, b"x" * 300), Segment(0xFE, b"comment")]


@pytest.mark.rule("J-074")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_only_the_scan_is_sent(type):
    # "The data following the RTP/JPEG headers is an entropy-coded segment consisting of a single scan.
    # The scan header is not present and is inferred from the RTP/JPEG header."
    file = with_first(jpeg(type, width=160, height=120), *extra_segments())
    scan = payload(file)
    assert scan == scan_of(jpeg(type, width=160, height=120))
    assert set(markers_in(scan[:-2])) <= set(range(0xD0, 0xD8))


@pytest.mark.rule("J-075")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("ending", [b"\xff\xd9", b"", b"\xff", b"\xff\xff\xff\xd9"])
def test_scan_ends_with_one_eoi(type, ending):
    # "The scan is terminated either implicitly ... or explicitly with an EOI marker."
    file = jpeg(type)
    scan = payload(with_scan(file, scan_of(file)[:-2] + ending))
    assert scan == scan_of(file)


@pytest.mark.rule("J-075")
@pytest.mark.parametrize(
    "trailing", [b"\0" * 5, b"\xff\xd9", b"\xff\xd8\xff\xe0rest", jpeg(width=16, height=16)]
)
def test_bytes_behind_eoi_are_not_sent(trailing):
    assert payload(jpeg() + trailing) == scan_of(jpeg())


@pytest.mark.rule("J-078")
@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("interval", [1, 3, 5, 100])
def test_markers_stand_exactly_every_interval(type, interval):
    # "... restart markers MUST appear on byte aligned boundaries beginning with an 0xFF between MCUs at
    # that interval."
    file = jpeg(type, width=160, height=120, interval=interval)
    packets = sent(file, mtu=400)
    tables = code_tables(file)
    pieces = intervals_of(b"".join(packet.data for packet in packets))
    mcus = 10 * (8 if type & 1 else 15)
    counts = [count_mcus(piece, tables, type) for piece in pieces]
    expected = [interval] * (mcus // interval) + [mcus % interval] * (mcus % interval > 0)
    assert counts == expected
    if len(pieces) > 1:
        assert {packet.chunk.interval for packet in packets} == {interval}


@pytest.mark.rule("J-078")
@pytest.mark.parametrize("change", ["missing", "more"])
def test_a_wrong_number_of_markers_is_refused(change):
    pieces = intervals_of(scan_of(jpeg(65)))
    pieces = (
        pieces[:-1] + [b"\xff\xd9"] if change == "missing" else [*pieces[:-1], b"\xff\xd1\x12", pieces[-1]]
    )
    with pytest.raises(UnsupportedJpegError, match="restart"):
        sent(with_scan(jpeg(65), b"".join(pieces)))


@pytest.mark.rule("J-079")
@pytest.mark.parametrize("type", [64, 65])
def test_marker_numbers_are_cyclic(type):
    scan = payload(jpeg(type, width=320, height=240, interval=3))
    codes = markers_in(scan[:-2])
    assert len(codes) > 20
    assert codes == [0xD0 + index % 8 for index in range(len(codes))]


@pytest.mark.rule("J-079")
def test_markers_out_of_order_are_refused():
    scan = scan_of(jpeg(65)).replace(b"\xff\xd1", b"\xff\xd2")
    with pytest.raises(UnsupportedJpegError, match="order"):
        sent(with_scan(jpeg(65), scan))


@pytest.mark.rule("J-080")
def test_fill_bytes_of_the_source_are_kept():
    # "Additional 0xFF bytes MAY appear between restart intervals."
    pieces = intervals_of(scan_of(jpeg(65)))
    scan = (b"\xff" * 3).join(pieces)
    assert payload(with_scan(jpeg(65), scan)) == scan


@pytest.mark.rule("J-082")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_types_without_restart_have_no_markers(type):
    # "Types which do not support restart makers MUST NOT contain restart markers anywhere."
    for packet in sent(jpeg(type, width=160, height=120)):
        assert (packet.type >= 64) is (type >= 64)
        if packet.type < 64:
            assert set(markers_in(packet.data)) <= {0xD9}


@pytest.mark.rule("J-082")
def test_the_compatible_profile_refuses_markers():
    with pytest.raises(UnsupportedJpegError, match="compatible"):
        rtpjpeg.Packetizer(profile="compatible").packetize(jpeg(65), 0)
    train = rtpjpeg.Packetizer(profile="compatible").packetize(jpeg(1), 0)
    assert {packet.type for packet in read_all(train)} == {1}


@pytest.mark.rule("J-084")
def test_ff_is_followed_by_a_stuffed_zero():
    # "All packets MUST contain a 'stuffed' 0x00 byte following any true 0xFF byte."
    scan = payload(jpeg(quality=99, width=320, height=240))
    assert b"\xff\x00" in scan
    assert markers_in(scan) == [0xD9]


@pytest.mark.rule("J-084", "J-074")
@pytest.mark.parametrize("code", [0x01, 0x80, 0xC0, 0xC4, 0xD8, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE])
def test_another_marker_inside_the_scan_is_refused(code):
    scan = scan_of(jpeg())
    with pytest.raises(UnsupportedJpegError, match=f"FF{code:02X}"):
        sent(with_scan(jpeg(), scan[:100] + bytes([0xFF, code]) + scan[100:]))


@pytest.mark.rule("J-085")
@pytest.mark.parametrize("packets", [1, 2, 5])
@pytest.mark.parametrize("difference", [-1, 0, 1])
def test_no_packet_is_empty(packets, difference):
    room = 1400 - 48 - 12 - 8
    scan = filler(packets * room + difference)
    sizes = [len(packet.data) for packet in sent(with_scan(jpeg(width=320, height=240), scan))]
    assert min(sizes) > 0
    assert sum(sizes) == len(scan)
    assert len(sizes) == packets + (difference > 0)


@pytest.mark.rule("J-085")
def test_no_packet_is_empty_with_restart_markers():
    for mtu in range(73, 200):
        assert min(len(packet.data) for packet in sent(jpeg(65), mtu=mtu)) > 0


@pytest.mark.rule("J-085")
def test_a_file_without_a_scan_is_refused():
    for scan in (b"", b"\xff\xd9", b"\xff\xff\xff\xd9"):
        with pytest.raises(UnsupportedJpegError):
            sent(with_scan(jpeg(), scan))


@pytest.mark.rule("J-074")
def test_segments_between_the_tables_are_skipped_by_length():
    parsed = take_apart(jpeg())
    segments = [part for segment in parsed.segments for part in (segment, Segment(0xFE, b"\xff\xda\xff\xd9"))]
    segments = [segment for segment in segments[:-1] if segment.code in (DQT, DHT, DRI, SOF0, SOS, 0xFE)]
    assert payload(put_together(segments, parsed.scan)) == parsed.scan
