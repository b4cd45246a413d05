"""An RTCP compound in one line."""

from __future__ import annotations

import random

import pytest

from rtpjpeg.feedback import GenericNack
from rtpjpeg.inspector.rtcptext import compound_text
from rtpjpeg.rtcp import (
    App,
    Bye,
    Chunk,
    Item,
    OtherPacket,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    serialize_compound,
)

CAMERA, VIEWER = 0x1234ABCD, 0x0BADCAFE
BLOCK = ReportBlock(CAMERA, 64, -3, 0x0002_FFFF, 300, 5, 6)
LINES: dict[str, tuple[list[Packet], str]] = {
    "sender report": (
        [SenderReport(CAMERA, 0xEDE83B80_20000000, 90_000, 4711, 6_000_000)],
        "SR 0x1234abcd ntp 3991419776.125000 ts 90000 packets 4711 octets 6000000",
    ),
    "receiver report": (
        [ReceiverReport(VIEWER, (BLOCK,))],
        "RR 0x0badcafe, of 0x1234abcd lost -3 (25 %) jitter 300 highest seq 65535",
    ),
    "no blocks": ([ReceiverReport(VIEWER)], "RR 0x0badcafe"),
    "two of three": (
        [ReceiverReport(VIEWER), SourceDescription((Chunk(VIEWER, (Item(1, b"me"), Item(6, b"viewer 1"))),))],
        "RR 0x0badcafe; SDES 0x0badcafe CNAME me TOOL viewer 1",
    ),
    "two chunks": (
        [SourceDescription((Chunk(1, (Item(9, b"x"),)), Chunk(2)))],
        "SDES 0x00000001 item 9 x, 0x00000002",
    ),
    "no chunk": ([SourceDescription()], "SDES"),
    "a name that would steer the terminal": (
        [SourceDescription((Chunk(1, (Item(1, b"\x1b[2J\n\xff\xe2\x80\xae"),)),))],
        "SDES 0x00000001 CNAME \\x1b[2J\\n\N{REPLACEMENT CHARACTER}\\u202e",
    ),
    "a long name": (
        [SourceDescription((Chunk(1, (Item(1, b"n" * 255),)),))],
        f"SDES 0x00000001 CNAME {'n' * 255}",
    ),
    "bye": ([Bye((CAMERA, VIEWER))], "BYE 0x1234abcd 0x0badcafe"),
    "bye with a reason": ([Bye((CAMERA,), b"camera\nbroken")], "BYE 0x1234abcd camera\\nbroken"),
    "application": (
        [App(1, CAMERA, b"a\x00\xffb", b"1234")],
        "APP 0x1234abcd a\\x00\N{REPLACEMENT CHARACTER}b, 4 bytes",
    ),
    "packets that are asked for": (
        [GenericNack(VIEWER, CAMERA, (65535, 0, 7)).packet()],
        "NACK 0x0badcafe, of 0x1234abcd seq 65535 0 7",
    ),
    "many packets that are asked for": (
        [GenericNack(VIEWER, CAMERA, tuple(range(1, 41))).packet()],
        f"NACK 0x0badcafe, of 0x1234abcd seq {' '.join(map(str, range(1, 21)))} and 20 more",
    ),
    "other feedback": ([OtherPacket(205, 15, bytes(12))], "RTPFB format 15, 12 bytes"),
    "picture loss": ([OtherPacket(206, 1, bytes(8))], "PSFB format 1, 8 bytes"),
    "extended report": ([OtherPacket(207, 0, bytes(4))], "XR format 0, 4 bytes"),
    "unknown": ([OtherPacket(222, 3, b"")], "packet type 222 format 3, 0 bytes"),
}


@pytest.mark.parametrize(("packets", "expected"), LINES.values(), ids=LINES)
def test_what_a_compound_says(packets: list[Packet], expected: str) -> None:
    assert compound_text(serialize_compound(packets)) == expected


def test_what_is_broken_says_the_sentence() -> None:
    broken = serialize_compound([ReceiverReport(VIEWER), OtherPacket(205, 1, bytes(8))])
    assert compound_text(broken) == (
        "malformed: generic NACK length: found 8, expected 8 bytes and 4 for each entry, one at least"
        " (RFC 4585 section 6.2.1)"
    )


def test_every_truncation_is_told_or_another_compound() -> None:
    data = serialize_compound([packet for packets, _ in LINES.values() for packet in packets])
    for size in range(len(data)):
        line = compound_text(data[:size])
        assert line.isprintable()
        assert size % 4 == 0 or line.startswith("malformed: ")


def test_whatever_comes_is_one_printable_line(seed: int) -> None:
    chance = random.Random(seed)
    wires = [serialize_compound(packets) for packets, _ in LINES.values()]
    for _ in range(20_000):
        data = bytearray(chance.choice(wires))
        for _ in range(chance.randint(0, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert compound_text(bytes(data)).isprintable()
