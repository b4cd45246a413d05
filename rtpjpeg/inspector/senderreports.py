"""The sender reports of one stream, held against each other and against its packets (RFC 3550 section 6.4.1).

A report and the packets beside it come through queues of their own, so neither time nor counts fit exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..rtcp import SenderReport
from ..rtp import CLOCK_RATE
from ..serial import timestamp_difference
from .media import Media

RATE_TOLERANCE = 0.02
PACE_TOLERANCE = 0.020
"""Seconds by which RTP and NTP time may differ from report to report, where the rate allows less."""
PLACE_TOLERANCE = 1.0
"""Seconds between the RTP time of a report and that of the frames, which were captured and encoded before."""
LONGEST_PAUSE = 5 * 3600.0
"""Seconds; RTP timestamps wrap after 13 hours."""
COUNT_TOLERANCE = 0.05
OCTET_TOLERANCE = 0.005
"""Less than the RTP header is of a packet of 1400 bytes."""
NANOSECONDS = 1_000_000_000

Fault = tuple[str, str]
"""A rule and what was found."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """What a report and the capture had counted at one moment."""

    report: SenderReport
    packets: int
    octets: int
    lost: int
    duplicated: int
    racing: int
    """Packets that the report may have overtaken, or the other way round: those of a frame."""

    @classmethod
    def of(cls, report: SenderReport, media: Media) -> _Tally:
        counts = media.packets, media.octets, media.lost, media.duplicated
        return cls(report, *counts, media.frame_packets)

    def unbroken_since(self, before: _Tally) -> bool:
        """Whether the capture holds each packet that was sent in between, once."""
        return (self.lost, self.duplicated) == (before.lost, before.duplicated)


class SenderReports:
    """Takes the sender reports of one SSRC in turn."""

    def __init__(self) -> None:
        self._last: SenderReport | None = None
        self._tally: _Tally | None = None
        self._base: _Tally | None = None

    def judge(self, report: SenderReport, time: int, media: Media | None) -> Iterator[Fault]:
        """Take a report captured at ``time``, ns since 1970, and yield what is wrong with it.

        ``media`` is None where it is not known what the stream had sent by then.
        """
        late = self._pace(report) or (None if media is None else _place(report, time, media))
        miscounted = None if media is None else self._count(_Tally.of(report, media))
        self._last = report
        if late:
            yield "T-024", late
        if miscounted:
            yield "T-025", miscounted

    def _pace(self, report: SenderReport) -> str | None:
        """Compare the two clocks of a report with those of the one before."""
        before = self._last
        if before is None or not (before.ntp_timestamp and report.ntp_timestamp):
            return None
        elapsed = _ntp_difference(report.ntp_timestamp, before.ntp_timestamp)
        shown = timestamp_difference(report.rtp_timestamp, before.rtp_timestamp) / CLOCK_RATE
        allowed = max(RATE_TOLERANCE * abs(elapsed), PACE_TOLERANCE)
        if abs(elapsed) > LONGEST_PAUSE or abs(shown - elapsed) <= allowed:
            return None
        return f"{elapsed:.3f} s from report to report by NTP and {shown:.3f} s by RTP timestamps"

    def _count(self, tally: _Tally) -> str | None:
        """Compare what the reports counted with what was captured between them."""
        before, self._tally = self._tally, tally
        if before is None or self._base is None or not tally.unbroken_since(before):
            self._base = tally
            return None
        wrong = _packets(tally, before) or _octets(tally, self._base)
        if wrong:
            self._base = tally
        return wrong


def _place(report: SenderReport, time: int, media: Media) -> str | None:
    """Compare the RTP time of a report with that of the frames around it."""
    if not report.ntp_timestamp:
        return None
    expected = media.timestamp + (time - media.time) * CLOCK_RATE // NANOSECONDS
    ahead = timestamp_difference(report.rtp_timestamp, expected) / CLOCK_RATE
    if abs(ahead) <= PLACE_TOLERANCE:
        return None
    return f"an RTP timestamp {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} those of the frames"


def _packets(tally: _Tally, before: _Tally) -> str | None:
    captured = tally.packets - before.packets
    reported = timestamp_difference(tally.report.packet_count, before.report.packet_count)
    if abs(reported - captured) <= max(tally.racing, COUNT_TOLERANCE * captured):
        return None
    return f"{reported} packets more than in the report before, and {captured} captured"


def _octets(tally: _Tally, base: _Tally) -> str | None:
    """Compare octets over all reports since ``base``: what raced weighs less and less, headers do not."""
    packets, octets = tally.packets - base.packets, tally.octets - base.octets
    reported = timestamp_difference(tally.report.packet_count, base.report.packet_count)
    if min(packets, reported) <= tally.racing:
        return None
    mean = octets / packets
    excess = timestamp_difference(tally.report.octet_count, base.report.octet_count + round(reported * mean))
    # Where as many packets were counted, they are the same but for those at both ends.
    shifted = 1 + 2 * abs(reported - packets)
    if abs(excess) <= (shifted + OCTET_TOLERANCE * reported) * mean:
        return None
    return f"{mean + excess / reported:.1f} octets a packet, and {mean:.1f} of payload captured"


def _ntp_difference(later: int, earlier: int) -> float:
    """Return the seconds between two NTP timestamps, the shortest way round."""
    return (((later - earlier + (1 << 63)) & (1 << 64) - 1) - (1 << 63)) / (1 << 32)
