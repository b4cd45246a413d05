"""A network made up for rate control: senders share one queue, receivers report once a second.

Pictures are those of photographs, so their sizes follow quality as a camera's do. Each enters the queue as
one burst. The queue empties at the capacity; what finds it full is lost, and of the rest a share at random.
The round trip of a report is that of a sender report which met the queue at some moment of the interval.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean
from typing import Protocol

from photographs import PHOTOGRAPHS, Picture, encode, panned
from rtpjpeg.sender.quality import Decision, Feedback

PACKET = 1352
VIEWS = 8
VIEW_SECONDS = 2.0
DRIFT = 0.005
"""Part of the frame rate by which cameras differ, else one of two would always find the queue full."""
ENCODING = 0.010
"""Seconds by which pictures are late, at most."""
DECIDE_EVERY = 4
"""Pictures from one question to the control to the next, beside those after reports."""
TICK = 0.1
"""Seconds from one point of a trace to the next."""


class Control(Protocol):
    """What is tried: the controller, or another one."""

    def add(self, camera: str, quality: int, fps: float) -> None: ...
    def sent(self, camera: str, size: int, now: float) -> None: ...
    def take(self, report: Feedback) -> None: ...
    def decide(self, now: float) -> Mapping[str, Decision]: ...


@cache
def picture_size(name: str, view: int, quality: int) -> int:
    """Return the bytes of one view of a pan over a photograph, 640x480 with restart markers."""
    return len(encode(views(name)[view], 65, quality))


@cache
def views(name: str) -> list[Picture]:
    """Return the views of a pan, each of a second or two."""
    return list(panned(name, 640, 480, VIEWS))


@cache
def mean_size(name: str, quality: int) -> float:
    """Return the mean bytes of the views."""
    return fmean(picture_size(name, view, quality) for view in range(VIEWS))


@dataclass(frozen=True)
class Scene:
    """What a camera sees: photographs, one after the other, each for some seconds.

    ``rate`` is what the first one takes at ``quality`` and 30 frames a second, in bits a second.
    """

    rate: float = 40e6
    quality: int = 90
    names: Sequence[str] = (PHOTOGRAPHS[0],)
    seconds: float = 10.0

    def size(self, quality: int, now: float) -> int:
        """Return the bytes of the picture at a time: the view goes there and back."""
        name = self.names[int(now / self.seconds) % len(self.names)]
        place = abs(now / VIEW_SECONDS % (2 * VIEWS - 2) - (VIEWS - 1))
        view = min(int(place), VIEWS - 2)
        here, there = (picture_size(name, one, quality) for one in (view, view + 1))
        size = here + (there - here) * (place - view)
        return int(size * self.rate / (240 * mean_size(self.names[0], self.quality)))


@dataclass
class Network:
    """The bottleneck: steps of (from second, bits a second), seconds of queue, seconds there and back."""

    capacities: Sequence[tuple[float, float]] = ((0.0, 20e6),)
    buffer: float = 0.100
    rtt: float = 0.020
    loss: float = 0.0
    report_every: float = 1.0


@dataclass
class Second:
    """What happened in a tenth of a second."""

    offered: float = 0.0
    delivered: float = 0.0
    congestion: float = 0.0
    """Bits lost in the queue."""
    queue: float = 0.0
    """Seconds, as a packet of the middle of the time would meet it."""


@dataclass
class Camera:
    """One stream and its receiver's counters since the last report."""

    name: str
    control: Control
    scene: Scene
    fps: float = 30.0
    quality: int = 0
    divisor: int = 1
    due_at: float = 0.0
    pictures: int = 0
    expected: float = 0.0
    arrived: float = 0.0
    arrived_bits: float = 0.0
    reported_at: float = 0.0
    asked_at: float = 0.0
    rtt: float = 0.0
    trace: list[Second] = field(default_factory=list)
    reports: list[Feedback] = field(default_factory=list)
    changes: list[tuple[float, Decision]] = field(default_factory=list)


