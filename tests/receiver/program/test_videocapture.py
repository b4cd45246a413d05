"""VideoCapture: what a program written for cv2.VideoCapture finds."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpjpeg
from peers import need_module
from photographs import encode, panned
from receiver.feeding import Feeder, free_ports, number_of, picture, write_capture
from rtpjpeg import (
    CaptureError,
    ConfigError,
    Packetizer,
    RtpJpegError,
    SessionDescription,
    TransportError,
    VideoCapture,
)
from rtpjpeg.net.pcap import write_datagrams
from rtpjpeg.receiver.decode import decode
from rtpjpeg.receiver.program.properties import Property, constant

FRAMES = 20


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def capture_file(tmp_path: Path) -> str:
    path = tmp_path / "camera.pcap"
    write_capture(path, frames=FRAMES)
    return str(path)


def source(port: int) -> str:
    return f"rtp://127.0.0.1:{port}"


def track_motion(capture: Any, target: str) -> dict[str, Any]:
    """A program as people write it for cv2.VideoCapture."""
    import cv2

    if not capture.isOpened():
        raise SystemExit("cannot open the camera")
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    writer = cv2.VideoWriter(target, cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    before, moved, positions, sums = None, 0, [], []
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        positions.append(capture.get(cv2.CAP_PROP_POS_MSEC))
        sums.append(int(frame.sum()))
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (5, 5), 0)
        small = cv2.resize(grey, (width // 2, height // 2))
        if before is not None:
            moved += int(cv2.absdiff(before, small).max() > 20)
        before = small
        cv2.rectangle(frame, (10, 10), (60, 60), (0, 0, 255), 2)
        cv2.putText(frame, "motion", (10, 80), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 0), 1)
        writer.write(frame)
    writer.release()
    capture.release()
    return {"size": (width, height), "fps": fps, "moved": moved, "positions": positions, "sums": sums}


def test_a_program_for_opencv_runs_with_another_constructor(tmp_path: Path, capture_file: str) -> None:
    cv2 = need_module("cv2")
    found = track_motion(VideoCapture(capture_file), str(tmp_path / "ours.avi"))
    video = str(tmp_path / "theirs-in.avi")
    writer = cv2.VideoWriter(video, cv2.VideoWriter_fourcc(*"MJPG"), 30.0, (320, 240))
    for number in range(FRAMES):
        writer.write(cv2.imdecode(np.frombuffer(picture(number), np.uint8), cv2.IMREAD_COLOR))
    writer.release()
    expected = track_motion(cv2.VideoCapture(video), str(tmp_path / "theirs.avi"))
    assert found["size"] == expected["size"] == (320, 240)
    assert found["fps"] == pytest.approx(expected["fps"], abs=0.01)
    assert len(found["positions"]) == len(expected["positions"]) == FRAMES
    assert found["positions"] == pytest.approx(expected["positions"], abs=0.1)
    assert found["moved"] == expected["moved"] == FRAMES - 1
    assert found["sums"] == pytest.approx(expected["sums"], rel=0.05)  # The strips differ.
    written = cv2.VideoCapture(str(tmp_path / "ours.avi"))
    assert sum(written.read()[0] for _ in range(FRAMES)) == FRAMES


def test_the_numbers_are_those_of_opencv() -> None:
    cv2 = need_module("cv2")
    for known in Property:
        assert getattr(cv2, f"CAP_PROP_{known.name}") == known
    assert constant(Property.FORMAT) == cv2.CV_8UC3
    assert constant(Property.FOURCC) == cv2.VideoWriter_fourcc(*"MJPG")
    assert {name for name in dir(cv2.VideoCapture) if not name.startswith("_")} - {"waitAny"} <= set(
        dir(VideoCapture)
    )


def test_a_live_stream_gives_its_newest_frame(port: int) -> None:
    capture = VideoCapture(source(port))
    with Feeder(port):
        assert capture.isOpened()
        numbers = [number_of(capture.read()[1]) for _ in range(8)]
    assert numbers == sorted(set(numbers))
    assert capture.get(Property.POS_FRAMES) == 8
    assert capture.get(Property.POS_MSEC) == pytest.approx((numbers[-1] - numbers[0]) / 30 * 1000)
    capture.release()


def test_size_and_rate_wait_for_the_first_frames(port: int) -> None:
    capture = VideoCapture(source(port))
    with Feeder(port):
        assert (capture.get(Property.FRAME_WIDTH), capture.get(Property.FRAME_HEIGHT)) == (320.0, 240.0)
        assert capture.get(Property.FPS) == pytest.approx(30.0)
        assert capture.get(Property.POS_FRAMES) == 0
        assert capture.read()[0]
    capture.release()


def test_what_an_sdp_file_says_is_answered_at_once(port: int, tmp_path: Path) -> None:
    path = tmp_path / "camera.sdp"
    said = SessionDescription("127.0.0.1", port, width=2592, height=1944, framerate=12.5)
    path.write_text(said.serialize())
    capture = VideoCapture(path)
    assert [capture.get(number) for number in (3, 4, 5)] == [2592.0, 1944.0, 12.5]
    capture.release()


def test_a_frame_that_was_looked_at_for_its_size_is_the_first_one_of_a_file(capture_file: str) -> None:
    capture = VideoCapture(capture_file)
    assert capture.get(Property.FPS) == pytest.approx(30.0)
    assert capture.get(Property.FRAME_WIDTH) == 320.0
    numbers = []
    while (found := capture.read())[0]:
        numbers.append(number_of(found[1]))
    assert numbers == list(range(FRAMES))
    assert capture.isOpened(), "as OpenCV says at the end of a file"


def test_of_a_capture_with_two_cameras_the_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.pcap"
    write_capture(path, frames=10, ports=(5000, 5002))
    capture = VideoCapture(path)
    numbers = []
    while (found := capture.read())[0]:
        numbers.append(number_of(found[1]))
    assert numbers == list(range(10))


def test_grab_takes_and_retrieve_gives(capture_file: str) -> None:
    capture = VideoCapture(capture_file)
    assert capture.retrieve() == (False, None), "nothing is grabbed yet"
    assert capture.grab() and capture.grab()
    ok, image = capture.retrieve()
    assert ok and number_of(image) == 1
    image[:] = 0  # type: ignore[index]
    assert number_of(capture.retrieve()[1]) == 1, "the program drew on its own image"
    assert number_of(capture.retrieve(None, 0)[1]) == 1


def test_an_image_may_be_filled(capture_file: str) -> None:
    capture = VideoCapture(capture_file)
    mine = np.zeros((240, 320, 3), np.uint8)
    ok, image = capture.read(mine)
    assert ok and image is mine and number_of(mine) == 0
    capture.grab()
    assert capture.retrieve(mine) == (True, mine) and number_of(mine) == 1
    other = np.zeros((8, 8, 3), np.uint8)
    assert capture.read(other)[1] is not other and not other.any()


def test_drawing_on_a_frame_shows_in_no_other(tmp_path: Path) -> None:
    """Lost parts of a picture are filled from the one before, not from what a program has made of it."""
    path = tmp_path / "holes.pcap"
    packetizer, datagrams = Packetizer(), []
    for number, image in enumerate(panned("chelsea", 320, 240, 8)):
        packets = list(packetizer.packetize(encode(image, 65, 85), number * 3000))
        for packet in packets[:9] + packets[11 if number else 9 :]:
            datagrams.append((1.8e9 + number / 30, ("192.0.2.1", 4000), ("192.0.2.2", 5000), packet))
    write_datagrams(path, datagrams)
    with rtpjpeg.open(path) as stream:
        frames = list(stream)
    untouched = [frame.image for frame in frames]
    assert [frame.concealed for frame in frames] == [False] + 7 * [True]
    capture = VideoCapture(path)
    for expected in untouched:
        ok, image = capture.read()
        assert ok and (image == expected).all()  # type: ignore[union-attr]
        image[:] = 255  # type: ignore[index]
    assert len(untouched) == 8 and capture.read() == (False, None)


def test_without_a_frame_read_gives_up(port: int, caplog: pytest.LogCaptureFixture) -> None:
    capture = VideoCapture(source(port), 0, [Property.OPEN_TIMEOUT_MSEC, 20, Property.READ_TIMEOUT_MSEC, 30])
    assert [capture.get(number) for number in (53, 54)] == [20.0, 30.0]
    assert capture.read() == (False, None)
    assert not capture.grab()
    assert [capture.get(number) for number in (3, 4, 5)] == [0.0, 0.0, 0.0]
    capture.setExceptionMode(True)
    assert capture.getExceptionMode()
    with pytest.raises(CaptureError, match=f"^{source(port)}: no frame came for 0.03 s$"):
        capture.read()
    capture.release()


def test_the_time_outs_are_five_seconds() -> None:
    capture = VideoCapture()
    assert [capture.get(number) for number in (53, 54)] == [5000.0, 5000.0]


def test_a_capture_without_a_source_is_closed() -> None:
    capture = VideoCapture()
    assert not capture.isOpened()
    assert capture.read() == (False, None)
    assert capture.get(Property.FRAME_WIDTH) == 0.0
    capture.release()
    capture.setExceptionMode(True)
    with pytest.raises(CaptureError, match="no source is open"):
        capture.grab()


@pytest.mark.parametrize("wrong", [0, "camera.mp4", "rtp://:0"])
def test_what_cannot_be_opened_is_one_line_and_no_error(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        capture = VideoCapture(wrong)
    assert not capture.isOpened()
    assert len(caplog.records) == 1 and "expected" in caplog.text
    capture.setExceptionMode(True)
    with pytest.raises(ConfigError, match="expected"):
        capture.open(wrong)


@pytest.mark.parametrize("params", [[3, 640], [53], [53, 0], [53, 100, 54]])
def test_params_that_cannot_be_used(
    params: list[int], capture_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not VideoCapture(capture_file, 0, params).isOpened()
    assert "params: found " in caplog.text


def test_a_taken_port_and_another_source(port: int, capture_file: str) -> None:
    first = VideoCapture(source(port))
    second = VideoCapture(capture_file)
    second.setExceptionMode(True)
    with pytest.raises(TransportError, match="taken by another program"):
        second.open(source(port))
    assert not second.isOpened()
    assert first.open(capture_file)
    assert second.open(source(port)), "the first one has left it"
    second.release()
    assert first.read()[0]
    first.release()


def test_constants_and_what_can_be_set(capture_file: str) -> None:
    capture = VideoCapture(capture_file)
    assert int(capture.get(Property.FOURCC)).to_bytes(4, "little") == b"MJPG"
    assert [capture.get(number) for number in (7, 16, 38, 42, 9999, -1)] == [0, 1, 1, 0, 0, 0]
    assert capture.get(Property.FORMAT) in (16, 64)
    assert capture.set(Property.BUFFERSIZE, 1) and not capture.set(Property.BUFFERSIZE, 4)
    assert not capture.set(Property.FRAME_WIDTH, 1280)
    assert not capture.set(Property.READ_TIMEOUT_MSEC, -1)
    assert capture.getBackendName() == "RTPJPEG"
    capture.release()


def test_a_capture_that_is_deleted_leaves_nothing(port: int) -> None:
    capture = VideoCapture(source(port))
    (receiving,) = [thread for thread in threading.enumerate() if thread.name == source(port)]
    del capture
    gc.collect()
    receiving.join()
    rtpjpeg.open(source(port)).close()


def test_a_file_that_breaks_is_a_line_and_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "broken.pcap"
    path.write_bytes(b"this is no capture")
    capture = VideoCapture(path)
    assert capture.read() == (False, None)
    assert f"{path}: found " in caplog.text


def test_a_frame_that_cannot_be_decoded_is_left_out(
    capture_file: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def decode_but_one(jpeg: bytes) -> Any:
        image = decode(jpeg)
        if number_of(image) == 1:
            raise RtpJpegError("a picture cannot be decoded: it is damaged")
        return image

    monkeypatch.setattr("rtpjpeg.receiver.painter.decode", decode_but_one)
    capture = VideoCapture(capture_file)
    assert [number_of(capture.read()[1]) for _ in range(2)] == [0, 2]
    assert "a frame is left out: a picture cannot be decoded: it is damaged" in caplog.text


def test_where_no_frame_can_be_decoded_read_gives_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(jpeg: bytes) -> Any:
        raise RtpJpegError("a picture cannot be decoded: it is damaged")

    monkeypatch.setattr("rtpjpeg.receiver.painter.decode", refuse)
    capture = VideoCapture(source(port), 0, [Property.READ_TIMEOUT_MSEC, 100])
    with Feeder(port):
        assert capture.read() == (False, None)
    capture.release()


def test_a_rate_that_is_known_needs_no_other_frame(capture_file: str) -> None:
    capture = VideoCapture(capture_file)
    while capture.read()[0]:
        pass
    assert capture.get(Property.FPS) == pytest.approx(30.0)
    assert capture.get(Property.POS_FRAMES) == FRAMES


def test_without_a_decoder_it_is_said_which_extra_brings_one(
    capture_file: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from rtpjpeg.receiver import decode as decode_room

    def missing() -> Any:
        raise ImportError

    monkeypatch.setattr(decode_room, "_simplejpeg", missing)
    monkeypatch.setattr(decode_room, "_opencv", missing)
    decode_room._decoder.cache_clear()
    capture = VideoCapture(capture_file)
    assert capture.isOpened() and capture.read() == (False, None)
    assert "install rtpjpeg[view]" in caplog.text
    decode_room._decoder.cache_clear()
