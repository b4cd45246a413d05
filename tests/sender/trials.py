"""The trials that a rate control has to pass, each in one network and over many seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photographs import PHOTOGRAPHS
from sender.bottleneck import Bottleneck, Camera, Control, Network, Scene, calm_after, jain, outcome

Make = Callable[[float | None], Control]
"""Makes a control, at a rate to begin with."""

CAPACITY = 20e6
SMALL = Scene(21.5e6, names=("rocket",))
"""Fits 20 Mbit/s at its best, and 5 Mbit/s at half the frame rate only."""


@dataclass(frozen=True)
class Steady:
    """A sender after 60 seconds, as parts of the capacity and of what was sent, and seconds."""

    calm: float
    """Seconds until less than 2 % was lost."""
    use: float
    lost: float
    queue: float
    camera: Camera


def overload(make: Make, seed: int, network: Network = Network(), rate: float = 2.0) -> Steady:  # noqa: B008
    """Begin with too much for the network, and go on for three minutes."""
    capacity = network.capacities[0][1]
    line = Bottleneck(network, seed)
    camera = line.add("one", make(None), Scene(rate * capacity))
    line.run(180)
    later = outcome(camera, 60, 180)
    return Steady(calm_after(camera, 0), later.rate / capacity, later.lost, later.queue, camera)


def steps(make: Make, seed: int) -> tuple[float, float, float]:
    """Go from 20 to 5 Mbit/s and back.

    Returns the seconds until less than 2 % is lost, the use of 5 Mbit/s, and the seconds until 85 % of 20
    Mbit/s are used.
    """
    line = Bottleneck(Network(((0.0, CAPACITY), (60.0, CAPACITY / 4), (120.0, CAPACITY))), seed)
    camera = line.add("one", make(None), SMALL)
    line.run(210)
    seconds = range(120, 207)
    full = [begin for begin in seconds if outcome(camera, begin, begin + 3).rate >= 0.85 * CAPACITY]
    use = outcome(camera, 80, 120).rate / (CAPACITY / 4)
    return calm_after(camera, 60), use, full[0] - 120 if full else float("inf")


def random_loss(make: Make, seed: int, loss: float, rate: float | None = None) -> float:
    """Return the part of what would arrive at the best quality that does arrive, without a bottleneck."""
    line = Bottleneck(Network(((0.0, 1e9),), loss=loss), seed)
    camera = line.add("one", make(rate), Scene(CAPACITY))
    line.run(180)
    part = camera.trace
    best = sum(camera.scene.size(camera.scene.quality, tick / 10) for tick in range(len(part))) * 8 * 3
    return sum(second.delivered for second in part) / (1 - loss) / best


@dataclass(frozen=True)
class Shared:
    """What two cameras had of one network in the third minute."""

    jain: float
    use: float
    lost: float
    cameras: Sequence[Camera]


def two_senders(make: Make, seed: int) -> Shared:
    """Let a sender of 18 Mbit/s and one of 5 share a queue."""
    return _two([make(18e6), make(5e6)], seed)


def two_cameras(make: Make, seed: int) -> Shared:
    """Let one sender send two cameras that are four times too much."""
    control = make(None)
    return _two([control, control], seed)


def _two(controls: Sequence[Control], seed: int) -> Shared:
    line = Bottleneck(Network(), seed)
    scenes = (Scene(30e6), Scene(30e6, names=PHOTOGRAPHS[1:2]))
    cameras = [line.add(scene.names[0], one, scene) for scene, one in zip(scenes, controls, strict=True)]
    line.run(180)
    later = [outcome(camera, 120, 180) for camera in cameras]
    rates = [one.rate for one in later]
    return Shared(jain(rates), sum(rates) / CAPACITY, max(one.lost for one in later), cameras)
