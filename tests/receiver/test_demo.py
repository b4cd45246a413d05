"""The demo: what a new user types first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from child import child
from peers import need_module
from receiver.feeding import last_json, number_of
from receiver.screen import open_screen
from rtpjpeg.receiver.cli import main
from rtpjpeg.receiver.latency import STAGES
from rtpjpeg.receiver.sheet import BAR_HEIGHT, GAP

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main())",
    "--demo",
]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_both_cameras_arrive_and_are_on_the_picture(tmp_path: Path, capsys: Capture) -> None:
    cv2 = need_module("cv2")
    assert main(["--demo", "--frames", "10", "--json"]) == 0
    streams = last_json(capsys.readouterr().out)["streams"]
    assert len(streams) == 2
    for stream in streams:
        assert (stream["frames_received"], stream["packets_lost"], stream["frames_dropped"]) == (10, 0, 0)
        assert stream["latency_ms"]["p50"] > 0
        # What the frames tell and what their strips tell have only the sender's clock in common.
        assert abs(stream["latency_ms"]["p50"] - stream["strip_latency_ms"]["p50"]) < 1
        assert stream["same_clock"] is True
        assert set(stream["stages_ms"]) >= set(STAGES) - {"show"}
    image = cv2.imread(str(tmp_path / "demo.png"))
    assert image.shape == (480 + BAR_HEIGHT + 2 * GAP, 2 * 640 + 3 * GAP, 3)
    for left in (GAP, 2 * GAP + 640):
        assert number_of(image[GAP : GAP + 480, left : left + 640]) >= 8


def test_it_ends_by_itself_and_says_the_latency(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--demo", "--duration", "0.5", "--headless"]) == 0
    said = capsys.readouterr()
    assert "latency" in said.out and "p99" in said.out
    assert "demo.png shows the newest picture of both cameras" in said.err
    assert (tmp_path / "demo.png").stat().st_size > 10_000


def test_without_a_terminal_lines_tell_how_it_goes(capsys: Capture) -> None:
    assert main(["--demo", "--duration", "2.5"]) == 0
    said = capsys.readouterr()
    assert "640x480" in said.out
    assert "so statistics are shown instead: DISPLAY is not set" in said.err
    assert "Qt" not in said.err and "display" not in said.err


def test_a_configuration_of_the_user_does_not_disturb_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTPJPEG_CONFIG", "missing.toml")
    assert main(["--demo", "--frames", "3", "--headless"]) == 0


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "demo.png").mkdir()
    assert main(["--demo", "--frames", "3", "--headless", "--log-level", "error"]) == 3
    assert capsys.readouterr().err == "rtpjpeg-view: demo.png cannot be written: Is a directory\n"


def test_a_sender_that_cannot_send_is_said(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main(["--demo", "--headless"]) == 3
    assert "rtpjpeg-view: the demo's sender ended with exit code 1" in capsys.readouterr().err


def test_an_interpreter_that_cannot_be_started_is_said(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert main(["--demo", "--headless"]) == 3
    assert capsys.readouterr().err.startswith("rtpjpeg-view: rtpjpeg-send cannot be started: ")


def test_a_signal_ends_it_with_statistics() -> None:
    with child([*COMMAND, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "stream from" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate()
    assert process.returncode == 0
    assert len(last_json(out)["streams"]) == 2


def test_with_a_display_it_opens_a_window(tmp_path: Path) -> None:
    need_module("cv2")
    folder = tmp_path / "screen"
    folder.mkdir()
    with open_screen(folder) as screen:
        done = subprocess.run(
            [*COMMAND, "--duration", "1.5", "--json"],
            env={**os.environ, **screen.environment},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0
    assert "no window" not in done.stderr
    assert all(stream["frames_shown"] > 0 for stream in last_json(done.stdout)["streams"])
