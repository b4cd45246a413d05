"""A camera fails again and again, in every way: the other loses nothing, and nothing is left behind.

SOAK_SECONDS=60 in the environment lets it go on for so long in real time, with a fault every five seconds.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest

from interop.kernel import wait_until
from live.commands import PATIENCE
from live.faulty import AWAY, FAULTS, OPENING, Device, MadeUpWait, Steady
from live.tally import Tally
from rtpjpeg import history
from rtpjpeg.config import load
from rtpjpeg.sender import camera_source
from rtpjpeg.sender import stream as stream_room
from rtpjpeg.sender.console import Mailbox
from rtpjpeg.sender.manager import Manager
from rtpjpeg.sender.samples import Samples
from rtpjpeg.sender.stream import CameraStream, Limits
from rtpjpeg.sender.supervisor import FIRST_WAIT, LOOK, Supervisor
from standins.rig import Rig, plugged_in

LONG = float(os.environ.get("SOAK_SECONDS") or 0)
WARM, CYCLES = 40, 240
"""Faults before the first look at what is held, and in all."""
GROWTH = 64
"""Bytes a fault that memory may grow, which is less than any object that is left behind."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 2 * LONG)]


class Held(NamedTuple):
    """What a process holds."""

    threads: list[str]
    descriptors: int
    memory: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        threads = sorted(thread.name for thread in threading.enumerate())
        return cls(threads, len(os.listdir("/proc/self/fd")), tracemalloc.get_traced_memory()[0])


@pytest.fixture(autouse=True)
def unheard(caplog: pytest.LogCaptureFixture) -> None:
    """pytest keeps all that is logged; here that would look like a leak."""
    caplog.set_level(logging.CRITICAL, "rtpjpeg")


@pytest.fixture
def tallies() -> Iterator[tuple[Tally, Tally]]:
    with Tally() as one, Tally() as two:
        yield one, two


def manager_of(source: str, *tallies: Tally, **more: Any) -> Manager:
    """Return a manager of a camera for each receiver; ``more`` is said of the first one."""
    words: dict[str, Any] = {"camera*.source": source, "camera*.width": 160, "camera*.height": 120}
    words |= {f"camera1.{key}": value for key, value in more.items()}
    places = {f"camera{number}.destinations": tally.place for number, tally in enumerate(tallies, 1)}
    return Manager(load(None, {}, words | places).cameras, Limits(), Mailbox())


def install(monkeypatch: pytest.MonkeyPatch, steady: Steady, device: Device) -> None:
    """Let camera1 be the one that is well and camera2 the device that fails."""

    def open_camera(*words: Any, name: str, **options: Any) -> Any:
        if name == "camera2":
            return device.open()
        steady.camera.open()
        return steady.camera

    def supervise(name: str, make: Any, present: Any, deliver: Any, stop: Any, camera: Any) -> Supervisor:
        if name == "camera1" or device.real_time:
            return Supervisor(name, make, present, deliver, stop, camera)
        wait: Any = MadeUpWait(stop, device)
        return Supervisor(name, make, present, deliver, wait, camera, device.clock)

    monkeypatch.setattr(camera_source, "open_camera", open_camera)
    monkeypatch.setattr(camera_source, "is_present", lambda *words: device.is_present())
    monkeypatch.setattr(stream_room, "Supervisor", supervise)


