"""A cable is pulled and put back, a sender gets another address: the stream goes on.

Two machines, each a network namespace, and a virtual cable between them, for which one must be root.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from interop.kernel import wait_until
from live.commands import PATIENCE, SEND, SMALL, Running
from live.witness import Seen, Sending, Watched
from net.namespaces import Network, cabled
from rtpjpeg import SenderSession
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.receiver.pictures import Pictures
from rtpjpeg.receiver.view import View
from rtpjpeg.receiver.watch import SILENCE as NO_SIGNAL

SENDER, OTHER, RECEIVER = "10.9.1.1", "10.9.1.7", "10.9.1.2"
SILENCE = 1.0
"""Seconds after which a stream may go on from another address."""


@pytest.fixture
def wire() -> Iterator[Network]:
    """A sender's machine a, a receiver's machine b, and a cable."""
    with cabled() as network:
        yield network


class Screen:
    """What a viewer on machine b shows."""

    def __init__(self, network: Network) -> None:
        self.pictures = Pictures("b", lambda: None)
        receiver = network.inside("b", lambda: UdpReceiver("", 0))
        self.watched = Watched(receiver, self.pictures.waiting.put)
        self.view = View(self.watched.stream, self.pictures)
        self.port = receiver.local_address[1]

    def __enter__(self) -> Screen:
        self.pictures.start()
        self.watched.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.watched.__exit__()
        self.pictures.finish()

    def alarm(self) -> str:
        return self.view.card(time.monotonic()).alarm

    def await_frames(self, count: int) -> None:
        """Wait until so many frames more have been shown."""
        wanted = len(self.watched.frames) + count
        assert wait_until(lambda: len(self.watched.frames) >= wanted, PATIENCE), self.alarm()


class Camera:
    """A camera on machine a, in a thread that lives there."""

    def __init__(self, network: Network, port: int) -> None:
        self.sending = Sending(network.inside("a", lambda: UdpSender((RECEIVER, port))))
        self.session = SenderSession()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        network.inside("a", self._thread.start)  # a thread inherits the network of who starts it

    def _run(self) -> None:
        with SyntheticCamera(width=160, height=120) as camera:
            while not self._stop.is_set():
                frame = camera.read()
                assert frame.captured_at is not None
                self.sending.send(self.session.send_frame(frame.jpeg, frame.captured_at, frame.captured_at))

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.sending.sender.close()

    def missed(self, since: float, shown: list[Seen]) -> int:
        """Return how many frames were sent after a moment, or tried to be, until one of them was shown."""
        return [seen in shown for seen, when in self.sending.frames.items() if when >= since].index(True)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["a", "b"])
def test_a_pulled_cable_is_said_and_costs_two_frames_when_it_is_back(wire: Network, end: str) -> None:
    cable = "to-b" if end == "a" else "to-a"
    with Screen(wire) as screen, Camera(wire, screen.port) as camera:
        screen.await_frames(10)
        assert screen.alarm() == ""
        wire.ip(end, "link", "set", cable, "down")
        assert wait_until(lambda: screen.alarm().startswith("no signal for 1"), PATIENCE)
        shown_at = screen.pictures.shown_at
        assert shown_at is not None
        assert screen.view.card(shown_at + NO_SIGNAL - 0.001).alarm == ""
        wire.ip(end, "link", "set", cable, "up")
        back = time.monotonic()
        screen.await_frames(60)
        assert wait_until(lambda: screen.alarm() == "", PATIENCE)
    assert camera.missed(back, screen.watched.shown) <= 2
    assert screen.watched.session.ssrc == camera.session.ssrc


@pytest.mark.slow
def test_a_sender_with_another_address_is_the_same_stream_after_a_second(wire: Network) -> None:
    with Screen(wire) as screen, Camera(wire, screen.port) as camera:
        screen.await_frames(10)
        received = screen.watched.session.statistics
        assert screen.watched.session.source == camera.sending.local_address
        port = camera.sending.local_address[1]
        wire.ip("a", "addr", "del", f"{SENDER}/24", "dev", "to-b")
        wire.ip("a", "addr", "add", f"{OTHER}/24", "dev", "to-b")
        assert wait_until(lambda: screen.watched.session.source == (OTHER, port), PATIENCE)
        screen.await_frames(10)
        assert wait_until(lambda: screen.alarm() == "", PATIENCE)
        assert screen.watched.session.statistics is received, "another stream was begun"
    heard = last_before_gap(screen.watched)
    assert camera.missed(heard + SILENCE, screen.watched.shown) <= 2
    assert received.packets_rejected > 0 and received.packets_lost > 0


def last_before_gap(watched: Watched) -> float:
    """Return when the last frame came before the stream was away for longest."""
    ends = [frame.completed_at or 0.0 for frame in watched.frames]
    return max(pairwise(ends), key=lambda pair: pair[1] - pair[0])[0]


@pytest.mark.slow
def test_the_command_outlives_a_network_that_comes_late_and_goes(wire: Network) -> None:
    inside = ["ip", "netns", "exec", wire.names["a"], *SEND]
    wire.ip("a", "link", "set", "to-b", "down")
    with Screen(wire) as screen, Running(inside, *SMALL, "--dest", f"{RECEIVER}:{screen.port}") as sender:
        sender.await_(lambda running: running.says("no way to"), "the notice")
        wire.ip("a", "link", "set", "to-b", "up")
        for _ in range(3):
            screen.await_frames(10)
            wire.ip("a", "link", "set", "to-b", "down")
            assert wait_until(lambda: screen.alarm() != "", PATIENCE)
            wire.ip("a", "link", "set", "to-b", "up")
        screen.await_frames(10)
        (camera,) = sender.end(signal.SIGINT)["cameras"]
        assert camera["send_errors"] > 0
        assert camera["frames_sent"] > 40
    assert not any("Traceback" in line for line in sender.err)
