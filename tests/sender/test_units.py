"""The unit files: systemd itself reads them and says how much a service could do beside its work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from peers import need
from rtpjpeg.sender.cli import build_parser

SERVICE = Path(__file__).resolve().parents[2] / "service"
UNITS = ("rtpjpeg-send.service", "rtpjpeg-send@.service")
EXPOSURE = 16
"""Tenths of what ``systemd-analyze security`` calls exposure: 0 does nothing, 96 has no limits.

What is left is the work itself: the network, and the cameras among the devices.
"""
# What the template says in its own way.
OWN = ("Description", "Conflicts", "ExecStart", "RuntimeDirectory", "MemoryMax")


def settings(unit: str) -> list[tuple[str, str]]:
    """Return the rows KEY=VALUE of a unit file in their order."""
    lines = (SERVICE / unit).read_text("utf-8").splitlines()
    rows = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    return [(key, value) for key, _, value in rows]


def command(unit: str) -> list[str]:
    return dict(settings(unit))["ExecStart"].replace("%i", "camera1").split()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the units, and a program where each says that it is."""
    program = tmp_path / "rtpjpeg-send"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = (SERVICE / unit).read_text("utf-8").replace(command(unit)[0], str(program))
        (tmp_path / unit).write_text(text)
    return tmp_path


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [need("systemd-analyze"), *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["rtpjpeg-send.service", "rtpjpeg-send@camera1.service"])
def test_systemd_has_nothing_to_complain_of(installed: Path, name: str) -> None:
    done = analyze("verify", "--man=no", installed / name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_can_do_little_beside_its_work(installed: Path, unit: str) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", installed / unit)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_of_a_unit_is_understood(unit: str) -> None:
    program, *words = command(unit)
    assert program == "/opt/rtpjpeg/bin/rtpjpeg-send"
    chosen = build_parser().parse_args(words)
    assert chosen.config == "/etc/rtpjpeg/config.toml"
    assert chosen.only == (["camera1"] if "@" in unit else None)


def test_the_template_differs_only_where_it_must() -> None:
    plain, template = ([row for row in settings(unit) if row[0] not in OWN] for unit in UNITS)
    assert plain == template


PROMISES = {
    "Type": "notify",
    "NotifyAccess": "main",
    "Restart": "always",
    "RestartSec": "2",
    "StartLimitIntervalSec": "0",
    "WatchdogSec": "30",
    "TimeoutStopSec": "5",
    "KillSignal": "SIGTERM",
    "ExecReload": "/bin/kill -HUP $MAINPID",
    "After": "network-online.target",
    "SupplementaryGroups": "video",
}


@pytest.mark.parametrize(("key", "value"), PROMISES.items())
def test_what_the_sender_relies_on(key: str, value: str) -> None:
    assert dict(settings(UNITS[0]))[key] == value


def test_the_devices_are_those_of_cameras() -> None:
    allowed = {value for key, value in settings(UNITS[0]) if key == "DeviceAllow"}
    assert allowed == {"char-video4linux rw", "char-media rw", "char-dma_heap rw"}
