"""One RTP session at each end, without sockets and clocks (RFC 3550, RFC 2435).

Bytes and the time come in as arguments; trains, events and the next timer go out. The shell around a
session is four calls: ``receive`` what came, ``next_event`` until None, ``datagrams_to_send``, and
``handle_timer`` when ``next_timer`` says so. ``now`` is in seconds of a monotonic clock.

A sender sends frames. A receiver trusts nobody; whom it listens to is settled in ``lock``.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Callable, Mapping

from .clock import EXTENSION_IDS, CaptureTimes
from .depacketizer import FRAME_LIMIT, Depacketizer
from .errors import MalformedPacketError
from .events import Event, PacketRejected, SourceChanged
from .lock import SourceLock
from .packetizer import MTU, Packetizer
from .rtcp import is_rtcp
from .rtp import CLOCK_RATE, HEADER_SIZE, PAYLOAD_TYPE_JPEG
from .stats import ReceiverStatistics, SenderStatistics
from .train import PacketTrain

DEADLINE = 0.050
"""Seconds from the first packet of a frame to its end, whatever is missing: the default."""
WINDOW = 4096
"""Packets that may wait behind a hole; time decides long before."""
Datagram = tuple[bytes | PacketTrain, object]
_EVENT_LIMIT = 256


class SenderSession:
    """Frames of one camera, on their way out.

    ``mtu`` is the IP packet. ``ssrc``, ``sequence_number`` and ``timestamp_offset`` are random unless
    given (RFC 3550 section 5.1). ``profile`` is ``resilient`` or ``compatible``. ``static_tables`` and
    ``fill`` are those of ``Packetizer``. ``capture_times`` puts the time of the capture into a header
    extension of each frame's first packet (RFC 6051); None means in profile resilient. Raises
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
    ) -> None:
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
        self._ticks: int | None = None
        self._events: deque[Event] = deque()

    @property
    def ssrc(self) -> int:
        """Synchronization source of the stream."""
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
        to get seconds since 1970; without it the frame does not tell when it was captured. Raises
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
        self.statistics.frames_sent += 1
        self.statistics.packets_sent += len(train)
        headers = HEADER_SIZE * len(train) + (len(extension) if train.data[0] & 0x10 else 0)
        self.statistics.octets_sent += train.nbytes - headers
        self.statistics.intervals_sent = self._packetizer.intervals_sent
        self.statistics.intervals_split = self._packetizer.intervals_split
        return train

    def receive(self, data: bytes | PacketTrain, now: float, source: object = None) -> None:
        """Take what came back; nothing is read from it yet."""

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Return what is due besides frames, each with ``'rtp'``, ``'rtcp'`` or an address."""
        return []

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        return None

    def handle_timer(self, now: float) -> None:
        """Do what is due by ``now``."""

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        return self._events.popleft() if self._events else None

    def _next_ticks(self, captured_at: float) -> int:
        """Return the capture in ticks of the timestamp's clock, which never wrap, or shortly after it."""
        ticks = round(captured_at * CLOCK_RATE)
        # Two frames never share a timestamp, even when a camera says so: receivers would join them.
        return ticks if self._ticks is None else max(ticks, self._ticks + 1)