class Bottleneck:
    """Runs cameras through a network; afterwards their traces tell."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.now = 0.0
        self.cameras: list[Camera] = []
        self._chance = random.Random(seed)
        self._queued = 0.0
        self._drained_at = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, name: str, control: Control, scene: Scene, quality: int | None = None) -> Camera:
        """Add a camera; ``quality`` is where it begins, if not as configured."""
        control.add(name, scene.quality, 30.0)
        camera = Camera(name, control, scene, quality=quality or scene.quality)
        self.cameras.append(camera)
        camera.fps *= self._chance.uniform(1 - DRIFT, 1 + DRIFT)
        camera.due_at = self._chance.random() / 30
        self.at(camera.due_at, lambda: self._send(camera))
        self._plan_report(camera)
        return camera

    def run(self, seconds: float) -> None:
        """Let time pass until then."""
        for tick in range(len(self.cameras[0].trace), round(seconds / TICK)):
            self._begin_tick()
            while self._events and self._events[0][0] < (tick + 1) * TICK:
                self.now, _, act = heapq.heappop(self._events)
                act()

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a time."""
        self._count += 1
        heapq.heappush(self._events, (time, self._count, act))

    def capacity(self) -> float:
        """Return the bits a second of now."""
        return [rate for begin, rate in self.network.capacities if begin <= self.now][-1]

    def queue(self) -> float:
        """Return the seconds that a packet would wait now."""
        capacity = self.capacity()
        self._queued = max(0.0, self._queued - capacity * (self.now - self._drained_at))
        self._drained_at = self.now
        return self._queued / capacity

    def _begin_tick(self) -> None:
        middle = len(self.cameras[0].trace) * TICK + self._chance.random() * TICK
        for camera in self.cameras:
            camera.trace.append(Second())
        self.at(middle, self._look)

    def _look(self) -> None:
        for camera in self.cameras:
            camera.trace[-1].queue = self.queue()

    def _send(self, camera: Camera) -> None:
        """Send a picture, and plan the next one."""
        size = camera.scene.size(camera.quality, self.now)
        camera.control.sent(camera.name, size, self.now)
        camera.pictures += 1
        if camera.pictures % DECIDE_EVERY == 0:
            self._decide(camera.control)
        bits = size * 8.0
        room = max(0.0, self.network.buffer - self.queue()) * self.capacity()
        passed = min(bits, room)
        self._queued += passed
        packets = -(-size // PACKET)
        lost = self._lost(packets)
        self._count_picture(camera, bits, passed, packets, lost / packets)
        camera.due_at += camera.divisor / camera.fps
        self.at(camera.due_at + self._chance.random() * ENCODING, lambda: self._send(camera))

    def _lost(self, packets: int) -> int:
        if not self.network.loss:
            return 0
        return sum(self._chance.random() < self.network.loss for _ in range(packets))

    def _count_picture(self, camera: Camera, bits: float, passed: float, packets: int, lost: float) -> None:
        second = camera.trace[-1]
        second.offered += bits
        second.delivered += passed * (1 - lost)
        second.congestion += bits - passed
        camera.expected += packets
        camera.arrived += packets * passed / bits * (1 - lost)
        camera.arrived_bits += passed * (1 - lost)

    def _plan_report(self, camera: Camera) -> None:
        """Plan the next report, and the sender report whose round trip it tells."""
        interval = self.network.report_every * self._chance.uniform(0.5, 1.5)
        self.at(self.now + interval * self._chance.random(), lambda: self._ask(camera))
        self.at(self.now + interval, lambda: self._report(camera))

    def _ask(self, camera: Camera) -> None:
        camera.rtt = self.network.rtt + self.queue()

    def _report(self, camera: Camera) -> None:
        seconds = self.now - camera.reported_at
        lost = int(256 * (1 - camera.arrived / camera.expected)) / 256 if camera.expected else 0.0
        camera.reported_at = self.now
        rate = camera.arrived_bits / seconds
        camera.expected = camera.arrived = camera.arrived_bits = 0.0
        at = self.now + self.network.rtt / 2
        report = Feedback(at, lost, camera.rtt, rate, camera.name, "viewer")
        self.at(at, lambda: self._arrive(camera, report))
        self._plan_report(camera)

    def _arrive(self, camera: Camera, report: Feedback) -> None:
        """Hand a report to the sender, which follows it from its next pictures on."""
        camera.reports.append(report)
        camera.control.take(report)
        self._decide(camera.control)

    def _decide(self, control: Control) -> None:
        decisions = control.decide(self.now)
        for camera in self.cameras:
            if camera.control is control:
                self._obey(camera, decisions[camera.name])

    def _obey(self, camera: Camera, decision: Decision) -> None:
        if (decision.quality, decision.fps_divisor) != (camera.quality, camera.divisor):
            camera.quality, camera.divisor = decision.quality, decision.fps_divisor
            camera.changes.append((self.now, decision))


@dataclass(frozen=True)
class Outcome:
    """What became of a camera between two times."""

    rate: float
    """Bits a second that arrived."""
    lost: float
    """Share of the bits that the queue lost."""
    queue: float
    """Seconds, mean."""


def outcome(camera: Camera, begin: float, end: float) -> Outcome:
    """Sum a trace up."""
    part = camera.trace[round(begin / TICK) : round(end / TICK)]
    offered = sum(second.offered for second in part)
    lost = sum(second.congestion for second in part) / offered if offered else 0.0
    rate = sum(second.delivered for second in part) / (len(part) * TICK)
    return Outcome(rate, lost, sum(second.queue for second in part) / len(part))


def calm_after(camera: Camera, begin: float, bound: float = 0.02, reports: int = 3) -> float:
    """Return the seconds until the first of so many reports in a row with less loss; infinity for never."""
    later = [report for report in camera.reports if report.now > begin]
    for index in range(len(later) - reports + 1):
        if all(report.fraction_lost < bound for report in later[index : index + reports]):
            return later[index].now - begin
    return float("inf")


def jain(rates: Sequence[float]) -> float:
    """Return how fair shares are: 1 for equal ones."""
    return sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))
