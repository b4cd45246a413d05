"""Quality that follows a real queue: the kernel's token bucket between two network namespaces, as root."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from live.commands import SEND, VIEW, Running
from net.namespaces import cabled
from peers import need

PORT = 5000
CONFIG = """
[mjpeg-rtp]
adaptive = true
[mjpeg-rtp.camera1]
quality = 90
"""
LIMIT = "rate 8mbit burst 20kb latency 100ms"
"""Half of what the camera sends at its best."""
FRAMES = 400
"""Of which the first hundred meet the full queue."""


@pytest.mark.slow
def test_the_quality_follows_a_queue_of_the_kernel(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    with cabled() as network:
        inside = {letter: ["ip", "netns", "exec", name] for letter, name in network.names.items()}
        shape = [need("tc"), "qdisc", "add", "dev", "to-b", "root", "tbf", *LIMIT.split()]
        subprocess.run([*inside["a"], *shape], check=True)
        words = f"--config {config} --only camera1 --source synthetic --dest 10.9.1.2:{PORT} --json"
        viewing = [f"rtp://:{PORT}", "--headless", "--json", "--frames", str(FRAMES)]
        with (
            Running([*inside["b"], *VIEW], *viewing) as view,
            Running([*inside["a"], *SEND], *words.split()) as sender,
        ):
            (stream,) = view.end()["streams"]
            (camera,) = sender.end(signal.SIGINT)["cameras"]
    assert camera["quality"] < 90 and camera["quality_reason"] != "as configured"
    assert stream["packets_lost"] < 0.25 * stream["packets_received"], "without control it were 0.65"
    assert stream["frames_received"] == FRAMES
