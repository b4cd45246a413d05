"""The picture that stands in for a lost camera: of the camera's size, sendable, and it says so."""

from __future__ import annotations

import numpy as np
import pytest
import simplejpeg

from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.capture.nosignal import BACKGROUND, NoSignal
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.packetizer import scan_room


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (64, 64), (322, 241), (8, 8)])
@pytest.mark.parametrize("room", [None, PacketRoom(scan_room(1400))])
def test_it_has_the_size_of_the_camera_and_letters_on_it(
    width: int, height: int, room: PacketRoom | None
) -> None:
    jpeg = NoSignal("camera1", width, height, 85, room).picture(12.4)
    image = parse_jpeg(jpeg)
    assert (image.width, image.height) == (width, height)
    assert bool(image.restart_interval) is (room is not None and width > 8)
    pixels = simplejpeg.decode_jpeg(jpeg, "GRAY")
    assert abs(int(np.median(pixels)) - BACKGROUND) <= 2 or width < 64
    assert pixels.max() > 120


def test_the_seconds_are_on_it() -> None:
    made = NoSignal("camera1", 640, 480, 85, None)
    assert made.picture(1.2) == made.picture(1.4) != made.picture(1.6)
