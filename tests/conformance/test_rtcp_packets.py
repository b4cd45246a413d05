"""RTCP packets as they stand on the wire (RFC 3550 sections 4, 6 and A.2, RFC 5761 section 4)."""

from __future__ import annotations

import pytest

from rtpjpeg import MalformedPacketError
from rtpjpeg.clock import ntp_from, seconds_from
from rtpjpeg.rtcp import (
    CNAME,
    App,
    Bye,
    Chunk,
    Item,
    OtherPacket,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    has_cname,
    is_rtcp,
    middle,
    parse_compound,
    round_trip,
    serialize_compound,
    starts_with_report,
)

SSRC = 0x1234_ABCD
REPORT = SenderReport(SSRC, 0xB44D_B705_2000_0000, 90_000, 4711, 6_000_000)
NAMED = SourceDescription((Chunk(SSRC, (Item(CNAME, b"Zm9vYmFyYmF6cXV4"),)),))
LEAVING = Bye((SSRC,), b"end")
COMPOUND: list[Packet] = [REPORT, NAMED, LEAVING]


def named(cname: bytes) -> bytes:
    return SourceDescription((Chunk(SSRC, (Item(CNAME, cname),)),)).serialize()


def packets_of(data: bytes) -> list[bytes]:
    """Cut a compound by the length fields, as the code of section A.2 walks it."""
    packets = []
    while data:
        size = 4 * (int.from_bytes(data[2:4], "big") + 1)
        packets.append(data[:size])
        data = data[size:]
    return packets


@pytest.mark.rule("T-036")
def test_version_in_each_packet():
    # "RTP version field must equal 2."
    data = serialize_compound(COMPOUND)
    assert parse_compound(data) == COMPOUND
    place = 0
    for packet in packets_of(data):
        for version in (0, 1, 3):
            wrong = bytearray(data)
            wrong[place] = version << 6 | wrong[place] & 0x3F
            with pytest.raises(MalformedPacketError, match="RTCP version: found"):
                parse_compound(bytes(wrong))
        place += len(packet)


@pytest.mark.rule("T-036")
def test_a_report_comes_first():
    # "The payload type field of the first RTCP packet in a compound packet must be equal to SR or RR."
    assert starts_with_report(parse_compound(serialize_compound(COMPOUND)))
    assert starts_with_report(parse_compound(serialize_compound([ReceiverReport(SSRC), NAMED])))
    for first in (NAMED, LEAVING, App(0, SSRC, b"test"), OtherPacket(205, 1, bytes(8)), OtherPacket(199)):
        assert not starts_with_report(parse_compound(serialize_compound([first, REPORT])))


@pytest.mark.rule("T-036", "T-050")
@pytest.mark.parametrize("place", [0, 1])
def test_padding_in_front_of_another_packet_is_refused(place):
    # "The padding bit (P) should be zero for the first packet of a compound RTCP packet because padding
    # should only be applied, if it is needed, to the last packet."
    packets = packets_of(serialize_compound(COMPOUND))
    packets[place] = bytes((packets[place][0] | 0x20,)) + packets[place][1:-1] + b"\4"
    with pytest.raises(MalformedPacketError, match="RTCP padding bit: found 1, expected 0 in all"):
        parse_compound(b"".join(packets))


@pytest.mark.rule("T-036")
def test_lengths_sum_up():
    # "The length fields of the individual RTCP packets must add up to the overall length of the compound
    # RTCP packet as received."
    data = serialize_compound(COMPOUND)
    whole = {len(serialize_compound(COMPOUND[:count])) for count in (1, 2, 3)}
    for size in range(len(data) + 1):
        if size not in whole:
            with pytest.raises(MalformedPacketError):
                parse_compound(data[:size])
    for more in (b"\0", bytes(4), b"\x80\xca\0\1"):
        with pytest.raises(MalformedPacketError):
            parse_compound(data + more)


