"""What a sender says besides its frames, and what it hears: reports, requests, and who else has its SSRC.

Reports of receivers are believed from those the stream goes to; nothing is ever sent to anybody else. A
request brings back packets that are still kept, within the budget of ``history``. Packets with our own SSRC
from elsewhere are a collision or a loop (RFC 3550 section 8.2): the first time the stream takes another SSRC,
later that address is not listened to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from .clock import ntp_from
from .errors import MalformedPacketError
from .events import Event, ReportReceived
from .feedback import GenericNack, nacks_in
from .history import History
from .reportpackets import ReceiverReport, ReportBlock, SenderReport, middle, round_trip
from .reports import Participant, Sent
from .rtcp import Bye, Packet, SourceDescription, is_rtcp, parse_compound
from .rtp import CLOCK_RATE
from .train import PacketTrain

TOOL = b"rtpjpeg"
FIRST_BANDWIDTH = 5e6
"""Bits a second that a stream is taken to have before its first second is over."""
RATE_SECONDS = 1.0
MOST_CONFLICTS = 16
"""Addresses remembered that have sent our own SSRC, and how often the stream takes another one for that."""
MOST_EVENTS = 64
MOST_RESENDS = 1024
"""What waits for a shell that does not ask."""


class SenderControl:
    """RTCP of one stream; ``accepts`` tells of an address whether it may report on the stream.

    ``chance`` gives numbers from 0 to 1. With ``retransmit`` packets go out again on request.
    """

    def __init__(
        self,
        ssrc: int,
        cname: bytes,
        chance: Callable[[], float],
        accepts: Callable[[object], bool],
        retransmit: bool = True,
    ) -> None:
        self.participant = Participant(ssrc, cname, FIRST_BANDWIDTH, chance, TOOL)
        self.history: History | None = History() if retransmit else None
        self.events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self.rejected = 0
        """Datagrams that were not believed or not understood."""
        self.round_trip: float | None = None
        """Seconds, by the newest report that tells."""
        self._cname = cname
        self._chance = chance
        self._accepts = accepts
        self._resends: deque[bytes] = deque(maxlen=MOST_RESENDS)
        self._conflicts: set[object] = set()
        self._due: deque[bytes] = deque(maxlen=MOST_EVENTS)
        self._wall_offset: float | None = None
        self._rate_since: tuple[float, int] | None = None

    @property
    def ssrc(self) -> int:
        """Our own."""
        return self.participant.ssrc

    def sent(self, train: PacketTrain, octets: int, now: float, wall_offset: float | None) -> None:
        """Take note of a frame that goes out; ``octets`` are those of the stream so far."""
        self.participant.sent_rtp(now)
        if self.history is not None:
            self.history.keep(train, now)
        if wall_offset is not None:
            self._wall_offset = wall_offset
        began, before = self._rate_since or (now, octets)
        if self._rate_since is None:
            self._rate_since = now, octets
        elif now - began >= RATE_SECONDS:
            self.participant.schedule.bandwidth = 8 * (octets - before) / (now - began)
            self._rate_since = now, octets

    # What comes.

    def receive(self, data: bytes, now: float, source: object) -> bool:
        """Take a datagram; True where it is a collision, so that the stream needs another SSRC."""
        if source in self._conflicts or not self._accepts(source):
            self.rejected += 1
            return False
        try:
            packets = parse_compound(data) if is_rtcp(data) else []
            nacks = list(nacks_in(packets))
        except MalformedPacketError:
            packets, nacks = [], []
        if not packets:
            self.rejected += 1
            return False
        if self.ssrc in _speakers(packets):
            return self._collide(source)
        self._take(packets, len(data), now, source)
        for nack in nacks:
            self._resend(nack, now)
        return False

    def _collide(self, source: object) -> bool:
        """Remember an address that has our SSRC (section 8.2); False where too many have had it already."""
        if len(self._conflicts) >= MOST_CONFLICTS:
            return False
        self._conflicts.add(source)
        return True

    def renew(self, ssrc: int, now: float) -> None:
        """Say BYE for our SSRC and go on with another one; counts, members and history begin anew."""
        bye = self.participant.bye(now, b"SSRC collision")
        if bye is not None:
            self._due.append(bye)
        bandwidth = self.participant.schedule.bandwidth
        self.participant = Participant(ssrc, self._cname, bandwidth, self._chance, TOOL)
        self._resends.clear()
        self._rate_since = None
        if self.history is not None:
            self.history = History()

    def knows(self, ssrc: int) -> bool:
        """Tell whether somebody has this SSRC (section 8.2: a new one is looked up among the known)."""
        return ssrc == self.ssrc or self.participant.members.knows(ssrc)

    def _take(self, packets: Sequence[Packet], size: int, now: float, source: object) -> None:
        self.participant.heard(packets, size, now)
        for packet in packets:
            if isinstance(packet, SenderReport | ReceiverReport):
                for block in packet.blocks:
                    if block.ssrc == self.ssrc:
                        self._report(packet.ssrc, block, now, source)

    def _report(self, reporter: int, block: ReportBlock, now: float, source: object) -> None:
        seconds = None
        if self._wall_offset is not None:
            units = round_trip(middle(self._ntp(now)), block)
            seconds = None if units is None or units < 0 else units / 65536
        if seconds is not None:
            self.round_trip = seconds
        lost, jitter = block.fraction_lost / 256, block.jitter / CLOCK_RATE
        highest = block.highest_sequence_number
        self.events.append(
            ReportReceived(reporter, source, lost, block.cumulative_lost, highest, jitter, seconds)
        )

    def _resend(self, nack: GenericNack, now: float) -> None:
        if self.history is not None and nack.media_ssrc == self.ssrc:
            self._resends += self.history.take(nack.lost, now, self.round_trip or 0.0)

    # What goes out.

    def resends(self) -> list[bytes]:
        """Return the packets that go out again now."""
        taken = list(self._resends)
        self._resends.clear()
        return taken

    def handle_timer(self, now: float, timestamp_offset: int, packets: int, octets: int) -> None:
        """Report where a report is due."""
        sent = None
        if self._wall_offset is not None:
            ticks = timestamp_offset + round(now * CLOCK_RATE)
            sent = Sent(self._ntp(now), ticks & 0xFFFF_FFFF, packets, octets)
        report = self.participant.report(now, sent, ())
        if report is not None:
            self._due.append(report)

    def reports(self) -> list[bytes]:
        """Return the compounds that are to go out."""
        due = list(self._due)
        self._due.clear()
        return due

    def next_timer(self) -> float | None:
        """Return when the next report is to be considered."""
        return self.participant.schedule.due

    def _ntp(self, now: float) -> int:
        return int.from_bytes(ntp_from(now + (self._wall_offset or 0.0)), "big")


def _speakers(packets: Sequence[Packet]) -> set[int]:
    """Return the SSRCs in whose name a compound speaks."""
    found: set[int] = set()
    for packet in packets:
        if isinstance(packet, SenderReport | ReceiverReport):
            found.add(packet.ssrc)
        elif isinstance(packet, SourceDescription):
            found |= {chunk.ssrc for chunk in packet.chunks}
        elif isinstance(packet, Bye):
            found |= set(packet.ssrcs)
    return found
