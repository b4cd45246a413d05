"""A stream: counts what comes, hands frames on, says each fault once."""

from __future__ import annotations

import threading
import time
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest

from receiver.feeding import Feeder, free_ports, train
from rtpjpeg import Frame, Packetizer, PacketTrain, ReceiverSession, TransportError
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.receiver.livestream import LiveStream
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import Stream

PEER = ("192.0.2.1", 4000)


def make_stream(frames: int | None = None) -> tuple[Stream, list[Frame]]:
    delivered: list[Frame] = []
    return Stream(Source("rtp://:5000"), ReceiverSession(), delivered.append, frames), delivered


def feed(stream: Stream, frames: int, packetizer: Packetizer) -> None:
    for number in range(frames):
        stream.receive(train(number, packetizer), number / 30, PEER)


def test_every_frame_is_handed_on_with_a_decoder() -> None:
    stream, delivered = make_stream()
    feed(stream, 4, Packetizer(ssrc=7))
    assert len(delivered) == 4
    assert stream.newest is delivered[-1]
    assert delivered[0].image.shape == (240, 320, 3)
    found = stream.statistics()
    assert (found["ssrc"], found["width"], found["height"]) == (7, 320, 240)
    assert (found["frames_received"], found["frames_dropped"], found["packets_lost"]) == (4, 0, 0)
    assert found["fps"] == 30.0
    later = sum(train(number, Packetizer(ssrc=7)).nbytes for number in (1, 2, 3))
    assert abs(found["bitrate"] - later * 8 * 30 / 3) <= 0.01 * found["bitrate"]  # strips tell the time


def test_before_the_first_packet_the_unknown_is_null() -> None:
    found = make_stream()[0].statistics()
    assert [key for key, value in found.items() if value is None] == [
        "ssrc",
        "width",
        "height",
        "concealed_share",
        "fps",
        "bitrate",
        "same_clock",
        "jitter_ms",
    ]


def test_no_frame_is_counted_behind_the_last_one_wanted() -> None:
    stream, delivered = make_stream(frames=2)
    feed(stream, 5, Packetizer())
    assert stream.finished
    assert len(delivered) == stream.frames_received == 2


def test_a_frame_with_a_hole_is_given_up_when_its_time_is_over() -> None:
    stream, _ = make_stream()
    packetizer = Packetizer()
    feed(stream, 2, packetizer)
    packets = list(train(2, packetizer))
    for packet in packets[:2] + packets[3:]:
        stream.receive(packet, 1.0, PEER)
    stream.handle_timer(1.0)
    assert stream.statistics()["frames_dropped"] == 0
    stream.handle_timer(2.0)
    assert stream.statistics()["frames_dropped"] == 1
    assert stream.frames_received == 2


@pytest.mark.parametrize("place", [slice(17, 18), slice(20, None)], ids=["reserved Q", "no data"])
def test_a_fault_of_the_sender_is_said_once_a_second(place: slice, caplog: pytest.LogCaptureFixture) -> None:
    stream, _ = make_stream()
    packetizer = Packetizer()
    feed(stream, 2, packetizer)
    for number in range(2, 32):
        packet = bytearray(train(number, packetizer)[0])
        packet[place] = b"\x64" if place.stop else b""  # Q 100 to 127 are reserved (RFC 2435 section 4.2)
        stream.receive(bytes(packet), number / 30, PEER)
        stream.handle_timer(number / 30 + 0.06)
    found = stream.statistics()
    assert found["frames_received"] == 2
    assert found["frames_dropped"] + found["packets_rejected"] >= 29
    lines = [record.message for record in caplog.records if " is refused: " in record.message]
    lines += [record.message for record in caplog.records if " is dropped: " in record.message]
    assert 1 <= len(lines) <= 2, "30 faults in a second"


def test_a_live_stream_ends_by_itself_at_its_last_frame() -> None:
    receiver = UdpReceiver("127.0.0.1", 0)
    delivered: list[Frame] = []
    ended = threading.Event()
    stream = LiveStream(
        Source("rtp://:1"), ReceiverSession(), receiver, delivered.append, ended.set, frames=5, duration=60
    )
    with Feeder(receiver.local_address[1]):
        stream.start()
        assert ended.wait(60)
    stream.join()
    assert stream.fault is None
    assert len(delivered) == 5
    assert receiver.fileno() == -1


