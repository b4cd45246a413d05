"""The gate: one line a second for each cause, and none is forgotten in the counts."""

from __future__ import annotations

import random

from rtpjpeg.receiver.gate import CAUSES, Gate


def test_the_first_is_said_at_once_and_then_one_a_second() -> None:
    gate = Gate()
    assert [gate.passes("a", now) for now in (0.0, 0.1, 0.9, 1.0, 1.5, 9.0)] == [1, 0, 0, 3, 0, 2]


def test_causes_do_not_hold_each_other_back() -> None:
    gate = Gate()
    assert [gate.passes(cause, 0.0) for cause in "abca"] == [1, 1, 1, 0]


def test_a_flood_is_one_line_a_second_with_all_of_it_counted(seed: int) -> None:
    gate, chance, now, lines = Gate(), random.Random(seed), 0.0, []
    for _ in range(100_000):
        now += chance.expovariate(10_000)
        lines.append(gate.passes("a", now))
    said = [count for count in lines if count]
    assert len(said) <= now + 1
    assert sum(said) + gate.passes("a", now + 2) - 1 == 100_000


def test_new_causes_without_end_are_no_way_around() -> None:
    gate = Gate()
    assert sum(gate.passes(str(number), 0.0) for number in range(10_000)) == CAUSES
    assert gate.passes("0", 2.0) == 1
