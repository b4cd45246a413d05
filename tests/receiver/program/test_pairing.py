"""Pairs of frames: the nearest, at most half an interval apart, each frame once, whatever is lost."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.pictures import jpeg
from lab.virtual import Road, receive
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.receiver.program.pairing import LATE, LONGEST, MOST, Match, Pairing
from rtpjpeg.receiver.program.spacing import ENOUGH, FEWEST

RATES = st.sampled_from([10.0, 25.0, 30.0, 50.0, 60.0])


@dataclass(frozen=True)
class Shot:
    """A frame of a camera as the pairing sees it."""

    camera: int
    time: float
    came_at: float


def run(pairing: Pairing[Shot], shots: list[Shot]) -> list[Match[Shot]]:
    """Bring frames in the order in which they came, and call the timer when it wants to be called."""
    found = []
    for shot in sorted(shots, key=lambda shot: shot.came_at):
        while (due := pairing.next_timer()) is not None and due <= shot.came_at:
            found += pairing.handle_timer(due)
        found += pairing.add(shot.camera, shot, shot.time, shot.came_at)
    while (due := pairing.next_timer()) is not None:
        found += pairing.handle_timer(due)
    return found


def camera(
    number: int,
    rate: float,
    count: int = 60,
    phase: float = 0.0,
    loss: float = 0.0,
    jitter: float = 0.0,
    late: float = 0.0,
    chance: random.Random | None = None,
) -> list[Shot]:
    """Return the frames of a camera that came; ``jitter`` of the capture, up to ``late`` of the network."""
    chance = chance or random.Random(1)
    shots: list[Shot] = []
    for index in range(count):
        time = 1000.0 + phase + index / rate + chance.uniform(-jitter, jitter)
        came_at = max(time + 0.005 + chance.uniform(0, late), shots[-1].came_at if shots else 0.0)
        if chance.random() >= loss:
            shots.append(Shot(number, time, came_at))
    return shots


@given(
    RATES, RATES, st.floats(0, 1), st.floats(0, 0.2), st.floats(0, 0.001), st.floats(0, 0.02), st.integers(0)
)
def test_the_rules_of_pairs(
    rate: float, other: float, phase: float, loss: float, jitter: float, late: float, seed: int
) -> None:
    chance = random.Random(seed)
    shots = camera(0, rate, loss=loss, jitter=jitter, late=late, chance=chance)
    shots += camera(1, other, phase=phase / other, loss=loss, jitter=jitter, late=late, chance=chance)
    pairing: Pairing[Shot] = Pairing()
    pairs = run(pairing, shots)
    used = [shot for pair in pairs for shot in (pair.first, pair.second)]
    assert len(used) == len(set(used)), "a frame is in two pairs"
    assert [pair.first.time for pair in pairs] == sorted(pair.first.time for pair in pairs)
    counted = pairing.pairs, *pairing.unpaired
    left = [sum(1 for shot in shots if shot.camera == number and shot not in used) for number in (0, 1)]
    assert counted[0] == len(pairs)
    assert all(0 <= left[number] - counted[1 + number] <= MOST for number in (0, 1)), "the rest still waits"
    for pair in pairs:
        assert (pair.first.camera, pair.second.camera) == (0, 1)
        assert pair.skew == pair.second.time - pair.first.time
        _is_nearest(pair, shots, set(used), slack=4 * jitter + 1e-9)


def _is_nearest(pair: Match[Shot], shots: list[Shot], used: set[Shot], slack: float) -> None:
    for shot in shots:
        if shot not in used:
            own = pair.first if shot.camera else pair.second
            assert abs(shot.time - own.time) >= abs(pair.skew) - slack, "a nearer frame was free"


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(-1, 1), st.floats(0, 1)), max_size=200))
def test_whatever_comes_little_is_kept_and_nothing_is_far_apart(
    steps: list[tuple[int, float, float]],
) -> None:
    """Clocks that jump both ways, cameras that stall, bursts."""
    pairing: Pairing[int] = Pairing()
    times, now, paired = [0.0, 0.0], 0.0, 0
    for number, (side, step, pause) in enumerate(steps):
        times[side] += step
        now += pause
        found = pairing.add(side, number, times[side], now)
        paired += len(found)
        reach = pairing.reach
        assert all(reach is not None and abs(match.skew) <= reach for match in found)
        assert all(len(side.waiting) <= MOST for side in pairing._sides)
    assert sum(pairing.unpaired) + 2 * paired + sum(len(side.waiting) for side in pairing._sides) == len(
        steps
    )


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.25, 0.4, 0.49, 0.6, 0.9])
def test_two_alike_cameras_pair_every_frame(phase: float) -> None:
    shots = camera(0, 30.0) + camera(1, 30.0, phase=phase / 30)
    pairing: Pairing[Shot] = Pairing()
    pairs = run(pairing, shots)
    assert len(pairs) >= 59
    assert all(abs(pair.skew) == pytest.approx(min(phase, 1 - phase) / 30) for pair in pairs)


def test_a_pair_leaves_with_its_second_frame() -> None:
    """A camera whose frames come at a known pace brings no better one before it is time."""
    pairing: Pairing[Shot] = Pairing()
    for index, shot in enumerate(sorted(camera(0, 30.0) + camera(1, 30.0, phase=0.01), key=lambda s: s.time)):
        found = pairing.add(shot.camera, shot, shot.time, shot.came_at)
        if index > 2 * ENOUGH + 1:
            assert len(found) == shot.camera
            assert pairing.next_timer() is None


def test_the_other_frame_of_a_slow_camera_is_the_nearest_of_the_fast_one() -> None:
    shots = camera(0, 60.0, count=120) + camera(1, 10.0, count=20, phase=0.005)
    pairs = run(Pairing(), shots)
    assert len(pairs) >= 18
    assert all(pair.skew == pytest.approx(0.005) for pair in pairs)


def _waiting_for_a_better_one() -> Pairing[int]:
    """Frames 10 are 40 ms apart, and the first camera's were 60 ms apart: its next one may be nearer."""
    pairing: Pairing[int] = Pairing()
    for number in range(10):
        for side in (0, 1):
            pairing.add(side, number, number * 0.1, number * 0.1)
    assert pairing.pairs == 10
    assert pairing.add(0, 10, 0.96, 0.96) == []
    assert pairing.add(1, 10, 1.00, 1.00) == []
    return pairing


