"""Sockets behind a link: the same interface, packets late or lost, and threads that end."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from net.doubles import PATIENCE, collect, equal_packets, inject, send_plain, train_of
from rtpjpeg.errors import TransportError
from rtpjpeg.net import impaired as room
from rtpjpeg.net.impaired import ImpairedReceiver, ImpairedSender, through_link
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.net.udp import UdpReceiver, UdpSender

ONE, OTHER = ("192.0.2.1", 1), ("192.0.2.2", 2)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class ListedReceiver:
    """Stands for a socket: what comes when is listed, and waiting moves the clock."""

    def __init__(self, clock: Clock, arrivals: list[tuple[float, bytes, Any]]) -> None:
        self.clock = clock
        self.arrivals = arrivals
        self.waits: list[float | None] = []

    def receive(self, timeout: float | None) -> list[Any]:
        self.waits.append(timeout)
        end = float("inf") if timeout is None else self.clock.now + timeout
        if not self.arrivals or self.arrivals[0][0] > end:
            assert timeout is not None, "nothing comes, and nothing ends the wait"
            self.clock.now = end
            return []
        at, packet, source = self.arrivals.pop(0)
        self.clock.now = max(self.clock.now, at)
        return [(train_of([packet]), source)]


def listed(spec: str, *arrivals: tuple[float, bytes, Any]) -> tuple[Clock, ListedReceiver, ImpairedReceiver]:
    clock = Clock()
    inner = ListedReceiver(clock, list(arrivals))
    link = Link(Impairment.parse(f"{spec},seed=1"))
    return clock, inner, ImpairedReceiver(inner, link, clock)  # type: ignore[arg-type]


def plain(received: list[Any]) -> list[tuple[list[bytes], Any]]:
    return [(list(train), source) for train, source in received]


@pytest.fixture
def receiver() -> Iterator[UdpReceiver]:
    with UdpReceiver("127.0.0.1", 0) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sender_to(receiver: UdpReceiver, spec: str, clock: Clock) -> ImpairedSender:
    return ImpairedSender(UdpSender(receiver.local_address), Link(Impairment.parse(f"{spec},seed=1")), clock)


@pytest.mark.parametrize(("real", "other"), [(UdpReceiver, ImpairedReceiver), (UdpSender, ImpairedSender)])
def test_the_interface_is_that_of_the_socket(
    real: type, other: type, receiver: UdpReceiver, clock: Clock
) -> None:
    with UdpSender(receiver.local_address) as plain_sender, sender_to(receiver, "loss=0%", clock) as sender:
        behind = ImpairedReceiver(receiver, sender.link)
        ends = {UdpReceiver: (receiver, behind), UdpSender: (plain_sender, sender)}[real]
        public = {name for name in dir(ends[0]) if not name.startswith("_")}
        assert public <= set(dir(ends[1]))
        for name in public - {"destination", "local_address", "fileno"}:
            one, two = (getattr(end, name) for end in ends)
            assert callable(one) or one == two
    for name in ("send", "receive", "wake", "close"):
        if hasattr(real, name):
            assert inspect.signature(getattr(real, name)) == inspect.signature(getattr(other, name))


# Receiving, with a clock that only waiting moves


def test_a_packet_is_received_when_it_leaves_the_link() -> None:
    clock, inner, impaired = listed("delay=20ms", (101.0, b"a", ONE))
    assert plain(impaired.receive(5.0)) == [([b"a"], ONE)]
    assert clock.now == pytest.approx(101.02)
    assert inner.waits == pytest.approx([5.0, 0.02])


def test_no_wait_is_longer_than_asked() -> None:
    clock, _, impaired = listed("delay=20ms", (100.99, b"a", ONE))
    assert impaired.receive(1.0) == []
    assert clock.now == 101.0
    assert plain(impaired.receive(None)) == [([b"a"], ONE)]
    assert clock.now == pytest.approx(101.01)


def test_without_an_end_it_waits_for_the_first_packet_that_is_not_lost() -> None:
    arrivals = [(101.0 + second, b"%d" % second, ONE) for second in range(4)]
    clock, inner, impaired = listed("blackout=0s+2.5s", *arrivals)
    assert plain(impaired.receive()) == [([b"3"], ONE)]
    assert (clock.now, inner.waits, impaired.link.packets_blacked_out) == (104.0, [None] * 4, 3)


def test_lost_packets_do_not_make_a_wait_longer() -> None:
    clock, _, impaired = listed("loss=100%", *((100.0 + tenth / 10, b"a", ONE) for tenth in range(50)))
    assert impaired.receive(1.0) == []
    assert clock.now == 101.0


def test_each_packet_keeps_its_source() -> None:
    arrivals = [(101.0, b"a", ONE), (101.0, b"b", OTHER), (101.0, b"c", ONE)]
    clock, _, impaired = listed("delay=20ms", *arrivals)
    assert impaired.receive(1.01) == []
    clock.now += 1.0
    assert plain(impaired.receive(0)) == [([b"a", b"c"], ONE), ([b"b"], OTHER)]
    assert impaired.next_timer() is None


# Receiving, with real sockets


def test_packets_of_a_real_socket_are_late_by_the_clock(receiver: UdpReceiver, clock: Clock) -> None:
    impaired = ImpairedReceiver(receiver, Link(Impairment(delay=5.0)), clock)
    send_plain("127.0.0.1", receiver.local_address[1], b"a", b"b")
    assert impaired.receive(0) == []
    assert impaired.next_timer() == 105.0
    clock.now = 105.0
    [(train, source)] = impaired.receive(PATIENCE)
    assert (list(train), source[0]) == ([b"a", b"b"], "127.0.0.1")
    assert (impaired.kernel_drops, impaired.notices) == (receiver.kernel_drops, receiver.notices)


def test_closing_wakes_a_receiver_that_waits(receiver: UdpReceiver) -> None:
    found: list[list[Any]] = []
    with ImpairedReceiver(receiver, Link(Impairment(loss=1.0))) as impaired:
        send_plain("127.0.0.1", receiver.local_address[1], b"lost")
        thread = threading.Thread(target=lambda: found.append(impaired.receive()))
        thread.start()
    thread.join(PATIENCE)
    assert found == [[]]
    assert impaired.fileno() == -1
    assert impaired.receive() == []


def test_waking_ends_every_wait_and_closes_nothing(receiver: UdpReceiver) -> None:
    with ImpairedReceiver(receiver, Link(Impairment(loss=1.0))) as impaired:
        impaired.wake()
        assert impaired.receive() == impaired.receive() == []
        assert impaired.fileno() >= 0


def test_a_fault_of_the_socket_is_told(receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(timeout: float | None) -> list[Any]:
        raise TransportError("the interface is gone")

    monkeypatch.setattr(receiver, "receive", broken)
    with pytest.raises(TransportError):
        ImpairedReceiver(receiver, Link(Impairment())).receive(0)


# Sending


def test_what_the_link_lets_out_at_once_leaves_at_once_in_one_call(
    receiver: UdpReceiver, clock: Clock
) -> None:
    packets = equal_packets(20)
    inner = UdpSender(receiver.local_address)
    calls = inject(inner).calls
    with ImpairedSender(inner, Link(Impairment()), clock) as sender:
        assert sender.send(train_of(packets)) == 20
        assert calls == ["sendmsg"]
        assert collect(receiver, 20) == packets


def test_a_packet_that_the_link_loses_was_sent(receiver: UdpReceiver, clock: Clock) -> None:
    with sender_to(receiver, "loss=50%", clock) as sender:
        assert sender.send(train_of(equal_packets(100))) == 100
        lost = sender.link.packets_lost
        assert len(collect(receiver, 100 - lost)) == 100 - lost
        assert receiver.receive(0) == []
        assert 0 < lost < 100
        assert (sender.packets_sent, sender.bytes_sent) == (100, 99 * 1352 + 300)
        assert (sender.packets_dropped, sender.send_errors, sender.path_mtu) == (0, 0, None)


def test_what_is_late_leaves_from_a_thread(receiver: UdpReceiver, clock: Clock) -> None:
    packets = equal_packets(20)
    with sender_to(receiver, "delay=1ms", clock) as sender:
        sender.send(train_of(packets))
        assert receiver.receive(0) == []
        clock.now += 0.001
        assert collect(receiver, 20) == packets


def test_packets_that_are_late_leave_one_after_another(receiver: UdpReceiver) -> None:
    with ImpairedSender(UdpSender(receiver.local_address), Link(Impairment.parse("delay=5ms"))) as sender:
        for number in range(5):
            sender.send(train_of([b"%d" % number]))
            assert collect(receiver, 1) == [b"%d" % number]


def test_closing_waits_for_what_is_on_its_way(receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LINGER", PATIENCE)
    packets = equal_packets(20)
    sender = ImpairedSender(UdpSender(receiver.local_address), Link(Impairment(delay=0.01)))
    sender.send(train_of(packets))
    sender.close()
    assert collect(receiver, 20) == packets


def test_closing_does_not_wait_for_ever(
    receiver: UdpReceiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LINGER", 0.0)
    inner = UdpSender(receiver.local_address)
    sender = ImpairedSender(inner, Link(Impairment(delay=10.0)), clock)
    sender.send(train_of([b"late"]))
    sender.close()
    sender.close()
    assert not [thread for thread in threading.enumerate() if thread.name == f"link to {inner.destination}"]
    assert sender.send(train_of([b"later"])) == 0
    assert receiver.receive(0) == []


def test_a_link_without_delay_never_wakes_its_thread(receiver: UdpReceiver, clock: Clock) -> None:
    with sender_to(receiver, "loss=10%", clock) as sender:
        woken: list[int] = []
        sender._state.notify = woken.append  # type: ignore[method-assign]
        for _ in range(50):
            sender.send(train_of(equal_packets(4)))
        del sender._state.notify
        assert woken == []


# Captures


def test_a_capture_goes_through_a_link_by_its_own_clock() -> None:
    datagrams = [(50.0 + number, ONE, OTHER, b"%d" % number) for number in range(4)]
    left = list(through_link(datagrams, Link(Impairment(delay=1.5, blackout=((1.0, 1.0),)))))
    assert left == [(51.5 + number, ONE, OTHER, b"%d" % number) for number in (0, 2, 3)]


def test_packets_that_leave_between_two_others_have_their_own_time() -> None:
    datagrams = [(0.0, ONE, OTHER, b"a"), (0.0, OTHER, ONE, b"b"), (9.0, ONE, OTHER, b"c")]
    left = list(through_link(datagrams, Link(Impairment(rate=8000.0, queue=10.0))))
    assert [time for time, *_ in left] == pytest.approx([0.029, 0.058, 9.029])
    assert [packet for *_, packet in left] == [b"a", b"b", b"c"]
    assert [source for _, source, *_ in left] == [ONE, OTHER, ONE]
