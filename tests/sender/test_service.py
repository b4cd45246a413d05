"""What systemd is told, read by a socket such as systemd's; time is an argument."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtpjpeg.sender.service import CameraHealth, Heartbeat, Notifier, healthy, ready, summary

SENT = CameraHealth("camera1", last_sent_at=100.0)
NEW = CameraHealth("camera2")
FAILED = CameraHealth("camera2", failed=True)
ABSENT = CameraHealth("camera2", failed=True, absent=True)


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str | bytes, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": name}

    def heard(self) -> list[str]:
        """Return the messages that have come since the last call."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    """A listener on a socket in the file system, then on an abstract one."""
    path = str(tmp_path / "notify")
    name = f"rtpjpeg-test-{os.getpid()}"
    made = Systemd(path, path) if request.param == "path" else Systemd(f"\0{name}", f"@{name}")
    yield made
    made.close()


SAYINGS: list[tuple[Callable[[Notifier], bool], str]] = [
    (lambda notifier: notifier.ready("camera1 sends"), "READY=1\nSTATUS=camera1 sends"),
    (lambda notifier: notifier.ready(), "READY=1"),
    (lambda notifier: notifier.status("all\nis well "), "STATUS=all is well"),
    (lambda notifier: notifier.watchdog(), "WATCHDOG=1"),
    (lambda notifier: notifier.stopping(), "STOPPING=1"),
    (lambda notifier: notifier.reloading(12.5), "RELOADING=1\nMONOTONIC_USEC=12500000"),
]


@pytest.mark.parametrize(("say", "message"), SAYINGS, ids=[message.split("=")[0] for _, message in SAYINGS])
def test_a_saying_is_one_datagram(systemd: Systemd, say: Callable[[Notifier], bool], message: str) -> None:
    notifier = Notifier(systemd.environment)
    assert notifier.listening
    assert say(notifier)
    assert systemd.heard() == [message]


@pytest.mark.parametrize("say", [say for say, _ in SAYINGS])
@pytest.mark.parametrize("name", ["", "vsock:2:1234", "relative", "/no/such/socket", "@nobody-is-here", "@"])
def test_where_nobody_listens_nothing_happens(name: str, say: Callable[[Notifier], bool]) -> None:
    assert not say(Notifier({"NOTIFY_SOCKET": name}))


def test_without_the_variable_nothing_happens() -> None:
    notifier = Notifier({})
    assert not notifier.listening
    assert not notifier.ready()
    assert notifier.watchdog_interval is None
    assert Heartbeat(notifier).next_timer(1.0) is None


@pytest.mark.parametrize(
    ("variables", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "x"}, None),
        ({"WATCHDOG_USEC": "9" * 400}, float("inf")),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_told_twice_as_often_as_it_waits(
    variables: dict[str, str], interval: float | None
) -> None:
    assert Notifier(variables, pid=77).watchdog_interval == interval


@pytest.mark.parametrize(
    ("cameras", "expected"),
    [
        ([SENT, NEW], False),
        ([NEW], False),
        ([SENT], True),
        ([SENT, FAILED], True),
        ([ABSENT, FAILED], True),
    ],
)
def test_ready_is_when_every_camera_has_sent_or_failed(cameras: list[CameraHealth], expected: bool) -> None:
    assert ready(cameras) is expected


@pytest.mark.parametrize(
    ("cameras", "now", "expected"),
    [
        ([SENT], 110.0, True),
        ([SENT], 110.1, False),
        ([SENT, FAILED], 110.0, True),
        ([SENT, ABSENT], 110.1, False),
        ([ABSENT], 110.1, True),
        ([FAILED, ABSENT], 110.0, False),
        ([NEW], 110.0, False),
        ([CameraHealth("camera1", last_sent_at=100.0, interval=20.0)], 160.0, True),
        ([CameraHealth("camera1", last_sent_at=100.0, interval=20.0)], 160.1, False),
    ],
)
def test_healthy_is_while_a_camera_sends_or_none_is_there(
    cameras: list[CameraHealth], now: float, expected: bool
) -> None:
    assert healthy(cameras, now) is expected


def test_the_summary_says_a_word_of_each_camera() -> None:
    assert summary([SENT, ABSENT], 101.0) == "camera1 sends, camera2 is not there"
    assert summary([SENT, NEW], 130.0) == "camera1 is silent, camera2 begins"
    assert summary([FAILED], 130.0) == "camera2 is silent"


@pytest.fixture
def heartbeat(systemd: Systemd) -> Heartbeat:
    return Heartbeat(Notifier({**systemd.environment, "WATCHDOG_USEC": "30000000"}))


def test_a_start_is_ready_once_and_the_status_comes_when_it_changes(
    systemd: Systemd, heartbeat: Heartbeat
) -> None:
    for now in (100.0, 101.0):
        heartbeat.beat([SENT, NEW], now)
    heartbeat.beat([SENT, FAILED], 102.0)
    heartbeat.beat([SENT, FAILED], 103.0)
    heartbeat.beat([SENT, ABSENT], 104.0)
    assert systemd.heard() == [
        "STATUS=camera1 sends, camera2 begins",
        "WATCHDOG=1",
        "READY=1\nSTATUS=camera1 sends, camera2 is silent",
        "STATUS=camera1 sends, camera2 is not there",
    ]


def test_the_watchdog_is_told_at_its_interval_and_not_of_a_silent_camera(
    systemd: Systemd, heartbeat: Heartbeat
) -> None:
    beats = []
    for second in range(100, 150):
        heartbeat.beat([CameraHealth("camera1", last_sent_at=min(second, 120.0))], float(second))
        beats += [second for message in systemd.heard() if message == "WATCHDOG=1"]
    assert beats == [100, 115, 130]


def test_a_camera_that_is_back_is_told_at_once(systemd: Systemd, heartbeat: Heartbeat) -> None:
    heartbeat.beat([SENT], 100.0)
    heartbeat.beat([SENT], 120.0)
    systemd.heard()
    heartbeat.beat([CameraHealth("camera1", last_sent_at=121.0)], 121.0)
    assert systemd.heard() == ["STATUS=camera1 sends", "WATCHDOG=1"]


def test_a_reload_ends_with_ready(systemd: Systemd, heartbeat: Heartbeat) -> None:
    heartbeat.beat([SENT], 100.0)
    systemd.heard()
    heartbeat.reload(101.0)
    heartbeat.beat([SENT], 101.0)
    assert systemd.heard() == ["RELOADING=1\nMONOTONIC_USEC=101000000", "READY=1\nSTATUS=camera1 sends"]


def test_a_ready_that_was_not_heard_is_said_again(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    heartbeat = Heartbeat(Notifier({"NOTIFY_SOCKET": path}))
    heartbeat.beat([SENT], 100.0)
    late = Systemd(path, path)
    heartbeat.beat([SENT], 101.0)
    assert late.heard() == ["READY=1\nSTATUS=camera1 sends"]
    late.close()


def test_the_timer_is_the_watchdog_or_the_next_look(systemd: Systemd, heartbeat: Heartbeat) -> None:
    assert heartbeat.next_timer(100.0) == pytest.approx(101.0)
    heartbeat.beat([SENT], 100.0)
    assert heartbeat.next_timer(100.0) == pytest.approx(101.0)
    assert heartbeat.next_timer(114.5) == pytest.approx(115.0)
    assert heartbeat.next_timer(120.0) == pytest.approx(121.0)  # late, since no camera sends
