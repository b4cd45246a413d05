"""What systemd is told: that sending has begun, how it goes, and that the program lives.

The protocol of sd_notify(3) is one datagram to the socket that ``NOTIFY_SOCKET`` names, lines of
KEY=VALUE. Whoever was not started by systemd has no such variable, and nothing is sent.

When to say what is decided apart from saying it: ``ready`` and ``healthy`` are pure, ``Heartbeat`` keeps
the time that it is given.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SILENCE = 10.0
"""Seconds without a frame of any camera after which the watchdog is no longer told that all is well."""
MISSED = 3
"""Frames that a slow camera may miss before that: at 0.1 a second it is not silent, it is slow."""

LOOK = 1.0
"""Seconds between two looks at the cameras, for READY=1 and the status."""


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What counts of one camera that is enabled and has not come to its end."""

    name: str
    last_sent_at: float | None = None
    """Seconds of the clock that ``now`` is of; None before its first frame."""
    failed: bool = False
    """It has failed at least once since the program began."""
    absent: bool = False
    """Its device is not there; it is tried again later."""
    interval: float = 0.0
    """Seconds from frame to frame; 0 where that is not known."""


def ready(cameras: Sequence[CameraHealth]) -> bool:
    """Return whether every camera has sent a frame or failed once: then no more is known by waiting."""
    return all(camera.last_sent_at is not None or camera.failed for camera in cameras)


def healthy(cameras: Sequence[CameraHealth], now: float) -> bool:
    """Return whether the program does what it can: a camera sends, or all of them are unplugged.

    A new process helps a camera stack that hangs. It brings no camera back that is not there.
    """
    return all(camera.absent for camera in cameras) or any(_sends(camera, now) for camera in cameras)


def _sends(camera: CameraHealth, now: float) -> bool:
    allowed = max(SILENCE, MISSED * camera.interval)
    return camera.last_sent_at is not None and now - camera.last_sent_at <= allowed


def summary(cameras: Sequence[CameraHealth], now: float) -> str:
    """Return the line that ``systemctl status`` shows, one word or two for each camera."""
    return ", ".join(f"{camera.name} {_word(camera, now)}" for camera in cameras)


def _word(camera: CameraHealth, now: float) -> str:
    if camera.absent:
        return "is not there"
    if _sends(camera, now):
        return "sends"
    return "begins" if camera.last_sent_at is None and not camera.failed else "is silent"


class Notifier:
    """Tells systemd; each method returns whether it was told, and raises nothing.

    ``environment`` is that of the process, ``pid`` its number (None: this process's).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_interval = _watchdog_interval(environment, os.getpid() if pid is None else pid)
        """Seconds from one ``watchdog`` to the next, half of what systemd allows; None: it does not wait."""

    @property
    def listening(self) -> bool:
        """Whether there is somebody to tell."""
        return self._address is not None

    def ready(self, status: str = "") -> bool:
        """Say that the start, or the reload, is done."""
        return self._send("READY=1", status)

    def status(self, text: str) -> bool:
        """Say in one line how it goes."""
        return self._send("", text)

    def watchdog(self) -> bool:
        """Say that all is well; without it for the time of WatchdogSec= systemd ends the program."""
        return self._send("WATCHDOG=1")

    def stopping(self) -> bool:
        """Say that the end has begun."""
        return self._send("STOPPING=1")

    def reloading(self, now: float) -> bool:
        """Say that the configuration is read anew; ``ready`` must follow. ``now`` is ``time.monotonic``."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={int(now * 1e6)}")

    def _send(self, lines: str, status: str = "") -> bool:
        if self._address is None:
            return False
        if status:
            lines += f"\nSTATUS={' '.join(status.split())}"
        try:
            # A socket for each message: systemd may have been started anew. Whoever waits here stops cameras.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(lines.strip().encode("utf-8", "replace"), self._address)
        except OSError:
            return False
        return True


def _address(name: str) -> str | bytes | None:
    """Return the socket's address; an abstract one is written with an @ for its NUL (sd_notify(3))."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    return name if name.startswith("/") else None


def _watchdog_interval(environment: Mapping[str, str], pid: int) -> float | None:
    """Return half of WATCHDOG_USEC in seconds, where it is for this process (sd_watchdog_enabled(3))."""
    usec, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(pid))
    if not usec.isdecimal() or not float(usec) or meant != str(pid):
        return None
    return float(usec) / 2e6


class Heartbeat:
    """Tells systemd what is new each time it is asked to; time is an argument.

    Call ``beat`` at least when ``next_timer`` has come, with all cameras that still run.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._ready = False
        self._due = float("-inf")
        self._said = ""

    def beat(self, cameras: Sequence[CameraHealth], now: float) -> None:
        """Say READY=1 once, the status when it has changed, and WATCHDOG=1 while all is well."""
        status = summary(cameras, now)
        if not self._ready and ready(cameras):
            self._ready = self._notifier.ready(status)
            self._said = status if self._ready else self._said
        elif status != self._said and self._notifier.status(status):
            self._said = status
        if self._notifier.watchdog_interval is not None and now >= self._due and healthy(cameras, now):
            self._notifier.watchdog()
            self._due = now + self._notifier.watchdog_interval

    def reload(self, now: float) -> None:
        """Say that a reload has begun; the next ``beat`` of cameras that have all sent says its end."""
        self._notifier.reloading(now)
        self._ready = False

    def next_timer(self, now: float) -> float | None:
        """Return when to call ``beat`` again if nothing happens; None where nobody listens."""
        if not self._notifier.listening:
            return None
        return min(now + LOOK, self._due) if self._due > now else now + LOOK
