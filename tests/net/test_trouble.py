"""What a sender does after each error: every way, and the end of patience."""

from __future__ import annotations

import errno

import pytest

from rtpjpeg.net.trouble import MOST_ERRORS, Next, Trouble


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP])
def test_a_train_that_cannot_be_cut_goes_on_as_packets(number: int) -> None:
    trouble = Trouble()
    assert trouble.judge(number, 0, segmenting=True) is Next.UNCUT
    assert trouble.judge(errno.ECONNREFUSED, 0, segmenting=False) is Next.AGAIN


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EPERM, errno.ENOBUFS, errno.EMSGSIZE])
def test_a_packet_is_offered_twice_and_then_left_out(number: int) -> None:
    trouble = Trouble()
    assert trouble.judge(number, 3, segmenting=False) is Next.AGAIN
    assert trouble.judge(number, 3, segmenting=False) is Next.SKIP
    assert trouble.judge(number, 4, segmenting=False) is Next.AGAIN


@pytest.mark.parametrize(
    "number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL]
)
def test_a_network_that_is_down_gets_a_new_socket_and_then_the_train_stops(number: int) -> None:
    trouble = Trouble()
    assert trouble.judge(number, 0, segmenting=False) is Next.REOPEN
    assert trouble.judge(number, 0, segmenting=False) is Next.STOP


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EWOULDBLOCK])
def test_a_full_buffer_stops_the_train_at_once(number: int) -> None:
    assert Trouble().judge(number, 0, segmenting=True) is Next.STOP
    assert Trouble().judge(number, 0, segmenting=False) is Next.STOP


def test_a_part_of_a_train_refused_twice_goes_on_as_packets() -> None:
    trouble = Trouble()
    assert trouble.judge(errno.EPERM, 0, segmenting=True) is Next.AGAIN
    assert trouble.judge(errno.EPERM, 0, segmenting=True) is Next.UNCUT
    assert trouble.judge(errno.EPERM, 0, segmenting=False) is Next.AGAIN
    assert trouble.judge(errno.EPERM, 0, segmenting=False) is Next.SKIP


def test_patience_with_one_train_ends() -> None:
    trouble = Trouble()
    steps = [trouble.judge(errno.ECONNREFUSED, packet, segmenting=False) for packet in range(MOST_ERRORS + 1)]
    assert steps == [Next.AGAIN] * MOST_ERRORS + [Next.STOP]
