"""The capture wing: cameras, and what stands in for one.

The words a user writes are the names of the files: ``picamera2``, ``synthetic``, ``v4l2``, ``opencv``,
``replay``. This file imports no camera before it is asked for, so that a missing library is only missed by
who needs it.
"""

from __future__ import annotations

import difflib
import importlib
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import CaptureError
from ..framing import Framing, Region
from .base import Camera, Clock, Sleep
from .devices import Device

if TYPE_CHECKING:
    from .intervals import PacketRoom

SOURCES = ("auto", "picamera2", "synthetic", "v4l2", "opencv", "replay:PATH")
"""What ``open_camera`` understands."""
LISTED = ("picamera2", "v4l2")
"""Sources that can say which cameras are there."""
LIVE_DEVICES = ("picamera2", "v4l2", "opencv")
"""Sources that are devices, which may go and come back."""
_DEVICES = {"v4l2": "V4l2Camera", "opencv": "OpenCvCamera"}

__all__ = ["LISTED", "SOURCES", "Camera", "Device", "is_present", "list_devices", "open_camera"]


def open_camera(
    source: str = "auto",
    *,
    name: str = "camera1",
    device: str | None = None,
    width: int = 640,
    height: int = 480,
    crop: Region | None = None,
    target_size: tuple[int, int] | None = None,
    flip_method: str = "none",
    controls: Mapping[str, Any] | None = None,
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
    """Return an open camera: ``picamera2``, ``synthetic``, ``v4l2``, ``opencv``, ``replay:PATH`` or ``auto``.

    ``width`` and ``height`` are pixels; a file has its own. ``device`` (a number, a path, an Id; None for
    the nth of camera n), ``crop`` (left, top, width, height in these pixels), ``target_size``,
    ``flip_method`` and ``controls`` are what [cameraN] of config.toml has; a source that cannot do them
    says so in ``notices``. ``fps`` None is 30, or the file's own rate; 0
    is as fast as it goes. ``restart_interval`` is in MCUs; with ``packet_room`` it is fitted to packets
    instead. JPEGs of a file or a camera pass as they are, but with ``transcode`` those that cannot be sent
    in this ``profile`` are encoded again. ``loop`` plays a file again and again. ``clock`` gives monotonic
    seconds, ``wall`` nanoseconds since 1970. Raises ``CaptureError`` when the source is unknown or cannot be
    opened, ``ConfigError`` for values that no source takes.
    """
    kind, _, path = source.partition(":")
    framing = Framing(width, height, crop, target_size, flip_method)
    notices = []
    if source == "auto":
        kind, said = _choose()
        notices.append(f"{name}: {said}")
    common: dict[str, Any] = {"quality": quality, "restart_interval": restart_interval}
    common |= {"packet_room": packet_room, "name": name, "clock": clock}
    foreign = {"transcode": transcode, "profile": profile}
    rate = 30.0 if fps is None else fps
    if kind == "replay" and path:
        camera = _class("replay", "ReplayCamera")(path, fps=fps, loop=loop, sleep=sleep, **foreign, **common)
    elif kind == "picamera2" and not path:
        common |= {"framing": framing, "device": device, "controls": controls, "subsampling": subsampling}
        camera = _class("picamera2", "Picamera2Camera")(fps=rate, **common)
    elif kind in _DEVICES and not path:
        common |= {"width": width, "height": height, "subsampling": subsampling, "sleep": sleep}
        camera = _class(kind, _DEVICES[kind])(fps=fps, device=device, **foreign, **common)
    elif kind == "synthetic" and not path:
        width, height = framing.sent_size
        common |= {"width": width, "height": height, "subsampling": subsampling, "wall": wall, "sleep": sleep}
        camera = _class("synthetic", "SyntheticCamera")(fps=rate, **common)
    else:
        raise CaptureError(_refusal(source, kind))
    if kind != "picamera2":
        notices += _unused(name, kind, framing, controls)
    camera.notices += notices
    camera.open()
    return camera


def is_present(source: str, device: str | None, name: str) -> bool | None:
    """Return whether the device of a live source is there; None where nobody can tell.

    A room under ``capture`` that can tell has a function ``is_present(device, name)``.
    """
    kind = _choose()[0] if source == "auto" else source
    if kind not in LIVE_DEVICES:
        return None
    tell: Callable[[str | None, str], bool | None] | None
    tell = getattr(importlib.import_module(f".{kind}", __name__), "is_present", None)
    return None if tell is None else tell(device, name)


def list_devices(source: str) -> list[Device]:
    """Return the cameras that a source of ``LISTED`` could open.

    Raises ``CaptureError`` when what it needs is not installed.
    """
    found: list[Device] = importlib.import_module(f".{source}", __name__).devices()
    return found


def _choose() -> tuple[str, str]:
    """Return what ``auto`` is, and the sentence that says so.

    Where picamera2 is, a camera that is missing is a fault: no drawn picture shall stand for it.
    """
    try:
        importlib.import_module(".stack", __name__).load_picamera2()
    except CaptureError as error:
        return "synthetic", f"source auto is the synthetic camera: {error}"
    return "picamera2", "source auto is picamera2"


def _unused(name: str, kind: str, framing: Framing, controls: Mapping[str, Any] | None) -> list[str]:
    """Return the sentence about wishes that only a real camera can fulfil, in a list, empty without any."""
    wishes = {
        "crop": framing.crop,
        "flip_method": framing.flip_method != "none",
        "target size": framing.target_size and kind != "synthetic",
        "controls": controls,
    }
    asked = [wish for wish, value in wishes.items() if value]
    return [f"{name}: source {kind} does nothing with {', '.join(asked)}"] if asked else []


def _class(room: str, name: str) -> Callable[..., Camera]:
    made: Callable[..., Camera] = getattr(importlib.import_module(f".{room}", __name__), name)
    return made


def _refusal(source: str, kind: str) -> str:
    known = ", ".join(SOURCES)
    if kind == "replay":
        return "source replay: found no path, expected replay:PATH, for example replay:pictures/"
    return f"source {source}: found an unknown word, expected one of {known}{_hint(source)}"


def _hint(source: str) -> str:
    kind, _, device = source.partition(":")
    if device and kind in LIVE_DEVICES:
        return f"; did you mean {kind} with device = {json.dumps(device)}?"
    if source.startswith("/dev/"):
        return f"; did you mean v4l2 with device = {json.dumps(source)}?"
    if "/" in source or "." in source:
        return f"; did you mean replay:{source}?"
    words = ["auto", "picamera2", "synthetic", "replay", *_DEVICES]
    near = difflib.get_close_matches(kind.lower(), words, 2, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
