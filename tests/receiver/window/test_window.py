"""The window on a screen of its own, without a window manager: opened, filled, closed without a word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from live.commands import VIEW, Running
from peers import need_module
from receiver.feeding import Feeder, free_ports, without_notices
from receiver.screen import manage, open_screen
from rtpjpeg.receiver.window.probe import Probe

# Shows an image and pumps the window's events until it is on the screen. A child tries first, as it does
# for the command.
CHILD = """
import sys
from pathlib import Path
import numpy as np
from receiver.screen import Screen
from rtpjpeg.receiver.window.viewer import Window
screen = Screen("", Path(sys.argv[1]))
import cv2
from rtpjpeg.receiver.window.probe import Probe
with Probe() as probe:
    assert probe.fault() == ""
window = Window("rtpjpeg-view")
window.fit((640, 240))
while window.size != (640, 240):
    window.key()
image = np.random.default_rng(1).integers(0, 255, (240, 640, 3), np.uint8)
while True:
    window.show(image)
    window.key()
    seen = screen.pixels()
    left, top = cv2.getWindowImageRect("rtpjpeg-view")[:2]
    part = seen[top : top + 240, left : left + 640]
    if part.shape == image.shape and (part == image).all():
        break
assert window.is_open()
window.close()
assert not window.is_open()
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


def test_an_image_of_the_windows_size_is_on_the_screen_pixel_by_pixel(tmp_path: Path) -> None:
    need_module("cv2")
    with open_screen(tmp_path) as screen, manage(screen, tmp_path) as desktop:
        desktop.park_pointer()
        done = child(CHILD, str(screen.memory), environment=screen.environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# What the linker says of one function: "... [0] to /.../libX11-xcb.so.1 [0]: normal symbol `...' [...]".
BOUND = re.compile(r"binding file \S+ \[\d+\] to (\S+) \[\d+\]: normal symbol `XSetEventQueueOwner'")
OPENED = """
from rtpjpeg.receiver.window.viewer import Window
Window("rtpjpeg-view").close()
"""


def test_xlib_leaves_the_windows_events_to_the_toolkit(tmp_path: Path) -> None:
    need_module("cv2")
    with open_screen(tmp_path) as screen:
        loud = {"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(tmp_path / "linker")}
        done = child(OPENED, environment=screen.environment | loud)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        owners = [owner for path in tmp_path.glob("linker.*") for owner in BOUND.findall(path.read_text())]
        # From a copy beside OpenCV it would write where a newer Xlib keeps something else.
        assert owners and {Path(owner).name for owner in owners} == {"libX11-xcb.so.1"}


def test_a_child_finds_that_a_window_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("cv2")
    with open_screen(tmp_path) as screen:
        monkeypatch.setenv("DISPLAY", screen.display)
        with Probe() as probe:
            assert probe.fault() == ""


def test_the_command_shows_a_window_where_there_is_a_display(tmp_path: Path) -> None:
    need_module("cv2")
    one, two = free_ports(2)
    sources = [f"rtp://127.0.0.1:{port}" for port in (one, two)]
    with open_screen(tmp_path) as screen, Feeder(one, two):
        with Running(VIEW, *sources, "--frames", "300", "--json", display=screen.display) as command:
            streams = command.end()["streams"]
    lines = without_notices("".join(command.err))
    assert len(lines) == 2 and all("stream from 127.0.0.1" in line for line in lines), "nobody else speaks"
    for stream in streams:
        assert stream["frames_received"] == 300
        assert 0 < stream["frames_shown"] <= 300
        assert stream["stages_ms"]["show"]["p50"] > 0
