"""One RTP session at each end, without sockets and clocks (RFC 3550, RFC 2435).

Bytes and the time come in as arguments; trains, events and the next timer go out. The shell around a
session is four calls: ``receive`` what came, ``next_event`` until None, ``datagrams_to_send``, and
``handle_timer`` when ``next_timer`` says so. ``now`` is in seconds of a monotonic clock.

A sender sends frames. A receiver trusts nobody: a source is taken when two of its packets came in
sequence (RFC 3550 section A.1), and another one only when the first has been silent for a second.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from .depacketizer import FRAME_LIMIT, Depacketizer
from .errors import MalformedPacketError
from .events import Event, PacketRejected, SourceChanged
from .packetizer import MTU, Packetizer
from .rtp import CLOCK_RATE, HEADER_SIZE, PAYLOAD_TYPE_JPEG, parse_train
from .serial import timestamp_difference
from .stats import ReceiverStatistics, SenderStatistics
from .train import PacketTrain

DEADLINE = 0.050
"""Seconds from the first packet of a frame to its end, whatever is missing: the default."""
SILENCE = 1.0
"""Seconds without a packet after which another source may take over."""
WINDOW = 4096
"""Packets that may wait behind a hole; time decides long before."""
Datagram = tuple[bytes | PacketTrain, object]
_CANDIDATES = 4
_EVENT_LIMIT = 256
_RTCP_TYPES = frozenset(bytes((number,)) for number in range(192, 224))  # RFC 5761 section 4


class SenderSession:
    """Frames of one camera, on their way out.

    ``mtu`` is the IP packet. ``ssrc``, ``sequence_number`` and ``timestamp_offset`` are random unless
    given (RFC 3550 section 5.1). ``profile`` is ``resilient`` or ``compatible``. ``static_tables`` and
    ``fill`` are those of ``Packetizer``. Raises ``ConfigError``.
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
    ) -> None:
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
        self._timestamp: int | None = None
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

    def send_frame(self, jpeg: bytes, captured_at: float, now: float) -> PacketTrain:
        """Return the packets of a frame.

        ``captured_at`` is in seconds of the capture clock; the timestamp comes from it, not from the
        time of sending (RFC 3550 section 5.1). Raises ``UnsupportedJpegError``, ``ConfigError``.
        """
        timestamp = self._next_timestamp(captured_at)
        train = self._packetizer.packetize(jpeg, timestamp)
        self._timestamp = timestamp
        self.statistics.frames_sent += 1
        self.statistics.packets_sent += len(train)
        self.statistics.octets_sent += train.nbytes - HEADER_SIZE * len(train)
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

    def _next_timestamp(self, captured_at: float) -> int:
        timestamp = (self.timestamp_offset + round(captured_at * CLOCK_RATE)) & 0xFFFF_FFFF
        # Two frames never share a timestamp, even when a camera says so: receivers would join them.
        if self._timestamp is not None and timestamp_difference(timestamp, self._timestamp) <= 0:
            timestamp = (self._timestamp + 1) & 0xFFFF_FFFF
        return timestamp


class ReceiverSession:
    """One stream, on its way in.

    ``ssrc`` asks for one source; without it the first that proves itself is taken. ``conceal``,
    ``dimensions``, ``tables``, ``frame_limit`` and ``lenient`` are those of ``Depacketizer``.
    ``deadline`` is in seconds.
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
    ) -> None:
        self.deadline = deadline
        self.source: object = None
        """Address of the stream that is taken."""
        self._wanted_ssrc = ssrc
        self._depacketizer = Depacketizer(
            conceal=conceal,
            payload_type=payload_type,
            ssrc=-1,
            dimensions=dimensions,
            tables=tables,
            frame_limit=frame_limit,
            lenient=lenient,
            window=WINDOW,
        )
        self._payload_type = payload_type
        self._candidates: dict[tuple[object, int], tuple[int | None, PacketTrain | None]] = {}
        self._heard_at = float("-inf")
        self._events: deque[Event] = deque()

    @property
    def ssrc(self) -> int | None:
        """Synchronization source of the stream that is taken; None before the first."""
        return self._depacketizer.ssrc if self._depacketizer.ssrc != -1 else None

    @property
    def statistics(self) -> ReceiverStatistics:
        """Counts of the stream that is taken."""
        return self._depacketizer.statistics

    @property
    def findings(self) -> Counter[str]:
        """How often each departure of ``quirks`` was met, by name."""
        return self._depacketizer.findings

    def receive(self, data: bytes | PacketTrain, now: float, source: object = None) -> None:
        """Take one packet or a train that came from ``source``. Never raises for what is in it."""
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        if not len(train) or (len(train) == 1 and train[0][1:2] in _RTCP_TYPES):
            return
        self.handle_timer(now)
        if source == self.source and self.ssrc is not None:
            self._receive_taken(train, now)
        else:
            self._receive_other(train, now, source)

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
            self._heard_at = now
        elif now - self._heard_at >= SILENCE:
            self._consider(train, now, self.source)

    def _receive_other(self, train: PacketTrain, now: float, source: object) -> None:
        """Take packets from elsewhere: news only when nothing is taken, or that has gone silent."""
        if self.ssrc is not None and now - self._heard_at < SILENCE:
            error = MalformedPacketError("source", source, str(self.source), "locked to the first")
            self._reject(len(train), error)
        elif not self._consider(train, now, source):
            expected = f"version 2 and payload type {self._payload_type}"
            self._reject(len(train), MalformedPacketError("RTP packet", "none of this stream", expected))

    def _consider(self, train: PacketTrain, now: float, source: object) -> bool:
        """Take a source when two of its packets came in sequence; the first one is kept for it.

        Return False when no packet of the train can be of a stream.
        """
        rtp = parse_train(train)
        usable = rtp.valid & (rtp.payload_type == self._payload_type)
        if self._wanted_ssrc is not None:
            usable &= rtp.ssrc == self._wanted_ssrc
        for ssrc in np.unique(rtp.ssrc[usable]).tolist()[:_CANDIDATES]:
            numbers = rtp.sequence_number[usable & (rtp.ssrc == ssrc)].tolist()
            expected, first = self._candidates.pop((source, ssrc), (None, None))
            if numbers[0] == expected or any((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers)):
                self._lock(ssrc, source, [held for held in (first, train) if held is not None], now)
                break
            self._candidates[source, ssrc] = ((numbers[-1] + 1) & 0xFFFF, train)
        while len(self._candidates) > _CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        return bool(usable.any())

    def _lock(self, ssrc: int, source: object, trains: list[PacketTrain], now: float) -> None:
        """Take a source, and the packets that proved it."""
        self._candidates.clear()
        self._depacketizer.flush(now)
        self._drain()
        self._depacketizer.restart(ssrc)
        self.source = source
        self._heard_at = now
        self._events.append(SourceChanged(ssrc, source))
        for train in trains:
            self._depacketizer.push(train, now)

    def _drain(self) -> None:
        """Put what the old stream still told in front of the change."""
        while (event := self._depacketizer.next_event()) is not None:
            self._events.append(event)

    def _reject(self, packets: int, error: MalformedPacketError) -> None:
        self.statistics.packets_rejected += packets
        if len(self._events) < _EVENT_LIMIT:
            self._events.append(PacketRejected(error))
