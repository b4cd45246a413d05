"""The RTCP beside a stream: what reports say, and which rules they break (RFC 3550 section 6).

Only RTCP about RTP/JPEG streams is judged. What comes before its stream is known waits, and is judged later
without what the stream had sent by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import MalformedPacketError
from ..net.address import address_text
from ..rtcp import (
    PSFB,
    RTPFB,
    XR,
    App,
    Bye,
    OtherPacket,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    has_cname,
    middle,
    parse_compound,
    starts_with_report,
)
from ..rtp import CLOCK_RATE
from .batch import Flow
from .cnames import named_by
from .findings import Findings
from .media import Media
from .senderreports import NANOSECONDS, SenderReports

__all__ = ["Media", "RtcpFacts", "RtcpWatch"]

WAITING = 64
"""Datagrams of unknown streams that are kept, the newest."""
REMEMBERED_REPORTS = 16
"""Sender reports of a stream that a receiver may refer to."""
STRAGGLING = 1 * NANOSECONDS
"""Packets may still come so long after a BYE."""
SILENCE = 15 * NANOSECONDS
"""A stream of this length has sent a report, if it sends any."""

_NAMES = {SenderReport: "SR", ReceiverReport: "RR", SourceDescription: "SDES", Bye: "BYE", App: "APP"}
_OTHERS = {RTPFB: "RTPFB", PSFB: "PSFB", XR: "XR"}


@dataclass(slots=True)
class RtcpFacts:
    """What RTCP says of one stream."""

    cname: str | None = None
    sender_reports: int = 0
    receiver_reports: int = 0
    """Report blocks about the stream, in reports of whomever."""
    block: ReportBlock | None = None
    """The newest of them."""
    round_trip: float | None = None
    """Seconds from the place of the capture to the receiver and back, by the newest block that tells."""

    @property
    def fraction_lost(self) -> float | None:
        """0 to 1, as the receiver says."""
        return None if self.block is None else self.block.fraction_lost / 256

    @property
    def jitter_ms(self) -> float | None:
        """Interarrival jitter, as the receiver says."""
        return None if self.block is None else self.block.jitter * 1000 / CLOCK_RATE


@dataclass(slots=True)
class _Stream:
    """What is kept of one SSRC."""

    facts: RtcpFacts = field(default_factory=RtcpFacts)
    reports: SenderReports = field(default_factory=SenderReports)
    sent: dict[int, int] = field(default_factory=dict)
    """When the sender reports were captured, by the form in which a receiver refers to them."""
    bye: tuple[int, int, int] | None = None
    """Packet number, time and RTP packets at the first BYE."""


@dataclass(frozen=True, slots=True)
class _Datagram:
    data: bytes
    number: int
    time: int
    flow: Flow


class RtcpWatch:
    """Takes the RTCP of a capture, datagram by datagram."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._streams: dict[int, _Stream] = {}
        self._waiting: deque[_Datagram] = deque(maxlen=WAITING)
        self._known = 0

    def add(self, data: bytes, number: int, time: int, flow: Flow, media: Mapping[int, Media]) -> None:
        """Take one datagram: its number in the capture, ns since 1970, and its way.

        ``media`` holds the RTP/JPEG streams by SSRC, as they were at that moment. Never raises for what is in
        the datagram.
        """
        self._catch_up(media)
        datagram = _Datagram(data, number, time, flow)
        if not self._judge(datagram, media, live=True):
            self._waiting.append(datagram)

    def finish(self, media: Mapping[int, Media]) -> None:
        """Say what can only be said at the end of the capture; ``media`` is as it is there."""
        self._catch_up(media)
        for ssrc, stream in media.items():
            seconds = (stream.time - stream.first_time) / NANOSECONDS
            if stream.time - stream.first_time >= SILENCE and not self.facts(ssrc).sender_reports:
                self._findings.add("T-048", ssrc, stream.first_packet, f"none in {seconds:.0f} s")
            self._judge_bye(ssrc, stream)

    def facts(self, ssrc: int) -> RtcpFacts:
        """Return what RTCP says of a stream."""
        found = self._streams.get(ssrc)
        return RtcpFacts() if found is None else found.facts

    def _catch_up(self, media: Mapping[int, Media]) -> None:
        """Judge what waits for streams that have become known."""
        if len(media) <= self._known:
            return
        self._known = len(media)
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING)
        self._waiting.extend(one for one in waiting if not self._judge(one, media, live=False))

    def _judge(self, datagram: _Datagram, media: Mapping[int, Media], live: bool) -> bool:
        """Judge a datagram; return False when it is about no stream that is known."""
        try:
            packets = parse_compound(datagram.data)
        except MalformedPacketError as error:
            return self._judge_malformed(datagram, media, error)
        known = [ssrc for ssrc in _speakers(packets) if ssrc in media]
        reported = [block.ssrc for block in _blocks(packets) if block.ssrc in media]
        for ssrc in dict.fromkeys(known or reported):
            self._judge_compound(ssrc, packets, datagram)
        for packet in packets:
            self._take(packet, datagram, media, live)
        return bool(known or reported)

    def _judge_malformed(
        self, datagram: _Datagram, media: Mapping[int, Media], error: MalformedPacketError
    ) -> bool:
        ssrc = _owner(datagram, media)
        if ssrc is not None:
            self._findings.add("T-036", ssrc, datagram.number, f"{error.field} {error.found}")
        return ssrc is not None

    def _judge_compound(self, ssrc: int, packets: Sequence[Packet], datagram: _Datagram) -> None:
        described = any(isinstance(packet, SourceDescription) for packet in packets)
        who = f"{', '.join(map(_name, packets))} from {address_text(*datagram.flow.source)}"
        if not (starts_with_report(packets) and described):
            self._findings.add("T-021", ssrc, datagram.number, who)
        elif not has_cname(packets):
            self._findings.add("T-022", ssrc, datagram.number, f"{who}, no CNAME")

    def _take(self, packet: Packet, datagram: _Datagram, media: Mapping[int, Media], live: bool) -> None:
        """Take what one packet says of the streams that are known."""
        host = datagram.flow.source[0]
        own = {ssrc for ssrc in _speakers((packet,)) if ssrc in media and media[ssrc].host == host}
        if isinstance(packet, SenderReport) and packet.ssrc in own:
            self._take_report(packet, datagram, media[packet.ssrc] if live else None)
        if isinstance(packet, SourceDescription):
            self._take_names(packet, own, datagram.number)
        if isinstance(packet, Bye) and live:
            for ssrc in own:
                stream = self._stream(ssrc)
                stream.bye = stream.bye or (datagram.number, datagram.time, media[ssrc].packets)
                stream.reports = SenderReports()  # who begins again counts anew
        for block in _blocks((packet,)):
            if block.ssrc in media:
                self._take_block(block, datagram.time)

    def _stream(self, ssrc: int) -> _Stream:
        return self._streams.setdefault(ssrc, _Stream())

    def _take_report(self, report: SenderReport, datagram: _Datagram, media: Media | None) -> None:
        stream = self._stream(report.ssrc)
        stream.facts.sender_reports += 1
        for rule, found in stream.reports.judge(report, datagram.time, media):
            self._findings.add(rule, report.ssrc, datagram.number, found)
        if len(stream.sent) == REMEMBERED_REPORTS:
            del stream.sent[next(iter(stream.sent))]
        stream.sent[middle(report.ntp_timestamp)] = datagram.time

    def _take_names(self, description: SourceDescription, own: set[int], number: int) -> None:
        for chunk in description.chunks:
            cname = chunk.cname
            if chunk.ssrc not in own or cname is None:
                continue
            self._stream(chunk.ssrc).facts.cname = cname
            told = named_by(cname)
            if told:
                self._findings.add("T-023", chunk.ssrc, number, f"{cname!r}, {told}")

    def _take_block(self, block: ReportBlock, time: int) -> None:
        stream = self._stream(block.ssrc)
        stream.facts.receiver_reports += 1
        stream.facts.block = block
        sent = stream.sent.get(block.last_sr) if block.last_sr else None
        if sent is not None:
            seconds = (time - sent) / NANOSECONDS - block.delay_since_last_sr / 65536
            stream.facts.round_trip = max(seconds, 0.0)

    def _judge_bye(self, ssrc: int, media: Media) -> None:
        bye = self._streams[ssrc].bye if ssrc in self._streams else None
        if bye is None:
            return
        number, time, packets = bye
        if media.time - time > STRAGGLING and media.packets > packets:
            seconds = (media.time - time) / NANOSECONDS
            found = f"{media.packets - packets} packets, the last {seconds:.1f} s after the BYE"
            self._findings.add("T-034", ssrc, number, found)


