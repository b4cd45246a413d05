"""rtpjpeg-send --bench: what is measured and how it is counted; no test looks at how long it took."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from photographs import pixels
from receiver.feeding import last_json
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.sender.bench import STEPS, Job, Stopwatch, bgr, draw, jobs, table
from rtpjpeg.sender.cli import main
from sender.machines import cameras

Capture = pytest.CaptureFixture[str]
WORDS = "--bench --source synthetic --frames 2".split()


def ticking(step: float) -> Stopwatch:
    """A stopwatch whose clock goes on by ``step`` seconds each time that it is read."""
    ticks = itertools.count()
    return Stopwatch(None, 1.0, lambda: next(ticks) * step)


def test_so_many_rounds_as_were_asked_for() -> None:
    numbers: list[int] = []
    emptied: list[int] = []
    samples = Stopwatch(3, 0.0).time(numbers.append, lambda: emptied.append(len(numbers)))
    assert (len(samples), numbers, emptied) == (3, [0, 0, 1, 2], [1, 2, 3, 4])


def test_without_a_number_the_time_decides() -> None:
    assert len(ticking(0.1).time(lambda number: None)) == 4  # three looks at the clock for each round


def test_a_step_longer_than_the_time_is_measured_once() -> None:
    samples = ticking(5.0).time(lambda number: None)
    assert len(samples) == 1
    assert samples.summary() == {"p50": 5000.0, "p95": 5000.0, "p99": 5000.0, "max": 5000.0}


def test_cameras_alike_are_measured_once() -> None:
    one, other = cameras(), cameras(quality=50)
    assert jobs([*one, *one, *other]) == [Job(640, 480, 85, 1400), Job(640, 480, 50, 1400)]


@pytest.mark.parametrize("size", [(64, 64), (65, 67)])
def test_images_are_the_planes(size: tuple[int, int]) -> None:
    planes = draw(*size)[1]
    seen = pixels(JpegEncoder(100).encode_planes(*planes)).astype(int)
    image = bgr(planes)
    assert image.shape == (size[1], size[0], 3)
    assert np.abs(seen - image).mean() < 6  # the decoder smooths chroma, the conversion repeats it


def test_the_pictures_differ() -> None:
    pictures = draw(64, 64)
    assert len({planes.y.tobytes() for planes in pictures}) == len(pictures)


def test_json_has_every_step_with_and_without_restart_markers(capsys: Capture) -> None:
    assert main([*WORDS, "--size", "320x240", "--quality", "70", "--json"]) == 0
    (result,) = last_json(capsys.readouterr().out)["benches"]
    assert (result["width"], result["height"], result["quality"], result["mtu"]) == (320, 240, 70, 1400)
    steps = [(step["step"], step["restart_markers"]) for step in result["steps"]]
    names = ("encode planes", "encode BGR", "packetize", "send")
    assert steps == [(name, markers) for markers in (False, True) for name in names]
    assert len(steps) == STEPS
    assert all(step["rounds"] == 2 and step["bytes_per_frame"] > 1000 for step in result["steps"])
    assert all(rate > 0 for rate in result["frames_per_second"].values())


def test_people_get_a_table_for_each_size(capsys: Capture) -> None:
    assert main([*WORDS, "--camera1", "width=320", "--camera2", "width=64"]) == 0
    said = capsys.readouterr().out.split("\n\n")
    assert [block.splitlines()[0].split(",")[0] for block in said] == ["320x480", "64x480"]
    assert all(len(block.strip().splitlines()) == STEPS + 3 for block in said)


def test_a_step_without_a_cost_divides_by_nothing() -> None:
    result = {**dict.fromkeys("width height quality mtu".split(), 1), "steps": []}
    assert "0 frames a second" in table({**result, "frames_per_second": {"plain": 0, "restart_markers": 0}})


def test_a_wrong_configuration_is_exit_code_2(capsys: Capture) -> None:
    assert main(["--bench", "--quality", "500"]) == 2
    assert "quality" in capsys.readouterr().err
