"""Packets in, frames out: any loss, any order, any bytes. A strict decoder judges the pictures."""

from __future__ import annotations

from functools import cache

import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.builders import SSRC, fragment, main, restart, rtp, table_header
from conformance.pictures import eight_bit, jpeg, pillow, same_pixels, scan_of
from photographs import OWN_TABLES, PHOTOGRAPHS, encode, photograph, video
from rtpjpeg import MalformedPacketError, quirks
from rtpjpeg.depacketizer import (
    BATCH,
    FRAME_LIMIT,
    WINDOW,
    Depacketizer,
    depacketize,
)
from rtpjpeg.events import EVENT_LIMIT, FrameDropped, FrameReceived, PacketRejected
from rtpjpeg.fragments import PACKET_COST, TRAIN_COST
from rtpjpeg.frames import MARKERLESS
from rtpjpeg.packetizer import Packetizer, packetize
from rtpjpeg.train import PacketTrain

TYPES = [0, 1, 64, 65]


def events_of(machine):
    """All events that wait."""
    events = []
    while (event := machine.next_event()) is not None:
        events.append(event)
    return events


def frames_of(events):
    return [event.frame for event in events if isinstance(event, FrameReceived)]


def receive(packets, machine=None, **options):
    """Push packets one by one, end the input, return the events."""
    machine = machine or Depacketizer(**options)
    for packet in packets:
        machine.push(packet)
    machine.flush()
    return events_of(machine)


def kinds(events):
    return [type(event) for event in events]


def reasons(events):
    return [event.reason for event in events if isinstance(event, FrameDropped)]


def sentences(events):
    return [str(event.error) for event in events if isinstance(event, PacketRejected)]


def stream(type=1, count=3, size=400, sequence=1, **options):
    """Frames with different pictures, 3000 units apart: a list of packets for each."""
    frames = []
    for seed in range(1, count + 1):
        scan = scan_of(jpeg(type, seed=seed))
        options |= {"type": type, "interval": 4, "size": size, "timestamp": 3000 * seed}
        frames.append(fragment(scan, sequence=sequence, **options))
        sequence += len(frames[-1])
    return frames


def flat(frames):
    return [packet for frame in frames for packet in frame]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("quality", [85, OWN_TABLES])
def test_photographs_arrive_as_they_left(name, type, quality):
    file = encode(photograph(name), type, quality)
    height, width = photograph(name).shape[:2]
    machine = Depacketizer(dimensions=(width, height))
    machine.push(Packetizer().packetize(file, 9000))
    (event,) = events_of(machine)
    frame = event.frame
    assert scan_of(frame.jpeg) == scan_of(file)
    assert eight_bit(frame.jpeg) == eight_bit(file)
    assert same_pixels(frame.jpeg, file)
    assert (frame.width, frame.height, frame.timestamp) == (width, height, 9000)
    assert (frame.concealed, frame.findings) == (False, ())


@pytest.mark.parametrize("type", TYPES)
def test_a_size_that_was_rounded_shows_more_than_the_picture(type):
    # 451x300 travels as 456x304; only the SDP tells the true size.
    file = encode(photograph("chelsea"), type, 85)
    (frame,) = depacketize(packetize(file))
    assert (frame.width, frame.height) == (456, 304)
    pixels = simplejpeg.decode_jpeg(frame.jpeg, strict=True)
    assert (pixels[:296, :448] == simplejpeg.decode_jpeg(file, strict=True)[:296, :448]).mean() > 0.99


@pytest.mark.parametrize("type", TYPES)
def test_trains_and_single_packets_are_the_same(type):
    packets = flat(stream(type))
    machine = Depacketizer()
    machine.push(PacketTrain.from_packets(packets))
    assert events_of(machine) == receive(packets)


def test_a_frame_is_told_with_its_last_packet():
    machine = Depacketizer()
    *packets, last = stream()[0]
    for packet in packets:
        machine.push(packet, 1.5)
    assert machine.next_event() is None
    assert machine.opened_at == 1.5
    machine.push(last, 1.75)
    (event,) = events_of(machine)
    assert (event.frame.received_at, event.frame.completed_at) == (1.5, 1.75)
    assert (event.frame.ssrc, event.frame.sequence_number, event.frame.packets) == (SSRC, 1, len(packets) + 1)
    assert machine.opened_at is None


