"""Which cameras are there, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from receiver.feeding import last_json
from rtpjpeg.capture import v4l2
from rtpjpeg.sender.cli import main
from standins.rig import Rig, plugged_in

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def rig() -> Iterator[Rig]:
    with plugged_in() as found:
        yield found


def test_cameras_are_listed_with_what_a_configuration_takes(rig: Rig, capsys: Capture) -> None:
    rig.first.acquire()  # one that is in use is listed too
    assert main(["--list-cameras"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "picamera2 0: imx708",
        "  device    /base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a",
        "  location  external, mounted at 180 degrees",
        "  sensor    2304x1296, 4608x2592",
        "picamera2 1: imx219",
        "  device    /base/axi/pcie@1000120000/rp1/i2c@80000/imx219@10",
        "  location  external, mounted at 180 degrees",
        "  sensor    640x480, 3280x2464",
        "always there: synthetic, replay:PATH",
    ]
    assert said.err == ""


def test_controls_are_listed_with_their_ranges(rig: Rig, capsys: Capture) -> None:
    rig.manager.cameras.remove(rig.second)
    assert main(["--list-controls"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "picamera2 0: imx708",
        "  control              type       least           most                default",
        "  AeEnable             Bool       false           true                true",
        "  AnalogueGain         Float      1               16                  1",
        "  AwbMode              Integer32  0               7                   0",
        "  ColourGains          Float      0               32                  -",
        "  ExposureTime         Integer32  26              220416802           20000",
        "  FrameDurationLimits  Integer64  8333            220535845           33333",
        "  NoiseReductionMode   Integer32  0               4                   0",
        "  ScalerCrop           Rectangle  [0, 0, 64, 64]  [0, 0, 4608, 2592]  [0, 0, 4608, 2592]",
        "  Sharpness            Float      0               16                  1",
        "always there: synthetic, replay:PATH",
    ]


def test_as_json(rig: Rig, capsys: Capture) -> None:
    assert main(["--list-cameras", "--json"]) == 0
    one, two = last_json(capsys.readouterr().out)["cameras"]
    assert one == {
        "source": "picamera2",
        "index": 0,
        "id": "/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a",
        "model": "imx708",
        "location": "external",
        "rotation": 180,
        "sizes": [[2304, 1296], [4608, 2592]],
    }
    assert main(["--list-controls", "--json"]) == 0
    controls = last_json(capsys.readouterr().out)["cameras"][1]["controls"]
    assert {"name": "AeEnable", "type": "Bool", "min": False, "max": True, "default": True} in controls
    assert (two["index"], two["model"]) == (1, "imx219")


@pytest.mark.parametrize("option", ["--list-cameras", "--list-controls"])
def test_without_a_camera_stack_there_is_a_hint_and_exit_code_3(
    option: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert main([option]) == 3
    said = capsys.readouterr()
    assert said.out == "always there: synthetic, replay:PATH\n"
    assert said.err.startswith("rtpjpeg-send: picamera2 cannot be imported (")
    assert "sudo apt install python3-picamera2" in said.err
    assert said.err.splitlines()[1:] == ["rtpjpeg-send: source v4l2: no camera is there"]


def test_without_a_camera_it_is_said(rig: Rig, capsys: Capture) -> None:
    rig.manager.cameras.clear()
    assert main(["--list-cameras", "--json"]) == 3
    said = capsys.readouterr()
    assert last_json(said.out) == {"cameras": []}
    assert said.err.splitlines() == [
        f"rtpjpeg-send: source {source}: no camera is there" for source in ("picamera2", "v4l2")
    ]


def test_webcams_are_listed_too(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(v4l2, "list_devices", lambda: [v4l2.V4l2Device("/dev/video0", "C920")])
    assert main(["--list-cameras"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == ["v4l2 0: C920", "  device    /dev/video0"]
    assert said.err == "", "who has a camera need not hear of others"
