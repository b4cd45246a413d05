"""What the packets of a stream say at one moment, for those who judge the reports about it."""

from __future__ import annotations

from dataclasses import dataclass

from .batch import Flow


@dataclass(slots=True)
class Media:
    """One RTP/JPEG stream as far as it has been captured."""

    packets: int
    octets: int
    """RTP payload, RTP/JPEG headers included; no RTP header, extension or padding."""
    timestamp: int
    """Of the newest packet."""
    time: int
    """Nanoseconds since 1970 of the newest packet."""
    first_time: int
    """Of the first."""
    flow: Flow
    lost: int = 0
    """Packets missing so far."""
    duplicated: int = 0
    first_packet: int = 1
    """Number in the capture."""
    frame_packets: int = 64
    """Packets of the largest frame: so many may be on their way when a report is made."""

    @property
    def host(self) -> str:
        """Who sends."""
        return self.flow.source[0]

    def carries(self, flow: Flow) -> bool:
        """Tell whether a flow is that of the stream's RTCP: its own ports or the next ones, either way."""
        (host, _), (other, port) = self.flow
        beside = (port, port + 1)
        there = flow.source[0] == host and flow.destination[0] == other and flow.destination[1] in beside
        back = flow.source[0] == other and flow.destination[0] == host and flow.source[1] in beside
        return there or back
