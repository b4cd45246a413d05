"""Two machines with two cables between them, each a path of the same packets (needs root)."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from interop.kernel import wait_until
from live.commands import PATIENCE, SEND, SMALL, VIEW, Running
from net.namespaces import Network

FIRST, SECOND = "10.9.1.2", "10.9.2.2"
PORT = 5000


@pytest.fixture
def wires() -> Iterator[Network]:
    """A sender's machine a, a receiver's machine b, and the cables 1 and 2."""
    network = Network("ab")
    try:
        network.cable("a", "b", 1)
        network.cable("a", "b", 2, tag="2")
        yield network
    finally:
        network.close()


@pytest.mark.slow
@pytest.mark.parametrize("pulled", ["", "2"])
def test_either_cable_may_be_pulled_and_no_packet_is_missed(wires: Network, pulled: str) -> None:
    inside = {letter: ["ip", "netns", "exec", name] for letter, name in wires.names.items()}
    places = f"{FIRST}:{PORT}@to-b,{SECOND}:{PORT}@to-b2"
    view_words = [f"rtp://:{PORT}", "--headless", "--json"]
    with (
        Running([*inside["b"], *VIEW], *view_words) as view,
        Running([*inside["a"], *SEND], *SMALL, "--dest", places, "--log-level", "debug") as sender,
    ):
        view.await_(lambda running: running.says("by a second path as well, from"), "the second path")
        wires.ip("a", "link", "set", f"to-b{pulled}", "down")
        gone = f"comes no longer from 10.9.{pulled or 1}.1"
        view.await_(lambda running: running.says(gone), "the loss of a path")
        report = f"'10.9.{1 if pulled else 2}.2', {PORT + 1}) reports"
        sender.await_(lambda running: running.says(report), "a report by the path that is left")
        wires.ip("a", "link", "set", f"to-b{pulled}", "up")
        back = f"by a second path as well, from 10.9.{pulled or 1}.1"
        times = 1 + bool(pulled)  # the first path is not announced as a second one
        assert wait_until(lambda: sum(back in line for line in list(view.err)) >= times, PATIENCE), view.err
        (camera,) = sender.end(signal.SIGINT)["cameras"]
        (stream,) = view.end(signal.SIGINT)["streams"]
    assert camera["destinations"] == [f"{FIRST}:{PORT}@to-b", f"{SECOND}:{PORT}@to-b2"]
    assert camera["send_errors"] > 0
    assert stream["packets_lost"] == stream["frames_concealed"] == stream["frames_dropped"] == 0
    assert stream["frames_received"] >= camera["frames_sent"] - 3
    assert stream["reports_received"] > 2 and camera["round_trip_ms"] is not None
    hosts = {path["source"].partition(":")[0] for path in stream["paths"]}
    assert hosts == {"10.9.1.1", "10.9.2.1"}, view.err