@pytest.mark.rule("T-050")
@pytest.mark.parametrize("packet", [*COMPOUND, ReceiverReport(SSRC), App(0, SSRC, b"test", bytes(8)), Bye()])
def test_packets_end_on_a_32_bit_boundary(packet):
    # "The length of this RTCP packet in 32-bit words minus one, including the header and any padding."
    data = packet.serialize()
    assert len(data) % 4 == 0
    assert int.from_bytes(data[2:4], "big") == len(data) // 4 - 1


@pytest.mark.rule("T-050")
@pytest.mark.parametrize("padding", [4, 8, 252])
def test_padding_of_the_last_packet(padding):
    # "The last octet of the padding is a count of how many padding octets should be ignored, including
    # itself (it will be a multiple of four)."
    packets = [REPORT, NAMED, Bye((SSRC,), padding=padding)]
    data = serialize_compound(packets)
    assert [packet[0] & 0x20 for packet in packets_of(data)] == [0, 0, 0x20]
    assert data.endswith(bytes(padding - 1) + bytes((padding,)))
    assert int.from_bytes(packets_of(data)[2][2:4], "big") == 1 + padding // 4
    assert parse_compound(data) == packets
    with pytest.raises(ValueError, match="expected in the last only"):
        serialize_compound([Bye((SSRC,), padding=padding), NAMED])


@pytest.mark.rule("T-051")
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 6, 7, 8, 255])
def test_a_chunk_ends_in_1_to_4_null_octets(length):
    # "The list of items in each chunk MUST be terminated by one or more null octets ... additional null
    # octets MUST be included if needed to pad until the next 32-bit boundary."
    data = named(b"x" * length)
    text_ends = 4 + 4 + 2 + length
    assert data[8:10] == bytes((CNAME, length))
    assert data[10:] == b"x" * length + bytes(4 - text_ends % 4)
    assert len(data) % 4 == 0
    (description,) = parse_compound(data)
    assert description.chunks[0].cname == "x" * length


@pytest.mark.rule("T-051")
def test_chunks_begin_on_a_32_bit_boundary():
    # "Each chunk starts on a 32-bit boundary."
    chunks = tuple(Chunk(SSRC + number, (Item(CNAME, b"x" * number),)) for number in range(8))
    data = SourceDescription(chunks).serialize()
    assert all(data.index(chunk.ssrc.to_bytes(4, "big")) % 4 == 0 for chunk in chunks)
    assert parse_compound(data) == [SourceDescription(chunks)]


@pytest.mark.rule("T-051")
def test_text_is_utf_8_of_at_most_255_octets():
    # "Note that the text can be no longer than 255 octets ... The text is encoded according to the UTF-8
    # encoding ... Text is not null terminated."
    data = named("Küche".encode())
    assert data[9:17] == b"\x06K\xc3\xbcche\0"
    assert parse_compound(data)[0].chunks[0].cname == "Küche"
    with pytest.raises(ValueError, match="found 256, expected 0 to 255"):
        named(bytes(256))


