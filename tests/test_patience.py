"""Waits that grow with what is seen."""

from __future__ import annotations

import pytest

from rtpjpeg.patience import CALM, LONGEST_WAIT, SHORTEST_WAIT, Patience, TailPatience


def test_a_wait_grows_at_once_and_shrinks_by_halves():
    patience = Patience()
    assert patience.wait == SHORTEST_WAIT == 0.005
    patience.learn(0.016)
    assert patience.wait == 0.016
    patience.learn(0.001)
    assert patience.wait == 0.016
    for expected in (0.008, 0.005, 0.005):
        patience.relax(CALM)
        assert patience.wait == pytest.approx(expected)


def test_a_wait_has_a_limit():
    patience = Patience()
    patience.learn(5.0)
    assert patience.wait == LONGEST_WAIT == 0.020


def test_a_tail_is_waited_for_without_end_until_one_frame_has_ended():
    tail = TailPatience()
    tail.paused(0.003)
    assert tail.wait == float("inf")
    tail.ended(38)
    assert tail.wait == 0.006, "twice the pause"


def test_pauses_as_short_as_those_of_a_burst_teach_nothing():
    tail = TailPatience()
    for _ in range(100):
        tail.paused(0.001)
        tail.ended(38)
    assert tail.wait == SHORTEST_WAIT


def test_a_slow_sender_is_waited_for():
    tail = TailPatience()
    tail.paused(0.030)
    tail.ended(38)
    assert tail.wait == 0.060
    for _ in range(40):
        tail.ended(CALM)
    assert tail.wait == SHORTEST_WAIT
