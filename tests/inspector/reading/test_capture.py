"""Captures in batches: every link type in both formats, numbers, times, pieces, ends."""

from __future__ import annotations

import errno
import os
import random
import struct
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from inspector.reading.seen import alike, read, rows_of, rows_of_all, singly
from net.captures import (
    DESTINATION,
    FOUND4,
    FOUND6,
    IPV4,
    IPV6,
    PAYLOAD,
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
from rtpjpeg.inspector.reading.file import CaptureFile
from rtpjpeg.net.headers import CUT_SHORT, FRAGMENT, OTHER
from rtpjpeg.net.pcap import ip_packet, read_datagrams

CAPTURES = sorted((Path(__file__).parents[3] / "fixtures" / "captures").glob("*.pcap"))
FORMATS = {
    "pcap": lambda link, frame: pcap(link, frame, step=250_000),
    "pcap, big-endian, nanoseconds": lambda link, frame: pcap(
        link, frame, order=">", nanoseconds=True, step=250_000_000
    ),
    "pcapng": lambda link, frame: section() + interface(link) + enhanced(frame, 1_250_000),
    "pcapng, big-endian": lambda link, frame: (
        section(">") + interface(link, order=">") + enhanced(frame, 1_250_000, order=">")
    ),
    "pcapng, nanoseconds": lambda link, frame: (
        section() + interface(link, option(9, b"\x09")) + enhanced(frame, 1_250_000_000)
    ),
    "pcapng, old packet": lambda link, frame: (
        section() + interface(1) + interface(link) + old(frame, 1_250_000, 1)
    ),
}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "made.pcap"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("row", FRAMES, ids=[row[0] for row in FRAMES])
def test_a_datagram_is_found(tmp_path: Path, name: str, row: tuple[str, int, bytes, tuple]) -> None:
    _, link, frame, found = row
    [got] = read(written(tmp_path, FORMATS[name](link, frame)))
    assert (got.number, got.time, got[2:5], got.pieces) == (1, 1_250_000_000, found, 1)
    assert got.ip_size >= 28 + len(found[2]) and not got.from_train


@pytest.mark.parametrize("row", NOT_UDP, ids=[row[0] for row in NOT_UDP])
def test_what_is_not_udp_is_counted(tmp_path: Path, row: tuple[str, int, bytes]) -> None:
    path = written(tmp_path, pcap(row[1], row[2]))
    with read_capture(path) as capture:
        assert rows_of_all(capture) == []
        assert (capture.packets, capture.skipped.total()) == (1, 1)


def test_every_truncation_of_every_frame_is_seen_as_one_by_one(tmp_path: Path) -> None:
    for name, link, frame, _ in FRAMES:
        path = written(tmp_path, pcap(link, *(frame[:size] for size in range(len(frame) + 1))))
        reader = read_datagrams(path)
        with read_capture(path) as capture:
            assert [alike(row) for row in rows_of_all(capture)] == list(reader), name
            assert +capture.skipped == +reader.skipped, name
            assert capture.notices == reader.notices


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("block_size", [1, 1361, 4096, 1 << 23])
def test_every_fixture_is_read_as_packet_by_packet(path: Path, block_size: int) -> None:
    """Blocks that are smaller than a record, that end inside of one, and that hold the file."""
    got = read(path, block_size)
    assert [alike(row) for row in got] == singly(path)
    assert [row.number for row in got] == list(range(1, len(got) + 1))
    assert all(row.ip_size == len(row.payload) + 28 for row in got)


def test_all_packets_are_numbered_and_odd_ones_stand_in_their_places(tmp_path: Path) -> None:
    tcp = IPV4[:9] + b"\x06" + IPV4[10:]
    options = next(row[2] for row in FRAMES if row[0] == "ipv4 options")
    path = written(tmp_path, pcap(101, tcp, IPV4, options, IPV6, b"", IPV4, IPV4[:25], options))
    with read_capture(path) as capture:
        [batch] = capture
        assert [(row.number, *row[2:5]) for row in rows_of(batch)] == [
            (2, *FOUND4),
            (3, *FOUND4),
            (4, *FOUND6),
            (6, *FOUND4),
            (8, *FOUND4),
        ]
        assert [row.ip_size for row in rows_of(batch)] == [51, 55, 71, 51, 55]
        assert capture.packets == 8 and capture.cut_short == [7]
        assert +capture.skipped == {OTHER: 2, CUT_SHORT: 1}
        assert len(batch.table) == 2


def test_every_section_and_interface_has_its_own(tmp_path: Path) -> None:
    data = section() + interface(101) + interface(1, option(9, b"\x09")) + block(5, b"statistics")
    data += enhanced(IPV4, 1_000_001) + enhanced(ethernet(IPV6), 2_000_000_003, 1) + simple(IPV4)
    clock = option(9, b"\x8a", ">") + option(14, struct.pack(">q", 9), ">")
    data += section(">") + interface(1, clock, order=">")
    data += (
        enhanced(ethernet(IPV4), 1024, order=">") + block(9, b"MESSAGE=x", ">") + block(0xBAD, b"own", ">")
    )
    data += enhanced(ethernet(IPV6, 0x8100), 1536, order=">")
    path = written(tmp_path, data)
    for size in (1, 100, 1 << 20):
        got = read(path, size)
        assert [(row.number, row.time, *row[2:5]) for row in got] == [
            (1, 1_000_001_000, *FOUND4),
            (2, 2_000_000_003, *FOUND6),
            (3, 0, *FOUND4),
            (4, 10_000_000_000, *FOUND4),
            (7, 10_500_000_000, *FOUND6),
        ]


@pytest.mark.parametrize(
    ("options", "raw", "time"),
    [
        (b"", (1 << 64) - 1, (1 << 62) // 1000 * 1000),
        (option(9, b"\x7f"), 10**18, 0),
        (option(9, b"\xff"), 1 << 63, 0),
        (option(9, b"\x0c"), 1_700_000_123_456_789_999, 1_700_000_123_456_789),
        (option(14, struct.pack("<q", -(1 << 63))), 5, 0),
        (option(14, struct.pack("<q", (1 << 63) - 1)), 5, 1 << 62),
    ],
)
def test_times_that_no_clock_tells_are_held_to_bounds(
    tmp_path: Path, options: bytes, raw: int, time: int
) -> None:
    [row] = read(written(tmp_path, section() + interface(101, options) + enhanced(IPV4, raw)))
    assert row.time == time


@pytest.mark.parametrize("size", [1, 3000, 1 << 20])
def test_fragments_are_joined_across_blocks(tmp_path: Path, size: int, seed: int) -> None:
    chance = random.Random(seed)
    payload = chance.randbytes(7000)
    packets = [
        *ipv4_fragments(ip_packet(SOURCE, DESTINATION, payload), 1480, 7),
        *ipv6_fragments(ip_packet(*FOUND6[:2], payload), 1448, 8),
    ]
    chance.shuffle(packets)
    got = read(written(tmp_path, pcap(101, IPV4, *packets, IPV4, packets[0])), size)
    assert [row.payload for row in got] == [PAYLOAD, payload, payload, PAYLOAD]
    assert sorted((row.pieces, row.ip_size) for row in got[1:3]) == [(5, 1496), (5, 1500)]
    assert [row.number for row in got[2:]] == [11, 12] and 6 <= got[1].number <= 10


def test_what_is_left_out_is_said_at_the_end_and_when_closed_before(tmp_path: Path) -> None:
    first = ipv4_fragments(ip_packet(SOURCE, DESTINATION, PAYLOAD * 300), 1480)[0]
    path = written(tmp_path, pcap(101, first, IPV4[:30], IPV4)[:-3])
    expected = [
        f"{path} ends in the middle of a record; what stands before it was read",
        f"{path}: 1 packets are left out because the capture cut them short: capture with snaplen 0",
        f"{path}: 1 datagrams are left out because fragments of them are missing",
    ]
    capture = read_capture(path)
    assert rows_of_all(capture) == [] and capture.notices == expected
    assert capture.skipped[FRAGMENT] == 1
    early = read_capture(path)
    next(early)
    early.close()
    assert early.notices == expected[1:] and list(early) == []
    read_capture(path).close()


@pytest.mark.parametrize("block_size", [1, 67, 91, 1000])
@pytest.mark.parametrize("data", [pcap(101, IPV4, IPV4), section() + interface(101) + enhanced(IPV4, 1)])
def test_a_file_cut_off_anywhere_is_said_whatever_the_blocks(
    tmp_path: Path, data: bytes, block_size: int
) -> None:
    for size in range(4, len(data)):
        path = written(tmp_path, data[:size])
        reader = read_datagrams(path)
        with read_capture(path, block_size=block_size) as capture:
            assert [alike(row) for row in rows_of_all(capture)] == list(reader)
            assert capture.notices == reader.notices


def test_numbers_of_packets_cut_short_belong_to_their_batch(tmp_path: Path) -> None:
    path = written(tmp_path, pcap(101, *[IPV4, IPV4[:40], IPV6[:60]] * 20))
    with read_capture(path, block_size=400) as capture:
        cut = [list(capture.cut_short) for _ in capture]
    assert len(cut) > 5 and sum(cut, []) == [number for number in range(61) if number % 3 != 1 and number]


def test_an_unknown_link_type_is_said_once(tmp_path: Path) -> None:
    data = section() + interface(220) + interface(101) + enhanced(b"usb", 1) + enhanced(IPV4, 1, 1)
    with read_capture(written(tmp_path, data + enhanced(b"usb", 2))) as capture:
        assert [row.number for row in rows_of_all(capture)] == [2]
        assert +capture.skipped == {"link type 220": 2}
        [notice] = capture.notices
    assert "found link type 220, expected one of 0, 1, 12, " in notice


def test_a_broken_file_is_one_sentence_behind_what_stands_before(tmp_path: Path) -> None:
    path = written(tmp_path, pcap(101, IPV4, IPV4) + struct.pack("<IIII", 1, 1, 1 << 24, 0))
    capture = read_capture(path)
    assert len(next(capture)) == 2
    with pytest.raises(CaptureError, match="found a record of 16777216 bytes at byte 158, expected 1048576"):
        next(capture)
    assert list(capture) == []
    for name, reason in (("missing", "No such file or directory"), (".", "Is a directory")):
        with pytest.raises(CaptureError, match=f"cannot be read: {reason}$"):
            read_capture(tmp_path / name)
    with pytest.raises(CaptureError, match="found an empty file, expected a pcap or pcapng capture"):
        read(written(tmp_path, b""))


def test_a_disk_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: CaptureFile, buffer: memoryview) -> int:
        raise OSError(errno.EIO, "Input/output error")

    capture = read_capture(written(tmp_path, pcap(101, IPV4)))
    monkeypatch.setattr(CaptureFile, "readinto", fail)
    with pytest.raises(CaptureError, match="^/.*made.pcap cannot be read: Input/output error$"):
        next(capture)


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, pcap(101, *[IPV4] * 100))
    with read_capture(path, block_size=1000) as capture:
        assert capture.size == path.stat().st_size and capture.name == str(path)
        seen = [capture.bytes_read for _ in capture]
        assert seen == sorted(set(seen)) and seen[0] <= 1128 and seen[-1] == capture.size
        assert capture.packets == 100


