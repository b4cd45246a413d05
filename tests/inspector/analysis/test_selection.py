"""Streams are found by their shape, whatever the port and payload type, and nothing else is."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from inspector.making import Datagram, batch_of
from rtpjpeg.inspector.analysis.selection import Selection
from rtpjpeg.inspector.filter import Filter
from rtpjpeg.net.pcap import read_datagrams

FIXTURES = Path(__file__).parents[3] / "fixtures"
HERE, THERE = ("192.0.2.1", 40_000), ("192.0.2.2", 5000)


def found(datagrams: list[Datagram], size: int = 10_000, wanted: Filter | None = None) -> dict[int, int]:
    """Return the SSRCs of the streams, with how many packets each has."""
    selection, counts, table = Selection(wanted or Filter()), {}, []
    for first in range(0, len(datagrams), size):
        read = selection.read(batch_of(datagrams[first : first + size], first + 1, table))
        for (_, ssrc), places in selection.indices(read):
            counts[ssrc] = counts.get(ssrc, 0) + len(places)
    return counts


def stream(name: str, payload_type: int = 26) -> list[Datagram]:
    """Return a capture's datagrams, under another payload type."""
    rows = list(read_datagrams(FIXTURES / "captures" / f"{name}.pcap"))
    return [
        (time, source, there, data[:1] + bytes([data[1] & 0x80 | payload_type]) + data[2:])
        for time, source, there, data in rows
    ]


NAMES = sorted(path.stem for path in (FIXTURES / "captures").glob("*.pcap"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("payload_type", [26, 96, 33])
def test_a_stream_is_found_by_its_shape(name: str, payload_type: int) -> None:
    rows = stream(name, payload_type)
    assert list(found(rows).values()) == [len(rows)]


@pytest.mark.parametrize("size", [1, 2, 7, 50])
@pytest.mark.parametrize("payload_type", [26, 100])
def test_no_packet_is_lost_where_batches_are_small(size: int, payload_type: int) -> None:
    rows = stream("own-type1-q50", payload_type)
    assert list(found(rows, size).values()) == [len(rows)]


@pytest.mark.parametrize("name", ["whole-jpeg-file", "offsets-count-headers-type65", "no-marker"])
def test_broken_streams_are_found_too(name: str) -> None:
    rows = list(read_datagrams(FIXTURES / "packets" / f"{name}.pcap"))
    assert list(found(rows).values()) == [len(rows)]


def rtp(payload_type: int, ssrc: int, payloads: list[bytes], step: int) -> list[Datagram]:
    return [
        (
            index / 50,
            HERE,
            THERE,
            struct.pack(">BBHII", 0x80, payload_type, index, index * step, ssrc) + payload,
        )
        for index, payload in enumerate(payloads)
    ]


def test_other_traffic_is_no_stream(seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        (
            index / 1000,
            ("192.0.2.1", chance.randrange(1024, 65_536)),
            THERE,
            chance.randbytes(chance.randrange(1400)),
        )
        for index in range(3000)
    ]
    rows += rtp(0, 77, [bytes([0xD5]) * 160] * 300, 160)  # silence in mu-law
    rows += rtp(96, 78, [b"\x7c\x05" + chance.randbytes(1200) for _ in range(300)], 0)  # H.264, FU-A
    rows += rtp(8, 79, [bytes(160)] * 300, 160)
    rows += rtp(33, 80, [b"\x47" + chance.randbytes(1315) for _ in range(300)], 900)  # MPEG transport stream
    assert found(rows) == {}


def test_a_stream_is_found_among_other_traffic(seed: int) -> None:
    chance = random.Random(seed)
    noise = [
        (index / 1000, HERE, ("192.0.2.9", 443), b"\xc0" + chance.randbytes(800)) for index in range(500)
    ]
    rows = stream("own-type65-q50", 96)
    mixed = sorted([*noise, *rows], key=lambda row: row[0])
    assert list(found(mixed, 40).values()) == [len(rows)]


def test_a_filter_takes_what_has_no_shape_and_leaves_out_the_rest(seed: int) -> None:
    chance = random.Random(seed)
    rows = rtp(96, 78, [chance.randbytes(1200) for _ in range(30)], 0) + stream("own-type1-q50")
    assert found(rows, wanted=Filter.parse("/78")) == {78: 30}
    assert found(rows, wanted=Filter.parse("6000")) == {}
    assert len(found(rows, wanted=Filter.parse("5000"))) == 2
