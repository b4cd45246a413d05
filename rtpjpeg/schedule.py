"""When RTCP may be sent: the interval of RFC 3550 section 6.3, with chance and reconsideration.

All members together take 5 % of the bandwidth of the session; a quarter of that belongs to the senders where
they are a quarter of the members or fewer. An interval is drawn from half to one and a half of what that
gives, and divided by e - 3/2, since reconsideration makes intervals longer than they were drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SHARE = 0.05
"""Of the session's bandwidth (section 6.2, RFC 3551 section 2)."""
SENDERS_SHARE = 0.25
MINIMUM = 5.0
"""Seconds (section 6.2)."""
REDUCED = 360.0
"""Seconds times kbit/s: a faster session may report more often (section 6.2)."""
SHORTEST = 1.22
"""Seconds. The reduced minimum of 20 Mbit/s is 18 ms, and one report a second is all a controller needs."""
COMPENSATION = 2.71828 - 1.5
LOWER_LAYERS = 28
"""Bytes of IP and UDP headers, which the average size of a packet includes (section 6.2)."""
FIRST_SIZE = 128.0
"""Bytes that the first packet is taken to have (section 6.3.2)."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who takes part at a moment."""

    members: int
    senders: int
    we_send: bool


class Schedule:
    """The timer of one participant.

    ``bandwidth`` is the session's in bits a second. ``chance`` gives numbers from 0 to 1. ``reduced`` takes
    the shorter minimum, which section 6.2 allows in unicast sessions.
    """

    def __init__(self, bandwidth: float, chance: Callable[[], float], reduced: bool = True) -> None:
        self.bandwidth = bandwidth
        self.average_size = FIRST_SIZE
        """Bytes of the RTCP packets sent and received, IP and UDP included."""
        self.due: float | None = None
        """When the next report is to be considered; None before ``begin``."""
        self.reports = 0
        """Compound packets that we sent."""
        self._chance = chance
        self._reduced = reduced
        self._before = 0.0
        self._members = 1

    @property
    def minimum(self) -> float:
        """Seconds between two reports, the least, before chance."""
        if not self._reduced:
            return MINIMUM
        return min(MINIMUM, max(SHORTEST, REDUCED * 1000 / max(self.bandwidth, 1.0)))

    def deterministic(self, crowd: Crowd, minimum: float | None = None) -> float:
        """Return the interval without chance, in seconds (section 6.3.1)."""
        octets, members = self.bandwidth * SHARE / 8, crowd.members
        if crowd.senders <= SENDERS_SHARE * crowd.members:
            if crowd.we_send:
                octets, members = octets * SENDERS_SHARE, crowd.senders
            else:
                octets, members = octets * (1 - SENDERS_SHARE), crowd.members - crowd.senders
        least = self.minimum if minimum is None else minimum
        return max(least, self.average_size * members / max(octets, 1e-9))

    def timeout(self, crowd: Crowd) -> float:
        """Return the interval by which silence is judged: with the minimum of 5 s (section 6.3.5)."""
        return self.deterministic(crowd, MINIMUM)

    def _draw(self, crowd: Crowd) -> float:
        least = self.minimum / 2 if not self.reports else self.minimum
        return self.deterministic(crowd, least) * (self._chance() + 0.5) / COMPENSATION

    def begin(self, now: float, crowd: Crowd, at_once: bool = False) -> None:
        """Join the session: the first report waits half a minimum (section 6.3.2).

        ``at_once`` it does not wait: "the delay before sending the initial compound RTCP packet MAY be zero"
        in unicast sessions (section 6.2).
        """
        self._before, self._members = float("-inf") if at_once else now, crowd.members
        self.due = now if at_once else now + self._draw(crowd)

    def is_due(self, now: float, crowd: Crowd) -> bool:
        """Tell whether to report now; where more members came meanwhile, the wait goes on (section 6.3.6)."""
        if self.due is None or now < self.due:
            return False
        again = self._before + self._draw(crowd)
        self._members = crowd.members
        if again <= now:
            return True
        self.due = again
        return False

    def sent(self, size: int, now: float, crowd: Crowd) -> None:
        """Take note of our report of ``size`` bytes, and draw when the next one is due."""
        self._average(size)
        self.reports += 1
        self._before, self._members = now, crowd.members
        self.due = now + self._draw(crowd)

    def received(self, size: int) -> None:
        """Take note of somebody's RTCP packet of ``size`` bytes."""
        self._average(size)

    def shrink(self, now: float, crowd: Crowd) -> None:
        """Come sooner where members have left: reverse reconsideration (section 6.3.4)."""
        if self.due is not None and crowd.members < self._members:
            share = crowd.members / self._members
            self.due = now + share * (self.due - now)
            self._before = now - share * (now - self._before)
            self._members = crowd.members

    def _average(self, size: int) -> None:
        self.average_size += (size + LOWER_LAYERS - self.average_size) / 16
