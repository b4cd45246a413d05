"""The main header as a sender writes it (RFC 2435 sections 3.1 to 3.1.6, 4.1, Appendix C)."""

from __future__ import annotations

import itertools

import pytest

import rtpjpeg
from conformance.builders import SSRC, main, read, read_all, rtp
from conformance.pictures import SOF0, filler, jpeg, pillow, replaced, scan_of, take_apart, with_scan
from rtpjpeg import Packetizer, UnsupportedJpegError

WAITING = {
    "J-014": "a camera that gives fields; a receiver takes them",
}
KINDS = [(type, quality) for type in (0, 1, 64, 65) for quality in (50, 75, 99)]


def sent(file: bytes, **options: object) -> list:
    """The packets of one frame, taken apart by hand."""
    return read_all(rtpjpeg.packetize(file, **options))


@pytest.mark.rule("J-001")
def test_timestamp_counts_90000_a_second():
    # "The RTP timestamp is in units of 90000Hz."
    session = rtpjpeg.SenderSession(timestamp_offset=0)
    first, second = (
        read(session.send_frame(jpeg(), captured_at=at, now=at)[0]).timestamp for at in (7.0, 7.040)
    )
    assert (second - first) % 2**32 == 3600


@pytest.mark.rule("J-002")
@pytest.mark.parametrize(("type", "quality"), KINDS)
def test_one_timestamp_for_all_packets_of_a_frame(type, quality):
    # "The same timestamp MUST appear in each fragment of a given frame."
    packets = sent(jpeg(type, quality=quality, width=320, height=240), timestamp=12345)
    assert len(packets) > 1
    assert {packet.timestamp for packet in packets} == {12345}


@pytest.mark.rule("J-003")
def test_frames_have_different_rising_timestamps():
    # RFC 3551, section 5: "Packets from different video images are distinguished by their different
    # timestamps."
    session = rtpjpeg.SenderSession(timestamp_offset=2**32 - 4000)
    times = [read(session.send_frame(jpeg(), 1 + n / 30, 1 + n / 30)[0]).timestamp for n in range(10)]
    for earlier, later in itertools.pairwise(times):
        assert 0 < (later - earlier) % 2**32 < 2**31


@pytest.mark.rule("J-003")
def test_two_frames_captured_in_one_tick_do_not_share_a_timestamp():
    session = rtpjpeg.SenderSession(timestamp_offset=0)
    times = [read(session.send_frame(jpeg(), at, at)[0]).timestamp for at in (5.0, 5.000001)]
    assert 0 < (times[1] - times[0]) % 2**32 < 2**31


@pytest.mark.rule("J-004", "J-005")
@pytest.mark.parametrize(("type", "quality"), KINDS)
def test_marker_in_the_last_packet_only(type, quality):
    # "The RTP marker bit MUST be set in the last packet of a frame."
    packets = sent(jpeg(type, quality=quality, width=320, height=240))
    assert len(packets) > 1
    assert [packet.marker for packet in packets] == [False] * (len(packets) - 1) + [True]


@pytest.mark.rule("J-004")
def test_marker_in_the_only_packet():
    packets = sent(jpeg(quality=20, width=16, height=16))
    assert [packet.marker for packet in packets] == [True]


@pytest.mark.rule("J-006")
@pytest.mark.parametrize(("type", "quality"), KINDS)
def test_main_header_in_every_packet(type, quality):
    # "Each packet contains a special JPEG header which immediately follows the RTP header."
    packets = rtpjpeg.packetize(jpeg(type, quality=quality, width=320, height=240))
    q = read(packets[0]).q
    for packet in packets:
        assert packet[0] == 0x80, "no CSRC list, no extension: the header stands at byte 12"
        assert packet[16:20] == bytes([type, q, 40, 30])


@pytest.mark.rule("J-006")
def test_main_header_is_read_behind_csrc_list_and_extension():
    payload = main(0, type=0, q=33, width=320, height=240) + b"data"
    packet = rtpjpeg.RtpPacket.parse(rtp(payload, csrcs=(1, 2, 3), extension=b"abcdefgh", padding=4))
    header = rtpjpeg.JpegHeader.parse(packet.payload)
    assert (header.type, header.q, header.width, header.height) == (0, 33, 320, 240)
    assert packet.payload == payload


