"""A receiver that is held up, by a signal or by a busy thread, loses nothing: the kernel keeps it for it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from interop.kernel import bound, sockets, wait_until
from live.commands import FEED, PATIENCE, VIEW, Running
from live.witness import LOCAL, Watched
from receiver.feeding import free_ports
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.sender.console import SWITCH_INTERVAL

STALL = 0.5
"""Seconds."""
WANTED = 4 << 20
"""Bytes of receive buffer that the viewer asks for."""
FRAMES = 150


def granted() -> int:
    """Return how large a receive buffer this machine gives."""
    with UdpReceiver(LOCAL, 0) as receiver:
        return receiver.granted_buffer


@pytest.mark.slow
@pytest.mark.parametrize("type", [1, 65])
def test_a_receiver_that_stands_still_for_half_a_second_loses_nothing(type: int) -> None:
    (port,) = free_ports(1)
    with Running(VIEW, f"rtp://{LOCAL}:{port}", "--headless", "--json") as viewer:
        viewer.await_(lambda running: bound([port]), "the viewer's port")
        with Running(FEED, str(port), "60", str(type)) as feeder:
            viewer.await_(lambda running: running.says("stream from"), "the stream")
            viewer.process.send_signal(signal.SIGSTOP)
            time.sleep(STALL)  # the state that is tested, nothing is awaited
            waiting = sockets()[port].queued
            viewer.process.send_signal(signal.SIGCONT)
            sent = feeder.end()
        assert wait_until(lambda: sockets()[port].queued == 0, PATIENCE)
        (stream,) = viewer.end(signal.SIGINT)["streams"]
    assert waiting > 0
    if granted() < WANTED:  # then the viewer says so, and what is lost is what the kernel dropped
        assert viewer.says("raise it with: sysctl")
        assert stream["kernel_drops"] or not stream["packets_lost"]
        return
    assert (stream["packets_lost"], stream["kernel_drops"], stream["frames_dropped"]) == (0, 0, 0)
    assert stream["packets_received"] == sent["packets_sent"]
    assert (stream["frames_received"], stream["frames_concealed"]) == (60, 0)


@contextmanager
def burning(interval: float) -> Iterator[None]:
    """Keep a thread in pure Python, that never waits, for as long as the block lasts."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    thread = threading.Thread(target=burn)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(before)


@pytest.mark.slow
@pytest.mark.parametrize("interval", [SWITCH_INTERVAL, 0.005], ids=["as the commands", "as Python itself"])
def test_beside_a_thread_that_burns_nothing_is_lost(interval: float) -> None:
    with Watched(UdpReceiver(LOCAL, 0)) as watched, burning(interval):
        with Running(FEED, str(watched.receiving.local_address[1]), str(FRAMES), "65") as feeder:
            sent = feeder.end()
        received = watched.session.statistics
        assert wait_until(lambda: received.packets_received >= sent["packets_sent"], PATIENCE), received
        drops = watched.receiving.kernel_drops
    assert (drops, received.packets_lost, received.frames_dropped) == (0, 0, 0)
    assert (len(watched.frames), received.frames_concealed) == (FRAMES, 0)
