"""Puts the stand-ins in place, so that the picamera2 of the Python index runs as it is, without a Pi."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from peers import need_module

FOLDER = str(Path(__file__).parent)
STAND_INS = ("libcamera", "pidng", "prctl", "pykms")
_kept: dict[str, ModuleType] = {}


class Rig:
    """The cameras that are plugged in while ``plugged_in`` lasts."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    @property
    def first(self) -> Any:
        """The camera that picamera2 gives number 0: an imx708."""
        return next(camera for camera in self.manager.cameras if "imx708" in camera.id)

    @property
    def second(self) -> Any:
        """Number 1: an imx219."""
        return next(camera for camera in self.manager.cameras if "imx219" in camera.id)

    def clock(self) -> float:
        """Return the cameras' time in seconds."""
        return float(self.manager.now_ns) * 1e-9


@contextmanager
def plugged_in() -> Iterator[Rig]:
    """Let picamera2 be imported and find two cameras; afterwards it is as if neither had been there."""
    sys.path.insert(0, FOLDER)
    sys.modules.update(_kept)
    try:
        need_module("picamera2")
        room: Any = importlib.import_module("picamera2.picamera2")
        room.DmaAllocator = importlib.import_module("standins.memory").MemfdAllocator
        room.Picamera2._cm = room.CameraManager()
        manager = importlib.import_module("libcamera").CameraManager.singleton()
        try:
            yield Rig(manager)
        finally:
            manager.close()
    finally:
        sys.path.remove(FOLDER)
        _take_away()


def _take_away() -> None:
    """Forget the modules, but keep them for the next time: importing picamera2 takes half a second."""
    for name in list(sys.modules):
        if name.partition(".")[0] in (*STAND_INS, "picamera2") or name == "standins.memory":
            _kept[name] = sys.modules.pop(name)
