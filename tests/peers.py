"""The strangers that judge us: where their programs are, and what happens when one is missing.

On a developer's machine a missing peer skips the test with a line that names it. With ``CI`` set
in the environment it fails the test, so that no run can pass without having asked the peer.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

import pytest


def need(program: str) -> str:
    """Return the path of a program; without it skip the test, or fail it where CI is set."""
    return shutil.which(program) or missing(f"the program {program}")


def need_gstreamer(*elements: str) -> str:
    """Return the path of gst-launch-1.0; skip, or fail in CI, where it or an element is missing."""
    inspector = need("gst-inspect-1.0")
    for element in elements:
        if subprocess.run([inspector, "--exists", element], check=False).returncode:
            missing(f"the GStreamer element {element}")
    return need("gst-launch-1.0")


def is_here(require: Callable[[], object]) -> bool:
    """Return whether a requirement of this file is met, instead of ending the test."""
    try:
        require()
    except (pytest.skip.Exception, pytest.fail.Exception):
        return False
    return True


def need_module(name: str) -> ModuleType:
    """Import a module; without it skip the test, or fail it where CI is set."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f"the Python module {name}")


def newest_ffmpeg() -> str:
    """Return the path of the FFmpeg that the package imageio-ffmpeg brings."""
    try:
        return str(need_module("imageio_ffmpeg").get_ffmpeg_exe())
    except RuntimeError as error:
        missing(f"the program of imageio-ffmpeg ({error})")


def missing(what: str) -> NoReturn:
    """Skip the running test with a line that names what is missing, or fail it where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must not run without it", pytrace=False)
    pytest.skip(f"{what} is not installed on this machine")