@cache
def sent(type):
    """Frames of a panned photograph as packets, by frame, and the scans they carry."""
    packetizer = Packetizer(mtu=500, ssrc=7, sequence_number=65_500)
    files = video("coffee", type, 60, 160, 112, 4)
    return [list(packetizer.packetize(file, 3000 * n)) for n, file in enumerate(files)], files


def judge(events, arrived):
    """Every frame of which a packet came is a decodable picture or a reported drop."""
    assert {type(event) for event in events} <= {FrameReceived, FrameDropped}
    stamps = [getattr(event, "frame", event).timestamp for event in events]
    assert stamps == sorted(set(stamps)), "one event a frame, in order"
    assert set(stamps) == arrived
    for frame in frames_of(events):
        pixels = simplejpeg.decode_jpeg(frame.jpeg, strict=True)
        assert pixels.shape[:2] == (frame.height, frame.width)
    return frames_of(events)


losses = st.sets(st.integers(0, 80)) | st.sets(st.integers(0, 80), max_size=3)


@pytest.mark.parametrize("type", [64, 65])
@given(missing=losses)
def test_any_loss_of_a_restart_marker_stream_is_decodable_or_dropped(type, missing):
    frames, files = sent(type)
    total = len(flat(frames))
    numbered = [(n, packet) for n, frame in enumerate(frames) for packet in frame]
    came = [pair for place, pair in enumerate(numbered) if place not in missing]
    events = receive([packet for _, packet in came])
    for frame in judge(events, {3000 * n for n, _ in came}):
        number = frame.timestamp // 3000
        whole = sum(n == number for n, _ in came) == len(frames[number])
        assert frame.concealed is not whole
        assert (scan_of(frame.jpeg) == scan_of(files[number])) or not whole
    assert reasons(events) == [] or len(came) < total
    assert set(reasons(events)) <= {"no whole restart interval came"}


