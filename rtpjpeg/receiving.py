"""The receiving end of an RTP session, without sockets and clocks (RFC 3550, RFC 2435).

A receiver trusts nobody; whom it listens to is settled in ``lock``.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Callable, Mapping

from .asking import MOST
from .clock import EXTENSION_IDS
from .depacketizer import FRAME_LIMIT, Depacketizer
from .errors import MalformedPacketError
from .events import EVENT_LIMIT, Event, PacketRejected, SourceChanged
from .lock import Proof, SourceLock, place_of
from .mux import parted
from .receivercontrol import ReceiverControl
from .rtp import PAYLOAD_TYPE_JPEG
from .secondpath import SecondPaths
from .sending import Datagram, draw, random_cname
from .serial import timestamp_difference
from .stats import ReceiverStatistics
from .train import PacketTrain

DEADLINE = 0.050
"""Seconds from the first packet of a frame to its end, whatever is missing: the default."""
WINDOW = 4096
"""Packets that may wait behind a hole; time decides long before."""


class ReceiverSession:
    """One stream, on its way in.

    ``ssrc`` asks for one source; without it the first that proves itself is taken. ``conceal``,
    ``dimensions``, ``tables``, ``frame_limit`` and ``lenient`` are those of ``Depacketizer``.
    ``deadline`` is in seconds. ``accepts`` tells of an address whether its packets may be used at all;
    without it all may. The same packets from a second address are taken too, the first of each;
    ``authentic`` says that nobody but the sender can have made packets. ``extension_ids`` are the IDs of
    header extensions by name (``clock``). With ``rtcp`` reports go out, once a stream has proved itself, and
    with ``retransmit`` too lost packets are asked for again while the deadline leaves time. ``cname`` is
    shared by all sessions of one end and random unless given (RFC 7022).
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
        authentic: bool = False,
        extension_ids: Mapping[str, int] = EXTENSION_IDS,
        rtcp: bool = False,
        retransmit: bool = True,
        cname: bytes | None = None,
        chance: Callable[[], float] = draw,
    ) -> None:
        self.deadline = deadline
        self._lock = SourceLock(payload_type, ssrc, accepts)
        self.paths = SecondPaths(payload_type, authentic)
        """The addresses that the stream comes from, where there is more than one."""
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
        learn = self._depacketizer.learn_clock
        self.control = ReceiverControl(
            secrets.randbits(32), cname or random_cname(), chance, learn, rtcp and retransmit
        )
        """Reports and requests."""
        self.rtcp = rtcp
        """Whether reports go out."""
        if self.control.asker is not None:
            self._depacketizer.on_run = self._note_run
        self._octets = 0
        self._timestamp: int | None = None
        self._looked_at = float("-inf")

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
        reports, train = parted(train)
        accepted = self._lock.accepts(source)
        for report in reports:
            self.control.receive(report, now, source, accepted, self.paths.has_host(source))
        if not len(train):
            return
        if not accepted:
            self._reject(len(train), "source", place_of(source), "one that is allowed")
        elif self._lock.holds(source) or source in self.paths.known:
            self._receive_taken(train, now, source)
        else:
            self._receive_other(train, now, source)
        # Last: whoever reads late gives up nothing that has come meanwhile.
        if not more:
            self.handle_timer(now)

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        for events in (self._events, self.paths.events, self.control.events):
            if events:
                return events.popleft()
        return self._depacketizer.next_event()

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        opened = self._depacketizer.opened_at
        times = [self._depacketizer.next_timer(), None if opened is None else opened + self.deadline]
        if self.rtcp:
            times += [self.control.next_timer(), self._next_request()]
        return min((time for time in times if time is not None), default=None)

    def _next_request(self) -> float | None:
        """Return when packets are to be asked for, again or for the first time."""
        end = self._last_moment()
        found = self._depacketizer.missing(MOST, self.paths.lag) if self.control.may_ask() else ()
        # What was not asked for when we looked came too late then, and does so from then on.
        times = [self.control.ask_at(one.numbers, max(one.since, self._looked_at), end) for one in found]
        return min((time for time in times if time is not None), default=None)

    def _last_moment(self) -> float:
        """Return when the frame in progress ends, whatever is missing."""
        opened = self._depacketizer.opened_at
        return float("inf") if opened is None else opened + self.deadline

    def handle_timer(self, now: float) -> None:
        """Give up what has become final by ``now``: holes, and frames past their deadline."""
        self._ask(now)
        self._depacketizer.handle_timer(now)
        self._depacketizer.end_overdue(self.deadline, now)
        if self.rtcp:
            self.control.handle_timer(now)

    def _ask(self, now: float) -> None:
        """Ask for what is missing, where the sender answers and there is time."""
        self._looked_at, end = now, self._last_moment()
        if not self.control.may_ask():
            return
        for missing in self._depacketizer.missing(MOST, self.paths.lag):
            if missing.since <= now and self.control.ask(missing.numbers, now, end, missing.is_end):
                self._depacketizer.note_asked()

    def _note_run(self, number: int, count: int, timestamp: int, now: float) -> None:
        """Take note of packets that came, some of them because they were asked for."""
        asker = self.control.asker
        assert asker is not None
        if self._timestamp is None or timestamp_difference(timestamp, self._timestamp) > 0:
            self._timestamp = timestamp
            asker.forget_tail(number)
        if asker.came(((number + index) & 0xFFFF for index in range(count)), now):
            self.statistics.packets_recovered = asker.recovered
        self._wait_for_holes()

    def _wait_for_holes(self) -> None:
        """Let a hole last until another path may have filled it, or a third request would be answered."""
        asker = self.control.asker
        answers = asker is not None and asker.answers
        self._depacketizer.wait_for_holes(self.paths.lag + (asker.patience if asker and answers else 0.0))

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Return what is due: RTCP, each with its address, or ``'rtcp'`` where that is not known.

        A report says how long ago a sender report came, so ``now`` is to be the time of sending.
        """
        return [(data, self.control.destination) for data in self.control.datagrams(now)]

    def bye(self, now: float) -> list[Datagram]:
        """Return what ends it (RFC 3550 section 6.3.7); nothing where nothing was ever sent."""
        return [(data, self.control.destination) for data in self.control.bye(now)]

    def _receive_taken(self, train: PacketTrain, now: float, source: object) -> None:
        before = self.statistics.packets_received
        self._depacketizer.push(self._merged(train, now, source), now)
        if self.statistics.packets_received > before:
            self._lock.heard(now)
            self._octets += train.nbytes
            self.control.heard(self._octets, now)
        elif self._lock.is_silent(now):
            self._consider(train, now, self.source)

    def _merged(self, train: PacketTrain, now: float, source: object) -> PacketTrain:
        """Return the packets of a train that no other path brought first; the stream may move to another."""
        train = self.paths.merge(train, source, now, self._depacketizer.oldest)
        if self.paths.source != self.source:
            self._move(self.paths.source, now)
        if self.paths.known:
            self._wait_for_holes()
        return train

    def _move(self, source: object, now: float) -> None:
        """Keep to another address of the same stream."""
        assert self.ssrc is not None, "a stream that moves was taken"
        self._lock.take(Proof(self.ssrc, source, [], goes_on=True), now)
        self.control.take(self.ssrc, source, self.statistics, True, now)
        self._events.append(SourceChanged(self.ssrc, source))

    def _receive_other(self, train: PacketTrain, now: float, source: object) -> None:
        """Take packets from elsewhere: news only when nothing is taken, or that has gone silent."""
        if not self._lock.is_silent(now):
            if self.paths.prove(train, source, now):
                self._receive_taken(train, now, source)
            else:
                self._reject_stranger(train, source)
        elif not self._consider(train, now, source):
            if self.ssrc is None:
                expected = f"version 2 and payload type {self._lock.payload_type}"
                self._reject(len(train), "RTP packet", "none of this stream", expected)
            else:
                self._reject_stranger(train, source)

    def _consider(self, train: PacketTrain, now: float, source: object) -> bool:
        """Take a stream that proves itself, and its packets; False where no packet can be of a stream."""
        proof, known = self._lock.consider(train, source, now, self.statistics.highest_sequence_number)
        if proof is None:
            return known
        if not proof.goes_on:
            self._depacketizer.flush(now)
            self._drain()
            self._depacketizer.restart(proof.ssrc)
            self._timestamp = None
        self._lock.take(proof, now)
        self.control.take(proof.ssrc, source, self.statistics, proof.goes_on, now)
        self.paths.begin(source, proof.ssrc)
        self._events.append(SourceChanged(proof.ssrc, source))
        for proving in proof.trains:
            self._depacketizer.push(proving, now)
        return True

    def _drain(self) -> None:
        """Put what the old stream still told in front of the change."""
        while (event := self._depacketizer.next_event()) is not None:
            self._events.append(event)

    def _reject_stranger(self, train: PacketTrain, source: object) -> None:
        found, expected = place_of(source), place_of(self.source)
        self._reject(len(train), "source", found, expected, "locked to the first")

    def _reject(self, packets: int, field: str, found: object, expected: str, why: str = "") -> None:
        """Count packets; the sentence is made when somebody can read it, for a flood brings thousands."""
        self.statistics.packets_rejected += packets
        if len(self._events) < EVENT_LIMIT:
            self._events.append(PacketRejected(MalformedPacketError(field, found, expected, why)))
