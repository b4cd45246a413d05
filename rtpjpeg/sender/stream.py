"""One camera on its way out: camera, session, pacer, sockets.

A live camera has two threads, one that captures, kept running by a supervisor, and one that sends, with a
slot between them: when sending is slow the newest picture wins. A file is read by the thread that sends
it, so it waits and loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..capture.base import Camera
from ..capture.nosignal import NoSignal
from ..capture.slot import Slot
from ..config import CameraConfig
from ..errors import UnsupportedJpegError
from ..frame import Frame
from ..net.impaired import Sender
from ..net.srtp import Protector
from ..session import SenderSession
from ..train import PacketTrain
from .adaptation import Adaptation, Decision
from .camera_source import USUAL_RATE, CameraSource
from .outlets import Outlets
from .pacer import Pacer
from .reporting import Reporter
from .samples import Samples
from .service import CameraHealth
from .supervisor import Supervisor
from .voice import Voice

NO_SIGNAL_EVERY = 1.0
"""Seconds from one picture that says so to the next."""

ALIVE_SECONDS = 10.0

_log = logging.getLogger(__name__)
_clock = time.monotonic


@dataclass(frozen=True, slots=True)
class Limits:
    """When a stream ends by itself; None for never."""

    frames: int | None = None
    """Frames that have been sent, or refused because RFC 2435 cannot carry them."""
    duration: float | None = None
    """Seconds from the start."""


class CameraStream:
    """Sends one camera to its destinations; ``ended`` is called in its thread when it is over.

    ``camera`` is open, or None for a live one that is not open yet. ``pacer`` None holds back nothing.
    The first picture is asked for after ``delay`` seconds. ``fault`` says why it ended before its time.
    """

    def __init__(
        self,
        source: CameraSource,
        camera: Camera | None,
        session: SenderSession,
        senders: Sequence[Sender],
        pacer: Pacer | None,
        ended: Callable[[], object],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        delay: float = 0.0,
        adaptation: Adaptation | None = None,
        protector: Protector | None = None,
    ) -> None:
        self.source = source
        self.name = source.config.name
        self.session = session
        self.outlets = Outlets(senders, protector)
        self.fault: str | None = None
        self.frames_captured = 0
        self.frames_dropped = 0
        self.last_sent_at: float | None = None
        """Monotonic seconds of the last picture of the camera that left."""
        self.encode_times = Samples()
        self.send_times = Samples()
        self.supervisor: Supervisor | None = None
        """Keeps a live camera running; None for a file."""
        self._guard = threading.Lock()
        """Held while the session is used, by the thread that sends and by that of the reports."""
        self.reporter = Reporter(self.name, session, self.outlets, self._guard, adaptation)
        self._camera = camera
        self._pacer = pacer
        self._ended = ended
        self._limits = limits
        self._delay = delay
        self._finished = 0
        self._voice = Voice(self.name)
        self.decided = Decision(source.config.quality, 1, "as configured")
        """What the network allows."""
        self._adaptation = adaptation
        self._waiting: Slot[Frame] = Slot()
        self._stop = threading.Event()
        self._no_signal: NoSignal | None = None
        self._threads = [threading.Thread(target=self._run, name=self.name, daemon=True)]
        if camera is None or camera.live:
            self.supervisor = Supervisor(
                self.name, source.open, source.is_present, self._take, self._stop, camera
            )
            capture = threading.Thread(target=self._capture, name=f"{self.name} capture", daemon=True)
            self._threads.append(capture)

    def health(self) -> CameraHealth:
        """Return what the system's service manager wants to know of this camera."""
        supervisor, fps = self.supervisor, self.format[2]
        return CameraHealth(
            self.name,
            self.last_sent_at,
            failed=supervisor is not None and supervisor.failures > 0,
            absent=supervisor is not None and supervisor.absent,
            interval=1 / fps if fps else 0.0,
        )

    def sends(self, now: float) -> bool:
        """Tell whether a picture of the camera left in the last ten seconds."""
        return self.last_sent_at is not None and now - self.last_sent_at < ALIVE_SECONDS

    @property
    def over(self) -> bool:
        """True when nothing more is sent."""
        return self._stop.is_set()

    @property
    def format(self) -> tuple[int, int, float]:
        """Width and height in pixels and frames a second, as configured until the camera is open."""
        camera, config = self._camera, self.source.config
        if camera is not None:
            return camera.width, camera.height, camera.fps
        return config.width, config.height, config.fps or USUAL_RATE

    def reload(self, config: CameraConfig, senders: Sequence[Sender] | None) -> set[str]:
        """Take another quality, frame rate, pacing and, where ``senders`` are given, other destinations.

        Returns the keys that the running camera cannot take.
        """
        camera, before, self.source.config = self._camera, self.source.config, config
        kept = set()
        if camera is not None and config.quality != before.quality:
            camera.set_quality(config.quality)
            if self._adaptation is not None:
                self._adaptation.add(self.name, config.quality, self.format[2], self._adapt)
        if camera is not None and config.fps != before.fps:
            kept = set() if camera.set_fps(config.fps or USUAL_RATE) else {"fps"}
        if self._pacer is not None and (config.fps, config.pacing) != (before.fps, before.pacing):
            self._pacer = Pacer(1 / self.format[2], config.pacing)
        if senders is not None:
            self.outlets.replace(senders)
        return kept

    def start(self) -> None:
        """Begin to send; the camera must be open."""
        if self._adaptation is not None:
            self._adaptation.add(self.name, self.source.config.quality, self.format[2], self._adapt)
        self.reporter.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the threads to end: they do when the camera has given its next picture."""
        self._stop.set()
        self._waiting.close()

    def join(self, timeout: float) -> bool:
        """Wait until all threads have ended; False when one has not, after ``timeout`` seconds."""
        end = _clock() + timeout
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, end - _clock()))
        return not any(thread.is_alive() for thread in self._threads)

    # The thread that captures.

    def _capture(self) -> None:
        """Put a live camera's pictures into the slot until the stream ends."""
        assert self.supervisor is not None
        self._stop.wait(self._delay)
        self.supervisor.run()

    def _take(self, frame: Frame, camera: Camera) -> None:
        self._camera = camera
        self.frames_captured += 1
        frame.encoded_at = _clock()
        if frame.captured_at is not None:
            self.encode_times.add(max(0.0, frame.encoded_at - frame.captured_at))
        self._voice.tell(camera.notices)
        self.frames_dropped += self._waiting.put(frame)

    # The thread that sends.

    def _run(self) -> None:
        try:
            self._send_all()
        except Exception as error:
            self.fault = self._voice.fail(error)
        finally:
            if self.supervisor is None and self._camera is not None:
                self._camera.close()
            self.stop()
            self.reporter.stop()
            self._ended()

    def _send_all(self) -> None:
        if self.supervisor is None:
            self._stop.wait(self._delay)
        end = _clock() + self._limits.duration if self._limits.duration is not None else float("inf")
        step = self._send_next if self.supervisor is None else self._send_newest
        while (
            not self._stop.is_set() and self._finished != self._limits.frames and (left := end - _clock()) > 0
        ):
            if not step(left):
                return

    def _send_next(self, left: float) -> bool:
        """Send the next picture of a file; False at its end."""
        camera = self._camera
        frame = camera.read() if camera is not None else None
        if camera is None or frame is None:
            return False
        self.frames_captured += 1
        self._voice.tell(camera.notices)
        self._send_counted(frame)
        return True

    def _send_newest(self, left: float) -> bool:
        """Send the newest picture of a live camera, or after a second without one that there is no signal."""
        frame = self._waiting.get(min(left, NO_SIGNAL_EVERY))
        if frame is not None:
            if self.frames_captured % self.decided.fps_divisor == 0:
                self._send_counted(frame)
        elif self.supervisor is not None and not self._stop.is_set():
            self._say_no_signal(self.supervisor.lost_for(_clock()))
        return True

    def _say_no_signal(self, seconds: float) -> None:
        """Send a picture that says so, where that is wanted and the camera is lost."""
        if not (self.source.config.no_signal and seconds):
            return
        self._no_signal = self._no_signal or self.source.no_signal()
        self._send(Frame(self._no_signal.picture(seconds), 0, 0, captured_at=_clock()))

    def _send_counted(self, frame: Frame) -> None:
        self._finished += 1
        if self._send(frame):
            self.last_sent_at = _clock()

    def _send(self, frame: Frame) -> bool:
        """Send a picture; False where RFC 2435 cannot carry it."""
        began = _clock()
        captured_at = began if frame.captured_at is None else frame.captured_at
        try:
            wall_offset = time.time() - _clock()
            with self._guard:
                train = self.session.send_frame(
                    frame.jpeg, captured_at, began, wall_offset=wall_offset, encoded_at=frame.encoded_at
                )
        except UnsupportedJpegError as error:
            self.frames_dropped += 1
            self._voice.refuse(error, self.source.config.transcode)
            return False
        if self._adaptation is not None:
            self._adaptation.sent(self.name, train.nbytes, len(train), began)
        if self._pacer is None:
            self.outlets.send(train)
        else:
            self._send_paced(self._pacer, train, began)
        self.send_times.add(_clock() - began)
        self._obey_path()
        return True

    def _send_paced(self, pacer: Pacer, train: PacketTrain, now: float) -> None:
        pacer.load(train, now)
        while (due := pacer.next_timer()) is not None:
            if due > now:
                time.sleep(due - now)
            self.outlets.send(pacer.take())
            now = _clock()
            pacer.sent(now)

    def _obey_path(self) -> None:
        """Make packets smaller from the next frame on when a route takes only smaller ones."""
        mtu = self.outlets.path_mtu
        if mtu is not None and mtu < self.session.mtu:
            self.session.mtu = mtu
        self._voice.tell(self.outlets.take_notices())

    def _adapt(self, decision: Decision) -> None:
        """Send as the network allows from the next picture on."""
        camera = self._camera
        if camera is not None and decision.quality != self.decided.quality:
            camera.set_quality(decision.quality)
        self.decided = decision

    def statistics(self) -> dict[str, Any]:
        """Return the counters under the names that ``rtpjpeg-send --json`` prints.

        ``packets_sent`` and ``bytes_sent`` (UDP payload) count what the kernel took, for all
        destinations together. ``intervals_split`` are restart intervals that went over several packets.
        ``encode_ms`` is from capture to JPEG, null for a file; ``send_ms`` from JPEG to last packet,
        pacing included.
        """
        return {
            "name": self.name,
            "source": self.source.config.source,
            "ssrc": self.session.ssrc,
            "destinations": self.outlets.places,
            "frames_captured": self.frames_captured,
            "frames_sent": self.session.statistics.frames_sent,
            "frames_dropped": self.frames_dropped,
            **self.outlets.count(),
            "restarts": self.supervisor.restarts if self.supervisor else 0,
            "packets_resent": self.session.statistics.packets_resent,
            **self.reporter.statistics(),
            "quality": self.decided.quality,
            "quality_reason": self.decided.reason,
            "intervals_sent": self.session.statistics.intervals_sent,
            "intervals_split": self.session.statistics.intervals_split,
            "encode_ms": self.encode_times.summary(),
            "send_ms": self.send_times.summary(),
        }
