"""RTCP packets by the letter of RFC 3550: every kind read and written, alone and in a compound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg import MalformedPacketError
from rtpjpeg.rtcp import (
    App,
    Bye,
    Chunk,
    Item,
    OtherPacket,
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
BLOCK = ReportBlock(7, 64, 5, 0x0002_FFFF, 300, 0xB705_2000, 0x0005_4000)
BLOCK_TEXT = "00000007 40 000005 0002FFFF 0000012C B7052000 00054000 "
EARLY = ReportBlock(0xFFFF_FFFF, 255, -8_388_608, 0, 2**32 - 1, 0, 0)
EARLY_TEXT = "FFFFFFFF FF 800000 00000000 FFFFFFFF 00000000 00000000 "
SENDER_TEXT = "1234ABCD B44DB705 20000000 00015F90 00001267 005B8D80 "
SENDER = (SSRC, 0xB44D_B705_2000_0000, 90_000, 4711, 6_000_000)
CHUNK = Chunk(SSRC, (Item(1, b"ab"), Item(6, "é".encode())))
NACK = bytes.fromhex("00000001 1234ABCD 12340003")

# name: (bytes on the wire, the packet they are)
CASES = {
    "SR": ("80 C8 0006" + SENDER_TEXT, SenderReport(*SENDER)),
    "SR with two blocks": (
        "82 C8 0012" + SENDER_TEXT + BLOCK_TEXT + EARLY_TEXT,
        SenderReport(*SENDER, (BLOCK, EARLY)),
    ),
    "SR of the largest numbers, with an extension": (
        "80 C8 0008" + "FF" * 24 + "0102030405060708",
        SenderReport(2**32 - 1, 2**64 - 1, *3 * [2**32 - 1], extension=bytes(range(1, 9))),
    ),
    "RR that is empty": ("80 C9 0001 1234ABCD", ReceiverReport(SSRC)),
    "RR": ("81 C9 0007 1234ABCD" + BLOCK_TEXT, ReceiverReport(SSRC, (BLOCK,))),
    "RR with extension and padding": (
        "A1 C9 0009 1234ABCD" + BLOCK_TEXT + "AABBCCDD 00000004",
        ReceiverReport(SSRC, (BLOCK,), b"\xaa\xbb\xcc\xdd", padding=4),
    ),
    "RR of 31 blocks": ("9F C9 00BB 1234ABCD" + 31 * BLOCK_TEXT, ReceiverReport(SSRC, 31 * (BLOCK,))),
    "SDES": (
        "81 CA 0004 1234ABCD 01 02 6162 06 02 C3A9 00000000",
        SourceDescription((CHUNK,)),
    ),
    "SDES of two chunks": (
        "82 CA 0005 1234ABCD 01 01 61 00 00000007 08 03 017031 00 0000",
        SourceDescription((Chunk(SSRC, (Item(1, b"a"),)), Chunk(7, (Item(8, b"\1p1"),)))),
    ),
    "SDES of a chunk without items": ("81 CA 0002 1234ABCD 00000000", SourceDescription((Chunk(SSRC),))),
    "SDES of nobody": ("80 CA 0000", SourceDescription()),
    "SDES with padding": (
        "A1 CA 0004 1234ABCD 01 01 61 00 00000000 00000008",
        SourceDescription((Chunk(SSRC, (Item(1, b"a"),)),), padding=8),
    ),
    "BYE": ("81 CB 0001 1234ABCD", Bye((SSRC,))),
    "BYE of nobody": ("80 CB 0000", Bye()),
    "BYE of two with a reason": (
        "82 CB 0007 1234ABCD 00000007 12 63616D657261206D616C66756E6374696F6E 00",
        Bye((SSRC, 7), b"camera malfunction"),
    ),
    "BYE with a reason that fills the word": ("81 CB 0002 1234ABCD 03 656E64", Bye((SSRC,), b"end")),
    "BYE with an empty reason": ("81 CB 0002 1234ABCD 00 000000", Bye((SSRC,), b"")),
    "BYE of nobody with a reason": ("80 CB 0001 03 656E64", Bye((), b"end")),
    "APP": ("85 CC 0003 1234ABCD 74657374 01020304", App(5, SSRC, b"test", b"\1\2\3\4")),
    "APP without data": ("80 CC 0002 1234ABCD 74657374", App(0, SSRC, b"test")),
    "generic NACK": ("81 CD 0003" + NACK.hex(), OtherPacket(205, 1, NACK)),
    "picture loss": ("81 CE 0002 00000001 1234ABCD", OtherPacket(206, 1, NACK[:8])),
    "extended report": (
        "80 CF 0004 00000001 04000002 B44DB705 20000000",
        OtherPacket(207, 0, bytes.fromhex("00000001 04000002 B44DB705 20000000")),
    ),
    "unknown and empty": ("9F FA 0000", OtherPacket(250, 31)),
    "unknown with padding": ("A0 C0 0002 01020304 00000004", OtherPacket(192, 0, b"\1\2\3\4", padding=4)),
}
# name: (bytes, what the sentence says)
MALFORMED = {
    "nothing": ("", "RTCP packet length: found 0, expected 4 bytes or more (RFC 3550 section A.2)"),
    "version 1": ("40 C9 0001 1234ABCD", "RTCP version: found 1, expected 2 (RFC 3550 section A.2)"),
    "version 0 behind the first": ("80 C9 0001 1234ABCD 00 C9 0001 1234ABCD", "RTCP version: found 0"),
    "a length too large": (
        "80 C9 0002 1234ABCD",
        "RTCP length field: found 2, expected at most 1 words here",
    ),
    "a length too small": ("80 C9 0001 1234ABCD 00000001", "RTCP version: found 0, expected 2"),
    "bytes behind the last": ("80 C9 0001 1234ABCD 80CA", "RTCP packet length: found 2, expected 4 bytes"),
    "no 32-bit boundary": ("80 C9 0001 1234AB", "RTCP length field: found 1, expected at most 0 words here"),
    "padding in the first": (
        "A0 C9 0002 1234ABCD 00000004 81 CB 0001 1234ABCD",
        "RTCP padding bit: found 1, expected 0 in all packets but the last (RFC 3550 section A.2)",
    ),
    "padding of 0": (
        "A0 C9 0001 12340000",
        "RTCP padding count: found 0, expected a multiple of 4, at most 4",
    ),
    "padding of 3": ("A0 C9 0002 1234ABCD 00000003", "RTCP padding count: found 3, expected a multiple of 4"),
    "padding over all": ("A0 C9 0001 12340008", "RTCP padding count: found 8, expected a multiple of 4"),
    "padding and no word": ("A0 C9 0000", "RTCP padding count: found 0"),
    "padding over the SSRC": ("A0 C9 0001 00000004", "RTCP report length: found 4, expected 8 bytes or more"),
    "SR of an RR's length": ("80 C8 0001 1234ABCD", "RTCP report length: found 8, expected 28 bytes or more"),
    "RR without an SSRC": ("80 C9 0000", "RTCP report length: found 4, expected 8 bytes or more"),
    "a block too many": (
        "82 C9 0007 1234ABCD" + BLOCK_TEXT,
        "RTCP reception report count: found 2, expected at most 1 here (RFC 3550 section 6.4)",
    ),
    "a chunk too many": (
        "82 CA 0002 1234ABCD 00000000",
        "SDES source count: found 2, expected at most 1 here (RFC 3550 section 6.5)",
    ),
    "a chunk that does not end": ("81 CA 0001 1234ABCD", "SDES chunk: found no null octet, expected one"),
    "items that do not end": (
        "81 CA 0002 1234ABCD 01 02 6162",
        "SDES item length: found 2, expected at most 1 here (RFC 3550 section A.5)",
    ),
    "an item without a length": (
        "81 CA 0002 1234ABCD 01 01 61 01",
        "SDES item length: found 255, expected at most 0 here",
    ),
    "an item too long": ("81 CA 0002 1234ABCD 01 FF 6162", "SDES item length: found 255, expected at most 1"),
    "a source too many": ("82 CB 0001 1234ABCD", "BYE source count: found 2, expected at most 1 here"),
    "a reason too long": (
        "81 CB 0002 1234ABCD 04 656E64",
        "BYE reason length: found 4, expected at most 3 here (RFC 3550 section 6.6)",
    ),
    "APP without a name": ("80 CC 0001 1234ABCD", "APP packet length: found 8, expected 12 bytes or more"),
}


def cases(table):
    return pytest.mark.parametrize(("text", "packet"), table.values(), ids=table.keys())


@cases(CASES)
def test_cases_are_read(text, packet):
    assert parse_compound(bytes.fromhex(text)) == [packet]


@cases(CASES)
def test_cases_are_written(text, packet):
    assert packet.serialize() == bytes.fromhex(text) == serialize_compound([packet])


@cases(CASES)
def test_every_truncation_is_refused(text, packet):
    data = bytes.fromhex(text)
    for size in range(len(data)):
        with pytest.raises(MalformedPacketError):
            parse_compound(data[:size])


@cases(MALFORMED)
def test_malformed_packets_are_refused_with_a_sentence(text, packet):
    with pytest.raises(MalformedPacketError) as caught:
        parse_compound(bytes.fromhex(text))
    assert str(caught.value).startswith(packet)


def test_a_compound_is_cut_at_its_packets_and_nowhere_else():
    packets = [packet for _, packet in CASES.values() if not packet.padding]
    data = serialize_compound(packets)
    ends = {}
    for count in range(1, len(packets) + 1):
        ends[len(serialize_compound(packets[:count]))] = count
    for size in range(len(data) + 1):
        if size in ends:
            assert parse_compound(data[:size]) == packets[: ends[size]]
        else:
            with pytest.raises(MalformedPacketError):
                parse_compound(data[:size])


def test_filler_behind_chunks_and_reasons_is_passed_over():
    # RFC 3550 asks for nulls there; section A.5 does not look at them.
    (description,) = parse_compound(bytes.fromhex("81 CA 0003 1234ABCD 01 01 61 00 01020304"))
    assert description == SourceDescription((Chunk(SSRC, (Item(1, b"a"),)),))
    (description,) = parse_compound(bytes.fromhex("81 CA 0003 1234ABCD 01 00 00 07 00000000"))
    assert description == SourceDescription((Chunk(SSRC, (Item(1, b""),)),))
    (bye,) = parse_compound(bytes.fromhex("81 CB 0003 1234ABCD 02 6F6B 07 01020304"))
    assert bye == Bye((SSRC,), b"ok")


TOO_MUCH = {
    "blocks": ReceiverReport(SSRC, 32 * (BLOCK,)),
    "chunks": SourceDescription(32 * (CHUNK,)),
    "sources": Bye(32 * (SSRC,)),
    "subtype": App(32, SSRC, b"test"),
    "format": OtherPacket(205, 32),
    "text": SourceDescription((Chunk(SSRC, (Item(1, bytes(256)),)),)),
    "item type 0": SourceDescription((Chunk(SSRC, (Item(0, b"a"),)),)),
    "item type 256": SourceDescription((Chunk(SSRC, (Item(256, b"a"),)),)),
    "reason": Bye((SSRC,), bytes(256)),
    "name": App(0, SSRC, b"tes"),
    "data": App(0, SSRC, b"test", b"123"),
    "extension": ReceiverReport(SSRC, extension=b"12"),
    "padding": ReceiverReport(SSRC, padding=3),
    "padding beyond a byte": ReceiverReport(SSRC, padding=256),
}


@pytest.mark.parametrize("packet", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_does_not_fit_is_not_written(packet):
    with pytest.raises(ValueError, match="found .*, expected "):
        packet.serialize()


def test_padding_goes_behind_the_last_packet_only():
    padded, plain = ReceiverReport(SSRC, padding=4), Bye((SSRC,))
    assert parse_compound(serialize_compound([plain, padded])) == [plain, padded]
    with pytest.raises(ValueError, match="expected in the last only"):
        serialize_compound([padded, plain])


def test_counts_wrap():
    report = SenderReport(SSRC, 0, 0, 2**32 + 5, 3 * 2**32 + 7)
    (again,) = parse_compound(report.serialize())
    assert (again.packet_count, again.octet_count) == (5, 7)


@pytest.mark.parametrize("lost", [-8_388_609, 8_388_608])
def test_a_loss_beyond_24_bits_is_not_written(lost):
    with pytest.raises(OverflowError):
        ReportBlock(7, 0, lost, 0, 0, 0, 0).serialize()


def test_a_compound_tells_how_it_begins_and_whom_it_names():
    report, named = ReceiverReport(SSRC), SourceDescription((Chunk(7), CHUNK))
    nameless = SourceDescription((Chunk(SSRC, (Item(2, b"Me"),)),))
    assert starts_with_report([report, named]) and starts_with_report([SenderReport(*SENDER)])
    assert not starts_with_report([named, report]) and not starts_with_report([])
    assert has_cname([report, named]) and not has_cname([report, nameless]) and not has_cname([report])


def test_texts():
    assert CHUNK.cname == "ab" and Chunk(7).cname is None
    assert CHUNK.items[1].text == "é"
    assert Item(1, b"a\xff").text == "a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("number", range(256))
def test_rtcp_is_told_from_rtp(number):
    assert is_rtcp(bytes((0x80, number))) == (192 <= number <= 223)


def test_what_is_too_short_is_no_rtcp():
    assert not is_rtcp(b"") and not is_rtcp(b"\x80")


def test_round_trip_of_figure_2():
    # RFC 3550, section 6.4.1, Figure 2: A b710:8000, DLSR 0005:4000, LSR b705:2000, delay 0006:2000.
    assert middle(0xB44D_B705_2000_0000) == 0xB705_2000
    assert round_trip(0xB710_8000, BLOCK) == 0x0006_2000 == 6.125 * 65536


def test_round_trip_over_the_wrap_and_without_a_report():
    block = ReportBlock(7, 0, 0, 0, 0, 0xFFFF_0000, 0x8000)
    assert round_trip(0x0000_9000, block) == 0x1_1000
    assert round_trip(0xFFFF_0000, block) == -0x8000
    assert round_trip(5, EARLY) is None


numbers = st.integers(0, 2**32 - 1)
words = st.binary(max_size=5).map(lambda data: data * 4)
texts = st.binary(max_size=255)
blocks = st.lists(
    st.builds(ReportBlock, numbers, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), *4 * [numbers]),
    max_size=31,
).map(tuple)
items = st.lists(st.builds(Item, st.integers(1, 255), texts), max_size=4).map(tuple)
paddings = st.integers(0, 63).map(lambda count: 4 * count)
counts = st.integers(0, 31)
packets = st.one_of(
    st.builds(SenderReport, numbers, st.integers(0, 2**64 - 1), numbers, numbers, numbers, blocks, words),
    st.builds(ReceiverReport, numbers, blocks, words),
    st.builds(SourceDescription, st.lists(st.builds(Chunk, numbers, items), max_size=5).map(tuple)),
    st.builds(Bye, st.lists(numbers, max_size=31).map(tuple), st.none() | texts),
    st.builds(App, counts, numbers, st.binary(min_size=4, max_size=4), words),
    st.builds(OtherPacket, st.integers(0, 199) | st.integers(205, 255), counts, words),
)
padded = st.builds(OtherPacket, st.integers(205, 255), counts, words, padding=paddings)
compounds = st.builds(list.__add__, st.lists(packets, max_size=5), st.lists(padded, min_size=1, max_size=1))


@given(compounds)
def test_what_is_written_is_read_again(compound):
    assert parse_compound(serialize_compound(compound)) == compound


heads = st.builds(
    lambda first, second, length: bytes((first, second, 0, length)),
    st.integers(0x80, 0xBF),
    st.integers(199, 206),
    st.integers(0, 9),
)
almost = st.lists(heads | st.binary(max_size=8), max_size=12).map(b"".join)


@given(almost | st.binary(max_size=60))
def test_any_bytes_are_packets_or_malformed(data):
    try:
        compound = parse_compound(data)
    except MalformedPacketError as error:
        assert error.source.startswith("RFC 3550 section")
    else:
        again = serialize_compound(compound)
        assert parse_compound(again) == compound
        assert len(again) <= len(data)
