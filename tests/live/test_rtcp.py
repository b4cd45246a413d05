"""RTCP between the real commands: what each learns of the other, and what is lost comes again."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from live.commands import SEND, VIEW, Running
from live.witness import LOCAL
from receiver.feeding import free_ports


def test_what_is_lost_comes_again_and_both_ends_know(seed: int, tmp_path: Path) -> None:
    """Recorded with its RTCP, the stream is played again with the same patience."""
    (port,), path = free_ports(1), tmp_path / "a.pcap"
    words = ["--source", "synthetic", "--size", "320x240", "--dest", f"{LOCAL}:{port}", "--json"]
    impair = f"loss=5%,seed={seed % 1000}"
    viewing = [f"rtp://{LOCAL}:{port}", "--headless", "--json", "--frames", "240", "--record", str(path)]
    with Running(VIEW, *viewing) as view:
        with Running(SEND, *words, "--impair", impair) as sender:
            (stream,) = view.end()["streams"]
            (camera,) = sender.end(signal.SIGTERM)["cameras"]
    assert stream["reports_received"] > 2 and camera["round_trip_ms"] is not None
    assert stream["packets_recovered"] > 10 <= camera["packets_resent"]
    assert stream["frames_concealed"] < 60, json.dumps(stream)
    assert 0 <= camera["remote_loss"] < 0.3
    with Running(VIEW, str(path), "--headless", "--json") as view:
        (again,) = view.end()["streams"]
    assert again["reports_received"] == stream["reports_received"]
    assert again["packets_received"] >= stream["packets_received"] and again["packets_recovered"] > 10


def test_goodbye_is_heard() -> None:
    (port,) = free_ports(1)
    words = ["--source", "synthetic", "--size", "160x120", "--dest", f"{LOCAL}:{port}", "--frames", "30"]
    with Running(VIEW, f"rtp://{LOCAL}:{port}", "--headless", "--json") as view:
        with Running(SEND, *words, "--json") as sender:
            sender.end()
        view.await_(lambda running: running.says("the sender has said goodbye"), "the goodbye")
        view.end(signal.SIGTERM)
