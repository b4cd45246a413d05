"""How old a picture is, from the strip, on clocks of made-up seconds."""

from __future__ import annotations

import numpy as np
import pytest

from capture.test_base import Clock
from peers import need_module
from rtpjpeg import Frame, FrameReceived, ReceiverSession, SenderSession
from rtpjpeg.capture.strip import draw_strip
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.receiver.decode import Image, decode
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


def told(captured: float = NOON, **times: float) -> Frame:
    return Frame(b"", 320, 240, received_at=100.004, completed_at=100.005, captured_at=captured, **times)


def test_a_frame_that_tells_its_times_is_dated_by_them() -> None:
    latency = Latency()
    dated = told(encoded_at=NOON + 0.002, sent_at=NOON + 0.0025)
    latency.measure(dated, picture(None), 100.0055, 100.007, lambda: NOON + 0.008)
    stages = {name: round(stage["p50"], 3) for name, stage in (latency.stages_ms() or {}).items()}
    assert stages == {
        "encode": 2.0,
        "send": 0.5,
        "network": 2.5,
        "transport": 5.0,
        "assembly": 1.0,
        "queue": 0.5,
        "decode": 1.5,
    }
    total = latency.total.summary()
    assert total is not None and total["p50"] == 8.0
    assert sum(value for name, value in stages.items() if name != "transport") == total["p50"]
    assert latency.by_strip.summary() is None


def test_the_strip_is_a_second_witness() -> None:
    latency = Latency()
    latency.measure(told(), picture(NOON + 0.001), 100.0055, 100.007, lambda: NOON + 0.008)
    assert latency.total.summary() == dict.fromkeys(("p50", "p95", "p99", "max"), 8.0)
    assert latency.by_strip.summary() == dict.fromkeys(("p50", "p95", "p99", "max"), 7.0)


def test_a_frame_of_a_file_was_not_encoded() -> None:
    latency = Latency()
    latency.measure(told(sent_at=NOON + 0.003), picture(None), 100.0055, 100.007, lambda: NOON + 0.008)
    stages = {name: round(stage["p50"], 3) for name, stage in (latency.stages_ms() or {}).items()}
    assert "encode" not in stages and (stages["send"], stages["network"]) == (3.0, 2.0)


def test_both_witnesses_agree_from_the_camera_to_the_decoder() -> None:
    need_module("simplejpeg")
    clock = Clock()
    camera = SyntheticCamera(
        "camera1", 320, 240, 25.0, clock=clock, sleep=clock.sleep, wall=lambda: round((NOON + clock()) * 1e9)
    )
    sender, receiver, latency = SenderSession(), ReceiverSession(), Latency()
    for number in range(10):
        captured = camera.read()
        assert captured.captured_at is not None
        clock.now += 0.003 + number / 1000
        train = sender.send_frame(captured.jpeg, captured.captured_at, clock(), wall_offset=NOON)
        receiver.receive(train, clock() + 500, ("127.0.0.1", 9))
        clock.now += 0.002
        while (event := receiver.next_event()) is not None:
            if isinstance(event, FrameReceived):
                image = decode(event.frame.jpeg)
                latency.measure(event.frame, image, clock() + 500, clock() + 500, lambda: NOON + clock())
    by_frame, by_strip = latency.total.summary(), latency.by_strip.summary()
    assert by_frame is not None and by_strip is not None and len(latency.total) == 10
    assert by_frame == pytest.approx(by_strip, abs=0.02)
    assert by_frame == pytest.approx({"p50": 9, "p95": 14, "p99": 14, "max": 14}, abs=0.02)


def test_the_fastest_packet_bounds_the_difference_of_the_clocks() -> None:
    latency = Latency()
    assert latency.fastest is None
    for way in (0.004, 0.002, 0.003):
        sent = NOON + 0.005 - way
        dated = told(NOON - 0.1, encoded_at=NOON, sent_at=sent)
        latency.measure(dated, picture(None), 100.0055, 100.007, lambda: NOON + 0.008)
    assert latency.fastest is not None and round(latency.fastest, 6) == 0.002


def test_the_offset_of_the_clocks_is_stated() -> None:
    latency = Latency()
    assert latency.clock_offset_ms(True) == 0.0
    assert latency.clock_offset_ms(False) is None
    dated = told(NOON, encoded_at=NOON, sent_at=NOON + 0.002)
    latency.measure(dated, picture(None), 100.0055, 100.007, lambda: NOON + 0.008)
    assert latency.clock_offset_ms(False) == 3.0
    assert latency.clock_offset_ms(None) is None


def test_recent_figures_are_of_the_newest_pictures() -> None:
    latency = Latency()
    assert latency.recent_ms(10) == (None, {})
    for age in (0.050, 0.008, 0.009):
        latency.measure(told(), picture(None), 100.0055, 100.007, lambda age=age: NOON + age)
    total, stages = latency.recent_ms(2)
    assert total == {"p50": 8.0, "p95": 9.0, "p99": 9.0, "max": 9.0}
    assert set(stages) == {"transport", "assembly", "queue", "decode"}


def test_a_frame_from_a_clock_ahead_of_ours_has_a_negative_way() -> None:
    latency = Latency()
    dated = told(NOON + 0.005, encoded_at=NOON + 0.006, sent_at=NOON + 0.007)
    latency.measure(dated, picture(None), 100.0055, 100.007, lambda: NOON + 0.008)
    assert latency.fastest is not None and round(latency.fastest, 6) == -0.002


def test_the_way_to_the_screen_is_a_stage() -> None:
    latency = Latency()
    latency.shown(100.007, 100.010)
    assert latency.stages_ms() == {"show": dict.fromkeys(("p50", "p95", "p99", "max"), 3.0)}


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
