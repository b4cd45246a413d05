"""Joining packets to frames, with loss and disorder (RFC 2435 sections 4.3, 5)."""

from __future__ import annotations

import itertools
import random

import pytest

import rtpjpeg
from conformance.builders import fragment, main, rtp
from conformance.pictures import (
    SOF0,
    eight_bit,
    filler,
    jpeg,
    replaced,
    same_pixels,
    scan_of,
    take_apart,
)
from conformance.running import Outcome, Viewer, receive
from rtpjpeg.receiver.decode import decode

TYPES = [0, 1, 64, 65]


def stream(frames: int = 3, *, type: int = 1, size: int = 400, first: int = 1) -> list[list[bytes]]:
    """The packets of some frames, each with other pixels."""
    made: list[list[bytes]] = []
    for index in range(frames):
        scan = scan_of(jpeg(type, seed=index))
        sequence = first + sum(map(len, made))
        made.append(
            fragment(scan, type=type, interval=4, size=size, sequence=sequence, timestamp=9000 + 3000 * index)
        )
    return made


def flat(frames: list[list[bytes]]) -> list[bytes]:
    return list(itertools.chain.from_iterable(frames))


def seeds_of(outcome: Outcome, type: int = 1) -> list[int]:
    """Which of the pictures of ``stream`` came out, in their order; fails on any other picture."""
    known = {index: jpeg(type, seed=index) for index in range(6)}
    found = []
    for made in outcome.jpegs:
        matches = [index for index, file in known.items() if scan_of(file) == scan_of(made)]
        assert len(matches) == 1 and same_pixels(known[matches[0]], made)
        found += matches
    return found


def renumbered(packets: list[bytes]) -> list[bytes]:
    """The packets with sequence numbers that show no gap."""
    return [packet[:2] + index.to_bytes(2, "big") + packet[4:] for index, packet in enumerate(packets, 1)]


@pytest.mark.rule("J-097")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("size", [100, 1000, 100_000])
def test_a_frame_runs_from_offset_0_to_the_marker(type, size):
    # "An entire frame can be identified as a sequence of packets beginning with a packet having a zero
    # fragment offset and ending with a packet having the RTP marker bit set."
    frames = stream(type=type, size=size)
    depacketizer = rtpjpeg.Depacketizer()
    for packets in frames:
        for packet in packets[:-1]:
            depacketizer.push(packet)
        assert depacketizer.next_event() is None
        depacketizer.push(packets[-1])
        event = depacketizer.next_event()
        assert isinstance(event, rtpjpeg.FrameReceived)
        assert event.frame.packets == len(packets)


@pytest.mark.rule("J-097")
def test_a_stream_that_is_joined_in_the_middle_of_a_frame():
    outcome = receive(flat(stream())[1:])
    assert seeds_of(outcome) == [1, 2]
    assert len(outcome.dropped) == 1


@pytest.mark.rule("J-098", "J-105")
@pytest.mark.parametrize("conceal", [True, False])
@pytest.mark.parametrize("type", TYPES)
def test_each_packet_lost_in_turn(type, conceal):
    # "Missing packets can be detected either with RTP sequence numbers or with the fragment offset and
    # lengths of each packet."
    frames = stream(type=type)
    for lost in range(len(frames[1])):
        damaged = frames[1][:lost] + frames[1][lost + 1 :]
        outcome = receive([*frames[0], *damaged, *frames[2]], conceal=conceal)
        assert seeds_of(outcome, type) == [0, 2], f"packet {lost} lost"
        assert [event.timestamp for event in outcome.dropped] == [12000]
        assert outcome.dropped[0].reason and outcome.dropped[0].packets == len(damaged)


@pytest.mark.rule("J-099")
@pytest.mark.parametrize("type", TYPES)
def test_a_hole_is_seen_without_sequence_numbers(type):
    frames = stream(type=type)
    for lost in range(len(frames[1]) - 1):
        damaged = frames[1][:lost] + frames[1][lost + 1 :]
        packets = renumbered([*frames[0], *damaged, *frames[2]])
        outcome = receive(packets)
        assert seeds_of(outcome, type) == [0, 2], f"packet {lost} lost"
        assert len(outcome.dropped) == 1


@pytest.mark.rule("J-099", "J-105")
@pytest.mark.parametrize("type", TYPES)
def test_a_tail_that_is_missing_without_a_trace_is_not_shown(type):
    # No gap in the numbers or the offsets; but no marker and no EOI, where the frames around have both.
    frames = stream(type=type)
    outcome = receive(renumbered([*frames[0], *frames[1][:-1], *frames[2]]))
    assert seeds_of(outcome, type) == [0, 2]
    assert len(outcome.dropped) == 1


