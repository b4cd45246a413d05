"""A screen without a monitor: Xvfb, whose picture lies in a file that can be read."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from child import child
from interop.kernel import wait_until
from live.commands import PATIENCE
from peers import need

WIDTH, HEIGHT = 1600, 900


@dataclass(frozen=True)
class Screen:
    """A display and the file of its pixels."""

    display: str
    memory: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shall show itself here."""
        clean = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        return {**clean, "DISPLAY": self.display}

    def pixels(self) -> Any:
        """Return what is on the screen now, height x width x 3, BGR, uint8 (XWDFile.h, version 7)."""
        data = self.memory.read_bytes()
        header = struct.unpack_from(">25I", data)
        start = header[0] + header[19] * 12
        width, height, line = header[4], header[5], header[12]
        rows = np.frombuffer(data, np.uint8, line * height, start).reshape(height, line)
        return rows[:, : width * 4].reshape(height, width, 4)[:, :, :3]


@dataclass(frozen=True)
class Desktop:
    """A screen with a window manager, and hands that press real keys."""

    screen: Screen

    def hand(self, *words: str) -> str:
        """Do something with xdotool and return what it says."""
        done = subprocess.run(
            [need("xdotool"), *words], env=self.screen.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"xdotool {words}: {done.stderr}"
        return done.stdout

    def park_pointer(self) -> None:
        """Move the pointer into a corner, for it would be seen on the pictures."""
        self.hand("mousemove", str(WIDTH), str(HEIGHT))

    def await_window(self, title: str) -> str:
        """Return the number of the window with this title, when it is there and has the keyboard."""
        self.park_pointer()
        found: list[str] = []
        assert wait_until(lambda: bool(found.extend(self._windows(title)) or found), PATIENCE), (
            f"no window {title}"
        )
        number = found[0]
        self.hand("windowactivate", "--sync", number)
        return number

    def _windows(self, title: str) -> list[str]:
        """Return the windows with this title; none too where another one went away during the search."""
        search = [need("xdotool"), "search", "--onlyvisible", "--name", f"^{title}$"]
        done = subprocess.run(search, env=self.screen.environment, capture_output=True, text=True)
        return done.stdout.split() if done.returncode == 0 else []


@contextmanager
def manage(screen: Screen, folder: Path) -> Iterator[Desktop]:
    """Start a window manager on a screen; skip or fail where openbox or xdotool is not installed."""
    need("xdotool")
    ready = folder / "managed"
    command = [need("openbox"), "--sm-disable", "--startup", f"touch {ready}"]
    silent = subprocess.DEVNULL
    with child(command, env=screen.environment, stdout=silent, stderr=silent):
        assert wait_until(ready.exists, PATIENCE), "openbox did not start"
        yield Desktop(screen)
        # Then it is killed: it may sleep through SIGTERM, which in front of its poll waits for an event.


@contextmanager
def open_screen(folder: Path) -> Iterator[Screen]:
    """Start Xvfb on a free display; skip or fail where it is not installed."""
    xvfb = need("Xvfb")
    reader, writer = os.pipe()
    command = [xvfb, "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24"]
    command += ["-fbdir", str(folder), "-nolisten", "tcp", "-noreset"]
    with child(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()  # written when the server is ready
        assert number, "Xvfb did not start"
        try:
            yield Screen(f":{number}", folder / "Xvfb_screen0")
        finally:
            server.terminate()  # so that it takes its lock away
            server.wait(PATIENCE)
