"""Several cameras in one process: opens them, runs each apart from the others, and counts up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..config import CameraConfig
from ..errors import CaptureError, ConfigError, TransportError
from ..net.address import address_text
from ..net.impaired import Sender
from ..net.impairment import Impairment
from ..net.srtp import Protector
from .adaptation import Adaptation
from .console import DONE, FAULT, MISSING, Mailbox
from .description import write_descriptions
from .keys import protectors
from .opening import Attempt, Opener, make_stream
from .report import Report
from .service import Heartbeat, Notifier
from .stream import CameraStream, Limits

OPEN_SECONDS = 12.0
"""How long cameras may take to open, longer than any gives itself: another one begins without that."""
JOIN_SECONDS = 1.5
"""How long the threads of a camera may take to end: a signal is answered within 2 s."""
STUCK_SECONDS = 30.0
"""A camera that has not answered for so long will not: its thread is lost."""
LOOK_SECONDS = 1.0
"""How often the main thread looks after the cameras."""
RELOADED = ("quality", "fps", "destinations", "interfaces", "pacing")
"""What a reload changes while a camera runs; other changes wait for the next start."""

_log = logging.getLogger(__name__)


class Manager:
    """Runs one stream for each camera; everything here is for the main thread.

    A live camera that cannot be opened is said and tried again while another one runs; a file is left out.
    A port or a name that cannot be used is a mistake in the command, which stops it: ``open`` raises
    ``TransportError`` or ``ConfigError``.
    """

    def __init__(
        self,
        cameras: Sequence[CameraConfig],
        limits: Limits,
        mailbox: Mailbox,
        impairment: Impairment | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self.cameras = cameras
        self.mailbox = mailbox
        self.streams: list[CameraStream] = []
        self._limits = limits
        self._opener = Opener(impairment)
        self._adaptation = Adaptation()
        self._stuck = False
        self._notifier = notifier or Notifier()
        self._heartbeat = Heartbeat(self._notifier)

    def open(self) -> bool:
        """Open all sockets, then all cameras at the same time; False when a signal came before they were."""
        keys = protectors(self.cameras)
        senders = [self._opener.senders(config) for config in self.cameras]
        opened = partial(self.mailbox.put, Mailbox.OPENED)
        attempts = [Attempt(config, opened) for config in self.cameras]
        if not self._await(attempts):
            return False
        for number, (attempt, found) in enumerate(zip(attempts, senders, strict=True)):
            # Half of the interval is shared out: who sends is done before the next one, and pairs are near.
            name, turn = attempt.source.config.name, number / len(self.cameras) / 2
            ended = partial(self.mailbox.put, name)
            try:
                self.streams.append(self._stream(attempt, found, ended, turn, keys.get(name)))
            except CaptureError as error:
                _log.error("%s: %s", name, error)
        if not any(_is_open(stream) for stream in self.streams):
            self.streams.clear()
        return True

    def _stream(
        self,
        attempt: Attempt,
        senders: Sequence[Sender],
        ended: Callable[[], object],
        turn: float,
        protector: Protector | None,
    ) -> CameraStream:
        """Return the stream of a camera; all that are adaptive share one budget."""
        adaptive = attempt.source.config.adaptive and not attempt.source.is_file
        adaptation = self._adaptation if adaptive else None
        return make_stream(attempt, senders, self._limits, ended, turn, adaptation, protector)

    def _await(self, attempts: Sequence[Attempt]) -> bool:
        """Wait until all cameras are open or have failed; False when a signal ends that."""
        words: list[str] = []
        while not all(attempt.over for attempt in attempts):
            word = self.mailbox.wait(OPEN_SECONDS)
            if word == Mailbox.STOP:
                return False
            if word is None:
                for attempt in attempts:
                    attempt.give_up(OPEN_SECONDS)
            else:
                words.append(word)
        if Mailbox.RELOAD in words:
            self.mailbox.put(Mailbox.RELOAD)
        return True

    def run(
        self,
        statistics_interval: float,
        read: Callable[[], Sequence[CameraConfig] | None] = lambda: None,
    ) -> bool:
        """Send until all streams have ended; False when a signal ended it.

        Statistics are logged every so many seconds, never for 0. At a word to reload ``read`` gives the
        cameras as they are configured now, None where that is wrong.
        """
        for stream in self.streams:
            stream.start()
        left = len(self.streams)
        report = Report(self.streams, statistics_interval)
        while left > 0 and not self._stuck:
            due = report.wait()
            word = self.mailbox.wait(LOOK_SECONDS if due is None else min(due, LOOK_SECONDS))
            if word == Mailbox.STOP:
                return False
            if word == Mailbox.RELOAD:
                self._heartbeat.reload(time.monotonic())
                self.reload(read() or ())
            elif word != Mailbox.OPENED:
                left -= word is not None
            report.log_when_due()
            self._look(time.monotonic())
        return True

    def _look(self, now: float) -> None:
        """Tell systemd how it goes. End for a camera that is stuck, but never while another one sends."""
        self._heartbeat.beat([stream.health() for stream in self.streams if not stream.over], now)
        stuck = [stream for stream in self.streams if _stuck_for(stream, now) >= STUCK_SECONDS]
        if stuck and not any(stream.sends(now) for stream in self.streams):
            self._stuck = True
            for stream in stuck:
                _log.error("%s: the camera has not answered for %.0f s", stream.name, STUCK_SECONDS)

    def reload(self, cameras: Sequence[CameraConfig]) -> None:
        """Take a new configuration as far as running cameras can; say what has to wait."""
        found = {config.name: config for config in cameras}
        if found and found.keys() != {config.name for config in self.cameras}:
            _log.warning("which cameras run changes at the next start only")
        for stream in self.streams:
            if stream.name in found:
                self._reload(stream, found[stream.name])

    def _reload(self, stream: CameraStream, config: CameraConfig) -> None:
        before, senders = stream.source.config, None
        if (config.destinations, config.interfaces) != (before.destinations, before.interfaces):
            try:
                senders = self._opener.senders(config)
            except (TransportError, ConfigError) as error:
                _log.error("%s: %s; it is sent where it was", stream.name, error)
                config = replace(config, destinations=before.destinations, interfaces=before.interfaces)
        kept = stream.reload(config, senders)
        changed = [key for key in CameraConfig.__slots__ if getattr(config, key) != getattr(before, key)]
        _say_changes(stream.name, changed, kept)

    def stop(self) -> None:
        """End all threads, then close cameras and sockets."""
        self._notifier.stopping()
        for stream in self.streams:
            stream.stop()
        end = time.monotonic() + JOIN_SECONDS
        for stream in self.streams:
            if not stream.join(max(0.0, end - time.monotonic())):
                _log.warning("%s: the camera does not answer and is left as it is", stream.name)
        self._opener.close()

    def statistics(self) -> list[dict[str, Any]]:
        """Return the counters of all cameras; of one that could not be opened they are 0."""
        found = {stream.name: stream.statistics() for stream in self.streams}
        return [found.get(config.name) or _nothing(config) for config in self.cameras]

    def judge(self, complete: bool) -> int:
        """Return the exit code; ``complete`` is what ``open`` and ``run`` returned."""
        lost = sum(stream.fault is not None for stream in self.streams)
        if self._stuck or (lost == len(self.streams) and (complete or lost)):
            return MISSING
        sent = any(stream.session.statistics.frames_sent for stream in self.streams)
        if complete and not sent:
            _log.error("no frame was sent")
            return FAULT
        return DONE

    def write_descriptions(self, path: Path) -> None:
        """Write an SDP file for each camera. Raises ``TransportError`` when one cannot be written."""
        write_descriptions(self.streams, {config.name: config.ttl for config in self.cameras}, path)


def _is_open(stream: CameraStream) -> bool:
    return stream.supervisor is None or not stream.supervisor.failures


def _stuck_for(stream: CameraStream, now: float) -> float:
    return stream.supervisor.stuck_for(now) if stream.supervisor is not None else 0.0


def _say_changes(name: str, changed: Sequence[str], kept: Collection[str]) -> None:
    """Log which keys count now, and which at the next start; ``kept`` are those the camera cannot take."""
    taken = [key for key in changed if key in RELOADED and key not in kept]
    if taken:
        _log.info("%s: reloaded: %s", name, ", ".join(taken))
    if len(taken) < len(changed):
        later = ", ".join(key for key in changed if key not in taken)
        _log.warning("%s: changed at the next start only: %s", name, later)


def _nothing(config: CameraConfig) -> dict[str, Any]:
    """Return the counters of a camera that could not be opened."""
    counters = "frames_captured frames_sent frames_dropped packets_sent bytes_sent send_errors restarts"
    counters += " packets_resent intervals_sent intervals_split"
    return {
        "name": config.name,
        "source": config.source,
        "ssrc": config.ssrc,
        "destinations": [address_text(host, port) for host, port in config.destinations],
        **dict.fromkeys(counters.split(), 0),
        **dict.fromkeys(("round_trip_ms", "remote_loss", "remote_jitter_ms")),
        "quality": config.quality,
        "quality_reason": "as configured",
        "encode_ms": None,
        "send_ms": None,
    }
