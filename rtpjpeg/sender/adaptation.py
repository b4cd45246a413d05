"""Quality that follows the network, for all cameras of one sender: reports in, levels out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..events import ReportReceived
from .quality import Controller, Decision, Feedback

__all__ = ["Adaptation", "Decision"]

DECIDE_EVERY = 0.25
"""Seconds from one decision to the next where no report comes."""
MOST_RECEIVERS = 64

_log = logging.getLogger(__name__)

Apply = Callable[[Decision], object]


@dataclass(slots=True)
class _Camera:
    apply: Apply
    decision: Decision
    nbytes: float = 0.0
    packets: float = 0.0
    """Of late: the older, the less they count."""

    def add(self, nbytes: int, packets: int) -> None:
        self.nbytes, self.packets = 0.97 * self.nbytes + nbytes, 0.97 * self.packets + packets

    @property
    def packet_bits(self) -> float:
        """Bits of a packet, on average."""
        return 8 * self.nbytes / self.packets if self.packets else 0.0


class Adaptation:
    """Asks the controller, and tells each camera what changes; any thread may call."""

    def __init__(self) -> None:
        self._controller = Controller()
        self._lock = threading.Lock()
        self._cameras: dict[str, _Camera] = {}
        self._heard: dict[tuple[str, int], tuple[float, int, int]] = {}
        self._decided_at = float("-inf")

    @property
    def receivers(self) -> int:
        """Receivers whose reports are remembered, each once a camera."""
        return len(self._heard)

    def add(self, camera: str, quality: int, fps: float, apply: Apply) -> None:
        """Add a camera with what it is configured to send, or configure it anew."""
        with self._lock:
            self._controller.add(camera, quality, fps)
            self._cameras[camera] = _Camera(apply, Decision(quality, 1, "as configured"))

    def sent(self, camera: str, nbytes: int, packets: int, now: float) -> None:
        """Take note of a picture that goes out."""
        with self._lock:
            known = self._cameras[camera]
            known.add(nbytes, packets)
            self._controller.sent(camera, nbytes, now)
            if now - self._decided_at < DECIDE_EVERY:
                return
            changed = self._decide(now)
        self._apply(changed)

    def heard(self, camera: str, report: ReportReceived, now: float) -> None:
        """Follow what a receiver says of a camera."""
        with self._lock:
            if camera not in self._cameras:
                return
            rate = self._received_rate(camera, report, now)
            receiver = f"{report.ssrc:08x}"
            feedback = Feedback(now, report.fraction_lost, report.round_trip, rate, camera, receiver)
            self._controller.take(feedback)
            changed = self._decide(now)
        self._apply(changed)

    def _received_rate(self, camera: str, report: ReportReceived, now: float) -> float | None:
        """Return the bits a second that came to a receiver since its report before."""
        key = camera, report.ssrc
        before = self._heard.pop(key, None)
        while len(self._heard) >= MOST_RECEIVERS:
            del self._heard[next(iter(self._heard))]
        self._heard[key] = now, report.highest_sequence_number, report.cumulative_lost
        if before is None or now <= before[0]:
            return None
        expected = report.highest_sequence_number - before[1]
        packets = expected - (report.cumulative_lost - before[2])
        return max(0, packets) * self._cameras[camera].packet_bits / (now - before[0])

    def _decide(self, now: float) -> list[tuple[str, Apply, Decision]]:
        self._decided_at = now
        changed = []
        for name, decision in self._controller.decide(now).items():
            known = self._cameras[name]
            if decision != known.decision:
                known.decision = decision
                changed.append((name, known.apply, decision))
        return changed

    def _apply(self, changed: list[tuple[str, Apply, Decision]]) -> None:
        """Tell cameras, outside the lock: an encoder may take its time."""
        for name, apply, decision in changed:
            apply(decision)
            every = ", every second picture" if decision.fps_divisor > 1 else ""
            _log.info("%s: quality %d%s: %s", name, decision.quality, every, decision.reason)
