"""One camera on its way out: camera, session, pacer, sockets.

A live camera has two threads, one that captures and one that sends, with a slot between them: when
sending is slow the newest picture wins. A file is read by the thread that sends it, so it waits and
loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..capture.base import Camera
from ..capture.slot import Slot
from ..capture.transcode import is_curable
from ..errors import CaptureError, RtpJpegError, UnsupportedJpegError
from ..frame import Frame
from ..net.impaired import Sender
from ..session import SenderSession
from ..train import PacketTrain
from .pacer import Pacer
from .samples import Samples

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

    ``pacer`` is None where nothing shall be held back. The first picture is asked for ``delay`` seconds
    after the start. ``fault`` says why a stream ended before its time.
    """

    def __init__(
        self,
        name: str,
        source: str,
        camera: Camera,
        session: SenderSession,
        senders: Sequence[Sender],
        pacer: Pacer | None,
        ended: Callable[[], object],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.source = source
        self.camera = camera
        self.session = session
        self.senders = senders
        self.fault: str | None = None
        self.frames_captured = 0
        self.frames_dropped = 0
        self.encode_times = Samples()
        self.send_times = Samples()
        self._pacer = pacer
        self._ended = ended
        self._limits = limits
        self._delay = delay
        self._finished = 0
        self._refused: set[tuple[str, str]] = set()
        self._waiting: Slot[Frame] = Slot()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True)]
        if camera.live:
            self._threads.append(threading.Thread(target=self._capture, name=f"{name} capture", daemon=True))

    def start(self) -> None:
        """Begin to send; the camera must be open."""
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
        """Put a live camera's pictures into the slot until it stops or fails."""
        try:
            self._stop.wait(self._delay)
            while not self._stop.is_set():
                frame = self._read()
                if frame is None:
                    return
                self.frames_dropped += self._waiting.put(frame)
        except Exception as error:
            self._fail(error)
        finally:
            self._waiting.close()

    def _read(self) -> Frame | None:
        frame = self.camera.read()
        if frame is not None:
            self.frames_captured += 1
            if self.camera.live and frame.captured_at is not None:
                self.encode_times.add(max(0.0, _clock() - frame.captured_at))
        self._tell(self.camera.notices)
        return frame

    # The thread that sends.

    def _run(self) -> None:
        try:
            self._send_all()
        except Exception as error:
            self._fail(error)
        finally:
            self.stop()
            self._ended()

    def _send_all(self) -> None:
        if not self.camera.live:
            self._stop.wait(self._delay)
        end = _clock() + self._limits.duration if self._limits.duration is not None else None
        while not self._stop.is_set() and self._finished != self._limits.frames:
            left = None if end is None else end - _clock()
            if left is not None and left <= 0:
                return
            frame = self._waiting.get(left) if self.camera.live else self._read()
            if frame is not None:
                self._send(frame)
            elif self._waiting.closed or not self.camera.live:
                return

    def _send(self, frame: Frame) -> None:
        began = _clock()
        captured_at = began if frame.captured_at is None else frame.captured_at
        self._finished += 1
        try:
            train = self.session.send_frame(frame.jpeg, captured_at, began)
        except UnsupportedJpegError as error:
            self._refuse(error)
            return
        if self._pacer is None:
            self._send_train(train)
        else:
            self._send_paced(self._pacer, train, began)
        self.send_times.add(_clock() - began)
        self._obey_path()

    def _send_paced(self, pacer: Pacer, train: PacketTrain, now: float) -> None:
        pacer.load(train, now)
        while (due := pacer.next_timer()) is not None:
            if due > now:
                time.sleep(due - now)
            self._send_train(pacer.take())
            now = _clock()
            pacer.sent(now)

    def _send_train(self, train: PacketTrain) -> None:
        for sender in self.senders:
            sender.send(train)

    def _obey_path(self) -> None:
        """Make packets smaller from the next frame on when a route takes only smaller ones."""
        for sender in self.senders:
            if sender.path_mtu is not None and sender.path_mtu < self.session.mtu:
                self.session.mtu = sender.path_mtu
            self._tell(sender.notices)

    # What goes wrong.

    def _refuse(self, error: UnsupportedJpegError) -> None:
        """Count a picture that cannot be sent; say each cause once."""
        self.frames_dropped += 1
        cause = (error.field, error.expected)
        if cause not in self._refused:
            self._refused.add(cause)
            cure = ", or set transcode = true" if is_curable(error) and not self.camera.transcodes else ""
            _log.error("%s: a picture cannot be sent: %s%s", self.name, error, cure)

    def _fail(self, error: Exception) -> None:
        """End this stream, and it alone."""
        known = isinstance(error, RtpJpegError | OSError)
        self.fault = str(error) if known else f"{type(error).__name__}: {error}"
        _log.error("%s: %s", self.name, " ".join(self.fault.split()))
        _log.debug("%s", self.name, exc_info=not isinstance(error, CaptureError))

    def _tell(self, notices: list[str]) -> None:
        while notices:
            _log.warning("%s: %s", self.name, notices.pop(0).removeprefix(f"{self.name}: "))

    def statistics(self) -> dict[str, Any]:
        """Return the counters under the names that ``rtpjpeg-send --json`` prints.

        ``packets_sent`` and ``bytes_sent`` (UDP payload) count what the kernel took, for all
        destinations together. ``intervals_split`` are restart intervals that went over several packets.
        ``encode_ms`` is from capture to JPEG, null for a file; ``send_ms`` from JPEG to last packet,
        pacing included.
        """
        return {
            "name": self.name,
            "source": self.source,
            "ssrc": self.session.ssrc,
            "destinations": [str(sender.destination) for sender in self.senders],
            "frames_captured": self.frames_captured,
            "frames_sent": self.session.statistics.frames_sent,
            "frames_dropped": self.frames_dropped,
            "packets_sent": sum(sender.packets_sent for sender in self.senders),
            "bytes_sent": sum(sender.bytes_sent for sender in self.senders),
            "send_errors": sum(sender.send_errors for sender in self.senders),
            "restarts": 0,
            "intervals_sent": self.session.statistics.intervals_sent,
            "intervals_split": self.session.statistics.intervals_split,
            "encode_ms": self.encode_times.summary(),
            "send_ms": self.send_times.summary(),
        }