@pytest.mark.rule("J-007")
@pytest.mark.parametrize(("type", "quality"), KINDS)
def test_main_header_is_equal_but_for_the_offset(type, quality):
    # "All fields in this header except for the Fragment Offset field MUST remain the same in all
    # packets that correspond to the same JPEG frame."
    packets = sent(jpeg(type, quality=quality, chroma_quality=quality - 10, width=320, height=240))
    assert len({packet.main_header[:1] + packet.main_header[4:] for packet in packets}) == 1
    assert len({packet.offset for packet in packets}) == len(packets) > 1


@pytest.mark.rule("J-009", "J-120")
def test_order_of_the_headers():
    # Appendix C puts the restart header behind the main header, then the tables, then the data.
    file = jpeg(65, quality=92, chroma_quality=60, width=320, height=240, interval=5)
    first, *others = rtpjpeg.packetize(file, timestamp=0)
    assert first[16:18] == bytes([65, 255])
    assert first[20:22] == b"\x00\x05"
    assert first[24:28] == b"\x00\x00\x00\x80"
    assert scan_of(file).startswith(first[28 + 128 :])
    assert others
    for packet in others:
        assert packet[20:22] == b"\x00\x05"
        assert scan_of(file).find(packet[24:]) == int.from_bytes(packet[13:16], "big")


@pytest.mark.rule("J-011", "J-013")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_type_specific_is_zero_for_a_whole_picture(type):
    # "0 : Image is progressively scanned."
    assert {packet.type_specific for packet in sent(jpeg(type, width=320, height=240))} == {0}


@pytest.mark.rule("J-017", "J-021")
@pytest.mark.parametrize(("type", "quality"), KINDS)
def test_offset_counts_scan_bytes_alone(type, quality):
    # "The fragment offset field of each packet is set to the byte offset of its payload data within
    # the original frame."
    file = jpeg(type, quality=quality, chroma_quality=quality - 10, width=320, height=240)
    packets, position = sent(file), 0
    for packet in packets:
        assert packet.offset == position
        position += len(packet.data)
    assert b"".join(packet.data for packet in packets) == scan_of(file)


@pytest.mark.rule("J-018")
def test_offset_has_its_most_significant_byte_first():
    # "This value is encoded in network byte order (most significant byte first)."
    scan = filler(200_000)
    packets = rtpjpeg.packetize(with_scan(jpeg(width=640, height=480), scan))
    offsets = [packet[13] << 16 | packet[14] << 8 | packet[15] for packet in packets]
    assert offsets[-1] > 0x2FFFF
    assert offsets == sorted(offsets)
    assert all(scan[at:].startswith(packet[20:]) for at, packet in zip(offsets, packets, strict=True))


@pytest.mark.rule("J-019")
def test_scan_of_two_to_the_24_bytes_goes_and_one_more_is_refused():
    # "The Fragment Offset plus the length of the payload data in the packet MUST NOT exceed 2^24."
    head = jpeg(width=2040, height=2040, quality=10)
    last = read(rtpjpeg.packetize(with_scan(head, filler(1 << 24)))[-1])
    assert last.offset + len(last.data) == 1 << 24
    with pytest.raises(UnsupportedJpegError, match="16777217"):
        rtpjpeg.packetize(with_scan(head, filler((1 << 24) + 1)))


@pytest.mark.rule("J-022")
def test_type_names_the_sampling():
    # 4.1: types 0, 64 have component 1 sampled 2x1, types 1, 65 have it sampled 2x2.
    for type, factors in ((0, 0x21), (1, 0x22)):
        assert take_apart(jpeg(type)).contents(SOF0)[0][7] == factors
        assert {packet.type for packet in sent(jpeg(type))} == {type}


@pytest.mark.rule("J-023", "J-120")
@pytest.mark.parametrize("type", [64, 65])
def test_restart_markers_add_64_and_a_restart_header(type):
    # "Types 64-127 are the same as types 0-63, except that restart markers are present in the JPEG
    # data and a Restart Marker header appears immediately following the main JPEG header."
    packets = sent(jpeg(type, width=320, height=240, interval=7))
    assert {packet.type for packet in packets} == {type}
    assert {packet.chunk.interval for packet in packets} == {7}


@pytest.mark.rule("J-024")
def test_types_2_to_5_are_never_sent():
    # "Type numbers 2-5 are reserved and SHOULD NOT be used."
    for sampling in ("4:2:0", "4:2:2"):
        assert {packet.type for packet in sent(pillow(subsampling=sampling))} <= {0, 1}
    content = take_apart(jpeg()).contents(SOF0)[0]
    for factors in (0x11, 0x12, 0x41, 0x44):  # 4:4:4, 4:4:0, 4:1:1, and one with no name
        with pytest.raises(UnsupportedJpegError, match="sampling"):
            sent(replaced(jpeg(), SOF0, content[:7] + bytes([factors]) + content[8:]))


