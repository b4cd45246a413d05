"""RTCP on the sockets of RTP: it leaves beside the packets, and what comes back is read."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from interop.kernel import wait_until
from net.doubles import equal_packets, train_of
from receiver.feeding import free_ports
from rtpjpeg.net.address import Address
from rtpjpeg.net.impaired import ImpairedReceiver, ImpairedSender, Sender
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.net.returns import ReturnReader
from rtpjpeg.net.udp import UdpReceiver, UdpSender

PATIENCE = 20.0
HERE = "127.0.0.1"


@pytest.fixture
def other() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, 0))
        sock.settimeout(PATIENCE)
        yield sock


@pytest.fixture(params=["plain", "impaired"])
def sender(other: socket.socket, request: pytest.FixtureRequest) -> Iterator[Sender]:
    with UdpSender(other.getsockname()) as plain:
        if request.param == "plain":
            yield plain
        else:
            with ImpairedSender(plain, Link(Impairment.parse("loss=100%,seed=1"))) as impaired:
                yield impaired


def test_what_is_told_is_no_packet_and_comes_from_the_same_port(sender: Sender, other: socket.socket) -> None:
    assert sender.tell(b"report")
    assert other.recvfrom(100) == (b"report", (HERE, sender.local_address[1]))
    assert (sender.packets_sent, sender.bytes_sent) == (0, 0)
    assert sender.departure.destination == sender.destination


def test_a_closed_sender_tells_and_hears_nothing(sender: Sender) -> None:
    sender.close()
    assert not sender.tell(b"report") and sender.returned() == [] and sender.fileno() == -1


def test_what_comes_back_is_handed_over_and_the_timer_is_looked_at(
    sender: Sender, other: socket.socket
) -> None:
    heard: list[tuple[bytes, Address]] = []
    ticks: list[float] = []

    def tick() -> float:
        ticks.append(0.0)
        return 60.0

    reader = ReturnReader(lambda: [sender], lambda data, source, when: heard.append((data, source)), tick)
    reader.start()
    sender.tell(b"where I am")
    _, place = other.recvfrom(100)
    other.sendto(b"report", place)
    assert wait_until(lambda: heard == [(b"report", other.getsockname())], PATIENCE)
    assert wait_until(lambda: len(ticks) > 1, PATIENCE)
    reader.close()
    reader.close()


def test_senders_that_take_the_place_of_others_are_heard(other: socket.socket) -> None:
    heard: list[bytes] = []
    old, new = UdpSender(other.getsockname()), UdpSender(other.getsockname())
    senders = [old]
    reader = ReturnReader(lambda: senders, lambda data, source, when: heard.append(data), lambda: 60.0)
    reader.start()
    senders[:] = [new]
    old.close()
    other.sendto(b"report", (HERE, new.local_address[1]))
    assert wait_until(lambda: heard == [b"report"], PATIENCE)
    reader.close()
    new.close()


def test_a_refusal_that_the_reader_meets_is_counted_and_said() -> None:
    (port,) = free_ports(1)
    with UdpSender((HERE, port)) as sender:
        sender.tell(b"to nobody")
        assert wait_until(lambda: sender.returned() == [] and sender.send_errors == 1, PATIENCE)
        assert sender.notices == [
            f"nobody listens on {HERE}:{port} (ECONNREFUSED, Connection refused): sending goes on"
        ]
        assert sender.send(train_of(equal_packets(3))) == 3


@pytest.mark.parametrize("host", ["", HERE])
@pytest.mark.parametrize("impaired", [False, True])
def test_a_receiver_answers_from_its_own_port(host: str, impaired: bool, other: socket.socket) -> None:
    with UdpReceiver(host, 0) as plain:
        link = Link(Impairment.parse("loss=100%,seed=1"))
        receiver = ImpairedReceiver(plain, link) if impaired else plain
        assert receiver.send(b"report", other.getsockname())
        assert other.recvfrom(100) == (b"report", (HERE, plain.local_address[1]))
        assert not receiver.send(b"report", (HERE, 70_000))
    assert not plain.send(b"report", other.getsockname())
