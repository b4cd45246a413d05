"""Wireshark judges: the same packets have the same numbers, times, addresses and payloads."""

from __future__ import annotations

import random
import struct
import subprocess
from functools import partial
from pathlib import Path

import pytest

from inspector.reading.seen import Row, read
from net.captures import (
    DESTINATION,
    FOUND6,
    IPV4,
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
    sll,
    sll2,
)
from net.layers import FRAMES, NOT_UDP
from peers import need
from rtpjpeg.inspector.reading import read_capture
from rtpjpeg.net.pcap import ip_packet, write_datagrams

pytestmark = pytest.mark.interop

FIELDS = "frame.number frame.time_epoch ip.src ipv6.src udp.srcport ip.dst ipv6.dst udp.dstport udp.payload"
CAPTURES = sorted((Path(__file__).parents[3] / "fixtures" / "captures").glob("*.pcap"))
LEFT_OUT = {"five vlan tags", *(f"{kind}length left to the network card" for kind in ("", "ipv6 ", "udp "))}
"""Wireshark refuses lengths of 0 unless it is told to expect them, and so many tags."""


def told(path: Path) -> list[tuple[object, ...]]:
    """Every whole datagram as tshark tells it, a fragmented one where its last fragment is."""
    command = [need("tshark"), "-n", "-r", str(path), "-Y", "udp.payload", "-T", "fields"]
    for field in FIELDS.split():
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = []
    for line in done.stdout.splitlines():
        number, time, src4, src6, sport, dst4, dst6, dport, data = line.split("\t")
        whole, _, part = time.partition(".")
        nanoseconds = int(whole or 0) * 10**9 + int(part.ljust(9, "0"))
        row = (int(number), nanoseconds, (src4 or src6, int(sport)), (dst4 or dst6, int(dport)))
        rows.append((*row, bytes.fromhex(data)))
    return rows


def ours(rows: list[Row]) -> list[tuple[object, ...]]:
    return [row[:5] for row in rows if row.payload]


def check(path: Path) -> int:
    expected = told(path)
    assert ours(read(path)) == expected
    assert ours(read(path, 700)) == expected
    return len(expected)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_the_fixtures(path: Path) -> None:
    assert check(path)


def of_link(link: int) -> list[bytes]:
    """Frames of a link type, among them what is no UDP."""
    frames = [row[2] for row in FRAMES if row[1] == link and row[0] not in LEFT_OUT]
    return frames + [row[2] for row in NOT_UDP if row[1] == link and "header" not in row[0]]


@pytest.mark.parametrize("link", sorted({row[1] for row in FRAMES}))
def test_every_link_type_in_pcap_and_in_pcapng(tmp_path: Path, link: int, seed: int) -> None:
    chance = random.Random(seed)
    frames = of_link(link) * 3
    chance.shuffle(frames)
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(link, *frames, order=">", nanoseconds=True, step=12_345_679))
    assert check(path)
    blocks = [enhanced(frame, chance.randrange(1 << 51)) for frame in frames]
    path.write_bytes(section() + interface(link) + b"".join(blocks))
    assert check(path)


def test_sections_interfaces_clocks_and_blocks_of_every_kind(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    parts = []
    for turn in range(20):
        order = "<>"[turn % 2]
        clock = option(9, bytes([chance.choice((0, 3, 6, 9, 12, 0x8A, 0x94, 0xA0))]), order)
        parts += [section(order), interface(101, order=order), interface(1, clock, order)]
        for _ in range(20):
            time = chance.randrange(1 << 31)
            parts.append(
                chance.choice(
                    (
                        enhanced(IPV4, time, 0, order),
                        enhanced(ethernet(IPV4, 0x8100), time, 1, order),
                        old(ethernet(IPV4), time, 1, order),
                        block(9, b"__REALTIME_TIMESTAMP=1\nMESSAGE=x\n\n", order),
                        block(0xBAD, struct.pack(f"{order}I", 32473) + b"data", order),
                        block(0x40000BAD, struct.pack(f"{order}I", 32473) + b"data", order),
                        block(5, struct.pack(f"{order}III", 0, 0, 0), order),
                        block(0x80000001, b"own", order),
                    )
                )
            )
    path = tmp_path / "made.pcapng"
    path.write_bytes(b"".join(parts))
    assert check(path) > 50


def test_a_simple_packet_is_numbered_and_has_no_time(tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    path.write_bytes(section() + interface(101) + simple(IPV4) + enhanced(IPV4, 5) + simple(IPV4))
    command = [
        need("tshark"),
        "-n",
        "-r",
        str(path),
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "frame.time_epoch",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\t\n2\t0.000005000\n3\t\n"
    assert [(row.number, row.time) for row in read(path)] == [(1, 0), (2, 5000), (3, 0)]


def tag(outer: int, inner: int, packet: bytes) -> bytes:
    return ethernet(packet, outer, inner)


def test_fragments_of_several_datagrams_through_each_other(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    packets = []
    for number in range(1, 30):
        payload = chance.randbytes(chance.choice((100, 3000, 9000, 20000)))
        four = ip_packet(SOURCE, DESTINATION, payload, number)
        six = ip_packet(*FOUND6[:2], payload)
        packets += [four, *ipv4_fragments(four, 1480, 1000 + number), *ipv6_fragments(six, 1448, number)]
    for at in range(len(packets) - 1):  # a little reordering
        if chance.random() < 0.3:
            packets[at : at + 2] = packets[at + 1], packets[at]
    path = tmp_path / "made.pcap"
    tagged = partial(tag, 0x88A8, 0x8100)
    for link, wrap in ((101, bytes), (113, sll), (276, sll2), (1, tagged)):
        path.write_bytes(pcap(link, *map(wrap, packets)))
        assert check(path) == 87


def test_cut_short_packets_have_the_numbers_that_wireshark_gives_them(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        (1.0, *chance.choice(((SOURCE, DESTINATION), FOUND6[:2])), bytes(chance.randrange(1, 300)))
        for _ in range(200)
    ]
    write_datagrams(tmp_path / "in.pcap", rows)
    path = tmp_path / "cut.pcap"
    subprocess.run([need("editcap"), "-s", "128", str(tmp_path / "in.pcap"), str(path)], check=True)
    command = [need("tshark"), "-n", "-r", str(path), "-Y", "frame.cap_len < frame.len", "-T", "fields"]
    done = subprocess.run([*command, "-e", "frame.number"], capture_output=True, text=True, check=True)
    with read_capture(path) as capture:
        cut = [number for _ in capture for number in capture.cut_short]
    assert cut == [int(number) for number in done.stdout.split()] and cut


@pytest.mark.parametrize("kind", ["pcapng", "nsecpcap", "pcap"])
def test_captures_that_wireshark_writes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out"
    subprocess.run([need("editcap"), "-F", kind, str(CAPTURES[0]), str(path)], check=True)
    assert check(path)