def test_a_pipe_is_read_to_its_end_and_has_no_size(tmp_path: Path) -> None:
    data = pcap(101, *[IPV4] * 5000)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,), daemon=True)
    writer.start()
    with read_capture(path) as capture:
        assert [row[2:5] for row in rows_of_all(capture)] == [FOUND4] * 5000
        assert (capture.size, capture.bytes_read, capture.notices) == (None, len(data), [])
    writer.join()


def test_stdin_is_a_dash() -> None:
    words = "capture.name, capture.size, sum(map(len, capture)), capture.notices"
    code = (
        "from rtpjpeg.inspector.reading import read_capture; capture = read_capture('-'); print("
        + words
        + ")"
    )
    data = pcap(101, IPV4, IPV4)[:-1]
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    notice = "stdin ends in the middle of a record; what stands before it was read"
    assert done.stdout.decode() == f"stdin None 1 ['{notice}']\n"


def test_a_pipe_that_goes_on_slowly_gives_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    held = threading.Event()
    data = pcap(101, IPV4, IPV4)

    def write() -> None:
        with open(path, "wb", buffering=0) as stream:
            stream.write(data[:-40])
            held.wait()
            stream.write(data[-40:])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with read_capture(path) as capture:
        assert len(next(capture)) == 1  # while the writer waits
        held.set()
        assert [row.number for row in rows_of_all(capture)] == [2]
    writer.join()


