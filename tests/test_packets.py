"""The two readers of a train give the same answers, and the quick one knows its limits."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.packets import AlikePackets, FrameFields, PacketColumns, read_alike, read_packets
from rtpjpeg.payload import parse_columns
from rtpjpeg.rtp import parse_train
from rtpjpeg.train import PacketTrain


def packet(index: int = 0, data: bytes = b"12345678", **changed: int) -> bytes:
    """A packet of a frame whose packets hold 8 bytes each; ``changed`` names other header fields."""
    values = {
        "first": 0x80,
        "second": 26,
        "number": 100 + index,
        "timestamp": 9000,
        "ssrc": 0x1234,
        "specific": 0,
        "offset": index * 8,
        "type": 1,
        "q": 50,
        "width": 40,
        "height": 30,
        **changed,
    }
    header = struct.pack(
        ">BBHIIIBBBB",
        values["first"],
        values["second"],
        values["number"],
        values["timestamp"],
        values["ssrc"],
        values["specific"] << 24 | values["offset"],
        values["type"],
        values["q"],
        values["width"],
        values["height"],
    )
    if 64 <= values["type"] <= 127:
        header += struct.pack(">HH", values.get("interval", 4), values.get("chunk", 0xC000 | index))
    return header + data


def columns_of(packets: list[bytes]) -> PacketColumns:
    rtp = parse_train(PacketTrain.from_packets(packets))
    return PacketColumns(rtp, parse_columns(rtp))


def answers(packets: AlikePackets | PacketColumns, count: int) -> list[object]:
    """All that the stream may ask."""
    fields = packets.fields(0)
    others = [
        fields._replace(description=1),
        fields._replace(restart_interval=99),
        fields._replace(timestamp=1),
    ]
    asked: list[object] = [packets.first_ssrc(26), packets.first_ssrc(27)]
    for stream in ((26, 0x1234), (26, 5), (27, 0x1234)):
        asked += [packets.all_usable(*stream), packets.usable(*stream).tolist()]
    for first, stop in {(0, count), (count // 2, count), (0, 1)}:
        asked += [packets.runs(first, stop), packets.instants(first, stop), packets.frames(first, stop)]
        pieces = packets.pieces(first, stop)
        asked += [
            pieces[:4],
            [bytes(packets.view[a:b]) for a, b in zip(pieces.starts, pieces.ends, strict=True)],
        ]
        asked.append(pieces.chunks if fields.has_restart_header else None)
        for wanted in (fields, *others):
            asked.append(packets.share(first, stop, wanted))
            asked.append([flags.tolist() for flags in packets.belonging(first, stop, wanted)])
    for index in range(count):
        asked += [packets.sequence_number(index), packets.timestamp(index), packets.marker(index)]
        asked += [
            packets.fragment_offset(index),
            packets.fields(index)[: 4 if fields.has_restart_header else 3],
        ]
    return asked


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("last", [26, 26 | 0x80])
def test_both_readers_give_the_same_answers(type: int, count: int, last: int) -> None:
    packets = [packet(index, type=type) for index in range(count - 1)]
    packets.append(packet(count - 1, type=type, second=last))
    alike = read_alike(PacketTrain.from_packets(packets))
    assert alike is not None
    assert answers(alike, count) == answers(columns_of(packets), count)


EXTENSION = bytes.fromhex("BEDE0001 10AA0000")


def extended(packet: bytes, extension: bytes = EXTENSION) -> bytes:
    return bytes([packet[0] | 0x10]) + packet[1:12] + extension + packet[12:]


@pytest.mark.parametrize("type", [0, 65])
@pytest.mark.parametrize("count", [1, 3])
def test_both_readers_find_the_extension_of_a_first_packet(type: int, count: int) -> None:
    packets = [packet(index, type=type) for index in range(count)]
    packets[0] = extended(packets[0])
    alike = read_alike(PacketTrain.from_packets(packets))
    assert alike is not None
    columns = columns_of(packets)
    assert answers(alike, count) == answers(columns, count)
    expected = [EXTENSION] + [b""] * (count - 1)
    for reader in (alike, columns):
        assert [reader.extension(index) for index in range(count)] == expected


@pytest.mark.parametrize("extension", [b"\xbe\xde\x00\x09", b"\xbe\xde\xff\xff", bytes(4)])
def test_a_first_packet_too_short_for_its_extension_is_read_in_columns(extension: bytes) -> None:
    odd = extended(packet(0, data=b""), extension)
    assert read_alike(PacketTrain.from_packets([odd, packet(1)])) is None


def test_an_extension_behind_a_csrc_list_is_found_in_columns() -> None:
    odd = bytearray(packet())
    odd[0] = 0x91
    odd[12:12] = b"csrc" + EXTENSION
    assert read_alike(PacketTrain.from_packets([bytes(odd)])) is None
    assert columns_of([bytes(odd)]).extension(0) == EXTENSION


FAR = {
    "version": {"first": 0x40},
    "padding": {"first": 0xA0},
    "extension": {"first": 0x90},
    "CSRC": {"first": 0x81},
    "payload type": {"second": 27},
    "marker": {"second": 26 | 0x80},
    "sequence number": {"number": 200},
    "timestamp": {"timestamp": 1},
    "SSRC": {"ssrc": 1},
    "type-specific": {"specific": 1},
    "offset 0": {"offset": 0},
    "offset beyond 2^24": {"offset": 0xFFFFFF},
    "type": {"type": 0},
    "Q": {"q": 51},
    "width": {"width": 41},
}


@pytest.mark.parametrize("changed", FAR.values(), ids=FAR.keys())
def test_a_train_with_one_odd_packet_is_read_in_columns(changed: dict[str, int]) -> None:
    packets = [packet(0), packet(1, **changed), packet(2)]
    assert read_alike(PacketTrain.from_packets(packets)) is None
    assert isinstance(read_packets(PacketTrain.from_packets(packets)), PacketColumns)


def test_a_steady_train_takes_the_quick_reader() -> None:
    assert isinstance(read_packets(PacketTrain.from_packets([packet(0), packet(1)])), AlikePackets)


def test_another_restart_interval_is_read_in_columns() -> None:
    packets = [packet(0, type=65), packet(1, type=65, interval=5)]
    assert read_alike(PacketTrain.from_packets(packets)) is None


def test_a_packet_too_short_for_all_headers_is_read_in_columns() -> None:
    assert read_alike(PacketTrain.from_packets([packet(0), packet(1, data=b"123")])) is None


@pytest.mark.parametrize("changed", [{"second": 27, "timestamp": 5}, {"first": 0x00}])
def test_a_single_odd_packet_is_still_one_packet(changed: dict[str, int]) -> None:
    alike = read_alike(PacketTrain.from_packets([packet(0, **changed)]))
    assert (alike is None) == (changed.get("first") == 0)
    assert alike is None or not alike.all_usable(26, 0x1234)


def test_columns_without_a_packet_of_the_payload_type_know_no_ssrc() -> None:
    assert columns_of([packet(0, second=27), packet(5)]).first_ssrc(28) is None


def test_fields_are_those_of_the_main_header() -> None:
    fields = FrameFields(1, 2, 65 << 24 | 80 << 16 | 40 << 8 | 30, 7)
    assert (fields.type, fields.q, fields.dimensions, fields.has_restart_header) == (65, 80, (320, 240), True)
    assert not fields._replace(description=129 << 24).has_restart_header


@given(
    st.lists(
        st.builds(
            lambda keep, size, noise: (keep, size, noise),
            st.booleans(),
            st.integers(0, 40),
            st.binary(min_size=0, max_size=24),
        ),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_what_the_quick_reader_takes_the_columns_take_too(pieces: list, restart: bool) -> None:
    type_ = 65 if restart else 1
    packets = [
        packet(index, bytes(size), type=type_) if keep else noise + bytes(size)
        for index, (keep, size, noise) in enumerate(pieces)
    ]
    train = PacketTrain.from_packets(packets)
    alike = read_alike(train)
    if alike is not None:
        assert answers(alike, len(packets)) == answers(columns_of(packets), len(packets))
    rows = np.cumsum([0, *map(len, packets)])
    assert train.spans() == (rows[:-1].tolist(), rows[1:].tolist())


def test_a_packet_of_24_bytes_is_read_quickly() -> None:
    assert read_alike(PacketTrain.from_packets([packet(0, data=b"1234")])) is not None
    assert read_alike(PacketTrain.from_packets([packet(0, data=b"123")])) is None


@pytest.mark.parametrize(("offset", "quick"), [((1 << 24) - 28, True), ((1 << 24) - 27, False)])
def test_packets_near_the_end_of_the_largest_scan_are_read_in_columns(offset: int, quick: bool) -> None:
    # Offset plus the whole packet, 28 bytes: a simple bound that is never too large.
    assert (read_alike(PacketTrain.from_packets([packet(0, offset=offset)])) is not None) == quick


@pytest.mark.parametrize("type", [0, 1, 63, 64, 65, 127, 128, 255])
def test_types_64_to_127_have_a_restart_header(type: int) -> None:
    train = PacketTrain.from_packets([packet(0, type=type)])
    for reader in (read_packets(train), columns_of(list(train))):
        assert reader.fields(0).type == type
        assert reader.fields(0).has_restart_header is (64 <= type <= 127)
        assert bytes(reader.view[slice(*(column[0] for column in reader.pieces(0, 1)[2:4]))]) == b"12345678"


def test_usable_packets_are_told_one_by_one() -> None:
    held = [packet(0), b"garbage", packet(1, ssrc=7), packet(2, second=96), packet(3)[:15], packet(4)]
    columns = read_packets(PacketTrain.from_packets(held))
    assert columns.usable(26, 0x1234).tolist() == [True, False, False, False, False, True]
    assert columns.usable(26, 7).tolist() == [False, False, True, False, False, False]
    assert (columns.all_usable(26, 0x1234), columns.first_ssrc(26), columns.first_ssrc(97)) == (
        False,
        0x1234,
        None,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 1, 1, 2, 65535]),
            st.sampled_from([0, 0, 0, 1]),
            st.booleans(),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_columns_are_cut_where_they_must(
    steps: list[tuple[int, int, bool, int]], data: st.DataObject
) -> None:
    held, number, timestamp = [], 65530, 5
    for step, later, marker, offset in steps:
        number, timestamp = (number + step) & 0xFFFF, timestamp + later
        held.append(packet(number=number, timestamp=timestamp, second=26 | marker << 7, offset=8 * offset))
    packets = columns_of(held)
    first = data.draw(st.integers(0, len(held) - 1))
    stop = data.draw(st.integers(first + 1, len(held)))
    numbers, times = packets.sequence_number, packets.timestamp
    follows = [n for n in range(first + 1, stop) if numbers(n) != (numbers(n - 1) + 1) & 0xFFFF]
    instants = [n for n in range(first + 1, stop) if times(n) != times(n - 1)]
    frames = [
        n
        for n in range(first + 1, stop)
        if n in instants or packets.marker(n - 1) or packets.fragment_offset(n) == 0
    ]
    for cuts, parts in (
        (follows, packets.runs(first, stop)),
        (instants, packets.instants(first, stop)),
        (frames, packets.frames(first, stop)),
    ):
        assert parts == list(zip([first, *cuts], [*cuts, stop], strict=True))
