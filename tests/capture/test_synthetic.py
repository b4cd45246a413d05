"""The synthetic camera: what its pictures hold, at any size, and its manners."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from capture.makers import decoded, psnr
from capture.test_base import Clock
from rtpjpeg.capture.font import Font
from rtpjpeg.capture.scene import Scene
from rtpjpeg.capture.strip import read_strip, strip_size
from rtpjpeg.capture.synthetic import SyntheticCamera, look
from rtpjpeg.errors import ConfigError
from rtpjpeg.jpeg import count_mcus, parse_jpeg

WALL = 1_700_000_000_123_456_789


def camera(name: str = "camera1", width: int = 640, height: int = 480, **options: object) -> SyntheticCamera:
    clock = Clock()
    arguments = {"fps": 30.0, "clock": clock, "sleep": clock.sleep, "wall": lambda: WALL, **options}
    return SyntheticCamera(name, width, height, **arguments)  # type: ignore[arg-type]


SIZES = [
    (640, 480),
    (320, 240),
    (648, 488),
    (1280, 720),
    (160, 120),
    (96, 96),
    (64, 64),
    (65, 65),
    (641, 481),
]


@pytest.mark.parametrize(("width", "height"), [*SIZES, (64, 480), (480, 64), (2040, 2040)])
def test_every_size_is_drawn(width: int, height: int) -> None:
    with camera(width=width, height=height) as source:
        for number in range(2):
            frame = source.read()
            image = decoded(frame.jpeg)
            assert image.shape == (height, width, 3) and (frame.width, frame.height) == (width, height)
            assert read_strip(image) == ((number, WALL // 1000) if strip_size(width, height) else None)


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("interval", [0, 10])
@pytest.mark.parametrize("quality", [30, 85])
def test_the_strip_is_readable_in_every_kind_of_jpeg(quality: int, interval: int, subsampling: str) -> None:
    source = camera(quality=quality, restart_interval=interval, subsampling=subsampling)
    for number in range(3):
        jpeg = source.read().jpeg
        image = parse_jpeg(jpeg)
        assert (image.type, image.q) == (1 if subsampling == "420" else 0, quality)
        assert image.restart_interval == interval
        assert read_strip(decoded(jpeg)) == (number, WALL // 1000)


@pytest.mark.parametrize("name", ["camera1", "camera2", "camera3", "camera4"])
def test_it_compresses_like_a_photograph(name: str) -> None:
    source = camera(name, fps=1)
    for _ in range(6):
        image = parse_jpeg(source.read().jpeg)
        assert 20 <= len(image.scan) / count_mcus(image.type, 640, 480) <= 50


def test_two_cameras_look_different_and_one_looks_the_same_again() -> None:
    first, second, again = (decoded(camera(name).read().jpeg) for name in ("camera1", "camera2", "camera1"))
    assert psnr(first, second) < 15
    assert (first == again).all()


def test_a_picture_taken_late_is_of_the_moment_when_it_was_due() -> None:
    clock = Clock()
    late = iter((0.0, 0.004, 0.002))

    def sleep(seconds: float) -> None:
        clock.sleep(seconds + next(late))

    source = SyntheticCamera(
        "camera1", 320, 240, 25.0, clock=clock, sleep=sleep, wall=lambda: round((clock() - 1000) * 1e9) + WALL
    )
    frames = [source.read() for _ in range(3)]
    assert [frame.captured_at for frame in frames] == pytest.approx([1000.0, 1000.04, 1000.08])
    strips = [read_strip(decoded(frame.jpeg)) for frame in frames]
    assert strips == [(number, WALL // 1000 + number * 40_000) for number in range(3)]


def test_the_scene_moves() -> None:
    source = camera(fps=5)
    images = [decoded(source.read().jpeg) for _ in range(5)]
    sky = (slice(32, 300), slice(0, 640))
    for one, other in zip(images, images[1:], strict=False):
        assert psnr(one[sky], other[sky]) < 35


def test_everything_stays_inside_the_picture_for_long() -> None:
    scene = Scene(200, 150, 2, "camera1", 0)
    for second in range(0, 4000, 7):
        planes = scene.draw(second * 0.37, second, WALL // 1000)
        assert [plane.shape for plane in planes] == [(150, 200), (75, 100), (75, 100)]


def test_the_clock_and_the_number_can_be_read() -> None:
    """Each line is looked for in the picture as the font draws it."""
    planes = Scene(640, 480, 2, "camera7", 6).draw(0.0, 123456, WALL // 1000)
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(WALL // 10**9)) + ".123"
    font = Font(14, 19)
    for text in (date, "CAMERA7", "#123456"):
        likeness = cv2.matchTemplate(planes.y, font.render(text)[:, :-2], cv2.TM_CCOEFF_NORMED)
        assert likeness.max() > 0.999, text


def test_a_long_name_does_not_push_the_number_out() -> None:
    planes = Scene(640, 480, 2, "the camera over the door of the workshop", 0).draw(0.0, 5, 0)
    likeness = cv2.matchTemplate(planes.y, Font(14, 19).render("#000005"), cv2.TM_CCOEFF_NORMED)
    assert likeness.max() > 0.999


def test_frames_that_nobody_read_are_gone() -> None:
    clock = Clock()
    source = SyntheticCamera("camera1", 320, 240, 10, clock=clock, sleep=clock.sleep)
    numbers = []
    for pause in (0.0, 0.05, 0.35, 0.05):
        clock.now += pause
        reading = read_strip(decoded(source.read().jpeg))
        assert reading is not None and reading.frame_number == source.frame_number
        numbers.append(source.frame_number)
    assert numbers == [0, 1, 4, 5]


def test_quality_can_be_set_on_the_way() -> None:
    source = camera()
    assert parse_jpeg(source.read().jpeg).q == 85
    assert source.set_quality(40) is True
    assert parse_jpeg(source.read().jpeg).q == 40
    with pytest.raises(ConfigError):
        source.set_quality(0)


def test_a_rate_set_while_a_picture_is_awaited_counts_from_the_next_one() -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        source.set_fps(4)

    source = SyntheticCamera("camera1", 320, 240, 50.0, clock=clock, sleep=sleep)
    captured = [source.read().captured_at for _ in range(4)]
    assert captured == pytest.approx([1000.0, 1000.02, 1000.02, 1000.27])


def test_it_can_be_closed_and_opened_again() -> None:
    source = camera(width=64, height=64)
    source.read()
    source.close()
    source.close()
    source.open()
    source.read()
    assert source.live and source.frame_number == 1


def test_pictures_are_full_range() -> None:
    planes = Scene(640, 480, 2, "camera1", 0).draw(0.0, 0, 0)
    assert planes.y.min() < 30 and planes.y.max() > 235
    assert all(np.ptp(plane) > 60 for plane in planes[1:])


@pytest.mark.parametrize(
    ("width", "height", "fps", "faults"),
    [
        (63, 480, 30, ["width: found 63, expected 64 to 2040"]),
        (4096, 2160, 30, ["width", "height"]),
        (640, 480, -1, ["fps: found -1"]),
    ],
)
def test_values_outside_are_refused_all_at_once(
    width: int, height: int, fps: float, faults: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        SyntheticCamera("camera1", width, height, fps)
    assert len(caught.value.faults) == len(faults)
    assert all(said.startswith(fault) for said, fault in zip(caught.value.faults, faults, strict=True))


def test_the_name_picks_the_landscape() -> None:
    assert [look("camera1"), look("camera2"), look("left 3 of 4"), look("camera0")] == [0, 1, 2, 0]
    assert look("door") == look("door") != look("gate")
