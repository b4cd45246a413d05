"""Times of two cameras on one clock: told, or those of arrival."""

from __future__ import annotations

from rtpjpeg import Frame
from rtpjpeg.receiver.program.commonclock import GRACE, CommonClock


def frame(number: int, captured_at: float | None = None) -> Frame:
    return Frame(b"", 8, 8, captured_at=captured_at, received_at=50 + number / 30)


def test_what_is_told_counts() -> None:
    clock = CommonClock()
    for number in range(5):
        for camera in (0, 1):
            assert clock.time_of(camera, frame(number, 1000.0 + number)) == 1000.0 + number
    assert not clock.by_arrival


def test_where_one_stream_tells_nothing_arrival_is_what_both_have() -> None:
    clock = CommonClock()
    for number in range(GRACE):
        assert not clock.by_arrival
        assert clock.time_of(0, frame(number, 1000.0)) == 1000.0
        last = clock.time_of(1, frame(number))
        assert last == (None if number < GRACE - 1 else 50 + number / 30)
    assert clock.by_arrival
    assert clock.time_of(0, frame(99, 1009.0)) == 50 + 99 / 30


def test_a_stream_that_begins_to_tell_is_believed() -> None:
    clock = CommonClock()
    for number in range(GRACE):
        clock.time_of(0, frame(number))
    assert clock.time_of(1, frame(30, 1003.0)) == 51
    assert clock.time_of(0, frame(3, 1003.0)) == 1003.0
    assert not clock.by_arrival
