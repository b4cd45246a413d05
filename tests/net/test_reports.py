"""The socket of RTCP: what comes is handed over with its source, what goes out arrives, and it ends."""

from __future__ import annotations

import socket
import threading

import pytest

from rtpjpeg.errors import TransportError
from rtpjpeg.net.address import any_port, resolve
from rtpjpeg.net.options import any_address
from rtpjpeg.net.reports import ReportSocket, open_reports

PATIENCE = 20.0


class Heard:
    """What a socket handed over."""

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, object]] = []
        self.came = threading.Event()
        self.ticked = threading.Event()

    def take(self, data: bytes, source: object) -> None:
        self.datagrams.append((data, source))
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
        reports.start()
        other.sendto(b"report", ("127.0.0.1", reports.local_address[1]))
        assert heard.came.wait(PATIENCE) and heard.ticked.wait(PATIENCE)
        assert heard.datagrams == [(b"report", other.getsockname())]
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

    def take(data: bytes, source: object) -> None:
        reports.close()
        closed.set()

    reports = ReportSocket(any_port(socket.AF_INET, 0), take, lambda: 60.0)
    reports.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"end", ("127.0.0.1", reports.local_address[1]))
    assert closed.wait(PATIENCE)
