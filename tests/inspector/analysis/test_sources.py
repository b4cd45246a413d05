"""Two sources with one SSRC at one address: a collision, or the same packets by two paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from broken import arrive, carry, stream, times
from broken_rtp import OTHER
from rtpjpeg.inspector.analysis import inspect_file
from rtpjpeg.inspector.analysis.sketch import SIZE, Sketch
from wire import write_pcap


@pytest.mark.parametrize("skipped", [0, 40])
def test_the_same_packets_by_a_second_path_are_no_collision(tmp_path: Path, skipped: int) -> None:
    """The second path may begin later, and lose some; receivers drop the copies (RFC 7198)."""
    packets = stream("T-010", count=30)
    copies = [(time + 4_000, packet.rtp()) for time, packet in zip(times(packets), packets, strict=True)]
    records = arrive(packets) + carry(copies[skipped::2], source=OTHER)
    write_pcap(tmp_path / "paths.pcap", sorted(records, key=lambda record: record.time))
    report = inspect_file(tmp_path / "paths.pcap")
    assert len(report.streams) == 2 and len({found.ssrc for found in report.streams}) == 1
    assert "T-010" not in {found.rule.id for found in report.findings}


def test_a_sketch_stays_small_and_finds_what_is_shared() -> None:
    one, two, other = Sketch(), Sketch(), Sketch()
    for part in range(20):
        prints = np.arange(part * 1000, part * 1000 + 1000, dtype=np.int64) * 7919
        one.add(prints)
        if part >= 10:
            two.add(prints[::3])
        other.add(prints + 1)
    assert len(one) == SIZE and one.shares(two) > 50 and two.shares(one) > 50
    assert one.shares(other) == 0 and Sketch().shares(one) == 0
