"""rtpjpeg-send --doctor as it is typed, and what its exit code and its JSON say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from receiver.feeding import last_json
from rtpjpeg.config import CameraConfig
from rtpjpeg.sender.cli import build_parser, main
from rtpjpeg.sender.doctor import CHECKS, doctor, examine, lines
from rtpjpeg.sender.machine import Finding, Machine
from sender.machines import machine

Capture = pytest.CaptureFixture[str]
WORDS = "--doctor --source synthetic --dest 127.0.0.1:5000".split()


def test_no_fault_is_exit_code_0(tmp_path: Path, capsys: Capture) -> None:
    assert doctor(build_parser().parse_args(WORDS), machine(tmp_path)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == "ok configuration camera1 would run".split()
    assert said[-1].endswith(" 0 faults")


def test_a_fault_is_exit_code_3_and_has_its_advice(tmp_path: Path, capsys: Capture) -> None:
    broken = machine(tmp_path, modules={"simplejpeg": None, "cv2": None})
    assert doctor(build_parser().parse_args(WORDS), broken) == 3
    said = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(said) if line.startswith("fault    encoder"))
    assert "-> sudo apt install python3-simplejpeg" in said[place + 1]
    assert said[-1].endswith(" 1 faults")


def test_json_has_every_finding(tmp_path: Path, capsys: Capture) -> None:
    assert doctor(build_parser().parse_args([*WORDS, "--json"]), machine(tmp_path)) == 0
    told = last_json(capsys.readouterr().out)
    assert set(told) == {"checks", "warnings", "faults"}
    assert all(set(row) == {"name", "verdict", "found", "advice"} for row in told["checks"])
    assert told["warnings"] == sum(row["verdict"] == "warning" for row in told["checks"])


def test_a_wrong_configuration_is_a_fault_and_the_rest_is_looked_at(tmp_path: Path, capsys: Capture) -> None:
    chosen = build_parser().parse_args(["--doctor", "--quality", "500", "--size", "1x1", "--json"])
    assert doctor(chosen, machine(tmp_path)) == 3
    told = last_json(capsys.readouterr().out)
    faults = [row["found"] for row in told["checks"] if row["verdict"] == "fault"]
    assert len(faults) == 3  # width, height and quality
    assert all(", expected " in fault for fault in faults)
    assert len(told["checks"]) > len(faults)


def test_a_check_that_fails_stops_no_other() -> None:
    def sick_check(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
        yield Finding("first", "ok", "seen")
        raise ZeroDivisionError("a\nb")

    def sound_check(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
        yield Finding("last", "ok", "seen")

    found = examine(Machine(), (), [sick_check, sound_check])
    assert [finding.name for finding in found] == ["first", "sick check", "last"]
    assert found[1].found == "could not be looked at: ZeroDivisionError: a b"


def test_a_line_has_its_advice_below() -> None:
    rows = list(lines([Finding("a", "ok", "good"), Finding("longer", "fault", "bad", "mend it")]))
    assert rows == ["ok       a       good", "fault    longer  bad", "                 -> mend it"]
    assert list(lines([])) == []


def test_this_machine_is_examined_by_every_check(capsys: Capture) -> None:
    assert main([*WORDS, "--json"]) in (0, 3)
    names = {row["name"] for row in last_json(capsys.readouterr().out)["checks"]}
    assert {"python", "numpy", "encoder", "send buffer", "UDP_SEGMENT", "clock", "systemd"} <= names
    assert len(CHECKS) == 19


def test_it_runs_where_numpy_and_pydantic_are_missing() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['numpy', 'pydantic']))\n"
        "from rtpjpeg.sender.cli import main; sys.exit(main(['--doctor', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "")
    faults = [row["name"] for row in last_json(done.stdout)["checks"] if row["verdict"] == "fault"]
    assert faults[:2] == ["numpy", "pydantic"]
