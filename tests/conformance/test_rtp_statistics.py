"""What a receiver counts of RTP packets (RFC 3550 sections 6.4.1, A.1, A.3, A.8)."""

from __future__ import annotations

import random

import pytest

import rtpjpeg
from conformance.builders import main, read, rtp
from conformance.running import Outcome, Viewer, events_of, receive
from conformance.streams import frame, shown, stream
from rtpjpeg.stats import ReceiverStatistics, fraction_lost


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("far", [5000, -5000, 32768, -101, 3001])
def test_one_packet_from_far_away_does_no_harm(far):
    first, second = frame(0, sequence=100), frame(1, sequence=100 + len(frame(0)))
    stray = rtp(main(400) + b"xyz", sequence=second[-1][3] + far, timestamp=99)
    outcome = receive([*first, second[0], stray, *second[1:]])
    assert shown(outcome) == [0, 1]


@pytest.mark.rule("T-016", "T-018", "T-020")
def test_a_packet_that_is_not_valid_is_not_counted():
    # "Otherwise, the value zero is returned to indicate that the validation failed."
    depacketizer, packets = rtpjpeg.Depacketizer(), stream(0, 1)
    for index, packet in enumerate(packets):
        if index == 3:
            depacketizer.push(rtp(main(400) + b"xyz", sequence=40000, timestamp=1 << 31), 1.0)
        depacketizer.push(packet, 1.0 + read(packet).timestamp / 90000)
    depacketizer.flush()
    assert depacketizer.statistics.packets_expected == len(packets)
    assert depacketizer.statistics.cumulative_lost == 0
    assert depacketizer.statistics.jitter == pytest.approx(0)


@pytest.mark.rule("T-016", "T-020")
def test_the_jump_itself_is_no_jitter():
    depacketizer, packets = rtpjpeg.Depacketizer(), [*stream(0, 1), *stream(2, 3, first=9000, shift=1 << 31)]
    for index, packet in enumerate(packets):
        depacketizer.push(packet, 1.0 + index / 1000)
    depacketizer.flush()
    assert depacketizer.statistics.jitter_ms < 50


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("far", [5000, 40000, -300])
@pytest.mark.parametrize("start", [200, 65000])
def test_a_jump_is_believed_when_the_next_packet_follows_it(start, far):
    # "If the next packet received carries the next higher sequence number, it is considered the valid
    # start of a new packet sequence ... the packet loss statistics are reset."
    packets = frame(0, sequence=start)
    moved = [frame(n, sequence=start + far + sum(len(frame(m)) for m in range(1, n))) for n in (1, 2)]
    depacketizer, outcome = rtpjpeg.Depacketizer(), Outcome()
    for packet in [*packets, *moved[0], *moved[1]]:
        depacketizer.push(packet)
    depacketizer.flush()
    for event in events_of(depacketizer):
        outcome.take(event)
    assert shown(outcome) == [0, 1, 2], "both packets that proved the jump are kept"
    statistics = depacketizer.statistics
    assert (statistics.packets_lost, statistics.cumulative_lost) == (0, 0)
    assert statistics.packets_expected == len(moved[0]) + len(moved[1])


@pytest.mark.rule("T-016")
def test_a_gap_below_the_limit_is_loss():
    # "... the sequence number is considered valid if it is no more than MAX_DROPOUT ahead."
    first = frame(0, sequence=1)
    later = frame(1, sequence=1 + len(first) + 2900)
    depacketizer = rtpjpeg.Depacketizer()
    for packet in [*first, *later]:
        depacketizer.push(packet)
    depacketizer.flush()
    statistics = depacketizer.statistics
    assert statistics.packets_lost == statistics.cumulative_lost == 2900


@pytest.mark.rule("T-017")
def test_highest_sequence_number_counts_cycles():
    # "The low 16 bits contain the highest sequence number received ... and the most significant 16 bits
    # extend that sequence number with the corresponding count of sequence number cycles."
    depacketizer = rtpjpeg.Depacketizer()
    first, step = 65530, 900
    for index in range(200):
        depacketizer.push(rtp(main(0) + b"x", sequence=first + step * index, timestamp=index))
    expected = first + step * 199
    assert expected >> 16 == 2 + 1
    assert depacketizer.statistics.highest_sequence_number == expected


@pytest.mark.rule("T-017")
def test_late_packets_do_not_lower_the_highest_number():
    depacketizer = rtpjpeg.Depacketizer()
    for sequence in (65534, 65535, 0, 2, 1, 65535, 1):
        depacketizer.push(rtp(main(0) + b"x", sequence=sequence, timestamp=1))
    assert depacketizer.statistics.highest_sequence_number == (1 << 16) + 2
    assert depacketizer.statistics.packets_expected == 5


@pytest.mark.rule("T-018")
def test_lost_is_expected_minus_received():
    # A.3: "lost = expected - s->received"
    packets = [packet for index in range(5) for packet in frame(index)]
    renumbered = [
        packet[:2] + (65500 + n).to_bytes(4, "big")[2:] + packet[4:] for n, packet in enumerate(packets)
    ]
    depacketizer = rtpjpeg.Depacketizer()
    for index, packet in enumerate(renumbered):
        if index not in (3, 4, 9):
            depacketizer.push(packet)
    depacketizer.flush()
    assert depacketizer.statistics.cumulative_lost == 3
    assert depacketizer.statistics.packets_lost == 3


