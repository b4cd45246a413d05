"""A display or an OpenCV that is not what a window needs: said, and harmless."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from live.commands import VIEW, Running
from receiver.feeding import Feeder, free_ports, without_notices
from rtpjpeg.receiver.window import probe as room
from rtpjpeg.receiver.window import viewer
from rtpjpeg.receiver.window.probe import Probe
from rtpjpeg.receiver.window.viewer import Window

HEADLESS = """
WINDOW_NORMAL = 0
class error(Exception):
    pass
def namedWindow(*_):
    raise error("The function is not implemented. Rebuild the library with GTK+ 2.x or Cocoa support.")
"""
MISSING = "raise ImportError('no cv2 here')"
REMEDIES = [
    (HEADLESS, "pip uninstall opencv-python-headless opencv-python, then pip install 'rtpjpeg[view]'"),
    (MISSING, "OpenCV is not installed; pip install 'rtpjpeg[view]' brings it"),
]


def window_fault() -> str:
    with Probe() as probe:
        return probe.fault()


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_display_that_does_not_answer_is_no_display(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for other in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, ":4711")
    assert window_fault() == "the display :4711 does not answer"
    assert capfd.readouterr() == ("", "")


def test_no_display_is_not_even_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(room.subprocess, "Popen", lambda *_, **__: pytest.fail("a child was started"))
    assert window_fault() == "DISPLAY is not set"


@pytest.mark.usefixtures("display")
def test_an_interpreter_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.sys, "executable", "/no/such/python")
    assert window_fault() == "/no/such/python cannot be started"


@pytest.mark.usefixtures("display")
def test_a_display_that_hangs_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object) -> int:
        raise subprocess.TimeoutExpired("python", room.SECONDS)

    child = SimpleNamespace(wait=hang, kill=lambda: setattr(child, "wait", lambda: -9))
    monkeypatch.setattr(room.subprocess, "Popen", lambda *_, **__: child)
    assert window_fault() == "the display :4711 does not answer"


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize(("stand_in", "remedy"), REMEDIES, ids=["headless", "missing"])
def test_an_opencv_without_windows_is_named_with_its_remedy(
    stand_in: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2.py").write_text(stand_in)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    assert remedy in window_fault()


@pytest.mark.parametrize(("stand_in", "remedy"), REMEDIES, ids=["headless", "missing"])
def test_the_command_shows_the_table_and_says_what_is_missing(
    stand_in: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2.py").write_text(stand_in)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    (port,) = free_ports(1)
    with Feeder(port), Running(VIEW, f"rtp://127.0.0.1:{port}", "--frames", "5", display=":4711") as command:
        assert command.process.wait(60) == 0
        command._join()
    said = without_notices("".join(command.err))
    assert len(said) == 2 and any(remedy in line for line in said), said
    assert "5 received" in "".join(command.out)


class Gtk:
    """An OpenCV whose toolkit does not tell whether a window can be seen, as GTK's."""

    WND_PROP_VISIBLE, WND_PROP_AUTOSIZE, WND_PROP_FULLSCREEN = 4, 1, 0
    WINDOW_NORMAL = WINDOW_FREERATIO = WINDOW_GUI_NORMAL = 0
    WINDOW_FULLSCREEN = 1
    error = RuntimeError

    def __init__(self) -> None:
        self.there = False
        self.rectangle = (0, 0, -1, -1)
        self.asked: list[tuple[int, int]] = []

    def namedWindow(self, title: str, flags: int) -> None:
        self.there = True

    def getWindowProperty(self, title: str, name: int) -> float:
        return 0.0 if self.there and name == self.WND_PROP_AUTOSIZE else -1.0

    def getWindowImageRect(self, title: str) -> tuple[int, int, int, int]:
        return self.rectangle

    def resizeWindow(self, title: str, width: int, height: int) -> None:
        self.asked.append((width, height))

    def setWindowProperty(self, *_: Any) -> None:
        pass


@pytest.fixture
def gtk(monkeypatch: pytest.MonkeyPatch) -> Gtk:
    toolkit = Gtk()
    monkeypatch.setattr(viewer, "opencv", lambda: toolkit)
    return toolkit


def test_a_toolkit_that_knows_nothing_of_visibility_is_asked_otherwise(gtk: Gtk) -> None:
    window = Window("a")
    assert window.is_open()
    gtk.there = False
    assert not window.is_open()


def test_a_window_that_the_user_has_drawn_larger_stays(gtk: Gtk) -> None:
    window = Window("a")
    window.fit((640, 480))
    assert window.size == (640, 480), "before it is known, it is what was asked for"
    gtk.rectangle = (10, 10, 640, 480)
    window.fit((1286, 480))
    gtk.rectangle = (10, 10, 1286, 480)
    window.toggle_full_screen()
    window.fit((300, 300))
    window.toggle_full_screen()
    gtk.rectangle = (10, 10, 900, 700)
    window.fit((640, 480))
    assert gtk.asked == [(640, 480), (1286, 480)]