def test_what_might_be_bettered_waits_and_not_for_ever() -> None:
    pairing = _waiting_for_a_better_one()
    due = pairing.next_timer()
    assert due == pytest.approx(1.06 + LATE)
    assert pairing.handle_timer(1.06) == []
    assert [match[:2] for match in pairing.handle_timer(due)] == [(10, 10)]
    assert pairing.next_timer() is None


def test_the_better_one_takes_its_place() -> None:
    pairing = _waiting_for_a_better_one()
    assert [match[:2] for match in pairing.add(0, 11, 1.02, 1.03)] == [(11, 10)]
    assert pairing.unpaired == (1, 0)


@pytest.mark.parametrize("stalled", [0, 1])
def test_a_camera_that_stalls_leaves_nothing_behind(stalled: int) -> None:
    pairing: Pairing[Shot] = Pairing()
    both = camera(0, 30.0) + camera(1, 30.0, phase=0.005)
    run(pairing, both)
    alone = [Shot(1 - stalled, 1002.5 + n / 30, 1002.5 + n / 30) for n in range(300)]
    assert run(pairing, alone) == []
    assert all(len(side.waiting) <= min(MOST, LONGEST * 30 + 1) for side in pairing._sides)
    again = [
        Shot(side, 1020.0 + side * 0.005 + n / 30, 1020.1 + n / 30) for n in range(30) for side in (0, 1)
    ]
    assert len(run(pairing, again)) >= 29


@pytest.mark.parametrize("step", [-3600.0, -0.5, 0.5, 3600.0])
@pytest.mark.parametrize("sides", [(0,), (1,), (0, 1)])
def test_a_clock_that_is_set_or_a_sender_that_begins_anew(step: float, sides: tuple[int, ...]) -> None:
    """With both, pairs go on; with one, there are none until the other one has the new time as well."""
    pairing: Pairing[Shot] = Pairing()
    run(pairing, camera(0, 30.0) + camera(1, 30.0, phase=0.005))
    for moved in (sides, (0, 1)):
        began = 1010.0 if moved is sides else 1020.0
        shots = [
            Shot(side, began + side * 0.005 + n / 30 + (step if side in moved else 0.0), began + n / 30)
            for n in range(60)
            for side in (0, 1)
        ]
        pairs = run(pairing, shots)
        assert all(abs(pair.skew) <= 1 / 60 for pair in pairs)
        if len(moved) == 2:
            assert len(pairs) >= 50


def test_before_the_rates_are_known_nothing_is_paired_and_nothing_is_lost() -> None:
    pairing: Pairing[int] = Pairing()
    for number in range(FEWEST):
        for side in (0, 1):
            assert pairing.add(side, number, number / 30, number / 30) == []
    assert pairing.reach is None
    assert pairing.add(0, FEWEST, FEWEST / 30, FEWEST / 30) == []
    found = pairing.add(1, FEWEST, FEWEST / 30, FEWEST / 30)
    assert pairing.reach == pytest.approx(1 / 60)
    assert [match.first for match in found] == list(range(FEWEST + 1))


def test_after_a_reset_times_of_another_clock_may_follow() -> None:
    pairing: Pairing[Shot] = Pairing()
    run(pairing, camera(0, 30.0) + camera(1, 30.0))
    pairing.reset()
    assert pairing.reach is None and pairing.next_timer() is None
    shots = [Shot(side, 5.0 + n / 30, 2000.0 + n / 30) for n in range(30) for side in (0, 1)]
    assert len(run(pairing, shots)) == 30


@cache
def arrivals(number: int, seed: int) -> list[Shot]:
    """Return the frames of a camera behind a bad network, when they were taken and when they were whole."""
    pictures = [jpeg(65, width=320, height=240, seed=index) for index in range(8)]
    road = Road([pictures[index % 8] for index in range(600)], _network(seed))
    phase = number * 0.25 / 30
    return [
        Shot(number, frame.timestamp / 90000 + phase, (frame.completed_at or 0.0) + phase)
        for frame in receive(road)
    ]


def _network(seed: int) -> Impairment:
    return Impairment.parse(f"loss=5%,delay=20ms,jitter=20ms,seed={seed}")


def test_with_loss_and_jitter_99_of_100_frames_find_their_partner() -> None:
    shots = arrivals(0, seed=1) + arrivals(1, seed=2)
    pairs = run(Pairing(), shots)
    assert len(pairs) >= 0.99 * 600
    assert all(pair.skew == pytest.approx(0.25 / 30, abs=1e-4) for pair in pairs)
    assert all(a.first.time < b.first.time for a, b in pairwise(pairs))
