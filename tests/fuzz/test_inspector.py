"""Captures that are broken in any way: the inspector reports, or says in one sentence that it cannot read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from fuzz.mutations import CASES as PACKETS
from inspector.making import batch_of, with_snaplen
from rtpjpeg.errors import CaptureError
from rtpjpeg.inspector.analysis import Inspection, inspect_file
from rtpjpeg.inspector.model import Report
from rtpjpeg.inspector.output.jsonreport import json_line, report_object
from rtpjpeg.inspector.output.terminal import print_report
from rtpjpeg.net.pcap import read_datagrams

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = PACKETS // 50
"""Mutated captures of a run: 20 000 where a million packets are mutated."""
PARTS = 10
PCAP = bytes.fromhex("d4c3b2a1")
LARGEST = 40_000
"""Bytes of a capture that is taken."""


@cache
def captures() -> list[bytes]:
    """Small captures of every kind: each rule broken, every link type, RTCP and fragments among them."""
    paths = sorted((FIXTURES / "inspector").glob("*.pcap*"))
    return [path.read_bytes() for path in paths if path.stat().st_size < LARGEST]


def flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 2, 8, 40))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(chance: random.Random, data: bytearray) -> None:
    at, size = chance.randrange(len(data)), chance.choice((1, 2, 4, 16))
    data[at : at + size] = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def leave_out(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 4, 100, 1400))]


def repeat(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.choice((1, 4, 100, 1400))]


def splice(chance: random.Random, data: bytearray) -> None:
    other = chance.choice(captures())
    data[chance.randrange(len(data)) :] = other[chance.randrange(len(other)) :]


MUTATIONS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    flip,
    flip,
    overwrite,
    overwrite,
    cut,
    leave_out,
    repeat,
    splice,
)


def told(report: Report) -> None:
    """Print a report in every form, and check that what it says holds together."""
    print_report(report, StringIO())
    printed = json.loads(json_line(report_object(report)))
    assert len(printed["streams"]) == len(report.streams)
    for stream in report.streams:
        assert 0 <= stream.frames_complete <= stream.frames <= stream.packets
        assert stream.lost >= 0 and stream.duplicated < stream.packets
    for finding in report.findings:
        assert finding.count > 0 and 1 <= finding.first_packet <= finding.last_packet


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_capture_gives_a_report_or_one_sentence(part: int, seed: int, tmp_path: Path) -> None:
    chance, path = random.Random(seed + part), tmp_path / "mutated.pcap"
    for _ in range(CAPTURES // PARTS):
        data = bytearray(chance.choice(captures()))
        if data.startswith(PCAP) and chance.random() < 0.25:
            data[:] = with_snaplen(bytes(data), chance.randrange(20, 200))
        for _ in range(chance.choice((1, 1, 2, 4))):
            if data:
                chance.choice(MUTATIONS)(chance, data)
        path.write_bytes(data)
        try:
            report = inspect_file(path)
        except CaptureError as error:
            assert str(error).count("\n") == 0 and str(path) in str(error)
        else:
            told(report)


@pytest.mark.slow
def test_mutated_packets_give_a_report(seed: int) -> None:
    """Where the file is right and the packets are not, every rule is reached."""
    chance = random.Random(seed)
    rows = [list(read_datagrams(path)) for path in sorted((FIXTURES / "inspector").glob("J-*.pcap"))]
    for _ in range(CAPTURES // 10):
        packets = []
        for time, source, destination, payload in chance.choice(rows):
            data = bytearray(payload)
            if data and chance.random() < 0.3:
                data[chance.randrange(min(len(data), 40))] ^= 1 << chance.randrange(8)
            if chance.random() > 0.05:
                packets.append((time, source, destination, bytes(data)))
        inspection = Inspection("mutated")
        if packets:
            inspection.add(batch_of(packets))
        told(inspection.finish(len(packets)))