@pytest.mark.parametrize("type", [0, 1])
@given(missing=losses)
def test_any_loss_of_a_plain_stream_is_the_frame_or_a_drop(type, missing):
    frames, files = sent(type)
    numbered = [(n, packet) for n, frame in enumerate(frames) for packet in frame]
    came = [pair for place, pair in enumerate(numbered) if place not in missing]
    whole = {n for n, frame in enumerate(frames) if sum(m == n for m, _ in came) == len(frame)}
    received = judge(receive([packet for _, packet in came]), {3000 * n for n, _ in came})
    assert {frame.timestamp // 3000 for frame in received} == whole, "never a truncated one"
    for frame in received:
        assert scan_of(frame.jpeg) == scan_of(files[frame.timestamp // 3000])
        assert not frame.concealed


@given(
    st.sampled_from(TYPES),
    st.lists(st.integers(0, 20), min_size=80, max_size=80),
    st.lists(st.integers(0, 79), max_size=10),
)
def test_any_order_inside_the_window_changes_nothing(type, delays, again):
    frames, files = sent(type)
    packets = flat(frames)
    places = [(place + delays[place % 80], place) for place in range(1, len(packets))]
    places += [(place + 1 + delays[place], place) for place in again if 0 < place < len(packets)]
    machine = Depacketizer()
    machine.push(packets[0])
    events = receive([packets[place] for _, place in sorted(places)], machine)
    received = judge(events, {0, 3000, 6000, 9000})
    assert [scan_of(frame.jpeg) for frame in received] == [scan_of(file) for file in files]
    duplicates = len(places) - len(packets) + 1
    assert machine.statistics.packets_duplicated == duplicates
    assert machine.statistics.packets_received == len(packets) + duplicates


@given(st.data())
def test_trains_cut_anywhere_change_nothing(data):
    frames, _ = sent(65)
    packets, machine = flat(frames), Depacketizer()
    while packets:
        count = data.draw(st.integers(1, 30))
        machine.push(PacketTrain.from_packets(packets[:count]))
        packets = packets[count:]
    assert events_of(machine) == receive(flat(frames))


hostile = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda payload, sequence, stamp, marker: rtp(
            payload, sequence=sequence, timestamp=stamp, marker=marker
        ),
        st.builds(
            lambda head, rest: head + rest,
            st.builds(
                main,
                st.sampled_from([0, 0, 100, 200, 0xFFFFFF]),
                type=st.sampled_from([0, 1, 2, 64, 65, 128]),
                q=st.sampled_from([0, 50, 75, 127, 128, 255]),
                width=st.sampled_from([0, 8, 64, 2040]),
                height=st.sampled_from([0, 8, 48, 2040]),
            ),
            st.binary(max_size=200)
            | st.lists(st.sampled_from([b"\xff", b"\xd0", b"\xd1", b"\xd9", b"\0", b"\0\0\0\x80"])).map(
                b"".join
            ),
        ),
        st.integers(0, 6) | st.integers(0, 65535),
        st.integers(0, 3),
        st.booleans(),
    ),
)


@settings(max_examples=300)
@given(st.lists(hostile, max_size=25), st.booleans(), st.booleans())
def test_any_bytes_end_in_events(packets, lenient, joined):
    machine = Depacketizer(lenient=lenient, dimensions=(16, 16))
    if joined:
        machine.push(PacketTrain.from_packets(packets))
        packets = []
    events = receive(packets, machine)
    assert {type(event) for event in events} <= {FrameReceived, FrameDropped, PacketRejected}
    statistics = machine.statistics
    assert statistics.packets_rejected == len(sentences(events))
    assert statistics.frames_received == len(frames_of(events))
    assert statistics.frames_dropped == len(reasons(events))
    for frame in frames_of(events):
        assert frame.jpeg.startswith(b"\xff\xd8")
        assert frame.jpeg.endswith(b"\xff\xd9")


def test_nothing_is_nothing():
    machine = Depacketizer()
    machine.push(PacketTrain.from_packets([]))
    machine.flush()
    assert (events_of(machine), machine.next_timer(), machine.opened_at) == ([], None, None)
    assert machine.statistics.packets_received == 0


@pytest.mark.parametrize("type", TYPES)
def test_what_is_missing_is_counted(type):
    machine = Depacketizer()
    packets = flat(stream(type, size=200))
    del packets[4], packets[-1]
    receive(packets, machine)
    statistics = machine.statistics
    assert (statistics.packets_received, statistics.packets_lost) == (len(packets), 1)
    assert statistics.packets_expected == len(packets) + 1, "what nothing followed is not missed"
    assert statistics.highest_sequence_number == len(packets) + 1


def test_losses_are_counted_at_the_end_of_the_input_too():
    machine = Depacketizer()
    packets = stream(size=200)[0]
    machine.push(packets[0])
    machine.push(packets[2])
    assert machine.statistics.packets_lost == 0
    machine.flush()
    assert machine.statistics.packets_lost == 1


def test_frames_are_counted():
    machine = Depacketizer()
    frames, _ = sent(65)
    receive([*flat(frames[:2]), *frames[2][1:], *frames[3]], machine)
    statistics = machine.statistics
    assert (statistics.frames_received, statistics.frames_concealed, statistics.frames_dropped) == (4, 1, 0)
    machine = Depacketizer(conceal=False)
    receive([*flat(frames[:2]), *frames[2][1:], *frames[3]], machine)
    statistics = machine.statistics
    assert (statistics.frames_received, statistics.frames_concealed, statistics.frames_dropped) == (3, 0, 1)


@pytest.mark.parametrize("conceal", [True, False])
def test_concealment_is_a_choice(conceal):
    frames, _ = sent(65)
    events = receive([*frames[0], *frames[1][1:]], conceal=conceal)
    assert kinds(events) == [FrameReceived, FrameReceived if conceal else FrameDropped]


def test_a_drop_says_how_many_packets_came():
    frames = stream(size=200)
    events = receive([*frames[0][:2], *frames[0][3:], *frames[1]])
    assert kinds(events) == [FrameDropped, FrameReceived]
    assert events[0] == FrameDropped(3000, "packets are missing", len(frames[0]) - 1)


@pytest.mark.parametrize("at_once", [False, True])
def test_packets_that_do_not_fit_are_counted_once(at_once):
    packets = stream(size=200)[0]
    strangers = fragment(scan_of(jpeg()), q=50, size=200, timestamp=3000)
    packets[2], packets[3] = strangers[2:4]
    machine = Depacketizer()
    if at_once:
        machine.push(PacketTrain.from_packets(packets))
        packets, count = [], len(packets)
    else:
        count = len(packets)
    (event,) = receive(packets, machine)
    assert event == FrameDropped(3000, "packets are missing", count)
    assert machine.findings == {quirks.HEADER_CHANGES: 1}


# packet, what the sentence says
STRANGERS = {
    "no RTP": (b"GET / HTTP/1.1\r\n", "RTP version: found 1, expected 2 (RFC 3550 section A.1)"),
    "nothing": (b"", "RTP packet length: found 0, expected 12 bytes or more"),
    "another payload type": (rtp(main(), payload_type=96), "payload type: found 96, expected 26"),
    "another source": (rtp(main(), ssrc=7), "SSRC: found 0x7, expected 0x1234abcd"),
    "main header cut": (rtp(main()[:7]), "main JPEG header: found 7 bytes, expected 8 bytes or more"),
    "restart header cut": (rtp(main(type=65) + b"\0"), "restart marker header: found 1 bytes"),
    "offset too far": (rtp(main(0xFFFFFF) + b"12"), "fragment offset plus data length: found 16777217"),
    "padding": (rtp(main(), padding=200)[:-1] + b"\xff", "RTP padding count: found 255"),
}


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("name", STRANGERS)
def test_packets_that_are_not_used_are_named(name, joined):
    packet, sentence = STRANGERS[name]
    frames = stream()
    packets = [frames[0][0], packet, *frames[0][1:], packet, *frames[1], packet]
    machine = Depacketizer()
    if joined:
        machine.push(PacketTrain.from_packets(packets))
        packets = []
    events = receive(packets, machine)
    assert len(frames_of(events)) == 2
    assert len(sentences(events)) == machine.statistics.packets_rejected == 3
    assert all(said.startswith(sentence) for said in sentences(events))
    assert machine.statistics.packets_received == len(flat(frames[:2]))


@pytest.mark.parametrize("name", STRANGERS)
def test_strict_raises_what_is_wrong(name):
    packet, sentence = STRANGERS[name]
    machine = Depacketizer(strict=True)
    machine.push(stream()[0][0])
    with pytest.raises(MalformedPacketError) as caught:
        machine.push(packet)
    assert str(caught.value).startswith(sentence)
    assert machine.statistics.packets_rejected == 1


def test_garbage_cannot_flood_the_events():
    machine = Depacketizer()
    for _ in range(EVENT_LIMIT + 50):
        machine.push(b"garbage")
    machine.push(PacketTrain.from_packets(stream()[0]))
    events = events_of(machine)
    assert len(events) == EVENT_LIMIT + 1
    assert kinds(events)[-1] is FrameReceived, "frames are always told"
    assert machine.statistics.packets_rejected == EVENT_LIMIT + 50


def test_the_first_source_is_taken():
    ours, other = stream()[0], stream(ssrc=7)[0]
    machine = Depacketizer()
    machine.push(b"garbage")
    machine.push(rtp(main(), payload_type=96, ssrc=9))
    assert machine.ssrc is None
    for pair in zip(ours, other, strict=True):
        for packet in pair:
            machine.push(packet)
    assert machine.ssrc == SSRC
    (frame,) = frames_of(events_of(machine))
    assert (frame.ssrc, scan_of(frame.jpeg)) == (SSRC, scan_of(jpeg()))


def test_one_source_may_be_asked_for():
    events = receive([*stream()[0], *stream(ssrc=7)[0]], ssrc=7)
    assert [frame.ssrc for frame in frames_of(events)] == [7]


def test_another_payload_type_may_be_asked_for():
    assert len(frames_of(receive(stream(payload_type=96)[0], payload_type=96))) == 1


def without_marker(packet):
    return packet[:1] + bytes([packet[1] & 0x7F]) + packet[2:]


@pytest.mark.parametrize("type", TYPES)
def test_a_lost_marker_packet_does_not_join_two_frames(type):
    frames = stream(type)
    events = receive([*frames[0][:-1], *frames[1], *frames[2]])
    assert kinds(events) == [FrameDropped, FrameReceived, FrameReceived]
    assert reasons(events) == ["the last packets are missing"]


@pytest.mark.parametrize("type", [64, 65])
def test_a_loss_is_no_finding(type):
    # "Findings" are what the sender did wrong.
    frames, _ = sent(type)
    for lost in range(len(frames[1])):
        machine = Depacketizer()
        packets = [*frames[0], *frames[1][:lost], *frames[1][lost + 1 :], *frames[2]]
        assert len(frames_of(receive(packets, machine))) == 3
        assert machine.findings == {}


@pytest.mark.parametrize("same_timestamp", [False, True])
def test_a_frame_whose_marker_was_forgotten_ends_where_the_next_begins(same_timestamp):
    frames = stream()
    if same_timestamp:
        frames[1] = fragment(scan_of(jpeg(seed=2)), sequence=1 + len(frames[0]), timestamp=3000)
    machine = Depacketizer()
    events = receive([*frames[0][:-1], without_marker(frames[0][-1]), *frames[1]], machine)
    assert kinds(events) == [FrameReceived, FrameReceived]
    assert [frame.findings for frame in frames_of(events)] == [(quirks.MARKER_MISSING,), ()]
    assert machine.findings == {quirks.MARKER_MISSING: 1}


def endless(packet):
    """A packet without marker and without the EOI at its end."""
    return without_marker(packet).removesuffix(b"\xff\xd9")


def test_a_stream_without_markers_and_without_eoi_is_believed_in_the_end():
    frames = [[*frame[:-1], endless(frame[-1])] for frame in stream(count=6)]
    events = receive(flat(frames))
    # The last one has nothing behind it that would end it.
    assert kinds(events) == [FrameDropped] * (MARKERLESS - 1) + [FrameReceived] * (6 - MARKERLESS) + [
        FrameDropped
    ]
    assert set(reasons(events)) == {"the last packets are missing"}


def test_one_marker_makes_it_a_stream_with_markers():
    frames = stream(count=6)
    endings = [endless, endless, bytes, endless, endless, bytes]
    frames = [[*frame[:-1], end(frame[-1])] for frame, end in zip(frames, endings, strict=True)]
    assert kinds(receive(flat(frames))) == [FrameDropped, FrameDropped, FrameReceived] * 2


def test_a_new_stream_is_not_taken_for_the_old_one_without_markers():
    machine = Depacketizer()
    for frame in stream(count=MARKERLESS):
        receive([*frame[:-1], endless(frame[-1])], machine)
    frames = [[*frame[:-1], endless(frame[-1])] for frame in stream(count=4, ssrc=7)]
    machine.restart(7)
    assert kinds(receive(flat(frames[:2]), machine)) == [FrameDropped] * 2


def test_what_is_late_for_a_frame_that_ended_is_no_frame():
    packets, following = stream(size=200)[:2]
    machine = Depacketizer()
    for packet in packets[:3]:
        machine.push(packet)
    machine.flush()
    assert kinds(receive([*packets[3:], *following], machine)) == [FrameDropped, FrameReceived]


@pytest.mark.parametrize("strict", [False, True])
def test_a_broken_table_header_costs_the_frame(strict):
    broken = rtp(
        main(q=255, type=65) + restart(4) + table_header(b"", length=9999) + b"12", sequence=1, timestamp=3000
    )
    following = fragment(
        scan_of(jpeg(65)), q=255, tables=eight_bit(jpeg()), type=65, interval=4, timestamp=3000
    )[1:]
    machine = Depacketizer(strict=strict)
    train = PacketTrain.from_packets([broken, *following])
    if strict:
        with pytest.raises(MalformedPacketError, match="quantization table length: found 9999"):
            machine.push(train)
        return
    machine.push(train)
    events = events_of(machine)
    assert kinds(events) == [PacketRejected, FrameDropped]
    assert events[1].packets == len(following) + 1
    assert "found none for Q 255" in events[1].reason


def test_a_broken_table_header_is_counted_where_no_event_is_kept():
    machine = Depacketizer()
    for number in range(EVENT_LIMIT):
        machine.push(bytes([number]))
    machine.push(rtp(main(q=255) + b"\0", marker=True))
    assert kinds(events_of(machine)) == [PacketRejected] * EVENT_LIMIT + [FrameDropped]
    assert machine.statistics.packets_rejected == EVENT_LIMIT + 1


def test_a_frame_may_begin_anew_behind_a_broken_table_header():
    packets = stream(q=255, tables=eight_bit(jpeg()), sequence=2)[0]
    broken = rtp(main(q=255) + table_header(b"", length=9999), sequence=1, timestamp=3000)
    events = receive([broken, *packets])
    assert kinds(events) == [PacketRejected, FrameReceived]


def test_the_limits():
    assert (WINDOW, BATCH, EVENT_LIMIT, PACKET_COST, FRAME_LIMIT) == (32, 32, 256, 256, 4 << 20)


def test_a_broken_table_header_alone():
    machine = Depacketizer()
    machine.push(rtp(main(q=255) + b"\0", marker=True))
    assert kinds(events_of(machine)) == [PacketRejected, FrameDropped]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_frame_beyond_the_limit_is_refused(at_once):
    frames = stream(size=100)
    trains = 1 if at_once else len(frames[0])
    size = sum(map(len, frames[0])) + PACKET_COST * len(frames[0]) + TRAIN_COST * trains
    for limit, kind in ((size, FrameReceived), (size - 1, FrameDropped)):
        machine = Depacketizer(frame_limit=limit)
        packets = frames[0]
        if at_once:
            machine.push(PacketTrain.from_packets(packets))
            packets = []
        (event,) = receive(packets, machine)
        assert isinstance(event, kind)
        if kind is FrameDropped:
            assert event.reason.startswith("frame size: found ")
            assert event.reason.endswith(f"expected at most {limit} bytes")
            assert event.packets == len(frames[0])


def test_a_frame_beyond_the_limit_holds_no_memory():
    machine = Depacketizer(frame_limit=10_000)
    for number in range(200):
        machine.push(rtp(main(1000 * number) + bytes(1000), sequence=number))
        assert machine.packets_held <= 10 and machine.bytes_held <= 10_000
    machine.flush()
    (event,) = events_of(machine)
    assert (event.packets, machine.statistics.frames_dropped) == (200, 1)


def test_a_stream_of_tiny_packets_counts_too():
    machine = Depacketizer(frame_limit=100 * PACKET_COST)
    for number in range(200):
        machine.push(rtp(main(number) + b"\1", sequence=number))
        assert machine.packets_held <= 100


def test_restart_forgets_the_old_stream():
    machine = Depacketizer()
    frames = stream(65, size=200)
    machine.push(PacketTrain.from_packets(flat(frames[:1])))
    events_of(machine)
    machine.push(frames[1][0])
    machine.push(frames[1][2])
    machine.restart(7)
    assert (machine.opened_at, machine.next_timer(), machine.ssrc) == (None, None, 7)
    assert machine.statistics.packets_received == 0
    events = receive(flat(stream(ssrc=7, sequence=40_000)[:1]), machine)
    assert kinds(events) == [FrameReceived]


def test_options_reach_the_frame():
    told = {"dimensions": (60, 41), "tables": {130: eight_bit(jpeg())}}
    packets = fragment(scan_of(jpeg()), q=130, tables=b"")
    (frame,) = frames_of(receive(packets, **told))
    assert (frame.width, frame.height) == (60, 41)
    reserved = fragment(scan_of(jpeg()), q=0)
    assert kinds(receive(reserved)) == [FrameDropped]
    assert kinds(receive(reserved, lenient=True)) == [FrameReceived]


@pytest.mark.parametrize("way", [5000, -5000, 30_000])
@pytest.mark.parametrize("at_once", [False, True])
def test_after_a_jump_the_stream_goes_on(way, at_once):
    machine = Depacketizer()
    old, new = stream(sequence=20_000), stream(sequence=20_000 + way, size=200)
    packets = [*old[0], *flat(new[1:])]
    if at_once:
        machine.push(PacketTrain.from_packets(packets))
        packets = []
    events = receive(packets, machine)
    assert [frame.timestamp for frame in frames_of(events)] == [3000, 6000, 9000]
    assert (machine.statistics.packets_lost, machine.statistics.cumulative_lost) == (0, 0)
    assert machine.statistics.packets_expected == len(flat(new[1:]))
    assert machine.statistics.packets_received == len(old[0]) + len(flat(new[1:]))


def test_a_jump_ends_the_frame_in_front_of_it():
    frames, far = stream(size=200), stream(sequence=30_000, size=200)
    events = receive([*frames[0][:3], *far[1]])
    assert kinds(events) == [FrameDropped, FrameReceived]


def test_a_stray_packet_is_not_counted_as_received():
    machine = Depacketizer()
    frames = stream()
    receive([*frames[0], rtp(main(), sequence=40_000), *frames[1]], machine)
    assert machine.statistics.packets_received == len(flat(frames[:2]))


def test_a_hole_waits_for_the_window_where_no_time_passes():
    machine = Depacketizer()
    frames = stream(count=8, size=100)
    packets = flat(frames)
    machine.push(packets[0])
    for packet in packets[2 : 1 + WINDOW]:
        machine.push(packet)
    assert events_of(machine) == []
    machine.push(packets[1 + WINDOW])
    assert kinds(events_of(machine))[0] is FrameDropped


def test_a_hole_waits_for_the_timer_where_time_passes():
    machine = Depacketizer(window=4096)
    packets = stream(size=100)[0]
    machine.push(packets[0], 10.0)
    machine.push(PacketTrain.from_packets(packets[2:]), 10.001)
    due = machine.next_timer()
    assert due == pytest.approx(10.006)
    machine.handle_timer(due - 0.0005)
    assert events_of(machine) == []
    machine.handle_timer(due)
    assert kinds(events_of(machine)) == [FrameDropped]
    assert (machine.statistics.packets_lost, machine.next_timer()) == (1, None)


def test_an_overdue_frame_ends_and_the_next_one_goes_on():
    machine = Depacketizer(window=4096)
    first, second = stream(size=200)[:2]
    machine.push(PacketTrain.from_packets(first[:-1]), 10.0)
    machine.push(PacketTrain.from_packets(second[:2]), 10.048)
    machine.end_overdue(0.05, 10.049)
    assert events_of(machine) == []
    machine.end_overdue(0.05, 10.05)
    assert kinds(events_of(machine)) == [FrameDropped]
    assert machine.opened_at == 10.048
    machine.push(PacketTrain.from_packets(second[2:]), 10.06)
    (frame,) = frames_of(events_of(machine))
    assert scan_of(frame.jpeg) == scan_of(jpeg(seed=2))


def test_an_overdue_frame_without_a_hole_ends():
    machine = Depacketizer()
    machine.push(PacketTrain.from_packets(stream(size=200)[0][:3]), 10.0)
    machine.end_overdue(0.05, 10.05)
    assert kinds(events_of(machine)) == [FrameDropped]
    machine.end_overdue(0.05, 20.0)
    assert (events_of(machine), machine.opened_at) == ([], None)


def test_jitter_is_told():
    machine = Depacketizer()
    for number, frame in enumerate(stream(count=3)):
        machine.push(PacketTrain.from_packets(frame), 10.0 + number / 30 + (0.016 if number == 1 else 0))
    assert 0 < machine.statistics.jitter_ms < 16


def test_depacketize_tells_a_frame_before_the_next_packet_is_asked_for():
    frames, asked = stream(), []

    def source():
        for packet in flat(frames):
            asked.append(packet)
            yield packet

    iterator = depacketize(source())
    for count in range(1, 4):
        assert next(iterator).timestamp == 3000 * count
        assert asked == flat(frames[:count])
    assert list(iterator) == []


@pytest.mark.parametrize("type", TYPES)
def test_depacketize_reads_what_packetize_wrote(type):
    file = jpeg(type)
    (frame,) = depacketize(packetize(file, timestamp=77))
    assert (scan_of(frame.jpeg), frame.timestamp) == (scan_of(file), 77)


def test_depacketize_of_nothing():
    assert list(depacketize([])) == []


def test_depacketize_takes_frames_of_many_packets_without_marker_at_the_end():
    packets = stream(size=10, count=1)[0]
    assert len(packets) > 2 * BATCH
    packets[-1] = without_marker(packets[-1])
    (frame,) = depacketize(packets)
    assert scan_of(frame.jpeg) == scan_of(jpeg())


def test_depacketize_conceals_or_not():
    frames, _ = sent(65)
    packets = [*frames[0], *frames[1][1:]]
    assert [frame.concealed for frame in depacketize(packets)] == [False, True]
    assert [frame.concealed for frame in depacketize(packets, conceal=False)] == [False]


@pytest.mark.parametrize("strict", [False, True])
def test_depacketize_skips_what_is_malformed_or_raises(strict):
    frames = stream()
    packets = [*frames[0], b"", b"\x80\xff", *frames[1]]
    iterator = depacketize(packets, strict=strict)
    assert next(iterator).timestamp == 3000
    if strict:
        with pytest.raises(MalformedPacketError):
            next(iterator)
    else:
        assert [frame.timestamp for frame in iterator] == [6000]


BROKEN = rtp(main(q=255) + table_header(b"", length=9999), sequence=99, timestamp=6000, marker=True)


@pytest.mark.parametrize("malformed", [rtp(b"", sequence=99, marker=True), BROKEN])
def test_strict_raises_behind_the_frames_in_front(malformed):
    # No marker tells the end of the frame, only what comes next.
    frames = stream()
    packets = [*frames[0][:-1], without_marker(frames[0][-1])]
    if malformed is not BROKEN:
        packets.append(frames[1][0])
    malformed = malformed[:2] + (1 + len(packets)).to_bytes(2, "big") + malformed[4:]
    iterator = depacketize([*packets, malformed], strict=True)
    assert next(iterator).timestamp == 3000
    with pytest.raises(MalformedPacketError):
        next(iterator)


def test_a_whole_file_in_the_payload_arrives():
    file = pillow(optimize=True)
    (frame,) = frames_of(receive(fragment(file)))
    assert (frame.jpeg, frame.findings) == (file, (quirks.WHOLE_FILE,))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_packets_may_be_any_bytes(kind):
    sent = video("coffee", 1, 60, 320, 240, 2)
    packets = [kind(packet) for index, frame in enumerate(sent) for packet in numbered(frame, index)]
    assert [scan_of(frame.jpeg) for frame in depacketize(packets)] == [scan_of(frame) for frame in sent]


def numbered(frame, index):
    """The packets of one frame of a stream of two."""
    return packetize(frame, ssrc=1, sequence_number=1000 * index, timestamp=3000 * index)


def test_the_bytes_that_are_moved_are_counted():
    machine = Depacketizer()
    sizes = []
    for packets in stream(65, size=200):
        machine.push(PacketTrain.from_packets(packets))
        (event,) = events_of(machine)
        sizes.append(len(event.frame.jpeg))
    assert machine.bytes_copied == sum(sizes)
    machine.restart(7)
    assert machine.bytes_copied == sum(sizes), "work that was done is not undone"
