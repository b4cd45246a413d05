"""Machines for the doctor: files below a folder, programs that answer, modules that are there or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rtpjpeg.config import CameraConfig, load
from rtpjpeg.sender.machine import Check, Finding, Machine

GOOD_MODULES = {
    name: SimpleNamespace(__version__="1.0")
    for name in ("numpy", "pydantic", "simplejpeg", "cv2", "libcamera", "picamera2")
}


def machine(
    folder: Path,
    files: Mapping[str, str] | None = None,
    programs: Mapping[str, str] | None = None,
    modules: Mapping[str, Any] | None = None,
    **others: Any,
) -> Machine:
    """Return a machine with these files, answers by command line, and modules; an error is raised."""
    for path, text in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    def run(command: Sequence[str]) -> str | None:
        return (programs or {}).get(" ".join(command))

    def import_module(name: str) -> Any:
        found = {**GOOD_MODULES, **(modules or {})}.get(name)
        if found is None:
            raise ModuleNotFoundError(f"No module named {name!r}")
        if isinstance(found, Exception):
            raise found
        return found

    return Machine(folder, **{"environment": {}, "run": run, "load": import_module, **others})


def cameras(**overrides: Any) -> tuple[CameraConfig, ...]:
    """Return camera1 with these keys of [mjpeg-rtp.camera1], a dot in a key as two underscores."""
    keys = {f"mjpeg-rtp.camera1.{key}": value for key, value in {"source": "synthetic", **overrides}.items()}
    return load(None, {}, {**keys, "mjpeg-rtp.camera2.enabled": False}).cameras


def look(check: Check, machine: Machine, found: Sequence[CameraConfig] = ()) -> dict[str, Finding]:
    """Return what a check finds, by name."""
    return {finding.name: finding for finding in check(machine, found)}


def verdicts(check: Check, machine: Machine, found: Sequence[CameraConfig] = ()) -> dict[str, str]:
    """Return the verdicts of a check, by name."""
    return {name: finding.verdict for name, finding in look(check, machine, found).items()}
