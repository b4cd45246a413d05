"""Who takes part in a session: the table from which RTCP reckons its pace (RFC 3550 sections 6.2.1, 6.3).

A member is who was heard by RTP or RTCP; who sent RTP in the last two intervals is a sender. Silent ones are
forgotten, those that said BYE a moment later, for stragglers. Strangers can invent members at will, so the
table is bounded: what does not fit is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 4096
"""Members that are told apart."""
STRAGGLERS = 2.0
"""Seconds that a member is remembered behind its BYE."""
MEMBER_INTERVALS = 5
SENDER_INTERVALS = 2
"""Reporting intervals of silence behind which one is none any more (section 6.3.5)."""


@dataclass(slots=True)
class Member:
    """What is known of one participant."""

    heard_at: float
    sent_at: float = float("-inf")
    """When RTP came from it."""
    left_at: float | None = None
    """When it said BYE."""


class Members:
    """The participants of a session by SSRC; ``ssrc`` is our own, which counts and is never forgotten."""

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self._known: dict[int, Member] = {}
        self._sent_at = float("-inf")

    def heard(self, ssrc: int, now: float, rtp: bool = False) -> bool:
        """Take note of a packet; ``rtp`` makes its source a sender. Returns whether the source is new."""
        member = self._known.get(ssrc)
        new = member is None and ssrc != self.ssrc and len(self._known) < MOST
        if new:
            member = self._known[ssrc] = Member(now)
        if member is not None:
            member.heard_at = now
            member.sent_at = now if rtp else member.sent_at
        return new

    def sent(self, now: float) -> None:
        """Take note that RTP was sent by ourselves."""
        self._sent_at = now

    def knows(self, ssrc: int) -> bool:
        """Tell whether somebody else has this SSRC."""
        return ssrc in self._known

    def left(self, ssrc: int, now: float) -> bool:
        """Take note of a BYE; False for somebody who is not known or has said it before."""
        member = self._known.get(ssrc)
        if member is None or member.left_at is not None:
            return False
        member.left_at = now
        return True

    def expire(self, now: float, interval: float) -> list[int]:
        """Forget who is silent or gone and return their SSRCs; ``interval`` in seconds, without chance."""
        gone = [
            ssrc
            for ssrc, member in self._known.items()
            if member.heard_at < now - MEMBER_INTERVALS * interval
            or (member.left_at is not None and member.left_at < now - STRAGGLERS)
        ]
        for ssrc in gone:
            del self._known[ssrc]
        return gone

    @property
    def count(self) -> int:
        """Members, ourselves included, without those that said BYE."""
        return 1 + sum(member.left_at is None for member in self._known.values())

    def senders(self, now: float, interval: float) -> int:
        """Return how many members are senders, ourselves included where we are one."""
        since = now - SENDER_INTERVALS * interval
        others = sum(member.sent_at >= since and member.left_at is None for member in self._known.values())
        return others + self.sends(now, interval)

    def sends(self, now: float, interval: float) -> bool:
        """Tell whether we are a sender ourselves (section 6.4: data since the report before the last)."""
        return self._sent_at >= now - SENDER_INTERVALS * interval