@pytest.mark.rule("T-037")
@pytest.mark.parametrize("port", ["odd", "even", "last"])
def test_what_rtcp_takes_beside_an_odd_port_is_said(port: str, caplog: pytest.LogCaptureFixture) -> None:
    """RFC 3550 section 11: RTP on an even port. Here an odd one is taken as it is."""
    caplog.set_level("INFO")
    (even,) = free_ports(1)
    even -= even % 2
    number = {"odd": even - 1, "even": even, "last": 65535}[port]
    receiver = UdpReceiver("127.0.0.1", number)
    stream = LiveStream(
        Source("a", "127.0.0.1"), ReceiverSession(rtcp=True), receiver, lambda frame: None, lambda: None
    )
    stream.start()
    stream.stop()
    stream.join()
    said = {
        "odd": [f"a: the port is odd: RTP is taken on {number} and RTCP on {number + 1}"],
        "even": [],
        "last": ["a: no reports: there is no port behind 65535"],
    }
    assert [record.message for record in caplog.records] == said[port]


def test_a_live_stream_ends_when_it_is_asked_to() -> None:
    ended = threading.Event()
    stream = LiveStream(
        Source("rtp://:1"), ReceiverSession(), UdpReceiver("127.0.0.1", 0), lambda frame: None, ended.set
    )
    stream.start()
    stream.stop()
    assert ended.wait(60)
    stream.join()


def test_a_live_stream_ends_after_its_duration() -> None:
    ended = threading.Event()
    stream = LiveStream(
        Source("rtp://:1"),
        ReceiverSession(),
        UdpReceiver("127.0.0.1", 0),
        lambda frame: None,
        ended.set,
        duration=0.05,
    )
    stream.start()
    assert ended.wait(60)
    assert stream.frames_received == 0


class LateReceiver(UdpReceiver):
    """A receiver that is asked after all of this has come, and then no more."""

    def __init__(self, received: list[tuple[PacketTrain, tuple[str, int]]]) -> None:
        super().__init__("127.0.0.1", 0)
        self.reads = [received]

    def receive(self, timeout: float | None = None) -> list[tuple[PacketTrain, tuple[str, int]]]:
        return self.reads.pop() if self.reads else super().receive(timeout)


def test_a_stream_that_is_read_late_is_not_silent() -> None:
    """Another sender on the same host may take over after a second, but not in front of what is ours."""
    ours, other = Packetizer(ssrc=7), Packetizer(ssrc=8)
    session = ReceiverSession()
    session.receive(train(0, ours), time.monotonic() - 60, PEER)
    receiver = LateReceiver([(train(1, other), ("192.0.2.1", 9)), (train(1, ours), PEER)])
    delivered: list[Frame] = []
    ended = threading.Event()
    stream = LiveStream(Source("rtp://:1"), session, receiver, delivered.append, ended.set, frames=2)
    stream.start()
    assert ended.wait(60)
    assert [frame.ssrc for frame in delivered] == [7, 7]


