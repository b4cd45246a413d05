"""What all device cameras promise, shown with a device of JPEGs and raw pictures."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from capture.devices import WAIT, Gate
from capture.makers import decoded, jpegs, pictures, psnr
from capture.test_base import Clock
from capture.test_feed import Scripted
from conformance.pictures import pillow, without
from rtpjpeg.capture import device as room
from rtpjpeg.capture.device import DeviceCamera, capture_time, load, place, whole
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.feed import Shot
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.capture.pictures import PLAIN
from rtpjpeg.errors import CaptureError
from rtpjpeg.jpeg import parse_jpeg

Item = bytes | Exception | None


class Fake(DeviceCamera):
    """Opens one scripted device after the other."""

    def __init__(self, *devices: list[Item] | Exception, **options: Any) -> None:
        super().__init__("camera1", 160, 96, 30, device="/dev/fake", clock=Clock(), **options)
        self.gate = Gate()
        self.feeds: list[Scripted] = []
        self._devices = iter(devices)

    def connect(self) -> Scripted:
        items = next(self._devices)
        if isinstance(items, Exception):
            raise items
        shots = [Shot(item, 5.0) if isinstance(item, bytes) else item for item in items]
        self.feeds.append(Scripted(shots, self.gate))  # type: ignore[arg-type]
        return self.feeds[-1]


@pytest.fixture
def opened() -> Iterator[list[Fake]]:
    """Cameras to close behind a test."""
    cameras: list[Fake] = []
    yield cameras
    for camera in cameras:
        camera.gate.open()
        camera.close()


def make(opened: list[Fake], *devices: list[Item] | Exception, **options: Any) -> Fake:
    opened.append(Fake(*devices, **options))
    return opened[-1]


def test_the_newest_wins(opened: list[Fake]) -> None:
    camera = make(opened, list(jpegs(3)))
    camera.open()
    assert camera.live
    camera.gate.let(1)
    first = camera.read(0)
    camera.gate.let(2)
    last = camera.read(0)
    assert first is not None and last is not None
    assert (first.jpeg, last.jpeg, camera.frame_number) == (jpegs(3)[0], jpegs(3)[2], 2)
    assert (last.width, last.height, last.captured_at) == (160, 96, 5.0)
    assert camera.notices == [] and camera.set_quality(50) is False


def test_silence_is_a_fault_that_may_pass(opened: list[Fake]) -> None:
    camera = make(opened, list(jpegs(1)))
    with pytest.raises(CaptureError, match="/dev/fake: no picture for 0 s; look at its cable and its power"):
        camera.read(0)
    camera.gate.let()
    assert camera.read(0) is not None


def test_broken_pictures_are_counted_and_left_out(opened: list[Fake]) -> None:
    jpeg = jpegs(1)[0]
    camera = make(opened, [b"", jpeg[:-200], b"GIF89a", jpeg + bytes(64)])
    for _ in range(3):
        camera.open()
        camera.gate.let()
        with pytest.raises(CaptureError, match="only broken pictures for 0 s"):
            camera.read(0)
    camera.gate.let()
    frame = camera.read(0)
    assert frame is not None and frame.jpeg == jpeg
    assert (camera.frames_broken, camera.frame_number) == (3, 3)
    assert camera.notices == ["a picture came broken and is left out; more are counted in silence"]


def test_a_broken_picture_does_not_end_the_wait(opened: list[Fake]) -> None:
    camera = make(opened, [b"", jpegs(1)[0]])
    camera.open()
    camera.gate.let()
    threading.Thread(target=camera.gate.grant).start()
    frame = camera.read(WAIT)
    assert frame is not None and camera.frame_number == 1


FAULTS = {
    errno.ENOENT: "there is no such device (No such file",
    errno.EBUSY: "another program uses it: end that first (",
    errno.EACCES: "it may not be opened: add your user to the group video (",
    errno.ENODEV: "no camera is there: plug it in again",
    errno.EIO: "no camera is there: plug it in again",
    errno.ENOTTY: "it is no camera (",
    errno.ENOMEM: "Cannot allocate memory",
}


@pytest.mark.parametrize("number", FAULTS)
def test_a_device_that_does_not_open_is_one_sentence(number: int, opened: list[Fake]) -> None:
    camera = make(opened, OSError(number, "x"), list(jpegs(1)))
    with pytest.raises(CaptureError) as caught:
        camera.open()
    assert str(caught.value).startswith(f"device /dev/fake: {FAULTS[number]}")
    assert "\n" not in str(caught.value)
    camera.open()
    camera.gate.let()
    assert camera.read(0) is not None


@pytest.mark.parametrize("fault", [OSError(errno.ENODEV, "x"), OSError(errno.EIO, "x"), EOFError()])
def test_a_camera_that_is_pulled_out_may_come_back(fault: Exception, opened: list[Fake]) -> None:
    camera = make(opened, [jpegs(2)[0], fault], [jpegs(2)[1]])
    camera.open()
    camera.gate.let()
    assert camera.read(0) is not None
    threading.Thread(target=camera.gate.grant).start()
    for _ in range(2):
        with pytest.raises(CaptureError, match="device /dev/fake: no camera is there: plug it in again"):
            camera.read(WAIT)
    assert camera.feeds[0].closed.wait(WAIT)
    camera.close()
    camera.open()
    camera.gate.open()
    frame = camera.read(WAIT)
    assert frame is not None and frame.jpeg == jpegs(2)[1] and camera.frame_number == 0


def test_an_odd_fault_is_named_in_one_line(opened: list[Fake]) -> None:
    camera = make(opened, ValueError("two\nlines"))
    with pytest.raises(CaptureError, match="device /dev/fake: ValueError: two lines"):
        camera.open()


def test_a_device_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "OPEN_SECONDS", 0)
    release = threading.Event()
    feed = Scripted([], Gate())

    class Hanging(Fake):
        def connect(self) -> Scripted:
            release.wait(WAIT)
            return feed

    with pytest.raises(CaptureError, match="device /dev/fake: it does not answer"):
        Hanging().open()
    release.set()
    assert feed.closed.wait(WAIT)


def test_closing_leaves_a_thread_that_hangs(opened: list[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CLOSE_SECONDS", 0)
    camera = make(opened, list(jpegs(1)))
    camera.close()
    camera.open()
    camera.open()
    camera.close()
    camera.close()
    camera.gate.open()
    assert len(camera.feeds) == 1 and camera.feeds[0].closed.wait(WAIT)


def test_a_file_waits_and_ends(opened: list[Fake]) -> None:
    class File(Fake):
        def connect(self) -> Scripted:
            feed = super().connect()
            feed.is_file = True
            return feed

    camera = File([*jpegs(3)[:2], b"broken", jpegs(3)[2], None])
    opened.append(camera)
    camera.open()
    camera.gate.open()
    frames = [camera.read(WAIT) for _ in range(3)]
    assert [frame.jpeg for frame in frames if frame is not None] == list(jpegs(3))
    assert not camera.live and camera.frame_number == 3
    assert camera.read(WAIT) is None and camera.read(WAIT) is None


# -- raw pictures and foreign JPEGs --------------------------------------------------------------------


class Raw(Fake):
    """A device of pixels."""

    def connect(self) -> Scripted:
        def encode(encoder: JpegEncoder) -> bytes:
            return encoder.encode_bgr(pictures()[0])

        feed = Scripted([Shot(encode, 5.0)] * 3, self.gate)
        feed.raw = True
        return feed


@pytest.mark.parametrize("subsampling", ["420", "422"])
def test_raw_pictures_are_encoded(subsampling: str, opened: list[Fake]) -> None:
    camera = Raw(quality=90, subsampling=subsampling, restart_interval=4)
    opened.append(camera)
    camera.open()
    assert camera.notices == ["the camera gives no JPEGs: its pictures are encoded here"]
    camera.gate.let()
    frame = camera.read(0)
    assert frame is not None and psnr(decoded(frame.jpeg), pictures()[0]) > 30
    found = parse_jpeg(frame.jpeg)
    assert (found.q, found.type, found.restart_interval) == (90, int(subsampling == "420"), 4)
    assert camera.set_quality(40) is True
    camera.gate.let()
    frame = camera.read(0)
    assert frame is not None and parse_jpeg(frame.jpeg).q == 40


def test_raw_pictures_that_are_too_large_are_refused(opened: list[Fake]) -> None:
    class Large(Raw):
        def connect(self) -> Scripted:
            feed = super().connect()
            feed.width = 2048
            return feed

    opened.append(Large())
    with pytest.raises(CaptureError, match="found 2048x96 pixels, expected at most 2040 a side"):
        opened[-1].open()


@pytest.mark.parametrize("room_of_packets", [None, PacketRoom(1328)])
def test_jpegs_without_markers_are_said_where_markers_are_wanted(
    room_of_packets: PacketRoom | None, opened: list[Fake]
) -> None:
    plain, marked = jpegs(1)[0], pillow(width=160, height=96, restart_marker_blocks=5)
    for first, said in ((plain, [PLAIN] if room_of_packets else []), (marked, [])):
        camera = make(opened, [first, plain], packet_room=room_of_packets)
        camera.open()
        for _ in range(2):
            camera.gate.let()
            assert camera.read(0) is not None
        assert camera.notices == said


def test_a_slow_camera_is_not_taken_for_a_silent_one(opened: list[Fake]) -> None:
    class Slow(Fake):
        def connect(self) -> Scripted:
            feed = super().connect()
            feed.fps = 0.25
            return feed

    camera = Slow([])
    opened.append(camera)
    camera.open()
    assert camera._reader is not None
    waited: list[float] = []
    camera._reader.slot.get = lambda timeout: waited.append(timeout)  # type: ignore[assignment,misc,return-value]
    with pytest.raises(CaptureError, match="no picture for 8 s"):
        camera.read(1.0)
    assert waited == [8.0]


def test_a_missing_encoder_is_said_at_once(opened: list[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpjpeg.capture.encode._load", lambda name: (None, f"{name}: missing"))
    camera = Raw()
    opened.append(camera)
    with pytest.raises(CaptureError, match="no JPEG encoder"):
        camera.open()


@pytest.mark.parametrize("transcode", [False, True])
def test_foreign_jpegs_are_encoded_again_where_that_is_asked_for(transcode: bool, opened: list[Fake]) -> None:
    foreign = pillow(optimize=True, width=160, height=96)
    camera = make(opened, [foreign, jpegs(1)[0]], transcode=transcode, quality=70)
    camera.open()
    camera.gate.let()
    frame = camera.read(0)
    assert frame is not None
    assert (parse_jpeg(frame.jpeg).q == 70) if transcode else (frame.jpeg == foreign)
    camera.gate.let()
    frame = camera.read(0)
    assert frame is not None and frame.jpeg == jpegs(1)[0]
    assert len(camera.notices) == transcode


def test_another_size_than_asked_for_is_said_and_fitted(opened: list[Fake]) -> None:
    class Large(Fake):
        def connect(self) -> Scripted:
            feed = Scripted([], self.gate)
            feed.width, feed.height, feed.fps = 2592, 1944, 0.0
            return feed

    for transcode, size in ((False, (2592, 1944)), (True, (1944, 1458))):
        camera = Large(transcode=transcode)
        opened.append(camera)
        camera.open()
        assert (camera.width, camera.height) == size and camera.fps == 30
        assert camera.notices == [
            "160x96 at 30 a second asked for, the camera gives 2592x1944 at 30 a second"
        ]


# -- small things --------------------------------------------------------------------------------------


def test_what_follows_a_picture_is_cut() -> None:
    jpeg = jpegs(1)[0]
    for data in (jpeg, jpeg + bytes(9), jpeg + jpeg, without(jpeg, 0xC4) + b"x"):
        found = whole(data)
        assert found is not None and data.startswith(found.jpeg) and found.jpeg[-2:] == b"\xff\xd9"
        assert (found.width, found.height) == (160, 96) and len(found.jpeg) <= len(jpeg)


@pytest.mark.parametrize("cut", [0, 1, 2, 20, 300, -100, -1])
def test_a_picture_cut_short_is_none(cut: int) -> None:
    assert whole(jpegs(1)[0][:cut]) is None
    assert not cut or whole(jpegs(1)[0][:cut] + jpegs(1)[0]) is None


def test_a_picture_without_a_size_is_none() -> None:
    assert whole(without(jpegs(1)[0], 0xC0)) is None


@pytest.mark.parametrize(
    ("stamp", "found"),
    [(None, 1000), (999.98, 999.98), (1000.5, 1000), (1.7e9, 1000), (0, 1000), (500, 1000)],
)
def test_a_stamp_of_another_clock_is_not_used(stamp: float | None, found: float) -> None:
    assert capture_time(stamp, 1000.0) == found


def test_places() -> None:
    assert [place(name) for name in ("camera1", "camera2", "front", "cam0")] == [0, 1, 0, 0]


def test_a_missing_library_names_its_extra() -> None:
    with pytest.raises(CaptureError) as caught:
        load("no_such_module", "v4l2", "PyAV", "record")
    assert str(caught.value) == (
        "source v4l2 needs PyAV (No module named 'no_such_module'): run pip install 'rtpjpeg[record]'"
    )
