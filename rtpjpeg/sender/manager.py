"""Several cameras in one process: opens them, runs each apart from the others, and counts up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from ..capture import Camera, open_camera
from ..capture.intervals import PacketRoom
from ..config import CameraConfig
from ..errors import CaptureError, TransportError
from ..net.impaired import ImpairedSender, Sender
from ..net.impairment import Impairment
from ..net.link import Link
from ..net.udp import UdpSender
from ..packetizer import scan_room
from ..sdp import SessionDescription
from ..session import SenderSession
from .console import DONE, FAULT, MISSING, Mailbox
from .pacer import Pacer
from .stream import CameraStream, Limits

JOIN_SECONDS = 1.5
"""How long the threads of a camera may take to end: a signal is answered within 2 s."""
NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970, since a session id counts like NTP (RFC 8866 section 5.2)."""

_log = logging.getLogger(__name__)


class Manager:
    """Runs one stream for each camera; everything here is for the main thread.

    A camera that cannot be opened is said and left out. A port or a name that cannot be used is a mistake
    in the command, which stops it: ``open`` raises ``TransportError`` or ``ConfigError``. With an
    ``impairment`` every destination is behind a link of its own, each with the next seed.
    """

    def __init__(
        self,
        cameras: Sequence[CameraConfig],
        limits: Limits,
        mailbox: Mailbox,
        impairment: Impairment | None = None,
    ) -> None:
        self.cameras = cameras
        self.mailbox = mailbox
        self.streams: list[CameraStream] = []
        self._failed: list[CameraConfig] = []
        self._limits = limits
        self._impairment = impairment
        self._links = 0
        self._resources = ExitStack()

    def open(self) -> None:
        """Open all sockets, then all cameras."""
        senders = [self._open_senders(config) for config in self.cameras]
        for number, (config, found) in enumerate(zip(self.cameras, senders, strict=True)):
            try:
                self.streams.append(self._open_stream(config, found, number))
            except CaptureError as error:
                self._failed.append(config)
                _log.error("%s: %s", config.name, error)

    def _open_senders(self, config: CameraConfig) -> list[Sender]:
        senders = []
        for number, destination in enumerate(config.destinations):
            sender = UdpSender(
                destination,
                local_port=0 if number else config.local_port,  # a port belongs to one socket
                dscp=config.dscp,
                ttl=config.ttl,
                interface=config.interface,
            )
            self._resources.callback(sender.close)
            senders.append(self._impair(sender))
        return senders

    def _impair(self, sender: UdpSender) -> Sender:
        """Put a link in front of a sender, where one is asked for."""
        if self._impairment is None:
            return sender
        impaired = ImpairedSender(sender, Link(self._impairment.derived(self._links)))
        self._links += 1
        self._resources.callback(impaired.close)
        return impaired

    def _open_stream(self, config: CameraConfig, senders: list[Sender], number: int) -> CameraStream:
        session = SenderSession(mtu=config.mtu, ssrc=config.ssrc, profile=config.profile, fill=config.fill)
        camera = open_camera(
            config.source,
            name=config.name,
            device=config.device,
            width=config.width,
            height=config.height,
            fps=config.fps,
            quality=config.quality,
            packet_room=_packet_room(config),
            transcode=config.transcode,
            profile=config.profile,
        )
        _say_plan(config, camera, senders)
        interval = 1 / camera.fps if camera.fps else 0.0
        return CameraStream(
            config.name,
            config.source,
            camera,
            session,
            senders,
            Pacer(interval, config.pacing) if interval else None,
            partial(self.mailbox.put, config.name),
            self._limits,
            # Cameras that take turns do not fight for processor and network at the same moment.
            delay=interval * number / len(self.cameras),
        )

    def run(self, statistics_interval: float) -> bool:
        """Send until all streams have ended; False when a signal ended it.

        Statistics are logged every so many seconds, never for 0.
        """
        for stream in self.streams:
            stream.start()
        left = len(self.streams)
        report = _Report(self.streams, statistics_interval)
        while left > 0:
            word = self.mailbox.wait(report.wait())
            if word == Mailbox.STOP:
                return False
            left -= word is not None
            report.log_when_due()
        return True

    def stop(self) -> None:
        """End all threads, then close cameras and sockets."""
        for stream in self.streams:
            stream.stop()
        end = time.monotonic() + JOIN_SECONDS
        for stream in self.streams:
            if stream.join(max(0.0, end - time.monotonic())):
                stream.camera.close()
            else:
                _log.warning("%s: the camera does not answer and is left as it is", stream.name)
        self._resources.close()

    def statistics(self) -> list[dict[str, Any]]:
        """Return the counters of all cameras; of one that could not be opened they are 0."""
        found = {stream.name: stream.statistics() for stream in self.streams}
        return [found.get(config.name) or _nothing(config) for config in self.cameras]

    def judge(self, complete: bool) -> int:
        """Return the exit code; ``complete`` is what ``run`` returned."""
        lost = len(self._failed) + sum(stream.fault is not None for stream in self.streams)
        if lost == len(self.cameras):
            return MISSING
        sent = any(stream.session.statistics.frames_sent for stream in self.streams)
        if complete and not sent:
            _log.error("no frame was sent")
            return FAULT
        return DONE

    def write_descriptions(self, path: Path) -> None:
        """Write an SDP file for each camera; from the second on the camera's name is added to the file's.

        Raises ``TransportError`` when a file cannot be written.
        """
        hops = {config.name: config.ttl for config in self.cameras}
        for index, stream in enumerate(self.streams):
            target = path.with_stem(f"{path.stem}-{stream.name}") if index else path
            text = describe(stream, hops[stream.name]).serialize()
            try:
                target.write_text(text, encoding="ascii", newline="")
            except OSError as error:
                raise TransportError(f"{target} cannot be written: {error.strerror}") from None
            _log.info("%s: described in %s", stream.name, target)


