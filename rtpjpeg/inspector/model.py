"""What an inspection finds out: streams, their findings, and who will show them.

These are values; ``analysis`` fills them, the reports print them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..train import Column, Flags
from .rules import ERROR, Rule

LISTED = 10
"""Packets that a finding lists by number."""


@dataclass(slots=True)
class Finding:
    """One rule and one stream; ``found`` is about the first time."""

    rule: Rule
    ssrc: int | None
    """The stream; None for the capture as a whole."""
    found: str
    """What was found the first time: "type 1 with 4:2:2", "Q 128 and no table header"."""
    count: int
    """How often: packets for rules about a packet, frames for rules about a frame."""
    first_packet: int
    """Number in the capture, as Wireshark counts."""
    last_packet: int
    packets: list[int] = field(default_factory=list)
    """The first ten, the first one included."""

    @property
    def message(self) -> str:
        """One sentence: found, expected."""
        return f"found {self.found}, expected {self.rule.expected}"

    @property
    def wireshark(self) -> str:
        """The display filter that shows the packets, those of the first ten where there is no field."""
        own = self.rule.wireshark or f"frame.number in {{{', '.join(map(str, self.packets))}}}"
        if self.ssrc is None or own.startswith(("frame.", "udp", "rtcp", "ip.")):
            return own
        stream = f"rtp.ssrc == 0x{self.ssrc:08x}"
        return stream if own == "rtp" else f"{stream} && ({own})"


@dataclass(slots=True)
class Verdict:
    """Whether a receiver in use will show the stream."""

    receiver: str
    """``GStreamer``, ``FFmpeg``, ``VLC``, ``MediaMTX`` or ``go2rtc``."""
    plays: str
    """``yes``, ``damaged`` (a picture comes, and it is wrong or incomplete) or ``no``."""
    why: str = ""
    """A clause for each reason, the worst first; for ``yes`` a remark, or nothing."""


@dataclass(slots=True)
class Picture:
    """A frame worth to look at."""

    label: str
    """``first`` or ``worst``, or what else it stands for."""
    packet: int
    """Number of its first packet in the capture."""
    jpeg: bytes
    flaws: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Series:
    """One entry a frame, in order; of a long capture every second, fourth ... frame."""

    step: int
    """Frames of the stream for each entry."""
    times: Column
    """Nanoseconds since 1970 of the first packet."""
    sizes: Column
    """Bytes of scan."""
    packets: Column
    spreads: Column
    """Nanoseconds from the first packet to the last."""
    complete: Flags


@dataclass(slots=True)
class Histogram:
    """Counts between edges; one more edge than counts."""

    edges: list[float]
    counts: list[int]


@dataclass(slots=True)
class Timing:
    """When the packets of one frame came."""

    label: str
    """``first``, ``slowest``, or what else the frame stands for."""
    packet: int
    """Number of its first packet in the capture."""
    offsets: list[float]
    """Milliseconds from the first packet to each, in order of arrival; the first one is 0."""


@dataclass(slots=True)
class StreamReport:
    """One RTP/JPEG stream: one SSRC from one address to another.

    Sizes of Python integers; times in seconds unless the name says another unit.
    """

    ssrc: int
    source: str
    """``host:port``."""
    destination: str
    payload_type: int
    packets: int
    lost: int
    reordered: int
    duplicated: int
    frames: int
    """Frames of which at least one packet came."""
    frames_complete: int
    """Those that came from offset 0 to the marker without a hole."""
    type: int
    """The type of most packets; of the first among equals. So are q, width, height, restart_interval."""
    q: int
    width: int
    """Pixels."""
    height: int
    restart_interval: int
    fps: float
    """By the timestamps; 0 where that cannot be told."""
    bitrate: int
    """Bits a second, RTP header to the end of the packet, from the first packet to the last."""
    jitter_ms: float
    """RFC 3550 section 6.4.1, at the end."""
    jitter_max_ms: float = 0.0
    duration: float = 0.0
    """Seconds from the first packet to the last."""
    first_packet: int = 0
    """Number in the capture."""
    last_packet: int = 0
    bytes: int = 0
    """RTP packets together."""
    began_at: int = 0
    """Nanoseconds since 1970 of the first packet."""
    largest_packet: int = 0
    """Bytes of the largest IP packet."""
    longest_burst: int = 0
    """Packets that came one directly behind the other, see ``N-005``."""
    receivers: list[Verdict] = field(default_factory=list)
    series: Series | None = None
    lost_by_second: list[int] = field(default_factory=list)
    """Packets lost in each ``loss_step`` seconds from the first packet on."""
    packets_by_second: list[int] = field(default_factory=list)
    loss_step: float = 1.0
    spacing: Histogram | None = None
    """Milliseconds from frame to frame, by arrival of the first packet."""
    transit: Histogram | None = None
    """Milliseconds by which the way of a packet took longer or shorter than that of the one before (D of RFC
    3550 section 6.4.1, unsigned)."""
    unseen: bool = False
    """The capture cut all pictures short: nothing is known but what headers say."""
    tables_once: bool = False
    """Frames of Q 128 to 254 have table length 0: their tables came with an earlier frame."""
    timings: list[Timing] = field(default_factory=list)
    """A few frames as examples, at most four."""
    pictures: list[Picture] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """All that was found in a capture."""

    name: str
    """File or interface."""
    packets: int = 0
    """Of the capture, whatever they are."""
    datagrams: int = 0
    """UDP."""
    duration: float = 0.0
    streams: list[StreamReport] = field(default_factory=list)
    """In order of their first packet."""
    findings: list[Finding] = field(default_factory=list)
    """Errors first, then warnings, then infos; within these by first packet."""
    notices: list[str] = field(default_factory=list)
    """Sentences about the capture itself: what was left out, what could not be looked at."""

    @property
    def failed(self) -> bool:
        """True when a finding is an error."""
        return any(finding.rule.severity == ERROR for finding in self.findings)
