"""Real routes: smaller MTUs, addresses that change, cables that are pulled, multicast over a wire.

Each test builds its network of namespaces and virtual cables, for which it must be root.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from net.doubles import collect, equal_packets, inject, train_of, unequal_packets
from net.namespaces import Network, cabled
from rtpjpeg.net.udp import UdpReceiver, UdpSender

HEADERS = {"10.9.1.2": 28, "fd00:1::2": 48}


@pytest.fixture
def wire() -> Iterator[Network]:
    """Two machines, a and b, and a cable."""
    with cabled() as network:
        yield network


@pytest.fixture
def routed() -> Iterator[Network]:
    """Two machines, a and b, with a router r between them."""
    network = Network("arb")
    try:
        network.cable("a", "r", 1)
        network.cable("b", "r", 2)
        for key in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            network.set("r", key, "1")
        for letter, net in (("a", 1), ("b", 2)):
            network.ip(letter, "route", "add", "default", "via", f"10.9.{net}.2")
            network.ip(letter, "-6", "route", "add", "default", "via", f"fd00:{net}::2")
        yield network
    finally:
        network.close()


def open_both(network: Network, host: str) -> tuple[UdpReceiver, UdpSender]:
    """Open a receiver in b and a sender in a, and let a first packet find the way."""
    receiver = network.inside("b", lambda: UdpReceiver(host, 0))
    sender = network.inside("a", lambda: UdpSender((host, receiver.local_address[1])))
    sender.send(train_of([b"hello"]))
    assert collect(receiver, 1) == [b"hello"]
    return receiver, sender


UNEQUAL = [packet + bytes(250) for packet in unequal_packets(40)]


@pytest.mark.parametrize("packets", [equal_packets(40), UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("host", ["10.9.1.2", "fd00:1::2"])
def test_a_route_with_a_smaller_mtu_loses_no_packet_and_is_noted(
    wire: Network, host: str, packets: list[bytes]
) -> None:
    wire.ip("a", "route", "add", host, "dev", "to-b", "mtu", "1300")
    receiver, sender = open_both(wire, host)
    with receiver, sender:
        assert sender.path_mtu is None
        assert sender.send(train_of(packets)) == 40
        assert collect(receiver, 40) == packets
        assert sender.path_mtu == 1300
        [notice] = sender.notices
        assert "IP packets of 1300 bytes" in notice
        smaller = equal_packets(40, (1300 - HEADERS[host]) // 4 * 4, 300)
        calls = inject(sender).calls
        assert sender.send(train_of(smaller)) == 40
        assert collect(receiver, 40) == smaller
        assert calls == ["sendmsg"]  # the kernel cuts the train again
        assert sender.packets_dropped == 0


@pytest.mark.parametrize("packets", [equal_packets(40), UNEQUAL], ids=["equal", "unequal"])
def test_a_router_with_a_smaller_mtu_loses_not_even_the_first_frame(
    routed: Network, packets: list[bytes]
) -> None:
    routed.ip("r", "link", "set", "to-b", "mtu", "1300")
    receiver, sender = open_both(routed, "10.9.2.1")
    with receiver, sender:
        for _ in range(2):
            assert sender.send(train_of(packets)) == 40
            assert collect(receiver, 40) == packets
        assert (sender.send_errors, sender.packets_dropped) == (0, 0)


def test_the_answer_of_an_ipv6_router_with_a_smaller_mtu_is_noted(routed: Network) -> None:
    """IPv6 routers do not fragment (RFC 8200 section 5): what is too large is lost until they said so."""
    routed.ip("r", "link", "set", "to-b", "mtu", "1300")
    receiver, sender = open_both(routed, "fd00:2::1")
    packets = equal_packets(40)
    with receiver, sender:
        for _ in range(10_000):
            sender.send(train_of(packets))
            if sender.path_mtu is not None:  # the router's answer has come
                break
        assert sender.path_mtu == 1300
        smaller = equal_packets(40, 1252, 300)
        sender.send(train_of(smaller))
        arrived = collect(receiver, 40)
        while arrived[-40:] != smaller:
            more = collect(receiver, 1)
            assert more, "the smaller packets did not arrive"
            arrived += more
        assert sender.packets_dropped == 0


def test_a_machine_that_gets_another_address_goes_on_sending(wire: Network) -> None:
    receiver, sender = open_both(wire, "10.9.1.2")
    with receiver, sender:
        port = sender.local_address[1]
        wire.ip("a", "addr", "del", "10.9.1.1/24", "dev", "to-b")
        assert send_from(wire, sender, equal_packets(40)) == 0
        assert sender.packets_dropped == 40
        wire.ip("a", "addr", "add", "10.9.1.7/24", "dev", "to-b")
        for packets in (equal_packets(40), unequal_packets(40)):
            assert send_from(wire, sender, packets) == 40
            assert collect(receiver, 40) == packets
        assert sender.local_address == ("10.9.1.7", port)


def send_from(network: Network, sender: UdpSender, packets: list[bytes]) -> int:
    """Send in the sender's own network, where it may have to open a new socket."""
    return network.inside("a", lambda: sender.send(train_of(packets)))


@pytest.mark.parametrize("packets", [equal_packets(40), UNEQUAL], ids=["equal", "unequal"])
def test_a_cable_that_is_pulled_and_put_back_costs_only_the_frames_between(
    wire: Network, packets: list[bytes]
) -> None:
    receiver, sender = open_both(wire, "10.9.1.2")
    with receiver, sender:
        wire.ip("a", "link", "set", "to-b", "down")
        assert [send_from(wire, sender, packets) for _ in range(3)] == [0, 0, 0]
        assert sender.packets_dropped == 120
        wire.ip("a", "link", "set", "to-b", "up")
        assert send_from(wire, sender, packets) == 40
        assert collect(receiver, 40) == packets


def test_a_sender_started_without_a_network_sends_once_there_is_one() -> None:
    network = Network("ab")
    try:
        receiver = network.inside("b", lambda: UdpReceiver("", 0))
        sender = network.inside("a", lambda: UdpSender(("10.9.1.2", receiver.local_address[1])))
        with receiver, sender:
            assert send_from(network, sender, equal_packets(40)) == 0
            network.cable("a", "b", 1)
            assert send_from(network, sender, equal_packets(40)) == 40
            assert collect(receiver, 40) == equal_packets(40)
    finally:
        network.close()


@pytest.mark.parametrize("group", ["239.255.77.1", "ff12::77", "ff15::77"])
def test_a_group_is_received_over_a_wire(wire: Network, group: str) -> None:
    receiver = wire.inside("b", lambda: UdpReceiver(group, 0, interface="to-a"))
    destination = (group, receiver.local_address[1])
    sender = wire.inside("a", lambda: UdpSender(destination, interface="to-b", ttl=3))
    with receiver, sender:
        for packets in (equal_packets(40), unequal_packets(40)):
            assert sender.send(train_of(packets)) == 40
            assert collect(receiver, 40) == packets
        [(train, source)] = receive_one(receiver, sender)
        assert source == (sender.local_address if "." in group else source)
        assert list(train) == [b"last"]


def receive_one(receiver: UdpReceiver, sender: UdpSender) -> list[tuple[object, tuple[str, int]]]:
    sender.send(train_of([b"last"]))
    return receiver.receive(10)  # type: ignore[return-value]
