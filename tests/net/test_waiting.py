"""Waiting on a socket, with poll and without."""

from __future__ import annotations

import select
import socket

import pytest

from rtpjpeg.net.waiting import Waiter, wait_for_any


@pytest.fixture(params=["poll", "select"])
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    waiter = Waiter(sock)
    yield sock, waiter
    waiter.close()
    sock.close()


def test_a_datagram_ends_the_wait(pair: tuple[socket.socket, Waiter]) -> None:
    sock, waiter = pair
    sock.sendto(b"x", sock.getsockname())
    waiter.wait(None)
    assert sock.recv(10) == b"x"


def test_the_bell_ends_every_wait(pair: tuple[socket.socket, Waiter]) -> None:
    _, waiter = pair
    waiter.wake()
    waiter.wait(None)
    waiter.wait(None)


def test_a_time_already_over_is_no_wait(pair: tuple[socket.socket, Waiter]) -> None:
    _, waiter = pair
    waiter.wait(0)
    waiter.wait(-5)
    waiter.wait(0.001)


def test_one_of_several_ends_the_wait(pair: tuple[socket.socket, Waiter]) -> None:
    sock, _ = pair
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        sock.sendto(b"x", other.getsockname())
        wait_for_any([sock.fileno(), -1, other.fileno()], 60.0)
        assert other.recv(10) == b"x"
        closed = other.fileno()
    wait_for_any([sock.fileno(), closed], 0.0)
