"""The quantisation table header as a sender writes it (RFC 2435 sections 3.1.8, 4.2, 4.3)."""

from __future__ import annotations

import struct

import pytest

import rtpjpeg
from conformance.builders import Packet, read, read_all
from conformance.pictures import (
    DQT,
    SOF0,
    Segment,
    eight_bit,
    jpeg,
    put_together,
    replaced,
    tables_of,
    take_apart,
    with_tables,
)
from rtpjpeg import ConfigError, Packetizer, UnsupportedJpegError

WAITING = {
    "J-056": "word of which receivers have the tables; they go with every frame, which serves those who join",
}


def own_tables(seed: int = 0, **options: object) -> bytes:
    """A file whose tables are those of no Q."""
    return jpeg(quality=92 - seed, chroma_quality=60, **options)


def sent(file: bytes, **options: object) -> list[Packet]:
    return read_all(rtpjpeg.packetize(file, **options))


@pytest.mark.rule("J-052", "J-069")
@pytest.mark.parametrize("static_tables", [False, True])
def test_header_in_the_first_packet_of_every_frame(static_tables):
    # "... the Quantization Table header MUST be present in the first packet of every frame."
    # "Packets MUST NOT contain Q = 255 and Length = 0."
    packetizer = Packetizer(static_tables=static_tables)
    for _ in range(5):
        first = read(packetizer.packetize(own_tables(), 0)[0])
        assert 128 <= first.q <= (254 if static_tables else 255)
        assert (first.tables.length, first.tables.data) == (128, eight_bit(own_tables()))


@pytest.mark.rule("J-053", "J-055")
@pytest.mark.parametrize(("luma", "chroma"), [(False, False), (True, False), (False, True), (True, True)])
def test_mbz_is_zero_and_length_counts_the_table_bytes(luma, chroma):
    # "The Length field is set to the length in bytes of the quantization table data to follow."
    first = rtpjpeg.packetize(wide_tables(luma, chroma))[0]
    length = 64 * (2 + luma + chroma)
    assert first[20] == 0
    assert struct.unpack_from(">H", first, 22)[0] == length == len(read(first).tables.data)


@pytest.mark.rule("J-058")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_two_tables_picked_by_the_components(type):
    # "For example, type 0 uses two tables (one for the luminance component and one shared by the
    # chrominance components)."
    file = own_tables(type=type)
    luma, chroma = tables_of(file)[0], tables_of(file)[1]
    unused = [7] * 64
    more = with_tables(file, [(0, luma, False), (1, chroma, False), (2, unused, False), (3, unused, False)])
    first = sent(more)[0]
    assert first.tables.data == bytes(luma + chroma)


@pytest.mark.rule("J-058")
def test_two_tables_in_one_segment():
    file = own_tables()
    joined = Segment(DQT, b"".join(take_apart(file).contents(DQT)))
    others = [segment for segment in take_apart(file).segments if segment.code != DQT]
    first = sent(put_together([joined, *others], take_apart(file).scan))[0]
    assert first.tables.data == eight_bit(file)


@pytest.mark.rule("J-058")
def test_three_tables_in_use():
    # Cr with a table of its own cannot travel, unless it is equal to that of Cb.
    file = own_tables()
    luma, chroma = tables_of(file)[0], tables_of(file)[1]
    content = take_apart(file).contents(SOF0)[0]
    three = replaced(file, SOF0, content[:-1] + b"\x02")
    same = with_tables(three, [(0, luma, False), (1, chroma, False), (2, chroma, False)])
    assert sent(same)[0].tables.data == eight_bit(file)
    other = with_tables(three, [(0, luma, False), (1, chroma, False), (2, [9] * 64, False)])
    with pytest.raises(UnsupportedJpegError, match="table"):
        sent(other)


@pytest.mark.rule("J-059")
def test_zig_zag_order_as_in_the_file():
    # "Each table is an array of 64 values given in zig-zag order, identical to the format used in a
    # JFIF DQT marker segment."
    values = list(range(1, 65))
    file = with_tables(jpeg(), [(0, values, False), (1, values[::-1], False)])
    assert sent(file)[0].tables.data == bytes(values + values[::-1])


def wide_tables(luma: bool, chroma: bool, type: int = 1) -> bytes:
    """A file whose tables have values above 255 where asked."""
    tables = [
        (number, [value + 300 * wide for value in values], wide)
        for (number, values), wide in zip(tables_of(own_tables()).items(), (luma, chroma), strict=True)
    ]
    return with_tables(jpeg(type), tables)


@pytest.mark.rule("J-060", "J-061")
@pytest.mark.parametrize(
    ("luma", "chroma", "precision", "length"),
    [(True, False, 1, 192), (False, True, 2, 192), (True, True, 3, 256)],
)
def test_precision_bits_and_16_bit_values(luma, chroma, precision, length):
    # "The rightmost bit in the Precision field ... corresponds to the first table and each additional
    # table uses the next bit to the left." "... presented in network byte order."
    file = wide_tables(luma, chroma)
    tables = sent(file)[0].tables
    assert (tables.precision, tables.length) == (precision, length)
    form = ">64" + "BH"[luma] + "64" + "BH"[chroma]
    assert list(struct.unpack(form, tables.data)) == tables_of(file)[0] + tables_of(file)[1]


