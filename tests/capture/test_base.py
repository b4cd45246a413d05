"""The beat of a live camera, on a clock that only moves when told."""

from __future__ import annotations

import math

import pytest

from rtpjpeg.capture.base import Camera, Metronome
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.frame import Frame


class Clock:
    """A clock for tests: sleeping moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_frame_is_due_every_period() -> None:
    clock = Clock()
    metronome = Metronome(25, clock, clock.sleep)
    assert [metronome.wait() for _ in range(4)] == [0, 1, 2, 3]
    assert clock.now == pytest.approx(1000 + 3 / 25)


def test_a_late_reader_gets_the_newest_frame_and_no_queue() -> None:
    clock = Clock()
    metronome = Metronome(10, clock, clock.sleep)
    metronome.wait()
    clock.now += 0.57
    assert metronome.wait() == 5
    assert clock.slept == []
    assert metronome.wait() == 6
    assert clock.now == pytest.approx(1000.6)


def test_what_is_late_was_due_all_the_same() -> None:
    clock = Clock()
    metronome = Metronome(10, clock, clock.sleep)
    due = []
    for late in (0.0, 0.03, 0.15, 0.0):
        metronome.wait()
        due.append(metronome.due)
        clock.now += late
    # The third frame was read while the fourth was due: that one is taken at once.
    assert due == pytest.approx([1000.0, 1000.1, 1000.2, 1000.3])


def test_without_a_rate_a_frame_is_due_when_it_is_asked_for() -> None:
    clock = Clock()
    metronome = Metronome(0, clock, clock.sleep)
    metronome.wait()
    clock.now += 0.5
    metronome.wait()
    assert metronome.due == 1000.5


def test_a_reader_within_its_period_skips_nothing() -> None:
    clock = Clock()
    metronome = Metronome(10, clock, clock.sleep)
    numbers = []
    for _ in range(50):
        numbers.append(metronome.wait())
        clock.now += 0.099
    assert numbers == list(range(50))


def test_no_rate_means_no_waiting() -> None:
    clock = Clock()
    metronome = Metronome(0, clock, clock.sleep)
    assert [metronome.wait() for _ in range(5)] == list(range(5))
    assert clock.slept == []


@pytest.mark.parametrize("fps", [0.2, 7, 29.97, 30, 1000 / 3])
def test_the_beat_does_not_drift(fps: float) -> None:
    clock = Clock(math.pi * 1e6)
    metronome = Metronome(fps, clock, clock.sleep)
    for number in range(500):
        assert metronome.wait() == number
    assert clock.now - math.pi * 1e6 == pytest.approx(499 / fps, abs=1e-6)


def test_a_camera_opens_and_closes_as_a_context_manager() -> None:
    done: list[str] = []

    class Still(Camera):
        def open(self) -> None:
            done.append("open")

        def read(self, timeout: float = 1.0) -> Frame | None:
            return None

        def close(self) -> None:
            done.append("close")

    with Still("camera1", 640, 480, 30) as camera:
        assert camera.live and camera.frame_number == -1 and camera.notices == []
        assert camera.set_quality(50) is False
    assert done == ["open", "close"]


def test_the_capture_time_is_that_of_the_clock_after_the_wait() -> None:
    clock = Clock(50.0)
    camera = SyntheticCamera("camera1", 64, 64, 4, clock=clock, sleep=clock.sleep)
    assert [camera.read().captured_at for _ in range(3)] == pytest.approx([50.0, 50.25, 50.5])
