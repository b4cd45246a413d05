"""Cameras of a Raspberry Pi: picamera2 itself, unmodified, on stand-ins for what lies below it."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from capture.makers import Pixels, decoded
from rtpjpeg.capture import is_present
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.capture.picamera2 import Picamera2Camera, suspended_seconds
from rtpjpeg.errors import CaptureError, ConfigError
from rtpjpeg.framing import Framing
from rtpjpeg.jpeg import parse_jpeg
from standins.rig import Rig, plugged_in

WIDTH, HEIGHT = 320, 240


@pytest.fixture
def rig() -> Iterator[Rig]:
    with plugged_in() as found:
        yield found


def camera(rig: Rig, framing: Framing = Framing(WIDTH, HEIGHT), **options: Any) -> Picamera2Camera:  # noqa: B008
    return Picamera2Camera(**{"framing": framing, "quality": 95, "clock": rig.clock, **options})


def picture(rig: Rig, framing: Framing = Framing(WIDTH, HEIGHT), **options: Any) -> Pixels:  # noqa: B008
    """One picture, BGR."""
    with camera(rig, framing, **options) as source:
        return decoded(source.read().jpeg)


def patches(image: Pixels, rows: int = 3, columns: int = 4) -> list[list[tuple[int, ...]]]:
    """The colours in the middle of each patch as red, green, blue, each rounded to a step of 32."""
    height, width = image.shape[:2]
    return [
        [
            tuple(
                round(int(value) / 32) * 32
                for value in image[
                    int((row + 0.5) * height / rows), int((column + 0.5) * width / columns), ::-1
                ]
            )
            for column in range(columns)
        ]
        for row in range(rows)
    ]


def full_view(rig: Rig, **options: Any) -> Pixels:
    """A picture of the whole sensor of the second camera, whose shape is nearly 4:3."""
    return picture(rig, Framing(640, 480), device="1", **options)


PLAIN = [
    [(0, 0, 0), (256, 256, 256), (256, 0, 0), (0, 256, 0)],
    [(0, 0, 256), (256, 256, 0), (0, 256, 256), (256, 0, 256)],
    [(96, 96, 96), (64, 128, 192), (192, 128, 64), (160, 160, 160)],
]


# -- which camera -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "device", "model"),
    [
        ("camera1", None, "imx708"),
        ("camera2", None, "imx219"),
        ("front", None, "imx708"),
        ("camera1", "1", "imx219"),
        ("camera2", "/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a", "imx708"),
    ],
)
def test_a_camera_is_found_by_its_name_number_or_id(
    name: str, device: str | None, model: str, rig: Rig
) -> None:
    with camera(rig, name=name, device=device):
        assert [found.acquired for found in (rig.first, rig.second)] == [model == "imx708", model == "imx219"]


@pytest.mark.parametrize(
    ("name", "device", "said"),
    [
        ("camera3", None, "found no camera 2 for camera3, expected 0 (/base/axi/"),
        ("camera1", "2", "device: found 2, expected 0 (/base/axi/"),
        ("camera1", "/dev/video0", "device: found /dev/video0, expected 0 (/base/axi/"),
    ],
)
def test_a_camera_that_is_not_there_is_told_with_those_that_are(
    name: str, device: str | None, said: str, rig: Rig
) -> None:
    with pytest.raises(CaptureError) as caught:
        camera(rig, name=name, device=device).open()
    assert str(caught.value).startswith(said) and "imx219@10)" in str(caught.value)


def test_no_camera_at_all(rig: Rig) -> None:
    rig.manager.cameras.clear()
    with pytest.raises(CaptureError, match="no camera is there: look at its cable"):
        camera(rig).open()


def test_one_that_another_program_has(rig: Rig) -> None:
    rig.first.acquire()
    with pytest.raises(CaptureError) as caught:
        camera(rig).open()
    assert str(caught.value) == (
        "camera 0 cannot be opened: Failed to acquire camera: Device or resource busy;"
        " another program may have it"
    )


@pytest.mark.parametrize("module", ["picamera2", "libcamera"])
def test_without_the_camera_stack_one_sentence_says_how_to_get_it(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CaptureError) as caught:
        Picamera2Camera().open()
    said = str(caught.value)
    assert said.startswith("picamera2 cannot be imported (") and "\n" not in said
    assert "sudo apt install python3-picamera2" in said and "--system-site-packages" in said


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="fps: found 0, expected a rate above 0 for a camera"):
        Picamera2Camera(fps=0)


# -- what is in the picture ---------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [0, 20])
def test_black_is_black_and_white_is_white(interval: int, rig: Rig) -> None:
    """The range is JPEG's, 0 to 255: television's, 16 to 235, would look washed out."""
    image = full_view(rig, restart_interval=interval)
    black, white = image[20:140, 20:140], image[20:140, 180:300]
    assert black.max() <= 2 and white.min() >= 253
    assert patches(image) == PLAIN


def test_television_range_would_be_noticed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Had we left the choice to picamera2, the test above would fail: the stand-in draws what it is told."""
    libcamera = sys.modules["libcamera"]
    monkeypatch.setattr(libcamera.ColorSpace, "Sycc", libcamera.ColorSpace.Smpte170m)
    image = full_view(rig)
    assert image[80, 80].tolist() == pytest.approx([16, 16, 16], abs=2)


