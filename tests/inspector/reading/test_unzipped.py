"""Captures that Wireshark has compressed: what is in them is what is in the file that was not."""

from __future__ import annotations

import gzip
import random
import subprocess
from pathlib import Path

import pytest

from inspector.reading.seen import read, rows_of, rows_of_all
from net.captures import IPV4, pcap
from peers import need
from rtpjpeg.errors import CaptureError
from rtpjpeg.inspector.reading import read_capture

PLAIN = pcap(101, *[IPV4[:-2] + bytes((number >> 8, number & 0xFF)) for number in range(3000)])


def written(folder: Path, data: bytes) -> Path:
    path = folder / "made.pcap.gz"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    path = tmp_path_factory.mktemp("plain") / "made.pcap"
    path.write_bytes(PLAIN)
    return list(read(path))


@pytest.mark.parametrize("block_size", [1000, 1 << 23])
def test_it_is_read_as_if_it_were_not_compressed(tmp_path: Path, rows: list[object], block_size: int) -> None:
    assert read(written(tmp_path, gzip.compress(PLAIN)), block_size) == rows


def test_members_follow_each_other(tmp_path: Path, rows: list[object]) -> None:
    """As where files are put together with cat (RFC 1952 section 2.2)."""
    parts = PLAIN[:50], PLAIN[50:70_001], PLAIN[70_001:]
    assert read(written(tmp_path, b"".join(map(gzip.compress, parts)))) == rows


def test_what_gzip_has_made(tmp_path: Path, rows: list[object]) -> None:
    path = tmp_path / "made.pcap"
    path.write_bytes(PLAIN)
    subprocess.run([need("gzip"), str(path)], check=True)
    assert read(tmp_path / "made.pcap.gz") == rows


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(PLAIN, 0))
    with read_capture(path, block_size=1000) as capture:
        seen = [capture.bytes_read for _ in capture]
    assert seen == sorted(seen) and seen[0] < seen[-1] == path.stat().st_size == capture.size


@pytest.mark.parametrize("at", [0.0, 0.3, 0.999])
def test_one_that_ends_early_is_read_as_far_as_it_goes(tmp_path: Path, rows: list[object], at: float) -> None:
    whole = gzip.compress(PLAIN, 1)
    path = written(tmp_path, whole[: 20 + int(at * (len(whole) - 21))])
    with read_capture(path) as capture:
        if at:
            found: list[object] = list(rows_of_all(capture))
            assert found == rows[: len(found)] and len(found) > 0.2 * at * len(rows)
        else:
            with pytest.raises(CaptureError, match="found an empty file|at its start"):
                next(capture)
    assert capture.notices.count(f"{path}: its gzip data ends early; what stands before it was read") == 1


def test_one_that_is_damaged_is_one_sentence_behind_what_stands_before(
    tmp_path: Path, rows: list[object], seed: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(gzip.compress(PLAIN, 0))
    data[-8] ^= 0xFF  # the checksum, RFC 1952 section 2.3.1
    path, found = written(tmp_path, bytes(data)), list[object]()
    with read_capture(path, block_size=chance.randrange(100, 100_000)) as capture:
        with pytest.raises(CaptureError, match=r"gzip data that cannot be unpacked \(CRC check failed"):
            for batch in capture:
                found += rows_of(batch)
    assert found == rows


def test_no_damage_is_a_crash(tmp_path: Path, seed: int) -> None:
    chance, whole = random.Random(seed), gzip.compress(PLAIN)
    for _ in range(300):
        data = bytearray(whole[: chance.randrange(2, len(whole))])
        for _ in range(chance.randrange(3)):
            data[chance.randrange(2, len(data)) if len(data) > 2 else 0] = chance.randrange(256)
        try:
            read(written(tmp_path, bytes(data)))
        except CaptureError as error:
            assert "\n" not in str(error)