def test_a_stream_that_stands_still_in_the_midst_of_a_frame_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late it is behind a read, the rest of the frame may have come since."""
    packets = list(train(0, Packetizer()))
    parts = [PacketTrain.from_packets(part) for part in (packets[5:], packets[:5])]
    late = SimpleNamespace(monotonic=partial(next, count(100.0, 0.06)))  # each look is a deadline later
    monkeypatch.setattr("rtpjpeg.receiver.livestream.time", late)
    receiver = UdpReceiver("127.0.0.1", 0)
    monkeypatch.setattr(receiver, "receive", lambda timeout: [(parts.pop(), PEER)] if parts else [])
    delivered: list[Frame] = []
    stream = LiveStream(
        Source("rtp://:1"), ReceiverSession(), receiver, delivered.append, lambda: None, duration=10
    )
    stream.start()
    stream.join()
    assert len(delivered) == 1
    assert stream.session.statistics.frames_dropped == 0


class BrokenReceiver(UdpReceiver):
    """A receiver whose socket has gone."""

    failure: Exception = TransportError("the interface is gone")

    def receive(self, timeout: float | None = None) -> list[object]:  # type: ignore[override]
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (BrokenReceiver.failure, "the interface is gone"),
        (ZeroDivisionError("one"), "internal error: ZeroDivision"),
    ],
)
def test_a_fault_ends_the_stream_and_is_kept(failure: Exception, said: str) -> None:
    receiver = BrokenReceiver("127.0.0.1", 0)
    receiver.failure = failure
    ended = threading.Event()
    stream = LiveStream(Source("rtp://:1"), ReceiverSession(), receiver, lambda frame: None, ended.set)
    stream.start()
    assert ended.wait(60)
    assert (stream.fault or "").startswith(said)


def test_only_accepted_peers_are_heard() -> None:
    receiver = UdpReceiver("127.0.0.1", 0)
    ended = threading.Event()
    source = Source("rtp://:1", only=frozenset({"192.0.2.1"}))
    session = ReceiverSession(accepts=source.accepts)
    stream = LiveStream(source, session, receiver, lambda frame: None, ended.set, duration=0.2)
    with Feeder(receiver.local_address[1]):
        stream.start()
        assert ended.wait(60)
    found = stream.statistics()
    assert found["packets_received"] == 0 and found["packets_rejected"] > 0


def test_a_second_path_is_said_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    stream, delivered = make_stream()
    packetizer = Packetizer()
    for number in range(60):
        frame = train(number, packetizer)
        stream.receive(frame, number / 30, PEER)
        if number < 25:
            stream.receive(frame, number / 30 + 0.001, ("198.51.100.1", 4100))
        if number == 20:
            first, second = stream.statistics()["paths"]
    assert (first["source"], second["source"]) == ("192.0.2.1:4000", "198.51.100.1:4100")
    assert second["packets"] > 15 * second["first"] and len(delivered) == 60
    said = [record.message for record in caplog.records if "the stream comes" in record.message]
    assert [line.partition("the stream ")[2] for line in said] == [
        "comes by a second path as well, from 198.51.100.1:4100",
        "comes no longer from 198.51.100.1:4100",
    ]
    found = stream.statistics()
    assert found["paths"] == [] and found["packets_lost"] == found["packets_duplicated"] == 0


def test_what_was_due_before_a_packet_is_done_before_it() -> None:
    """A packet that comes behind the wait for it is late, in a capture as it is live."""
    stream, delivered = make_stream()
    packetizer = Packetizer()
    feed(stream, 2, packetizer)
    packets = list(train(2, packetizer))
    for packet in packets[:2] + packets[3:]:
        stream.receive(packet, 1.0, PEER, more=True)
    stream.catch_up(1.005)
    assert stream.statistics()["frames_dropped"] == 0, "due at this moment, and what came now was read first"
    stream.catch_up(1.2)
    assert stream.statistics()["frames_dropped"] == 1
    stream.receive(packets[2], 1.2, PEER)
    assert len(delivered) == 2


def test_taps_are_handed_packets_and_frames_and_may_be_taken_away() -> None:
    stream, delivered = make_stream()
    packets: list[tuple[float, object, int]] = []
    frames: list[Frame] = []
    stream.tap = lambda train, now, peer: packets.append((now, peer, len(train)))
    stream.frame_tap = frames.append
    packetizer = Packetizer()
    feed(stream, 2, packetizer)
    stream.tap = stream.frame_tap = None
    feed(stream, 1, packetizer)
    assert frames == delivered[:2]
    assert [packet[:2] for packet in packets] == [(0.0, PEER), (1 / 30, PEER)]
    assert sum(packet[2] for packet in packets) == sum(frame.packets for frame in frames)


class ReadsAt(UdpReceiver):
    """A receiver whose reads end at given times of a clock; each finds one packet."""

    def __init__(self, clock: list[float], reads: list[tuple[float, PacketTrain]]) -> None:
        super().__init__("127.0.0.1", 0)
        self.clock, self.reads = clock, reads

    def receive(self, timeout: float | None = None) -> list[tuple[PacketTrain, tuple[str, int]]]:
        if not self.reads:
            self.clock[0] += 100
            return []
        self.clock[0], train = self.reads.pop(0)
        return [(train, PEER)]


@pytest.mark.parametrize("late", [100.106, 100.15])
def test_packets_that_are_read_in_front_of_a_timer_have_a_time_in_front_of_it(
    late: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a recording would not tell whether the wait was over when they came."""
    packetizer = Packetizer()
    first, second = train(0, packetizer), list(train(1, packetizer))
    behind_a_hole, rest = second[1:3], second[:1] + second[3:]
    clock = [100.0]
    reads = [
        (100.0, first),
        (100.1, PacketTrain.from_packets(behind_a_hole)),
        (late, PacketTrain.from_packets(rest[:1])),  # the wait was over at 100.105
        (100.2, PacketTrain.from_packets(rest[1:])),
    ]
    monkeypatch.setattr("rtpjpeg.receiver.livestream.time", SimpleNamespace(monotonic=lambda: clock[0]))
    times: list[float] = []
    delivered: list[Frame] = []
    receiver = ReadsAt(clock, reads)
    session = ReceiverSession(deadline=10)
    stream = LiveStream(Source("rtp://:1"), session, receiver, delivered.append, lambda: None, duration=10)
    stream.tap = lambda train, now, peer: times.append(now)
    stream.start()
    stream.join()
    assert stream.fault is None
    assert times == [100.0, 100.1, pytest.approx(100.105, abs=1e-9), 100.2]
    assert len(delivered) == 2