@pytest.mark.parametrize("interval", [0, 20])
@pytest.mark.parametrize("alignment", [64, 128])
@pytest.mark.parametrize("size", [(328, 240), (322, 242), (321, 241)])
def test_padding_is_no_part_of_the_picture(
    size: tuple[int, int], alignment: int, interval: int, rig: Rig
) -> None:
    rig.second.alignment = alignment
    image = picture(rig, Framing(*size), device="1", restart_interval=interval)
    assert image.shape == (size[1], size[0], 3)
    assert patches(image) == PLAIN
    assert patches(image[:, -16:], columns=1) == [[row[3]] for row in PLAIN]


FLIPPED = {
    "none": PLAIN,
    "horizontal-flip": [row[::-1] for row in PLAIN],
    "vertical-flip": PLAIN[::-1],
    "rotate-180": [row[::-1] for row in PLAIN[::-1]],
}
TURNED = {
    "rotate-90": [[PLAIN[2 - column][row] for column in range(3)] for row in range(4)],
    "rotate-270": [[PLAIN[column][3 - row] for column in range(3)] for row in range(4)],
}


@pytest.mark.parametrize("method", FLIPPED)
def test_the_camera_flips(method: str, rig: Rig) -> None:
    with camera(rig, Framing(640, 480, flip_method=method), device="1") as source:
        assert patches(decoded(source.read().jpeg)) == FLIPPED[method]
        assert source.notices == []
        transform = source._pipeline._picam2.camera_configuration()["transform"]  # type: ignore[union-attr]
    assert (transform.hflip, transform.vflip) == Framing(8, 8, flip_method=method).flips


@pytest.mark.parametrize("interval", [0, 20])
@pytest.mark.parametrize("method", TURNED)
def test_quarters_are_turned_by_the_processor_which_is_said(method: str, interval: int, rig: Rig) -> None:
    framing = Framing(640, 480, flip_method=method)
    with camera(rig, framing, device="1", restart_interval=interval) as source:
        frame = source.read()
        assert (frame.width, frame.height) == (source.width, source.height) == (480, 640)
        assert patches(decoded(frame.jpeg), 4, 3) == TURNED[method]
        (notice,) = source.notices
    assert notice == f"camera1: {method} costs time for each picture: the camera cannot do it"


@pytest.mark.parametrize("method", ["horizontal-flip", "rotate-180", "none"])
def test_a_camera_that_cannot_flip_is_helped(method: str, rig: Rig) -> None:
    rig.second.flips = False
    with camera(rig, Framing(640, 480, flip_method=method), device="1") as source:
        assert patches(decoded(source.read().jpeg)) == FLIPPED[method]
        assert len(source.notices) == (method != "none")


def test_a_crop_is_cut_out_on_the_sensor(rig: Rig) -> None:
    framing = Framing(640, 480, crop=(0, 160, 320, 160))
    with camera(rig, framing, device="1") as source:
        frame = source.read()
        assert (source.width, source.height) == (frame.width, frame.height) == (320, 160)
        assert patches(decoded(frame.jpeg), 1, 2) == [PLAIN[1][:2]]
        region = rig.second.applied["ScalerCrop"]
    assert (region.x, region.y, region.width, region.height) == (0, 822, 1640, 820)