@pytest.mark.rule("J-027")
def test_q_up_to_99_has_no_table_header():
    # "Q values 0-127 indicate the quantization tables are computed using an algorithm."
    for quality in (1, 50, 75, 99):
        file = jpeg(quality=quality)
        first = rtpjpeg.packetize(file)[0]
        assert first[17] == quality
        assert scan_of(file).startswith(first[20:])


@pytest.mark.rule("J-028")
@pytest.mark.parametrize("static_tables", [False, True])
def test_reserved_q_is_never_sent(static_tables):
    # "Other values less than 128 are reserved."
    packetizer = Packetizer(static_tables=static_tables)
    seen = set()
    for quality in range(1, 101):
        for chroma in (quality, max(1, quality - 3)):
            file = jpeg(quality=quality, chroma_quality=chroma, width=16, height=16)
            seen |= {read(packet).q for packet in packetizer.packetize(file, 0)}
    assert seen <= {*range(1, 100), *range(128, 256)}
    assert seen & set(range(1, 100)) and seen & set(range(128, 256))


@pytest.mark.rule("J-029")
@pytest.mark.parametrize("static_tables", [False, True])
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_table_header_in_the_first_packet_only(type, static_tables):
    # "... in the first packet of the frame (fragment offset 0)."
    file = jpeg(type, quality=92, chroma_quality=60, width=320, height=240)
    packets = list(Packetizer(static_tables=static_tables).packetize(file, 0))
    assert read(packets[0]).tables.length == 128
    start = 24 if type & 64 else 20
    for packet in packets[1:]:
        assert scan_of(file)[read(packet).offset :].startswith(packet[start:])
        assert read(packet).q == read(packets[0]).q >= 128


@pytest.mark.rule("J-031")
@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 480), (8, 8), (1280, 720), (648, 488)])
def test_size_in_units_of_8_pixels(width, height):
    # "a width of 40 denotes an image 320 pixels wide"
    packet = sent(jpeg(width=width, height=height))[0]
    assert (packet.width, packet.height) == (width // 8, height // 8)


@pytest.mark.rule("J-032")
def test_2040_is_the_largest_size():
    # "The maximum width is 2040 pixels." "The maximum height is 2040 pixels."
    packet = sent(jpeg(width=2040, height=2040, quality=10))[0]
    assert (packet.width, packet.height) == (255, 255)
    for width, height in ((2041, 16), (16, 2041), (2048, 1536), (4096, 16)):
        with pytest.raises(UnsupportedJpegError, match=f"{width}x{height}"):
            sent(jpeg(width=width, height=height, quality=10))


@pytest.mark.rule("J-033", "J-121")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_other_sizes_are_rounded_up_and_said(type):
    # The code of Appendix C writes width / 8, which rounds down and crops the last blocks.
    file = jpeg(type, width=150, height=100)
    assert {(packet.width, packet.height) for packet in sent(file)} == {(19, 13)}
    notices = rtpjpeg.parse_jpeg(file).headers.notices
    assert any("150x100" in notice and "152x104" in notice for notice in notices)
    assert not rtpjpeg.parse_jpeg(jpeg(type)).headers.notices


@pytest.mark.rule("J-122")
def test_every_frame_starts_at_offset_0_and_ends_with_its_own_marker():
    # "fields are individually JPEG encoded"; a sender of fields calls ``packetize`` once for each.
    packetizer = Packetizer(ssrc=SSRC, sequence_number=0)
    for seed in (1, 2):
        packets = read_all(packetizer.packetize(jpeg(width=320, height=240, seed=seed), timestamp=77))
        assert packets[0].offset == 0
        assert [packet.marker for packet in packets].index(True) == len(packets) - 1


@pytest.mark.rule("J-032")
def test_a_height_of_zero_is_refused():
    # T.81 allows 0 lines with a DNL segment; RFC 2435 has no way to carry that.
    content = take_apart(jpeg()).contents(SOF0)[0]
    with pytest.raises(UnsupportedJpegError):
        sent(replaced(jpeg(), SOF0, content[:1] + b"\x00\x00" + content[3:]))