@pytest.mark.rule("T-051")
@pytest.mark.parametrize("text", ["1234ABCD", "1234ABCD 01026162", "1234ABCD 01FF6162", "1234ABCD 01016101"])
def test_a_list_of_items_without_an_end_is_refused(text):
    body = bytes.fromhex(text)
    with pytest.raises(MalformedPacketError, match="SDES"):
        parse_compound(bytes((0x81, 202, 0, len(body) // 4)) + body)


@pytest.mark.rule("T-052")
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 254, 255])
def test_the_reason_of_a_bye(length):
    # "... an 8-bit octet count followed by that many octets of text ... If the string fills the packet to
    # the next 32-bit boundary, the string is not null terminated.  If not, the BYE packet MUST be padded
    # with null octets to the next 32-bit boundary."
    bye = Bye((SSRC,), b"x" * length)
    data = bye.serialize()
    assert data[8:] == bytes((length,)) + b"x" * length + bytes(-(1 + length) % 4)
    assert len(data) == 4 * (int.from_bytes(data[2:4], "big") + 1)
    assert parse_compound(data) == [bye]
    assert parse_compound(Bye((SSRC,)).serialize()) == [Bye((SSRC,))]


@pytest.mark.rule("T-052")
def test_a_reason_beyond_the_packet_is_refused():
    for length in (4, 200, 255):
        with pytest.raises(MalformedPacketError, match=f"BYE reason length: found {length}, expected"):
            parse_compound(bytes.fromhex("81CB0002 1234ABCD") + bytes((length,)) + b"end")
    with pytest.raises(ValueError, match="found 256, expected 0 to 255"):
        Bye((SSRC,), bytes(256)).serialize()


@pytest.mark.rule("T-053")
@pytest.mark.parametrize(
    "other",
    [OtherPacket(207, 0, bytes(8)), OtherPacket(250, 31, bytes(40)), OtherPacket(0), App(9, 7, b"what")],
)
def test_what_is_unknown_is_passed_over(other):
    # "An implementation SHOULD ignore incoming RTCP packets with types unknown to it." 6.7: "APP packets
    # with unrecognized names SHOULD be ignored."
    packets = parse_compound(serialize_compound([REPORT, other, NAMED]))
    assert packets == [REPORT, other, NAMED]
    assert starts_with_report(packets) and has_cname(packets)


@pytest.mark.rule("T-064")
def test_ntp_time_counts_from_1900():
    # "Wallclock time ... is represented using the timestamp format of the Network Time Protocol (NTP),
    # which is in seconds relative to 0h UTC on 1 January 1900."
    assert ntp_from(0) == (2_208_988_800 << 32).to_bytes(8, "big")
    # Figure 2: 10 Nov 1995 11:33:25.125 UTC.
    assert ntp_from(816_003_205.125) == bytes.fromhex("B44DB705 20000000")
    assert seconds_from(bytes.fromhex("B44DB705 20000000")) == 816_003_205.125
    wrap = 2**32 - 2_208_988_800
    assert ntp_from(wrap) == bytes(8) and ntp_from(wrap - 0.5) == b"\xff\xff\xff\xff\x80\0\0\0"
    assert seconds_from(bytes(8)) == wrap


@pytest.mark.rule("T-064")
def test_differences_of_ntp_times_go_over_the_wrap():
    # "... using modular arithmetic for subtractions and comparisons makes the wraparound irrelevant."
    before, after = (int.from_bytes(ntp_from(2**32 - 2_208_988_800 + x), "big") for x in (-1.0, 2.0))
    block = ReportBlock(SSRC, 0, 0, 0, 0, middle(before), 65536)
    assert round_trip(middle(after), block) == 2 * 65536


@pytest.mark.rule("T-026")
def test_the_fields_of_a_report_block():
    block = ReportBlock(SSRC, 64, -2, 0x0003_0007, 250, middle(REPORT.ntp_timestamp), 0x0005_4000)
    assert block.serialize() == bytes.fromhex("1234ABCD 40FFFFFE 00030007 000000FA B7052000 00054000")
    assert parse_compound(ReceiverReport(7, (block,)).serialize()) == [ReceiverReport(7, (block,))]


@pytest.mark.rule("T-027")
def test_the_round_trip_of_figure_2():
    block = ReportBlock(SSRC, 0, 0, 0, 0, 0xB705_2000, 0x0005_4000)
    assert round_trip(0xB710_8000, block) == 6.125 * 65536
    assert round_trip(0xB710_8000, ReportBlock(SSRC, 0, 0, 0, 0, 0, 0)) is None


@pytest.mark.rule("T-038")
def test_the_second_byte_tells_rtcp_from_rtp():
    # RFC 5761, section 4: payload types 64 to 95 are left to RTCP where both share a port.
    assert [number for number in range(256) if is_rtcp(bytes((0x80, number)))] == list(range(192, 224))


@pytest.mark.rule("T-066")
@pytest.mark.parametrize("packets", [[REPORT], [ReceiverReport(SSRC)], [LEAVING]])
def test_reports_without_a_description_are_read(packets):
    assert parse_compound(serialize_compound(packets)) == packets
    assert not has_cname(packets)
