"""What every live camera does; ``test_contract.py`` runs it against each of them.

A camera joins by a subclass with a fixture ``source`` that makes it and drives its time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Protocol

import pytest

from capture.makers import decoded
from rtpjpeg import depacketize, packetize
from rtpjpeg.capture.base import Camera
from rtpjpeg.errors import ConfigError
from rtpjpeg.jpeg import parse_jpeg

FPS = 25.0


class Source(Protocol):
    """A kind of camera, and the hand on its clock."""

    def make(self, name: str, width: int, height: int, **options: Any) -> Camera:
        """Return a closed camera of ``FPS``; the options are ``quality`` and ``restart_interval``."""

    def pass_frames(self, count: int) -> None:
        """Let so many pictures of the camera that was made last go by unread."""

    def clock(self) -> float:
        """Return the seconds of the clock that ``captured_at`` is told in."""


class CameraContract:
    @pytest.mark.parametrize(("width", "height"), [(160, 96), (320, 240), (168, 104), (161, 97)])
    def test_a_picture_has_the_size_that_was_asked_for(self, source: Source, width: int, height: int) -> None:
        with source.make("camera1", width, height) as camera:
            frame = camera.read()
            assert frame is not None
            assert (camera.width, camera.height) == (frame.width, frame.height) == (width, height)
            assert decoded(frame.jpeg).shape == (height, width, 3)

    @pytest.mark.parametrize("interval", [0, 10])
    @pytest.mark.parametrize("quality", [30, 85])
    def test_a_picture_can_be_sent(self, source: Source, quality: int, interval: int) -> None:
        options = {"quality": quality, "restart_interval": interval}
        with source.make("camera1", 160, 96, **options) as camera:
            frame = camera.read()
        assert frame is not None
        image = parse_jpeg(frame.jpeg)
        assert (image.type, image.q, image.restart_interval) == (1, quality, interval)
        (received,) = depacketize(packetize(frame.jpeg))
        assert (decoded(received.jpeg) == decoded(frame.jpeg)).all()

    def test_quality_is_that_of_the_next_picture(self, source: Source) -> None:
        with source.make("camera1", 160, 96, quality=85) as camera:
            for quality in (85, 40, 99):
                assert camera.set_quality(quality)
                frame = camera.read()
                assert frame is not None and parse_jpeg(frame.jpeg).q == quality
            with pytest.raises(ConfigError):
                camera.set_quality(0)

    def test_capture_times_rise_and_are_past(self, source: Source) -> None:
        with source.make("camera1", 160, 96) as camera:
            frames = [camera.read() for _ in range(6)]
            times = [frame.captured_at for frame in frames if frame and frame.captured_at is not None]
            assert len(times) == 6
            assert all(one < other for one, other in pairwise(times))
            assert times[-1] <= source.clock()

    def test_who_reads_late_gets_the_newest_and_the_gap_is_counted(self, source: Source) -> None:
        with source.make("camera1", 160, 96) as camera:
            assert camera.live
            camera.read()
            assert camera.frame_number == 0
            source.pass_frames(5)
            frame = camera.read()
            assert frame is not None and frame.captured_at is not None
            assert source.clock() - frame.captured_at < 1 / FPS, "an older one was waiting"
            assert camera.frame_number >= 5
            number = camera.frame_number
            camera.read()
            assert camera.frame_number == number + 1

    def test_no_patience_is_needed_for_a_picture_that_is_there(self, source: Source) -> None:
        with source.make("camera1", 160, 96) as camera:
            source.pass_frames(1)
            assert camera.read(timeout=0.0) is not None

    def test_closed_twice_and_opened_again(self, source: Source) -> None:
        camera = source.make("camera1", 160, 96)
        camera.close()
        for _ in range(2):
            camera.open()
            camera.open()
            assert camera.read() is not None
            camera.close()
            camera.close()

    def test_two_cameras_at_once(self, source: Source) -> None:
        with source.make("camera1", 160, 96) as one, source.make("camera2", 160, 96) as other:
            for _ in range(2):
                assert one.read() is not None and other.read() is not None

    def test_nothing_is_said_where_nothing_is_odd(self, source: Source) -> None:
        with source.make("camera1", 160, 96) as camera:
            camera.read()
            assert camera.notices == []
