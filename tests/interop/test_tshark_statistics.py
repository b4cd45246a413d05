"""Packets, loss and jitter of the inspector against those that tshark counts (``-z rtp,streams``).

tshark prints the smallest and the largest jitter of the packets without marker, and not the one at the end.
The few lines of ``jitters`` reckon after RFC 3550 section 6.4.1 from the fields that tshark reads; where they
give tshark's figures they may say what the last one and the largest of all are.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from broken import TINY, carry, pictures, stream, times
from peers import need
from rtpjpeg.inspector.analysis import inspect_file
from rtpjpeg.inspector.model import StreamReport
from wire import Packet, write_pcap

pytestmark = pytest.mark.interop

FIXTURES = Path(__file__).parents[2] / "fixtures"
# tshark does not cut trains (N-009), and counts packets of which the capture holds a part (N-008).
CAPTURES = [
    path
    for pattern in ("captures/*.pcap", "inspector/N-*.pcap", "inspector/T-010.pcap", "inspector/clean-*.pcap")
    for path in sorted(FIXTURES.glob(pattern))
    if path.stem not in ("N-008", "N-009")
]
FIELDS = (
    "frame.time_relative",
    "udp.srcport",
    "ip.src",
    "rtp.ssrc",
    "rtp.seq",
    "rtp.timestamp",
    "rtp.marker",
)
LINE = re.compile(
    r"(?P<source>\S+) +(?P<port>\d+) +\S+ +\d+ +0x(?P<ssrc>[0-9A-F]{8}) +\S+ +(?P<packets>\d+) +"
    r"(?P<lost>-?\d+) "
    r"\([-.\d]+%\) +(?P<deltas>[-.\d]+ +[-.\d]+ +[-.\d]+) +(?P<jitters>[-.\d]+ +[-.\d]+ +[-.\d]+)"
)
DIGITS = 0.0011
"""Milliseconds: tshark prints three decimals."""

Source = tuple[int, str, int]
"""SSRC, address and port."""


@dataclass
class Counted:
    """One stream as tshark reads it: its line in the table, and its packets in order of arrival."""

    packets: int
    lost: int
    jitters: list[float]
    """Smallest, mean and largest; the mean is a running one of tshark's own."""
    times: list[float] = field(default_factory=list)
    """Milliseconds."""
    numbers: list[int] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    markers: list[bool] = field(default_factory=list)


