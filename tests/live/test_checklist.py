"""What one looks at before a sender is trusted, each line a test: the commands themselves, over real sockets.

A network that goes and comes back is in ``test_cable.py``, receivers and senders that are started again in
``test_restarts.py``, one that stands still in ``test_stalls.py``, and cameras that fail in ``test_soak.py``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from interop.kernel import bound, wait_until
from live.commands import PATIENCE, SEND, TESTS, VIEW, Running
from live.tally import Tally
from live.witness import LOCAL
from receiver.feeding import free_ports
from rtpjpeg.sender.manager import JOIN_SECONDS
from sender.test_cli import KEYS
from standins.rig import plugged_in

pytestmark = pytest.mark.slow
ROOT = TESTS.parent
CONFIGS = sorted((ROOT / "fixtures" / "configs").glob("*.toml"))
PI = [SEND[0], str(TESTS / "live" / "pi.py")]
STATISTICS = re.compile(
    r"rtpjpeg-send: (camera[12]): \d+ frames sent, [\d.]+ a second, [\d.]+ Mbit/s, \d+ dropped, 0 send errors"
)
WHOLE = {"target-width": "width", "target-height": "height", "crop.width": "width", "crop.height": "height"}
"""Sizes that say nothing where they are those of the whole picture."""


def configure(path: Path, *places: str, shared: str = "", **keys: Any) -> list[str]:
    """Write a configuration of small synthetic cameras, one for each place; return the words for it."""
    lines = ["[mjpeg-rtp]", shared]
    for number, place in enumerate(places, 1):
        host, _, port = place.partition(":")
        own = {"source": "synthetic", "width": 160, "height": 120, "dest_host": host, "dest_port": int(port)}
        lines += [
            f"[mjpeg-rtp.camera{number}]",
            *(f"{key} = {value!r}" for key, value in (own | keys).items()),
        ]
    path.write_text("\n".join(lines))
    return ["--config", str(path), "--json"]


@pytest.fixture
def tallies() -> Iterator[tuple[Tally, Tally]]:
    """Two receivers that count."""
    with Tally() as one, Tally() as two:
        yield one, two


def refused(*words: str) -> list[str]:
    """Return what the command says of a mistake, a line for each."""
    done = subprocess.run([*SEND, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith("rtpjpeg-send: ") for line in lines)
    return [line.removeprefix("rtpjpeg-send: ") for line in lines]


# -- it sends -----------------------------------------------------------------------------------------


def test_both_cameras_stream(tmp_path: Path) -> None:
    ports = free_ports(2)
    words = configure(tmp_path / "config.toml", *(f"{LOCAL}:{port}" for port in ports))
    sources = [f"rtp://{LOCAL}:{port}" for port in ports]
    with Running(VIEW, *sources, "--headless", "--json", "--frames", "30") as viewer:
        viewer.await_(lambda running: bound(ports), "the viewer's ports")
        with Running(SEND, *words) as sender:
            streams = viewer.end()["streams"]
            cameras = sender.end(signal.SIGTERM)["cameras"]
    assert [stream["ssrc"] for stream in streams] == [camera["ssrc"] for camera in cameras]
    assert all(stream["frames_received"] >= 30 and not stream["packets_lost"] for stream in streams)


@pytest.mark.parametrize("words", [["--only", "camera2"], ["--camera1", "enabled=false"]])
def test_one_camera_only(words: list[str], tmp_path: Path, tallies: tuple[Tally, Tally]) -> None:
    one, two = tallies
    with Running(SEND, *configure(tmp_path / "config.toml", one.place, two.place), *words) as sender:
        assert two.came(10)
        (camera,) = sender.end(signal.SIGTERM)["cameras"]
    assert (camera["name"], one.packets) == ("camera2", 0)


# -- it refuses ---------------------------------------------------------------------------------------


def test_a_mode_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    words = configure(tmp_path / "config.toml", f"{LOCAL}:5000", shared='profile = "webrtc"')
    (said,) = refused(*words)
    assert said.startswith('mjpeg-rtp.profile: found "webrtc", expected resilient or compatible')
    (said,) = refused("--profile", "webrtc")
    assert said.startswith("argument --profile: invalid choice: 'webrtc'")


def test_all_faults_of_a_configuration_are_said_at_once(tmp_path: Path) -> None:
    words = configure(
        tmp_path / "config.toml", f"{LOCAL}:5000", shared="mtu = 3\ndscp = 64", qualty=5, fps=-1
    )
    said = [line.partition(":")[0] for line in refused(*words)]
    assert sorted(said) == [
        "mjpeg-rtp.camera1.fps",
        "mjpeg-rtp.camera1.qualty",
        "mjpeg-rtp.dscp",
        "mjpeg-rtp.mtu",
    ]


def test_a_configuration_that_is_not_there_is_said(tmp_path: Path) -> None:
    (said,) = refused("--config", str(tmp_path / "missing.toml"))
    assert said == f"configuration file {tmp_path / 'missing.toml'} cannot be read: No such file or directory"


# -- it ends ------------------------------------------------------------------------------------------


def test_a_signal_ends_it_with_statistics(tmp_path: Path, tallies: tuple[Tally, Tally]) -> None:
    places = [tally.place for tally in tallies]
    with Running(SEND, *configure(tmp_path / "config.toml", *places)) as sender:
        assert all(tally.came(5) for tally in tallies)
        cameras = sender.end(signal.SIGTERM)["cameras"]
    for camera, tally in zip(cameras, tallies, strict=True):
        assert wait_until(lambda: tally.packets == camera["packets_sent"], PATIENCE)  # noqa: B023
        assert (tally.frames, tally.gaps) == (camera["frames_sent"], 0)


def test_a_signal_ends_it_while_a_camera_hangs(tallies: tuple[Tally, Tally]) -> None:
    """Its pictures stop, and closing it never returns: the threads have JOIN_SECONDS, then they are left."""
    with plugged_in():
        pass  # it is skipped where picamera2 is not installed
    words = "--source picamera2 --size 160x120 --json".split()
    words += [word for tally in tallies for word in ("--dest", tally.place)]
    assert JOIN_SECONDS < 2
    with Running(PI, *words) as sender:
        assert all(tally.came(5) for tally in tallies)
        sender.process.send_signal(signal.SIGUSR1)
        cameras = sender.end(signal.SIGTERM)["cameras"]
        assert sender.says("camera1: the camera does not answer and is left as it is")
    assert all(camera["frames_sent"] >= 5 for camera in cameras)


def test_a_signal_ends_it_while_a_camera_hangs_from_the_start(tmp_path: Path) -> None:
    """OpenCV waits for what comes through a pipe, and nothing does."""
    pipe = tmp_path / "camera.mjpeg"
    os.mkfifo(pipe)
    words = ["--source", "opencv", "--camera1", f"device={pipe}", "--only", "camera1", "--json"]
    with Running(SEND, *words) as sender, ExitStack() as cleanup:
        sender.await_(lambda running: writes(pipe, cleanup), "the camera being opened")
        (camera,) = sender.end(signal.SIGTERM)["cameras"]
    assert camera["frames_sent"] == 0


def writes(pipe: Path, cleanup: ExitStack) -> bool:
    """Take the other end of a pipe; False while nobody reads there."""
    try:
        end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    cleanup.callback(os.close, end)
    return True


# -- it says how it goes ------------------------------------------------------------------------------


def test_statistics_are_printed_and_logged(tmp_path: Path, tallies: tuple[Tally, Tally]) -> None:
    places = [tally.place for tally in tallies]
    words = configure(tmp_path / "config.toml", *places, shared="stats_interval_seconds = 0.2")
    with Running(SEND, *words) as sender:
        sender.await_(lambda running: len(logged(running)) >= 6, "three lines for each camera")
        cameras = sender.end(signal.SIGTERM)["cameras"]
    assert logged(sender)[:6] == ["camera1", "camera2"] * 3
    assert all(set(camera) >= KEYS for camera in cameras)


def logged(running: Running) -> list[str]:
    """Return which camera each line of statistics is about."""
    return [found[1] for found in map(STATISTICS.match, list(running.err)) if found]


# -- it reloads ---------------------------------------------------------------------------------------


def test_a_reload_changes_quality_rate_and_destination_without_a_gap(
    tmp_path: Path, tallies: tuple[Tally, Tally]
) -> None:
    path, (one, two), (local,) = tmp_path / "config.toml", tallies, free_ports(1)
    with Running(SEND, *configure(path, one.place, quality=80, fps=50, local_port=local)) as sender:
        assert one.came(10)
        before = one.quality
        path.write_text("[mjpeg-rtp.camera1]\nquality = 500\nfps = -1\n")
        sender.process.send_signal(signal.SIGHUP)
        sender.await_(lambda running: running.says("not reloaded: mjpeg-rtp.camera1.quality"), "the fault")
        configure(path, two.place, quality=40, fps=4, local_port=local)
        sender.process.send_signal(signal.SIGHUP)
        sender.await_(lambda running: running.says("reloaded: fps, quality, destinations"), "the word")
        assert two.came(6)
        (camera,) = sender.end(signal.SIGTERM)["cameras"]
    assert wait_until(lambda: one.packets + two.packets == camera["packets_sent"], PATIENCE)
    assert (before, two.quality) == (80, 40)
    assert one.ssrcs == two.ssrcs == {camera["ssrc"]}
    assert one.last is not None and two.first == (one.last + 1) & 0xFFFF
    assert (one.gaps, two.gaps) == (0, 0)
    assert one.frames + two.frames == camera["frames_sent"]
    assert camera["destinations"] == [two.place]
    assert two.seconds > 2 / 50, "four a second"


# -- it reads what the original reads -----------------------------------------------------------------


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_key_of_the_originals_files_counts_or_is_named(path: Path) -> None:
    environment = {**os.environ, "RTPJPEG_MJPEG_RTP_ENABLED": "true"}
    command = [*SEND, "--config", str(path), "--print-config"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=PATIENCE, check=True
    )
    counts, named = (
        flat(tomllib.loads(done.stdout)),
        " ".join(re.findall(r"[\w.\[\]-]+", done.stderr)).split(),
    )
    asked = flat(tomllib.loads(path.read_text("utf-8")))
    for key, value in asked.items():
        if f"[{key.split('.')[0]}]" in named or key in named or key == "mjpeg-rtp.enabled":
            continue
        camera, _, name = key.partition(".")
        assert counts.get(key) == value or asked[f"{camera}.{WHOLE[name]}"] == value, key


def test_the_page_about_the_original_names_every_key() -> None:
    page = (ROOT / "docs" / "original.md").read_text("utf-8")
    keys = {key for path in CONFIGS for key in flat(tomllib.loads(path.read_text("utf-8")))}
    names = {
        key.rpartition(".")[2] for key in keys if key.split(".")[0] in ("camera1", "camera2", "mjpeg-rtp")
    }
    tables = {re.sub("-[a-z0-9]+$", "-*", key.split(".")[0]) if "." in key else key for key in keys}
    missing = [name for name in names | tables - {"mjpeg-*"} if f"`{name}`" not in page]
    assert missing == []


def flat(tables: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return every value of nested tables by its dotted path."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        found |= flat(value, f"{above}{name}.") if isinstance(value, dict) else {above + name: value}
    return found
