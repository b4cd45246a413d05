"""How the doctor reads a machine: files, programs, modules, and nothing of them that is not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rtpjpeg.sender.machine import Machine, may_use, run_program, version
from sender.machines import machine


def test_files_are_read_below_the_root(tmp_path: Path) -> None:
    found = machine(tmp_path, {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0", "sys/n": "-7\n"})
    assert found.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert found.is_pi
    assert found.number("sys/n") == -7
    assert list(found.paths("proc/*/model")) == ["proc/device-tree/model"]


@pytest.mark.parametrize("text", ["", "max", "1.5", "--1", "-"])
def test_what_is_no_number_is_none(text: str, tmp_path: Path) -> None:
    assert machine(tmp_path, {"sys/n": text}).number("sys/n") is None
    assert machine(tmp_path).read("sys/missing") is None


def test_a_machine_without_a_model_is_no_pi(tmp_path: Path) -> None:
    assert machine(tmp_path).model == ""
    assert not machine(tmp_path).is_pi


def test_a_program_is_its_output_or_nothing() -> None:
    assert run_program([sys.executable, "-c", "print(' yes ')"]) == "yes"
    assert run_program([sys.executable, "-c", "raise SystemExit(1)"]) is None
    assert run_program(["/no/such/program"]) is None
    assert run_program(["a\0b"]) is None


def test_a_module_is_there_or_says_why_not(tmp_path: Path) -> None:
    broken = ValueError("numpy.dtype size changed,\n may indicate binary incompatibility")
    found = machine(tmp_path, modules={"cv2": broken, "av": RuntimeError()})
    assert found.module("cv2") == (None, "numpy.dtype size changed, may indicate binary incompatibility")
    assert found.module("av") == (None, "RuntimeError")
    assert found.module("nothing") == (None, "No module named 'nothing'")
    assert version(found.module("numpy")[0]) == "1.0"
    assert version(object()) == "of unknown version"


def test_this_machine_is_the_one_without_arguments() -> None:
    here = Machine()
    assert here.module("json")[0].dumps({}) == "{}"
    assert here.read("proc/self/stat")
    assert may_use(Path("/dev/null"))
    assert not may_use(Path("/dev/no-such-device"))
