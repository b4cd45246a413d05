"""Counting packets and frames (RFC 3550 sections 6.4.1, A.3 and A.8).

Reading a figure never changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .serial import timestamp_difference

CLOCK_RATE = 90_000


@dataclass(slots=True)
class SenderStatistics:
    """What a sender has sent since its start."""

    frames_sent: int = 0
    packets_sent: int = 0
    octets_sent: int = 0
    """RTP payload, RTP/JPEG headers included; RTP headers and padding are not (RFC 3550 section 6.4.1)."""
    packets_resent: int = 0
    """Packets that went out again because a receiver had asked for them."""
    intervals_sent: int = 0
    """Restart intervals of all frames."""
    intervals_split: int = 0
    """Those that went over several packets, so that one lost packet loses a part of them."""


@dataclass(slots=True)
class ReceiverStatistics:
    """What a receiver has seen of one source."""

    packets_received: int = 0
    """Packets of the stream, duplicates and late ones included (RFC 3550 section A.3)."""
    packets_lost: int = 0
    """Sequence numbers that were given up and have not come since."""
    packets_duplicated: int = 0
    packets_reordered: int = 0
    """Packets that came behind one with a higher sequence number."""
    packets_rejected: int = 0
    """Malformed, or not of the stream."""
    packets_recovered: int = 0
    """Packets that came because they were asked for again."""
    frames_received: int = 0
    """Complete and concealed ones."""
    frames_concealed: int = 0
    frames_dropped: int = 0
    base_sequence_number: int | None = None
    """The first one, unwrapped."""
    highest_sequence_number: int = 0
    """Unwrapped: cycles << 16 plus the number (RFC 3550 section 6.4.1)."""
    jitter: float = 0.0
    """Interarrival jitter in timestamp units (RFC 3550 section A.8)."""
    _transit: int | None = None
    _received_before: int = 0

    def begin(self, sequence_number: int) -> None:
        """Start the sequence with the next packet, the first or behind a jump (RFC 3550 section A.1).

        What a user looks at goes on counting; loss and jitter start anew.
        """
        self.base_sequence_number = self.highest_sequence_number = sequence_number
        self._received_before = self.packets_received
        self.jitter = 0.0
        self._transit = None

    @property
    def packets_expected(self) -> int:
        """Highest minus first sequence number, plus one (RFC 3550 section A.3)."""
        if self.base_sequence_number is None:
            return 0
        return self.highest_sequence_number - self.base_sequence_number + 1

    @property
    def cumulative_lost(self) -> int:
        """Expected minus received, clamped to 24 bits signed: duplicates make it negative."""
        lost = self.packets_expected - (self.packets_received - self._received_before)
        return max(-0x800000, min(lost, 0x7FFFFF))

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter in milliseconds."""
        return self.jitter * 1000 / CLOCK_RATE

    def arrived(self, timestamp: int, now: float, packets: int = 1) -> None:
        """Take the arrival of packets of one timestamp at one instant into the jitter.

        RFC 3550 section A.8 counts every packet, those of one frame too: J += (|D| - J) / 16. All
        but the first of these packets have D = 0.
        """
        transit = round(now * CLOCK_RATE) - timestamp
        if self._transit is not None:
            difference = abs(timestamp_difference(transit, self._transit))
            self.jitter += (difference - self.jitter) / 16
        self._transit = transit
        self.jitter *= (15 / 16) ** (packets - 1)


def fraction_lost(expected: int, received: int) -> int:
    """Return the loss of an interval in 1/256, 0 to 255 (RFC 3550 section A.3).

    0 when nothing was expected, or duplicates made the loss negative.
    """
    lost = expected - received
    if expected <= 0 or lost <= 0:
        return 0
    return min(lost * 256 // expected, 255)
