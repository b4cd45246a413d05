"""The sending end: its three ways, and every refusal of the kernel, injected."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from net.doubles import (
    FailingSocket,
    Packets,
    equal_packets,
    inject,
    inject_sendmmsg,
    train_of,
    trip,
    unequal_packets,
)
from photographs import encode, panned
from rtpjpeg.errors import ConfigError, TransportError
from rtpjpeg.net import gso, mmsg, options, outgoing
from rtpjpeg.net.trouble import MOST_ERRORS
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.packetizer import Packetizer
from rtpjpeg.train import PacketTrain

EQUAL = equal_packets(38)
UNEQUAL = unequal_packets(38)


@pytest.fixture
def receiver() -> Iterator[UdpReceiver]:
    with UdpReceiver("127.0.0.1", 0) as opened:
        yield opened


@pytest.fixture
def sender(receiver: UdpReceiver) -> Iterator[UdpSender]:
    with UdpSender(receiver.local_address) as opened:
        yield opened


def one_notice(sender: UdpSender, *words: str) -> None:
    assert len(sender.notices) == 1, sender.notices
    for word in words:
        assert word in sender.notices[0]


# The three ways


def test_a_train_of_equal_packets_leaves_in_one_call(sender: UdpSender, receiver: UdpReceiver) -> None:
    calls = inject(sender).calls
    assert trip(sender, receiver, EQUAL) == EQUAL
    assert calls == ["sendmsg"]


def test_a_train_of_unequal_packets_leaves_in_one_call(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = inject_sendmmsg(monkeypatch).counts
    calls = inject(sender).calls
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert (counts, calls) == ([38], [])


def test_without_sendmmsg_a_train_leaves_packet_by_packet(
    receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmsg, "sendmmsg", None)
    with UdpSender(receiver.local_address) as sender:
        calls = inject(sender).calls
        assert trip(sender, receiver, UNEQUAL) == UNEQUAL
        assert calls == ["send"] * 38
        assert (sender.notices, sender.send_errors) == ([], 0)


def test_a_sandbox_without_sendmmsg_costs_no_packet(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmsg, "sendmmsg", None)  # found out at the first call
    calls = inject(sender).calls
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert calls == ["send"] * 38
    one_notice(sender, "sendmmsg", "ENOSYS")


def test_a_long_train_is_cut_at_64_segments_and_at_the_largest_datagram(
    sender: UdpSender, receiver: UdpReceiver
) -> None:
    calls = inject(sender).calls
    small, large = equal_packets(200, 100, 100), equal_packets(200)
    assert trip(sender, receiver, small) == small
    assert len(calls) == 4  # 64 + 64 + 64 + 8
    calls.clear()
    assert trip(sender, receiver, large) == large
    assert len(calls) == 5  # 48 packets of 1352 bytes are the most below 65507


def test_a_filled_frame_of_1080p_leaves_in_a_few_calls(sender: UdpSender, receiver: UdpReceiver) -> None:
    picture = next(panned("coffee", 1920, 1080, 1))
    train = Packetizer(fill=True).packetize(encode(picture, 65, 85, 12), 0)
    assert len(train) > 3 * gso.MOST_BYTES[socket.AF_INET] // train.segment_size
    calls = inject(sender).calls
    assert trip(sender, receiver, list(train)) == list(train)
    # 48 packets of 1352 bytes are what the largest datagram holds.
    assert calls == ["sendmsg"] * -(-len(train) // (gso.MOST_BYTES[socket.AF_INET] // train.segment_size))


def test_a_train_longer_than_the_arrays_of_sendmmsg_goes_in_several_calls(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = inject_sendmmsg(monkeypatch).counts
    packets = [bytes([number % 251]) * (1 + number % 7) for number in range(mmsg.ROOM + 9)]
    assert trip(sender, receiver, packets) == packets
    assert counts == [mmsg.ROOM, 9]


def test_an_empty_train_sends_nothing(sender: UdpSender, receiver: UdpReceiver) -> None:
    assert trip(sender, receiver, []) == []
    assert sender.packets_sent == 0


def test_what_was_sent_is_counted(sender: UdpSender, receiver: UdpReceiver) -> None:
    assert sender.send(train_of(EQUAL)) == 38
    assert sender.send(train_of(UNEQUAL)) == 38
    assert sender.packets_sent == 76
    assert sender.bytes_sent == sum(map(len, EQUAL + UNEQUAL))
    assert (sender.packets_dropped, sender.send_errors, sender.notices) == (0, 0, [])


def test_a_train_with_room_between_its_packets_leaves_as_it_is_meant(
    sender: UdpSender, receiver: UdpReceiver
) -> None:
    table = np.arange(5 * 700, dtype=np.int64).astype(np.uint8)
    train = PacketTrain(table, np.arange(5) * 700, np.array([10, 700, 0, 33, 699]))
    packets = list(train)
    sender.send(train)
    assert trip(sender, receiver, []) == packets


@pytest.mark.parametrize(
    "train",
    [
        PacketTrain(np.zeros(10, np.uint8), np.array([0, 5]), np.array([5, 6])),
        PacketTrain(np.zeros(10, np.uint8), np.array([-1, 5]), np.array([5, 5])),
        PacketTrain(np.zeros(10, np.uint8), np.array([5, 9]), np.array([5, -1])),
        PacketTrain(np.zeros(20, np.uint8)[::2], np.array([0, 5]), np.array([5, 5])),
    ],
    ids=["beyond the end", "before the start", "negative length", "not contiguous"],
)
def test_a_train_that_points_outside_its_buffer_is_not_sent(sender: UdpSender, train: PacketTrain) -> None:
    with pytest.raises(ValueError, match="outside its 10 bytes"):
        sender.send(train)


# The kernel cannot cut


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE])
def test_where_the_kernel_cannot_cut_nothing_is_lost_and_it_is_said_once(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    counts = inject_sendmmsg(monkeypatch).counts
    failing = inject(sender, sendmsg=[number])
    assert trip(sender, receiver, EQUAL) == EQUAL
    assert trip(sender, receiver, EQUAL) == EQUAL
    assert failing.calls == ["sendmsg"]
    assert counts == [38, 38]
    one_notice(sender, errno.errorcode[number], "sendmmsg", str(sender.destination))
    assert (sender.send_errors, sender.path_mtu) == (1, None)


def test_where_the_kernel_cuts_only_the_first_part_the_rest_follows_in_order(
    sender: UdpSender, receiver: UdpReceiver
) -> None:
    packets = equal_packets(200)
    inject(sender, sendmsg=[0, 0, errno.EIO])
    assert trip(sender, receiver, packets) == packets
    assert sender.packets_sent == 200


def test_a_kernel_that_does_not_know_the_option_is_never_asked(
    receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gso, "UDP_SEGMENT", 99)
    with UdpSender(receiver.local_address) as sender:
        calls = inject(sender).calls
        assert trip(sender, receiver, EQUAL) == EQUAL
        assert (calls, sender.notices) == ([], [])


def test_another_system_than_linux_sends_packet_by_packet(
    receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (gso, options, outgoing):
        monkeypatch.setattr(module, "LINUX", False)
    monkeypatch.setattr(mmsg, "sendmmsg", None)
    with UdpSender(receiver.local_address) as sender:
        calls = inject(sender).calls
        assert trip(sender, receiver, EQUAL) == EQUAL
        assert calls == ["send"] * 38


# The route is narrow


def narrow(sender: UdpSender, mtu: int) -> None:
    """Let the kernel say another MTU of the route."""
    real = sender._socket

    class Narrow:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def getsockopt(self, level: int, option: int) -> int:
            return mtu if (level, option) == (socket.IPPROTO_IP, 14) else real.getsockopt(level, option)

    sender._socket = Narrow()  # type: ignore[assignment]


def test_a_route_that_is_gone_has_no_mtu(sender: UdpSender, receiver: UdpReceiver) -> None:
    inject(sender, getsockopt=[errno.ENOTCONN])
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert (sender.path_mtu, sender.send_errors) == (None, 0)


def test_a_route_that_is_going_away_has_no_mtu(sender: UdpSender, receiver: UdpReceiver) -> None:
    """Packets made to fit it would stay small when it is back, and 68 bytes hold no packet of a frame."""
    narrow(sender, 68)
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert (sender.path_mtu, sender.notices) == (None, [])


@pytest.mark.parametrize("number", [errno.EMSGSIZE, errno.EINVAL])
def test_packets_too_large_for_the_route_go_uncut_and_the_mtu_is_noted(
    sender: UdpSender, receiver: UdpReceiver, number: int
) -> None:
    narrow(sender, 1300)
    failing = inject(sender, sendmsg=[number, number])
    assert trip(sender, receiver, EQUAL) == EQUAL
    assert trip(sender, receiver, EQUAL) == EQUAL
    assert sender.path_mtu == 1300
    one_notice(sender, "1300", str(sender.destination))
    smaller = equal_packets(40, 1272, 300)
    assert trip(sender, receiver, smaller) == smaller
    assert failing.calls == ["sendmsg"] * 3  # the kernel cuts again when the packets fit
    assert (sender.send_errors, len(sender.notices)) == (2, 1)


def test_unequal_packets_too_large_for_the_route_are_noticed_too(
    sender: UdpSender, receiver: UdpReceiver
) -> None:
    largest = max(map(len, UNEQUAL))
    narrow(sender, largest + 28)
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert sender.path_mtu is None
    narrow(sender, largest + 27)
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert sender.path_mtu == largest + 27


def test_a_packet_that_no_datagram_can_hold_is_left_out(sender: UdpSender, receiver: UdpReceiver) -> None:
    packets = [b"first", bytes(65508), b"last"]
    assert trip(sender, receiver, packets) == [b"first", b"last"]
    assert (sender.packets_sent, sender.packets_dropped, sender.send_errors) == (2, 1, 2)


def test_a_train_of_packets_that_no_datagram_can_hold_is_dropped(sender: UdpSender) -> None:
    assert sender.send(PacketTrain.from_segments(bytes(140_000), 70_000)) == 0
    assert sender.packets_dropped == 2


# The kernel reports an error


Way = Callable[[UdpSender, pytest.MonkeyPatch, list[int]], Packets]


def by_gso(sender: UdpSender, monkeypatch: pytest.MonkeyPatch, script: list[int]) -> Packets:
    inject(sender, sendmsg=script)
    return EQUAL


def by_sendmmsg(sender: UdpSender, monkeypatch: pytest.MonkeyPatch, script: list[int]) -> Packets:
    inject_sendmmsg(monkeypatch, *(number or -1 for number in script))
    return UNEQUAL


def by_send(sender: UdpSender, monkeypatch: pytest.MonkeyPatch, script: list[int]) -> Packets:
    sender._listing = False
    inject(sender, send=script)
    return UNEQUAL


every_way = pytest.mark.parametrize("way", [by_gso, by_sendmmsg, by_send])


@every_way
@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EPERM, errno.ENOBUFS, errno.ENOPROTOOPT])
def test_an_error_that_passes_costs_no_packet(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch, way: Way, number: int
) -> None:
    packets = way(sender, monkeypatch, [number])
    assert trip(sender, receiver, packets) == packets
    assert (sender.send_errors, sender.packets_sent, sender.packets_dropped) == (1, 38, 0)
    one_notice(sender, errno.errorcode[number], str(sender.destination))


@every_way
def test_an_error_is_said_once(sender: UdpSender, monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    packets = way(sender, monkeypatch, [errno.ECONNREFUSED])
    sender.send(train_of(packets))
    way(sender, monkeypatch, [errno.ECONNREFUSED])
    sender.send(train_of(packets))
    assert sender.send_errors == 2
    one_notice(sender, "nobody listens")


@pytest.mark.parametrize("way", [by_sendmmsg, by_send])
def test_a_packet_refused_twice_is_left_out_alone(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    packets = way(sender, monkeypatch, [0, errno.EPERM, errno.EPERM])
    assert trip(sender, receiver, packets) == packets[:1] + packets[2:]
    assert (sender.packets_sent, sender.packets_dropped, sender.send_errors) == (37, 1, 2)
    assert sender.bytes_sent == sum(map(len, packets)) - len(packets[1])


@every_way
def test_a_port_that_stays_closed_costs_a_bounded_number_of_calls(
    sender: UdpSender, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    packets = way(sender, monkeypatch, [errno.ECONNREFUSED] * 100)
    inject_sendmmsg(monkeypatch, *[errno.ECONNREFUSED] * 100)
    assert sender.send(train_of(packets)) == 0
    assert sender.send_errors == MOST_ERRORS + 1
    assert sender.packets_dropped == 38


@every_way
def test_a_full_buffer_drops_the_rest_of_the_frame_and_not_the_next(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    packets = way(sender, monkeypatch, [errno.EAGAIN])
    assert trip(sender, receiver, packets) == []
    assert (sender.packets_dropped, sender.send_errors) == (38, 1)
    one_notice(sender, "EAGAIN", "full")
    assert trip(sender, receiver, packets) == packets


def test_a_buffer_that_fills_within_a_train_keeps_what_it_took(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject_sendmmsg(monkeypatch, -10, errno.EAGAIN)
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL[:10]
    assert (sender.packets_sent, sender.packets_dropped) == (10, 28)


def test_a_kernel_that_takes_a_train_in_parts_gets_the_rest(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = inject_sendmmsg(monkeypatch, -1, -20).counts
    assert trip(sender, receiver, UNEQUAL) == UNEQUAL
    assert counts == [38, 37, 17]


def test_the_buffer_of_a_real_socket_that_is_full_does_not_stall(receiver: UdpReceiver) -> None:
    with UdpSender(receiver.local_address, send_buffer=1) as sender:  # the kernel gives its least
        assert sender.send(train_of(equal_packets(400))) <= 400
        assert sender.packets_sent + sender.packets_dropped == 400


# Nobody listens


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("packets", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_a_closed_port_is_counted_and_a_receiver_that_comes_gets_everything(packets: Packets) -> None:
    port = closed_port()
    with UdpSender(("127.0.0.1", port)) as sender:
        for _ in range(3):
            sender.send(train_of(packets))
        assert sender.send_errors > 0
        one_notice(sender, "nobody listens", f"127.0.0.1:{port}", "ECONNREFUSED")
        with UdpReceiver("127.0.0.1", port) as receiver:
            assert trip(sender, receiver, packets) == packets
            assert trip(sender, receiver, packets) == packets


# The network goes and comes back


@every_way
@pytest.mark.parametrize(
    "number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL]
)
def test_a_socket_tied_to_an_address_that_is_gone_is_changed_for_a_new_one(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch, way: Way, number: int
) -> None:
    before = sender.local_address
    packets = way(sender, monkeypatch, [number])
    old = sender._socket
    assert trip(sender, receiver, packets) == packets
    assert sender._socket is not old
    assert sender.local_address == before  # a receiver that is locked to the source keeps it
    one_notice(sender, errno.errorcode[number])


def test_a_network_that_stays_down_drops_frames_until_it_is_back(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject(sender, sendmsg=[errno.ENETDOWN])
    with monkeypatch.context() as patch:
        no_route(patch)
        assert sender.send(train_of(EQUAL)) == 0
        assert sender.send(train_of(EQUAL)) == 0
    assert (sender.packets_dropped, sender.send_errors) == (76, 3)
    error, no_way = sender.notices
    assert "ENETDOWN" in error and "ENETUNREACH" in no_way
    assert trip(sender, receiver, EQUAL) == EQUAL


def no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every new socket find no way to its destination."""
    real = options.Departure.open
    monkeypatch.setattr(
        options.Departure,
        "open",
        lambda self, port: FailingSocket(real(self, port), connect=[errno.ENETUNREACH]),
    )


