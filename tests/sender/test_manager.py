"""Several cameras in one process."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.kernel import wait_until
from receiver.feeding import free_ports
from rtpjpeg import CaptureError, PacketTrain, TransportError
from rtpjpeg.config import CameraConfig, load
from rtpjpeg.net.impaired import ImpairedSender
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.sender import camera_source, opening, supervisor
from rtpjpeg.sender import manager as room
from rtpjpeg.sender.console import FAULT, MISSING, Mailbox
from rtpjpeg.sender.manager import Manager
from rtpjpeg.sender.service import Notifier
from rtpjpeg.sender.stream import Limits
from sender.doubles import picture, progressive


def cameras(**overrides: Any) -> tuple[CameraConfig, ...]:
    one, two = free_ports(2)
    places = {"camera1.destinations": f"127.0.0.1:{one}", "camera2.destinations": f"127.0.0.1:{two}"}
    return load(None, {}, {"camera*.source": "synthetic", **places, **overrides}).cameras


def make(configs: tuple[CameraConfig, ...], frames: int | None = 1) -> Manager:
    return Manager(configs, Limits(frames), Mailbox())


def test_cameras_take_turns() -> None:
    manager = make(cameras(**{"camera*.fps": 25.0}))
    manager.open()
    assert [stream._delay for stream in manager.streams] == [0.0, 0.01]
    manager.stop()


def test_a_signal_ends_the_run() -> None:
    manager = make(cameras(), frames=None)
    manager.open()
    manager.mailbox.put(Mailbox.STOP)
    assert not manager.run(0)
    manager.stop()
    assert [stream.join(0) for stream in manager.streams] == [True, True]
    assert manager.judge(complete=False) == 0


def test_all_cameras_missing_is_a_missing_resource(tmp_path: Path) -> None:
    manager = make(cameras(**{"camera*.source": f"replay:{tmp_path / 'missing'}"}))
    manager.open()
    assert manager.run(0)
    manager.stop()
    assert manager.judge(complete=True) == MISSING
    assert [camera["frames_sent"] for camera in manager.statistics()] == [0, 0]
    assert manager.statistics()[0]["destinations"][0].startswith("127.0.0.1:")


def test_a_camera_that_breaks_later_leaves_the_other_one_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "0.jpg").write_bytes(picture())
    (tmp_path / "1.jpg").write_bytes(b"")
    manager = make(cameras(**{"camera1.source": f"replay:{tmp_path}", "camera*.fps": 60.0}), frames=5)
    manager.open()
    assert manager.run(0)
    manager.stop()
    assert manager.streams[1].session.statistics.frames_sent == 5
    assert manager.judge(complete=True) == 0


@pytest.mark.parametrize("transcode", [False, True])
def test_transcode_reaches_the_camera(
    transcode: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "0.jpg").write_bytes(progressive())
    words = {"camera*.source": f"replay:{tmp_path}", "camera1.enabled": True, "camera2.enabled": False}
    manager = make(cameras(**words, **{"camera1.transcode": transcode}))
    manager.open()
    assert manager.run(0)
    manager.stop()
    assert manager.statistics()[0]["frames_sent"] == int(transcode)
    assert ("or set transcode = true" in caplog.text) is not transcode
    assert ("such pictures are decoded and encoded again" in caplog.text) is transcode


def test_nothing_sent_is_a_fault() -> None:
    manager = make(cameras())
    manager.open()
    manager.stop()
    assert manager.judge(complete=True) == FAULT


def test_a_port_that_is_taken_closes_what_was_open(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[UdpSender] = []

    class Second(UdpSender):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            if opened:
                raise TransportError("local port 5 cannot be opened: it is taken by another program")
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(opening, "UdpSender", Second)
    manager = make(cameras())
    with pytest.raises(TransportError):
        manager.open()
    manager.stop()
    assert opened[0]._closed


def test_a_camera_that_does_not_answer_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(room, "JOIN_SECONDS", 0.0)
    manager = make(cameras())
    manager.open()
    for stream in manager.streams:
        monkeypatch.setattr(stream, "join", lambda timeout: False)
    manager.stop()
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == [
        f"{name}: the camera does not answer and is left as it is" for name in ("camera1", "camera2")
    ]


def hanging(monkeypatch: pytest.MonkeyPatch, *names: str) -> threading.Event:
    """Let the cameras of these names hang while they are opened, until the event."""
    real, let = camera_source.open_camera, threading.Event()

    def open_when_let(source: str, **options: Any) -> Any:
        assert options["name"] not in names or let.wait(60)
        return real(source, **options)

    monkeypatch.setattr(camera_source, "open_camera", open_when_let)
    return let


def test_a_signal_ends_the_opening_of_a_camera_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    let = hanging(monkeypatch, "camera2")
    manager = make(cameras())
    manager.mailbox.put(Mailbox.STOP)
    assert not manager.open()
    manager.stop()
    assert manager.judge(complete=False) == 0
    let.set()


def test_a_camera_that_hangs_at_the_start_does_not_hold_up_the_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    let = hanging(monkeypatch, "camera2")
    monkeypatch.setattr(room, "OPEN_SECONDS", 0.01)
    manager = make(cameras())
    real = manager._await

    def wait(attempts: Any) -> bool:
        assert wait_until(lambda: attempts[0].over, 60)  # the first one is there before anybody gives up
        return real(attempts)

    monkeypatch.setattr(manager, "_await", wait)
    assert manager.open()
    one, two = (stream.supervisor for stream in manager.streams)
    assert one is not None and two is not None
    assert (one.failures, two.failures) == (0, 1)
    manager.stop()
    let.set()
    assert "camera2: it does not answer; it was asked for 0.01 s\n" in caplog.text


def test_a_reload_that_comes_too_early_is_not_forgotten() -> None:
    manager = make(cameras(), frames=None)
    manager.mailbox.put(Mailbox.RELOAD)
    assert manager.open()
    asked: list[int] = []

    def read() -> None:
        asked.append(1)
        manager.mailbox.put(Mailbox.STOP)

    assert not manager.run(0, read)  # type: ignore[arg-type]
    manager.stop()
    assert asked == [1]


def broken(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the cameras of these names fail to open."""
    real = camera_source.open_camera

    def open_or_fail(source: str, **options: Any) -> Any:
        if options["name"] in names:
            raise CaptureError("no such camera")
        return real(source, **options)

    monkeypatch.setattr(camera_source, "open_camera", open_or_fail)


