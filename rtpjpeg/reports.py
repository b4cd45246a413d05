"""RTCP of one participant: its reports when they are due, and what others report (RFC 3550 section 6).

``Participant`` keeps the members and the timer, and puts compound packets together; ``Reception`` is how one
source is received, from report to report. Neither knows an address: the sessions decide whom they believe.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .membership import Members
from .reportpackets import ReceiverReport, ReportBlock, SenderReport, middle
from .rtcp import CNAME, TOOL, Bye, Chunk, Item, Packet, SourceDescription, serialize_compound
from .schedule import Crowd, Schedule
from .stats import ReceiverStatistics, fraction_lost

CNAME_BYTES = 12
"""96 bits (RFC 7022 section 4.2)."""
MOST_BLOCKS = 31
"""Report blocks of one packet; the count has five bits (section 6.4.1)."""
NAMES_EVERY = 3
"""Other names than CNAME stand in every third report (RFC 3551 section 2)."""
CROWD = 50
"""Members above which a BYE waits its turn (section 6.3.7)."""


def make_cname(chance: bytes) -> bytes:
    """Return a CNAME of 12 random bytes: 16 characters of Base64 that tell nothing (RFC 7022 section 4.2)."""
    return base64.b64encode(chance[:CNAME_BYTES])


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of itself in SR, all of one instant."""

    ntp_timestamp: int
    rtp_timestamp: int
    packets: int
    octets: int


class Reception:
    """How one source is received; ``statistics`` go on counting, blocks are about the time since the last.

    ``recovered`` returns how many packets came only because they were asked for again. The network lost them,
    and a report is about the network: they are not counted as received.
    """

    def __init__(
        self, ssrc: int, statistics: ReceiverStatistics, recovered: Callable[[], int] = lambda: 0
    ) -> None:
        self.ssrc = ssrc
        self.statistics = statistics
        self._recovered = recovered
        self._recovered_before = recovered()
        self._expected = self._received = 0
        self._reported = 0
        self._base: int | None = None
        self._last_sr: tuple[int, float] | None = None

    def take(self, report: SenderReport, now: float) -> None:
        """Take note of a sender report: LSR and DLSR tell its sender the round trip."""
        if report.ntp_timestamp:
            self._last_sr = middle(report.ntp_timestamp), now

    @property
    def is_news(self) -> bool:
        """True when packets came since the last block."""
        return self.statistics.packets_received != self._reported

    def block(self, now: float) -> ReportBlock:
        """Return the block about the time since the last one (sections 6.4.1, A.3)."""
        statistics = self.statistics
        self._follow_restart()
        expected, lost = statistics.packets_expected, self._lost()
        fraction = fraction_lost(expected - self._expected, expected - lost - self._received)
        self._expected, self._received = expected, expected - lost
        self._reported = statistics.packets_received
        last, at = self._last_sr or (0, now)
        delay = min(round((now - at) * 65536), 0xFFFF_FFFF)
        highest, jitter = statistics.highest_sequence_number & 0xFFFF_FFFF, int(statistics.jitter)
        return ReportBlock(self.ssrc, fraction, lost, highest, jitter & 0xFFFF_FFFF, last, delay)

    def _follow_restart(self) -> None:
        """Begin anew where the sequence has (section A.1)."""
        base = self.statistics.base_sequence_number
        if base != self._base:
            if self._base is not None:
                self._recovered_before = self._recovered()
            self._base, self._expected, self._received = base, 0, 0

    def _lost(self) -> int:
        """Return the packets that the network lost, 24 bits signed."""
        recovered = self._recovered() - self._recovered_before
        return max(-0x800000, min(self.statistics.cumulative_lost + recovered, 0x7FFFFF))


