"""Which cameras are there: what --list-cameras and --list-controls print."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..capture import LISTED, Device, list_devices
from ..errors import CaptureError
from .console import DONE, MISSING

ALWAYS = "always there: synthetic, replay:PATH"

_log = logging.getLogger(__name__)


def list_cameras(controls: bool, as_json: bool) -> int:
    """Print the cameras that are there, or with ``controls`` theirs; return the exit code.

    It is ``MISSING`` where there is no camera.
    """
    found = find_devices()
    if as_json:
        print(json.dumps({"cameras": [as_plain(device, controls) for device in found]}))
    else:
        for device in found:
            print("\n".join(control_lines(device) if controls else camera_lines(device)))
        print(ALWAYS)
    return DONE if found else MISSING


def find_devices() -> list[Device]:
    """Return the cameras of all sources; where there is none, each source says why."""
    found: list[Device] = []
    reasons = []
    for source in LISTED:
        try:
            devices = list_devices(source)
        except CaptureError as error:
            reasons.append(str(error))
            continue
        found += devices
        reasons += [] if devices else [f"source {source}: no camera is there"]
    for reason in reasons if not found else ():
        _log.warning("%s", reason)
    return found


def as_plain(device: Device, controls: bool) -> dict[str, Any]:
    """Return a camera as JSON has it, its controls only where they are asked for."""
    made = asdict(device)
    if not controls:
        del made["controls"]
    return made


def camera_lines(device: Device) -> Iterator[str]:
    """Yield what a person wants to know of a camera; its Id is what ``device`` in a configuration takes."""
    yield _head(device)
    yield f"  device    {device.id}"
    if device.location or device.rotation is not None:
        turned = "" if device.rotation is None else f"mounted at {device.rotation} degrees"
        yield f"  location  {', '.join(filter(None, (device.location, turned)))}"
    if device.sizes:
        yield f"  sensor    {', '.join(f'{width}x{height}' for width, height in device.sizes)}"


def control_lines(device: Device) -> Iterator[str]:
    """Yield a table of a camera's controls."""
    yield _head(device)
    rows: list[tuple[str, ...]] = [("control", "type", "least", "most", "default")]
    rows += [
        (control.name, control.type, *map(_shown, (control.min, control.max, control.default)))
        for control in device.controls
    ]
    yield from _table(rows)


def _head(device: Device) -> str:
    return f"{device.source} {device.index}: {device.model}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _shown(value: Any) -> str:
    """Return a value as a configuration has it; a camera that does not tell leaves a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
