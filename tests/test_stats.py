"""Counting, against the vectors and the code of RFC 3550 (appendices A.1, A.3 and A.8)."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.stats import ReceiverStatistics, SenderStatistics, fraction_lost

# expected, received, fraction in 1/256
FRACTIONS = [
    (3, 2, 85),
    (0, 0, 0),
    (0, 5, 0),
    (-2, 0, 0),
    (10, 10, 0),
    (10, 12, 0),
    (4, 3, 64),
    (2, 1, 128),
    (256, 255, 1),
    (257, 256, 0),
    (100, 1, 253),
    (10, 0, 255),
    (1, 0, 255),
]


@pytest.mark.parametrize(("expected", "received", "fraction"), FRACTIONS)
def test_fraction_lost(expected, received, fraction):
    assert fraction_lost(expected, received) == fraction


@given(st.integers(-(2**20), 2**20), st.integers(0, 2**20))
def test_fraction_lost_fits_its_byte(expected, received):
    assert 0 <= fraction_lost(expected, received) <= 255


@pytest.mark.parametrize("kind", [SenderStatistics, ReceiverStatistics])
def test_all_counts_begin_at_zero(kind):
    assert {value for value in asdict(kind()).values() if value is not None} == {0}
    assert ReceiverStatistics().base_sequence_number is None


def test_nothing_is_expected_before_the_first_packet():
    statistics = ReceiverStatistics(packets_received=4)
    assert statistics.packets_expected == 0
    assert statistics.cumulative_lost == -4


def after(first, highest, received):
    """Statistics of a source that counted from ``first`` to ``highest``."""
    statistics = ReceiverStatistics()
    statistics.begin(first)
    statistics.highest_sequence_number = highest
    statistics.packets_received = received
    return statistics


# first and highest sequence number, packets received; expected, lost
LOSSES = [
    (100, 100, 1, 1, 0),
    (100, 102, 2, 3, 1),
    (65534, 65537, 4, 4, 0),
    (65534, 65537, 3, 4, 1),
    (10, 19, 12, 10, -2),
    (0, 0x7FFFFF, 1, 0x800000, 0x7FFFFF),
    (0, 0x800000, 1, 0x800001, 0x7FFFFF),
    (0, 0, 0x800001, 1, -0x800000),
    (0, 0, 0x800002, 1, -0x800000),
]


@pytest.mark.parametrize(("first", "highest", "received", "expected", "lost"), LOSSES)
def test_cumulative_lost_is_24_bits_signed(first, highest, received, expected, lost):
    statistics = after(first, highest, received)
    assert (statistics.packets_expected, statistics.cumulative_lost) == (expected, lost)


def test_reading_changes_nothing():
    statistics = after(100, 102, 2)
    assert [statistics.cumulative_lost for _ in range(3)] == [1, 1, 1]
    assert [statistics.jitter_ms for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_jump_begins_to_count_anew():
    statistics = after(100, 149, 40)
    statistics.begin(30_000)
    statistics.packets_received += 2
    statistics.highest_sequence_number = 30_001
    assert (statistics.packets_expected, statistics.cumulative_lost) == (2, 0)
    statistics.highest_sequence_number = 30_004
    assert statistics.cumulative_lost == 3
    assert statistics.packets_received == 42, "the count of all packets goes on"


def jitter_of_appendix_a8(arrivals):
    """The code of RFC 3550 section A.8, floating point, one call a packet, on 32-bit numbers."""
    jitter, before = 0.0, None
    for timestamp, arrival in arrivals:
        transit = (arrival - timestamp) & 0xFFFF_FFFF
        if before is not None:
            d = (transit - before) & 0xFFFF_FFFF
            d = min(d, 2**32 - d)
            jitter += (1.0 / 16.0) * (d - jitter)
        before = transit
    return jitter


def jitter_of(arrivals):
    statistics = ReceiverStatistics()
    for timestamp, arrival in arrivals:
        statistics.arrived(timestamp, arrival / 90_000)
    return statistics


@pytest.mark.parametrize("start", [0, 2**32 - 3000 * 15, 2**32 - 1])
@pytest.mark.parametrize("clock", [0, 10**9, 2**32 - 3000 * 15])
def test_perfect_pace_has_no_jitter_over_a_wrap(start, clock):
    arrivals = [((start + 3000 * n) & 0xFFFF_FFFF, clock + 3000 * n) for n in range(60)]
    assert jitter_of(arrivals).jitter == 0.0


def test_one_late_packet():
    # 160 units late, then back in time: 160/16 = 10, then 10 + (160 - 10)/16.
    statistics = jitter_of([(0, 0), (3000, 3160)])
    assert statistics.jitter == 10.0
    assert statistics.jitter_ms == pytest.approx(10 / 90)
    assert jitter_of([(0, 0), (3000, 3160), (6000, 6000)]).jitter == 19.375


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**40)), max_size=30))
def test_jitter_is_that_of_appendix_a8(arrivals):
    assert jitter_of(arrivals).jitter == pytest.approx(jitter_of_appendix_a8(arrivals))


@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(1, 50)), min_size=1, max_size=10))
def test_the_packets_of_a_frame_count_one_by_one(frames):
    together, singly, arrival = ReceiverStatistics(), [], 0
    for number, (gap, packets) in enumerate(frames):
        arrival += gap
        together.arrived(3000 * number, arrival / 90_000, packets)
        singly += [(3000 * number, arrival)] * packets
    assert together.jitter == pytest.approx(jitter_of_appendix_a8(singly))


def test_jitter_does_not_count_the_way_over_a_jump():
    statistics = jitter_of([(0, 0), (3000, 3160)])
    statistics.begin(5)
    statistics.arrived(2_000_000_000, 6000 / 90_000)
    assert statistics.jitter == 0.0
    statistics.arrived(2_000_003_000, 9000 / 90_000)
    assert statistics.jitter == 0.0
