"""Pictures: the newest frame is decoded, its age is measured, a broken one is counted."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from receiver.feeding import picture
from rtpjpeg import Frame, RtpJpegError
from rtpjpeg.receiver.decode import NoDecoderError
from rtpjpeg.receiver.painter import Painter
from rtpjpeg.receiver.pictures import Pictures


def frame(jpeg: bytes, decoder: Any = None) -> Frame:
    return Frame(jpeg, 320, 240, received_at=1.0, completed_at=1.0, decoder=decoder or Painter())


def test_a_frame_becomes_the_newest_picture_with_its_age() -> None:
    told: list[int] = []
    pictures = Pictures("camera1", lambda: told.append(1))
    pictures.show(frame(picture(5)))
    found = pictures.statistics()
    assert pictures.image is not None and pictures.image.shape == (240, 320, 3)
    assert (found["frames_shown"], found["frames_undecodable"], told) == (1, 0, [1])
    assert pictures.latency.frame_number == 5
    assert found["latency_ms"]["max"] < 60_000


def test_a_picture_of_another_clock_has_no_age(caplog: pytest.LogCaptureFixture) -> None:
    pictures = Pictures("camera1", lambda: None)
    for number in range(3):
        pictures.show(frame(picture(number, captured_at=1.0)))
    assert pictures.statistics()["latency_ms"] is None
    assert pictures.frames_shown == 3


def test_an_unmeasured_picture_is_not_even_looked_at() -> None:
    pictures = Pictures("capture", lambda: None, measured=False)
    pictures.show(frame(picture(1)))
    assert pictures.statistics()["stages_ms"] is None


def test_what_cannot_be_decoded_is_counted_and_not_shown() -> None:
    def broken(jpeg: bytes) -> Any:
        raise RtpJpegError("a picture cannot be decoded: it is broken")

    pictures = Pictures("camera1", lambda: pytest.fail("shown"))
    pictures.show(frame(b"", broken))
    assert (pictures.frames_shown, pictures.frames_undecodable) == (0, 1)


def test_without_a_decoder_frames_are_still_handed_on() -> None:
    def missing(jpeg: bytes) -> Any:
        raise NoDecoderError("pictures cannot be decoded: install rtpjpeg[view]")

    pictures = Pictures("camera1", lambda: None)
    pictures.show(frame(b"", missing))
    assert (pictures.frames_shown, pictures.image) == (1, None)


def test_a_slow_decoder_gets_the_newest_frame_only() -> None:
    busy, go_on = threading.Event(), threading.Event()

    def slow(frame: Frame) -> Any:
        busy.set()
        assert go_on.wait(60)
        return np.full((8, 8, 3), frame.jpeg[0], np.uint8)

    pictures = Pictures("camera1", lambda: None)
    pictures.start()
    pictures.waiting.put(frame(b"\x01", slow))
    assert busy.wait(60)
    for number in range(2, 9):
        pictures.waiting.put(frame(bytes([number]), slow))
    go_on.set()
    pictures.finish()
    assert pictures.frames_shown == 2
    assert pictures.image is not None and pictures.image[0, 0, 0] == 8


def test_finishing_before_the_start_is_fine() -> None:
    Pictures("camera1", lambda: None).finish()


def test_a_picture_tells_when_it_was_on_the_screen() -> None:
    pictures = Pictures("camera1", lambda: None)
    pictures.show(frame(picture(1)))
    assert pictures.newest is not None
    pictures.note_shown(pictures.newest, pictures.newest.decoded_at + 0.004)
    assert pictures.statistics()["stages_ms"]["show"]["p50"] == pytest.approx(4.0, abs=0.01)
    unmeasured = Pictures("capture", lambda: None, measured=False)
    unmeasured.note_shown(pictures.newest, pictures.newest.decoded_at)
    assert unmeasured.statistics()["stages_ms"] is None


def test_a_silence_is_not_taken_for_the_pace_of_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = Pictures("camera1", lambda: None, measured=False)
    found = []
    for now in (0.0, 2.0, 4.0, 64.0, 66.0):
        monkeypatch.setattr("rtpjpeg.receiver.pictures.time.monotonic", lambda now=now: now)
        pictures.show(frame(b"", lambda frame: np.zeros((8, 8, 3), np.uint8)))
        found.append(pictures.interval)
    assert found == [0.0, 2.0, 2.0, 2.0, 2.0]