def test_a_crop_is_scaled_to_the_target_size(rig: Rig) -> None:
    framing = Framing(640, 480, crop=(320, 0, 320, 160), target_size=(640, 480))
    image = picture(rig, framing, device="1")
    assert image.shape == (480, 640, 3)
    assert patches(image, 1, 2) == [PLAIN[0][2:]]


def test_the_target_size_is_the_size_sent(rig: Rig) -> None:
    image = picture(rig, Framing(640, 480, target_size=(160, 120), flip_method="rotate-90"), device="1")
    assert image.shape == (160, 120, 3)
    assert patches(image, 4, 3) == TURNED["rotate-90"]


def test_a_crop_that_a_camera_cannot_do_is_refused(rig: Rig) -> None:
    controls = rig.first.controls
    rig.first.controls = {known: info for known, info in controls.items() if known.name != "ScalerCrop"}
    with pytest.raises(CaptureError, match="crop: this camera cannot crop"):
        camera(rig, Framing(640, 480, crop=(0, 0, 320, 240))).open()


@pytest.mark.parametrize(
    ("missing", "interval", "subsampling", "pixels"),
    [
        (None, 0, "420", "YUV420"),
        (None, 20, "420", "RGB888"),
        (None, 0, "422", "RGB888"),
        ("cv2", 0, "420", "YUV420"),
        ("cv2", 20, "420", "YUV420"),
        ("simplejpeg", 0, "420", "RGB888"),
    ],
)
def test_the_cheapest_way_to_a_jpeg(
    missing: str | None,
    interval: int,
    subsampling: str,
    pixels: str,
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        if missing:
            patch.setitem(sys.modules, missing, None)
        source = camera(
            rig, Framing(640, 480), device="1", restart_interval=interval, subsampling=subsampling
        )
    with source:
        jpeg = source.read().jpeg
        assert str(rig.second.configuration.at(0).pixel_format) == pixels
    assert parse_jpeg(jpeg).type & 63 == (1 if subsampling == "420" else 0)
    assert patches(decoded(jpeg)) == PLAIN


def test_restart_intervals_can_be_fitted_to_packets(rig: Rig) -> None:
    with camera(rig, Framing(640, 480), device="1", packet_room=PacketRoom(1300)) as source:
        image = parse_jpeg(source.read().jpeg)
        assert str(rig.second.configuration.at(0).pixel_format) == "RGB888"
    assert image.type == 1 and image.restart_interval > 0


# -- what it makes of the wishes ----------------------------------------------------------------------


def test_a_smaller_picture_than_asked_for_is_said_once(rig: Rig) -> None:
    rig.first.largest = sys.modules["libcamera"].Size(200, 100)
    source = camera(rig)
    for _ in range(2):
        with source:
            frame = source.read()
            assert (source.width, source.height) == (frame.width, frame.height) == (200, 100)
            assert decoded(frame.jpeg).shape == (100, 200, 3)
    assert source.notices == ["camera1: the camera gives 200x100 instead of 320x240"]


def test_pixels_that_nobody_asked_for_are_refused(rig: Rig) -> None:
    rig.first.formats = ["MJPEG"]
    with pytest.raises(CaptureError, match="it gives MJPEG, expected YUV420 or RGB888: take source v4l2"):
        camera(rig).open()
    assert not rig.first.acquired


def test_the_frame_rate_is_fixed(rig: Rig) -> None:
    with camera(rig, fps=25) as source:
        assert rig.first.applied["FrameDurationLimits"] == (40000, 40000)
        assert (source.fps, source.notices) == (25, [])


def test_the_frame_rate_may_change_while_it_runs(rig: Rig) -> None:
    source = camera(rig, fps=50)
    assert not source.set_fps(20.0), "not before it is open"
    with source:
        assert source.set_fps(20.0) and source.fps == 20.0
        source.read()
        source.read()
        assert rig.first.applied["FrameDurationLimits"] == (50000, 50000)
        assert not source.set_fps(0.0) and source.fps == 20.0


def test_whether_a_camera_is_there_can_be_asked(rig: Rig) -> None:
    assert is_present("picamera2", None, "camera2") and not is_present("picamera2", "7", "camera1")
    assert is_present("auto", None, "camera1") and is_present("synthetic", None, "camera1") is None


def test_a_rate_that_the_sensor_does_not_reach_is_said(rig: Rig) -> None:
    with camera(rig, fps=500) as source:
        assert rig.first.applied["FrameDurationLimits"] == (8333, 8333)
        assert source.fps == pytest.approx(120, rel=1e-3)
        assert source.notices == ["camera1: the camera gives 120 frames a second instead of 500"]


def test_controls_are_passed_on_and_win(rig: Rig) -> None:
    controls = {"AwbMode": "Indoor", "ExposureTime": 5000, "FrameDurationLimits": [33333, 100000]}
    with camera(rig, controls=controls) as source:
        source.read()
    applied = rig.first.applied
    assert (applied["AwbMode"], applied["ExposureTime"], applied["ExposureTimeMode"]) == (4, 5000, 1)
    assert list(applied["FrameDurationLimits"]) == [33333, 100000]


def test_all_faults_of_controls_come_at_once_and_the_camera_is_free_again(rig: Rig) -> None:
    with pytest.raises(CaptureError) as caught:
        camera(rig, controls={"Exposure": 1, "AwbMode": "Sunny", "Sharpness": 17}).open()
    said = str(caught.value)
    assert "Exposure: this camera has no such control; did you mean ExposureTime?" in said
    assert "AwbMode: found Sunny, expected Auto or Incandescent or" in said
    assert "Sharpness: found 17, expected 0.0 to 16.0" in said
    assert "\n" not in said and not rig.first.acquired


# -- when it was taken --------------------------------------------------------------------------------


def test_the_capture_time_is_the_sensors(rig: Rig) -> None:
    with camera(rig) as source:
        taken = rig.manager.now_ns
        rig.manager.now_ns += 5_000_000
        assert source.read().captured_at == pytest.approx(taken * 1e-9, abs=1e-9)


def test_a_sensor_that_counts_sleep_is_told_from_one_that_does_not(rig: Rig) -> None:
    """CLOCK_BOOTTIME of a machine that has slept an hour lies in the future of CLOCK_MONOTONIC."""
    with camera(rig, clock=lambda: rig.clock() - 3600, suspended=lambda: 3600.0) as source:
        taken = rig.clock()
        assert source.read().captured_at == pytest.approx(taken - 3600, abs=1e-9)


def test_a_picture_without_a_time_has_that_of_its_reading(rig: Rig) -> None:
    rig.manager.stamps = False
    with camera(rig) as source:
        now = rig.clock()
        assert source.read().captured_at == now


def test_with_the_clocks_of_the_machine_a_picture_is_of_the_past(rig: Rig) -> None:
    assert suspended_seconds() >= 0
    source = Picamera2Camera(framing=Framing(WIDTH, HEIGHT))
    for now in (time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)):
        rig.manager.now_ns = now - 40_000_000
        with source:
            captured_at = source.read().captured_at
        assert captured_at is not None
        assert now * 1e-9 - suspended_seconds() - 1 < captured_at <= time.monotonic()


