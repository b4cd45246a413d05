"""The RTP header, packet by packet and train by train; both must say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtpjpeg import MalformedPacketError
from rtpjpeg.rtp import FRONT_SIZE, RtpPacket, gather, parse_train
from rtpjpeg.train import PacketTrain

# name: (bytes on the wire, the packet they are)
CASES = {
    "nothing but a header": (
        "80 1A 0001 00002328 1234ABCD",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b""),
    ),
    "marker and payload": (
        "80 9A FFFF FFFFFFFF FFFFFFFF 0102",
        RtpPacket(26, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, b"\1\2", marker=True),
    ),
    "other payload type": (
        "80 60 0001 00000000 00000000 01",
        RtpPacket(96, 1, 0, 0, b"\1"),
    ),
    "contributing sources": (
        "82 1A 0001 00002328 1234ABCD 00000007 FFFFFFFF 01",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1", csrcs=(7, 0xFFFF_FFFF)),
    ),
    "header extension": (
        "90 1A 0001 00002328 1234ABCD ABCD 0001 11223344 01",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1", extension=(0xABCD, b"\x11\x22\x33\x44")),
    ),
    "header extension without data": (
        "90 1A 0001 00002328 1234ABCD ABCD 0000 01",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1", extension=(0xABCD, b"")),
    ),
    "padding": (
        "A0 1A 0001 00002328 1234ABCD 01 000003",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1", padding=3),
    ),
    "padding of one byte": (
        "A0 1A 0001 00002328 1234ABCD 01 01",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1", padding=1),
    ),
    "all of it": (
        "B1 9A 0001 00002328 1234ABCD 00000007 0001 0001 11223344 0102 00000004",
        RtpPacket(26, 1, 9000, 0x1234ABCD, b"\1\2", True, (7,), (1, b"\x11\x22\x33\x44"), 4),
    ),
}
# name: (bytes, what the sentence says)
MALFORMED = {
    "nothing": ("", "RTP packet length: found 0, expected 12 bytes or more (RFC 3550 section 5.1)"),
    "version 0": ("00 1A 0001 00002328 1234ABCD", "RTP version: found 0, expected 2 (RFC 3550 section A.1)"),
    "version 1": ("40 1A 0001 00002328 1234ABCD", "RTP version: found 1, expected 2"),
    "version 3": ("C0 1A 0001 00002328 1234ABCD", "RTP version: found 3, expected 2"),
    "too many sources": (
        "82 1A 0001 00002328 1234ABCD 00000007",
        "CSRC count: found 2, expected at most 1 here",
    ),
    "extension cut": ("90 1A 0001 00002328 1234ABCD ABCD", "RTP header extension: found 2 bytes"),
    "extension too long": (
        "90 1A 0001 00002328 1234ABCD ABCD 0002 11223344 010203",
        "header extension length: found 2, expected at most 1 words here",
    ),
    "padding 0": ("A0 1A 0001 00002328 1234ABCD 0100", "RTP padding count: found 0, expected 1 to 1"),
    "padding over all": ("A0 1A 0001 00002328 1234ABCD 0102", "RTP padding count: found 2, expected 1 to 1"),
    "padding over the header": ("A0 1A 0001 00002328 1234ABCD 01FF", "RTP padding count: found 255"),
    "padding and no payload": ("A0 1A 0001 00002328 12340001", "RTP padding count: found 1"),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_are_read(name):
    text, packet = CASES[name]
    assert RtpPacket.parse(bytes.fromhex(text)) == packet


@pytest.mark.parametrize("name", CASES)
def test_cases_are_written(name):
    text, packet = CASES[name]
    assert packet.serialize() == bytes.fromhex(text)


@pytest.mark.parametrize("name", CASES)
def test_every_truncation_of_a_header_is_refused(name):
    text, packet = CASES[name]
    data = bytes.fromhex(text)
    header = len(data) - len(packet.payload) - packet.padding
    for size in range(header):
        with pytest.raises(MalformedPacketError):
            RtpPacket.parse(data[:size])


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_packets_are_refused_with_a_sentence(name):
    text, sentence = MALFORMED[name]
    with pytest.raises(MalformedPacketError) as caught:
        RtpPacket.parse(bytes.fromhex(text))
    assert str(caught.value).startswith(sentence)


words = st.binary(max_size=10).map(lambda data: data * 4)
numbers = st.integers(0, 0xFFFF_FFFF)
packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=numbers,
    ssrc=numbers,
    payload=st.binary(min_size=1, max_size=30),
    marker=st.booleans(),
    csrcs=st.lists(numbers, max_size=15).map(tuple),
    extension=st.none() | st.tuples(st.integers(0, 0xFFFF), words),
    padding=st.integers(0, 255) | st.just(0),
)
bare_packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=numbers,
    ssrc=numbers,
    payload=st.binary(max_size=30),
)
almost_packets = st.builds(
    bytes.__add__, st.integers(0x80, 0xBF).map(lambda n: bytes([n])), st.binary(max_size=90)
)
some_bytes = st.binary(max_size=40) | almost_packets
wire = packets.map(RtpPacket.serialize) | bare_packets.map(RtpPacket.serialize) | some_bytes


@given(packets)
def test_what_is_written_is_read_again(packet):
    assert RtpPacket.parse(packet.serialize()) == packet


@given(some_bytes)
def test_any_bytes_are_a_packet_or_malformed(data):
    try:
        packet = RtpPacket.parse(data)
    except MalformedPacketError as error:
        assert error.source.startswith("RFC 3550 section")
    else:
        again = packet.serialize()
        assert len(again) == len(data)
        assert again[: len(data) - packet.padding] == data[: len(data) - packet.padding]


@st.composite
def trains(draw):
    """A train in one of the layouts that sockets make, and its packets."""
    held = draw(st.lists(wire, max_size=6))
    layout = draw(st.sampled_from(["joined", "slots", "scattered", "segments"]))
    if layout == "joined":
        return PacketTrain.from_packets(held), held
    if layout == "segments":
        data = b"".join(held)
        train = PacketTrain.from_segments(data, draw(st.integers(1, 40)))
        return train, list(train)
    if layout == "slots":
        size = max(map(len, held), default=0) + draw(st.integers(0, 20))
        starts = [size * index for index in range(len(held))]
    else:  # In any order, with noise between them.
        gaps = draw(st.lists(st.integers(0, 20), min_size=len(held), max_size=len(held)))
        starts = np.cumsum([gap + len(packet) for gap, packet in zip(gaps, held, strict=True)]) - [
            len(packet) for packet in held
        ]
        order = draw(st.permutations(range(len(held))))
        starts, held = [int(starts[index]) for index in order], [held[index] for index in order]
    end = max((start + len(packet) for start, packet in zip(starts, held, strict=True)), default=0)
    noise = draw(st.binary(min_size=1, max_size=20)) * (end + 20)
    data = bytearray(noise[: end + draw(st.integers(0, 20))])
    for start, packet in zip(starts, held, strict=True):
        data[start : start + len(packet)] = packet
    columns = (np.array(starts, np.int64), np.array([len(packet) for packet in held], np.int64))
    return PacketTrain(np.frombuffer(bytes(data), np.uint8), *columns), held


def parsed(data):
    try:
        return RtpPacket.parse(data)
    except MalformedPacketError:
        return None


# The first packet's list of sources ends behind the second packet: payloads that run backwards.
BACKWARDS = [bytes.fromhex("9F 1A 0000 00000000 00000000"), bytes.fromhex("80 1A") + bytes(60)]


@given(trains())
@example((PacketTrain.from_packets(BACKWARDS), BACKWARDS))
@example((PacketTrain.from_packets([]), []))
@example((PacketTrain.from_packets([b"", b""]), [b"", b""]))
def test_a_train_reads_as_its_packets_do(train_and_packets):
    train, held = train_and_packets
    columns = parse_train(train)
    assert len(columns.valid) == len(held)
    for index, packet in enumerate(map(parsed, held)):
        assert bool(columns.valid[index]) == (packet is not None)
        if packet is not None:
            assert train.data[columns.starts[index] : columns.ends[index]].tobytes() == packet.payload
            assert bool(columns.marker[index]) == packet.marker
            for name in ("payload_type", "sequence_number", "timestamp", "ssrc"):
                assert int(getattr(columns, name)[index]) == getattr(packet, name)


@given(st.lists(bare_packets, min_size=1, max_size=5))
def test_the_fronts_are_the_first_bytes_of_each_payload(held):
    columns = parse_train(PacketTrain.from_packets([packet.serialize() for packet in held]))
    for packet, front in zip(held, columns.fronts, strict=True):
        assert front[: len(packet.payload)].tobytes() == packet.payload[:FRONT_SIZE]


def test_fronts_are_left_out_where_one_packet_has_more_than_a_header():
    plain, odd = RtpPacket(26, 1, 0, 0, bytes(20)), RtpPacket(26, 2, 0, 0, bytes(20), csrcs=(1,))
    assert parse_train(PacketTrain.from_packets([plain.serialize(), odd.serialize()])).fronts is None


def test_columns_are_wide_enough_to_calculate_with():
    columns = parse_train(
        PacketTrain.from_packets([RtpPacket(26, 0xFFFF, 2**32 - 1, 2**32 - 1, b"").serialize()])
    )
    for name in ("payload_type", "sequence_number", "timestamp", "ssrc", "starts", "ends"):
        assert getattr(columns, name).dtype == np.int64
    assert int(columns.timestamp[0] + 1) == 2**32


DATA = np.arange(40, dtype=np.uint8)
# starts, size, rows
ROWS = [
    ([], 3, []),
    ([5], 3, [[5, 6, 7]]),
    ([0, 10, 20], 3, [[0, 1, 2], [10, 11, 12], [20, 21, 22]]),
    ([0, 10, 21], 3, [[0, 1, 2], [10, 11, 12], [21, 22, 23]]),
    ([20, 10, 0], 3, [[20, 21, 22], [10, 11, 12], [0, 1, 2]]),
    ([5, 5], 2, [[5, 6], [5, 6]]),
    ([0, 19, 38], 3, [[0, 1, 2], [19, 20, 21], [38, 39, 39]]),
    ([90], 3, [[39, 39, 39]]),
    ([60, 10], 3, [[39, 39, 39], [10, 11, 12]]),
]


@pytest.mark.parametrize(("starts", "size", "rows"), ROWS)
def test_gather_never_reads_outside(starts, size, rows):
    gathered = gather(DATA, np.array(starts, np.int64), size)
    assert gathered.shape == (len(starts), size)
    assert gathered.tolist() == rows


def test_gather_from_nothing():
    assert gather(DATA[:0], np.array([0, 0]), 2).tolist() == [[0, 0], [0, 0]]


def test_rows_at_a_fixed_distance_are_not_copied():
    assert np.shares_memory(gather(DATA, np.array([0, 10, 20]), 5), DATA)
