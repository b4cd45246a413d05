"""What a doctor looks at and what it says: one machine, and one finding for each thing that was looked at.

Files are read below ``root``, programs and modules are asked for through functions, so that a test can
show a machine that it does not run on. Standard library only: the doctor must run where much is missing.
"""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..config import CameraConfig

OK, WARNING, FAULT = "ok", "warning", "fault"
"""It is as it should be; it works but not well; something that is needed is missing."""
PROGRAM_SECONDS = 10.0
"""How long a program may take to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing, and what to do about it."""

    name: str
    verdict: str
    """ok, warning or fault."""
    found: str
    advice: str = ""
    """One sentence or one command; empty where nothing is to be done."""


def run_program(command: Sequence[str]) -> str | None:
    """Return what a program prints; None where it is not there, fails, or does not end."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def may_use(path: Path) -> bool:
    """Return whether this user may read and write a device."""
    return os.access(path, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine under examination; without arguments, this one."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Callable[[Sequence[str]], str | None] = run_program
    load: Callable[[str], Any] = importlib.import_module
    """Imports a module; may raise anything."""
    may_use: Callable[[Path], bool] = may_use

    def read(self, path: str) -> str | None:
        """Return a file's text without the space around it; None where it cannot be read."""
        try:
            return (self.root / path).read_bytes().decode("utf-8", "replace").strip(" \t\n\0")
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """Return the whole number that a file holds; None where it holds none."""
        text = self.read(path) or ""
        return int(text) if text.removeprefix("-").isdecimal() else None

    def paths(self, pattern: str) -> Iterator[str]:
        """Yield the paths that match, below the root and in order."""
        for path in sorted(self.root.glob(pattern)):
            yield str(path.relative_to(self.root))

    def module(self, name: str) -> tuple[Any, str]:
        """Return a module, or None and why it could not be imported."""
        try:
            return self.load(name), ""
        except Exception as error:  # A library that was built for another one raises what it likes.
            return None, " ".join(f"{error}".split()) or type(error).__name__

    @property
    def model(self) -> str:
        """What the board calls itself; empty where it does not."""
        return self.read("proc/device-tree/model") or ""

    @property
    def is_pi(self) -> bool:
        """Whether this is a Raspberry Pi."""
        return "Raspberry Pi" in self.model


Check = Callable[[Machine, "Sequence[CameraConfig]"], Iterator[Finding]]
"""Looks at one thing of a machine, for the cameras that shall run; yields nothing where it does not apply."""


def version(module: Any) -> str:
    """Return the version that a module tells of itself."""
    return str(getattr(module, "__version__", "of unknown version"))
