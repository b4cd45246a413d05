"""The index of a packet: guessed as RFC 3711 appendix A does, and never taken twice."""

from __future__ import annotations

import random

import pytest

from rtpjpeg.net.rollover import WINDOW, Rollover, Window


@pytest.mark.parametrize(
    ("highest", "sequence_number", "index"),
    [
        (0, 1, 1),
        (0, 0x8000, 0x8000),
        (0, 0x8001, 0x8001),  # a round before the first there is not
        (0xFFFF, 0, 0x10000),
        (0xFFFF, 0x7FFE, 0x17FFE),
        (0xFFFF, 0x7FFF, 0x7FFF),
        (0x10000, 0xFFFF, 0xFFFF),
        (0x17FFF, 0xFFFF, 0x1FFFF),
        (0x10005, 0x8006, 0x8006),
        (0x10005, 0x8005, 0x18005),
    ],
)
def test_the_nearest_index(highest: int, sequence_number: int, index: int) -> None:
    assert Rollover(highest).guess(sequence_number) == index


def test_a_million_packets_are_followed_through_losses_and_reordering(seed: int) -> None:
    chance = random.Random(seed)
    state = Rollover(chance.randrange(0x8000))
    for _ in range(20_000):
        true = max(state.highest + chance.randrange(-200, 400), 0)
        assert state.guess(true & 0xFFFF) == true
        state.take(true)


def test_the_window_knows_what_has_come(seed: int) -> None:
    chance = random.Random(seed)
    window, come = Window(5000), {5000}
    for _ in range(5000):
        index = window.highest + chance.randrange(-WINDOW - 50, 60)
        old = window.highest - index >= WINDOW
        assert window.is_old(index) == old
        assert window.is_seen(index) == (index in come and not old)
        window.take(index)
        come.add(index)
        assert window._seen.bit_length() <= WINDOW


def test_a_leap_forgets_what_was_before() -> None:
    window = Window(7)
    window.take(7 + WINDOW)
    assert window.is_old(7) and not window.is_seen(8) and window.is_seen(7 + WINDOW)
