"""The two formats of a capture file: every variant, and every way to be broken."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct

import pytest

from net.captures import (
    IPV4,
    block,
    enhanced,
    interface,
    old,
    option,
    pcap,
    section,
    simple,
)
from rtpjpeg.errors import CaptureError
from rtpjpeg.net.blocks import LARGEST_BLOCK
from rtpjpeg.net.piece import EndedEarly
from rtpjpeg.net.records import LARGEST_RECORD, Frame, frames

SECOND = 10**6


def read(data: bytes) -> list[Frame]:
    return list(frames(io.BufferedReader(io.BytesIO(data)), "some.pcap"))  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("nanoseconds", "step"), [(False, 250_000), (True, 250_000_000)])
def test_pcap_of_both_byte_orders_and_resolutions(order: str, nanoseconds: bool, step: int) -> None:
    data = pcap(101, b"one", b"", b"three", order=order, nanoseconds=nanoseconds, step=step)
    assert read(data) == [(1.25, 101, b"one"), (2.5, 101, b""), (3.75, 101, b"three")]


def test_the_high_bits_of_a_link_type_are_flags() -> None:
    assert read(pcap(0x54000001, b"x"))[0][1] == 1  # length of the frame check sequence, and that it is known


def test_a_capture_without_packets_has_none() -> None:
    assert read(pcap(1)) == []
    assert read(section()) == []


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_of_both_byte_orders(order: str) -> None:
    data = section(order) + interface(1, order=order) + enhanced(b"frame", 1_500_000_250_000, order=order)
    assert read(data) == [(1_500_000.25, 1, b"frame")]


@pytest.mark.parametrize(
    ("options", "time", "expected"),
    [
        (b"", 5 * SECOND // 2, 2.5),
        (option(9, b"\x09"), 5 * 10**9 // 2, 2.5),
        (option(9, b"\x03"), 2500, 2.5),
        (option(9, b"\x8a"), 2560, 2.5),
        (option(14, struct.pack("<q", 1000)), 5 * SECOND // 2, 1002.5),
        (option(14, struct.pack("<q", -1)), 5 * SECOND // 2, 1.5),
        (option(2, b"eth0") + option(9, b"\x09") + option(0, b""), 10**9, 1.0),
    ],
    ids=[
        "microseconds",
        "nanoseconds",
        "milliseconds",
        "1024ths",
        "offset",
        "negative offset",
        "among others",
    ],
)
def test_the_clock_of_an_interface(options: bytes, time: int, expected: float) -> None:
    assert read(section() + interface(1, options) + enhanced(b"x", time)) == [(expected, 1, b"x")]


def test_each_interface_has_its_link_type_and_clock() -> None:
    data = section() + interface(1) + interface(101, option(9, b"\x00"))
    data += enhanced(b"one", SECOND, 0) + enhanced(b"two", 2, 1) + old(b"three", 3, 1)
    assert read(data) == [(1.0, 1, b"one"), (2.0, 101, b"two"), (3.0, 101, b"three")]


def test_each_section_has_its_byte_order_and_interfaces() -> None:
    data = section("<") + interface(1) + enhanced(b"one", SECOND)
    data += section(">") + interface(101, order=">") + enhanced(b"two", SECOND, order=">")
    assert read(data) == [(1.0, 1, b"one"), (1.0, 101, b"two")]


def test_a_simple_packet_came_on_the_first_interface_at_no_known_time() -> None:
    assert read(section() + interface(1) + interface(101) + simple(b"frame")) == [(0.0, 1, b"frame")]
    assert read(section() + interface(1, snaplen=4) + simple(b"fram", 99)) == [(0.0, 1, b"fram")]


def test_blocks_of_other_kinds_are_passed_over() -> None:
    data = section() + block(5, b"statistics") + interface(1) + block(0x80000000, b"own") + enhanced(b"x", 0)
    assert read(data) == [(0.0, 1, b"x")]


@pytest.mark.parametrize(
    ("start", "kind", "program"),
    [
        (gzip.compress(b""), "gzip", "gunzip"),
        (bz2.compress(b""), "bzip2", "bunzip2"),
        (lzma.compress(b""), "xz", "unxz"),
        (bytes.fromhex("28b52ffd0458"), "zstd", "unzstd"),  # RFC 8878 section 3.1.1
        (bytes.fromhex("04224d186040"), "lz4", "unlz4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_compressed_file_is_said_to_be_one(start: bytes, kind: str, program: str) -> None:
    told = f"some.pcap: found a file compressed by {kind}, expected a pcap or pcapng capture"
    with pytest.raises(CaptureError, match=f"^{told}: unpack it first, with {program}$"):
        read(start)


START = section() + interface(1)
BROKEN = [
    (b"", "found an empty file, expected a pcap or pcapng capture"),
    (b"\xff\xd8\xff\xe0jpeg", "found the bytes ff d8 ff e0 at its start, expected a pcap or pcapng capture"),
    (b"\x0a", "found the bytes 0a at its start, expected a pcap or pcapng capture"),
    (
        pcap(1, b"x") + struct.pack("<IIII", 1, 1, LARGEST_RECORD + 1, 0),
        f"found a record of {LARGEST_RECORD + 1} bytes at byte 41, expected {LARGEST_RECORD} at most",
    ),
    (
        section()[:8] + b"\x1a\x2b\x3c\x4e" + section()[12:],
        "found 1a 2b 3c 4e at byte 8, expected 1a 2b 3c 4d",
    ),
    (
        START + struct.pack("<II", 6, 33),
        f"found a block of 33 bytes at byte 48, expected 12 to {LARGEST_BLOCK}, a multiple of 4",
    ),
    (
        START + struct.pack("<II", 6, 8),
        f"found a block of 8 bytes at byte 48, expected 12 to {LARGEST_BLOCK}, a multiple of 4",
    ),
    (
        START + struct.pack("<II", 6, LARGEST_BLOCK + 4),
        f"found a block of {LARGEST_BLOCK + 4} bytes at byte 48, "
        f"expected 12 to {LARGEST_BLOCK}, a multiple of 4",
    ),
    (
        struct.pack("<II", 0x0A0D0D0A, 12) + b"\x4d\x3c\x2b\x1a",
        f"found a block of 12 bytes at byte 0, expected 12 to {LARGEST_BLOCK}, a multiple of 4",
    ),
    (
        START + block(5, b"")[:-4] + b"\x10\0\0\0",
        "found 16 as the length of the block at byte 48, expected 12 as at its start",
    ),
]
CONTRADICTION = (
    "found a block of type {} at byte {} that contradicts itself, "
    "expected it to name a known interface and to hold what it says it holds"
)
CONTRADICTIONS = [
    (START + enhanced(b"x", 0, number=1), 6, 48),
    (START + old(b"x", 0, number=7), 2, 48),
    (section() + simple(b"x"), 3, 28),
    (START + block(6, b"short"), 6, 48),
    (START + block(6, struct.pack("<IIIII", 0, 0, 0, 5, 5) + b"four"), 6, 48),
    (START + simple(b"four", 5), 3, 48),
    (section() + block(1, b""), 1, 28),
    (section() + interface(1, option(14, b"short")), 1, 28),
    (section() + interface(1, option(9, b"")), 1, 28),
]


@pytest.mark.parametrize(
    ("data", "words"),
    BROKEN + [(data, CONTRADICTION.format(kind, where)) for data, kind, where in CONTRADICTIONS],
)
def test_a_broken_file_is_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(CaptureError) as caught:
        read(data)
    assert str(caught.value) == f"some.pcap: {words}"


@pytest.mark.parametrize(
    ("data", "whole_records"),
    [(pcap(101, IPV4, IPV4), 2), (START + enhanced(IPV4, 1) + enhanced(IPV4, 2), 3)],
    ids=["pcap", "pcapng"],
)
def test_a_file_cut_off_anywhere_gives_what_stands_before_the_cut(data: bytes, whole_records: int) -> None:
    whole = read(data)
    clean_ends = 0
    for size in range(4, len(data)):
        got: list[Frame] = []
        try:
            for frame in frames(io.BufferedReader(io.BytesIO(data[:size])), "some.pcap"):  # type: ignore[arg-type]
                got.append(frame)
            clean_ends += 1
        except EndedEarly:
            pass
        assert got == whole[: len(got)]
    assert clean_ends == whole_records  # only between two records, or blocks, does a file end well
