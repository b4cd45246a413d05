"""The RTP/JPEG headers, packet by packet and train by train; both must say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.builders import rtp
from rtpjpeg import MalformedPacketError
from rtpjpeg.payload import (
    LARGEST_SCAN,
    JpegHeader,
    JpegPayload,
    QuantizationTableHeader,
    RestartHeader,
    parse_columns,
)
from rtpjpeg.rtp import RtpPacket, parse_train
from rtpjpeg.train import PacketTrain

MAIN_HEADERS = {
    "the smallest": ("00 000000 00 01 00 00", JpegHeader(0, 0, 0, 1, 0, 0)),
    "a first packet": ("00 000000 01 4B 50 3C", JpegHeader(0, 0, 1, 75, 640, 480)),
    "a later packet": ("00 000578 01 4B 50 3C", JpegHeader(0, 1400, 1, 75, 640, 480)),
    "a field": ("02 010000 41 FF FF FF", JpegHeader(2, 65536, 65, 255, 2040, 2040)),
    "the largest": ("FF FFFFFF FF FF FF FF", JpegHeader(255, 0xFFFFFF, 255, 255, 2040, 2040)),
}
RESTART_HEADERS = {
    "unaligned": ("0004 FFFF", RestartHeader(4)),
    "one chunk": ("0001 C000", RestartHeader(1, restart_count=0)),
    "first of a chunk": ("0028 8007", RestartHeader(40, True, False, 7)),
    "inside a chunk": ("0028 0007", RestartHeader(40, False, False, 7)),
    "last of a chunk": ("0028 4007", RestartHeader(40, False, True, 7)),
    "the largest": ("FFFF FFFE", RestartHeader(0xFFFF, True, True, 0x3FFE)),
}
TABLE_HEADERS = {
    "no tables": ("00 00 0000", QuantizationTableHeader(0, b"")),
    "two bytes": ("00 00 0002 0102", QuantizationTableHeader(0, b"\1\2")),
    "two tables": ("00 00 0080" + "11" * 128, QuantizationTableHeader(0, b"\x11" * 128)),
    "16 bits": ("00 03 0100" + "11" * 256, QuantizationTableHeader(3, b"\x11" * 256)),
    "MBZ is not 0": ("07 01 0001 05", QuantizationTableHeader(1, b"\5", 7)),
}
PAYLOADS = {
    "type 1, Q 75": (
        "00 000000 01 4B 50 3C 0102",
        JpegPayload(JpegHeader(0, 0, 1, 75, 640, 480), None, None, b"\1\2"),
    ),
    "no data": (
        "00 000000 01 4B 50 3C",
        JpegPayload(JpegHeader(0, 0, 1, 75, 640, 480), None, None, b""),
    ),
    "restart header": (
        "00 000578 41 4B 50 3C 0004 C005 01",
        JpegPayload(JpegHeader(0, 1400, 65, 75, 640, 480), RestartHeader(4, True, True, 5), None, b"\1"),
    ),
    "tables": (
        "00 000000 01 FF 50 3C 0000 0002 AABB 01",
        JpegPayload(JpegHeader(0, 0, 1, 255, 640, 480), None, QuantizationTableHeader(0, b"\xaa\xbb"), b"\1"),
    ),
    "tables stand in the first packet only": (
        "00 000001 01 FF 50 3C 0000 0002 AABB 01",
        JpegPayload(JpegHeader(0, 1, 1, 255, 640, 480), None, None, bytes.fromhex("00000002AABB01")),
    ),
    "restart header in front of tables": (
        "00 000000 40 80 50 3C 0004 C000 00000000 01",
        JpegPayload(
            JpegHeader(0, 0, 64, 128, 640, 480),
            RestartHeader(4, True, True, 0),
            QuantizationTableHeader(0, b""),
            b"\1",
        ),
    ),
    "type 128 has no restart header": (
        "00 000000 80 4B 50 3C 0004 C000 01",
        JpegPayload(JpegHeader(0, 0, 128, 75, 640, 480), None, None, bytes.fromhex("0004C00001")),
    ),
    "the end of the largest scan": (
        "00 FFFFFE 01 4B 50 3C 0102",
        JpegPayload(JpegHeader(0, 0xFFFFFE, 1, 75, 640, 480), None, None, b"\1\2"),
    ),
}
CASES = [
    *((JpegHeader, *case) for case in MAIN_HEADERS.values()),
    *((RestartHeader, *case) for case in RESTART_HEADERS.values()),
    *((QuantizationTableHeader, *case) for case in TABLE_HEADERS.values()),
    *((JpegPayload, *case) for case in PAYLOADS.values()),
]
NAMES = [*MAIN_HEADERS, *RESTART_HEADERS, *TABLE_HEADERS, *PAYLOADS]


@pytest.mark.parametrize(("kind", "text", "value"), CASES, ids=NAMES)
def test_cases_are_read(kind, text, value):
    assert kind.parse(bytes.fromhex(text)) == value


@pytest.mark.parametrize(("kind", "text", "value"), CASES, ids=NAMES)
def test_cases_are_written(kind, text, value):
    assert value.serialize() == bytes.fromhex(text)


@pytest.mark.parametrize(("kind", "text", "value"), CASES, ids=NAMES)
def test_every_truncation_of_a_header_is_refused(kind, text, value):
    data = bytes.fromhex(text)
    header = len(data) - len(value.data) if kind is JpegPayload else len(data)
    for size in range(header):
        with pytest.raises(MalformedPacketError):
            kind.parse(data[:size])


@pytest.mark.parametrize("kind", [JpegHeader, RestartHeader, QuantizationTableHeader])
def test_what_follows_a_header_is_left_alone(kind):
    for owner, text, value in CASES:
        if owner is kind:
            assert kind.parse(bytes.fromhex(text) + b"\xff\xff\xff") == value


# bytes, what the sentence says
MALFORMED = [
    ("", "main JPEG header: found 0 bytes, expected 8 bytes or more (RFC 2435 section 3.1)"),
    ("00000000 414B503C 0004", "restart marker header: found 2 bytes, expected 4 bytes or more"),
    ("00000000 01FF503C 00", "quantization table header: found 1 bytes, expected 4 bytes or more"),
    ("00000000 01FF503C 00000003 0102", "quantization table length: found 3, expected at most 2 bytes here"),
    (
        "00FFFFFE 014B503C 010203",
        "fragment offset plus data length: found 16777217, expected at most 16777216",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), MALFORMED)
def test_malformed_payloads_are_refused_with_a_sentence(text, sentence):
    with pytest.raises(MalformedPacketError) as caught:
        JpegPayload.parse(bytes.fromhex(text))
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("side", "sent"), [(8, 8), (9, 16), (1, 8), (2033, 2040), (0, 0)])
def test_a_size_that_is_no_multiple_of_8_is_rounded_up(side, sent):
    again = JpegHeader.parse(JpegHeader(0, 0, 1, 75, side, side).serialize())
    assert (again.width, again.height) == (sent, sent)


@pytest.mark.parametrize(
    ("type", "present"),
    [(0, False), (1, False), (63, False), (64, True), (127, True), (128, False), (255, False)],
)
def test_types_64_to_127_have_a_restart_header(type, present):
    assert JpegHeader(0, 0, type, 75, 8, 8).has_restart_header is present


@pytest.mark.parametrize(
    ("q", "offset", "present"),
    [(127, 0, False), (128, 0, True), (255, 0, True), (128, 1, False), (255, 1400, False), (1, 0, False)],
)
def test_q_from_128_has_a_table_header_in_the_first_packet(q, offset, present):
    assert JpegHeader(0, offset, 1, q, 8, 8).has_table_header is present


@pytest.mark.parametrize("tables", [b"", bytes(64), bytes(256)])
def test_the_size_of_a_table_header(tables):
    header = QuantizationTableHeader(0, tables)
    assert header.size == len(header.serialize())


octets = st.integers(0, 255)
sides = octets.map(lambda side: 8 * side)
types = st.sampled_from([0, 1, 63, 64, 65, 127, 128, 255]) | octets
offsets = st.just(0) | st.integers(0, LARGEST_SCAN - 40)
main_headers = st.builds(JpegHeader, octets, offsets, types, octets, sides, sides)
restart_headers = st.builds(
    RestartHeader, st.integers(0, 0xFFFF), st.booleans(), st.booleans(), st.integers(0, 0x3FFF)
)
table_headers = st.builds(QuantizationTableHeader, octets, st.binary(max_size=300), octets)


@st.composite
def payloads(draw):
    header = draw(main_headers)
    return JpegPayload(
        header,
        draw(restart_headers) if 64 <= header.type <= 127 else None,
        draw(table_headers) if header.q >= 128 and header.fragment_offset == 0 else None,
        draw(st.binary(max_size=40)),
    )


@given(main_headers | restart_headers | table_headers | payloads())
def test_what_is_written_is_read_again(value):
    assert type(value).parse(value.serialize()) == value


payload_bytes = (
    st.binary(max_size=30)
    | payloads().map(JpegPayload.serialize)
    | st.builds(lambda value, size: value.serialize()[:size], payloads(), st.integers(0, 30))
    | st.builds(  # Fragment offsets at the very end.
        lambda offset, rest: b"\0" + offset.to_bytes(3, "big") + rest,
        st.integers(LARGEST_SCAN - 30, LARGEST_SCAN - 1),
        st.binary(max_size=40),
    )
)


@given(payload_bytes)
def test_any_bytes_are_a_payload_or_malformed(data):
    try:
        payload = JpegPayload.parse(data)
    except MalformedPacketError as error:
        assert error.source.startswith("RFC 2435 section 3.1")
    else:
        assert payload.serialize() == data


@st.composite
def trains(draw):
    """A train of packets with any payload; some with sources, extension, padding; some with one size."""
    held = []
    for number, payload in enumerate(draw(st.lists(payload_bytes, min_size=1, max_size=6))):
        options = {}
        if draw(st.booleans()):
            options["csrcs"] = draw(st.lists(st.integers(0, 9), max_size=3))
            options["extension"] = draw(st.none() | st.sampled_from([b"", b"1234"]))
            options["padding"] = draw(st.sampled_from([0, 0, 1, 9])) if payload else 0
        held.append(rtp(payload, sequence=number, **options))
    if draw(st.booleans()):
        return PacketTrain.from_packets(held)
    size = max(map(len, held)) + draw(st.integers(0, 9))
    data = b"".join(packet.ljust(size, b"\x41") for packet in held)
    lengths = np.array([len(packet) for packet in held], np.int64)
    return PacketTrain(np.frombuffer(data, np.uint8), np.arange(len(held)) * size, lengths)


def parsed(payload):
    """The payload; None where main header, restart header or range are broken.

    The tables are left to the frame: the columns say nothing about them.
    """
    try:
        return JpegPayload.parse(payload)
    except MalformedPacketError as error:
        if error.source != "RFC 2435 section 3.1.8":
            return None
        header = JpegHeader.parse(payload)
        restart = RestartHeader.parse(payload[8:]) if header.has_restart_header else None
        return JpegPayload(header, restart, None, payload[12 if restart else 8 :])


@given(trains())
@example(PacketTrain.from_packets([]))
@example(PacketTrain.from_packets([b"", b"\x80"]))
def test_a_train_reads_as_its_packets_do(train):
    headers = parse_train(train)
    columns = parse_columns(headers)
    assert len(columns.valid) == len(train)
    for index, packet in enumerate(train):
        if not headers.valid[index]:
            assert not columns.valid[index]
            continue
        payload = RtpPacket.parse(packet).payload
        expected = parsed(payload)
        assert bool(columns.valid[index]) == (expected is not None)
        if expected is None:
            continue
        main = expected.header
        assert int(columns.type_specific[index]) == main.type_specific
        assert int(columns.fragment_offset[index]) == main.fragment_offset
        assert int(columns.description[index]).to_bytes(4, "big") == payload[4:8]
        if expected.restart is not None:
            assert int(columns.restart_interval[index]) == expected.restart.restart_interval
            assert int(columns.chunk[index]) == int.from_bytes(payload[10:12], "big")
        data = train.data[columns.data_starts[index] : headers.ends[index]].tobytes()
        tables = expected.quantization.serialize() if expected.quantization else b""
        assert data == tables + expected.data


def test_columns_are_wide_enough_to_calculate_with():
    train = PacketTrain.from_packets([rtp(JpegHeader(255, 0xFFFFFF, 255, 255, 2040, 2040).serialize())])
    columns = parse_columns(parse_train(train))
    assert int(columns.description[0]) == 0xFFFFFFFF
    for name in (
        "type_specific",
        "fragment_offset",
        "description",
        "restart_interval",
        "chunk",
        "data_starts",
    ):
        assert getattr(columns, name).dtype == np.int64