def _packet_room(config: CameraConfig) -> PacketRoom | None:
    """Return what restart intervals are to fit; None for pictures without."""
    return PacketRoom(scan_room(config.mtu), config.fill) if config.profile == "resilient" else None


def _say_plan(config: CameraConfig, camera: Camera, senders: Sequence[Sender]) -> None:
    size = f"{camera.width}x{camera.height}"
    rate = f"{camera.fps:g} frames a second" if camera.fps else "as fast as it goes"
    places = ", ".join(str(sender.destination) for sender in senders)
    _log.info("%s: %s, %s, %s, to %s", config.name, config.source, size, rate, places)


class _Report:
    """Logs one line for each camera from time to time."""

    def __init__(
        self,
        streams: Sequence[CameraStream],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams = streams
        self._interval = interval
        self._clock = clock
        self._next = clock() + interval
        self._before: dict[str, tuple[int, int]] = {}

    def wait(self) -> float | None:
        """Return seconds until the next line is due, None for never."""
        return max(0.0, self._next - self._clock()) if self._interval else None

    def log_when_due(self) -> None:
        if not self._interval or self._clock() < self._next:
            return
        self._next += self._interval
        for stream in self._streams:
            counted = stream.statistics()
            now = counted["frames_sent"], counted["bytes_sent"]
            frames, size = self._before.get(stream.name, (0, 0))
            self._before[stream.name] = now
            _log.info(
                "%s: %d frames sent, %.1f a second, %.1f Mbit/s, %d dropped, %d send errors",
                stream.name,
                now[0],
                (now[0] - frames) / self._interval,
                (now[1] - size) * 8e-6 / self._interval,
                counted["frames_dropped"],
                counted["send_errors"],
            )


def _nothing(config: CameraConfig) -> dict[str, Any]:
    """Return the counters of a camera that could not be opened."""
    counters = "frames_captured frames_sent frames_dropped packets_sent bytes_sent send_errors restarts"
    counters += " intervals_sent intervals_split"
    return {
        "name": config.name,
        "source": config.source,
        "ssrc": config.ssrc,
        "destinations": [
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in config.destinations
        ],
        **dict.fromkeys(counters.split(), 0),
        "encode_ms": None,
        "send_ms": None,
    }


def describe(stream: CameraStream, ttl: int | None = None) -> SessionDescription:
    """Return the session description of a stream, for its first destination; ``ttl`` is that of a group."""
    sender, camera = stream.senders[0], stream.camera
    return SessionDescription(
        address=sender.destination.ip,
        port=sender.destination.port,
        ttl=ttl,
        width=camera.width,
        height=camera.height,
        framerate=camera.fps or None,
        session_name=stream.name,
        session_id=int(time.time()) + NTP_EPOCH,
        origin_address=sender.local_address[0] or "127.0.0.1",
    )
