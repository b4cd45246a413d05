"""rtpjpeg-send --bench: what a frame costs on this machine, step by step.

Encode, packetize, send: each step is done again and again with the same few pictures of the synthetic
camera, and timed alone. Sending goes over loopback, which costs more than a network card does: the
receiving half is done in the same call.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..capture.encode import JpegEncoder
from ..capture.scene import Planes, Scene
from ..config import CameraConfig
from ..net.udp import UdpReceiver, UdpSender
from ..session import SenderSession
from .command import configure
from .console import DONE
from .samples import Samples

PICTURES = 4
STEPS = 8
SECONDS = 4.0
"""For all steps of one size together."""
FRAME_TIME = 1 / 30
MCU = 16
"""Pixels at 4:2:0; a restart interval is one row of these."""
ON_THE_WAY = ("encode planes", "packetize", "send")
"""The steps of a frame whose camera gives planes, as picamera2 does."""

Pixels = npt.NDArray[np.uint8]
Step = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Job:
    """What is measured: pixels, quality 1 to 100, bytes of an IP packet."""

    width: int
    height: int
    quality: int
    mtu: int


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Times a step ``rounds`` times, or, without, as often as it begins within ``seconds``."""

    rounds: int | None
    seconds: float
    clock: Callable[[], float] = time.perf_counter

    def time(self, step: Step, after: Callable[[], object] = lambda: None) -> Samples:
        """Return the times of a step, one at least; it is given its number. ``after`` is not timed."""
        samples = Samples()
        step(0)  # The first one finds cold caches and loads what is loaded late.
        after()
        end = self.clock() + self.seconds
        while self._goes_on(len(samples), end):
            began = self.clock()
            step(len(samples))
            samples.add(self.clock() - began)
            after()
        return samples

    def _goes_on(self, done: int, end: float) -> bool:
        return not done or (self.clock() < end if self.rounds is None else done < self.rounds)


def bench(arguments: argparse.Namespace, clock: Callable[[], float] = time.perf_counter) -> int:
    """Measure each size and quality of the configuration, print it, and return the exit code."""
    config = configure(arguments, os.environ)
    watch = Stopwatch(arguments.frames, (arguments.duration or SECONDS) / STEPS, clock)
    results = [measure(job, watch) for job in jobs(config.cameras)]
    print(json.dumps({"benches": results}) if arguments.json else "\n\n".join(map(table, results)))
    return DONE


def jobs(cameras: Sequence[CameraConfig]) -> list[Job]:
    """Return what there is to measure: cameras alike are measured once."""
    found = [Job(camera.width, camera.height, camera.quality, camera.mtu) for camera in cameras]
    return list(dict.fromkeys(found))


def measure(job: Job, watch: Stopwatch) -> dict[str, Any]:
    """Return the figures of one size and quality, as ``--json`` prints them."""
    pictures = draw(job.width, job.height)
    steps: list[dict[str, Any]] = []
    for markers in (False, True):
        encoder = JpegEncoder(job.quality, "420", -(-job.width // MCU) if markers else 0)
        jpegs = [encoder.encode_planes(*planes) for planes in pictures]
        common = {"restart_markers": markers, "bytes_per_frame": sum(map(len, jpegs)) // PICTURES}
        times = [*encoding(encoder, pictures, watch), *sending(jpegs, job.mtu, watch)]
        steps += [{"step": name, **common, **_figures(samples)} for name, samples in times]
    rates = {"plain": _rate(steps, False), "restart_markers": _rate(steps, True)}
    return {**asdict(job), "steps": steps, "frames_per_second": rates}


def encoding(
    encoder: JpegEncoder, pictures: Sequence[Planes], watch: Stopwatch
) -> Iterator[tuple[str, Samples]]:
    """Yield the times of an encoder for each kind of picture that a camera may give."""
    images = [bgr(planes) for planes in pictures]
    yield "encode planes", watch.time(lambda number: encoder.encode_planes(*pictures[number % PICTURES]))
    yield "encode BGR", watch.time(lambda number: encoder.encode_bgr(images[number % PICTURES]))


def sending(jpegs: Sequence[bytes], mtu: int, watch: Stopwatch) -> Iterator[tuple[str, Samples]]:
    """Yield the times from JPEG to train, and from train to kernel."""
    session = SenderSession(mtu=mtu)

    def packetize(number: int) -> Any:
        return session.send_frame(jpegs[number % PICTURES], number * FRAME_TIME, number * FRAME_TIME)

    yield "packetize", watch.time(packetize)
    trains = [packetize(number) for number in range(PICTURES)]
    with UdpReceiver("127.0.0.1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        # A full socket would make the next packets cheaper: the kernel drops them.
        empty = partial(_empty, receiver)
        yield "send", watch.time(lambda number: sender.send(trains[number % PICTURES]), empty)


def _empty(receiver: UdpReceiver) -> None:
    while receiver.receive(0):
        pass


def draw(width: int, height: int) -> list[Planes]:
    """Return a few pictures of the synthetic camera, a second apart."""
    scene = Scene(width, height, 2, "camera1", 0)
    drawn = (scene.draw(float(number), number, number * 1_000_000) for number in range(PICTURES))
    return [Planes(*(plane.copy() for plane in planes)) for planes in drawn]


def bgr(planes: Planes) -> Pixels:
    """Return 4:2:0 planes, full range, as an image, height x width x 3 (JFIF 1.02, page 3)."""
    height, width = planes.y.shape
    y = planes.y.astype(np.float32)
    u, v = (
        plane.repeat(2, axis=0).repeat(2, axis=1)[:height, :width].astype(np.float32) - 128
        for plane in (planes.u, planes.v)
    )
    channels = (y + 1.772 * u, y - 0.344136 * u - 0.714136 * v, y + 1.402 * v)
    return np.ascontiguousarray(np.stack(channels, axis=2).clip(0, 255).round().astype(np.uint8))


def _figures(samples: Samples) -> dict[str, Any]:
    times = samples.summary() or {}
    return {"rounds": len(samples), "median_ms": times["p50"], "p95_ms": times["p95"]}


def _rate(steps: Sequence[dict[str, Any]], markers: bool) -> float:
    """Return frames a second that one core can encode, packetize and send."""
    alike = [step for step in steps if step["restart_markers"] == markers]
    cost = sum(step["median_ms"] for step in alike if step["step"] in ON_THE_WAY)
    return round(1000 / cost, 1) if cost else 0.0


def table(result: dict[str, Any]) -> str:
    """Return the figures of one size and quality for people."""
    lines = ["{width}x{height}, quality {quality}, mtu {mtu}".format_map(result)]
    lines.append(f"  {'':33} median ms    p95 ms  bytes a frame")
    for step in result["steps"]:
        name = step["step"] + (", restart markers" if step["restart_markers"] else "")
        times = f"{step['median_ms']:9.3f} {step['p95_ms']:9.3f}"
        lines.append(f"  {name:33} {times} {step['bytes_per_frame']:14}")
    rates = (
        "one core does {plain:.0f} frames a second from planes, {restart_markers:.0f} with restart markers"
    )
    return "\n".join([*lines, "  " + rates.format_map(result["frames_per_second"])])