@pytest.mark.rule("J-060")
def test_wide_tables_of_small_values_travel_as_8_bit():
    # Peers that read no 16-bit tables read these; the values are the same.
    values = tables_of(own_tables())
    file = with_tables(own_tables(), [(0, values[0], True), (1, values[1], True)])
    tables = sent(file)[0].tables
    assert (tables.precision, tables.data) == (0, eight_bit(own_tables()))


@pytest.mark.rule("J-064")
def test_static_q_never_changes_its_tables():
    # "For Q values from 128 to 254, the Q value to quantization table data mapping MUST be static."
    packetizer = Packetizer(static_tables=True)
    mapping: dict[int, bytes] = {}
    for turn in (*range(20), *range(20)):
        first = read(packetizer.packetize(own_tables(turn, width=16, height=16), 0)[0])
        assert mapping.setdefault(first.q, first.tables.data) == first.tables.data
    assert len(mapping) == len(set(mapping.values())) == 20
    assert set(mapping) <= set(range(128, 255))


@pytest.mark.rule("J-064")
def test_more_tables_than_static_numbers_go_with_255():
    packetizer = Packetizer(static_tables=True)
    mapping: dict[int, bytes] = {}
    file = jpeg(width=16, height=16)
    for turn in range(200):
        tables = [(0, [turn + 1] * 64, False), (1, [7] * 64, False)]
        first = read(packetizer.packetize(with_tables(file, tables), 0)[0])
        assert first.tables.data == bytes([turn + 1] * 64 + [7] * 64)
        if first.q != 255:
            assert mapping.setdefault(first.q, first.tables.data) == first.tables.data
    assert set(mapping) == set(range(128, 255))


@pytest.mark.rule("J-064")
@pytest.mark.parametrize(("profile", "qs"), [("resilient", {128}), ("compatible", {255})])
def test_a_profile_says_whether_tables_are_static(profile, qs):
    packetizer = Packetizer(profile=profile)
    first = [read(packetizer.packetize(own_tables(), 0)[0]) for _ in range(3)]
    assert {packet.q for packet in first} == qs
    assert {packet.tables.data for packet in first} == {eight_bit(own_tables())}


@pytest.mark.rule("J-064")
def test_frames_that_are_packetized_one_by_one_go_with_255():
    # The function keeps nothing in mind from call to call, so it cannot keep a promise about its numbers.
    for turn in range(3):
        first = read(rtpjpeg.packetize(own_tables(turn), ssrc=1)[0])
        assert (first.q, first.tables.data) == (255, eight_bit(own_tables(turn)))


@pytest.mark.rule("J-064")
def test_changing_tables_go_with_255_unless_they_are_static():
    packetizer = Packetizer(static_tables=False)
    for turn in range(3):
        first = read(packetizer.packetize(own_tables(turn), 0)[0])
        assert (first.q, first.tables.data) == (255, eight_bit(own_tables(turn)))


@pytest.mark.rule("J-073")
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("position", [0, 63])
@pytest.mark.parametrize("number", [0, 1])
def test_a_zero_in_a_table_is_refused(number, position, wide):
    values = tables_of(own_tables())
    values[number][position] = 0
    with pytest.raises(UnsupportedJpegError, match="zero"):
        sent(with_tables(own_tables(), [(0, values[0], wide), (1, values[1], wide)]))


@pytest.mark.rule("J-073")
def test_a_missing_table_is_refused():
    values = tables_of(own_tables())
    with pytest.raises(UnsupportedJpegError, match="table 1"):
        sent(with_tables(own_tables(), [(0, values[0], False)]))


@pytest.mark.rule("J-128")
@pytest.mark.parametrize(("type", "headers"), [(1, 8 + 4 + 256), (65, 8 + 4 + 4 + 256)])
def test_headers_and_tables_stand_whole_in_the_first_packet(type, headers):
    # 40 bytes of IPv6, 8 of UDP and 12 of RTP stand in front of the payload.
    file = wide_tables(True, True, type)
    with pytest.raises(ConfigError, match="mtu"):
        rtpjpeg.packetize(file, mtu=60 + headers)
    first = sent(file, mtu=60 + headers + 1)[0]
    assert (first.tables.length, len(first.data)) == (256, 1)


@pytest.mark.rule("J-128")
@pytest.mark.parametrize(("type", "headers"), [(1, 8), (65, 12)])
def test_no_room_for_data_is_refused_without_tables_too(type, headers):
    with pytest.raises(ConfigError, match="mtu"):
        rtpjpeg.packetize(jpeg(type), mtu=60 + headers)
    assert {len(packet.data) for packet in sent(jpeg(type), mtu=60 + headers + 1)} == {1}
