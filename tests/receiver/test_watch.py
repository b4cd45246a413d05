"""Whether a stream lives, at made-up times, and what the log hears of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rtpjpeg.receiver.watch import Watch, duration_text


def stream(**other: Any) -> Any:
    return SimpleNamespace(
        **{"label": "rtp://:5000", "fault": None, "over": False, "finished": False, **other}
    )


def pictures(shown_at: float | None = None, interval: float = 1 / 30) -> Any:
    return SimpleNamespace(shown_at=shown_at, interval=interval)


@pytest.mark.parametrize(
    ("what", "shown", "expected"),
    [
        (stream(), pictures(), ("waiting", "waiting for a stream on rtp://:5000")),
        (stream(), pictures(100.0), ("live", "live")),
        (stream(), pictures(99.001), ("live", "live")),
        (stream(), pictures(99.0), ("no signal", "no signal for 1 s")),
        (stream(), pictures(90.2), ("no signal", "no signal for 9 s")),
        (stream(finished=True), pictures(90.0), ("ended", "ended")),
        (stream(over=True), pictures(90.0), ("ended", "ended")),
        (stream(over=True), pictures(), ("ended", "ended")),
        (stream(fault="it broke"), pictures(100.0), ("ended", "ended: it broke")),
    ],
)
def test_states(what: Any, shown: Any, expected: tuple[str, str]) -> None:
    assert Watch(what, shown).state(100.0) == expected


def test_a_camera_of_one_picture_in_two_seconds_is_not_silent() -> None:
    watch = Watch(stream(), pictures(90.0, interval=2.0))
    assert [watch.state(90.0 + silent).word for silent in (2.0, 4.9, 5.0)] == ["live", "live", "no signal"]


def test_a_file_that_is_read_as_fast_as_it_goes_is_never_silent() -> None:
    assert Watch(stream(), pictures(90.0), silences=False).state(100.0).word == "live"


def test_lost_and_back_are_said_once_each(caplog: pytest.LogCaptureFixture) -> None:
    shown = pictures()
    watch = Watch(stream(), shown)
    for tenth in range(80):
        now = tenth / 10
        if now <= 2.0 or now >= 6.0:
            shown.shown_at = now
        watch.tell(now)
    assert [record.getMessage() for record in caplog.records] == [
        "rtp://:5000: no signal: no picture for 1.0 s",
        "rtp://:5000: the signal is back after 4 s",
    ]


def test_a_stream_that_never_came_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(stream(), pictures())
    for now in range(9):
        watch.tell(now)
    assert not caplog.records


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.9, "1 s"), (119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
