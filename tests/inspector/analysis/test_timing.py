"""Arrival: jitter as RFC 3550 has it, bursts, and clocks that are not the one of JPEG."""

from __future__ import annotations

import random

import numpy as np
import pytest

from inspector.making import stream_packets
from rtpjpeg.inspector.analysis.frames import cut, link
from rtpjpeg.inspector.analysis.series import FRAMES, SECOND, SECONDS, FrameSeries, LossMap
from rtpjpeg.inspector.analysis.timing import BURST, Arrivals, Clock

MS = 10**6


def arrivals(times: list[int], timestamps: list[int], parts: int = 1) -> Arrivals:
    found = Arrivals()
    for places in np.array_split(np.arange(len(times)), parts):
        if places.size:
            found.add(np.array(times)[places], np.array(timestamps)[places] & 0xFFFFFFFF, places + 1)
    return found


def test_packets_that_come_as_they_were_stamped_have_no_jitter() -> None:
    times = [index * 40 * MS for index in range(50)]
    assert arrivals(times, [2**32 - 5000 + index * 3600 for index in range(50)]).jitter == pytest.approx(0)


def test_jitter_is_a_sixteenth_of_each_difference(seed: int) -> None:
    """RFC 3550 section A.8: J += (|D| - J) / 16, for every packet in order of arrival."""
    chance = random.Random(seed)
    times = [index * 5 * MS + chance.randrange(4 * MS) for index in range(300)]
    stamps = [index // 6 * 2700 for index in range(300)]
    jitter, highest = 0.0, 0.0
    for place in range(1, 300):
        passed = (times[place] - times[place - 1]) / MS
        meant = (stamps[place] - stamps[place - 1]) / 90
        jitter += (abs(passed - meant) - jitter) / 16
        highest = max(highest, jitter)
    for parts in (1, 7, 299):
        found = arrivals(times, stamps, parts)
        assert (found.jitter, found.jitter_max) == (pytest.approx(jitter), pytest.approx(highest))


@pytest.mark.parametrize("parts", [1, 3, 40])
def test_a_burst_is_what_comes_within_a_millisecond(parts: int) -> None:
    times = [index * 5 * MS for index in range(20)] + [200 * MS + index * 5000 for index in range(120)]
    found = arrivals(times, [0] * len(times), parts)
    assert (found.longest_burst, found.bursts) == (120, [20 + BURST + 1])


def test_a_slower_row_of_packets_is_no_burst() -> None:
    found = arrivals([index * 20_000 for index in range(400)], [0] * 400)
    assert (found.longest_burst, found.bursts) == (50, [])


def clock(rate: int, fps: float, frames: int = 10) -> Clock:
    found = Clock()
    times = (np.arange(frames) * 1e9 / fps).astype(np.int64)
    for places in np.array_split(np.arange(frames), 3):
        found.add(
            times[places], (np.arange(frames) * rate / fps).astype(np.int64)[places], places, places >= 0
        )
    return found


@pytest.mark.parametrize("rate", [1000, 8000, 48_000, 10**6, 27 * 10**6])
@pytest.mark.parametrize("fps", [10, 25, 30])
def test_another_clock_is_named(rate: int, fps: int) -> None:
    found = clock(rate, fps)
    assert found.other_clock().startswith(f"timestamps that count about {rate} a second")
    assert found.fps == pytest.approx(fps, rel=0.01)


def test_a_counter_of_frames_is_another_clock() -> None:
    found = Clock()
    found.add(np.arange(20) * 33_333_333, np.arange(20), np.arange(20), np.ones(20, np.bool_))
    assert "timestamps that count" in found.other_clock()


@pytest.mark.parametrize("fps", [5, 12.3, 29.97, 30, 61, 120])
def test_the_clock_of_jpeg_is_right_at_any_rate(fps: float) -> None:
    found = clock(90_000, fps)
    assert (found.other_clock(), found.fps) == ("", pytest.approx(fps, rel=0.01))


@pytest.mark.parametrize("fps", [97.0, 400.0, 2000.0])
def test_a_file_that_is_sent_faster_than_it_was_taken_is_no_fault(fps: float) -> None:
    found = Clock()
    found.add(
        (np.arange(30) * 1e9 / fps).astype(np.int64),
        np.arange(30) * 3000,
        np.arange(30),
        np.ones(30, np.bool_),
    )
    assert found.other_clock() == ""


def test_the_loss_map_keeps_its_sums_when_its_steps_grow(seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.sort(chance.integers(0, 5000 * SECOND, 4000))
    lost = chance.integers(0, 3, 4000)
    found = LossMap(0)
    for places in np.array_split(np.arange(4000), 13):
        found.add(times[places], lost[places])
    assert (sum(found.came), sum(found.lost), len(found.came) <= SECONDS) == (4000, lost.sum(), True)
    assert found.step == 8 * SECOND
    assert found.came == np.bincount(times // found.step, minlength=len(found.came)).tolist()


def test_a_series_is_thinned_out_evenly() -> None:
    found = FrameSeries()
    for begin in range(0, 3 * FRAMES, 1000):
        packets = stream_packets(np.arange(begin, begin + 1000))
        frames = cut(packets, link(packets), begin - 1)
        found.add(frames, frames.whole)
    series = found.series()
    assert series.step == 4 and len(series.times) == 3 * FRAMES // 4
    assert (np.diff(series.times) == 4 * MS).all() and series.complete[:-1].all()
