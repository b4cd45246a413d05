"""From the RTP clock to the wall clock, frame by frame (RFC 6051 section 3.3).

The first packet of a frame may carry, in a header extension (``rtpjpeg.extensions``):

- when the picture was captured, as a 64-bit NTP timestamp. It is the instant that the RTP timestamp means.
- how much later the packet was made, in units of the RTP clock, 24 bits signed (RFC 5450 section 2);
- how much later than the capture the picture was encoded, in the same units, 24 bits. No standard has that.

A frame whose first packet is lost has its time from the frames before: the RTP timestamp counts on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .extensions import parse_elements, serialize_elements
from .rtp import CLOCK_RATE
from .serial import timestamp_difference

NTP_64 = "urn:ietf:params:rtp-hdrext:ntp-64"
TRANSMISSION_OFFSET = "urn:ietf:params:rtp-hdrext:toffset"
ENCODING_OFFSET = "urn:x-rtpjpeg:hdrext:encoded"
EXTENSION_IDS: Mapping[str, int] = {NTP_64: 12, TRANSMISSION_OFFSET: 13, ENCODING_OFFSET: 14}
"""IDs where no description says others. RFC 8285, section 4.1.2, wants them agreed on: between our own ends
they are, by this table. Others begin to count at 1, so these are at the end of the range."""

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
MOST_SKEW = 0.01
"""By which share the two clocks of a sender may run apart; more is a clock that was set."""
_ERA = 1 << 32
_NTP = struct.Struct(">II")
_MOST = (1 << 23) - 1


def ntp_from(seconds: float) -> bytes:
    """Return the 64-bit NTP timestamp of a time in seconds since 1970 (RFC 5905 section 6)."""
    whole, fraction = divmod(round(seconds * _ERA), _ERA)
    return _NTP.pack((whole + NTP_EPOCH) % _ERA, fraction)


def seconds_from(ntp: bytes) -> float:
    """Return the seconds since 1970 of a 64-bit NTP timestamp, 1968 to 2104 (RFC 4330 section 3)."""
    whole, fraction = _NTP.unpack(ntp)
    era = 0 if whole >> 31 else _ERA
    return float(whole + era - NTP_EPOCH + fraction / _ERA)


@dataclass(frozen=True, slots=True)
class CaptureTimes:
    """When a picture was captured, encoded and sent, in seconds since 1970 by the clock of its sender."""

    captured_at: float
    encoded_at: float | None = None
    sent_at: float | None = None

    def serialize(self) -> bytes:
        """Return the header extension of a first packet; offsets that do not fit 24 bits are left out."""
        elements = {EXTENSION_IDS[NTP_64]: ntp_from(self.captured_at)}
        for name, instant in ((TRANSMISSION_OFFSET, self.sent_at), (ENCODING_OFFSET, self.encoded_at)):
            ticks = None if instant is None else round((instant - self.captured_at) * CLOCK_RATE)
            if ticks is not None and -_MOST <= ticks <= _MOST:
                elements[EXTENSION_IDS[name]] = ticks.to_bytes(3, "big", signed=True)
        return serialize_elements(elements)

    @classmethod
    def parse(cls, extension: bytes, ids: Mapping[str, int] = EXTENSION_IDS) -> CaptureTimes | None:
        """Read a whole header extension, first four bytes included; None where no capture time is in it."""
        elements = parse_elements(int.from_bytes(extension[:2], "big"), extension[4:])
        found = {name: elements[number] for name, number in ids.items() if number in elements}
        ntp = found.get(NTP_64, b"")
        # RFC 3550, section 6.4.1: a sender without a wall clock "MAY set the NTP timestamp to zero".
        if len(ntp) != _NTP.size or not any(ntp):
            return None
        captured_at = seconds_from(ntp)
        encoded = _later(captured_at, found.get(ENCODING_OFFSET))
        return cls(captured_at, encoded, _later(captured_at, found.get(TRANSMISSION_OFFSET)))


def _later(captured_at: float, offset: bytes | None) -> float | None:
    if offset is None or len(offset) != 3:
        return None
    return captured_at + int.from_bytes(offset, "big", signed=True) / CLOCK_RATE


def extension_ids(extmap: Iterable[tuple[int, str]]) -> Mapping[str, int]:
    """Return the IDs that a description maps (RFC 8285 section 5); our own where it maps none of these."""
    ids = {name: number for number, name in extmap if name in EXTENSION_IDS}
    return ids if NTP_64 in ids else EXTENSION_IDS


class CaptureClock:
    """Tells when a frame was captured from its RTP timestamp, once a frame has said so."""

    def __init__(self) -> None:
        self._known: tuple[int, float] | None = None
        self._report: tuple[int, float] | None = None
        self._rate = float(CLOCK_RATE)
        """Ticks of the RTP clock in a second of the sender's wall clock."""

    def learn_report(self, timestamp: int, seconds: float) -> None:
        """Take note of a sender report, whose two times are of one instant (RFC 3550 section 6.4.1).

        From report to report they tell how fast the RTP clock runs against the sender's wall clock.
        """
        if self._report is not None:
            ticks, passed = timestamp_difference(timestamp, self._report[0]), seconds - self._report[1]
            if passed > 0 and abs(ticks / passed / CLOCK_RATE - 1) < MOST_SKEW:
                self._rate = ticks / passed
        self._report = self._known = timestamp, seconds

    def learn(self, timestamp: int, captured_at: float) -> None:
        """Take note of what a frame says of itself; ``captured_at`` is in seconds since 1970."""
        self._known = timestamp, captured_at

    def captured_at(self, timestamp: int) -> float | None:
        """Return the seconds since 1970 that a timestamp means; None where no frame has said anything."""
        if self._known is None:
            return None
        known, captured_at = self._known
        return captured_at + timestamp_difference(timestamp, known) / self._rate
