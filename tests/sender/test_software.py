"""The doctor's look at Python, libraries, encoders and cameras, on machines good and bad."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rtpjpeg import CaptureError, __version__
from rtpjpeg.capture.devices import Device
from rtpjpeg.sender import software
from sender.machines import cameras, look, machine, verdicts

PI = {"proc/device-tree/model": "Raspberry Pi 5"}
BUILT_FOR_ANOTHER = ValueError("numpy.dtype size changed, may indicate binary incompatibility")


def test_python_and_the_package_say_their_versions(tmp_path: Path) -> None:
    assert look(software.python, machine(tmp_path))["python"].found.endswith(f", rtpjpeg {__version__}")


def test_what_every_command_needs(tmp_path: Path) -> None:
    assert verdicts(software.libraries, machine(tmp_path)) == {"numpy": "ok", "pydantic": "ok"}
    found = look(software.libraries, machine(tmp_path, modules={"pydantic": None}))
    assert (found["numpy"].verdict, found["pydantic"].verdict) == ("ok", "fault")
    assert "python3-pydantic" in found["pydantic"].advice


@pytest.mark.parametrize(
    ("modules", "keys", "verdict", "said"),
    [
        ({}, {}, "ok", "simplejpeg 1.0; with restart markers OpenCV 1.0"),
        ({"cv2": None}, {}, "warning", "restart markers from tiles"),
        ({"simplejpeg": None}, {}, "warning", "OpenCV 1.0 for all pictures"),
        ({"simplejpeg": None, "cv2": None}, {}, "fault", "none"),
        ({"simplejpeg": None, "cv2": None}, {"source": "replay:x"}, "warning", "none"),
    ],
)
def test_which_encoder_is_used(
    modules: dict[str, Any], keys: dict[str, str], verdict: str, said: str, tmp_path: Path
) -> None:
    found = look(software.encoder, machine(tmp_path, modules=modules), cameras(**keys))["encoder"]
    assert (found.verdict, bool(found.advice)) == (verdict, verdict != "ok")
    assert said in found.found


def test_without_restart_markers_opencv_is_not_missed(tmp_path: Path) -> None:
    found = look(software.encoder, machine(tmp_path, modules={"cv2": None}))["encoder"]
    assert (found.verdict, found.advice) == ("ok", "")


@pytest.mark.parametrize("name", ["simplejpeg", "cv2"])
def test_a_library_for_another_numpy_has_advice_of_its_own(name: str, tmp_path: Path) -> None:
    found = look(software.encoder, machine(tmp_path, modules={name: BUILT_FOR_ANOTHER}), cameras())["encoder"]
    assert "pip uninstall numpy" in found.advice


@pytest.mark.parametrize(
    ("modules", "verdict", "said"),
    [
        ({}, "ok", "cryptography 1.0"),
        ({"cryptography": None}, "fault", "srtp_key of camera1 needs cryptography (No module named"),
    ],
)
def test_a_key_needs_what_encrypts(modules: dict[str, Any], verdict: str, said: str, tmp_path: Path) -> None:
    here = machine(tmp_path, modules={"cryptography": SimpleNamespace(__version__="1.0"), **modules})
    found = look(software.encryption, here, cameras(srtp_key="camera1.key"))["encryption"]
    assert (found.verdict, "pip install 'rtpjpeg[srtp]'" in found.advice) == (verdict, verdict == "fault")
    assert found.found.startswith(said)


def test_without_a_key_nobody_asks_for_what_encrypts(tmp_path: Path) -> None:
    assert look(software.encryption, machine(tmp_path), cameras()) == {}


STACK = ("libcamera", "picamera2")
NO_STACK = dict.fromkeys(STACK)


@pytest.mark.parametrize(
    ("files", "source", "verdict"),
    [
        ({}, "synthetic", "ok"),
        (PI, "auto", "warning"),
        ({}, "picamera2", "fault"),
        (PI, "picamera2", "fault"),
    ],
)
def test_the_camera_stack_is_missed_where_it_is_asked_for(
    files: dict[str, str], source: str, verdict: str, tmp_path: Path
) -> None:
    found = verdicts(
        software.camera_stack, machine(tmp_path, files, modules=NO_STACK), cameras(source=source)
    )
    assert found == dict.fromkeys(STACK, verdict)


def test_a_camera_stack_that_is_there(tmp_path: Path) -> None:
    assert verdicts(software.camera_stack, machine(tmp_path, PI)) == dict.fromkeys(STACK, "ok")


def test_an_environment_that_does_not_see_apt_is_told_how(tmp_path: Path) -> None:
    files = {**PI, f"{software.APT_MODULES}/picamera2/__init__.py": ""}
    modules = {**NO_STACK, "libcamera": BUILT_FOR_ANOTHER}
    found = look(software.camera_stack, machine(tmp_path, files, modules=modules))
    assert found["picamera2"].advice == software.SYSTEM_SITE
    assert "pip uninstall numpy" in found["libcamera"].advice
    assert (
        "apt install"
        in look(software.camera_stack, machine(tmp_path / "b", PI, modules=NO_STACK))["picamera2"].advice
    )


DEVICES = {"dev/video0": "", "dev/media1": "", "dev/dma_heap/system": ""}


@pytest.mark.parametrize(
    ("files", "allowed", "source", "expected"),
    [
        (DEVICES, True, "picamera2", {"devices": "ok"}),
        (DEVICES, False, "picamera2", {"devices": "fault"}),
        (DEVICES, False, "synthetic", {"devices": "warning"}),
        ({}, True, "v4l2", {"devices": "fault"}),
        ({}, True, "synthetic", {}),
    ],
)
def test_devices_must_be_there_and_allowed(
    files: dict[str, str], allowed: bool, source: str, expected: dict[str, str], tmp_path: Path
) -> None:
    found = machine(tmp_path, files, may_use=lambda path: allowed)
    assert verdicts(software.devices, found, cameras(source=source)) == expected


def test_devices_that_are_closed_are_named(tmp_path: Path) -> None:
    found = machine(tmp_path, DEVICES, may_use=lambda path: path.name != "media1")
    assert look(software.devices, found)["devices"].found == "may not use /dev/media1"


def lister(result: Any) -> Any:
    def list_devices(source: str) -> Any:
        assert source == "v4l2"
        if isinstance(result, Exception):
            raise result
        return [Device("v4l2", number, *words) for number, words in enumerate(result)]

    return SimpleNamespace(LISTED=("v4l2",), list_devices=list_devices)


@pytest.mark.parametrize(
    ("result", "source", "verdict", "said"),
    [
        ([("/dev/video0", "C920")], "v4l2", "ok", "/dev/video0 C920"),
        ([("/dev/video0", ""), ("/dev/video2", "Eye")], "v4l2", "ok", "/dev/video0; /dev/video2 Eye"),
        ([], "v4l2", "fault", "none"),
        ([], "synthetic", "ok", "none"),
        (CaptureError("no library"), "v4l2", "fault", "cannot be listed: no library"),
        (CaptureError("no library"), "synthetic", "ok", "cannot be listed: no library"),
    ],
)
def test_cameras_are_listed_by_each_source_that_can(
    result: Any, source: str, verdict: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = machine(tmp_path, modules={"rtpjpeg.capture": lister(result)})
    finding = look(software.camera_list, found, cameras(source=source))["cameras of v4l2"]
    assert (finding.verdict, finding.found) == (verdict, said)


def test_a_wing_that_lists_nothing_says_nothing(tmp_path: Path) -> None:
    found = machine(tmp_path, modules={"rtpjpeg.capture": SimpleNamespace()})
    assert verdicts(software.camera_list, found) == {}
