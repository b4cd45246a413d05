"""The capture wing: cameras, and what stands in for one.

The words a user writes are the names of the files: ``synthetic``, ``replay``. This file imports no
camera before it is asked for, so that a missing library is only missed by who needs it.
"""

from __future__ import annotations

import difflib
import importlib
import time
from collections.abc import Callable
from typing import Any

from ..errors import CaptureError
from .base import Camera, Clock, Sleep

SOURCES = ("auto", "synthetic", "replay:PATH")
"""What ``open_camera`` understands."""
_LATER = ("picamera2", "v4l2", "opencv")

__all__ = ["SOURCES", "Camera", "open_camera"]


def open_camera(
    source: str = "auto",
    *,
    name: str = "camera1",
    width: int = 640,
    height: int = 480,
    fps: float | None = None,
    quality: int = 85,
    subsampling: str = "420",
    restart_interval: int = 0,
    transcode: bool = False,
    profile: str = "resilient",
    loop: bool = False,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
    wall: Callable[[], int] = time.time_ns,
) -> Camera:
    """Return an open camera: ``synthetic``, ``replay:PATH`` or ``auto``.

    ``width`` and ``height`` are pixels; a file has its own. ``fps`` None is 30, or the file's own rate; 0
    is as fast as it goes. ``restart_interval`` is in MCUs. With ``transcode`` JPEGs that cannot be sent in
    this ``profile`` are encoded again. ``loop`` plays a file again and again. ``clock`` gives monotonic
    seconds, ``wall`` nanoseconds since 1970. Raises ``CaptureError`` when the source is unknown or cannot be
    opened, ``ConfigError`` for values that no source takes.
    """
    kind, _, path = source.partition(":")
    common: dict[str, Any] = {"quality": quality, "restart_interval": restart_interval}
    common |= {"name": name, "clock": clock, "sleep": sleep}
    if kind == "replay" and path:
        camera = _class("replay", "ReplayCamera")(
            path, fps=fps, loop=loop, transcode=transcode, profile=profile, **common
        )
    elif source in ("auto", "synthetic"):
        common |= {"width": width, "height": height, "subsampling": subsampling, "wall": wall}
        camera = _class("synthetic", "SyntheticCamera")(fps=30.0 if fps is None else fps, **common)
    else:
        raise CaptureError(_refusal(source, kind))
    if source == "auto":
        camera.notices.append(f"{name}: source auto is the synthetic camera in this version")
    camera.open()
    return camera


def _class(room: str, name: str) -> Callable[..., Camera]:
    made: Callable[..., Camera] = getattr(importlib.import_module(f".{room}", __name__), name)
    return made


def _refusal(source: str, kind: str) -> str:
    known = ", ".join(SOURCES)
    if kind == "replay":
        return "source replay: found no path, expected replay:PATH, for example replay:pictures/"
    if kind in _LATER:
        return f"source {source}: this version has no such source, expected one of {known}"
    return f"source {source}: found an unknown word, expected one of {known}{_hint(source)}"


def _hint(source: str) -> str:
    if "/" in source or "." in source:
        return f"; did you mean replay:{source}?"
    words = ["auto", "synthetic", "replay", *_LATER]
    near = difflib.get_close_matches(source.lower().partition(":")[0], words, 2, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
