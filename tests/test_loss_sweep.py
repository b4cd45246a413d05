"""What a screen shows when packets are lost: all of the frames, and a picture that is near the true one.

A virtual clock, seeds 1 to 3 and 150 frames each; ``make lab`` measures more, beside other receivers. How
much is lost with the packets depends on the pictures: a part that stands still costs nothing, and the sharper
a picture and the faster its pan, the more an older part differs. A screen moves it; a file holds it as it
was, so for files the limits are asked of the two quieter scenes only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from statistics import fmean, median, quantiles
from typing import NamedTuple

import numpy as np
import pytest

from lab.quality import Jury, Quality, ssim
from lab.scenes import Clip, photograph_clip, synthetic_clip
from lab.virtual import Watched, watch
from rtpjpeg.net.impairment import Impairment

FRAMES = 150
SEEDS = (1, 2, 3)
CLIPS: dict[str, Callable[[], Clip]] = {
    "synthetic": lambda: synthetic_clip(FRAMES),
    "rocket": lambda: photograph_clip(FRAMES, ["rocket"]),
    "astronaut": lambda: photograph_clip(FRAMES, ["astronaut"]),
}


class Limit(NamedTuple):
    """Most that the means may be below those without loss."""

    decibels: float
    ssim: float


LIMITS = {
    "loss=1%": Limit(2.3, 0.01),
    "loss=5%": Limit(6.5, 0.025),
    "loss=20%": Limit(13.0, 0.08),
    "loss=5%,burst=3": Limit(6.5, 0.025),
}


@cache
def clip(name: str) -> tuple[Clip, Jury]:
    made = CLIPS[name]()
    return made, Jury(made.sources, every=3)


@cache
def run(name: str, spec: str, seed: int) -> tuple[Watched, dict[str, Quality]]:
    made, jury = clip(name)
    print(f"again with the same chance: {spec},seed={seed}")
    seen = watch(made.restart, Impairment.parse(f"{spec},seed={seed}"))
    qualities = {"screen": jury.judge(seen.shown, seen.whole), "files": jury.judge(seen.filed, seen.whole)}
    seen.shown.clear()
    seen.filed.clear()
    return seen, qualities


@pytest.mark.slow
@pytest.mark.parametrize("spec", LIMITS)
@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_is_shown(name: str, spec: str) -> None:
    for seed in SEEDS:
        seen, _ = run(name, spec, seed)
        assert seen.numbers == list(range(FRAMES))
        assert len(seen.whole) < FRAMES and seen.lost > 0, "nothing was lost, nothing is proven"
        assert seen.warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("spec", LIMITS)
@pytest.mark.parametrize(
    ("name", "what"),
    [*((name, "screen") for name in CLIPS), ("synthetic", "files"), ("rocket", "files")],
)
def test_what_is_shown_is_near_the_source(name: str, what: str, spec: str) -> None:
    best = run(name, "loss=0", 1)[1][what]
    found = [run(name, spec, seed)[1][what] for seed in SEEDS]
    assert best.psnr - fmean(quality.psnr for quality in found) <= LIMITS[spec].decibels
    assert best.ssim - fmean(quality.ssim for quality in found) <= LIMITS[spec].ssim


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_loss_delays_a_frame_by_the_reorder_wait_and_no_more(name: str) -> None:
    for seed in SEEDS:
        delays = run(name, "loss=5%", seed)[0].delays
        assert median(delays) <= 0.006
        assert quantiles(delays, n=100)[-1] <= 0.025


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_without_loss_nothing_is_changed_or_late(name: str) -> None:
    seen, _ = run(name, "loss=0", 1)
    assert seen.whole == set(range(FRAMES))
    assert set(seen.delays) == {0.0} and seen.fresh == 1


def test_ssim_is_that_of_scikit_image() -> None:
    # structural_similarity(x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    # data_range=255) of scikit-image 0.26
    rows, columns = np.mgrid[0:60, 0:80]
    x = ((rows * 7 + columns * 5) % 256).astype(np.uint8)
    y = np.where((rows // 8 + columns // 8) % 3 == 0, x // 2 + 64, x).astype(np.uint8)
    assert ssim(x, y) == pytest.approx(0.812528, abs=1e-5)
    assert ssim(x, x) == pytest.approx(1.0, abs=1e-6)


def test_no_two_pictures_of_a_pan_are_alike() -> None:
    made, _ = clip("rocket")
    assert len(set(made.plain)) == len(set(made.restart)) == FRAMES
