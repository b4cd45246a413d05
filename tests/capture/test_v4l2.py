"""V4L2 devices: at the place where PyAV opens them, and with real PyAV on files."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from capture.devices import WAIT, Container, Gate, Gated
from capture.makers import avi, chunk, decoded, jpegs, pictures, psnr
from capture.test_base import Clock
from conformance.pictures import Segment, pillow, with_first, without
from rtpjpeg.capture import device, is_present
from rtpjpeg.capture import list_devices as list_cameras
from rtpjpeg.capture import v4l2 as room
from rtpjpeg.capture.v4l2 import V4l2Camera, V4l2Device, device_path, list_devices
from rtpjpeg.errors import CaptureError
from rtpjpeg.frame import Frame
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.packetizer import packetize

Opener = Callable[[str, dict[str, str]], Any]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr(device, "CLOSE_SECONDS", 0)  # the gate holds its thread
    gate = Gate()
    yield gate
    gate.open()


def camera(opener: Opener, **options: Any) -> V4l2Camera:
    given = {"device": "/dev/video7", "clock": Clock()} | options
    return V4l2Camera("camera1", 160, 96, opener=opener, **given)


def read(source: V4l2Camera, gate: Gate) -> Frame:
    """Let one picture pass, and read it."""
    gate.let()
    frame = source.read(0)
    assert frame is not None
    return frame


# -- as PyAV opens it ----------------------------------------------------------------------------------


def test_it_asks_for_mjpeg_in_the_size_and_rate_that_are_wanted(gate: Gate) -> None:
    asked = []

    def opener(path: str, options: dict[str, str]) -> Container:
        asked.append((path, options))
        return Container(jpegs(2), gate)

    with camera(opener, fps=12.5) as source:
        assert (source.width, source.height, source.fps) == (160, 96, 30)
        assert [read(source, gate).jpeg for _ in range(2)] == list(jpegs(2))
        assert source.notices == ["160x96 at 12.5 a second asked for, the camera gives 160x96 at 30 a second"]
    wanted = {"input_format": "mjpeg", "video_size": "160x96", "framerate": "12.5"}
    assert asked == [("/dev/video7", wanted)]


def test_jpegs_pass_as_they_are(gate: Gate) -> None:
    plain = jpegs(1)[0]
    made = [
        plain,
        plain + bytes(512),
        without(plain, 0xC4) + b"\xff\xd8 left of the picture before",
        with_first(without(plain, 0xC4), Segment(0xE0, b"AVI1\0\0")),
        with_first(plain, Segment(0xDD, b"\0\4")),
        pillow(width=160, height=96, restart_marker_blocks=5),
    ]
    with camera(lambda *_: Container(made, gate)) as source:
        for data in made:
            frame = read(source, gate)
            assert data.startswith(frame.jpeg) and packetize(frame.jpeg)
        assert parse_jpeg(frame.jpeg).restart_interval == 5
    assert source.frames_broken == 0 and source.notices == []


def test_time_is_that_of_the_driver(gate: Gate) -> None:
    stamps = [999.25, 0.0, 1.7e9]  # of the monotonic clock, from some start, since 1970
    with camera(lambda *_: Container(jpegs(3), gate, stamps=stamps)) as source:
        assert [read(source, gate).captured_at for _ in stamps] == [999.25, 1000.0, 1000.0]


def test_a_buffer_that_the_driver_calls_damaged_is_left_out(gate: Gate) -> None:
    items = [jpegs(1)[0], b"", jpegs(1)[0][:500], jpegs(1)[0]]
    with camera(lambda *_: Container(items, gate)) as source:
        read(source, gate)
        for _ in range(2):
            gate.let()
            with pytest.raises(CaptureError, match="/dev/video7: only broken pictures"):
                source.read(0)
        read(source, gate)
        assert (source.frames_broken, source.frame_number) == (2, 3)


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENODEV, "x"), OSError(errno.EIO, "x"), av.error.OSError(errno.ENODEV, "x"), None]
)
def test_unplugged_and_plugged_in_again(fault: Exception | None, gate: Gate) -> None:
    first = [jpegs(2)[0], *([fault] if fault else [])]
    containers = [Container(first, gate), Container(jpegs(2), gate)]
    queue = iter(containers)
    with camera(lambda *_: next(queue)) as source:
        read(source, gate)
        gate.open()
        with pytest.raises(
            CaptureError, match="^/dev/video7: no camera is there: plug it in again"
        ) as caught:
            source.read(WAIT)
        assert "\n" not in str(caught.value)
        source.close()
        assert containers[0].closed == 1 and source.frames_broken == 0
        source.open()
        assert source.read(WAIT) is not None


def test_a_camera_without_mjpeg_is_asked_for_what_it_has(gate: Gate, tmp_path: Path) -> None:
    asked = []

    def opener(path: str, options: dict[str, str]) -> Any:
        asked.append(options)
        if "input_format" in options:
            raise av.error.ArgumentError(errno.EINVAL, "Invalid argument", path)
        return Gated(raw_video(tmp_path), gate)

    with camera(opener, quality=92) as source:
        assert len(asked) == 2 and asked[1] == {"video_size": "160x96", "framerate": "30"}
        assert source.notices == ["the camera gives no JPEGs: its pictures are encoded here"]
        for picture in pictures():
            frame = read(source, gate)
            assert parse_jpeg(frame.jpeg).q == 92 and psnr(decoded(frame.jpeg), picture) > 30


def raw_video(folder: Path) -> Any:
    """A container of YUYV pictures in limited range, as webcams give them."""
    frames = []
    for picture in pictures():
        y, v, u = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb).astype(np.float64))
        luma = y * 219 / 255 + 16
        chroma = np.stack([u[:, ::2], v[:, ::2]], axis=2).reshape(luma.shape)
        frames.append(np.stack([luma, (chroma - 128) * 224 / 255 + 128], axis=2).round().astype(np.uint8))
    path = folder / "frames.yuyv"
    path.write_bytes(b"".join(frame.tobytes() for frame in frames))
    options = {"video_size": "160x96", "pixel_format": "yuyv422", "framerate": "30"}
    return av.open(str(path), format="rawvideo", options=options)


def test_black_is_black_and_white_is_white(gate: Gate, tmp_path: Path) -> None:
    halves = np.full((96, 160, 2), 128, np.uint8)
    halves[:, :80, 0], halves[:, 80:, 0] = 16, 235
    (tmp_path / "frame").write_bytes(halves.tobytes())
    options = {"video_size": "160x96", "pixel_format": "yuyv422"}
    container = av.open(str(tmp_path / "frame"), format="rawvideo", options=options)
    with camera(lambda *_: Gated(container, gate), subsampling="422") as source:
        found = decoded(read(source, gate).jpeg)
    assert found[:, :72].max() < 3 and found[:, 88:].min() > 252


def test_a_raw_picture_outlives_its_device(gate: Gate, tmp_path: Path) -> None:
    with camera(lambda *_: Gated(raw_video(tmp_path), gate)) as source:
        gate.open()
        frame = source.read(WAIT)
        assert frame is not None
        with pytest.raises(CaptureError, match="no camera is there"):
            while source.read(WAIT):
                pass


def test_video_that_is_neither_is_refused(gate: Gate) -> None:
    container = Container([], gate, "h264")
    with pytest.raises(CaptureError, match="found h264 video, expected MJPEG or raw pictures"):
        camera(lambda *_: container).open()
    assert container.closed == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (av.error.FileNotFoundError(errno.ENOENT, "x"), "there is no such device"),
        (av.error.PermissionError(errno.EACCES, "x"), "it may not be opened: add your user to the group"),
        (av.error.OSError(errno.EBUSY, "x"), "another program uses it"),
        (av.error.ArgumentError(errno.EINVAL, "x"), "Invalid argument"),
    ],
)
def test_a_device_that_does_not_open_is_one_sentence(fault: Exception, said: str) -> None:
    def opener(path: str, options: dict[str, str]) -> Any:
        raise fault

    with pytest.raises(CaptureError) as caught:
        camera(opener).open()
    assert str(caught.value).startswith(f"/dev/video7: {said}")


def test_real_pyav_says_the_same_of_no_device(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "video9", "there is no such device"),
        (Path("/dev/null"), "it is no camera"),
    ):
        with pytest.raises(CaptureError, match=f"{path}: {said}"):
            V4l2Camera(device=str(path)).open()


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CaptureError, match=r"source v4l2 needs PyAV .*: run pip install 'rtpjpeg\[record\]'"):
        V4l2Camera(device="/dev/video0").open()


# -- real PyAV on files of MJPEG -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["avi", "mjpeg"])
def test_real_packets_are_the_jpegs_of_the_file(kind: str, gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / f"clip.{kind}"
    junk = b"junk" if kind == "avi" else b""
    chunks = [chunk(b"00dc", jpeg + junk) for jpeg in jpegs()]
    path.write_bytes(avi(chunks) if kind == "avi" else b"".join(jpegs()))
    with camera(lambda *_: Gated(av.open(str(path)), gate)) as source:
        assert [read(source, gate).jpeg for _ in range(3)] == list(jpegs())
        gate.open()
        with pytest.raises(CaptureError, match="no camera is there"):
            source.read(WAIT)
    assert source.frames_broken == 0


# -- which device --------------------------------------------------------------------------------------


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """What the kernel lists on a board with a codec, two webcams and a device for metadata."""
    places = {
        "video10": ("platform/codec", "codec", "0"),
        "video2": ("usb1/1-2", "HD Webcam", "0"),
        "video3": ("usb1/1-2", "HD Webcam", "1"),
        "video0": ("usb1/1-1", "Eye\n", "0"),
        "video4": ("virtual", None, None),
        "v4l-subdev0": ("platform/sensor", "imx219", "0"),
    }
    (tmp_path / "class").mkdir()
    for name, (place, card, index) in places.items():
        folder = tmp_path / "devices" / place / name
        folder.mkdir(parents=True)
        for key, value in (("name", card), ("index", index)):
            if value is not None:
                (folder / key).write_text(value)
        (tmp_path / "class" / name).symlink_to(folder)
    return tmp_path / "class"


def test_the_list_names_each_camera_once_and_webcams_first(listing: Path, tmp_path: Path) -> None:
    assert list_devices(listing) == [
        V4l2Device("/dev/video0", "Eye"),
        V4l2Device("/dev/video2", "HD Webcam"),
        V4l2Device("/dev/video4", "without a name"),
        V4l2Device("/dev/video10", "codec"),
    ]
    assert list_devices(tmp_path / "missing") == []


def test_the_wing_offers_the_list(listing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "list_devices", lambda: list_devices(listing))
    first = list_cameras("v4l2")[0]
    assert (first.source, first.index, first.id, first.model) == ("v4l2", 0, "/dev/video0", "Eye")


def test_a_device_is_a_path_an_index_or_the_nth(listing: Path) -> None:
    assert device_path("/dev/v4l/by-id/eye", "camera1", listing) == "/dev/v4l/by-id/eye"
    assert device_path("3", "camera1", listing) == "/dev/video3"
    assert [device_path(None, f"camera{n}", listing) for n in (1, 2)] == ["/dev/video0", "/dev/video2"]
    with pytest.raises(CaptureError, match=r"found /dev/video0 \(Eye\), /dev/video2 \(HD .* for camera5"):
        device_path(None, "camera5", listing)
    with pytest.raises(CaptureError, match="source v4l2: found no device; connect a camera for camera1"):
        device_path(None, "camera1", listing / "missing")


def test_a_device_may_be_there_or_not(tmp_path: Path) -> None:
    found = [is_present("v4l2", device, "camera1") for device in (str(tmp_path), "/dev/video97", "97")]
    assert found == [True, False, False]
    assert is_present("v4l2", None, "camera99") is False
