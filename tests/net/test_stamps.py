"""Times of arrival as the kernel tells them, and what is made of nonsense."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from rtpjpeg.net.stamps import OLDEST, SO_TIMESTAMPNS, arrival_time, stamp_arrivals

NOW = 1.7e9


def told(wall: float, kind: int = SO_TIMESTAMPNS) -> list[tuple[int, int, bytes]]:
    seconds, rest = divmod(wall, 1.0)
    return [(socket.SOL_SOCKET, kind, struct.pack("@ll", int(seconds), int(rest * 1e9)))]


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 500.0)
    monkeypatch.setattr(time, "time", lambda: NOW)


def test_a_datagram_came_as_long_ago_as_the_kernel_says(clocks: None) -> None:
    assert arrival_time(told(NOW - 0.25)) == pytest.approx(499.75, abs=1e-6)
    assert arrival_time([(0, 8, b"tos"), *told(NOW)]) == 500.0


@pytest.mark.parametrize(
    "ancillary",
    [
        [],
        told(NOW + 5),
        told(NOW - OLDEST - 0.1),
        told(NOW - 0.25, kind=9),
        [(1, SO_TIMESTAMPNS, b"x")],
    ],
    ids=["nothing", "to come", "long ago", "another message", "cut short"],
)
def test_without_a_time_that_can_be_believed_it_came_just_now(clocks: None, ancillary: list) -> None:
    assert arrival_time(ancillary) == 500.0


def test_a_socket_that_tells_no_times_is_used_all_the_same() -> None:
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.close()
    stamp_arrivals(closed)
