"""A JPEG in, packets out; read again with ``struct`` alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.builders import read_all
from conformance.pictures import filler, intervals_of, jpeg, scan_of, tables_of, with_scan, with_tables
from photographs import OWN_TABLES, encode, photograph
from rtpjpeg import ConfigError, UnsupportedJpegError
from rtpjpeg.interchange import make_header
from rtpjpeg.jpeg import count_mcus, parse_jpeg
from rtpjpeg.packetizer import Packetizer, packetize, scan_room
from rtpjpeg.payload import LARGEST_SCAN, UNALIGNED
from rtpjpeg.tables import quantization_tables

EOI = b"\xff\xd9"
TABLES = quantization_tables(50)
OTHER = bytes([200]) + TABLES[1:]
WIDE = b"\x01\x02" * 64
# tables and their precision
TABLE_SETS = [(TABLES, 0), (OTHER, 0), (WIDE + OTHER[64:], 1), (OTHER[:64] + WIDE, 2), (WIDE + WIDE, 3)]


def file_of(scan, *, type=1, width=64, height=48, interval=0, tables=TABLES, precision=0):
    """A file with any scan: no picture, but what a packetizer needs."""
    return make_header(type, width, height, tables, precision, interval) + scan


def restarted(sizes):
    """A scan of restart intervals of these sizes, RSTn and EOI not counted."""
    parts = [filler(sizes[0], ending=b"")]
    for index, size in enumerate(sizes[1:]):
        parts += [bytes([0xFF, 0xD0 + index % 8]), filler(size, ending=b"")]
    return b"".join(parts) + EOI


def check(train, jpeg, mtu):
    """What holds for every train; returns the packets, read."""
    image = parse_jpeg(jpeg)
    packets = read_all(train)
    assert all(packet.size <= mtu - 48 for packet in packets)
    assert all(packet.data for packet in packets), "no packet without data"
    assert b"".join(packet.data for packet in packets) == bytes(image.scan)
    ends = np.cumsum([len(packet.data) for packet in packets])
    assert [packet.offset for packet in packets] == [0, *ends[:-1].tolist()], "neither hole nor overlap"
    numbers = [(packets[0].sequence + index) & 0xFFFF for index in range(len(packets))]
    assert [packet.sequence for packet in packets] == numbers
    assert [packet.marker for packet in packets] == [False] * (len(packets) - 1) + [True]
    for packet in packets:
        assert (packet.version, packet.type_specific) == (2, 0)
        assert packet.main_header[4:] == packets[0].main_header[4:]
        assert packet.type == image.type + (64 if image.restart_interval else 0)
        assert (packet.width * 8 - image.width, packet.height * 8 - image.height) < (8, 8)
        assert (packet.timestamp, packet.ssrc) == (packets[0].timestamp, packets[0].ssrc)
    check_tables(packets, image)
    return packets


def check_tables(packets, image):
    assert all(packet.tables is None for packet in packets[1:])
    if image.q is not None:
        assert packets[0].q == image.q
        assert packets[0].tables is None
    else:
        assert packets[0].q >= 128
        assert packets[0].tables == (0, image.precision, len(image.tables), image.tables)


def check_chunks(packets, jpeg):
    """RFC 2435, section 3.1.7: chunks of whole intervals, numbered by their first one."""
    intervals = intervals_of(scan_of(jpeg))
    chunk = b""
    for packet in packets:
        header = packet.chunk
        if header.first:
            assert chunk == b"", "the chunk in front has ended"
            count = header.count
        assert header.count == count, "one number in all packets of a chunk"
        chunk += packet.data
        if header.last:
            held = intervals_of(chunk)
            if count and held[0] == b"":
                held = held[1:]
            assert held == intervals[count : count + len(held)]
            assert header.first or len(held) == 1, "only an interval too large goes over several packets"
            chunk, intervals[count : count + len(held)] = b"", [b"taken"] * len(held)
    assert chunk == b""
    assert set(intervals) == {b"taken"}, "every interval once"


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("quality", [40, 99, OWN_TABLES])
@pytest.mark.parametrize("mtu", [300, 1400, 9000])
def test_photographs(type, quality, mtu):
    file = encode(photograph("coffee")[:208, :304], type, quality)
    packets = check(Packetizer(mtu=mtu).packetize(file, 0), file, mtu)
    if type >= 64:
        check_chunks(packets, file)


mtus = st.integers(360, 1500)
table_sets = st.sampled_from(TABLE_SETS)


@given(st.integers(1, 9000), mtus, table_sets, st.sampled_from([0, 1]))
def test_any_plain_scan_is_covered(size, mtu, tables, type):
    file = file_of(
        filler(size) if size > 2 else b"\x12\xff\xd9", tables=tables[0], precision=tables[1], type=type
    )
    train = Packetizer(mtu=mtu).packetize(file, 0)
    packets = check(train, file, mtu)
    assert train.segment_size, "the kernel can cut it"
    assert all(packet.size == mtu - 48 for packet in packets[:-1]), "only the last may be smaller"


@st.composite
def restarted_files(draw):
    type, columns, rows = draw(st.sampled_from([0, 1])), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    width, height = 16 * columns, (16 if type else 8) * rows
    interval = draw(st.integers(1, max(1, columns * rows - 1)))
    count = -(-count_mcus(type, width, height) // interval)
    size = draw(st.sampled_from([20, 300, 3000]))
    sizes = draw(st.lists(st.integers(1, size), min_size=count, max_size=count))
    tables, precision = draw(table_sets)
    scan = restarted(sizes)
    return file_of(
        scan, type=type, width=width, height=height, interval=interval, tables=tables, precision=precision
    )


@given(restarted_files(), mtus, st.booleans())
def test_any_restart_intervals_are_covered(file, mtu, aligned):
    train = Packetizer(mtu=mtu, aligned=aligned).packetize(file, 0)
    packets = check(train, file, mtu)
    if parse_jpeg(file).restart_interval == 0:  # One interval is the whole picture.
        assert packets[0].chunk is None
    elif aligned:
        check_chunks(packets, file)
    else:
        assert {packet.chunk[1:] for packet in packets} == {(True, True, UNALIGNED)}
        assert all(packet.size == mtu - 48 for packet in packets[:-1])


@pytest.mark.parametrize(("rows", "aligned"), [(129, True), (130, False)])
def test_a_frame_of_too_many_intervals_goes_out_unaligned(rows, aligned):
    # 127 MCUs a row, an interval each: 16383 intervals and 16510.
    file = file_of(
        restarted([20] * 127 * rows), type=0, width=2032, height=8 * rows, interval=1, tables=TABLES
    )
    packets = check(Packetizer(mtu=100).packetize(file, 0), file, 100)
    if aligned:
        assert [packet.chunk.count for packet in packets] == list(range(127 * rows))
        check_chunks(packets, file)
    else:
        assert {packet.chunk[1:] for packet in packets} == {(True, True, UNALIGNED)}


def sets_of_tables(count):
    """Different tables that belong to no Q."""
    return [bytes([1 + number % 255, 2 + number // 255]) * 64 for number in range(count)]


def qs(packetizer, tables, precision=0):
    """The Q values that files with these tables get."""
    return [
        read_all(packetizer.packetize(file_of(filler(50), tables=one, precision=precision), 0))[0].q
        for one in tables
    ]


def test_static_tables_have_a_q_of_their_own_while_there_are_any():
    # RFC 2435, section 3.1.8: "the sender ... MUST NOT use the same Q for other tables" from 128 to 254.
    packetizer, tables = Packetizer(static_tables=True), sets_of_tables(130)
    assert qs(packetizer, tables) == [*range(128, 255), 255, 255, 255]
    assert qs(packetizer, tables) == [*range(128, 255), 255, 255, 255], "for the life of the stream"
    assert qs(packetizer, [TABLES]) == [50]


def test_static_tables_of_another_precision_are_other_tables():
    packetizer = Packetizer(static_tables=True)
    same_bytes = WIDE + WIDE
    assert qs(packetizer, [same_bytes], precision=3) == [128]
    assert qs(packetizer, [OTHER]) == [129]
    assert qs(packetizer, [same_bytes], precision=3) == [128]


@pytest.mark.parametrize(
    ("profile", "static_tables", "expected"),
    [
        ("resilient", None, [128, 129, 130, 131, 128]),
        ("compatible", None, [255] * 5),
        ("resilient", False, [255] * 5),
        ("compatible", True, [128, 129, 130, 131, 128]),
    ],
)
def test_other_tables_have_a_q_as_the_profile_says(profile, static_tables, expected):
    packetizer = Packetizer(profile=profile, static_tables=static_tables)
    assert qs(packetizer, [OTHER, *sets_of_tables(3), OTHER]) == expected


def test_packetize_keeps_no_tables_in_mind():
    # Two calls with the same SSRC may have other tables, and a number below 255 is for the life of a stream.
    for tables in (OTHER, *sets_of_tables(2)):
        assert read_all(packetize(file_of(filler(50), tables=tables), ssrc=7))[0].q == 255


def test_the_sequence_goes_on_over_frames_and_wraps():
    packetizer = Packetizer(sequence_number=65533, ssrc=7)
    file = file_of(filler(4000))
    first, second = (read_all(packetizer.packetize(file, timestamp)) for timestamp in (2**32 - 1, 2**32 + 3))
    assert [packet.sequence for packet in first + second] == [65533, 65534, 65535, 0, 1, 2, 3, 4][
        : len(first) * 2
    ]
    assert packetizer.sequence_number == (65533 + 2 * len(first)) & 0xFFFF
    assert {packet.timestamp for packet in first} == {2**32 - 1}
    assert {packet.timestamp for packet in second} == {3}
    assert {packet.ssrc for packet in first + second} == {7}


def test_chance_begins_a_stream():
    # RFC 3550, section 5.1: random, so that known plaintext does not help an attacker.
    made = [Packetizer() for _ in range(20)]
    assert len({packetizer.ssrc for packetizer in made}) == 20
    assert len({packetizer.sequence_number for packetizer in made}) > 15
    assert all(
        0 <= packetizer.ssrc < 2**32 and 0 <= packetizer.sequence_number < 2**16 for packetizer in made
    )


@pytest.mark.parametrize("payload_type", [26, 96, 127, 0])
def test_the_payload_type_is_what_was_asked_for(payload_type):
    packets = read_all(Packetizer(payload_type=payload_type).packetize(file_of(filler(3000)), 0))
    assert {packet.payload_type for packet in packets} == {payload_type}
    assert packets[-1].marker


@pytest.mark.parametrize("payload_type", [-1, 72, 76, 128])
def test_payload_types_that_read_as_rtcp_are_refused(payload_type):
    with pytest.raises(ConfigError, match=f"payload type: found {payload_type}, expected 26, or 96 to 127"):
        Packetizer(payload_type=payload_type)


def test_an_unknown_profile_is_refused():
    with pytest.raises(ConfigError, match="profile: found 'fast', expected resilient or compatible"):
        Packetizer(profile="fast")


def test_profile_compatible_refuses_restart_markers():
    packetizer = Packetizer(profile="compatible")
    check(packetizer.packetize(jpeg(1), 0), jpeg(1), 1400)
    with pytest.raises(
        UnsupportedJpegError, match="found an interval of 4 MCUs, expected none in profile compatible"
    ):
        packetizer.packetize(jpeg(65), 0)
    assert check(packetizer.packetize(jpeg(65, interval=4000), 0), jpeg(1), 1400), "a DRI alone is no marker"


@pytest.mark.parametrize(
    ("tables", "precision", "interval", "smallest"),
    [
        (TABLES, 0, 0, 48 + 12 + 8 + 1),
        (TABLES, 0, 4, 48 + 12 + 12 + 1),
        (OTHER, 0, 0, 48 + 12 + 8 + 4 + 128 + 1),
        (WIDE + WIDE, 3, 4, 48 + 12 + 12 + 4 + 256 + 1),
    ],
)
def test_the_smallest_mtu(tables, precision, interval, smallest):
    scan = restarted([30, 30, 30]) if interval else filler(90)
    file = file_of(scan, tables=tables, precision=precision, interval=interval)
    check(Packetizer(mtu=smallest).packetize(file, 0), file, smallest)
    with pytest.raises(ConfigError) as caught:
        Packetizer(mtu=smallest - 1).packetize(file, 0)
    assert str(caught.value).startswith(f"mtu: found {smallest - 1}, expected at least {smallest} for")


def test_the_mtu_may_change_between_frames():
    packetizer, file = Packetizer(mtu=9000), file_of(filler(20_000))
    check(packetizer.packetize(file, 0), file, 9000)
    packetizer.mtu = 576
    check(packetizer.packetize(file, 0), file, 576)


def test_the_largest_scan():
    # RFC 2435, section 3.1.2: offset plus length MUST NOT exceed 2^24.
    train = Packetizer(mtu=65_000).packetize(file_of(filler(LARGEST_SCAN)), 0)
    last = read_all([train[len(train) - 1]])[0]
    assert last.offset + len(last.data) == LARGEST_SCAN
    with pytest.raises(UnsupportedJpegError, match="scan length: found 16777217, expected at most 16777216"):
        Packetizer(mtu=65_000).packetize(file_of(filler(LARGEST_SCAN + 1)), 0)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.array])
def test_pictures_come_in_any_buffer(kind):
    data = np.frombuffer(jpeg(), np.uint8) if kind is np.array else kind(jpeg())
    check(Packetizer().packetize(data, 0), jpeg(), 1400)


def test_headers_that_change_are_seen():
    packetizer = Packetizer()
    for file in (jpeg(), jpeg(seed=2), jpeg(quality=30), jpeg(0), jpeg(65), jpeg(width=32, height=32)):
        check(packetizer.packetize(file, 0), file, 1400)


def test_a_picture_that_is_refused_leaves_the_stream_as_it_was():
    packetizer = Packetizer(sequence_number=5)
    with pytest.raises(UnsupportedJpegError):
        packetizer.packetize(b"GIF89a", 0)
    assert packetizer.sequence_number == 5


def test_packetize_returns_packets():
    packets = packetize(jpeg(), mtu=600, ssrc=7, sequence_number=65535, timestamp=2**32 + 9000)
    assert all(type(packet) is bytes for packet in packets)
    first = check(packets, jpeg(), 600)[0]
    assert (first.sequence, first.ssrc, first.timestamp, first.payload_type) == (65535, 7, 9000, 26)


def test_packetize_keeps_restart_markers():
    check_chunks(check(packetize(jpeg(65)), jpeg(65), 1400), jpeg(65))


def test_sixteen_bit_tables_of_a_file_travel():
    wide = {number: [value + 256 for value in table] for number, table in tables_of(jpeg()).items()}
    file = with_tables(jpeg(), [(number, table, True) for number, table in wide.items()])
    assert check(packetize(file), file, 1400)[0].tables.precision == 3


def test_a_scan_without_eoi_gets_one():
    file = with_scan(jpeg(), scan_of(jpeg())[:-2])
    assert read_all(packetize(file))[-1].data.endswith(EOI)


# -- fill ---------------------------------------------------------------------------------------------

FILL = re.compile(b"\xff+(?=\xff[\xd0-\xd7])")


def check_filled(file, mtu):
    """What holds for every filled train; returns its packets and those without fill."""
    train = Packetizer(mtu=mtu, fill=True, sequence_number=7).packetize(file, 9)
    plain = read_all(Packetizer(mtu=mtu, sequence_number=7).packetize(file, 9))
    packets = read_all(train)
    assert [packet.chunk for packet in packets] == [packet.chunk for packet in plain]
    assert [packet.sequence for packet in packets] == [packet.sequence for packet in plain]
    assert [packet.marker for packet in packets] == [packet.marker for packet in plain]
    assert [packet.tables for packet in packets] == [packet.tables for packet in plain]
    ends = np.cumsum([len(packet.data) for packet in packets])
    assert [packet.offset for packet in packets] == [0, *ends[:-1].tolist()], "offsets count fill bytes"
    assert {packet.size for packet in packets[:-1]} <= {max(packet.size for packet in plain)}
    assert packets[-1].data == plain[-1].data, "the last one is not filled"
    for packet, other in zip(packets, plain, strict=True):
        assert packet.data == other.data.ljust(len(packet.data), b"\xff")
    assert train.segment_size and len(train) == len(packets)
    return packets, plain


@given(restarted_files(), mtus)
def test_any_restart_intervals_are_filled_to_one_size(file, mtu):
    if parse_jpeg(file).restart_interval:
        packets, _ = check_filled(file, mtu)
        assert FILL.sub(b"", b"".join(packet.data for packet in packets)) == bytes(parse_jpeg(file).scan)


@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("quality", [40, 99, OWN_TABLES])
@pytest.mark.parametrize("mtu", [300, 1400, 9000])
def test_photographs_are_filled(type, quality, mtu):
    file = encode(photograph("coffee")[:208, :304], type, quality, 4)
    packets, plain = check_filled(file, mtu)
    assert sum(packet.size for packet in packets[:-1]) >= sum(packet.size for packet in plain[:-1])


def test_a_split_interval_is_filled_behind_its_last_piece():
    file = file_of(restarted([100, 2000, 100, 900, 900]), interval=2, width=160, height=16)
    packets, _ = check_filled(file, 1400)
    assert [packet.chunk[1:] for packet in packets] == [
        (True, True, 0),
        (True, False, 1),
        (False, True, 1),
        (True, True, 2),
        (True, True, 4),
    ]
    assert [packet.size for packet in packets[:-1]] == [1352] * 4
    assert packets[2].data.endswith(b"\xff" * 600)


def test_fill_does_nothing_without_whole_intervals():
    for options, file in (
        ({}, jpeg(1)),
        ({"profile": "compatible"}, jpeg(1)),
        ({"aligned": False}, jpeg(65, width=320, height=240)),
    ):
        one, other = (
            Packetizer(fill=fill, ssrc=1, sequence_number=1, **options).packetize(file, 0)
            for fill in (True, False)
        )
        assert list(one) == list(other)


def test_a_frame_that_fill_would_make_too_large_is_not_filled():
    # Offsets have 24 bits. Pairs of intervals of which the second does not fit: half of each packet is fill.
    file = file_of(
        restarted([9000, 51_000] * 180), interval=90, width=2032, height=2040, type=0, tables=TABLES
    )
    train = Packetizer(mtu=56_000, fill=True).packetize(file, 0)
    assert not train.segment_size
    check(train, file, 56_000)


def test_intervals_are_counted():
    packetizer = Packetizer(mtu=48 + 24 + 1000)
    assert (packetizer.intervals_sent, packetizer.intervals_split) == (0, 0)
    packetizer.packetize(file_of(filler(3000)), 0)
    assert (packetizer.intervals_sent, packetizer.intervals_split) == (0, 0)
    file = file_of(restarted([100, 2500, 100, 1500, 900]), interval=2, width=160, height=16)
    packetizer.packetize(file, 0)
    assert (packetizer.intervals_sent, packetizer.intervals_split) == (5, 2)
    packetizer.aligned = False
    packetizer.packetize(file, 0)
    assert (packetizer.intervals_sent, packetizer.intervals_split) == (10, 7)


@pytest.mark.parametrize("mtu", [500, 1400, 9000])
def test_the_room_for_scan(mtu):
    file = file_of(restarted([3, scan_room(mtu) - 2, 9000, 90]), interval=3, width=160, height=16)
    packets = read_all(Packetizer(mtu=mtu).packetize(file, 0))
    assert (len(packets[1].data), packets[1].size) == (scan_room(mtu), mtu - 48)
    assert scan_room(1400) == 1328
