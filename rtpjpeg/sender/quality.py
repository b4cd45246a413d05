"""Quality that follows the network: receiver reports in, JPEG quality and frame rate of each camera out.

All cameras of one sender share one budget, since they share the way out. Each takes the best level that its
share carries. Changes are two seconds apart, because a change of quality empties the picture that receivers
conceal with; only what is clearly too much goes down at once.

Pure: time comes in as an argument, and never goes back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .budget import Budget
from .levels import HALF, QUALITIES, Level, Sizes, qualities_up_to, shared
from .paths import Feedback

__all__ = ["Controller", "Decision", "Feedback"]

CONFIGURED = "as configured"
CHANGE_EVERY = 2.0
"""Seconds from one change of a camera to the next; going down from what is clearly too much does not wait.

If it did, 89 % of a network would be used instead of 94, and twice as much lost.
"""
TOLERATED, CLEARLY = 1.04, 1.10
"""Parts of its share that a camera may have without a change, and from which on it is clearly too much."""
UNDO = 1.10
"""Part of the lowest quality at the whole frame rate that a share must hold to undo half the rate."""
UNDO_EVERY = 10.0
"""Seconds for which the half frame rate is kept, at least."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a camera is to send: its JPEG quality, every how many frames one, and why that changed last."""

    quality: int
    fps_divisor: int
    reason: str


@dataclass(slots=True)
class _Camera:
    sizes: Sizes
    decision: Decision
    configured: int = 100
    qualities: tuple[int, ...] = QUALITIES
    changed_at: float = -math.inf
    halved_at: float = -math.inf

    @property
    def level(self) -> Level:
        return Level(self.decision.quality, self.decision.fps_divisor)

    @property
    def most(self) -> Level:
        return Level(self.configured)

    def lowest(self, fps_divisor: int = 1) -> Level:
        return Level(self.qualities[0], fps_divisor)


class Controller:
    """Decides for the cameras of one sender; ``budget`` says how much they may have together.

    Tell it every picture that was ``sent`` and let it ``take`` every report; ask it to ``decide`` after a
    report and a few times a second. One thread at a time.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._cameras: dict[str, _Camera] = {}
        self._now = -math.inf

    @property
    def rate(self) -> float | None:
        """Bits a second for all cameras together; None for no limit."""
        return self._budget.rate

    def add(self, camera: str, quality: int, fps: float) -> None:
        """Add a camera with its configured quality (1..100) and frame rate, or configure it anew."""
        configured = Decision(quality, 1, CONFIGURED)
        known = self._cameras.setdefault(camera, _Camera(Sizes(fps), configured))
        if self.rate is None:
            known.decision = configured
        elif quality < known.decision.quality:
            known.decision = replace(known.decision, quality=quality, reason=CONFIGURED)
        known.configured, known.sizes.fps = quality, fps
        known.qualities = qualities_up_to(quality)

    def remove(self, camera: str) -> None:
        """Forget a camera."""
        self._cameras.pop(camera, None)

    def sent(self, camera: str, size: int, now: float) -> None:
        """Learn from a picture: ``size`` is the bytes of its packets, to one destination."""
        known = self._cameras[camera]
        known.sizes.add(size, known.level, self._time(now))

    def take(self, report: Feedback) -> None:
        """Follow a receiver report; one about a camera that is not known counts for all of them."""
        now = self._time(report.now)
        loads = {name: camera.sizes.bits(camera.level, now) for name, camera in self._cameras.items()}
        most = sum(camera.sizes.bits(camera.most, now) for camera in self._cameras.values())
        load = sum(loads.values())
        self._budget.take(report, now, load, loads.get(report.camera, load), most)

    def left(self, receiver: str) -> None:
        """Forget a receiver that has said goodbye, so that its silence means nothing."""
        self._budget.left(receiver, self._now)

    def decide(self, now: float) -> dict[str, Decision]:
        """Return what each camera is to send from now on."""
        now = self._time(now)
        cameras = self._cameras.values()
        quiet = sum(camera.sizes.bits(camera.lowest(), now) for camera in cameras)
        self._budget.tick(now, quiet / HALF, quiet)
        demands = {name: camera.sizes.bits(camera.most, now) for name, camera in self._cameras.items()}
        shares = shared(math.inf if self.rate is None else self.rate, demands)
        for name, camera in self._cameras.items():
            self._settle(camera, shares[name], now)
        return {name: camera.decision for name, camera in self._cameras.items()}

    def _settle(self, camera: _Camera, share: float, now: float) -> None:
        """Give a camera the best level of its share, if it is time for a change."""
        if self.rate is not None and not camera.sizes.bits(camera.level, now):
            return
        level = _best(camera, share, now)
        before, after = (camera.sizes.bits(one, now) for one in (camera.level, level))
        if level == camera.level or share < before <= TOLERATED * share:
            return
        if now - camera.changed_at < CHANGE_EVERY and not after < before > CLEARLY * share:
            return
        if level.fps_divisor > camera.level.fps_divisor:
            camera.halved_at = now
        camera.decision = Decision(*level, self._why(after > before, camera.changed_at))
        camera.changed_at = now
        camera.sizes.changed(now)

    def _why(self, up: bool, since: float) -> str:
        """Say why a camera goes up or down, which it may also do within the same share."""
        budget = self._budget
        if not up:
            return budget.reason if budget.lowered_at > since else "pictures are larger"
        grown = budget.raised_at >= max(since, budget.lowered_at)
        return budget.reason if grown else "pictures are smaller"

    def _time(self, now: float) -> float:
        """Return the time, which never goes back."""
        self._now = max(self._now, now)
        return self._now


def _best(camera: _Camera, share: float, now: float) -> Level:
    """Return the best level that a share carries, the lowest where it carries none.

    Half the frame rate is the last resort, and undone first: as soon as the share carries the lowest quality
    at the whole rate. Until then quality grows at half the rate, which tries the rate that undoing it needs.
    """
    whole = camera.sizes.bits(camera.lowest(), now)
    halved = camera.decision.fps_divisor == HALF
    stays = halved and now - camera.halved_at < UNDO_EVERY
    divisor = HALF if stays or share < whole * (UNDO if halved else 1 / TOLERATED) else 1
    return camera.sizes.best(camera.qualities, divisor, share, now)
