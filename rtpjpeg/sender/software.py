"""What the doctor asks of the software: Python, libraries, encoders, the camera stack, and cameras."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .. import __version__
from .machine import FAULT, OK, WARNING, Finding, Machine, version

if TYPE_CHECKING:
    from ..config import CameraConfig

APT_MODULES = "usr/lib/python3/dist-packages"
"""Where Debian's packages keep their modules."""
SYSTEM_SITE = (
    "make the environment with python3 -m venv --system-site-packages, which sees what apt installed"
)
_ANOTHER_NUMPY = (
    "it was built for another numpy: pip uninstall numpy in this environment, so that apt's counts,"
    " or take both from pip"
)
_DEVICES = ("dev/video*", "dev/media*", "dev/v4l-subdev*", "dev/dma_heap/*")
_NEEDS_A_CAMERA = ("picamera2", "v4l2", "opencv")


def python(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Say which Python runs which version of this package."""
    yield Finding("python", OK, f"{platform.python_version()} in {sys.prefix}, rtpjpeg {__version__}")


def libraries(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look for what every command needs."""
    for name in ("numpy", "pydantic"):
        module, reason = machine.module(name)
        if module is None:
            advice = f"sudo apt install python3-{name} or pip install {name}"
            yield Finding(name, FAULT, reason, advice)
        else:
            yield Finding(name, OK, version(module))


def encryption(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look for what encrypts, where a camera has a key."""
    names = " and ".join(camera.name for camera in cameras if camera.srtp_key)
    if not names:
        return
    module, reason = machine.module("cryptography")
    if module is None:
        advice = "sudo apt install python3-cryptography or pip install 'rtpjpeg[srtp]'"
        yield Finding("encryption", FAULT, f"srtp_key of {names} needs cryptography ({reason})", advice)
    else:
        yield Finding("encryption", OK, f"cryptography {version(module)}")


def encoder(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Say which library makes JPEGs with restart markers, and which without."""
    (simplejpeg, reason), (cv2, other) = (machine.module(name) for name in ("simplejpeg", "cv2"))
    if simplejpeg is None and cv2 is None:
        needed = not cameras or any(not camera.source.startswith("replay:") for camera in cameras)
        advice = _advice(reason, "sudo apt install python3-simplejpeg or pip install 'rtpjpeg[send]'")
        yield Finding("encoder", FAULT if needed else WARNING, f"none ({reason}; {other})", advice)
    elif simplejpeg is None:
        advice = _advice(reason, "simplejpeg is quicker: sudo apt install python3-simplejpeg")
        yield Finding("encoder", WARNING, f"OpenCV {version(cv2)} for all pictures ({reason})", advice)
    elif cv2 is None:
        markers = any(camera.profile == "resilient" for camera in cameras)
        found = f"simplejpeg {version(simplejpeg)}; restart markers from tiles ({other})"
        advice = _advice(other, "restart markers cost less with OpenCV: sudo apt install python3-opencv")
        yield Finding("encoder", WARNING if markers else OK, found, advice if markers else "")
    else:
        names = f"simplejpeg {version(simplejpeg)}; with restart markers OpenCV {version(cv2)}"
        yield Finding("encoder", OK, names)


def _advice(reason: str, usual: str) -> str:
    return _ANOTHER_NUMPY if "numpy" in reason else usual


def camera_stack(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look for picamera2 and libcamera, which no pip installs."""
    asked = any(camera.source == "picamera2" for camera in cameras)
    for name in ("libcamera", "picamera2"):
        module, reason = machine.module(name)
        if module is not None:
            yield Finding(name, OK, version(module))
        elif asked or machine.is_pi:
            yield Finding(name, FAULT if asked else WARNING, reason, _stack_advice(machine, name, reason))
        else:
            yield Finding(name, OK, "not here, and no camera asks for it")


def _stack_advice(machine: Machine, name: str, reason: str) -> str:
    if "numpy" in reason:
        return _ANOTHER_NUMPY
    if any(machine.paths(f"{APT_MODULES}/{name}")):
        return SYSTEM_SITE
    return "sudo apt install python3-picamera2"


def devices(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look whether this user may use the camera devices that are there."""
    found = [path for pattern in _DEVICES for path in machine.paths(pattern)]
    closed = [f"/{path}" for path in found if not machine.may_use(machine.root / path)]
    asked = any(camera.source in _NEEDS_A_CAMERA for camera in cameras)
    if closed:
        advice = "sudo usermod -aG video $USER, then log in anew; the unit file does it for the service"
        yield Finding("devices", FAULT if asked else WARNING, f"may not use {', '.join(closed)}", advice)
    elif found:
        yield Finding("devices", OK, f"{len(found)} of cameras, and this user may use them")
    elif asked:
        advice = "plug the camera in; for a ribbon cable switch the power off first"
        yield Finding("devices", FAULT, "no /dev/video* or /dev/media*", advice)


def camera_list(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Ask each source that can list its cameras for them."""
    capture, _ = machine.module("rtpjpeg.capture")
    for source in getattr(capture, "LISTED", ()):
        asked, name = any(camera.source == source for camera in cameras), f"cameras of {source}"
        try:
            found = [f"{device.id} {device.model}".strip() for device in capture.list_devices(source)]
        except Exception as error:
            yield Finding(name, FAULT if asked else OK, f"cannot be listed: {' '.join(str(error).split())}")
            continue
        if found or not asked:
            yield Finding(name, OK, "; ".join(found) or "none")
        else:
            yield Finding(
                name, FAULT, "none", "check cable and plug; rtpjpeg-send --list-cameras must name it"
            )


CHECKS = (python, libraries, encoder, encryption, camera_stack, devices, camera_list)