# -- what goes wrong ----------------------------------------------------------------------------------


def test_a_stall_is_told_and_what_comes_after_it_is_counted(rig: Rig) -> None:
    with camera(rig, fps=100) as source:
        source.read()
        rig.first.stalled = True
        source.read()
        with pytest.raises(CaptureError) as caught:
            source.read(timeout=0)
        assert str(caught.value) == "no picture for 0.02 s: look at the camera's cable"
        assert rig.first.all_back()
        rig.manager.now_ns += 3_000_000_000
        rig.first.resume()
        source.read()
        assert source.frame_number == 1 + 301


def test_a_picture_from_before_a_stall_is_not_given(rig: Rig) -> None:
    with camera(rig) as source:
        source.read()
        rig.first.settle()
        rig.manager.now_ns += 3_000_000_000
        frame = source.read(timeout=1.0)
        assert frame.captured_at == pytest.approx(rig.clock(), abs=0.1)


def test_a_camera_that_is_pulled_out_is_told_closed_and_opened_when_it_is_back(rig: Rig) -> None:
    pulled = rig.first
    source = camera(rig, device=pulled.id, fps=100)
    source.open()
    source.read()
    pulled.unplug()
    source.read()  # the one that was waiting
    with pytest.raises(CaptureError, match="look at the camera's cable"):
        source.read(timeout=0)
    source.close()
    with pytest.raises(CaptureError, match="device: found /base/.*imx708@1a, expected 0 .*imx219@10"):
        source.open()
    pulled.stalled = False
    rig.manager.cameras.append(pulled)
    with source:
        assert source.read().width == WIDTH


