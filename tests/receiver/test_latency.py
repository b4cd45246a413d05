"""How old a picture is, from the strip, on clocks of made-up seconds."""

from __future__ import annotations

import numpy as np

from rtpjpeg import Frame
from rtpjpeg.capture.strip import draw_strip
from rtpjpeg.receiver.decode import Image
from rtpjpeg.receiver.latency import Latency

NOON = 1_800_000_000.0


def picture(captured_at: float | None, number: int = 7) -> Image:
    image = np.full((240, 320, 3), 128, np.uint8)
    if captured_at is not None:
        draw_strip(image, number, round(captured_at * 1e6))
    return image


def frame(received_at: float | None = 100.004, completed_at: float | None = 100.005) -> Frame:
    return Frame(b"", 320, 240, received_at=received_at, completed_at=completed_at)


def test_the_age_and_its_stages_add_up() -> None:
    latency = Latency()
    latency.measure(frame(), picture(NOON), 100.0055, 100.007, lambda: NOON + 0.008)
    assert latency.frame_number == 7
    assert latency.total.summary() == dict.fromkeys(("p50", "p95", "p99", "max"), 8.0)
    stages = latency.stages_ms() or {}
    assert {name: round(stage["p50"], 3) for name, stage in stages.items()} == {
        "transport": 5.0,
        "assembly": 1.0,
        "queue": 0.5,
        "decode": 1.5,
    }


def test_a_picture_without_a_strip_has_no_age() -> None:
    latency = Latency()
    latency.measure(frame(), picture(None), 100.0055, 100.007, lambda: NOON)
    assert latency.total.summary() is None
    assert latency.newest is None
    assert set(latency.stages_ms() or {}) == {"assembly", "queue", "decode"}


def test_an_age_that_cannot_be_true_is_not_given() -> None:
    for wrong in (-0.5, 61.0):
        latency = Latency()
        latency.measure(frame(), picture(NOON), 100.0055, 100.007, lambda wrong=wrong: NOON + wrong)
        assert latency.total.summary() is None
        assert round(latency.clock_difference or 0.0, 3) == wrong


def test_a_frame_without_arrival_times_still_has_an_age() -> None:
    latency = Latency()
    latency.measure(frame(None, None), picture(NOON), 1.0, 1.002, lambda: NOON + 0.02)
    assert latency.total.summary() is not None
    assert set(latency.stages_ms() or {}) == {"decode"}


def test_nothing_measured_is_null() -> None:
    assert Latency().stages_ms() is None


def test_the_way_to_the_screen_is_a_stage_of_its_own() -> None:
    latency = Latency()
    latency.shown(100.007, 100.0125)
    stages = latency.stages_ms() or {}
    assert round(stages["show"]["p50"], 3) == 5.5
