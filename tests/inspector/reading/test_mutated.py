"""Mutated captures: never anything but ``CaptureError``, bounded memory, and the same as packet by packet."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from fuzz.mutations import CASES as PACKETS
from inspector.reading.seen import alike, rows_of
from net.captures import (
    DESTINATION,
    FOUND6,
    IPV4,
    IPV6,
    SOURCE,
    block,
    enhanced,
    ethernet,
    interface,
    ipv4_fragments,
    ipv6_fragments,
    old,
    option,
    pcap,
    section,
    simple,
)
from net.layers import FRAMES, NOT_UDP
from rtpjpeg.errors import CaptureError
from rtpjpeg.inspector.reading import read_capture
from rtpjpeg.net.blocks import LARGEST_BLOCK
from rtpjpeg.net.pcap import ip_packet, read_datagrams

CASES = min(20_000, PACKETS // 10)
"""20 000 where FUZZ_PACKETS asks for that many, else 5000."""
EXTREMES = (0, 1, 4, 7, 8, 11, 12, 20, 27, 28, 40, 63, 64, 127, 128, 255)


def originals() -> list[bytes]:
    """Captures with a bit of everything."""
    links = sorted({row[1] for row in FRAMES})
    by_link = {
        link: [row[2] for row in FRAMES if row[1] == link] + [row[2] for row in NOT_UDP if row[1] == link]
        for link in links
    }
    fragments = ipv4_fragments(ip_packet(SOURCE, DESTINATION, bytes(4000)), 1480)
    fragments += ipv6_fragments(ip_packet(*FOUND6[:2], bytes(range(200))), 64)
    captures = [
        pcap(link, *frames, order=order, nanoseconds=order == "<")
        for link, frames in by_link.items()
        for order in "<>"
    ]
    captures.append(pcap(101, *fragments, IPV4, *fragments[::-1]))
    for order in "<>":
        parts = [section(order), *(interface(link, option(9, b"\x09", order), order) for link in links)]
        for number, link in enumerate(links):
            parts += [enhanced(frame, 10**18 + number, number, order) for frame in by_link[link]]
        tail = [block(5, bytes(12), order), old(IPV4, 5, links.index(101), order), block(9, b"line", order)]
        simple_ones = [section(order), interface(101, order=order), simple(IPV6, order=order)]
        few = [*parts[:4], *tail, *simple_ones, enhanced(IPV4, 1, 0, order)]
        captures += [b"".join(parts + tail), b"".join(few)]
    captures.append(pcap(1, *map(ethernet, train())))
    return captures


def train() -> list[bytes]:
    packets = [bytes((0x80, 26, 0, number)) + bytes(4) + b"ssrc" + bytes(500) for number in range(5)]
    return [ip_packet(SOURCE, DESTINATION, b"".join(packets)), ip_packet(SOURCE, DESTINATION, packets[0] * 2)]


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Flip, set, cut, take out, double, or put in between; headers of the file too."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8, 30))):
        at = chance.randrange(len(changed)) if changed else 0
        size = chance.choice((1, 2, 4, 16, 100))
        kind = chance.randrange(8)
        if kind < 3 and changed:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind < 5:
            value = bytes([chance.choice(EXTREMES)]) * chance.choice((1, 2, 4))
            changed[at : at + len(value)] = value
        elif kind == 5:
            del changed[at : at + size]
        elif kind == 6:
            changed[at:at] = changed[chance.randrange(len(changed) + 1) :][:size]
        elif chance.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def cases(seed: int, count: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    known = originals()
    for _ in range(count):
        yield mutated(chance, chance.choice(known))


def in_batches(path: Path, block_size: int) -> tuple[list[object], dict[str, int], list[str], str, int]:
    """Rows, counts, notices, the sentence of the error, and how many RTP packets were taken in part."""
    rows: list[object] = []
    fronts = 0
    capture = read_capture(path, block_size=block_size)
    numbers = [0]
    try:
        for batch in capture:
            found = rows_of(batch)
            rows += [alike(row) for row in found if not (row.from_train or row.cut_short)]
            fronts += sum(row.cut_short for row in found)
            numbers += [row.number for row in found] or [0]
            assert all(0 <= row.time <= 1 << 62 and row.pieces >= 1 for row in found)
            assert all(row.ip_size >= 28 for row in found if row.pieces == 1)
    except CaptureError as error:
        return rows, dict(+capture.skipped), [], str(error), fronts
    finally:
        capture.close()
    assert max(numbers) <= capture.packets
    return rows, dict(+capture.skipped), capture.notices, "", fronts


def singly(path: Path) -> tuple[list[object], dict[str, int], list[str], str]:
    rows: list[object] = []
    reader = read_datagrams(path)
    try:
        rows += reader
    except CaptureError as error:
        return rows, dict(+reader.skipped), [], str(error)
    return rows, dict(+reader.skipped), reader.notices, ""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_mutated_captures_give_the_same_in_batches_and_one_by_one(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed + 1)
    path = tmp_path / "mutated.pcap"
    whole = broken = 0
    for data in cases(seed, CASES):
        path.write_bytes(data)
        got = in_batches(path, chance.choice((1, 300, 1 << 16)))
        expected = singly(path)
        if b"ssrc" not in data:
            assert sorted(got[0]) == sorted(expected[0]) and got[3] == expected[3]
            assert got[0] == expected[0]
            if not got[3] and not got[4]:  # none is taken in part there
                assert got[1:3] == expected[1:3]
        broken += bool(got[3])
        whole += not got[3] and len(got[0]) > 0
    assert broken > CASES // 20 and whole > CASES // 20  # or nothing was proven


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_mutated_captures_cost_bounded_memory(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "mutated.pcap"
    highest = 0
    for data in cases(seed, CASES // 20):
        path.write_bytes(data)
        tracemalloc.start()
        try:
            in_batches(path, 1 << 16)
            highest = max(highest, tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert highest < LARGEST_BLOCK + (1 << 21)
