"""The capture wing: cameras, and what stands in for one.

The words a user writes are the names of the files: ``synthetic``, ``v4l2``, ``opencv``, ``replay``. This
file imports no camera before it is asked for, so that a missing library is only missed by who needs it.
"""

from __future__ import annotations

import difflib
import importlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import CaptureError
from .base import Camera, Clock, Sleep

if TYPE_CHECKING:
    from .intervals import PacketRoom

SOURCES = ("auto", "synthetic", "v4l2", "opencv", "replay:PATH")
"""What ``open_camera`` understands."""
LIVE_DEVICES = ("v4l2", "opencv")
"""Sources that are devices, which may go and come back."""
_LATER = ("picamera2",)
_DEVICES = {"v4l2": "V4l2Camera", "opencv": "OpenCvCamera"}

__all__ = ["SOURCES", "Camera", "is_present", "list_v4l2", "open_camera"]


def open_camera(
    source: str = "auto",
    *,
    name: str = "camera1",
    device: str | None = None,
    width: int = 640,
    height: int = 480,
    fps: float | None = None,
    quality: int = 85,
    subsampling: str = "420",
    restart_interval: int = 0,
    packet_room: PacketRoom | None = None,
    transcode: bool = False,
    profile: str = "resilient",
    loop: bool = False,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
    wall: Callable[[], int] = time.time_ns,
) -> Camera:
    """Return an open camera: ``synthetic``, ``v4l2``, ``opencv``, ``replay:PATH`` or ``auto``.

    ``device`` is which one, in the words of the source (a path, an index), None for the nth of camera n.
    ``width`` and ``height`` are pixels; a file has its own. ``fps`` None is 30, or the file's own rate; 0
    is as fast as it goes. ``restart_interval`` is in MCUs; with ``packet_room`` it is fitted to packets
    instead. JPEGs of a file or a camera pass as they are, but with ``transcode`` those that cannot be sent
    in this ``profile`` are encoded again. ``loop`` plays a file again and again. ``clock`` gives monotonic
    seconds, ``wall`` nanoseconds since 1970. Raises ``CaptureError`` when the source is unknown or cannot be
    opened, ``ConfigError`` for values that no source takes.
    """
    kind, _, path = source.partition(":")
    common: dict[str, Any] = {"quality": quality, "restart_interval": restart_interval}
    common |= {"packet_room": packet_room, "name": name, "clock": clock, "sleep": sleep}
    foreign = {"transcode": transcode, "profile": profile}
    drawn = {"width": width, "height": height, "subsampling": subsampling}
    if kind == "replay" and path:
        camera = _class("replay", "ReplayCamera")(path, fps=fps, loop=loop, **foreign, **common)
    elif source in _DEVICES:
        camera = _class(source, _DEVICES[source])(fps=fps, device=device, **drawn, **foreign, **common)
    elif source in ("auto", "synthetic"):
        rate = 30.0 if fps is None else fps
        camera = _class("synthetic", "SyntheticCamera")(fps=rate, wall=wall, **drawn, **common)
    else:
        raise CaptureError(_refusal(source, kind))
    if source == "auto":
        camera.notices.append(f"{name}: source auto is the synthetic camera in this version")
    camera.open()
    return camera


def list_v4l2() -> list[tuple[str, str]]:
    """Return path and card name of each V4L2 device, in the order in which cameras take them."""
    from .v4l2 import list_devices

    return [(path, card) for path, card in list_devices()]


def is_present(source: str, device: str | None, name: str) -> bool | None:
    """Return whether the device of a live source is there; None where nobody can tell.

    A room under ``capture`` that can tell has a function ``is_present(device, name)``.
    """
    kind = source.partition(":")[0]
    if kind not in LIVE_DEVICES:
        return None
    tell: Callable[[str | None, str], bool | None] | None
    tell = getattr(importlib.import_module(f".{kind}", __name__), "is_present", None)
    return None if tell is None else tell(device, name)


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
    kind, _, device = source.partition(":")
    if kind in _DEVICES:
        return f"; did you mean {kind} with device = {json.dumps(device)}?"
    if source.startswith("/dev/"):
        return f"; did you mean v4l2 with device = {json.dumps(source)}?"
    if "/" in source or "." in source:
        return f"; did you mean replay:{source}?"
    words = ["auto", "synthetic", "replay", *_DEVICES, *_LATER]
    near = difflib.get_close_matches(kind.lower(), words, 2, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
