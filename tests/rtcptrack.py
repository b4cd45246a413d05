"""A sender and a receiver session on one virtual clock, with a way for packets in each direction."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from itertools import count

from rtpjpeg import Frame, FrameReceived, ReceiverSession, SenderSession
from rtpjpeg.events import Event
from rtpjpeg.train import PacketTrain

CAMERA, SCREEN = ("192.0.2.1", 40_000), ("192.0.2.2", 5000)
CAMERA_RTCP, SCREEN_RTCP = ("192.0.2.1", 40_001), ("192.0.2.2", 5001)
WALL = 1_700_000_000.0


class Way:
    """Delays what is sent by ``delay`` seconds and loses a share of it."""

    def __init__(self, delay: float, loss: float, chance: random.Random) -> None:
        self.delay, self.loss, self.chance = delay, loss, chance
        self.sent = self.lost = 0

    def passes(self) -> bool:
        """Tell whether a packet comes through."""
        self.sent += 1
        gone = self.chance.random() < self.loss
        self.lost += gone
        return not gone


class Track:
    """Frames at 30 a second from one session to the other; reports and requests both ways."""

    def __init__(
        self,
        seed: int = 1,
        delay: float = 0.0025,
        loss: float = 0.0,
        loss_back: float = 0.0,
        skew: float = 0.0,
        sender: dict[str, object] | None = None,
        receiver: dict[str, object] | None = None,
    ) -> None:
        chance = random.Random(seed)
        self.sender = SenderSession(chance=chance.random, **{"rtcp": True, **(sender or {})})  # type: ignore[arg-type]
        self.receiver = ReceiverSession(chance=chance.random, **{"rtcp": True, **(receiver or {})})  # type: ignore[arg-type]
        self.there, self.back = Way(delay, loss, chance), Way(delay, loss_back, chance)
        self.now, self.skew = 100.0, skew
        self.frames: list[tuple[float, Frame]] = []
        self.sent_at: dict[int, float] = {}
        self.events: list[tuple[float, Event]] = []
        self.reports: list[tuple[float, str, bytes]] = []
        self.octets = 0
        self.media: list[tuple[int, bool]] = []
        """Packets of frames the first time they were sent: number, and whether they came through."""
        self._ways: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def clock(self, now: float | None = None) -> float:
        """Return the sender's monotonic clock, which may run fast or slow."""
        return (self.now if now is None else now) * (1 + self.skew)

    def run(self, pictures: Iterator[bytes], frames: int, fps: float = 30.0) -> None:
        """Send frames, and let everything happen that is due meanwhile and a second later."""
        begin = self.now
        for number in range(frames):
            self._until(begin + number / fps)
            self._send(next(pictures))
        self._until(self.now + 1.0)

    def expected_and_lost(self, highest: int) -> tuple[int, int]:
        """Return packets sent and lost from the receiver's first one to this number; below 65 536 in all.

        The receiver counts from the first of two in a row (RFC 3550 section A.1).
        """
        base = self.receiver.statistics.base_sequence_number or 0
        first, last = ((number - self.media[0][0]) % 65536 for number in (base, highest))
        came = [came for _, came in self.media[first : last + 1]]
        return len(came), came.count(False)

    def _send(self, jpeg: bytes) -> None:
        clock = self.clock()
        offset = WALL + self.now - clock
        train = self.sender.send_frame(jpeg, clock, clock, wall_offset=offset)
        timestamp = int.from_bytes(train[0][4:8], "big")
        self.sent_at[timestamp] = self.now
        for number, packet in enumerate(train):
            came = self._carry(self.there, packet, CAMERA, self._arrive, number * 2e-5)
            self.media.append((int.from_bytes(packet[2:4], "big"), came))
        self._flush_sender()

    def _carry(
        self,
        way: Way,
        data: bytes,
        source: object,
        arrive: Callable[[bytes, object], None],
        later: float = 0.0,
    ) -> bool:
        came = way.passes()
        if came:
            at = self.now + way.delay + later
            heapq.heappush(self._ways, (at, next(self._order), lambda: arrive(data, source)))
        return came

    def _arrive(self, data: bytes, source: object) -> None:
        self.receiver.receive(data, self.now, source)
        self._collect()

    def _return(self, data: bytes, source: object) -> None:
        self.sender.receive(data, self.clock(), source)
        self._flush_sender()

    def _flush_sender(self) -> None:
        for data, where in self.sender.datagrams_to_send(self.clock()):
            if isinstance(data, PacketTrain):
                for packet in data:
                    self._carry(self.there, packet, CAMERA, self._arrive)
            else:
                assert where == "rtcp"
                self._note("sender", data)
                self._carry(self.there, data, CAMERA_RTCP, self._arrive)
        while (event := self.sender.next_event()) is not None:
            self.events.append((self.now, event))

    def _collect(self) -> None:
        while (event := self.receiver.next_event()) is not None:
            self.events.append((self.now, event))
            if isinstance(event, FrameReceived):
                self.frames.append((self.now, event.frame))
        for data, where in self.receiver.datagrams_to_send(self.now):
            assert isinstance(data, bytes) and where in ("rtcp", CAMERA_RTCP)
            self._note("receiver", data)
            self._carry(self.back, data, SCREEN_RTCP, self._return)

    def _note(self, who: str, data: bytes) -> None:
        self.reports.append((self.now, who, data))
        self.octets += len(data) + 28

    def _until(self, end: float) -> None:
        """Let time pass, from one thing that happens to the next."""
        while True:
            due = self.receiver.next_timer()
            other = self.sender.next_timer()
            other = None if other is None else other / (1 + self.skew)
            times = [
                time for time in (due, other, self._ways[0][0] if self._ways else None) if time is not None
            ]
            moment = max(self.now, min(times, default=end))
            if moment >= end:
                self.now = end
                return
            self.now = moment
            if self._ways and self._ways[0][0] <= moment:
                heapq.heappop(self._ways)[2]()
            elif due is not None and due <= moment:
                self.receiver.handle_timer(moment)
                self._collect()
            else:
                # A float division may fall a hair short of the sender's own time.
                self.sender.handle_timer(max(self.clock(), self.sender.next_timer() or 0.0))
                self._flush_sender()
