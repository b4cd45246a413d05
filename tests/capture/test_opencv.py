"""OpenCV: at the place where cv2.VideoCapture is made, and with real files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from capture.devices import WAIT, Capture, Gate
from capture.makers import avi, chunk, decoded, jpegs, pictures, psnr
from capture.test_base import Clock
from conformance.pictures import without
from rtpjpeg.capture import device, is_present
from rtpjpeg.capture import opencv as room
from rtpjpeg.capture.opencv import OpenCvCamera
from rtpjpeg.errors import CaptureError
from rtpjpeg.frame import Frame
from rtpjpeg.jpeg import parse_jpeg

Opener = Callable[..., Any]


def row(data: bytes) -> Any:
    """Bytes as OpenCV gives them: a picture of one row."""
    return np.frombuffer(data, np.uint8).reshape(1, -1)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setattr(device, "CLOSE_SECONDS", 0)  # the gate holds its thread
    gate = Gate(1)  # opening reads the first picture
    yield gate
    gate.open()


def camera(opener: Opener, **options: Any) -> OpenCvCamera:
    return OpenCvCamera("camera1", 160, 96, opener=opener, **({"clock": Clock()} | options))


def read(source: OpenCvCamera, gate: Gate, let: int = 1) -> Frame:
    gate.let(let)
    frame = source.read(0)
    assert frame is not None
    return frame


# -- as OpenCV opens it --------------------------------------------------------------------------------


def test_jpegs_pass_as_they_are(gate: Gate) -> None:
    asked = []
    made = [jpegs(1)[0] + bytes(99), without(jpegs(1)[0], 0xC4), jpegs(3)[2]]

    def opener(_: object, *arguments: Any) -> Capture:
        asked.append(arguments)
        return Capture([row(data) for data in made], gate)

    with camera(opener) as source:
        found = [read(source, gate, 0)] + [read(source, gate) for _ in range(2)]
        assert [frame.jpeg for frame in found] == [jpegs(1)[0], *made[1:]]
        assert source.frame_number == 2 and source.notices == []
    assert asked == [(0, True, (160, 96, 30.0))]


def test_pixels_are_encoded_where_there_are_no_jpegs(gate: Gate) -> None:
    asked: list[tuple[Any, ...]] = []
    captures: list[Capture] = []
    yuyv = [np.zeros((96, 160, 2), np.uint8)]

    def opener(_: object, *arguments: Any) -> Capture:
        asked.append(arguments)
        if len(asked) == 2:
            gate.grant()
        captures.append(Capture(yuyv if len(asked) == 1 else list(pictures()), gate))
        return captures[-1]

    with camera(opener, quality=90, device="3") as source:
        assert source.notices == ["the camera gives no JPEGs: its pictures are encoded here"]
        for picture, let in zip(pictures(), (0, 1, 1), strict=True):
            frame = read(source, gate, let)
            assert parse_jpeg(frame.jpeg).q == 90 and psnr(decoded(frame.jpeg), picture) > 30
    assert asked == [(3, True, (160, 96, 30.0)), (3, False, (160, 96, 30.0))]
    assert captures[0].released == 1


@pytest.mark.parametrize(("backend", "found"), [("V4L2", 999.5), ("FFMPEG", 1000.0)])
def test_time_is_that_of_the_driver(backend: str, found: float, gate: Gate) -> None:
    capture = Capture([row(jpegs(1)[0])], gate, backend=backend, milliseconds=999_500.0)
    with camera(lambda *_: capture) as source:
        assert read(source, gate, 0).captured_at == found


def test_a_camera_that_ends_is_gone(gate: Gate) -> None:
    captures = [Capture([row(jpegs(1)[0])], gate) for _ in range(2)]
    queue = iter(captures)
    with camera(lambda *_: next(queue), device="2") as source:
        read(source, gate, 0)
        gate.open()
        with pytest.raises(CaptureError, match="^OpenCV device 2: OpenCV gets no more pictures from it"):
            source.read(WAIT)
        source.close()
        assert captures[0].released == 1
        source.open()
        assert source.read(WAIT) is not None


def test_what_opencv_raises_is_one_sentence(gate: Gate) -> None:
    with camera(lambda *_: Capture([row(jpegs(1)[0]), cv2.error("two\nlines")], gate)) as source:
        read(source, gate, 0)
        gate.open()
        with pytest.raises(CaptureError, match="OpenCV device 0: error: two lines"):
            source.read(WAIT)


@pytest.mark.parametrize("given", [{"opened": False}, {}])
def test_what_gives_no_picture_is_said(given: dict[str, bool], gate: Gate) -> None:
    gate.open()
    made = []

    def opener(*_: Any) -> Capture:
        made.append(Capture([], gate, **given))
        return made[-1]

    with pytest.raises(CaptureError, match="^OpenCV device rtsp://x/1: OpenCV gets no picture from it"):
        camera(opener, device="rtsp://x/1").open()
    assert [capture.released for capture in made] == [1, 1]


def test_pictures_of_another_kind_are_refused(gate: Gate) -> None:
    gate.open()
    grey = np.zeros((96, 160), np.uint8)
    with pytest.raises(CaptureError, match=r"found pictures of shape \(96, 160\), expected BGR or JPEGs"):
        camera(lambda *_: Capture([grey], gate)).open()


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(
        CaptureError, match=r"source opencv needs OpenCV .*: run pip install 'rtpjpeg\[view\]'"
    ):
        OpenCvCamera().open()


# -- what a device is asked for ------------------------------------------------------------------------


class Words:
    """A cv2 that writes down what it is asked for."""

    def __init__(self, opens: tuple[int, ...]) -> None:
        self.opens = opens
        self.said: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(cv2, name)

    def VideoCapture(self, source: int | str, backend: int) -> Words:  # noqa: N802 - OpenCV's word
        self.said.append((source, backend))
        self.backend = backend
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's word
        return self.backend in self.opens

    def set(self, prop: int, value: float) -> bool:
        self.said.append((prop, value))
        return True


SIZE = [(cv2.CAP_PROP_FRAME_WIDTH, 640), (cv2.CAP_PROP_FRAME_HEIGHT, 480), (cv2.CAP_PROP_FPS, 30.0)]
MJPG = (cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
ONE = (cv2.CAP_PROP_BUFFERSIZE, 1)
RAW = (cv2.CAP_PROP_CONVERT_RGB, 0)
V4L2, ANY, FFMPEG = cv2.CAP_V4L2, cv2.CAP_ANY, cv2.CAP_FFMPEG


@pytest.mark.parametrize(
    ("source", "jpegs_wanted", "opens", "said"),
    [
        (0, True, (V4L2,), [(0, V4L2), MJPG, *SIZE, ONE, RAW]),
        (0, False, (V4L2,), [(0, V4L2), MJPG, *SIZE, ONE]),
        (1, True, (ANY,), [(1, V4L2), (1, ANY), MJPG, *SIZE, ONE, RAW]),
        ("/dev/video2", True, (), [("/dev/video2", V4L2), MJPG, *SIZE, ONE, RAW]),
        ("rtsp://x", True, (), [("rtsp://x", FFMPEG), ONE, (cv2.CAP_PROP_FORMAT, -1)]),
        ("clip.mp4", False, (), [("clip.mp4", ANY), ONE]),
    ],
)
def test_what_is_asked_for(
    source: int | str,
    jpegs_wanted: bool,
    opens: tuple[int, ...],
    said: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    words = Words(opens)
    room._open(words, source, jpegs_wanted, (640, 480, 30.0))
    assert words.said == said


def test_on_other_systems_any_camera_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    words = Words(())
    room._open(words, 0, False, (640, 480, 30.0))
    assert words.said[0] == (0, ANY) and words.said[1] == MJPG


def test_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    given = [(None, "camera2"), ("0", "camera2"), ("~/a.avi", "camera1"), ("rtsp://x/~", "camera1")]
    assert [room._source(*pair) for pair in given] == [1, 0, "/home/me/a.avi", "rtsp://x/~"]


def test_a_device_may_be_there_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    found = [is_present("opencv", device, "camera1") for device in (str(tmp_path), "97", "rtsp://x/1")]
    assert found == [True, False, None]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert is_present("opencv", None, "camera1") is None


# -- real OpenCV on files ------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """An AVI file of 25 frames a second with something behind each picture."""
    path = tmp_path / "clip.avi"
    path.write_bytes(avi([chunk(b"00dc", jpeg + b"junk") for jpeg in jpegs()]))
    return path


def played(source: OpenCvCamera) -> list[Frame]:
    return [frame for frame in iter(lambda: source.read(WAIT), None) if frame is not None]


def test_a_real_mjpeg_file_passes_as_it_is_at_its_own_pace(clip: Path) -> None:
    clock = Clock()
    with OpenCvCamera("camera1", 160, 96, 25, device=str(clip), clock=clock, sleep=clock.sleep) as source:
        assert (source.width, source.height, source.fps) == (160, 96, 25) and source.notices == []
        assert not source.live
        frames = played(source)
    assert [frame.jpeg for frame in frames] == list(jpegs())
    times = [frame.captured_at for frame in frames if frame.captured_at is not None]
    assert times == pytest.approx([1000, 1000.04, 1000.08])


def test_real_video_of_another_codec_is_encoded(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 25, (160, 96))
    assert writer.isOpened()
    for picture in pictures():
        writer.write(picture)
    writer.release()
    clock = Clock()
    with OpenCvCamera(device=str(path), quality=92, clock=clock, sleep=clock.sleep) as source:
        frames = played(source)
    assert len(frames) == 3
    for frame, picture in zip(frames, pictures(), strict=True):
        assert parse_jpeg(frame.jpeg).q == 92 and psnr(decoded(frame.jpeg), picture) > 30


def test_real_opencv_is_quiet_about_what_is_not_there(tmp_path: Path) -> None:
    code = (
        "import sys; from rtpjpeg.capture import open_camera\n"
        "for device in sys.argv[1:]:\n"
        "    try: open_camera('opencv', device=device)\n"
        "    except Exception as error: print(type(error).__name__, error)"
    )
    (tmp_path / "letter.txt").write_text("Dear Sir")
    devices = ["/dev/video97", "97", str(tmp_path / "gone.avi"), str(tmp_path / "letter.txt")]
    done = subprocess.run([sys.executable, "-c", code, *devices], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert done.stderr == "" and len(lines) == 4
    for name, line in zip(devices, lines, strict=True):
        assert line.startswith(f"CaptureError OpenCV device {name}: OpenCV gets no picture from it")
