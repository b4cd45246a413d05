"""Percentiles of measured times."""

from __future__ import annotations

from collections.abc import Iterable

from rtpjpeg.sender.samples import Samples


def test_no_measurement_is_no_figure() -> None:
    assert Samples().summary() is None


def test_one_measurement_is_every_figure() -> None:
    samples = Samples()
    samples.add(0.0125)
    assert samples.summary() == {"p50": 12.5, "p95": 12.5, "p99": 12.5, "max": 12.5}


def test_percentiles_are_measurements_of_that_rank() -> None:
    samples = Samples()
    for value in reversed(range(1, 201)):
        samples.add(value / 1000)
    assert samples.summary() == {"p50": 100.0, "p95": 190.0, "p99": 198.0, "max": 200.0}


def test_recent_figures_are_of_the_newest_measurements() -> None:
    samples = Samples()
    assert samples.recent(3) is None and samples.smallest() is None
    for value in (9, 1, 3, 2):
        samples.add(value / 1000)
    assert samples.recent(3) == {"p50": 2.0, "p95": 3.0, "p99": 3.0, "max": 3.0}
    assert samples.recent(100) == samples.summary()
    assert samples.smallest() == 0.001


def test_recent_figures_go_over_the_end_of_the_memory() -> None:
    samples = Samples(kept=4)
    for value in range(1, 7):
        samples.add(value / 1000)
        assert samples.recent(3) == samples_of(range(max(1, value - 2), value + 1)).summary()
    assert samples.smallest() == 0.003
    assert samples.recent(99) == {"p50": 4.0, "p95": 6.0, "p99": 6.0, "max": 6.0}


def samples_of(values: Iterable[int]) -> Samples:
    samples = Samples()
    for value in values:
        samples.add(value / 1000)
    return samples


def test_memory_is_bounded_and_the_largest_is_never_forgotten() -> None:
    samples = Samples(kept=10)
    samples.add(9.0)
    for _ in range(100):
        samples.add(0.001)
    assert len(samples) == 10
    assert samples.summary() == {"p50": 1.0, "p95": 1.0, "p99": 1.0, "max": 9000.0}
