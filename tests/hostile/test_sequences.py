"""Sequence numbers and timestamps that jump: an attack, a sender that was started again, or a wrap."""

from __future__ import annotations

import random

import pytest

from conformance.pictures import scan_of
from conformance.running import Viewer
from hostile.stage import (
    FRAMES,
    HERE,
    OTHER_PORT,
    PACE,
    SSRC,
    Arrival,
    camera,
    consecutive,
    file,
    grouped,
    numbers,
    play,
    whole,
)
from rtpjpeg.lock import SILENCE
from rtpjpeg.reorder import LIMIT, MAX_DROPOUT

JUMPS = 20
TICK_NOISE = 1.0
BEGINNINGS = [(65_500, 2**32 - 90_000), (0, 0), (65_535, 2**32 - 1), (32_767, 2**31 - 3000)]


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("way", [MAX_DROPOUT + 200, 30_000, -5000, -200])
def test_one_far_packet_between_all_others_changes_nothing(at_once, way, seed):
    """A packet with a far sequence number in every frame, never two in a row: 120 of 120 frames."""
    chance, viewer = random.Random(seed), Viewer()
    for number, frame in enumerate(camera()):
        stray = camera(count=1, evil=True)[0][chance.randrange(3)]
        at = (int.from_bytes(frame[0][2:4], "big") + way + 7 * number * (1 if way > 0 else -1)) & 0xFFFF
        arrivals = grouped(frame, at_once)
        (single,) = consecutive(stray, [at])
        if number:
            arrivals.insert(chance.randint(1, len(arrivals)), Arrival(single))
        play(viewer, [arrivals])
    whole(viewer)
    assert viewer.session.statistics.packets_received == sum(map(len, camera())), "they are not counted"


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("way", [5000, 30_000, -5000])
def test_two_far_packets_in_a_row_cost_one_frame(way, seed):
    """They are believed, and so is the stream when its next two packets come: only their frame is lost."""
    chance, viewer, frames = random.Random(seed), Viewer(), camera()
    hit = sorted(chance.sample(range(1, FRAMES), 10))
    for number, frame in enumerate(frames):
        arrivals = grouped(frame, False)
        if number in hit:
            at = int.from_bytes(frame[0][2:4], "big") + way
            pair = [Arrival(packet) for packet in consecutive(camera(count=1, evil=True)[0][1], (at, at + 1))]
            arrivals[3:3] = pair
        play(viewer, [arrivals])
    shown = [scan_of(frame.jpeg) for frame in viewer.outcome.frames if not frame.concealed]
    expected = [scan_of(file(65, number)) for number in range(FRAMES) if number not in hit]
    assert shown == expected
    assert viewer.session._depacketizer.bytes_held == 0 and LIMIT == 4 << 20


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("near", [MAX_DROPOUT - 10, 1000, 50])
def test_a_near_stray_packet_costs_a_few_frames_and_then_the_stream_is_believed(near):
    """Up to 3000 ahead one packet is believed, as RFC 3550 A.1 has it; 100 packets later the stream is."""
    viewer, frames = Viewer(), camera()
    for number, frame in enumerate(frames):
        play(viewer, [grouped(frame, False)])
        if number == 10:
            at = int.from_bytes(frame[-1][2:4], "big") + near
            viewer.take(consecutive(camera(count=1, evil=True)[0][1], [at]))
    lost = set(range(FRAMES)) - set(numbers(viewer))
    most = 2 + (100 // len(frames[0]) if near < 100 else 0)
    assert len(lost) <= most and max(lost, default=11) <= 11 + most


# What changes when a sender starts again: SSRC, sequence number, timestamp, port.
RESTARTS = {
    "new SSRC": (True, None, True, True),
    "new SSRC, same port": (True, None, True, False),
    "same SSRC, 5000 on": (False, 5000, False, False),
    "same SSRC, 5000 back": (False, -5000, False, False),
    "same SSRC, 30000 on": (False, 30_000, True, False),
    "same SSRC, 30000 back": (False, -30_000, True, False),
    "another timestamp": (False, 0, True, False),
}


@pytest.mark.rule("T-016", "J-066")
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("name", RESTARTS)
def test_a_sender_that_starts_again_is_seen_again(name, type, at_once, seed):
    """20 random jumps: a new SSRC within 1.2 s, the same within 2 frames; then no frame is lost."""
    new_ssrc, way, new_time, new_port = RESTARTS[name]
    chance = random.Random(seed)
    viewer, ssrc, source, sequence, stamp = Viewer(), SSRC, HERE, 65_400, 2**32 - 9000
    for jump in range(JUMPS):
        frames = camera(type, 50, ssrc=ssrc, sequence=sequence, timestamp=stamp)
        before, shown = viewer.now, len(viewer.outcome.frames)
        play(viewer, [grouped(frame, at_once, source) for frame in frames[:-1]])
        made = viewer.outcome.frames[shown:]
        made = [frame for frame in made if (frame.timestamp - stamp) & 0xFFFFFFFF < 3000 * 50]
        came = [((frame.timestamp - stamp) & 0xFFFFFFFF) // 3000 for frame in made]
        first = came[0]
        assert came == list(range(first, 49)), f"jump {jump}: a frame behind the first shown is lost"
        assert not any(frame.concealed for frame in made)
        if new_ssrc and jump:
            assert made[0].completed_at - before <= 1.2
        else:
            assert first <= 2
        # The sender dies somewhere in its last frame.
        dying = grouped(frames[-1][: chance.randrange(len(frames[-1]))] or frames[-1][:1], at_once, source)
        play(viewer, [dying], pace=chance.choice((0.001, 0.05)))
        last = int.from_bytes(frames[-1][-1][2:4], "big")
        ssrc = chance.getrandbits(32) if new_ssrc else ssrc
        sequence = (
            chance.randrange(65_536)
            if way is None
            else last + 1 + way + chance.randrange(-50, 50) * bool(way)
        )
        stamp = chance.getrandbits(32) if new_time else (stamp + 3000 * 50) & 0xFFFFFFFF
        source = (HERE[0], 5000 + jump) if new_port else source


@pytest.mark.rule("T-016")
def test_the_same_ssrc_from_a_new_port_is_a_sender_that_started_again():
    viewer = Viewer()
    play(viewer, [grouped(frame, False) for frame in camera(count=30)])
    last = viewer.now
    play(viewer, [grouped(frame, False, OTHER_PORT) for frame in camera(sequence=9, timestamp=5)])
    assert viewer.session.source == OTHER_PORT
    new = [frame for frame in viewer.outcome.frames if frame.received_at >= last]
    assert new[0].received_at - last <= SILENCE + PACE
    assert [frame.timestamp - new[0].timestamp for frame in new] == [3000 * n for n in range(len(new))]


@pytest.mark.rule("T-017", "T-018", "T-020")
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(("sequence", "timestamp"), BEGINNINGS)
def test_numbers_and_timestamps_wrap_unnoticed(type, at_once, sequence, timestamp):
    """0 frames lost, jitter below one tick of noise in every step, cumulative lost exact."""
    viewer = Viewer()
    frames = camera(type, 130, sequence=sequence, timestamp=timestamp)
    most = 0.0
    for frame in frames:
        play(viewer, [grouped(frame, True)] if at_once else [[Arrival(packet) for packet in frame]])
        most = max(most, viewer.session.statistics.jitter)
    assert numbers(viewer, timestamp) == list(range(130))
    statistics = viewer.session.statistics
    # Packet by packet they come 50 us, 4.5 ticks, apart: no more than that is measured.
    assert most < TICK_NOISE + (0 if at_once else 4.5 * len(frames[0]))
    assert statistics.cumulative_lost == 0
    assert statistics.packets_expected == statistics.packets_received == sum(map(len, frames))
    assert statistics.highest_sequence_number == sequence + sum(map(len, frames)) - 1


@pytest.mark.rule("T-017", "T-018")
@pytest.mark.parametrize("at_once", [False, True])
def test_losses_over_every_wrap_are_counted_exactly(at_once, seed):
    """70 000 packets, two wraps of the sequence number: every loss is counted, and no other."""
    chance, viewer, lost, count = random.Random(seed), Viewer(conceal=False), 0, 0
    packet = camera(1, 1, mtu=1400)[0][0]
    for number in range(700):
        stamp = (2**32 - 90_000 + 3000 * number & 0xFFFFFFFF).to_bytes(4, "big")
        first = 65_000 + 100 * number
        packets = consecutive(packet[:4] + stamp + packet[8:], range(first, first + 100))
        loss = 0.02 if 0 < number < 699 else 0
        kept = [packet for packet in packets if chance.random() >= loss]
        lost, count = lost + 100 - len(kept), count + len(kept)
        viewer.take([arrival.data for arrival in grouped(kept, at_once)])
        viewer.wait(PACE)
        viewer.outcome.frames.clear()
    statistics = viewer.session.statistics
    assert (statistics.packets_received, statistics.packets_lost) == (count, lost)
    assert statistics.cumulative_lost == lost
    assert statistics.highest_sequence_number == 65_000 + 70_000 - 1


# Timestamps that a sender may give its frames: nothing is a reason not to show them.
GAMES = {
    "the same for ever": lambda number, chance: 77,
    "random": lambda number, chance: chance.getrandbits(32),
    "back": lambda number, chance: -3000 * number,
    "11 s on": lambda number, chance: 11 * 90_000 * number,
    "half of all": lambda number, chance: number << 31,
    "to and fro": lambda number, chance: 90_000 * 60 * (-1) ** number + number,
    "by one": lambda number, chance: number,
}


@pytest.mark.rule("J-001", "T-020")
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("name", GAMES)
def test_games_with_timestamps_lose_no_frame(name, type, at_once, seed):
    """120 of 120 frames, each at once: no wait is made of a timestamp. Then jitter finds its way back."""
    chance, viewer, frames = random.Random(seed), Viewer(), camera(type)
    for number, frame in enumerate(frames):
        stamp = (GAMES[name](number, chance) & 0xFFFFFFFF).to_bytes(4, "big")
        began = viewer.now
        play(viewer, [grouped([packet[:4] + stamp + packet[8:] for packet in frame], at_once)])
        shown = viewer.outcome.frames[-1]
        assert len(viewer.outcome.frames) == number + 1
        assert scan_of(shown.jpeg) == scan_of(file(type, number))
        assert shown.completed_at - began <= 0.001 * len(frame)
    assert viewer.session.statistics.frames_dropped == 0
    sequence = 65_500 + sum(map(len, frames))
    play(viewer, [grouped(frame, at_once) for frame in camera(type, 30, sequence=sequence)])
    assert len(viewer.outcome.frames) == 150
    assert viewer.session.statistics.jitter_ms < 1, "a second later jitter is that of the network again"


@pytest.mark.rule("J-104")
@pytest.mark.parametrize("at_once", [False, True])
def test_frames_that_never_end_do_not_wait_for_each_other(at_once):
    """Every packet with another timestamp: one frame is open at a time, and nothing piles up."""
    viewer = Viewer()
    for number, frame in enumerate(camera()):
        stamped = [
            packet[:4] + bytes((number, place, 1, 2)) + packet[8:] for place, packet in enumerate(frame)
        ]
        play(viewer, [grouped(stamped, at_once)])
        assert viewer.session._depacketizer.packets_held <= 1
    assert viewer.session.next_timer() is None
