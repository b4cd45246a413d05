"""What receiver reports say, one after the other."""

from __future__ import annotations

import pytest

from rtpjpeg.sender.paths import NOISE_REPORTS, Feedback, Path, ShortestTrip


def fed(*reports: tuple[float, float | None], every: float = 1.0) -> Path:
    path = Path()
    for number, (loss, rtt) in enumerate(reports):
        path.take(Feedback(number * every, loss, rtt), number * every)
    return path


def test_the_queue_is_what_the_round_trip_takes_longer() -> None:
    path = fed((0.0, 0.050), (0.0, 0.020), (0.0, 0.065))
    assert path.queue == pytest.approx(0.045)
    assert path.words() == "loss 0.0 % and queue 45 ms"


def test_without_a_round_trip_there_is_no_queue_and_no_word_of_it() -> None:
    assert fed((0.0625, None)).words() == "loss 6.2 %"
    assert fed((0.0, 0.02), (0.0, 0.2), (0.0, None)).queue == 0.0


def test_a_queue_stands_when_two_reports_have_seen_it() -> None:
    assert fed((0.0, 0.02), (0.0, 0.06)).standing == 0.0
    assert fed((0.0, 0.02), (0.0, 0.06), (0.0, 0.09)).standing == pytest.approx(0.04)


def test_the_shortest_trip_is_forgotten_after_two_minutes() -> None:
    trip = ShortestTrip()
    assert trip.add(0.020, 0.0) == 0.020
    assert [trip.add(0.050, float(now)) for now in (30, 61, 100)] == [0.020] * 3
    assert trip.add(0.050, 122.0) == 0.050


@pytest.mark.parametrize("rtt", [-0.001, float("inf"), float("-inf")])
def test_a_round_trip_that_cannot_be_is_passed_over(rtt: float) -> None:
    path = fed((0.0, 0.02), (0.0, rtt))
    assert path.rtt == 0.02 and path.queue == 0.0


def test_the_interval_is_averaged_and_bounded() -> None:
    assert fed(*[(0.0, None)] * 5, every=5.0).silent_after == 15.0
    assert fed(*[(0.0, None)] * 5).silent_after == 10.0
    assert fed(*[(0.0, None)] * 5, every=9000.0).silent_after == 180.0


def test_clean_reports_are_counted() -> None:
    assert fed((0.0, None), (0.019, None), (0.0, 0.02)).clean == 3
    assert fed((0.0, None), (0.02, None)).clean == 0


def test_noise_is_no_congestion_for_a_while() -> None:
    path = fed((0.08, 0.02), (0.08, 0.02))
    path.call_noise(0.08)
    for number in range(2, NOISE_REPORTS + 1):
        path.take(Feedback(number, 0.11, 0.02), number)
        assert not path.is_lossy and not path.is_congested
    path.take(Feedback(40, 0.17, 0.02), 40)
    assert path.is_congested
    path.take(Feedback(41, 0.08, 0.02), 41)
    assert path.is_lossy
