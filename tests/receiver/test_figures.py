"""Figures of the last two seconds, from counters and made-up times."""

from __future__ import annotations

import pytest

from rtpjpeg.receiver.figures import Counts, LastSeconds, Recent, compare

NOTHING = Counts(0, 0.0, 0, 0, 0, 0, 0)


def camera(now: float, begun: float = 0.0) -> Counts:
    """What a camera of 30 frames a second has brought by now: each 1000 bytes, 4 packets, 10 intervals."""
    frames = int((now - begun) * 30 + 1e-6) + 1 if now >= begun else 0
    return Counts(
        frames, begun + (frames - 1) / 30, frames * 1000, frames * 4, frames, frames * 10, frames * 9
    )


def test_figures_of_a_steady_camera_do_not_flicker() -> None:
    recent = LastSeconds()
    for tenth in range(1, 100):
        now = tenth / 10 + 0.013
        found = recent.look(camera(now), now)
        if tenth > 1:
            assert found.fps == pytest.approx(30)
            assert found.lost_share == pytest.approx(0.2)
            assert found.concealed_share == pytest.approx(0.1)
    assert found.bitrate == pytest.approx(240_000, rel=0.02)


def test_what_was_lost_is_forgotten_after_two_seconds() -> None:
    recent = LastSeconds()
    losses = [0, 0, 5, 5, 5, 5, 5, 5]
    found = [
        recent.look(Counts(30 * at, at, 0, 100 * at, lost, 0, 0), float(at)) for at, lost in enumerate(losses)
    ]
    assert [each.packets_lost for each in found] == [0, 0, 5, 5, 0, 0, 0, 0]


def test_time_before_the_first_frame_does_not_count() -> None:
    recent = LastSeconds()
    for tenth in range(60):
        found = recent.look(camera(tenth / 10, begun=5.0), tenth / 10)
        assert found.fps is None or found.fps == pytest.approx(30)
    assert found.bitrate == pytest.approx(240_000, rel=0.02)


def test_nothing_is_no_figure() -> None:
    assert compare(NOTHING, NOTHING, 0.0) == Recent()
    assert LastSeconds().look(camera(3.0), 3.0) == Recent()


def test_a_silent_stream_has_no_rate_of_frames() -> None:
    recent = LastSeconds()
    for tenth in range(30):
        found = recent.look(camera(1.0), 1.0 + tenth / 10)
    assert (found.fps, found.bitrate) == (None, 0.0)


def test_a_late_packet_takes_its_loss_back() -> None:
    before = NOTHING._replace(lost=4, packets=10)
    assert compare(before, before._replace(lost=3, packets=11), 1.0).packets_lost == 0


def test_looks_are_kept_for_the_time_that_is_looked_back() -> None:
    recent = LastSeconds()
    for hundredth in range(2000):
        recent.look(camera(hundredth / 100), hundredth / 100)
    assert len(recent._looks) <= 10