def test_the_other_camera_goes_on(rig: Rig) -> None:
    with camera(rig, name="camera1", fps=100) as one, camera(rig, name="camera2") as other:
        rig.first.stalled = True
        one.read()
        with pytest.raises(CaptureError):
            one.read(timeout=0)
        one.close()
        for _ in range(3):
            assert other.read() is not None


@pytest.mark.parametrize("method", ["configure", "start"])
def test_a_camera_that_does_not_start_is_told_and_given_back(method: str, rig: Rig) -> None:
    rig.first.faults[method] = RuntimeError("Input/output\nerror")
    source = camera(rig)
    with pytest.raises(CaptureError, match="^camera 0 cannot be started: Input/output error$"):
        source.open()
    assert not rig.first.acquired
    rig.first.faults.clear()
    with source:
        source.read()


def test_a_pipeline_that_breaks_is_told_at_once_and_nothing_is_printed(
    rig: Rig, capfd: pytest.CaptureFixture[str]
) -> None:
    with camera(rig) as source:
        source.read()
        rig.first.settle()
        rig.first.faults["queue_request"] = RuntimeError("the front end timed out")
        rig.first.expose()  # picamera2 gives the older one back, in a thread of its own
        for _ in range(2):
            with pytest.raises(CaptureError, match="the front end timed out"):
                while True:
                    source.read()
        rig.first.faults.clear()
    assert capfd.readouterr().err == ""
    with source:
        source.read()


def test_every_picture_is_given_back_even_when_it_cannot_be_encoded(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with camera(rig) as source:
        rig.first.settle()
        rig.first.stalled = True
        with monkeypatch.context() as patch:
            patch.setattr(source._encoder, "encode_planes", lambda *planes: 1 / 0)
            with pytest.raises(CaptureError) as caught:
                source.read()
        assert str(caught.value) == "the camera gives no pictures: division by zero"
        assert rig.first.all_back()
        rig.first.resume()
        source.read()
    gc.collect()  # what was caught holds no array of the camera's memory either


def test_no_array_outlives_its_picture(rig: Rig) -> None:
    """The memory is the camera's: picamera2 could not unmap it under an array (BufferError)."""
    for interval in (0, 20):
        with camera(rig, restart_interval=interval) as source:
            source.read()
        gc.collect()


def test_closing_does_not_wait_for_a_camera_that_does_not_answer(rig: Rig) -> None:
    gate = threading.Event()
    source = camera(rig, close_seconds=0.0)
    source.open()
    rig.first.stop_gate = gate.wait
    source.close()
    assert source.notices == ["camera1: the camera does not answer and is left as it is"]
    with pytest.raises(CaptureError, match="holds the camera stack: start anew"):
        source.open()
    gate.set()
    (closing,) = [thread for thread in threading.enumerate() if thread.name == "camera close"]
    closing.join()
    assert not rig.first.acquired


def test_picamera2_and_libcamera_are_kept_quiet(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with camera(rig):
            logging.getLogger("picamera2.picamera2").error("Camera __init__ sequence did not complete.")
    assert capfd.readouterr().err == ""
    assert os.environ["LIBCAMERA_LOG_LEVELS"] == "*:ERROR"
    handlers = logging.getLogger("picamera2").handlers
    assert sum(isinstance(handler, logging.NullHandler) for handler in handlers) == 1


def test_what_is_read_slowly_never_queues(rig: Rig) -> None:
    with camera(rig) as source:
        for count in (1, 4, 9):
            rig.first.expose(count)
            rig.first.settle()
            newest = rig.clock()
            assert source.read().captured_at == pytest.approx(newest, abs=1e-9)
            assert np.isclose(rig.clock(), newest + 1 / 30, atol=1e-4), "one more was taken, no queue"