@pytest.mark.rule("T-018")
def test_duplicates_make_the_loss_negative():
    depacketizer = rtpjpeg.Depacketizer()
    packets = frame()
    for packet in [*packets, *packets, packets[0]]:
        depacketizer.push(packet)
    depacketizer.flush()
    assert depacketizer.statistics.cumulative_lost == -len(packets) - 1
    assert depacketizer.statistics.packets_duplicated == len(packets) + 1


@pytest.mark.rule("T-018")
@pytest.mark.parametrize(
    ("expected", "received", "lost"),
    [(10, 10, 0), (10, 12, -2), (1 << 25, 0, 0x7FFFFF), (10, 1 << 25, -0x800000), (0x7FFFFF, 0, 0x7FFFFF)],
)
def test_lost_is_clamped_to_24_bits(expected, received, lost):
    # "Since this signed number is carried in 24 bits, it should be clamped at 0x7fffff for positive loss
    # or 0x800000 for negative loss rather than wrapping around."
    statistics = ReceiverStatistics(
        packets_received=received, base_sequence_number=7, highest_sequence_number=6 + expected
    )
    assert statistics.packets_expected == expected
    assert statistics.cumulative_lost == lost


@pytest.mark.rule("T-019")
@pytest.mark.parametrize(
    ("expected", "received", "fraction"),
    [(3, 2, 85), (4, 3, 64), (256, 255, 1), (100, 100, 0), (100, 120, 0), (0, 0, 0), (0, 5, 0), (10, 0, 255)],
)
def test_fraction_lost(expected, received, fraction):
    # A.3: "if (expected_interval == 0 || lost_interval <= 0) fraction = 0;
    # else fraction = (lost_interval << 8) / expected_interval;"
    assert fraction_lost(expected, received) == fraction


def jitter_of(arrivals: list[tuple[float, int]]) -> float:
    """A.8, written down again: (seconds, timestamp) of each packet."""
    jitter, transit = 0.0, None
    for now, timestamp in arrivals:
        current = round(now * 90000) - timestamp
        if transit is not None:
            d = (current - transit + 2**31) % 2**32 - 2**31
            jitter += (abs(d) - jitter) / 16
        transit = current
    return jitter


@pytest.mark.rule("T-020")
def test_jitter_over_every_packet_and_across_a_wrap(seed):
    # "The interarrival jitter SHOULD be calculated continuously as each data packet i is received from
    # source SSRC_n ... J(i) = J(i-1) + (|D(i-1,i)| - J(i-1))/16"
    chance = random.Random(seed)
    depacketizer, arrivals, sequence = rtpjpeg.Depacketizer(), [], 0
    for index in range(60):
        timestamp = (2**32 - 90000 + 3000 * index) % 2**32
        at = 50.0 + index / 30 + chance.uniform(0, 0.02)
        packets = frame(index, sequence=sequence, timestamp=timestamp)
        sequence += len(packets)
        chance.shuffle(packets)
        for packet in packets:
            at += chance.uniform(0, 0.002)
            depacketizer.push(packet, at)
            arrivals.append((at, timestamp))
    expected = jitter_of(arrivals)
    assert expected > 10
    assert depacketizer.statistics.jitter == pytest.approx(expected)
    assert depacketizer.statistics.jitter_ms == pytest.approx(expected / 90)


@pytest.mark.rule("T-020")
def test_packets_of_one_frame_that_come_together_count_one_by_one():
    depacketizer, arrivals = rtpjpeg.Depacketizer(), []
    for index, at in enumerate((1.0, 1.04, 1.06, 1.12)):
        packets = frame(index, sequence=10 * index)
        depacketizer.push(rtpjpeg.PacketTrain.from_packets(packets), at)
        arrivals += [(at, 9000 + 3000 * index)] * len(packets)
    assert depacketizer.statistics.jitter == pytest.approx(jitter_of(arrivals))


@pytest.mark.rule("T-057")
def test_statistics_are_not_carried_over_to_a_new_source():
    # 6.4.1: "Receivers SHOULD NOT carry over statistics when a source changes its SSRC identifier due to
    # a collision."
    viewer = Viewer()
    viewer.take([packet for n in range(5) for packet in frame(n, sequence=1 + 20 * n)], step=0.003)
    viewer.wait(1)
    assert viewer.session.statistics.packets_lost > 0
    viewer.wait(10)
    packets = frame(1, ssrc=99, sequence=7000, timestamp=5)
    viewer.take(packets, step=0.001)
    viewer.wait(1)
    statistics = viewer.session.statistics
    assert viewer.session.ssrc == 99
    assert (statistics.packets_received, statistics.packets_lost, statistics.frames_received) == (
        len(packets),
        0,
        1,
    )
    assert statistics.highest_sequence_number & 0xFFFF == 7000 + len(packets) - 1
    assert statistics.packets_expected == len(packets)
