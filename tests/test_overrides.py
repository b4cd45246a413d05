"""The words of a command line as keys of config.toml."""

from __future__ import annotations

from typing import Any

import pytest

from rtpjpeg.config import load
from rtpjpeg.overrides import command_line_overrides


def cameras(text: str | None = None, **words: Any) -> dict[str, Any]:
    """What runs with these words, by name."""
    overrides, faults = command_line_overrides(has_file=text is not None, **words)
    return {camera.name: camera for camera in load(text, {}, overrides, faults).cameras}


def test_no_words_are_two_cameras() -> None:
    found = cameras()
    assert {name: camera.destinations for name, camera in found.items()} == {
        "camera1": (("127.0.0.1", 5000),),
        "camera2": (("127.0.0.1", 5002),),
    }


def test_without_a_file_one_camera_for_each_destination() -> None:
    found = cameras(destinations=["192.0.2.1:5000,[::1]:6000"])
    assert list(found) == ["camera1"]
    assert found["camera1"].destinations == (("192.0.2.1", 5000), ("::1", 6000))
    found = cameras(destinations=["192.0.2.1:5000", "192.0.2.2:5000"])
    assert [camera.destinations[0][0] for camera in found.values()] == ["192.0.2.1", "192.0.2.2"]


def test_with_a_file_those_that_it_enables() -> None:
    text = "[mjpeg-rtp.camera1]\nenabled = false\n[mjpeg-rtp.camera2]\nquality = 50\n"
    found = cameras(text, destinations=["192.0.2.1:5000", "192.0.2.2:6000"])
    assert list(found) == ["camera2"]
    assert found["camera2"].destinations == (("192.0.2.2", 6000),)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], ["auto", "auto"]),
        (["synthetic"], ["synthetic", "synthetic"]),
        (["synthetic", "replay:a b.mjpeg"], ["synthetic", "replay:a b.mjpeg"]),
    ],
)
def test_a_single_source_serves_all(sources: list[str], expected: list[str]) -> None:
    assert [camera.source for camera in cameras(sources=sources).values()] == expected


def test_words_for_every_camera_and_words_for_one() -> None:
    words: dict[str, Any] = {"size": (320, 240), "fps": 15.0, "quality": 70, "profile": "compatible"}
    pairs = [("quality", "40"), ("width", "160"), ("ssrc", "0x1F"), ("controls.AwbEnable", "false")]
    found = cameras(**words, cameras={"camera1": [], "camera2": pairs})
    one, two = found["camera1"], found["camera2"]
    assert (one.width, one.height, one.fps, one.quality, one.profile) == (320, 240, 15.0, 70, "compatible")
    assert (two.width, two.height, two.fps, two.quality, two.profile) == (160, 240, 15.0, 40, "compatible")
    assert (one.ssrc, two.ssrc) == (None, 31)
    assert (one.controls, two.controls) == ({}, {"AwbEnable": False})


def test_words_win_over_both_tables_of_a_file() -> None:
    text = "[camera1]\nwidth = 800\n[mjpeg-rtp.camera1]\nwidth = 1280\nfps = 5\n"
    text += "destinations = ['192.0.2.9:9000']\n"
    one = cameras(text, size=(320, 240), cameras={"camera1": [("dest_host", "192.0.2.7")]})["camera1"]
    assert (one.width, one.height, one.fps) == (320, 240, 5.0)
    assert one.destinations == (("192.0.2.7", 5000),)


def test_fps_0_for_a_file() -> None:
    assert cameras(sources=["replay:x"], fps=0.0)["camera1"].fps == 0


@pytest.mark.parametrize("only", [["camera1"], ["camera2"], ["camera1", "camera2"]])
def test_only_runs_what_it_names(only: list[str]) -> None:
    text = "[mjpeg-rtp.camera1]\nenabled = false\n[mjpeg-rtp.camera2]\nenabled = false\n"
    assert list(cameras(only=only)) == only
    assert list(cameras(text, only=only)) == only
    assert list(cameras(destinations=["192.0.2.1:5000"], only=only)) == only


def test_what_is_too_much_is_told_with_all_other_faults() -> None:
    words: dict[str, Any] = {"sources": ["auto"] * 3, "destinations": ["a.example:1"] * 4}
    overrides, faults = command_line_overrides(**words, quality=0)
    assert faults == [
        "--source: found 3, expected at most 2, one for each camera",
        "--dest: found 4, expected at most 2, one for each camera",
    ]
    with pytest.raises(ValueError) as caught:
        load(None, {}, overrides, faults)
    assert str(caught.value).splitlines() == [
        *faults,
        "mjpeg-rtp.camera1.quality: found 0, expected a whole number, 1 to 100 (command line, every camera)",
    ]