def test_a_sender_can_start_before_the_network_does(
    receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        no_route(patch)
        sender = UdpSender(receiver.local_address)
    with sender:
        one_notice(sender, "ENETUNREACH", "tried again at each frame")
        assert trip(sender, receiver, EQUAL) == EQUAL


def test_an_interface_that_is_pulled_out_is_waited_for(
    sender: UdpSender, receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> socket.socket:
        raise TransportError("interface 'wlan1' is not there")

    with monkeypatch.context() as patch:
        patch.setattr(options.Departure, "open", gone)
        inject(sender, sendmsg=[errno.ENODEV])
        assert sender.send(train_of(EQUAL)) == 0
        assert sender.send(train_of(EQUAL)) == 0
        assert "interface 'wlan1' is not there" in sender.notices
    assert trip(sender, receiver, EQUAL) == EQUAL


# Closing, and wrong usage


def test_a_closed_sender_sends_nothing(receiver: UdpReceiver) -> None:
    sender = UdpSender(receiver.local_address)
    sender.close()
    sender.close()
    assert sender.send(train_of(EQUAL)) == 0


def test_the_local_port_is_taken_as_asked(receiver: UdpReceiver) -> None:
    port = closed_port()
    with UdpSender(receiver.local_address, local_port=port) as sender:
        assert sender.local_address == ("127.0.0.1", port)
        sender.send(train_of([b"x"]))
        [(_, source)] = receiver.receive(10)
        assert source == sender.local_address


def test_a_local_port_that_is_taken_is_named(receiver: UdpReceiver) -> None:
    port = receiver.local_address[1]
    with pytest.raises(
        TransportError, match=f"^local port {port} cannot be opened: it is taken by another program$"
    ):
        UdpSender(("127.0.0.1", 9), local_port=port)


@pytest.mark.parametrize(
    ("destination", "local_port", "sentence"),
    [
        (("127.0.0.1", 0), 0, "port 0: expected 1 to 65535"),
        (("127.0.0.1", 65536), 0, "port 65536: expected 1 to 65535"),
        (("127.0.0.1", 9), -1, "local port -1: expected 0 to 65535"),
        (("255.255.255.255", 9), 0, "255.255.255.255:9 cannot be reached: Permission denied"),
    ],
)
def test_a_destination_that_cannot_be_used_is_one_sentence(
    destination: tuple[str, int], local_port: int, sentence: str
) -> None:
    with pytest.raises(TransportError) as caught:
        UdpSender(destination, local_port=local_port)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("dscp", "ttl", "sentence"),
    [
        (64, None, "dscp: found 64, expected 0 to 63"),
        (-1, None, "dscp: found -1, expected 0 to 63"),
        (0, 0, "ttl: found 0, expected 1 to 255"),
        (0, 256, "ttl: found 256, expected 1 to 255"),
    ],
)
def test_a_number_out_of_range_is_one_sentence(dscp: int, ttl: int | None, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        UdpSender(("127.0.0.1", 9), dscp=dscp, ttl=ttl)
    assert str(caught.value) == sentence
