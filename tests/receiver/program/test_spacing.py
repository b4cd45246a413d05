"""How far apart frames are, and where a program is among them."""

from __future__ import annotations

import random

import pytest

from rtpjpeg import Frame
from rtpjpeg.receiver.program.position import Position
from rtpjpeg.receiver.program.spacing import ENOUGH, FEWEST, KEPT, Spacing


def test_little_says_nothing() -> None:
    spacing = Spacing()
    assert (spacing.interval, spacing.shortest) == (None, 0.0)
    for _ in range(FEWEST - 1):
        spacing.add(0.04)
    assert (spacing.interval, spacing.shortest) == (None, 0.0)
    spacing.add(0.04)
    assert (spacing.interval, spacing.shortest) == (0.04, 0.0)
    for _ in range(ENOUGH - FEWEST):
        spacing.add(0.04)
    assert spacing.shortest == 0.04
    spacing.clear()
    assert (spacing.interval, spacing.shortest) == (None, 0.0)


def test_lost_frames_and_a_clock_that_was_set_are_odd_ones(seed: int) -> None:
    chance, spacing = random.Random(seed), Spacing()
    for number in range(200):
        lost = number % 3 == 0  # every third step spans a hole
        spacing.add(3600.0 if number == 100 else (chance.randint(2, 4) if lost else 1) / 30)
        if number >= FEWEST + 1:
            assert spacing.interval == 1 / 30


def test_a_new_rate_is_known_after_half_of_what_is_kept() -> None:
    spacing = Spacing()
    for _ in range(100):
        spacing.add(1 / 30)
    for _ in range(KEPT // 2 + 1):
        spacing.add(1 / 60)
    assert spacing.interval == spacing.shortest == 1 / 60


def test_a_position_is_the_time_since_the_first_frame() -> None:
    position = Position()
    assert (position.frames, position.milliseconds) == (0, 0.0)
    for number in range(4):
        position.advance(Frame(b"", 8, 8, timestamp=(0xFFFF_F000 + number * 3000) & 0xFFFF_FFFF, ssrc=1))
    assert position.frames == 4
    assert position.milliseconds == pytest.approx(100.0)


def test_a_sender_that_begins_anew_is_followed_by_the_time_of_arrival() -> None:
    position = Position()
    for timestamp, ssrc, received_at in ((0, 1, 10.0), (9000, 1, 10.1), (77, 2, 10.6), (9077, 2, 10.7)):
        position.advance(Frame(b"", 8, 8, timestamp=timestamp, ssrc=ssrc, received_at=received_at))
    assert position.milliseconds == pytest.approx(700.0)
    position.advance(Frame(b"", 8, 8, timestamp=0, ssrc=2, received_at=10.8))  # the same one, from the start
    assert position.milliseconds == pytest.approx(800.0)
