"""The words for a source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from capture.makers import jpegs, pictures, y4m
from capture.test_base import Clock
from photographs import encode
from rtpjpeg.capture import Camera, open_camera
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.capture.picamera2 import Picamera2Camera
from rtpjpeg.capture.replay import ReplayCamera
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.errors import CaptureError, ConfigError
from rtpjpeg.jpeg import parse_jpeg
from standins.rig import plugged_in


def test_synthetic() -> None:
    with open_camera("synthetic", name="camera2", width=320, height=240, fps=15) as camera:
        assert isinstance(camera, SyntheticCamera)
        assert (camera.name, camera.width, camera.height, camera.fps) == ("camera2", 320, 240, 15)
        assert camera.notices == []


def test_auto_is_synthetic_where_picamera2_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    clock = Clock()
    with open_camera("auto", width=64, height=64, clock=clock, sleep=clock.sleep) as camera:
        assert isinstance(camera, SyntheticCamera) and camera.fps == 30
        (notice,) = camera.notices
        assert notice.startswith(
            "camera1: source auto is the synthetic camera: picamera2 cannot be imported ("
        )
        assert "sudo apt install python3-picamera2" in notice
        assert camera.read() is not None


def test_auto_is_picamera2_where_it_is() -> None:
    with plugged_in() as rig, open_camera("auto", name="camera2", fps=25, clock=rig.clock) as camera:
        assert isinstance(camera, Picamera2Camera) and (camera.width, camera.height) == (640, 480)
        assert camera.notices == ["camera2: source auto is picamera2"]
        assert rig.second.acquired and not rig.first.acquired


def test_a_pi_whose_camera_is_missing_does_not_turn_synthetic() -> None:
    with plugged_in() as rig:
        rig.manager.cameras.clear()
        with pytest.raises(CaptureError, match="no camera is there"):
            open_camera("auto")


def test_picamera2_is_told_everything() -> None:
    wishes: dict[str, Any] = {
        "device": "1",
        "crop": (0, 0, 320, 240),
        "target_size": (160, 120),
        "flip_method": "rotate-180",
        "controls": {"Sharpness": 2.0},
    }
    with plugged_in() as rig, open_camera("picamera2", clock=rig.clock, **wishes) as camera:
        assert isinstance(camera, Picamera2Camera) and camera.fps == 30
        assert (camera.width, camera.height, camera.notices) == (160, 120, [])
        assert rig.second.applied["Sharpness"] == 2.0 and "ScalerCrop" in rig.second.applied


def test_wishes_that_only_a_camera_fulfils_are_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpegs()[0])
    wishes: dict[str, Any] = {"target_size": (160, 120), "device": "/dev/video0"}
    with open_camera("synthetic", **wishes) as camera:
        assert (camera.width, camera.height, camera.notices) == (160, 120, [])
    wishes |= {"crop": (0, 0, 64, 64), "flip_method": "rotate-90", "controls": {"AeEnable": False}}
    with open_camera("synthetic", **wishes) as camera:
        assert (camera.width, camera.height) == (120, 160), "the size that a camera would send"
        assert camera.notices == ["camera1: source synthetic does nothing with crop, flip_method, controls"]
    with open_camera(f"replay:{tmp_path}", **wishes) as camera:
        assert camera.notices == [
            "camera1: source replay does nothing with crop, flip_method, target size, controls"
        ]


def test_replay(tmp_path: Path) -> None:
    (tmp_path / "a:b.jpg").write_bytes(jpegs()[0])
    for path in (tmp_path, tmp_path / "a:b.jpg"):
        with open_camera(f"replay:{path}", fps=0) as camera:
            assert isinstance(camera, ReplayCamera)
            assert (camera.width, camera.height) == (160, 96)
            frame = camera.read()
            assert frame is not None and frame.jpeg == jpegs()[0]


def test_intervals_are_fitted_where_pictures_are_encoded(tmp_path: Path) -> None:
    clock = Clock()
    options = {"clock": clock, "sleep": clock.sleep, "packet_room": PacketRoom(1328)}
    raw = y4m(tmp_path / "raw.y4m", [bytes(range(256)) * 450] * 2, "W320 H240 F30:1 C420jpeg")
    for source in ("synthetic", f"replay:{raw}"):
        with open_camera(source, width=320, height=240, **options) as camera:
            frame = camera.read()
            assert frame is not None
            image = parse_jpeg(frame.jpeg)
            assert 2 <= image.restart_interval <= 20
            assert len(image.restart_positions) > 3
            assert camera.notices == []


@pytest.mark.parametrize(("type_", "notices"), [(1, 1), (65, 0)])
def test_jpegs_keep_the_intervals_that_they_have(type_: int, notices: int, tmp_path: Path) -> None:
    jpeg = encode(pictures()[0], type_, 85, 3)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    with open_camera(f"replay:{tmp_path}", packet_room=PacketRoom(1328)) as camera:
        frame = camera.read()
        assert frame is not None and frame.jpeg == jpeg
        assert [notice for notice in camera.notices if "without restart markers" in notice] == camera.notices
        assert len(camera.notices) == notices
    with open_camera(f"replay:{tmp_path}") as camera:
        assert camera.notices == []


def test_an_open_camera_is_returned_so_faults_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="gone"):
        open_camera(f"replay:{tmp_path}/gone.avi")
    with pytest.raises(ConfigError, match="width"):
        open_camera("synthetic", width=16)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("sintetic", "did you mean synthetic?"),
        ("reply:x", "did you mean replay?"),
        ("Synthetic", "did you mean synthetic?"),
        ("clip.avi", "did you mean replay:clip.avi?"),
        ("/dev/video0", 'did you mean v4l2 with device = "/dev/video0"?'),
        ("v4l2:/dev/video0", 'did you mean v4l2 with device = "/dev/video0"?'),
        ("opencv:0", 'did you mean opencv with device = "0"?'),
        ("v4l", "did you mean v4l2?"),
        ("synthetic:1", "did you mean synthetic?"),
        ("picamera", "did you mean picamera2?"),
        ("picamera2:0", 'did you mean picamera2 with device = "0"?'),
        ("xyz", "expected one of auto, picamera2, synthetic, v4l2, opencv, replay:PATH"),
        ("", "expected one of auto, picamera2, synthetic, v4l2, opencv, replay:PATH"),
        ("replay:", "expected replay:PATH"),
        ("replay", "expected replay:PATH"),
    ],
)
def test_an_unknown_word_gets_the_nearest(source: str, hint: str) -> None:
    with pytest.raises(CaptureError) as caught:
        open_camera(source)
    assert hint in str(caught.value) and "\n" not in str(caught.value)


def test_the_wing_loads_no_camera_before_it_is_asked() -> None:
    heavy = {"numpy", "cv2", "simplejpeg", "av", "picamera2", "libcamera"}
    code = f"import sys, rtpjpeg.capture; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert issubclass(SyntheticCamera, Camera)


@pytest.mark.parametrize(
    ("source", "said"), [("v4l2", "/dev/video97: there is no"), ("opencv", "OpenCV device 97")]
)
def test_devices_are_opened_at_once_with_all_options(source: str, said: str) -> None:
    with pytest.raises(CaptureError, match=said):
        open_camera(
            source, device="97", packet_room=PacketRoom(1328), transcode=True, profile="compatible", fps=10
        )