def test_a_live_camera_that_is_missing_is_tried_again_beside_the_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken(monkeypatch, "camera2")
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    manager = make(cameras(**{"camera*.fps": 200.0}), frames=None)
    manager.open()
    for stream in manager.streams:
        stream.start()
    one, two = (stream.supervisor for stream in manager.streams)
    assert one is not None and two is not None
    while two.failures < 3 or not manager.streams[0].last_sent_at:
        pass
    monkeypatch.undo()
    while not manager.streams[1].last_sent_at:
        pass
    manager.stop()
    assert (one.failures, two.restarts) == (0, 1)
    assert manager.judge(complete=False) == 0


def test_all_live_cameras_missing_is_a_missing_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "camera1", "camera2")
    manager = make(cameras())
    manager.open()
    assert manager.run(0)
    manager.stop()
    assert manager.judge(complete=True) == MISSING


@pytest.mark.parametrize(("other_sends", "ends"), [(True, False), (False, True)])
def test_a_camera_that_is_stuck_ends_the_process_unless_another_sends(
    other_sends: bool, ends: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(cameras())
    manager.open()
    one, two = manager.streams
    assert one.supervisor is not None
    monkeypatch.setattr(one.supervisor, "_asked_at", 100.0)
    two.last_sent_at = 125.0 if other_sends else 100.0
    manager._look(129.9)
    assert not manager._stuck
    manager._look(130.0)
    assert manager._stuck is ends
    assert (manager.judge(complete=True) == MISSING) is ends
    manager.stop()
    said = [record.message for record in caplog.records]
    assert ("camera1: the camera has not answered for 30 s" in said) is ends


class Systemd(Notifier):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "2000000"})
        self.told: list[str] = []

    def _send(self, lines: str, status: str = "") -> bool:
        self.told += [line for line in [*lines.splitlines(), status] if line]
        return True