@pytest.mark.rule("J-100")
@pytest.mark.parametrize("type", TYPES)
def test_a_lost_marker_does_not_join_two_frames(type):
    # "Moreover, if the last packet of the previous frame (containing the marker bit) were dropped, then
    # a receiver could not always detect that the current frame is entirely intact."
    frames = stream(type=type)
    outcome = receive([*frames[0][:-1], *frames[1], *frames[2]])
    assert seeds_of(outcome, type) == [1, 2]
    assert len(outcome.dropped) == 1


@pytest.mark.rule("J-100")
@pytest.mark.parametrize("type", TYPES)
def test_a_lost_marker_packet_with_renumbered_sequence(type):
    frames = stream(type=type)
    outcome = receive(renumbered([*frames[0][:-1], *frames[1], *frames[2]]))
    assert [frame.timestamp for frame in outcome.frames][-2:] == [12000, 15000]
    for made, seed in zip(outcome.jpegs[-2:], (1, 2), strict=True):
        assert same_pixels(made, jpeg(type, seed=seed))


@pytest.mark.rule("J-100")
@pytest.mark.parametrize("type", TYPES)
def test_a_sender_without_markers(type):
    unmarked = [packet[:1] + bytes([packet[1] & 0x7F]) + packet[2:] for packet in flat(stream(type=type))]
    outcome = receive(unmarked)
    assert seeds_of(outcome, type) == [0, 1, 2]
    assert outcome.findings


