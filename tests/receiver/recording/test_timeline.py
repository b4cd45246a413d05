"""The time line of a recording: RTP timestamps unwrapped, never a step back, a gap stays a gap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.recording.shots import START, STEP, shot
from rtpjpeg import Frame
from rtpjpeg.receiver.recording.timeline import JUMP, Shot, Timeline

HOUR = 3600 * 90000


def places(*shots: Shot) -> list[int]:
    timeline = Timeline()
    return [timeline.place(each) for each in shots]


def test_the_first_frame_is_at_zero_and_a_gap_stays_a_gap() -> None:
    assert places(shot(0), shot(1), shot(2, 100 * STEP)) == [0, STEP, 100 * STEP]


def test_timestamps_that_wrap_go_on() -> None:
    first = 2**32 - STEP - 1
    assert places(*(shot(number, first=first) for number in range(4))) == [0, STEP, 2 * STEP, 3 * STEP]


@pytest.mark.parametrize("hours", [5, 8, 14, 30])
def test_a_pause_longer_than_the_timestamps_can_tell_is_told_by_our_clock(hours: int) -> None:
    assert places(shot(0), shot(1, hours * HOUR)) == [0, hours * HOUR]
    timeline = Timeline()
    timeline.place(shot(0))
    assert timeline.continues(shot(1, hours * HOUR)) == (hours < 6.6), "no container holds a longer one"


@pytest.mark.parametrize("back", [0, -1, -STEP])
def test_time_never_steps_back(back: int) -> None:
    late = replace(shot(1), timestamp=(1000 + STEP + back) & 0xFFFF_FFFF, arrived_at=START + 0.04)
    assert places(shot(0), shot(1), late, replace(late, timestamp=1000 + 2 * STEP)) == [
        0,
        STEP,
        STEP + 1,
        STEP + 1 + STEP - back,
    ]


def test_seconds_are_those_of_the_newest_frame_and_of_one_to_come() -> None:
    timeline = Timeline()
    assert timeline.after(shot(5)) == 0
    timeline.place(shot(0))
    assert timeline.after(shot(30)) == pytest.approx(1.001)
    timeline.place(shot(30))
    assert timeline.seconds == pytest.approx(1.001)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"ssrc": 8}, False),
        ({"width": 160}, False),
        ({"height": 8}, False),
        ({"type": 0}, False),
        ({"timestamp": 1000 + STEP + int(JUMP * 90000) + 90}, False),
        ({"timestamp": 1000 + STEP - int(JUMP * 90000) - 90 & 0xFFFF_FFFF}, False),
        ({"timestamp": 1000 + STEP + 90000}, True),
        ({"arrived_at": START + 3600}, False),
    ],
)
def test_a_file_holds_one_sender_one_size_and_one_clock(change: dict[str, int], same: bool) -> None:
    timeline = Timeline()
    assert timeline.continues(replace(shot(0), **change))
    timeline.place(shot(0))
    assert timeline.continues(replace(shot(1), **change)) is same


def test_a_frame_leaves_its_pixels_behind() -> None:
    frame = Frame(b"jpeg", 320, 240, 9, concealed=True, captured_at=5.0, received_at=100.0, ssrc=7, type=65)
    frame.intervals, frame.fresh_intervals = 4, 3
    assert Shot.of(frame, 1000.0) == Shot(b"jpeg", 320, 240, 1, 9, 7, 1100.0, 5.0, True, 0.75)