class ReceiverSession:
    """One stream, on its way in.

    ``ssrc`` asks for one source; without it the first that proves itself is taken. ``conceal``,
    ``dimensions``, ``tables``, ``frame_limit`` and ``lenient`` are those of ``Depacketizer``.
    ``deadline`` is in seconds. ``accepts`` tells of an address whether its packets may be used at all;
    without it all may. ``extension_ids`` are the IDs of header extensions by name (``clock``).
    """

    def __init__(
        self,
        *,
        payload_type: int = PAYLOAD_TYPE_JPEG,
        ssrc: int | None = None,
        conceal: bool = True,
        dimensions: tuple[int, int] | None = None,
        tables: Mapping[int, bytes] | None = None,
        deadline: float = DEADLINE,
        frame_limit: int = FRAME_LIMIT,
        lenient: bool = False,
        accepts: Callable[[object], bool] | None = None,
        extension_ids: Mapping[str, int] = EXTENSION_IDS,
    ) -> None:
        self.deadline = deadline
        self._lock = SourceLock(payload_type, ssrc, accepts)
        self._depacketizer = Depacketizer(
            conceal=conceal,
            payload_type=payload_type,
            ssrc=-1,
            dimensions=dimensions,
            tables=tables,
            frame_limit=frame_limit,
            lenient=lenient,
            window=WINDOW,
            extension_ids=extension_ids,
        )
        self._events: deque[Event] = deque()

    @property
    def ssrc(self) -> int | None:
        """Synchronization source of the stream that is taken; None before the first."""
        return self._lock.ssrc

    @property
    def source(self) -> object:
        """Address of the stream that is taken."""
        return self._lock.source

    @property
    def statistics(self) -> ReceiverStatistics:
        """Counts of the stream that is taken."""
        return self._depacketizer.statistics

    @property
    def findings(self) -> Counter[str]:
        """How often each departure of ``quirks`` was met, by name."""
        return self._depacketizer.findings

    def receive(
        self, data: bytes | PacketTrain, now: float, source: object = None, more: bool = False
    ) -> None:
        """Take one packet or a train that came from ``source``. Never raises for what is in it.

        With ``more`` nothing is given up yet, since more may have come: ``handle_timer`` is to follow.
        """
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        if not len(train) or (len(train) == 1 and is_rtcp(train[0])):
            return
        if not self._lock.accepts(source):
            self._reject(len(train), "source", source, "one that is allowed")
        elif self._lock.holds(source):
            self._receive_taken(train, now)
        else:
            self._receive_other(train, now, source)
        # Last: whoever reads late gives up nothing that has come meanwhile.
        if not more:
            self.handle_timer(now)

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        if self._events:
            return self._events.popleft()
        return self._depacketizer.next_event()

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        opened = self._depacketizer.opened_at
        times = [self._depacketizer.next_timer(), None if opened is None else opened + self.deadline]
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Give up what has become final by ``now``: holes, and frames past their deadline."""
        self._depacketizer.handle_timer(now)
        self._depacketizer.end_overdue(self.deadline, now)

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Return what is due, each with ``'rtp'``, ``'rtcp'`` or an address."""
        return []

    def _receive_taken(self, train: PacketTrain, now: float) -> None:
        before = self.statistics.packets_received
        self._depacketizer.push(train, now)
        if self.statistics.packets_received > before:
            self._lock.heard(now)
        elif self._lock.is_silent(now):
            self._consider(train, now, self.source)

    def _receive_other(self, train: PacketTrain, now: float, source: object) -> None:
        """Take packets from elsewhere: news only when nothing is taken, or that has gone silent."""
        if not self._lock.is_silent(now):
            self._reject(len(train), "source", source, str(self.source), "locked to the first")
        elif not self._consider(train, now, source):
            if self.ssrc is None:
                expected = f"version 2 and payload type {self._lock.payload_type}"
                self._reject(len(train), "RTP packet", "none of this stream", expected)
            else:
                self._reject(len(train), "source", source, str(self.source), "locked to the first")

    def _consider(self, train: PacketTrain, now: float, source: object) -> bool:
        """Take a stream that proves itself, and its packets; False where no packet can be of a stream."""
        proof, known = self._lock.consider(train, source, now, self.statistics.highest_sequence_number)
        if proof is None:
            return known
        if not proof.goes_on:
            self._depacketizer.flush(now)
            self._drain()
            self._depacketizer.restart(proof.ssrc)
        self._lock.take(proof, now)
        self._events.append(SourceChanged(proof.ssrc, source))
        for proving in proof.trains:
            self._depacketizer.push(proving, now)
        return True

    def _drain(self) -> None:
        """Put what the old stream still told in front of the change."""
        while (event := self._depacketizer.next_event()) is not None:
            self._events.append(event)

    def _reject(self, packets: int, field: str, found: object, expected: str, why: str = "") -> None:
        """Count packets; the sentence is made when somebody can read it, for a flood brings thousands."""
        self.statistics.packets_rejected += packets
        if len(self._events) < _EVENT_LIMIT:
            self._events.append(PacketRejected(MalformedPacketError(field, found, expected, why)))