@pytest.mark.rule("J-101")
@pytest.mark.parametrize("type", [1, 65])
def test_five_packets_in_any_order(type):
    first, second = stream(2, type=type, size=-(-len(scan_of(jpeg(type, seed=1))) // 5))
    assert len(second) == 5
    for order in itertools.permutations(second):
        outcome = receive([*first, *order])
        assert seeds_of(outcome, type) == [0, 1]
        assert not outcome.dropped


@pytest.mark.rule("J-101")
def test_five_packets_in_any_order_at_the_very_beginning():
    # What stands in front of the first packet that comes may have been sent before we listened.
    (packets,) = stream(1, size=-(-len(scan_of(jpeg(seed=0))) // 5))
    assert len(packets) == 5
    for order in itertools.permutations(packets):
        outcome = receive(order)
        assert seeds_of(outcome) == [0] * len(outcome.frames)
        assert outcome.frames or order[0] != packets[0]
        assert len(outcome.frames) + len(outcome.dropped) == 1


@pytest.mark.rule("J-101", "T-007")
def test_any_order_inside_a_window_of_32(seed):
    chance = random.Random(seed)
    frames = stream(6, size=40, first=65500)
    packets = flat(frames)
    assert len(packets) > 100
    late = [(index + chance.randrange(31), packet) for index, packet in enumerate(packets)]
    order = [packets[0], *(packet for _, packet in sorted(late[1:], key=lambda pair: pair[0]))]
    assert order != packets
    assert seeds_of(receive(order)) == list(range(6))


@pytest.mark.rule("J-102")
@pytest.mark.parametrize("type", TYPES)
def test_duplicates_do_not_change_the_frames(type):
    packets = flat(stream(type=type))
    twice = [packet for packet in packets for _ in range(2)]
    later = [packet for pair in zip(packets, [*packets[3:], *packets[:3]], strict=True) for packet in pair]
    for order in (twice, later, packets + packets):
        outcome = receive(order)
        assert seeds_of(outcome, type) == [0, 1, 2]
        assert not outcome.dropped


def moved(packet: bytes, offset: int) -> bytes:
    return packet[:13] + offset.to_bytes(3, "big") + packet[16:]


@pytest.mark.rule("J-103")
@pytest.mark.parametrize("shift", [-399, -100, -1, 1, 100, 399])
def test_an_overlap_or_a_gap_never_shows_a_picture(shift):
    first, second, third = stream()
    for index in range(1, len(second)):
        changed = list(second)
        changed[index] = moved(second[index], index * 400 + shift)
        outcome = receive([*first, *changed, *third])
        assert seeds_of(outcome) == [0, 2]
        assert len(outcome.dropped) == 1


@pytest.mark.rule("J-103")
def test_any_offsets_at_all(seed):
    chance = random.Random(seed)
    for _ in range(200):
        first, second, third = stream()
        changed = [moved(packet, chance.choice([0, 1, 400, 800, 1 << 16, 0xFFFF00])) for packet in second]
        outcome = receive([*first, *changed, *third])
        first_made, *others, last_made = outcome.jpegs
        assert same_pixels(first_made, jpeg(seed=0)) and same_pixels(last_made, jpeg(seed=2))
        for made in others:
            assert len(made) < len(jpeg(seed=1)) + 700


@pytest.mark.rule("J-104")
def test_a_frame_that_never_ends_is_given_up():
    # "Receivers should be prepared to limit the total amount of data associated with assembling received
    # frames so as to avoid resource exhaustion."
    limit, data = 50_000, filler(1000, ending=b"")
    depacketizer, dropped = rtpjpeg.Depacketizer(frame_limit=limit), []
    for index in range(400):
        depacketizer.push(rtp(main(index * 1000, width=640, height=480) + data, sequence=index))
    depacketizer.push(rtp(main(400_000, width=640, height=480) + data, sequence=400, marker=True))
    while (event := depacketizer.next_event()) is not None:
        dropped.append(event)
    (only,) = dropped
    assert isinstance(only, rtpjpeg.FrameDropped)
    assert str(limit) in only.reason
    outcome = receive(
        [*fragment(filler(60_000), width=640, height=480), *stream(1, first=500)[0]], frame_limit=limit
    )
    assert len(outcome.frames) == 1, "the next frame is taken"


@pytest.mark.rule("J-104")
def test_a_frame_of_empty_packets_is_given_up():
    outcome = receive((rtp(main(0), sequence=index) for index in range(3000)), frame_limit=50_000)
    assert not outcome.frames
    assert outcome.dropped


@pytest.mark.rule("J-104")
def test_a_frame_that_never_ends_is_given_up_after_a_time():
    viewer = Viewer(deadline=0.050)
    first, second, third = stream()
    viewer.take([*first, *second[:-1]])
    assert not viewer.outcome.dropped
    viewer.wait(0.049)
    assert not viewer.outcome.dropped
    viewer.wait(0.002)
    assert len(viewer.outcome.dropped) == 1
    viewer.take(third)
    viewer.wait(0.1)
    assert seeds_of(viewer.outcome) == [0, 2]


@pytest.mark.rule("J-105")
def test_an_incomplete_frame_is_flagged_where_it_is_asked_for():
    intervals = rtpjpeg.packetize(jpeg(65, width=160, height=120, interval=5), sequence_number=1, mtu=600)
    assert len(intervals) > 4
    damaged = intervals[:2] + intervals[3:]
    (shown,) = receive(damaged, conceal=True).frames
    assert shown.concealed
    hidden = receive(damaged, conceal=False)
    assert not hidden.frames and len(hidden.dropped) == 1


@pytest.mark.rule("J-107")
def test_a_large_picture_from_ten_bytes_is_refused():
    for type in TYPES:
        scan = b"\x12" * 8 + b"\xff\xd9"
        outcome = receive(fragment(scan, type=type, interval=1, width=2040, height=2040))
        assert not outcome.frames
        assert "2040x2040" in outcome.complaints or "marker" in outcome.complaints


@pytest.mark.rule("J-107")
@pytest.mark.parametrize("size", [(65500, 65500), (4097, 16), (16, 4097), (5000, 4000)])
def test_a_size_beyond_the_limit_never_reaches_a_decoder(size):
    width, height = size
    packets = fragment(filler(3 << 20), width=0, height=0)
    outcome = receive(packets, dimensions=size)
    assert not outcome.frames
    content = take_apart(jpeg()).contents(SOF0)[0]
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    with pytest.raises(rtpjpeg.RtpJpegError, match=f"{width}x{height}"):
        decode(replaced(jpeg(), SOF0, content[:1] + sides + content[5:]))


def counting_headers(frame: list[bytes]) -> list[bytes]:
    """The frame as some cameras send it: every offset counts the headers of the packets in front of it."""
    changed, offset = [], 0
    for packet in frame:
        changed.append(moved(packet, offset))
        offset += len(packet) - 12
    return changed


@pytest.mark.rule("J-099")
@pytest.mark.parametrize("q", [75, 200, 255])
@pytest.mark.parametrize("type", TYPES)
def test_offsets_that_count_headers_in_every_packet_are_undone_and_named(type, q):
    file = jpeg(type, width=160, height=120)
    options = {"type": type, "q": q, "tables": eight_bit(file), "interval": 4, "width": 160, "height": 120}
    outcome = receive(counting_headers(fragment(scan_of(file), **options)))
    assert same_pixels(outcome.jpegs[0], file)
    assert outcome.findings and outcome.frames[0].findings


@pytest.mark.rule("J-099")
@pytest.mark.parametrize("type", TYPES)
def test_a_gap_of_a_header_in_one_packet_is_a_hole(type):
    file = jpeg(type, width=160, height=120)
    right = fragment(scan_of(file), type=type, interval=4, width=160, height=120)
    wrong = counting_headers(right)
    for place in range(2, len(right)):
        for mixed in (right[:place] + wrong[place:], wrong[:place] + right[place:]):
            assert not receive(mixed).frames
