"""What our receiver reports over real sockets, held against the truth of the network between the ends."""

from __future__ import annotations

import signal
from itertools import pairwise
from pathlib import Path

import pytest

from interop.kernel import bound, free_port_pairs
from live.commands import SEND, SMALL, VIEW, Running
from relay import HERE, Relay, Told
from rtpjpeg.net.impairment import Impairment

REPORTS = 10
START = 2
"""Packets in front of the first two in a row: read together with these they count, else not."""


@pytest.mark.parametrize("retransmit", [True, False], ids=["retransmit", "once"])
def test_loss_in_reports_is_that_of_the_link(seed: int, retransmit: bool, tmp_path: Path) -> None:
    (port,) = free_port_pairs(1)
    with (
        Running(VIEW, f"rtp://{HERE}:{port}", "--headless", "--json") as view,
        Relay(port, Impairment(loss=0.08, seed=seed)) as relay,
    ):
        view.await_(lambda view: bound([port, port + 1]), "the port")
        config = tmp_path / "config.toml"
        config.write_text(f"[mjpeg-rtp]\nretransmit = {str(retransmit).lower()}\n")
        words = f"--config {config} --only camera1 --dest {HERE}:{relay.port}"
        with Running(SEND, *SMALL, *words.split()) as sender:
            sender.await_(lambda _: len(relay.told) >= REPORTS, "a report")
            (camera,) = sender.end(signal.SIGTERM)["cameras"]
        (stream,) = view.end(signal.SIGTERM)["streams"]
    assert bool(camera["packets_resent"]) == retransmit
    judge(relay.told, stream["packets_duplicated"] + stream["kernel_drops"])


def judge(told: list[Told], others: int) -> None:
    """Hold reports against the truth; ``others`` are copies, and packets that the kernel dropped.

    A copy is a packet that was received (RFC 3550 section A.3), whoever asked for it twice.
    """
    assert told[-1].expected > 500 and told[-1].lost > 20
    for report in told:
        assert abs(report.block.cumulative_lost - report.lost) <= report.expected / 256 + others + START
    for before, report in pairwise(told):
        expected, lost = report.expected - before.expected, report.lost - before.lost
        assert abs(report.block.fraction_lost / 256 - lost / expected) <= 1 / 256 + others / expected