class Participant:
    """One SSRC in a session.

    ``cname`` is the same for all SSRCs of one end (RFC 7022 section 4.1). ``bandwidth`` is the session's in
    bits a second, ``chance`` gives numbers from 0 to 1, ``tool`` names the program.
    """

    def __init__(
        self,
        ssrc: int,
        cname: bytes,
        bandwidth: float,
        chance: Callable[[], float],
        tool: bytes = b"",
        reduced: bool = True,
    ) -> None:
        self.ssrc = ssrc
        self.members = Members(ssrc)
        self.schedule = Schedule(bandwidth, chance, reduced)
        self.octets_sent = 0
        """Bytes of our RTCP packets, IP and UDP left out."""
        self._cname = cname
        self._tool = tool
        self._spoke = False
        self._expired_at = float("-inf")

    def crowd(self, now: float) -> Crowd:
        """Return who takes part now."""
        members, interval = self.members, self.schedule.minimum
        return Crowd(members.count, members.senders(now, interval), members.sends(now, interval))

    def begin(self, now: float, at_once: bool = False) -> None:
        """Start the timer; a second time nothing happens."""
        if self.schedule.due is None:
            self.schedule.begin(now, self.crowd(now), at_once)

    def sent_rtp(self, now: float) -> None:
        """Take note of packets that we sent; the first report says at once that there are reports."""
        self._spoke = True
        self.members.sent(now)
        self.begin(now, at_once=True)

    def heard_rtp(self, ssrc: int, now: float) -> None:
        """Take note of packets that came."""
        self.members.heard(ssrc, now, rtp=True)
        self.begin(now)

    def heard(self, packets: Sequence[Packet], size: int, now: float) -> None:
        """Take note of a compound of ``size`` bytes that is believed."""
        self.schedule.received(size)
        for packet in packets:
            if isinstance(packet, SenderReport | ReceiverReport):
                self.members.heard(packet.ssrc, now)
            elif isinstance(packet, Bye):
                for ssrc in packet.ssrcs:
                    self._lose(ssrc, now)

    def _lose(self, ssrc: int, now: float) -> None:
        if self.members.left(ssrc, now):
            self.schedule.shrink(now, self.crowd(now))

    def expire(self, now: float) -> list[int]:
        """Forget silent members, once an interval (section 6.3.5); return them."""
        if now - self._expired_at < self.schedule.minimum:
            return []
        self._expired_at = now
        gone = self.members.expire(now, self.schedule.timeout(self.crowd(now)))
        if gone:
            self.schedule.shrink(now, self.crowd(now))
        return gone

    def report(self, now: float, sent: Sent | None, receptions: Sequence[Reception]) -> bytes | None:
        """Return a compound where one is due: SR where we sent of late, else RR; None where it is not.

        ``sent`` is what we have sent, None for one who only receives.
        """
        return self.compose(now, sent, receptions) if self.is_due(now) else None

    def is_due(self, now: float) -> bool:
        """Tell whether to report now; where that is reconsidered, the timer is set anew (section 6.3.6)."""
        self.expire(now)
        return self.schedule.is_due(now, self.crowd(now))

    def compose(self, now: float, sent: Sent | None, receptions: Sequence[Reception]) -> bytes:
        """Return the compound that is due; ``now`` is when it is sent."""
        packets = self._reports(now, sent if self.crowd(now).we_send else None, receptions)
        return self._send([*packets, self._names()], now)

    def urgent(self, feedback: Sequence[Packet]) -> bytes:
        """Return a compound with feedback that cannot wait (RFC 4585 section 3.5); the timer goes on.

        The report in front of it is empty, so that the next regular one is about all of its interval.
        """
        self._spoke = True
        data = serialize_compound([ReceiverReport(self.ssrc), self._names(), *feedback])
        self.octets_sent += len(data)
        return data

    def bye(self, now: float, reason: bytes = b"") -> bytes | None:
        """Return the compound that ends it; None for one who never sent anything (section 6.3.7).

        With more than fifty members it would have to wait its turn, which a program that ends cannot: then
        nothing is said, as section 6.3.7 allows.
        """
        if not self._spoke or self.members.count > CROWD:
            return None
        return self._send([ReceiverReport(self.ssrc), self._names(), Bye((self.ssrc,), reason)], now)

    def _reports(self, now: float, sent: Sent | None, receptions: Sequence[Reception]) -> list[Packet]:
        """Return SR or RR with a block for each source heard since the last, and RRs for more than 31."""
        blocks = [reception.block(now) for reception in receptions if reception.is_news]
        first, rest = tuple(blocks[:MOST_BLOCKS]), blocks[MOST_BLOCKS:]
        report: Packet = ReceiverReport(self.ssrc, first)
        if sent is not None:
            counts = sent.packets, sent.octets
            report = SenderReport(self.ssrc, sent.ntp_timestamp, sent.rtp_timestamp, *counts, first)
        parts = [rest[place : place + MOST_BLOCKS] for place in range(0, len(rest), MOST_BLOCKS)]
        return [report, *(ReceiverReport(self.ssrc, tuple(part)) for part in parts)]

    def _names(self) -> SourceDescription:
        items = [Item(CNAME, self._cname)]
        if self._tool and self.schedule.reports % NAMES_EVERY == 0:
            items.append(Item(TOOL, self._tool))
        return SourceDescription((Chunk(self.ssrc, tuple(items)),))

    def _send(self, packets: Sequence[Packet], now: float) -> bytes:
        data = serialize_compound(packets)
        self._spoke = True
        self.octets_sent += len(data)
        self.schedule.sent(len(data), now, self.crowd(now))
        return data
