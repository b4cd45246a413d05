"""The socket of RTCP: what comes is handed over with its source, what goes out arrives, and it ends."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from rtpjpeg.errors import TransportError
from rtpjpeg.net.address import any_port, resolve
from rtpjpeg.net.options import LINUX, SO_BINDTODEVICE, Departure, any_address
from rtpjpeg.net.reports import ReportSocket, open_reports

PATIENCE = 20.0


class Heard:
    """What a socket handed over."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, object]] = []
        self.came = threading.Event()
        self.ticked = threading.Event()

    def take(self, data: bytes, source: object, when: float) -> None:
        self.datagrams.append((data, source))
        self.when = when
        self.came.set()

    def tick(self) -> float:
        self.ticked.set()
        return 60.0


@pytest.mark.parametrize("endpoint", [any_port(socket.AF_INET, 0), any_address(0), resolve("127.0.0.1", 0)])
def test_datagrams_go_both_ways(endpoint) -> None:
    heard, other = Heard(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    other.settimeout(PATIENCE)
    reports = ReportSocket(endpoint, heard.take, heard.tick)
    try:
        before = time.monotonic()
        other.sendto(b"report", ("127.0.0.1", reports.local_address[1]))
        sent = time.monotonic()
        reports.start()
        assert heard.came.wait(PATIENCE) and heard.ticked.wait(PATIENCE)
        assert heard.datagrams == [(b"report", other.getsockname())]
        # By the kernel's clock, which goes in steps: when it came, not when it was read.
        assert before - 0.01 < heard.when < sent + 0.01 or not LINUX
        assert reports.send(b"answer", other.getsockname())
        assert other.recv(100) == b"answer"
    finally:
        reports.close()
        reports.close()
        other.close()


def test_what_cannot_be_sent_is_told(port: int = 1) -> None:
    reports = ReportSocket(any_port(socket.AF_INET, 0), print, lambda: 1.0)
    assert not reports.send(b"x", ("127.0.0.1", 70_000))
    assert not reports.send(bytes(70_000), ("127.0.0.1", port))
    reports.close()


def test_another_port_is_taken_where_one_is_not_free() -> None:
    one = ReportSocket(any_port(socket.AF_INET, 0), print, lambda: 1.0)
    taken = any_port(socket.AF_INET, one.local_address[1])
    other, said = open_reports([taken, any_port(socket.AF_INET, 0)], print, lambda: 1.0)
    assert other is not None and other.local_address != one.local_address and said == ""
    nothing, said = open_reports([taken], print, lambda: 1.0)
    assert nothing is None and str(one.local_address[1]) in said
    with pytest.raises(TransportError):
        ReportSocket(taken, print, lambda: 1.0)
    one.close()
    other.close()


def test_a_thread_may_close_its_own_socket() -> None:
    closed = threading.Event()

    def take(data: bytes, source: object, when: float) -> None:
        reports.close()
        closed.set()

    reports = ReportSocket(any_port(socket.AF_INET, 0), take, lambda: 60.0)
    reports.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"end", ("127.0.0.1", reports.local_address[1]))
    assert closed.wait(PATIENCE)


def test_one_socket_marks_what_goes_to_both_kinds_of_address() -> None:
    four, six = resolve("127.0.0.1", 5000), resolve("::1", 5000)
    group = resolve("239.255.77.1", 5000)
    reports = ReportSocket(any_port(socket.AF_INET6, 0), print, lambda: 1.0)
    reports.follow(
        [Departure(four, 46, 7), Departure(six, 34, 9), Departure(group, 46, 3, interface="127.0.0.1")]
    )
    sock = reports._socket
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 46 << 2
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 7
    assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 34 << 2
    assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) == 9
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 3
    assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4) == socket.inet_aton("127.0.0.1")
    reports.close()


@pytest.mark.parametrize(("other", "tied"), [("lo", b"lo\0"), (None, b"")])
def test_reports_are_tied_to_the_interface_that_all_packets_are_tied_to(
    other: str | None, tied: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = resolve("127.0.0.1", 5000)
    reports = ReportSocket(any_port(socket.AF_INET, 0), print, lambda: 1.0)
    reports.follow([Departure(place, interface="lo"), Departure(place, interface=other)])
    assert reports._socket.getsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, 16) == tied
    reports.close()


def test_what_cannot_be_marked_is_left_as_it_is() -> None:
    reports = ReportSocket(any_port(socket.AF_INET, 0), print, lambda: 1.0)
    reports.follow([Departure(resolve("::1", 5000), 46), Departure(resolve("::1", 5000), interface="none")])
    reports.close()
