"""A receiver is killed and comes back, a sender is started again: neither end needs the other (processes)."""

from __future__ import annotations

import json
import signal

import pytest

from interop.kernel import bound, wait_until
from live.commands import PATIENCE, SEND, SMALL, VIEW, WATCH, Running
from live.witness import LOCAL, PATIENT, Watched
from receiver.feeding import free_ports
from rtpjpeg.net.udp import UdpReceiver

KILLS = 20
RATE = 30
LOST = 36
"""Frames of 1.2 s: the silence after which another stream may take over, and a little."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_sender_outlives_its_receiver_killed_again_and_again() -> None:
    (port,) = free_ports(1)
    with Running(SEND, *SMALL, "--dest", f"{LOCAL}:{port}") as sender:
        for _ in range(KILLS):
            with Running(WATCH, str(port)) as receiver:
                receiver.await_(lambda running: len(running.out) == 2, "a picture")
                first = json.loads(receiver.out[1])
            # The receiver may have come in the midst of a frame, so the second one is the first whole one.
            assert first["seen"] <= 2
            assert sender.alive
        with Running(VIEW, f"rtp://{LOCAL}:{port}", "--headless", "--json", "--frames", "30") as viewer:
            (stream,) = viewer.end()["streams"]
        (camera,) = sender.end(signal.SIGINT)["cameras"]
    assert (stream["frames_received"], stream["packets_lost"], stream["kernel_drops"]) == (30, 0, 0)
    assert camera["send_errors"] > 0
    assert sum("nobody listens" in line for line in sender.err) == 1
    assert sum("Traceback" in line for line in sender.err) == 0


@pytest.mark.slow
def test_a_sender_that_is_started_again_is_shown_again() -> None:
    (port,) = free_ports(1)
    words = [*SMALL, "--fps", str(RATE), "--dest", f"{LOCAL}:{port}"]
    with Running(VIEW, f"rtp://{LOCAL}:{port}", "--headless", "--json") as viewer:
        viewer.await_(lambda running: bound([port]), "the viewer's port")
        runs = []
        for frames in (45, 90):
            with Running(SEND, *words, "--frames", str(frames)) as sender:
                runs += sender.end()["cameras"]
        (stream,) = viewer.end(signal.SIGINT)["streams"]
    assert [run["frames_sent"] for run in runs] == [45, 90]
    assert stream["ssrc"] == runs[1]["ssrc"] != runs[0]["ssrc"]
    assert 45 + 90 - LOST <= stream["frames_received"] <= 45 + 90
    assert (stream["kernel_drops"], stream["packets_lost"]) == (0, 0)


@pytest.mark.slow
def test_a_second_sender_waits_for_the_first_and_is_shown_when_that_is_gone() -> None:
    with Watched(UdpReceiver(LOCAL, 0), **PATIENT) as watched:
        place = f"{LOCAL}:{watched.receiving.local_address[1]}"
        with Running(SEND, *SMALL, "--dest", place) as first:
            assert wait_until(lambda: len(watched.frames) >= 10, PATIENCE)
            with Running(SEND, *SMALL, "--dest", place) as second:
                came = watched.receiving.frames
                assert wait_until(lambda: len({seen.ssrc for seen in list(came)}) == 2, PATIENCE)
                waiting = len(watched.frames)
                assert wait_until(lambda: len(watched.frames) >= waiting + 10, PATIENCE)
                old = {frame.ssrc for frame in list(watched.frames)}
                assert len(old) == 1, "the second one was shown beside the first"
                first.kill()
                assert wait_until(
                    lambda: len(watched.frames) and watched.frames[-1].ssrc not in old, PATIENCE
                )
                count = len(watched.frames)
                assert wait_until(lambda: len(watched.frames) >= count + 30, PATIENCE)
                (camera,) = second.end(signal.SIGTERM)["cameras"]
        assert wait_until(lambda: list(came)[-1] in watched.shown, PATIENCE)
    shown = [seen for seen in watched.shown if seen.ssrc == camera["ssrc"]]
    last_heard = max(when for seen, when in came.items() if seen.ssrc in old)
    due = [seen for seen, when in came.items() if seen.ssrc == camera["ssrc"] and when >= last_heard + 1.2]
    assert set(due) <= set(shown)
