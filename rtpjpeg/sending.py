"""The sending end of an RTP session, without sockets and clocks (RFC 3550, RFC 2435)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from .clock import CaptureTimes
from .errors import ConfigError
from .events import Event
from .mux import TAKEN
from .packetizer import MTU, Packetizer
from .reports import CNAME_BYTES, make_cname
from .rtp import CLOCK_RATE, HEADER_SIZE, PAYLOAD_TYPE_JPEG
from .sendercontrol import SenderControl
from .stats import SenderStatistics
from .train import PacketTrain

Datagram = tuple[bytes | PacketTrain, object]
"""What is to be sent, and where to: ``'rtp'``, ``'rtcp'`` or an address."""


def draw() -> float:
    """Return a number from 0 to 1."""
    return secrets.randbits(53) / (1 << 53)


def random_cname() -> bytes:
    """Return a CNAME that nobody else has (RFC 7022 section 4.2)."""
    return make_cname(secrets.token_bytes(CNAME_BYTES))


def _anybody(source: object) -> bool:
    return True


class SenderSession:
    """Frames of one camera, on their way out, and RTCP both ways.

    ``mtu`` is the IP packet. ``ssrc``, ``sequence_number`` and ``timestamp_offset`` are random unless
    given (RFC 3550 section 5.1). ``profile`` is ``resilient`` or ``compatible``. ``static_tables`` and
    ``fill`` are those of ``Packetizer``. ``capture_times`` puts the time of the capture into a header
    extension of each frame's first packet (RFC 6051); None means in profile resilient. With ``rtcp`` reports
    go out, and with ``retransmit`` too packets that are asked for. ``cname`` is shared by all streams of one
    end and random unless given (RFC 7022). With ``rtcp_mux`` reports share the port of the packets (RFC
    5761). ``accepts`` tells of an address whether it may report on the stream; without it all may. Raises
    ``ConfigError``.
    """

    def __init__(
        self,
        *,
        mtu: int = MTU,
        ssrc: int | None = None,
        sequence_number: int | None = None,
        timestamp_offset: int | None = None,
        profile: str = "resilient",
        payload_type: int = PAYLOAD_TYPE_JPEG,
        static_tables: bool | None = None,
        fill: bool = False,
        capture_times: bool | None = None,
        rtcp: bool = False,
        rtcp_mux: bool = False,
        cname: bytes | None = None,
        retransmit: bool = True,
        accepts: Callable[[object], bool] | None = None,
        chance: Callable[[], float] = draw,
    ) -> None:
        if rtcp_mux and payload_type in TAKEN:
            expected = "none of 64 to 95 where RTCP shares the port (RFC 5761 section 4)"
            raise ConfigError(f"payload type: found {payload_type}, expected {expected}")
        self.tells_capture_times = profile == "resilient" if capture_times is None else capture_times
        """Whether frames carry the time of their capture, where ``send_frame`` is told the wall clock."""
        self._packetizer = Packetizer(
            mtu=mtu,
            ssrc=ssrc,
            sequence_number=sequence_number,
            payload_type=payload_type,
            profile=profile,
            static_tables=static_tables,
            fill=fill,
        )
        self.timestamp_offset = secrets.randbits(32) if timestamp_offset is None else timestamp_offset
        self.statistics = SenderStatistics()
        self.cname = cname or random_cname()
        """Name of this end in RTCP (RFC 7022)."""
        self.control = SenderControl(self.ssrc, self.cname, chance, accepts or _anybody, rtcp and retransmit)
        """Reports and requests."""
        self.rtcp = rtcp
        """Whether reports go out."""
        self.rtcp_mux = rtcp_mux
        """Whether they share the port of the packets."""
        self._reported_from = (0, 0)
        self._ticks: int | None = None

    @property
    def ssrc(self) -> int:
        """Synchronization source of the stream; another one after a collision (RFC 3550 section 8.2)."""
        return self._packetizer.ssrc

    @property
    def mtu(self) -> int:
        """Bytes of an IP packet; may be lowered when the path turns out smaller."""
        return self._packetizer.mtu

    @mtu.setter
    def mtu(self, mtu: int) -> None:
        self._packetizer.mtu = mtu

    def send_frame(
        self,
        jpeg: bytes,
        captured_at: float,
        now: float,
        *,
        wall_offset: float | None = None,
        encoded_at: float | None = None,
    ) -> PacketTrain:
        """Return the packets of a frame.

        ``captured_at``, ``encoded_at`` and ``now`` are in seconds of the capture clock; the timestamp comes
        from the capture, not from the time of sending (RFC 3550 section 5.1). ``wall_offset`` is what to add
        to get seconds since 1970; without it neither the frame nor a report tells the time. Raises
        ``UnsupportedJpegError``, ``ConfigError``.
        """
        ticks = self._next_ticks(captured_at)
        extension = b""
        if self.tells_capture_times and wall_offset is not None:
            instant = captured_at + (ticks - round(captured_at * CLOCK_RATE)) / CLOCK_RATE
            encoded = None if encoded_at is None else encoded_at + wall_offset
            extension = CaptureTimes(instant + wall_offset, encoded, now + wall_offset).serialize()
        train = self._packetizer.packetize(jpeg, (self.timestamp_offset + ticks) & 0xFFFF_FFFF, extension)
        self._ticks = ticks
        self._count(train, len(extension))
        if self.rtcp:
            self.control.sent(train, self.statistics.octets_sent, now, wall_offset)
        return train

    def _count(self, train: PacketTrain, extension: int) -> None:
        statistics = self.statistics
        statistics.frames_sent += 1
        statistics.packets_sent += len(train)
        headers = HEADER_SIZE * len(train) + (extension if train.data[0] & 0x10 else 0)
        statistics.octets_sent += train.nbytes - headers
        statistics.intervals_sent = self._packetizer.intervals_sent
        statistics.intervals_split = self._packetizer.intervals_split

    def receive(self, data: bytes | PacketTrain, now: float, source: object = None) -> None:
        """Take what came back from ``source``. Never raises for what is in it."""
        for datagram in (data,) if isinstance(data, bytes) else data:
            if self.control.receive(datagram, now, source):
                self._renew(now)

    def _renew(self, now: float) -> None:
        """Take another SSRC: somebody has ours (RFC 3550 section 8.2)."""
        ssrc = secrets.randbits(32)
        while self.control.knows(ssrc):
            ssrc = secrets.randbits(32)
        self.control.renew(ssrc, now)
        self._packetizer.ssrc = ssrc
        # RFC 3550, section 6.4.1: the counts "SHOULD be reset if the sender changes its SSRC identifier".
        self._reported_from = self.statistics.packets_sent, self.statistics.octets_sent

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Return what is due besides frames, each with ``'rtp'`` or ``'rtcp'``."""
        resends = self.control.resends()
        self.statistics.packets_resent += len(resends)
        due: list[Datagram] = [(PacketTrain.from_packets(resends), "rtp")] if resends else []
        return due + [(report, "rtcp") for report in self.control.reports()]

    def bye(self, now: float) -> list[Datagram]:
        """Return what ends the stream (RFC 3550 section 6.3.7); nothing where nothing was ever sent."""
        bye = self.control.participant.bye(now)
        return [] if bye is None else [(bye, "rtcp")]

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        return self.control.next_timer()

    def handle_timer(self, now: float) -> None:
        """Make the report that is due by ``now``; ``datagrams_to_send`` returns it."""
        packets, octets = self.statistics.packets_sent, self.statistics.octets_sent
        counts = packets - self._reported_from[0], octets - self._reported_from[1]
        self.control.handle_timer(now, self.timestamp_offset, *counts)

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        events = self.control.events
        return events.popleft() if events else None

    def _next_ticks(self, captured_at: float) -> int:
        """Return the capture in ticks of the timestamp's clock, which never wrap, or shortly after it."""
        ticks = round(captured_at * CLOCK_RATE)
        # Two frames never share a timestamp, even when a camera says so: receivers would join them.
        return ticks if self._ticks is None else max(ticks, self._ticks + 1)