def test_systemd_is_told_of_readiness_reload_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.01)
    systemd = Systemd()
    found = cameras(**{"camera*.fps": 100.0})
    manager = Manager(found, Limits(), Mailbox(), notifier=systemd)
    manager.open()
    words = [Mailbox.RELOAD, Mailbox.STOP]
    real = manager.mailbox.wait

    def wait(timeout: float | None) -> str | None:
        # First until both cameras have sent, then the reload, then until that is said to be done.
        ready = systemd.told.count("READY=1")
        return words.pop(0) if ready == 3 - len(words) and words else real(timeout)

    monkeypatch.setattr(manager.mailbox, "wait", wait)
    assert not manager.run(0, lambda: found)
    manager.stop()
    said = [line.partition("=")[0] if "MONOTONIC" in line else line for line in systemd.told]
    order = [line for line in said if line in ("READY=1", "RELOADING=1", "MONOTONIC_USEC", "STOPPING=1")]
    assert order == ["READY=1", "RELOADING=1", "MONOTONIC_USEC", "READY=1", "STOPPING=1"]
    assert "WATCHDOG=1" in said and "camera1 sends, camera2 sends" in said


def test_a_reload_changes_what_it_can_and_says_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpjpeg")
    before = cameras()
    manager = make(before)
    manager.open()
    old = manager.streams[0].outlets.senders
    (port,) = free_ports(1)
    place = (("127.0.0.1", port),)
    after = replace(before[0], quality=40, fps=12.0, destinations=place, width=800), before[1]
    manager.reload(after)
    one, two = manager.streams
    assert one.format == (640, 480, 12.0)
    assert [str(sender.destination) for sender in one.outlets.senders] == [f"127.0.0.1:{port}"]
    assert old[0].send(PacketTrain.from_packets([b"closed"])) == 0
    assert two.source.config is before[1]
    manager.stop()
    said = [record.message for record in caplog.records]
    assert "camera1: reloaded: fps, quality, destinations" in said
    assert "camera1: changed at the next start only: width" in said
    assert not [line for line in said if "camera2: reloaded" in line]


def test_a_destination_that_cannot_be_used_leaves_the_old_one(caplog: pytest.LogCaptureFixture) -> None:
    before = cameras()
    manager = make(before)
    manager.open()
    old = manager.streams[0].outlets.senders
    manager.reload([replace(before[0], destinations=(("no such host", 5000),)), before[1]])
    assert manager.streams[0].outlets.senders is old
    assert manager.streams[0].source.config.destinations == before[0].destinations, "it can be tried again"
    manager.stop()
    assert "it is sent where it was" in caplog.text


def test_what_a_running_camera_cannot_take_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpjpeg")
    (tmp_path / "0.jpg").write_bytes(picture())
    before = cameras(**{"camera1.source": f"replay:{tmp_path}"})
    manager = make(before)
    manager.open()
    manager.reload([replace(before[0], fps=12.0, pacing=0.5), before[1]])
    manager.stop()
    said = [record.message for record in caplog.records]
    assert "camera1: reloaded: pacing" in said
    assert "camera1: changed at the next start only: fps" in said


def test_a_wrong_configuration_reloads_nothing() -> None:
    manager = make(cameras(), frames=None)
    manager.open()
    words = iter([Mailbox.RELOAD, Mailbox.STOP])
    manager.mailbox.wait = lambda timeout: next(words)  # type: ignore[method-assign]
    asked: list[int] = []
    assert not manager.run(0, lambda: asked.append(1))  # type: ignore[func-returns-value]
    manager.stop()
    assert asked == [1]


def test_which_cameras_run_is_settled_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    found = cameras()
    manager = make(found)
    manager.open()
    manager.reload(found[:1])
    manager.stop()
    assert "which cameras run changes at the next start only" in caplog.text


def test_the_local_port_belongs_to_the_first_destination() -> None:
    one, two, local = free_ports(3)
    places = f"127.0.0.1:{one},127.0.0.1:{two}"
    found = cameras(**{"camera1.destinations": places, "camera1.local_port": local})
    manager = make(found)
    manager.open()
    ports = [sender.local_address[1] for sender in manager.streams[0].outlets.senders]
    manager.stop()
    assert ports[0] == local != ports[1]


def test_every_destination_is_behind_a_link_with_a_seed_of_its_own() -> None:
    one, two = free_ports(2)
    found = cameras(**{"camera1.destinations": f"127.0.0.1:{one},127.0.0.1:{two}"})
    manager = Manager(found, Limits(1), Mailbox(), Impairment(delay=0.01, seed=7))
    manager.open()
    senders = [sender for stream in manager.streams for sender in stream.outlets.senders]
    links = [sender.link for sender in senders if isinstance(sender, ImpairedSender)]
    assert [str(link.impairment) for link in links] == [f"delay=10ms,seed={seed}" for seed in (7, 8, 9)]
    manager.stop()
    assert [sender.send(PacketTrain.from_packets([b"later"])) for sender in senders] == [0, 0, 0]
