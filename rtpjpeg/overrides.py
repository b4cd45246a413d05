"""The words of a command line that configure cameras, as keys of config.toml.

Standard library only, and none of our own: a parser module may import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CAMERAS = ("camera1", "camera2")
EVERY_CAMERA = "camera*"
"""Stands in a key for each camera; a key with a camera's own name overrules it."""


def command_line_overrides(
    *,
    sources: Sequence[str] = (),
    destinations: Sequence[str] = (),
    cameras: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    quality: int | None = None,
    profile: str | None = None,
    srtp_key: str | None = None,
    only: Sequence[str] = (),
    has_file: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Return what ``config.load`` takes as ``overrides`` and as ``faults``.

    The nth of ``sources`` and ``destinations`` (each ``HOST:PORT[,HOST:PORT]``) belongs to camera n, a
    single source to all. ``cameras`` holds KEY and VALUE of ``--camera1`` and ``--camera2``; ``size`` is
    width and height in pixels; ``only`` names the cameras that run, whatever is enabled. Without a file
    there are as many cameras as destinations, or two.
    """
    faults = [*_too_many("--source", sources), *_too_many("--dest", destinations)]
    found: dict[str, Any] = {}
    width, height = size or (None, None)
    of_all = {"width": width, "height": height, "fps": fps, "quality": quality, "srtp_key": srtp_key}
    for key, value in of_all.items():
        found[f"{EVERY_CAMERA}.{key}"] = value
    found["mjpeg-rtp.profile"] = profile
    served = [EVERY_CAMERA] if len(sources) == 1 else CAMERAS
    found |= {f"{name}.source": source for name, source in zip(served, sources, strict=False)}
    found |= {f"{name}.destinations": places for name, places in zip(CAMERAS, destinations, strict=False)}
    running = only or (() if has_file else CAMERAS[: len(destinations)])
    if running:
        found |= {f"{name}.enabled": name in running for name in CAMERAS}
    for name, pairs in (cameras or {}).items():
        found |= {f"{name}.{key}": value for key, value in pairs}
    return {key: value for key, value in found.items() if value is not None}, faults


def _too_many(option: str, words: Sequence[str]) -> Iterator[str]:
    if len(words) > len(CAMERAS):
        yield f"{option}: found {len(words)}, expected at most {len(CAMERAS)}, one for each camera"