@cache
def ask_tshark(capture: Path) -> dict[Source, Counted]:
    command = [need("tshark"), "-r", str(capture), "-d", "udp.port==5000,rtp", "-z", "rtp,streams"]
    command += ["-Y", "rtp", "-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    streams = {}
    for found in LINE.finditer(output):
        jitters = [float(figure) for figure in found["jitters"].split()]
        counted = Counted(int(found["packets"]), int(found["lost"]), jitters)
        streams[int(found["ssrc"], 16), found["source"], int(found["port"])] = counted
    for row in (line.split("\t") for line in output.splitlines() if line.count("\t") == len(FIELDS) - 1):
        counted = streams[int(row[3], 16), row[2], int(row[1])]
        counted.times.append(float(row[0]) * 1000)
        counted.numbers.append(int(row[4]))
        counted.timestamps.append(int(row[5]))
        counted.markers.append(row[6] in ("1", "True"))
    return streams


@cache
def ask_us(capture: Path) -> dict[Source, StreamReport]:
    return {_source(stream): stream for stream in inspect_file(capture).streams}


def _source(stream: StreamReport) -> Source:
    host, port = stream.source.rsplit(":", 1)
    return stream.ssrc, host, int(port)


def jitters(counted: Counted) -> list[float]:
    """Return J behind each packet, in milliseconds."""
    found, since = [0.0], counted.timestamps[0]
    media = [((timestamp - since) % 2**32) / 90 for timestamp in counted.timestamps]
    for index in range(1, len(media)):
        passed = counted.times[index] - counted.times[index - 1]
        difference = abs(passed - (media[index] - media[index - 1]))
        found.append((15 * found[-1] + difference) / 16)
    return found


def unwrapped(numbers: list[int]) -> list[int]:
    """Return sequence numbers that go on counting behind 65535."""
    counted = [numbers[0]]
    for number in numbers[1:]:
        counted.append(counted[-1] + (number - counted[-1] + 0x8000) % 0x10000 - 0x8000)
    return counted


def disorder(numbers: list[int]) -> tuple[int, int]:
    """Return how many packets came late, and how many came again."""
    late, seen, highest = 0, set(), -1
    for number in unwrapped(numbers):
        late += number < highest and number not in seen
        seen.add(number)
        highest = max(highest, number)
    return late, len(numbers) - len(seen)


@pytest.fixture(scope="module")
def long_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stream of 70 000 packets: loss, copies, late packets, jitter, numbers and timestamps that wrap."""
    path, chance = tmp_path_factory.mktemp("long") / "long.pcap", random.Random(2435)
    jpegs = pictures("chelsea", 1, 75, TINY, 20) * 700
    packets = stream("long", size=TINY, room=200, jpegs=jpegs)
    # Half of it lies behind the wrap of the timestamp.
    shift = 2**32 - 7000 * 3000 - packets[0].timestamp
    delays = [chance.randrange(8000) for _ in jpegs]
    sent = [replace(packet, timestamp=packet.timestamp + shift) for packet in packets]
    moments = [time + delays[packet.frame] for time, packet in zip(times(sent), sent, strict=True)]
    write_pcap(path, carry(_damaged(list(zip(moments, sent, strict=True)), chance)))
    return path


def _damaged(sent: list[tuple[int, Packet]], chance: random.Random) -> Iterator[tuple[int, bytes]]:
    """Lose, double and displace packets.

    Where the numbers come by the first one again, nothing is touched: tshark counts a cycle there, and
    a late packet would be one more.
    """
    held: bytes | None = None
    for index, (time, packet) in enumerate(sent):
        fate = chance.random() if 20 < index % 0x10000 < 0x10000 - 20 and index < len(sent) - 20 else 1.0
        if held is None and fate < 0.01:
            held = packet.rtp()
            continue
        if not 0.01 <= fate < 0.04:
            yield time, packet.rtp()
        if 0.04 <= fate < 0.05:
            yield time + 3, packet.rtp()
        if held is not None:
            yield time + 7, held
            held = None


@pytest.fixture(params=[*CAPTURES, None], ids=lambda path: path.stem if path else "long")
def capture(request: pytest.FixtureRequest) -> Path:
    return request.param or request.getfixturevalue("long_capture")


def test_both_find_the_same_streams_and_count_the_same_packets(capture: Path) -> None:
    theirs, ours = ask_tshark(capture), ask_us(capture)
    assert {source: stream.packets for source, stream in ours.items()} == {
        source: counted.packets for source, counted in theirs.items()
    }


def test_loss_is_theirs_where_copies_do_not_make_up_for_it(capture: Path) -> None:
    for source, counted in ask_tshark(capture).items():
        stream = ask_us(capture)[source]
        assert stream.lost - stream.duplicated == counted.lost


def test_late_packets_and_copies_are_those_that_the_numbers_show(capture: Path) -> None:
    for source, counted in ask_tshark(capture).items():
        stream = ask_us(capture)[source]
        assert (stream.reordered, stream.duplicated) == disorder(counted.numbers)


def test_jitter_and_duration_are_theirs(capture: Path) -> None:
    for source, counted in ask_tshark(capture).items():
        behind, stream = jitters(counted), ask_us(capture)[source]
        told = [value for value, marker in zip(behind, counted.markers, strict=True) if not marker][1:]
        assert [min(told), max(told)] == pytest.approx(counted.jitters[::2], abs=DIGITS)
        assert (stream.jitter_ms, stream.jitter_max_ms) == pytest.approx(
            (behind[-1], max(behind)), abs=DIGITS
        )
        assert stream.duration == pytest.approx((counted.times[-1] - counted.times[0]) / 1000, abs=2e-6)


def test_the_long_capture_has_all_that_can_go_wrong(long_capture: Path) -> None:
    (counted,) = ask_tshark(long_capture).values()
    late, again = disorder(counted.numbers)
    assert counted.packets > 65536 and min(late, again, counted.lost + again) > 500
    assert max(counted.timestamps) - min(counted.timestamps) > 2**31