def test_a_batch_stays_what_it_is_when_the_next_ones_come(tmp_path: Path) -> None:
    packets = [ip_packet(SOURCE, DESTINATION, struct.pack("!I", number)) for number in range(500)]
    with read_capture(written(tmp_path, pcap(101, *packets)), block_size=1000) as capture:
        batches = list(capture)
    assert len(batches) > 10
    payloads = [row.payload for batch in batches for row in rows_of(batch)]
    assert payloads == [struct.pack("!I", number) for number in range(500)]


def test_flows_stand_in_one_table_for_all_batches(tmp_path: Path) -> None:
    packets = []
    for port in (5, 6, 5, 5, 7, 6):
        packets += [ip_packet(SOURCE, ("198.51.100.2", port), b""), ip_packet(*FOUND6[:2], b"")]
    with read_capture(written(tmp_path, pcap(101, *packets)), block_size=300) as capture:
        batches = list(capture)
    assert len(batches) > 1 and all(batch.table is batches[0].table for batch in batches)
    assert len(batches[0].table) == 4
    found = [batches[0].table[flow] for batch in batches for flow in batch.flows.tolist()]
    assert [flow.destination[1] for flow in found] == [
        port for four in (5, 6, 5, 5, 7, 6) for port in (four, 5004)
    ]
    assert {flow.source for flow in found} == {SOURCE, FOUND6[0]}


