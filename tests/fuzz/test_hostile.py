"""Whatever arrives: documented errors, bounded memory, and only files that begin and end as JPEG does."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtpjpeg
from conformance.builders import main, restart, rtp, table_header
from conformance.running import events_of
from fuzz.mutations import CASES, mutated_streams, real_frames
from peers import missing
from rtpjpeg import (
    Depacketizer,
    Frame,
    JpegPayload,
    MalformedPacketError,
    PacketTrain,
    ReceiverSession,
    RtpPacket,
    depacketize,
)
from rtpjpeg.depacketizer import FRAME_LIMIT
from rtpjpeg.fragments import PACKET_COST, TRAIN_COST
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.stats import ReceiverStatistics

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"
GREY = 1 << 18
"""Bytes of the largest grey picture and its header."""
HEADERS = 12 + 8 + 4 + 4 + 128 + 8
"""Bytes of the headers of a first packet, two 8-bit tables among them, and a few more."""
OPTIONS = (
    {},
    {"conceal": False},
    {"lenient": True},
    {"dimensions": (62, 45), "lenient": True},
    {"frame_limit": 2000},
    {"tables": {200: bytes([16]) * 128}},
)


def check(frame: Frame) -> None:
    assert frame.jpeg.startswith(b"\xff\xd8") and frame.jpeg.endswith(b"\xff\xd9")
    assert 0 < frame.width <= 4096 and 0 < frame.height <= 4096
    assert len(frame.jpeg) < 1 << 20


def drain(machine: Depacketizer | ReceiverSession) -> int:
    """Take all events, and check those that carry a frame; return the size of the largest frame."""
    largest = 0
    while (event := machine.next_event()) is not None:
        if isinstance(event, rtpjpeg.FrameReceived):
            check(event.frame)
            largest = max(largest, len(event.frame.jpeg))
        elif isinstance(event, rtpjpeg.FrameDropped):
            assert event.reason
        elif isinstance(event, rtpjpeg.PacketRejected):
            assert isinstance(event.error, MalformedPacketError) and str(event.error)
    return largest


def counted(depacketizer: Depacketizer, packets: int) -> ReceiverStatistics:
    """The counts; a packet may count twice (its tables are broken) or not at all (it came from far away)."""
    counts = depacketizer.statistics
    assert 0 <= counts.packets_received <= packets and 0 <= counts.packets_rejected <= packets
    assert counts.packets_duplicated + counts.packets_reordered <= counts.packets_received
    assert counts.packets_lost >= 0
    return counts


class Meter:
    """Holds the work for each push, and the memory behind it, to bounds that are counted.

    A byte that came may be moved when its frame is joined, cut at its end, and split for the frames
    behind it; a frame that ends may move the picture it is made of as often.
    """

    TIMES = 4

    def __init__(self, machine: Depacketizer, limit: int) -> None:
        self.machine = machine
        self.limit = limit
        self.picture = GREY
        self.frames = 0

    def push(self, data: bytes | PacketTrain) -> None:
        """Push a packet or a train, take the events, and look at the counters."""
        machine, counts = self.machine, self.machine.statistics
        size, packets = (len(data), 1) if isinstance(data, bytes) else (data.nbytes, len(data))
        came, copied = machine.bytes_held + size, machine.bytes_copied
        machine.push(data)
        self.picture = max(self.picture, drain(machine))
        ended = counts.frames_received + counts.frames_dropped - self.frames
        self.frames += ended
        assert machine.bytes_copied - copied <= self.TIMES * (came + ended * self.picture)
        assert machine.bytes_held <= self.limit + size + PACKET_COST * packets + TRAIN_COST
        assert machine.packets_held <= machine.bytes_held // PACKET_COST


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.rule("J-106")
def test_mutated_packets(seed):
    """Most of the cases of a run: 1 000 000 where FUZZ_PACKETS says so, else 50 000."""
    wanted = CASES * 7 // 10
    shown = dropped = rejected = concealed = 0
    for index, stream in enumerate(mutated_streams(seed, wanted)):
        options = OPTIONS[index % len(OPTIONS)]
        meter = Meter(Depacketizer(**options), options.get("frame_limit", FRAME_LIMIT))
        if index % 3:
            meter.push(PacketTrain.from_packets(stream))
        else:
            for packet in stream:
                meter.push(packet)
        meter.machine.flush()
        drain(meter.machine)
        counts = counted(meter.machine, len(stream))
        shown += counts.frames_received
        concealed += counts.frames_concealed
        dropped += counts.frames_dropped
        rejected += counts.packets_rejected
    # Fuzzing that never gets past the first check, or harms nothing, would prove nothing.
    least = wanted // 200
    assert shown > least and dropped > least and rejected > least and concealed > least // 2


@pytest.mark.rule("J-106")
def test_mutated_packets_through_the_convenience_function(seed):
    for index, stream in enumerate(mutated_streams(seed, 10_000)):
        for frame in depacketize(stream, conceal=bool(index & 1)):
            check(frame)
        try:
            for frame in depacketize(stream, strict=True):
                check(frame)
        except MalformedPacketError as error:
            assert str(error)


SOURCES = (("192.0.2.1", 4000), ("192.0.2.1", 4000), ("192.0.2.1", 4002), ("198.51.100.6", 4000))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.rule("J-106", "T-062")
def test_mutated_packets_through_a_session(seed):
    """The other cases: two SSRCs and three addresses, in trains and one by one, with every timer."""
    chance, session, now, shown = random.Random(seed), ReceiverSession(), 0.0, 0
    for stream in mutated_streams(seed, CASES * 3 // 10):
        if chance.random() < 0.3:
            stream = [packet[:8] + b"evil" + packet[12:] for packet in stream]
        parts: list[bytes | PacketTrain] = [*stream]
        if chance.random() < 0.5:
            cut = chance.randint(1, len(stream))
            parts = [PacketTrain.from_packets(stream[:cut]), PacketTrain.from_packets(stream[cut:])]
        for part in parts:
            now += chance.choice((0.0, 0.0001, 0.004, 0.02))
            timer = session.next_timer()
            if timer is not None and timer <= now:
                session.handle_timer(now)
            session.receive(part, now, chance.choice(SOURCES))
            following = session.next_timer()
            assert following is None or following > now, "what is due is done"
        shown += drain(session) > 0
        now += chance.choice((0.0, 0.1, 2.0))
    assert session.statistics.packets_received and shown > CASES // 500


@pytest.mark.slow
@pytest.mark.rule("J-106")
@pytest.mark.parametrize("make", [Depacketizer, ReceiverSession])
def test_memory_does_not_grow(make, seed):
    """One machine takes the packets of many streams; nobody asks for its events until the end of each."""
    machine = make(frame_limit=100_000)
    sizes = []
    tracemalloc.start()
    try:
        now = 0.0
        for index, stream in enumerate(mutated_streams(seed, 2_500)):
            for packet in stream:
                now += 0.001
                machine.push(packet, now) if make is Depacketizer else machine.receive(packet, now)
            drain(machine)
            if index % 15 == 14:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    half = len(sizes) // 2
    assert half >= 3
    assert max(sizes[half:]) - max(sizes[:half]) < 1 << 20, sizes


@pytest.mark.rule("J-106", "J-104")
def test_events_that_nobody_takes_do_not_pile_up():
    depacketizer = Depacketizer()
    for index in range(5000):
        depacketizer.push(bytes([index & 0xFF]) * 13)
    assert len(list(events_of(depacketizer))) <= 1000
    assert depacketizer.statistics.packets_rejected == 5000


@pytest.mark.rule("J-106")
@given(st.lists(st.binary(max_size=120), max_size=12), st.booleans())
def test_any_bytes(packets, at_once):
    depacketizer = Depacketizer()
    if at_once:
        depacketizer.push(PacketTrain.from_packets(packets))
    else:
        for packet in packets:
            depacketizer.push(packet)
    depacketizer.flush()
    drain(depacketizer)
    for packet in packets:
        try:
            JpegPayload.parse(RtpPacket.parse(packet).payload)
        except MalformedPacketError as error:
            assert str(error)


bytes_of_a_field = st.integers(0, 255)
jpeg_payloads = st.builds(
    lambda offset, type, q, width, height, flags, tables, data: (
        main(offset, type=type, q=q, width=8 * width, height=8 * height)
        + (restart(*flags) if 64 <= type < 128 else b"")
        + (tables if q >= 128 and offset == 0 else b"")
        + data
    ),
    offset=st.sampled_from((0, 0, 1, 8, 16, 1 << 16, (1 << 24) - 1)),
    type=st.sampled_from((0, 1, 64, 65, 2, 66, 128, 255)),
    q=st.sampled_from((0, 1, 50, 99, 100, 127, 128, 200, 254, 255)),
    width=st.sampled_from((0, 1, 2, 255)),
    height=st.sampled_from((0, 1, 2, 255)),
    flags=st.tuples(
        st.sampled_from((0, 1, 2, 0xFFFF)),
        st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from((0, 1, 2, 0x3FFE, 0x3FFF))),
    ),
    tables=st.builds(
        lambda size, precision, length: table_header(bytes([9]) * size, precision=precision, length=length),
        st.sampled_from((0, 64, 128, 192, 256)),
        st.sampled_from((0, 1, 2, 3, 0xFC)),
        st.sampled_from((None, 0, 128, 500)),
    ),
    data=st.lists(
        st.sampled_from(
            (b"", b"\x12" * 8, b"\xff", b"\xff\x00", b"\xff\xd0", b"\xff\xd1", b"\xff\xd9", b"\xff\xc0")
        )
    ).map(b"".join),
)


@pytest.mark.rule("J-106")
@given(
    st.lists(
        st.tuples(
            jpeg_payloads, st.integers(0, 5), st.integers(0, 1), st.booleans(), st.sampled_from((0, 0, 1, 4))
        ),
        max_size=8,
    ),
    st.sampled_from(OPTIONS),
)
def test_headers_with_anything_in_them(parts, options):
    packets = [
        rtp(payload, sequence=sequence, timestamp=timestamp, marker=marker, padding=padding)
        for payload, sequence, timestamp, marker, padding in parts
    ]
    depacketizer = Depacketizer(**options)
    for packet in packets:
        depacketizer.push(packet)
    depacketizer.flush()
    drain(depacketizer)
    counted(depacketizer, len(packets))


def truncations(packet: bytes, sizes: int) -> PacketTrain:
    """A packet cut after 0, 1, 2 ... bytes, each with the next sequence number, as one train."""
    table = np.tile(np.frombuffer(packet, np.uint8), (sizes, 1))
    numbers = np.arange(sizes)
    if len(packet) >= 4:
        table[:, 2], table[:, 3] = numbers >> 8 & 0xFF, numbers & 0xFF
    return PacketTrain(table.reshape(-1), numbers * len(packet), numbers)


def check_truncations(packet: bytes) -> None:
    """Every length through a receiver; those that cut the headers by themselves, and with concealment."""
    headers = min(len(packet), HEADERS)
    for sizes, conceal in ((len(packet), False), (headers, True)):
        ssrc, payload_type = int.from_bytes(packet[8:12], "big"), packet[1] & 0x7F
        depacketizer = Depacketizer(ssrc=ssrc, payload_type=payload_type, conceal=conceal)
        depacketizer.push(truncations(packet, sizes))
        depacketizer.flush()
        drain(depacketizer)
        counted(depacketizer, sizes)
    for size in range(headers):
        try:
            JpegPayload.parse(RtpPacket.parse(packet[:size]).payload)
        except MalformedPacketError as error:
            assert str(error)


@pytest.mark.rule("J-106")
def test_every_truncation_of_own_packets():
    for frame in real_frames():
        for packet in frame:
            check_truncations(packet)


@pytest.mark.slow
@pytest.mark.rule("J-106")
def test_every_truncation_of_every_captured_packet():
    captures = sorted(CAPTURES.glob("*.pcap"))
    if not captures:
        missing(f"every capture in {CAPTURES}")
    count = 0
    for path in captures:
        for _, _, _, packet in read_datagrams(path):
            check_truncations(packet)
            count += 1
    assert count > len(captures)
