"""rtpjpeg-view on a desktop: cameras of one colour each, real keys, and eyes that find colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from interop.kernel import wait_until
from inthread import InThread
from live.commands import PATIENCE, VIEW, Running
from receiver.feeding import free_ports
from receiver.screen import Desktop, manage, open_screen
from rtpjpeg import Packetizer
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.receiver.png import write_png
from rtpjpeg.receiver.window.lettering import ACCENT

WIDTH, HEIGHT = 320, 240
COLOURS = ((200, 90, 40), (40, 150, 60), (60, 60, 190), (150, 60, 150))
"""Of the pictures of each camera, BGR."""
SQUARE = 80
"""Pixels a side of the white square in the middle of a picture."""
TITLE = "rtpjpeg-view"


@cache
def pattern(camera: int, number: int) -> bytes:
    """Return a picture of a camera's colour: a white square in the middle, a clock of grey below it."""
    image = np.full((HEIGHT, WIDTH, 3), COLOURS[camera], np.uint8)
    top, left = (HEIGHT - SQUARE) // 2, (WIDTH - SQUARE) // 2
    image[top : top + SQUARE, left : left + SQUARE] = 255
    image[-32:-16, 144:176] = 100 + 16 * number
    return JpegEncoder(90).encode_bgr(image)


class Cameras(InThread):
    """Send a camera to each port of this machine while the block runs, 50 pictures a second."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self.paused = False
        self.sent = 0
        self._senders = [UdpSender(("127.0.0.1", port)) for port in ports]
        self._packetizers = [Packetizer() for _ in ports]

    def _release(self) -> None:
        for sender in self._senders:
            sender.close()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            for camera, (sender, packetizer) in enumerate(zip(self._senders, self._packetizers, strict=True)):
                if not self.paused:
                    sender.send(packetizer.packetize(pattern(camera, self.sent % 8), self.sent * 1800))
            self.sent += 1


@dataclass
class Desk:
    """The command at work, seen from outside."""

    desktop: Desktop
    command: Running
    cameras: Cameras
    window: str
    folder: Path
    """Where the screen is kept when a test fails."""

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, as slowly as a person: a toolkit keeps the newest one only."""
        self.desktop.hand("key", "--delay", "100", *keys)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something can be seen."""
        if not wait_until(lambda: bool(condition()), PATIENCE):
            write_png(self.folder / "seen.png", self.desktop.screen.pixels())
            seen = f"see {self.folder}/seen.png, mostly {self._colours()}"
            raise AssertionError(f"{what} did not happen, {seen}: {self.command.err}")

    def _colours(self) -> str:
        """Return the commonest colours of the screen, for those who have no picture of it any more."""
        colours, counts = np.unique(self.look().astype(np.int32) @ (1, 1 << 8, 1 << 16), return_counts=True)
        return ", ".join(
            f"#{colours[at]:06x} {counts[at] / counts.sum():.0%}" for at in np.argsort(-counts)[:4]
        )

    def look(self) -> Any:
        """Return what is on the screen, height x width x 3, BGR, int16."""
        return self.desktop.screen.pixels().astype(np.int16)

    def box(
        self, colour: tuple[int, int, int], part: Any = None, within: int = 10
    ) -> tuple[int, int, int, int] | None:
        """Return left, top, width and height of what has a colour; None where nothing has."""
        seen = self.look() if part is None else part
        rows, columns = np.nonzero((np.abs(seen - colour) <= within).all(axis=2))
        if len(rows) < 50:
            return None
        left, top = int(columns.min()), int(rows.min())
        return left, top, int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1

    def accent(self) -> bool:
        """Return whether something is written in the accent colour."""
        return self.box(ACCENT, within=45) is not None

    def picture(self, camera: int) -> tuple[int, int, int, int] | None:
        """Return where the picture of a camera stands."""
        return self.box(COLOURS[camera])

    def inside(self, camera: int) -> Any:
        """Return the pixels of a camera's picture."""
        place = self.picture(camera)
        assert place is not None
        left, top, width, height = place
        return self.look()[top : top + height, left : left + width]

    def clock(self, camera: int) -> float:
        """Return the grey of the clock in a camera's picture."""
        pixels = self.inside(camera)
        height, width = pixels.shape[:2]
        return float(pixels[round(height * 0.9), width // 2].mean())

    def panel(self, camera: int) -> int:
        """Return how many pixels of the upper left part of a picture are not of its colour."""
        pixels = self.inside(camera)
        part = pixels[: pixels.shape[0] // 4, : pixels.shape[1] // 4]
        return int((np.abs(part - COLOURS[camera]) > 20).any(axis=2).sum())

    def goes_on(self, camera: int) -> bool:
        """Return whether a picture changes within a moment."""
        before = self.clock(camera)
        return wait_until(lambda: abs(self.clock(camera) - before) > 8, PATIENCE)

    def moved(self, pictures: int) -> None:
        """Wait until the cameras have sent so many pictures more."""
        wanted = self.cameras.sent + pictures
        self.until(lambda: self.cameras.sent >= wanted, "sending")


@contextmanager
def at_work(folder: Path, cameras: int = 2, *options: str) -> Iterator[Desk]:
    """Run the command with cameras on a desktop, until all of them can be seen."""
    memory, place = folder / "screen", folder / "here"
    memory.mkdir()
    place.mkdir()
    ports = free_ports(cameras)
    words = [f"rtp://127.0.0.1:{port}" for port in ports] + ["--json", *options]
    with open_screen(memory) as screen, manage(screen, folder) as desktop:
        with Running(VIEW, *words, display=screen.display, folder=place) as command, Cameras(*ports) as sent:
            desk = Desk(desktop, command, sent, desktop.await_window(TITLE), folder)
            for camera in range(cameras):
                desk.until(lambda camera=camera: desk.picture(camera), f"camera {camera}")
            yield desk


def exit_code(desk: Desk) -> int:
    """Wait for the end of the command."""
    return desk.command.process.wait(PATIENCE)
