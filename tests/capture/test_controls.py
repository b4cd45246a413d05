"""Controls, checked before a camera gets them."""

from __future__ import annotations

from typing import Any

import pytest

from rtpjpeg.capture.controls import check_controls
from rtpjpeg.errors import CaptureError

KNOWN: dict[str, tuple[Any, Any, Any]] = {
    "AeEnable": (False, True, True),
    "AnalogueGain": (1.0, 16.0, 1.0),
    "AwbMode": (0, 7, 0),
    "ColourGains": (0.0, 32.0, None),
    "ExposureTime": (26, 220416802, 20000),
    "FrameDurationLimits": (8333, 220535845, 33333),
    "ScalerCrop": ((0, 0, 64, 64), (0, 0, 4608, 2592), (0, 0, 4608, 2592)),
    "Unknowable": (None, None, None),
}


def words(name: str) -> dict[str, int]:
    return {"Auto": 0, "Indoor": 4} if name == "AwbMode" else {}


def check(**wanted: Any) -> dict[str, Any]:
    return check_controls(wanted, KNOWN, words)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("AeEnable", False, False),
        ("AnalogueGain", 16, 16),
        ("AnalogueGain", 1.5, 1.5),
        ("AwbMode", "Indoor", 4),
        ("AwbMode", 7, 7),
        ("ColourGains", [1.5, 2], [1.5, 2]),
        ("ExposureTime", 26, 26),
        ("FrameDurationLimits", [33333, 100000], [33333, 100000]),
        ("ScalerCrop", [0, 0, 640, 480], [0, 0, 640, 480]),
        ("ScalerCrop", [[0, 0, 640, 480], [0, 0, 64, 64]], [[0, 0, 640, 480], [0, 0, 64, 64]]),
        ("Unknowable", 1e9, 1e9),
    ],
)
def test_right_values_are_taken(name: str, value: Any, taken: Any) -> None:
    assert check(**{name: value}) == {name: taken}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AeEnable", 1, "AeEnable: found 1, expected true or false"),
        ("AeEnable", "yes", "AeEnable: found yes, expected true or false"),
        ("AnalogueGain", 16.5, "AnalogueGain: found 16.5, expected 1.0 to 16.0"),
        ("AnalogueGain", float("nan"), "AnalogueGain: found nan, expected 1.0 to 16.0"),
        ("AnalogueGain", True, "AnalogueGain: found true, expected 1.0 to 16.0"),
        ("AnalogueGain", "high", "AnalogueGain: found high, expected 1.0 to 16.0"),
        ("AwbMode", "Sunny", "AwbMode: found Sunny, expected Auto or Indoor"),
        ("ColourGains", [], "ColourGains: found [], expected 0.0 to 32.0"),
        ("ColourGains", [1.0, 33.0], "ColourGains: found [1.0, 33.0], expected 0.0 to 32.0"),
        ("ExposureTime", 25, "ExposureTime: found 25, expected 26 to 220416802"),
        ("ExposureTime", 30.5, "ExposureTime: found 30.5, expected whole numbers, 26 to 220416802"),
        ("ScalerCrop", 5, "ScalerCrop: found 5, expected 4 whole numbers"),
        ("ScalerCrop", [1, 2, 3], "ScalerCrop: found [1, 2, 3], expected 4 whole numbers"),
        ("Unknowable", "x", "Unknowable: found x, expected a number"),
        ("exposuretime", 1, "exposuretime: this camera has no such control; did you mean ExposureTime?"),
        ("FrameRate", 30, "FrameRate: not a control here, set fps"),
    ],
)
def test_wrong_values_are_named_with_what_belongs_there(name: str, value: Any, said: str) -> None:
    with pytest.raises(CaptureError) as caught:
        check(**{name: value})
    assert str(caught.value) == f"controls: {said}"


def test_all_faults_come_at_once() -> None:
    with pytest.raises(CaptureError) as caught:
        check(AwbMod=1, ExposureTime=5, AeEnable=True)
    assert str(caught.value) == (
        "controls: AwbMod: this camera has no such control; did you mean AwbMode?;"
        " ExposureTime: found 5, expected 26 to 220416802"
    )


def test_a_camera_without_controls_says_so() -> None:
    with pytest.raises(CaptureError, match="controls: Gain: this camera has no such control$"):
        check_controls({"Gain": 1}, {}, words)
