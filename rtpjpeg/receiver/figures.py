"""Figures of the last two seconds, from counters that only grow."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

from .stream import Stream

SPAN = 2.0
"""Seconds."""
STEP = 0.25
"""Seconds from one look that is kept to the next."""


class Counts(NamedTuple):
    """What a stream has counted."""

    frames: int
    newest_at: float
    """Seconds of the session's clock."""
    octets: int
    packets: int
    lost: int
    intervals: int
    fresh: int


@dataclass(frozen=True, slots=True)
class Recent:
    """Figures of the last seconds; None where nothing came that they could be made of."""

    fps: float | None = None
    bitrate: float | None = None
    """Bits of UDP payload a second."""
    packets_lost: int = 0
    lost_share: float | None = None
    """Of all packets that were sent."""
    concealed_share: float | None = None
    """Of the restart intervals of all frames."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a stream at one moment."""

    name: str
    size: tuple[int, int] | None
    """Width and height of the picture that is shown, pixels."""
    recent: Recent
    packets_lost: int
    lost_share: float | None
    concealed_share: float | None
    frames_dropped: int
    kernel_drops: int
    latency: dict[str, float] | None
    """p50, p95, p99 and max in milliseconds."""
    stages: dict[str, Any]
    """The same for each stage."""
    clock: str = ""
    """What is to be known of the sender's clock; empty where it is ours."""


class LastSeconds:
    """Looks at a stream now and then, and tells what happened lately."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Counts]] = deque()

    def look(self, counts: Counts, now: float) -> Recent:
        """Return the figures since the look ``SPAN`` ago, or since the first; ``now`` in seconds."""
        looks = self._looks
        if not looks or now - looks[-1][0] >= STEP:
            looks.append((now, counts))
        begun = looks[-1][1].frames > 0
        while len(looks) > 1 and (looks[1][0] <= now - SPAN or (begun and not looks[0][1].frames)):
            looks.popleft()  # too old, or from before the stream began
        before_at, before = looks[0]
        return compare(before, counts, now - before_at)


def compare(before: Counts, after: Counts, duration: float) -> Recent:
    """Return the figures of what was counted in between, in ``duration`` seconds."""
    frames, span = after.frames - before.frames, after.newest_at - before.newest_at
    packets = max(0, after.packets - before.packets)
    lost = max(0, after.lost - before.lost)  # a late packet takes itself back
    intervals = after.intervals - before.intervals
    # Between frames, not between looks: so the figure does not flicker with the moment of the look.
    return Recent(
        fps=frames / span if before.frames and frames and span > 0 else None,
        bitrate=8 * (after.octets - before.octets) / duration if duration > 0 else None,
        packets_lost=lost,
        lost_share=share(lost, packets + lost),
        concealed_share=share(intervals - (after.fresh - before.fresh), intervals),
    )


def share(part: int, whole: int) -> float | None:
    """Return a part as a share of the whole, None of nothing."""
    return part / whole if whole > 0 else None


def counts_of(stream: Stream) -> Counts:
    """Return what a stream has counted until now."""
    counted = stream.session.statistics
    return Counts(
        stream.frames_received,
        stream.newest_at,
        stream.octets_received,
        counted.packets_received,
        counted.packets_lost,
        stream.intervals,
        stream.intervals_fresh,
    )
