"""The window on a screen of its own: opened, filled with the pictures, closed without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peers import need_module
from receiver.feeding import Feeder, free_ports, last_json, without_notices
from receiver.screen import open_screen
from rtpjpeg.receiver import display as room
from rtpjpeg.receiver.display import NoDisplay, WindowDisplay
from rtpjpeg.receiver.viewer import compose, window_opens

# Shows two pictures and pumps the window's events until they are on the screen.
CHILD = """
import sys
from pathlib import Path
import numpy as np
from receiver.screen import Screen
from rtpjpeg.receiver.viewer import Card, Window
screen = Screen("", Path(sys.argv[1]))
cards = [Card("one", np.full((240, 320, 3), (30, 60, 200), np.uint8), "320x240", "no signal"),
         Card("two", np.full((240, 320, 3), (200, 60, 30), np.uint8), "320x240")]
window = Window("rtpjpeg-view")
window.show(cards)
colours = (30, 60, 200), (200, 60, 30)
while not all((screen.pixels() == colour).all(axis=2).sum() > 60000 for colour in colours):
    window.key()
assert window.is_open()
np.save(sys.argv[2], screen.pixels())
window.close()
"""


def child(code: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join([str(here), str(here.parent)])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )


def test_the_pictures_are_on_the_screen(tmp_path: Path) -> None:
    need_module("cv2")
    with open_screen(tmp_path) as screen:
        done = child(CHILD, str(screen.memory), str(tmp_path / "seen.npy"), environment=screen.environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    seen = np.load(tmp_path / "seen.npy")
    rows, columns = np.nonzero((seen == (30, 60, 200)).all(axis=2))
    _, right = np.nonzero((seen == (200, 60, 30)).all(axis=2))
    assert columns.max() < right.min()
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (320, 240)


def test_a_child_finds_that_a_window_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("cv2")
    with open_screen(tmp_path) as screen:
        monkeypatch.setenv("DISPLAY", screen.display)
        assert window_opens()


def test_the_command_shows_a_window_where_there_is_a_display(tmp_path: Path) -> None:
    need_module("cv2")
    one, two = free_ports(2)
    code = "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main(sys.argv[1:]))"
    sources = [f"rtp://127.0.0.1:{port}" for port in (one, two)]
    with open_screen(tmp_path) as screen, Feeder(one, two):
        done = child(code, *sources, "--frames", "300", "--json", environment=screen.environment)
    assert done.returncode == 0
    assert "no window" not in done.stderr
    assert all("stream from 127.0.0.1" in line for line in without_notices(done.stderr))
    for stream in last_json(done.stdout)["streams"]:
        assert stream["frames_received"] == 300
        assert 0 < stream["frames_shown"] <= 300


class FakeWindow:
    """A window whose keys are pressed by the test."""

    def __init__(self, *keys: int) -> None:
        self.keys = list(keys)
        self.opened = True
        self.shown: list[Any] = []

    def show(self, cards: Any) -> None:
        self.shown.append(compose(cards))

    def key(self) -> int:
        return self.keys.pop(0) if self.keys else -1

    def is_open(self) -> bool:
        return self.opened

    def close(self) -> None:
        self.opened = False


class FakePictures:
    frames_shown = 0


class FakeView:
    def __init__(self) -> None:
        self.pictures = FakePictures()

    def card(self, now: float) -> Any:
        return room.Card("camera 1", None, "", "waiting")


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), 27])
def test_q_and_escape_end(key: int) -> None:
    display = WindowDisplay(FakeWindow(-1, key), lambda: None)  # type: ignore[arg-type]
    assert display.update([FakeView()])  # type: ignore[list-item]
    assert not display.update([FakeView()])  # type: ignore[list-item]


def test_s_saves_and_goes_on() -> None:
    saved: list[int] = []
    display = WindowDisplay(FakeWindow(ord("s")), lambda: saved.append(1))  # type: ignore[arg-type]
    assert display.update([FakeView()])  # type: ignore[list-item]
    assert saved == [1]


def test_closing_the_window_ends() -> None:
    window = FakeWindow()
    display = WindowDisplay(window, lambda: None)  # type: ignore[arg-type]
    assert display.update([FakeView()])  # type: ignore[list-item]
    window.close()
    assert not display.update([FakeView()])  # type: ignore[list-item]


def test_the_same_picture_is_not_drawn_twice() -> None:
    window = FakeWindow()
    display = WindowDisplay(window, lambda: None)  # type: ignore[arg-type]
    view = FakeView()
    display.update([view])  # type: ignore[list-item]
    drawn = len(window.shown)
    view.pictures.frames_shown += 1
    display.update([view])  # type: ignore[list-item]
    assert len(window.shown) == drawn + 1


def test_no_display_wants_nothing() -> None:
    display = NoDisplay()
    assert display.pace is None
    assert display.update([])
    display.close()
