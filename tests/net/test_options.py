"""What sockets are opened with, seen on the other side; and each option that cannot be had."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from net.doubles import PATIENCE, collect, equal_packets, train_of, trip, unequal_packets
from rtpjpeg.errors import TransportError
from rtpjpeg.net import options
from rtpjpeg.net.options import Departure, cannot_bind
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.train import PacketTrain

IP_RECVTOS, IP_RECVTTL, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS = 13, 12, 51, 66
TOS, TTL, HOPLIMIT, TCLASS = 1, 2, 52, 67


def arriving(host: str, train: PacketTrain, **arguments: int) -> list[dict[int, int]]:
    """Send a train; return the control messages of each packet, as another program sees them."""
    version6 = ":" in host
    with socket.socket(socket.AF_INET6 if version6 else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.bind((host, 0))
        level = socket.IPPROTO_IPV6 if version6 else socket.IPPROTO_IP
        for option in (IPV6_RECVTCLASS, IPV6_RECVHOPLIMIT) if version6 else (IP_RECVTOS, IP_RECVTTL):
            sock.setsockopt(level, option, 1)
        with UdpSender((host, sock.getsockname()[1]), **arguments) as sender:
            assert sender.send(train) == len(train)
        seen = []
        for packet in train:
            data, controls, _, _ = sock.recvmsg(65536, 200)
            assert data == packet
            seen.append({kind: int.from_bytes(value, "little") for _, kind, value in controls})
    return seen


@pytest.mark.rule("T-044")
@pytest.mark.parametrize("packets", [equal_packets(5), unequal_packets(5)], ids=["cut", "listed"])
@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", TOS), ("::1", TCLASS)])
@pytest.mark.parametrize("dscp", [0, 1, 34, 46, 63])
def test_every_packet_bears_the_dscp(host: str, kind: int, dscp: int, packets: list[bytes]) -> None:
    assert [seen[kind] for seen in arriving(host, train_of(packets), dscp=dscp)] == [dscp << 2] * 5


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", TTL), ("::1", HOPLIMIT)])
def test_every_packet_bears_the_ttl(host: str, kind: int) -> None:
    assert [seen[kind] for seen in arriving(host, train_of(equal_packets(3)), ttl=7)] == [7] * 3


@pytest.mark.parametrize("packets", [equal_packets(200), unequal_packets(200)], ids=["cut", "listed"])
def test_trains_cross_ipv6(packets: list[bytes]) -> None:
    with UdpReceiver("::1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        assert trip(sender, receiver, packets) == packets
        sender.send(train_of(packets[:3]))
        assert receiver.receive(PATIENCE)[0][1] == sender.local_address
        assert sender.notices == []


# Multicast

GROUP = "239.255.77.1"


@pytest.fixture
def member() -> Iterator[UdpReceiver]:
    with UdpReceiver(GROUP, 0, interface="lo") as opened:
        yield opened


def test_a_group_is_joined_and_sent_to_on_the_interface(member: UdpReceiver) -> None:
    with UdpSender((GROUP, member.local_address[1]), interface="lo", ttl=1) as sender:
        for packets in (equal_packets(40), unequal_packets(40)):
            sender.send(train_of(packets))
            assert collect(member, 40) == packets
        options_of = options.family_of(sender.destination)
        assert sender._socket.getsockopt(options_of.level, options_of.multicast_ttl) == 1


def test_two_programs_share_a_group(member: UdpReceiver) -> None:
    port = member.local_address[1]
    with (
        UdpReceiver(GROUP, port, interface="lo") as other,
        UdpSender((GROUP, port), interface="lo") as sender,
    ):
        sender.send(train_of(equal_packets(9)))
        assert collect(member, 9) == equal_packets(9)
        assert collect(other, 9) == equal_packets(9)


def test_an_interface_may_be_named_by_its_ipv4_address() -> None:
    with UdpReceiver("239.255.77.2", 0, interface="127.0.0.1") as receiver:
        destination = ("239.255.77.2", receiver.local_address[1])
        with UdpSender(destination, interface="127.0.0.1") as sender:
            sender.send(train_of(equal_packets(9)))
            assert collect(receiver, 9) == equal_packets(9)


def test_a_group_that_cannot_be_joined_is_one_sentence() -> None:
    with pytest.raises(TransportError, match="^interface 'wlan9' is not there"):
        UdpReceiver("239.255.77.3", 0, interface="wlan9")
    with pytest.raises(
        TransportError, match="^group 239.255.77.3:0 cannot be joined on 192.0.2.1: No such device"
    ):
        UdpReceiver("239.255.77.3", 0, interface="192.0.2.1")


def test_a_group_without_a_route_asks_for_the_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "membership", lambda *_: b"too short")
    with pytest.raises(TransportError, match="^group 239.255.77.3:0 cannot be joined; name the interface: "):
        UdpReceiver("239.255.77.3", 0)


def test_a_link_local_group_without_an_interface_is_one_sentence() -> None:
    with pytest.raises(TransportError, match="^port 0 on ff12::77 cannot be opened: Invalid argument$"):
        UdpReceiver("ff12::77", 0)


# Unicast over one interface


def test_a_unicast_stream_may_be_tied_to_an_interface() -> None:
    with UdpReceiver("127.0.0.1", 0, interface="lo") as receiver:
        with UdpSender(receiver.local_address, interface="lo") as sender:
            assert trip(sender, receiver, equal_packets(9)) == equal_packets(9)
        with UdpSender(receiver.local_address, interface="127.0.0.1") as sender:
            assert trip(sender, receiver, equal_packets(9)) == equal_packets(9)
            assert sender.local_address[0] == "127.0.0.1"


def test_a_local_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(TransportError) as caught:
        UdpSender(("127.0.0.1", 9), interface="192.0.2.1")
    assert (
        str(caught.value)
        == "local port 0 on 192.0.2.1 cannot be opened: 192.0.2.1 is no address of this machine"
    )


def test_other_systems_cannot_tie_unicast_to_an_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "LINUX", False)
    with pytest.raises(TransportError, match="^interface 'lo': only Linux"):
        UdpSender(("127.0.0.1", 9), interface="lo")


def test_a_kernel_that_refuses_the_interface_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "SO_BINDTODEVICE", 9999)
    with pytest.raises(TransportError, match="^interface 'lo' cannot be used: "):
        UdpSender(("127.0.0.1", 9), interface="lo")


# Refusals


def test_an_option_that_the_kernel_refuses_is_one_sentence() -> None:
    with pytest.raises(TransportError, match="^a socket to 127.0.0.1:9 cannot be opened: Invalid argument$"):
        Departure(options.Endpoint("127.0.0.1", 9, socket.AF_INET, ("127.0.0.1", 9)), ttl=1000).open(0)


def test_a_process_without_free_descriptors_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(options.socket, "socket", none_left)
    with pytest.raises(
        TransportError, match="^a socket on 127.0.0.1:0 cannot be opened: Too many open files$"
    ):
        UdpReceiver("127.0.0.1", 0)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EADDRINUSE, "port 80 on 10.0.0.1 cannot be opened: it is taken by another program"),
        (errno.EACCES, "port 80 on 10.0.0.1 cannot be opened: ports below 1024 need more rights"),
        (errno.EADDRNOTAVAIL, "port 80 on 10.0.0.1 cannot be opened: 10.0.0.1 is no address of this machine"),
        (errno.ENOMEM, "port 80 on 10.0.0.1 cannot be opened: Cannot allocate memory"),
    ],
)
def test_a_port_that_cannot_be_opened_says_why(number: int, sentence: str) -> None:
    assert str(cannot_bind(OSError(number, os.strerror(number)), "10.0.0.1", 80, "port")) == sentence


def test_large_packets_may_be_fragmented() -> None:
    with UdpReceiver("127.0.0.1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        discover = sender._socket.getsockopt(socket.IPPROTO_IP, 10)
        assert discover == options.PMTUDISC_DONT
