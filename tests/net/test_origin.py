"""Datagrams of one socket that leave from several addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from peers import missing
from rtpjpeg.net.address import any_port, plain
from rtpjpeg.net.options import LINUX, Arrival
from rtpjpeg.net.origin import send_from

HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def linux() -> None:
    if not LINUX:
        missing("Linux, which alone lets a datagram name its origin,")


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6])
def sock(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A socket of one kind of address; that of IPv6 has IPv4 too."""
    with Arrival(any_port(request.param, 0), None, 1 << 16).open() as made:
        yield made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((HERE, 0))
        made.settimeout(20)
        yield made


@pytest.mark.parametrize("device", ["", "lo"])
@pytest.mark.parametrize("home", ["127.0.0.2", "127.0.0.3"])
def test_a_datagram_leaves_from_the_address_it_is_told(
    sock: socket.socket, listener: socket.socket, home: str, device: str
) -> None:
    assert send_from(sock, b"report", listener.getsockname(), home, device)
    assert listener.recvfrom(100) == (b"report", (home, plain(sock.getsockname())[1]))


@pytest.mark.parametrize(
    ("home", "device"), [("192.0.2.1", ""), ("", ""), ("no address", ""), (HERE, "no-such0")]
)
def test_where_that_cannot_be_it_goes_as_the_route_says(
    sock: socket.socket, listener: socket.socket, home: str, device: str
) -> None:
    assert send_from(sock, b"report", listener.getsockname(), home, device)
    assert listener.recvfrom(100)[1][0] == HERE


def test_what_no_route_takes_is_told(sock: socket.socket) -> None:
    assert not send_from(sock, bytes(70_000), (HERE, 9), HERE)
    assert not send_from(sock, b"x", (HERE, 70_000), HERE)