def test_a_camera_that_fails_and_fails_costs_the_other_nothing(
    tallies: tuple[Tally, Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, device = Steady(), Device(pictures=150 if LONG else 3, real_time=bool(LONG))
    install(monkeypatch, steady, device)
    monkeypatch.setattr(history, "BYTES", 1)  # what may go out again is bounded, and tested elsewhere
    before = Held.now()
    manager = manager_of("v4l2", *tallies)
    assert manager.open()
    steady.watch(manager.streams[0])
    for stream in manager.streams:
        stream.encode_times, stream.send_times = Samples(10), Samples(10)  # these grow, up to 10 000 each
        stream.start()
    soak(device)
    manager.stop()
    assert all(stream.join(PATIENCE) for stream in manager.streams)
    judge(manager, tallies[0])
    assert tallies[1].gaps == 0, "one stream, whatever its camera did"
    judge_recoveries(device)
    print(f"{device.faults} faults; {tallies[0].frames} frames, at most {steady.longest * 1000:.0f} ms apart")
    assert returns_to(before), Held.now()


def soak(device: Device) -> None:
    """Let faults happen; on the made-up clock, look at what is held early and late."""
    if LONG:
        end = time.monotonic() + LONG
        assert wait_until(lambda: time.monotonic() > end, 2 * LONG)
        return
    tracemalloc.start()
    try:
        assert wait_until(lambda: device.faults >= WARM, PATIENCE)
        early = Held.now()
        assert wait_until(lambda: device.faults >= CYCLES, PATIENCE)
        assert returns_to(early), Held.now()
        grown = (Held.now().memory - early.memory) / (CYCLES - WARM)
    finally:
        tracemalloc.stop()
    print(f"memory: {grown:+.0f} bytes a fault")
    assert grown < GROWTH


def returns_to(before: Held) -> bool:
    """Wait until no more is held than before; while a device is being opened it is more."""

    def holds() -> bool:
        now = Held.now()
        return now.threads == before.threads and now.descriptors <= before.descriptors

    return wait_until(holds, PATIENCE)


def judge(manager: Manager, tally: Tally) -> None:
    """The camera that is well: all that it gave was sent, and all that was sent arrived."""
    camera = manager.statistics()[0]
    assert wait_until(lambda: tally.packets + tally.kernel_drops >= camera["packets_sent"], PATIENCE)
    assert (tally.gaps, tally.kernel_drops) == (0, 0)
    assert tally.frames == camera["frames_sent"]
    assert camera["frames_captured"] - tally.frames in (0, 1), "the one taken when it was stopped"
    assert (camera["frames_dropped"], camera["restarts"], camera["send_errors"]) == (0, 0, 0)


def judge_recoveries(device: Device) -> None:
    """A device that was away is back within a second, one that only failed after the first wait."""
    print({kind: round(took, 2) for kind, took in device.recoveries.items()})
    if device.real_time:
        return  # no time is judged by a real clock
    assert device.recoveries.keys() == set(FAULTS)
    for kind, took in device.recoveries.items():
        assert took <= (LOOK + OPENING if kind in ("unplugged", "stall") else FIRST_WAIT + OPENING) + 1e-6
    assert LOOK + OPENING <= 1.0 < AWAY


class Plug:
    """A camera of the rig whose cable is pulled out and put back, and the stream that it has."""

    def __init__(self, rig: Rig, stream: CameraStream) -> None:
        assert stream.supervisor is not None
        self.supervisor: Supervisor = stream.supervisor
        self._cameras, self._camera = rig.manager.cameras, rig.second
        self._place = self._cameras.index(self._camera)

    def pull(self) -> None:
        self._camera.unplug()

    def put_back(self) -> None:
        self._camera.stalled = False
        self._cameras.insert(self._place, self._camera)


def more(tally: Tally, frames: int) -> bool:
    """Tell whether more frames have come."""
    return tally.frames > frames


def expose_until(condition: Callable[[], bool], camera: Any, tally: Tally) -> None:
    """Let pictures of a camera come, each when the one before has arrived, until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        wanted = tally.frames + 1
        camera.expose()
        assert tally.came(wanted), "a picture is missing"


def test_a_cable_of_a_pi_is_pulled_and_put_back_and_the_other_camera_loses_nothing(
    tallies: tuple[Tally, Tally],
) -> None:
    held = []
    with plugged_in() as rig:
        rig.manager.real_time, rig.first.stalled = True, True
        # So slow a camera may be silent for 6 s, which a busy machine may take.
        manager = manager_of("picamera2", *tallies, fps=0.5)
        assert manager.open()
        for stream in manager.streams:
            stream.start()
        plug = Plug(rig, manager.streams[1])
        for _ in range(3):
            plug.pull()
            expose_until(lambda: plug.supervisor.absent, rig.first, tallies[0])
            held.append(Held.now())
            plug.put_back()
            expose_until(partial(more, tallies[1], tallies[1].frames), rig.first, tallies[0])
        manager.stop()
        assert all(stream.join(PATIENCE) for stream in manager.streams)
    judge(manager, tallies[0])
    assert tallies[0].frames == rig.first.frames
    assert (plug.supervisor.failures, plug.supervisor.restarts, tallies[1].gaps) == (3, 3, 0)
    assert held[2].threads == held[1].threads and held[2].descriptors <= held[1].descriptors
