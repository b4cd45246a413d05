"""Sequence numbers in order of arrival: what was lost, doubled, late, used twice or jumped."""

from __future__ import annotations

import random

import numpy as np
import pytest

from rtpjpeg.inspector.analysis.sequence import JUMP, Sequence


def follow(numbers, prints=None, pauses=(), parts=1):
    """Return the sequence, and where each flag is set."""
    sequence, found = Sequence(), {"duplicate": [], "reused": [], "late": [], "jumped": []}
    prints = numbers if prints is None else prints
    for places in np.array_split(np.arange(len(numbers)), parts):
        if not places.size:
            continue
        silent = np.isin(places, list(pauses))
        order = sequence.add(np.array(numbers)[places] & 0xFFFF, np.array(prints)[places], silent)
        for name, where in found.items():
            where += places[getattr(order, name)].tolist()
    return sequence, {name: where for name, where in found.items() if where}


def test_numbers_that_count_up_over_the_wrap() -> None:
    sequence, found = follow(list(range(65_500, 65_600)))
    assert (sequence.expected, sequence.lost, found) == (100, 0, {})


def test_a_hole_is_lost_and_a_late_packet_fills_it() -> None:
    sequence, found = follow([10, 11, 14, 13, 15])
    assert (sequence.expected, sequence.lost, found) == (6, 1, {"late": [3]})


def test_a_packet_in_front_of_the_first_one_is_late_and_widens_the_range() -> None:
    sequence, found = follow([1, 65_535, 2, 0])
    assert (sequence.expected, sequence.lost, found) == (4, 0, {"late": [1, 3]})


def test_a_duplicate_is_no_late_packet_and_fills_nothing() -> None:
    sequence, found = follow([5, 6, 6, 5, 9])
    assert (sequence.expected, sequence.lost, found) == (5, 2, {"duplicate": [2, 3]})


def test_another_packet_of_the_same_number_is_told_apart() -> None:
    _, found = follow([5, 6, 6, 7], prints=[1, 2, 3, 4])
    assert found == {"reused": [2]}


@pytest.mark.parametrize("step", [JUMP + 1, 30_000, -JUMP - 1, -20_000])
def test_what_lies_in_a_jump_was_never_sent(step: int) -> None:
    numbers = [100, 101, 103, 103 + step, 104 + step, 106 + step]
    sequence, found = follow([number % 65_536 for number in numbers])
    assert (sequence.expected, sequence.lost, found) == (8, 2, {"jumped": [3]})


def test_a_step_behind_a_silence_is_loss() -> None:
    sequence, found = follow([100, 101, 5101, 5102], pauses={2})
    assert (sequence.lost, found) == (4999, {})


def test_any_cut_into_batches_and_any_path_gives_what_a_set_says(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        first, count = chance.randrange(65_536), chance.randrange(2, 400)
        sent = [first + index for index in range(count)]
        arrived = [number for number in sent if chance.random() > 0.1] or sent[:1]
        arrived += chance.choices(arrived, k=chance.randrange(5))
        order = sorted(range(len(arrived)), key=lambda index: arrived[index] + chance.random() * 8)
        came = [arrived[index] for index in order]
        sequence, found = follow(came, parts=chance.randrange(1, 9))
        seen: set[int] = set()
        expected: dict[str, list[int]] = {"duplicate": [], "late": []}
        for place, number in enumerate(came):
            if number in seen:
                expected["duplicate"].append(place)
            elif seen and number < max(seen):
                expected["late"].append(place)
            seen.add(number)
        assert found == {name: places for name, places in expected.items() if places}
        assert sequence.lost == max(seen) - min(seen) + 1 - len(seen)
