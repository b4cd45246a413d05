"""The receiving end: what comes, from whom, how much was dropped, and how waiting ends."""

from __future__ import annotations

import ctypes
import errno
import socket
import threading
from collections.abc import Iterator

import pytest

from net.doubles import PATIENCE, collect, equal_packets, send_plain, train_of, trip, unequal_packets
from rtpjpeg.errors import TransportError
from rtpjpeg.net import gso, incoming, mmsg, options
from rtpjpeg.net.incoming import FEW
from rtpjpeg.net.slots import SLOTS
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.train import PacketTrain

WAYS = ["recvmmsg", "recvmsg"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "recvmsg":
        monkeypatch.setattr(mmsg, "recvmmsg", None)
    return str(request.param)


@pytest.fixture
def receiver(way: str) -> Iterator[UdpReceiver]:
    with UdpReceiver("127.0.0.1", 0) as opened:
        yield opened


@pytest.fixture
def sender(receiver: UdpReceiver) -> Iterator[UdpSender]:
    with UdpSender(receiver.local_address) as opened:
        yield opened


def test_a_train_arrives_as_one_train(sender: UdpSender, receiver: UdpReceiver) -> None:
    packets = equal_packets(36)
    sender.send(train_of(packets))
    [(train, source)] = receiver.receive(PATIENCE)
    assert list(train) == packets
    assert train.segment_size == 1352
    assert source == sender.local_address


@pytest.mark.parametrize("count", [1, 2, 38, 64, 200])
def test_single_datagrams_arrive_in_order(sender: UdpSender, receiver: UdpReceiver, count: int) -> None:
    packets = unequal_packets(count)
    assert trip(sender, receiver, packets) == packets


@pytest.mark.parametrize("count", [1, 2, 48, 49, 200, 1000])
def test_equal_packets_arrive_in_order(sender: UdpSender, receiver: UdpReceiver, count: int) -> None:
    packets = equal_packets(count)
    assert trip(sender, receiver, packets) == packets


def test_all_that_waits_is_read_at_once(sender: UdpSender, receiver: UdpReceiver) -> None:
    """Whoever reads late would else find part of a frame, and take the rest for lost."""
    packets = unequal_packets(3 * SLOTS + 5)
    for first in range(0, len(packets), 40):
        sender.send(train_of(packets[first : first + 40]))
    received = receiver.receive(PATIENCE)
    assert [packet for train, _ in received for packet in train] == packets
    assert {source for _, source in received} == {sender.local_address}


def test_what_never_ends_is_read_up_to_the_size_of_the_buffer(
    receiver: UdpReceiver, sender: UdpSender
) -> None:
    receiver.granted_buffer = SLOTS * 300
    packets = [bytes(600)] * (3 * SLOTS)
    sender._segmenting = False
    sender.send(train_of(packets))
    assert sum(len(train) for train, _ in receiver.receive(PATIENCE)) == 2 * SLOTS
    assert sum(len(train) for train, _ in receiver.receive(PATIENCE)) == SLOTS


def test_several_trains_and_single_datagrams_read_at_once_keep_their_order(
    sender: UdpSender, receiver: UdpReceiver
) -> None:
    first, second, third = equal_packets(20), unequal_packets(9), equal_packets(5, 100, 40)
    for packets in (first, second, third):
        sender.send(train_of(packets))
    assert collect(receiver, 34) == first + second + third


def test_where_the_kernel_does_not_join_packets_they_arrive_all_the_same(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gso, "UDP_GRO", 99)
    packets = equal_packets(60)
    with UdpReceiver("127.0.0.1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        assert trip(sender, receiver, packets) == packets


def test_a_train_owns_its_memory(sender: UdpSender, receiver: UdpReceiver) -> None:
    kept = []
    for number in range(3):
        sender.send(train_of([bytes([number]) * 500]))
        kept += [train for train, _ in receiver.receive(PATIENCE)]
    assert [train[0] for train in kept] == [bytes([number]) * 500 for number in range(3)]


def test_an_empty_datagram_is_a_packet_too(receiver: UdpReceiver) -> None:
    send_plain("127.0.0.1", receiver.local_address[1], b"")
    assert collect(receiver, 1) == [b""]
    send_plain("127.0.0.1", receiver.local_address[1], b"a", b"", b"c")
    assert collect(receiver, 3) == [b"a", b"", b"c"]


def test_each_source_has_its_own_train(receiver: UdpReceiver) -> None:
    with UdpSender(receiver.local_address) as one, UdpSender(receiver.local_address) as other:
        for sender, packets in ((one, [b"1", b"22"]), (other, [b"a", b"bb", b"a"]), (one, [b"333"])):
            sender.send(train_of(packets))
        received = receiver.receive(PATIENCE)
        assert [(list(train), source) for train, source in received] == [
            ([b"1", b"22", b"333"], one.local_address),
            ([b"a", b"bb", b"a"], other.local_address),
        ]


def test_a_flood_of_sources_is_received_and_not_remembered_for_ever(receiver: UdpReceiver) -> None:
    for number in range(150):
        send_plain("127.0.0.1", receiver.local_address[1], b"%d" % number)
    assert sorted(collect(receiver, 150)) == sorted(b"%d" % number for number in range(150))


def test_the_time_to_wait_ends(receiver: UdpReceiver) -> None:
    assert receiver.receive(0) == []
    assert receiver.receive(-1) == []
    assert receiver.receive(0.001) == []


# Joining single datagrams


def naps(monkeypatch: pytest.MonkeyPatch, port: int) -> list[float]:
    """Let a packet arrive during each nap; return the naps."""
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        taken.append(seconds)
        send_plain("127.0.0.1", port, b"late")

    monkeypatch.setattr(incoming.time, "sleep", sleep)
    return taken


@pytest.fixture
def patient(way: str) -> Iterator[UdpReceiver]:
    with UdpReceiver("127.0.0.1", 0, coalesce=0.0003) as opened:
        yield opened


def test_single_datagrams_wait_for_the_next_ones(
    patient: UdpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = naps(monkeypatch, patient.local_address[1])
    with UdpSender(patient.local_address) as sender:
        sender.send(train_of([b"early", b"second one"]))
        received = patient.receive(PATIENCE)
    assert [list(train) for train, _ in received] == [[b"early", b"second one"], [b"late"]]
    assert taken == [0.0003]


def test_a_train_does_not_wait(patient: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = naps(monkeypatch, patient.local_address[1])
    with UdpSender(patient.local_address) as sender:
        sender.send(train_of(equal_packets(10)))
        assert collect(patient, 10) == equal_packets(10)
    assert taken == []


@pytest.mark.parametrize("count", [FEW, 64])
def test_a_burst_does_not_wait(patient: UdpReceiver, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    taken = naps(monkeypatch, patient.local_address[1])
    with UdpSender(patient.local_address) as sender:
        sender.send(train_of(unequal_packets(count)))
        assert collect(patient, count) == unequal_packets(count)
    assert taken == []


def test_nothing_more_may_come_during_the_nap(patient: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming.time, "sleep", lambda seconds: None)
    send_plain("127.0.0.1", patient.local_address[1], b"only")
    assert collect(patient, 1) == [b"only"]


# The kernel's buffer


def test_the_buffer_granted_is_reported_and_too_small_a_one_said(receiver: UdpReceiver) -> None:
    assert receiver.granted_buffer > 0
    with UdpReceiver("127.0.0.1", 0, receive_buffer=1 << 30) as greedy:
        assert greedy.granted_buffer < 1 << 30
        [notice] = greedy.notices
        assert "sysctl -w net.core.rmem_max=1073741824" in notice
        assert str(greedy.granted_buffer) in notice and str(greedy.local_address[1]) in notice
    with UdpReceiver("127.0.0.1", 0, receive_buffer=65536) as modest:
        assert (modest.granted_buffer, modest.notices) == (65536, [])


def single(packets: list[bytes]) -> PacketTrain:
    """A train that the kernel is not asked to cut, so that the buffer takes and drops single packets."""
    train = train_of(packets)
    train.segment_size = 0
    return train


def test_what_the_kernel_dropped_is_counted_apart(way: str) -> None:
    packets = equal_packets(200, 1000, 1000)
    with UdpReceiver("127.0.0.1", 0, receive_buffer=8192) as receiver:
        with UdpSender(receiver.local_address) as sender:
            assert sender.send(single(packets)) == 200
            arrived: list[bytes] = []
            while received := receiver.receive(0):
                arrived += [packet for train, _ in received for packet in train]
            assert 0 < len(arrived) < 200
            assert arrived == packets[: len(arrived)]
            dropped = 200 - len(arrived)
            assert receiver.kernel_drops == dropped
            sender.send(train_of([b"next"]))  # brings SO_RXQ_OVFL with it
            assert collect(receiver, 1) == [b"next"]
            assert receiver.kernel_drops == dropped
    assert receiver.kernel_drops == dropped


def test_the_counter_of_the_kernel_comes_with_the_packets(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "LINUX", False)  # no SO_MEMINFO: only what came with packets is known
    with UdpReceiver("127.0.0.1", 0, receive_buffer=8192) as receiver:
        with UdpSender(receiver.local_address) as sender:
            sender.send(single(equal_packets(200, 1000, 1000)))
            arrived = 0
            while received := receiver.receive(0):
                arrived += sum(len(train) for train, _ in received)
            assert receiver.kernel_drops == 0
            sender.send(train_of(equal_packets(4)))  # one datagram with two control messages
            assert collect(receiver, 4) == equal_packets(4)
            assert receiver.kernel_drops == 200 - arrived
            sender.send(train_of(unequal_packets(3)))  # several datagrams, each with one
            assert collect(receiver, 3) == unequal_packets(3)
            assert receiver.kernel_drops == 200 - arrived


def test_the_counter_of_the_kernel_wraps(receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "LINUX", False)
    counters = [0xFFFF_FFF0, 0xFFFF_FFFE, 0xFFFF_FFFD, 5]
    receiver._dropped = (16, 0xFFFF_FFF0)
    seen = []
    real = receiver._reader.read

    def read(sock: socket.socket, first: int) -> int:
        count = real(sock, first)
        receiver._reader.drops = counters.pop(0)
        return count

    monkeypatch.setattr(receiver._reader, "read", read)
    for _ in range(4):
        send_plain("127.0.0.1", receiver.local_address[1], b"x")
        assert collect(receiver, 1) == [b"x"]
        seen.append(receiver.kernel_drops)
    assert seen == [16, 30, 30, 38]  # a counter that came late does not count back


# Closing


def test_closing_wakes_a_thread_that_waits(receiver: UdpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()
    real = receiver._waiter.wait

    def wait(timeout: float | None) -> None:
        waiting.set()
        real(timeout)

    monkeypatch.setattr(receiver._waiter, "wait", wait)
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(receiver.receive(None)))
    thread.start()
    assert waiting.wait(PATIENCE)
    receiver.close()
    thread.join(PATIENCE)
    assert results == [[]]
    assert receiver.fileno() == -1


def test_waking_ends_every_wait_and_closes_nothing(receiver: UdpReceiver) -> None:
    receiver.wake()
    assert receiver.receive(None) == []
    assert receiver.receive(None) == []
    assert receiver.fileno() >= 0
    receiver.close()
    receiver.wake()


def test_a_closed_receiver_gives_nothing(receiver: UdpReceiver) -> None:
    assert receiver.fileno() >= 0
    receiver.close()
    receiver.close()
    assert receiver.receive(None) == []
    assert receiver.kernel_drops == 0


def test_a_socket_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        ctypes.set_errno(errno.ENOMEM)
        return -1

    with UdpReceiver("127.0.0.1", 0) as receiver:
        monkeypatch.setattr(mmsg, "recvmmsg", fail)
        send_plain("127.0.0.1", receiver.local_address[1], b"x")
        with pytest.raises(TransportError, match=f"^port {receiver.local_address[1]} cannot be read: ENOMEM"):
            receiver.receive(PATIENCE)


# Opening


def test_a_port_is_not_shared(receiver: UdpReceiver) -> None:
    port = receiver.local_address[1]
    sentence = f"^port {port} on 127.0.0.1 cannot be opened: it is taken by another program$"
    with pytest.raises(TransportError, match=sentence):
        UdpReceiver("127.0.0.1", port)
    with pytest.raises(TransportError, match=f"^port {port} cannot be opened: it is taken"):
        UdpReceiver("", port)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70000, "port 70000: expected 0 to 65535"),
        ("192.0.2.1", 0, "port 0 on 192.0.2.1 cannot be opened: 192.0.2.1 is no address of this machine"),
    ],
)
def test_a_place_that_cannot_be_opened_is_one_sentence(host: str, port: int, sentence: str) -> None:
    with pytest.raises(TransportError) as caught:
        UdpReceiver(host, port)
    assert str(caught.value) == sentence


def test_all_local_addresses_are_ipv4_and_ipv6(way: str) -> None:
    with UdpReceiver("", 0) as receiver:
        port = receiver.local_address[1]
        for host in ("127.0.0.1", "::1"):
            with UdpSender((host, port)) as sender:
                packets = equal_packets(30)
                sender.send(train_of(packets))
                [(train, source)] = receiver.receive(PATIENCE)
                assert list(train) == packets
                assert source == sender.local_address
                assert source[0] == host


def test_a_machine_without_ipv6_listens_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options.socket, "has_dualstack_ipv6", lambda: False)
    with UdpReceiver("", 0) as receiver:
        assert receiver.local_address[0] == "0.0.0.0"
        send_plain("127.0.0.1", receiver.local_address[1], b"x")
        assert collect(receiver, 1) == [b"x"]


def test_another_system_than_linux_receives_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (gso, options, incoming):
        monkeypatch.setattr(module, "LINUX", False)
    monkeypatch.setattr(mmsg, "recvmmsg", None)
    with UdpReceiver("127.0.0.1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        assert trip(sender, receiver, equal_packets(30)) == equal_packets(30)


def test_a_sandbox_without_recvmmsg_reads_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with UdpReceiver("127.0.0.1", 0) as receiver, UdpSender(receiver.local_address) as sender:
        monkeypatch.setattr(mmsg, "recvmmsg", None)  # found out at the first call
        assert trip(sender, receiver, equal_packets(30)) == equal_packets(30)
