"""What a receiver says, and what it hears besides packets: reports both ways, requests, and the end.

Nothing is sent before a stream has proved itself, and then to its sender alone: to where its RTCP comes from
(RFC 4961), else to where the shell says, which is never a port that was merely seen in RTP (RFC 3550 section
11). What comes from other hosts is not read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from .asking import Asker
from .clock import seconds_from
from .errors import MalformedPacketError
from .events import Event, SourceLeft
from .feedback import GenericNack
from .lock import host_of
from .reportpackets import SenderReport
from .reports import Participant, Reception
from .rtcp import Bye, Packet, parse_compound
from .schedule import LOWER_LAYERS
from .sendercontrol import FIRST_BANDWIDTH, TOOL
from .stats import ReceiverStatistics

RTCP = "rtcp"
"""Destination of a datagram where no RTCP of the sender has come yet."""
REQUESTS = 0.04
"""Share of the stream that requests may take; reports take less than what is left of 5 %."""
SAVED = 4000.0
"""Bytes of requests that may be saved up."""
MOST_EARLY = 4
"""Addresses of which a report is kept before there is a stream."""
MOST_EVENTS = MOST_DUE = 64
"""What waits for a shell that does not ask."""

Clock = Callable[[int, float], object]
"""Takes an RTP timestamp and the seconds since 1970 that it means."""


class ReceiverControl:
    """RTCP of one receiver; ``chance`` gives numbers from 0 to 1, ``learn`` is told the sender's clock."""

    def __init__(
        self,
        ssrc: int,
        cname: bytes,
        chance: Callable[[], float],
        learn: Clock,
        retransmit: bool = True,
    ) -> None:
        self.participant = Participant(ssrc, cname, FIRST_BANDWIDTH, chance, TOOL)
        self.asker: Asker | None = Asker() if retransmit else None
        self.events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self.rejected = 0
        """Datagrams of RTCP that were not believed or not understood."""
        self.reports_received = 0
        """Sender reports."""
        self._learn = learn
        self._reception: Reception | None = None
        self._host: object = None
        self._address: object = RTCP
        self._due: deque[bytes] = deque(maxlen=MOST_DUE)
        self._owes = False
        self._budget = SAVED
        self._rate_since: tuple[float, int] | None = None
        self._octets = 0
        self._early: dict[object, bytes] = {}

    @property
    def destination(self) -> object:
        """Where our RTCP goes: an address, or ``'rtcp'`` where the shell knows better."""
        return self._address

    def take(
        self, ssrc: int, source: object, statistics: ReceiverStatistics, goes_on: bool, now: float
    ) -> None:
        """Follow a stream that has proved itself; one that goes on has another address only."""
        if host_of(source) != self._host:
            self._address = RTCP
        self._host = host_of(source)
        if goes_on and self._reception is not None:
            return
        if self.asker is not None:
            self.asker.begin_anew()
        self._reception = Reception(ssrc, statistics, self._recovered)
        self._rate_since = None
        self._read_early(now)

    def _recovered(self) -> int:
        return self.asker.recovered + self.asker.copies if self.asker is not None else 0

    def heard(self, octets: int, now: float) -> None:
        """Take note of packets of the stream; ``octets`` are all that came of it so far."""
        assert self._reception is not None, "packets are of a stream that was taken"
        self.participant.heard_rtp(self._reception.ssrc, now)
        self._budget = min(self._budget + REQUESTS * (octets - self._octets), SAVED)
        self._octets = octets
        began, before = self._rate_since or (now, octets)
        if self._rate_since is None:
            self._rate_since = now, octets
        elif now - began >= 1.0:
            self.participant.schedule.bandwidth = 8 * (octets - before) / (now - began)
            self._rate_since = now, octets

    # What comes.

    def receive(
        self, data: bytes, now: float, source: object, accepted: bool = True, is_path: bool = False
    ) -> None:
        """Take a datagram of RTCP; what is not of the stream's sender is counted and not read.

        ``is_path`` says that the host is one from which the stream comes by another path.
        """
        reception = self._reception
        if reception is None and accepted:
            self._keep(data, source)
            return
        ours = is_path or host_of(source) == self._host
        if reception is None or not accepted or not ours:
            self.rejected += 1
            return
        try:
            packets = parse_compound(data)
        except MalformedPacketError:
            self.rejected += 1
            return
        self._address = source if source is not None else RTCP
        self.participant.heard(packets, len(data), now)
        for packet in packets:
            self._read(packet, reception, now)

    def _keep(self, data: bytes, source: object) -> None:
        """Keep a report that came before its stream: the first one of a sender often does."""
        self._early[source] = data
        while len(self._early) > MOST_EARLY:
            del self._early[next(iter(self._early))]
            self.rejected += 1

    def _read_early(self, now: float) -> None:
        early, self._early = self._early, {}
        for source, data in early.items():
            self.receive(data, now, source)

    def _read(self, packet: Packet, reception: Reception, now: float) -> None:
        if isinstance(packet, SenderReport) and packet.ssrc == reception.ssrc:
            self.reports_received += 1
            reception.take(packet, now)
            if packet.ntp_timestamp:
                self._learn(packet.rtp_timestamp, seconds_from(packet.ntp_timestamp.to_bytes(8, "big")))
        elif isinstance(packet, Bye) and reception.ssrc in packet.ssrcs:
            reason = (packet.reason or b"").decode("utf-8", "replace")
            self.events.append(SourceLeft(reception.ssrc, reason))

    # What goes out.

    def may_ask(self) -> bool:
        """Tell whether requests make sense: the sender reports too, and the budget is not used up."""
        return self.asker is not None and self.reports_received > 0 and self._budget >= 0

    def ask(self, missing: Sequence[int], now: float, deadline: float, tail: bool) -> bool:
        """Ask for packets, 16-bit numbers, where that can still help; True where that was done.

        Where ``may_ask`` says so.
        """
        assert self.asker is not None and self._reception is not None, "only who may ask does"
        wanted = self.asker.want(missing, now, deadline, tail)
        if wanted:
            nack = GenericNack(self.participant.ssrc, self._reception.ssrc, tuple(wanted))
            request = self.participant.urgent([nack.packet()])
            self._budget -= len(request) + LOWER_LAYERS
            self._due.append(request)
        return bool(wanted)

    def ask_at(self, missing: Sequence[int], missed: float, deadline: float) -> float | None:
        """Return when to ask for packets that are missed from a moment on, past or to come; None: never."""
        assert self.asker is not None, "only who may ask does"
        due = self.asker.due(missing)
        if due is None:
            return None
        moment = max(due, missed)
        return None if moment + self.asker.round_trip > deadline else moment

    def handle_timer(self, now: float) -> None:
        """Take note that a report is due; it is made when it is sent, for it says how old it is."""
        self._owes = self._owes or (self._reception is not None and self.participant.is_due(now))

    def datagrams(self, now: float) -> list[bytes]:
        """Return what is to go out."""
        if self._owes and self._reception is not None:
            self._due.append(self.participant.compose(now, None, (self._reception,)))
        self._owes = False
        due = list(self._due)
        self._due.clear()
        return due

    def bye(self, now: float) -> list[bytes]:
        """Return what ends it; nothing where nothing was ever said."""
        bye = self.participant.bye(now)
        return [] if bye is None else [bye]

    def next_timer(self) -> float | None:
        """Return when the next report is to be considered."""
        return None if self._reception is None or self._owes else self.participant.schedule.due
