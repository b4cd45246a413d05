"""The live cameras, each held to the same contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from capture.contract import FPS, CameraContract, Source
from capture.test_base import Clock
from rtpjpeg.capture.base import Camera
from rtpjpeg.capture.picamera2 import Picamera2Camera
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.framing import Framing
from standins.rig import Rig, plugged_in


class Synthetic:
    def __init__(self) -> None:
        self._clock = Clock()

    def make(self, name: str, width: int, height: int, **options: Any) -> Camera:
        return SyntheticCamera(
            name, width, height, FPS, clock=self._clock, sleep=self._clock.sleep, **options
        )

    def pass_frames(self, count: int) -> None:
        self._clock.now += (count + 0.5) / FPS

    def clock(self) -> float:
        return self._clock.now


class TestSynthetic(CameraContract):
    @pytest.fixture
    def source(self) -> Source:
        return Synthetic()


class Picamera2:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.clock = rig.clock

    def make(self, name: str, width: int, height: int, **options: Any) -> Camera:
        return Picamera2Camera(name, Framing(width, height), FPS, clock=self.clock, **options)

    def pass_frames(self, count: int) -> None:
        self._rig.first.expose(count)
        self._rig.first.settle()


class TestPicamera2(CameraContract):
    @pytest.fixture
    def source(self) -> Iterator[Source]:
        with plugged_in() as rig:
            yield Picamera2(rig)