def _speakers(packets: Sequence[Packet]) -> Iterator[int]:
    """Yield whom the packets are from, and whom they name or say farewell for.

    Feedback does not count: RFC 5506 lets it travel alone where both ends agree, which no capture shows.
    """
    for packet in packets:
        if isinstance(packet, SenderReport | ReceiverReport | App):
            yield packet.ssrc
        elif isinstance(packet, SourceDescription):
            yield from (chunk.ssrc for chunk in packet.chunks)
        elif isinstance(packet, Bye):
            yield from packet.ssrcs


def _blocks(packets: Sequence[Packet]) -> Iterator[ReportBlock]:
    for packet in packets:
        if isinstance(packet, SenderReport | ReceiverReport):
            yield from packet.blocks


def _owner(datagram: _Datagram, media: Mapping[int, Media]) -> int | None:
    """Return the stream that a malformed datagram belongs to: by its first SSRC, else by its way."""
    ssrc = int.from_bytes(datagram.data[4:8], "big")
    if len(datagram.data) >= 8 and ssrc in media:
        return ssrc
    return next((ssrc for ssrc, stream in media.items() if stream.carries(datagram.flow)), None)


def _name(packet: Packet) -> str:
    if isinstance(packet, OtherPacket):
        return _OTHERS.get(packet.packet_type, f"type {packet.packet_type}")
    return _NAMES[type(packet)]
