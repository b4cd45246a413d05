"""The camera stack of a Raspberry Pi, picamera2 on libcamera: loaded late, kept quiet, asked what is there.

pip cannot install it in full, for libcamera's Python module comes with the system. So its absence is the
usual case, and said in one sentence.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ..errors import CaptureError, RtpJpegError
from .devices import Control, Device

ADVICE = (
    "on a Raspberry Pi run sudo apt install python3-picamera2, and make the virtual environment with"
    " --system-site-packages"
)
_LOCATIONS = {0: "front", 1: "back", 2: "external"}


def load_picamera2() -> ModuleType:
    """Return the package picamera2; raises ``CaptureError`` in one sentence that says how to get it."""
    # libcamera tells its whole configuration on stderr at each start, unless told otherwise.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    _quiet(logging.getLogger("picamera2"))
    try:
        return importlib.import_module("picamera2")
    except Exception as error:  # one built for another numpy raises ValueError, a broken one anything
        raise CaptureError(f"picamera2 cannot be imported ({one_line(error)}): {ADVICE}") from error


def _quiet(log: logging.Logger) -> None:
    """Keep warnings from stderr where nobody has said where logs go; what they tell is raised as well."""
    if not any(isinstance(handler, logging.NullHandler) for handler in log.handlers):
        log.addHandler(logging.NullHandler())


def find_camera(picamera2: ModuleType, device: str | None, name: str) -> int:
    """Return picamera2's number of a camera: ``device`` is that number or an Id.

    None is the first camera for camera1, the second for camera2. Raises ``CaptureError`` with those that
    are there.
    """
    found = picamera2.Picamera2.global_camera_info()
    if not found:
        raise CaptureError(
            "no camera is there: look at its cable, and at what rpicam-hello --list-cameras says"
        )
    ids = [str(camera["Id"]) for camera in found]
    if device in ids:
        return ids.index(device)
    wanted = str(_number(name)) if device is None else device
    if wanted.isdecimal() and int(wanted) < len(ids):
        return int(wanted)
    asked = f"device: found {device}" if device is not None else f"found no camera {wanted} for {name}"
    known = " or ".join(f"{number} ({id})" for number, id in enumerate(ids))
    raise CaptureError(f"{asked}, expected {known}")


def is_present(device: str | None, name: str) -> bool:
    """Return whether ``find_camera`` finds a camera now."""
    try:
        find_camera(load_picamera2(), device, name)
    except CaptureError:
        return False
    return True


def _number(name: str) -> int:
    digits = re.search(r"\d+", name)
    return max(0, int(digits.group()) - 1) if digits else 0


def devices() -> list[Device]:
    """Return the cameras that are there, in picamera2's order; one that is in use elsewhere is told too.

    Raises ``CaptureError`` when there is no camera stack.
    """
    picamera2 = load_picamera2()
    libcamera = importlib.import_module("libcamera")
    found = picamera2.Picamera2.global_camera_info()
    cameras = {camera.id: camera for camera in libcamera.CameraManager.singleton().cameras}
    return [
        Device(
            source="picamera2",
            index=index,
            id=str(camera["Id"]),
            model=str(camera.get("Model", "")),
            location=_LOCATIONS.get(camera.get("Location", -1)),
            rotation=camera.get("Rotation"),
            sizes=tuple(sorted(_sizes(libcamera, cameras[camera["Id"]]))),
            controls=tuple(sorted(_controls(cameras[camera["Id"]]), key=lambda control: control.name)),
        )
        for index, camera in enumerate(found)
    ]


def _sizes(libcamera: ModuleType, camera: Any) -> set[tuple[int, int]]:
    """Return the sizes of the sensor's modes; to ask for their frame rates would need the camera itself."""
    formats = camera.generate_configuration([libcamera.StreamRole.Raw]).at(0).formats
    return {(size.width, size.height) for pixels in formats.pixel_formats for size in formats.sizes(pixels)}


def _controls(camera: Any) -> Iterator[Control]:
    for control, info in camera.controls.items():
        kind = str(control.type).rpartition(".")[2]
        yield Control(control.name, kind, _plain(info.min), _plain(info.max), _plain(info.default))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a rectangle is x, y, width, height."""
    if hasattr(value, "to_tuple"):
        return list(value.to_tuple())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)


def control_words(name: str) -> Mapping[str, int]:
    """Return the words that stand for the numbers of a control such as AwbMode, none for most."""
    controls = importlib.import_module("libcamera").controls
    for place in (controls, getattr(controls, "draft", None), getattr(controls, "rpi", None)):
        members = getattr(getattr(place, f"{name}Enum", None), "__members__", {})
        if members:
            return {word: int(member.value) for word, member in members.items()}
    return {}


def one_line(error: BaseException) -> str:
    """Return what lies at the bottom of an error, in one line: picamera2 hides it behind its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn whatever the stack raises into a ``CaptureError`` of one sentence that begins with ``what``."""
    try:
        yield
    except Exception as error:
        # Arrays in the frames it went through would keep picamera2 from unmapping the camera's memory.
        traceback.clear_frames(error.__traceback__)
        if isinstance(error, RtpJpegError):
            raise
        text = one_line(error)
        busy = "; another program may have it" if "busy" in text.lower() else ""
        raise CaptureError(f"{what}: {text}{busy}") from error
