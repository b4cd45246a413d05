"""The same packets by two paths: the first of each is taken, and a path that dies is not missed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import pytest

from conformance.pictures import jpeg
from rtpjpeg import FrameReceived, ReceiverSession, SenderSession
from rtpjpeg.events import Event, PacketRejected, PathChanged, SourceChanged
from rtpjpeg.reportpackets import SenderReport
from rtpjpeg.rtp import RtpPacket
from rtpjpeg.secondpath import CANDIDATES, KEPT, PROBATION, SecondPaths
from rtpjpeg.train import PacketTrain

ETHERNET, WIFI = ("192.0.2.1", 40_000), ("198.51.100.1", 41_000)
STRANGER = ("203.0.113.9", 9)
PICTURES = [jpeg(65, interval=4, quality=85, width=320, height=240, seed=seed) for seed in range(4)]
INTERVAL = 1 / 30


class TwoPaths:
    """A sender whose packets go two ways, each with its own delay and loss; a path may be cut."""

    def __init__(self, seed: int, delays: dict[Any, float], loss: float = 0.0, **receiver: Any) -> None:
        self.chance = random.Random(seed)
        self.sender = SenderSession()
        self.receiver = ReceiverSession(**receiver)
        self.delays, self.loss = delays, loss
        self.cut: set[object] = set()
        self.now = 100.0
        self.events: list[Event] = []
        self.sent: list[bytes] = []
        self.lost_on_all = 0
        self._due: list[tuple[float, int, bytes, object]] = []
        self._order = count()

    def run(self, frames: int) -> None:
        """Send frames and let all arrive."""
        pictures: Iterator[bytes] = cycle(PICTURES)
        for _ in range(frames):
            for place, packet in enumerate(self.sender.send_frame(next(pictures), self.now, self.now)):
                self._send(packet, self.now + place * 5e-5)
            self._until(self.now + INTERVAL)
        self._until(self.now + 0.5)

    def _send(self, packet: bytes, now: float) -> None:
        self.sent.append(packet)
        alive = [path for path in self.delays if path not in self.cut]
        passes = [path for path in alive if self.chance.random() >= self.loss]
        self.lost_on_all += not passes
        for path in passes:
            heapq.heappush(self._due, (now + self.delays[path], next(self._order), packet, path))

    def _until(self, end: float) -> None:
        while True:
            timer = self.receiver.next_timer()
            arrival = self._due[0][0] if self._due else end
            self.now = max(self.now, min(end, arrival, end if timer is None else timer))
            if self.now >= end:
                return
            if self._due and self._due[0][0] <= self.now:
                _, _, packet, path = heapq.heappop(self._due)
                self.receiver.receive(packet, self.now, path)
            self.receiver.handle_timer(self.now)
            while (event := self.receiver.next_event()) is not None:
                self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.mark.parametrize("delays", [(0.001, 0.001), (0.001, 0.012), (0.030, 0.002)])
def test_what_is_lost_on_one_path_comes_by_the_other(seed: int, delays: tuple[float, float]) -> None:
    """5 % on each of two paths leave a quarter of a percent."""
    track = TwoPaths(seed, dict(zip((ETHERNET, WIFI), delays, strict=True)))
    track.run(10)
    track.loss, before, lost = 0.05, len(track.of(FrameReceived)), track.receiver.statistics.packets_lost
    track.lost_on_all = 0
    track.run(300)
    frames = [event.frame for event in track.of(FrameReceived)[before:]]
    whole = sum(not frame.concealed for frame in frames)
    assert len(frames) == 300
    assert track.receiver.statistics.packets_lost - lost <= track.lost_on_all + 25, "until it was learned"
    assert whole >= 300 - track.lost_on_all - 10
    assert track.of(PathChanged)[0].alive and len(track.receiver.paths.known) == 2


def test_nothing_is_counted_twice(seed: int) -> None:
    """A report is about what the network lost for good, and copies are no duplicates (RFC 3550 A.3)."""
    track = TwoPaths(seed, {ETHERNET: 0.001, WIFI: 0.004})
    track.run(60)
    statistics = track.receiver.statistics
    assert statistics.cumulative_lost == 0 and statistics.packets_lost == 0
    assert statistics.packets_received == len(track.sent)
    assert statistics.packets_duplicated == statistics.packets_reordered == 0
    assert len(track.of(PacketRejected)) < 0.1 * len(track.sent), "those of the probation"
    paths = track.receiver.paths.known
    assert paths[ETHERNET].first + paths[WIFI].first == paths[ETHERNET].packets
    assert paths[WIFI].first == 0 and 0.003 < track.receiver.paths.lag < 0.006


@pytest.mark.parametrize("dead", [ETHERNET, WIFI])
def test_a_cable_that_is_pulled_costs_no_frame(seed: int, dead: object) -> None:
    track = TwoPaths(seed, {ETHERNET: 0.001, WIFI: 0.004})
    track.run(60)
    track.cut = {dead}
    track.run(90)
    frames = [event.frame for event in track.of(FrameReceived)]
    assert len(frames) == 150 and not any(frame.concealed for frame in frames)
    (alive,) = {ETHERNET, WIFI} - {dead}
    assert track.receiver.source == alive and not track.receiver.paths.known
    assert track.of(PathChanged)[-1] == PathChanged(dead, False)
    assert [event.source for event in track.of(SourceChanged)] == [ETHERNET] + [WIFI] * (dead == ETHERNET)
    track.cut = set()
    track.run(30)
    assert len(track.receiver.paths.known) == 2 and track.of(PathChanged)[-1] == PathChanged(dead, True)


def test_a_path_far_behind_is_no_restart_of_the_sender(seed: int) -> None:
    """More than a hundred packets back would be one (RFC 3550 section A.1)."""
    track = TwoPaths(seed, {ETHERNET: 0.001, WIFI: 0.4})
    track.run(90)
    assert len(track.of(FrameReceived)) == 90 and len(track.receiver.paths.known) == 2
    assert track.receiver.statistics.packets_lost == 0
    assert track.receiver.paths.lag <= 0.040


def test_requests_wait_for_the_slower_path(seed: int) -> None:
    track = TwoPaths(seed, {ETHERNET: 0.001, WIFI: 0.010}, rtcp=True)
    track.run(30)
    track.loss = 0.05
    track.receiver.control.reports_received = 1  # of a sender that answers requests
    track.run(150)
    asker = track.receiver.control.asker
    assert asker is not None and asker.asked <= 6 * track.lost_on_all + 30
    assert len(track.of(FrameReceived)) == 180


def test_where_packets_are_authentic_one_is_enough() -> None:
    """SRTP lets no second copy through, so a path shows by what was lost on the other."""
    sender, receiver = SenderSession(), ReceiverSession(authentic=True)
    packets = [packet for number in range(3) for packet in sender.send_frame(PICTURES[0], number, number)]
    for packet in packets[:20]:
        receiver.receive(packet, 1.0, ETHERNET)
    receiver.receive(packets[20], 1.0, WIFI)
    receiver.receive(packets[21], 1.0, ETHERNET)
    assert set(receiver.paths.known) == {ETHERNET, WIFI}
    assert receiver.statistics.packets_received == 22 and not receiver.statistics.packets_rejected


def test_reports_of_the_sender_may_come_by_either_path(seed: int) -> None:
    track = TwoPaths(seed, {ETHERNET: 0.001, WIFI: 0.004}, rtcp=True)
    track.run(30)
    control, report = track.receiver.control, SenderReport(track.sender.ssrc, 5 << 32, 0, 0, 0).serialize()
    for source, read in ((ETHERNET, 1), (WIFI, 2), (STRANGER, 2)):
        track.receiver.receive(report, track.now, (source[0], 40_001))
        assert control.reports_received == read
    assert control.rejected == 1 and control.destination == (WIFI[0], 40_001)


def packets_of(payloads: list[bytes], first: int = 100, ssrc: int = 7) -> PacketTrain:
    headers = (RtpPacket(26, first + place, 0, ssrc, payload) for place, payload in enumerate(payloads))
    return PacketTrain.from_packets([header.serialize() for header in headers])


def watched() -> SecondPaths:
    paths = SecondPaths(26)
    paths.begin(ETHERNET, 7)
    assert not paths.prove(packets_of([b"a"], 99), STRANGER, 1.0)
    return paths


def test_other_bytes_under_the_same_number_prove_nothing() -> None:
    paths = watched()
    paths.merge(packets_of([b"one", b"two", b"three"]), ETHERNET, 1.0, 0)
    assert not paths.prove(packets_of([b"ONE", b"TWO", b"THREE"]), STRANGER, 1.1)
    assert not paths.prove(packets_of([b"one", b"two"], ssrc=8), STRANGER, 1.1)
    assert not paths.prove(packets_of([b"one"]), STRANGER, 1.1), "one may be a copy of what was overheard"
    assert paths.prove(packets_of([b"one", b"two"]), STRANGER, 1.2)


def test_a_path_that_is_ahead_proves_itself_too() -> None:
    paths = watched()
    assert not paths.prove(packets_of([b"one", b"two"]), WIFI, 1.0)
    train = packets_of([b"one", b"two"])
    assert paths.merge(train, ETHERNET, 1.01, 0) is train
    assert set(paths.known) == {ETHERNET, WIFI}


def test_there_may_be_a_third_path() -> None:
    paths, packets = watched(), packets_of([b"one", b"two"])
    paths.merge(packets, ETHERNET, 1.0, 0)
    assert paths.prove(packets, WIFI, 1.0)
    assert not paths.prove(packets_of([b"zero"], 99), STRANGER, 1.1)
    more = packets_of([b"three", b"four"], 102)
    paths.merge(more, WIFI, 1.1, 0)
    assert paths.prove(more, STRANGER, 1.1) and len(paths.known) == 3


def test_probation_is_over_after_a_second_and_bounded() -> None:
    paths = watched()
    paths.merge(packets_of([b"one", b"two"]), ETHERNET, 1.0, 0)
    late = 1.0 + PROBATION
    assert not paths.prove(packets_of([b"one", b"two"]), STRANGER, late)
    for host in range(3 * CANDIDATES):
        assert not paths.prove(packets_of([bytes([host])], 300), ("203.0.113.1", host), late)
    assert not paths.prove(packets_of([b"one", b"two"]), WIFI, late), "the crowd has taken the places"
    for place in range(3 * KEPT):
        paths.merge(packets_of([bytes(4)], place & 0xFFFF), ETHERNET, late, place & 0xFFFF)
    assert len(paths._kept) <= KEPT
    many = packets_of([bytes(2)] * 200, 5000)
    again = late + 6 * PROBATION
    assert not paths.prove(many, WIFI, again) and len(paths._tried[WIFI].packets) <= 64


def test_one_stray_packet_costs_a_second_and_no_longer() -> None:
    paths = watched()
    paths.merge(packets_of([b"one"], 100), ETHERNET, 1.5, 0)
    assert len(paths._kept) == 1
    paths.merge(packets_of([b"two"], 101), ETHERNET, 1.0 + PROBATION, 0)
    assert not paths._kept


def test_what_is_not_of_the_stream_is_left_to_others() -> None:
    paths = watched()
    paths.merge(packets_of([b"one", b"two"]), ETHERNET, 1.0, 0)
    assert paths.prove(packets_of([b"one", b"two"]), WIFI, 1.0)
    mixed = PacketTrain.from_packets([*packets_of([b"x"], ssrc=9), *packets_of([b"three"], 102), b"junk"])
    assert list(paths.merge(mixed, WIFI, 1.0, 0)) == list(mixed)
    assert list(paths.merge(mixed, ETHERNET, 1.0, 0)) == [mixed[0], mixed[2]]


def test_the_wait_for_the_slower_path_shrinks_again() -> None:
    paths = watched()
    paths.merge(packets_of([b"one", b"two"]), ETHERNET, 1.0, 0)
    assert paths.prove(packets_of([b"one", b"two"]), WIFI, 1.0)
    number, slow = 102, 0.016
    for _ in range(1500):
        train = packets_of([b"three"] * 4, number)
        now = 2.0 + number * 1e-5
        paths.merge(train, ETHERNET, now, number - 100)
        paths.merge(train, WIFI, now + slow, number - 100)
        largest = paths.lag if slow else 1.0
        number, slow = (number + 4) & 0xFFFF, 0.016 if number < 200 else 0.0
    assert paths.lag < 0.002 < largest