def test_more_flows_than_memory_should_hold_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpjpeg.inspector.reading.flows.MOST_FLOWS", 3)
    options = next(row[2] for row in FRAMES if row[0] == "ipv4 options")
    ends = [ip_packet(SOURCE, ("198.51.100.2", port), b"") for port in (1, 2, 3, 4, 1)]
    with read_capture(written(tmp_path, pcap(101, *ends, options))) as capture:
        assert [row.number for row in rows_of_all(capture)] == [1, 2, 3, 5]
        assert capture.notices[-1].startswith(f"{capture.name}: 2 datagrams are left out because")


def test_memory_is_that_of_some_blocks_whatever_the_file(tmp_path: Path) -> None:
    """Packets of nothing are the most records that a file can hold."""
    path = tmp_path / "large.pcap"
    with open(path, "wb") as stream:
        stream.write(pcap(101)[:24])
        for _ in range(16):
            stream.write(struct.pack("<IIII", 1, 2, 0, 0) * (1 << 16))
        for _ in range(16):
            stream.write(pcap(101, *[IPV4] * (1 << 12))[24:])
    block_size = 1 << 20
    tracemalloc.start()
    try:
        with read_capture(path, block_size=block_size) as capture:
            count = sum(len(batch) for batch in capture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 1 << 16 and capture.packets == (1 << 20) + (1 << 16)
    assert peak < 24 * block_size


def test_a_record_that_claims_more_than_is_there_costs_one_block(tmp_path: Path) -> None:
    path = written(tmp_path, section() + struct.pack("<II", 6, 1 << 24) + bytes(100))
    tracemalloc.start()
    try:
        assert read(path, 4096) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (1 << 24) + (1 << 20)
