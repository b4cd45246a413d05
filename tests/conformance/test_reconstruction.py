"""From packets back to a JPEG file (RFC 2435 sections 4.1, 4.2, Appendices A and B)."""

from __future__ import annotations

import struct

import pytest

from conformance.builders import fragment, main, restart, rtp
from conformance.pictures import (
    APP0,
    DHT,
    DQT,
    DRI,
    SOF0,
    SOS,
    File,
    jpeg,
    pillow,
    pixels,
    same_pixels,
    scan_of,
    tables_of,
    take_apart,
)
from conformance.running import receive
from rtpjpeg.tables import STANDARD_DHT, quantization_tables, recognize_q

TYPES = [0, 1, 64, 65]
# Figure A.6 of T.81, counted by walking the diagonals.
ZIGZAG = sorted(
    range(64),
    key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8),
)
K1_FIRST_ROWS = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55]
K2_FIRST_ROWS = [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99]


def rebuilt(type: int = 1, **options: object) -> File:
    """The file that a receiver makes, taken apart."""
    sizes = {name: options[name] for name in ("width", "height") if name in options}
    packets = fragment(scan_of(jpeg(type, **options)), type=type, interval=4, **sizes)
    (made,) = receive(packets).jpegs
    return take_apart(made)


def natural(table: bytes) -> list[int]:
    """A table in natural order, from zig-zag order."""
    values = [0] * 64
    for position, value in zip(ZIGZAG, table, strict=True):
        values[position] = value
    return values


@pytest.mark.rule("J-108")
def test_scale_factor_joins_at_50():
    # "S = 5000 / Q for 1 <= Q <= 50 = 200 - 2 * Q for 51 <= Q <= 99"
    for q, scale in ((1, 5000), (3, 1666), (49, 102), (50, 100), (51, 98), (99, 2)):
        expected = [min(max((value * scale + 50) // 100, 1), 255) for value in K1_FIRST_ROWS]
        assert natural(quantization_tables(q)[:64])[:16] == expected


@pytest.mark.rule("J-109")
def test_all_q_are_the_tables_of_libjpeg():
    # "... the Independent JPEG Group's formula [5] is used ..."
    for q in range(1, 100):
        made = tables_of(pillow(quality=q, width=8, height=8, subsampling="4:2:0"))
        assert quantization_tables(q) == bytes(made[0] + made[1]), f"Q {q}"


@pytest.mark.rule("J-109")
def test_every_q_is_recognised_again():
    for q in range(1, 100):
        tables = quantization_tables(q)
        assert len(tables) == 128
        assert quantization_tables(recognize_q(tables)) == tables


@pytest.mark.rule("J-110")
def test_q_50_gives_k1_and_k2():
    # "This value is then used to scale Tables K.1 and K.2 from [1]"
    tables = quantization_tables(50)
    assert natural(tables[:64])[:16] == K1_FIRST_ROWS
    assert natural(tables[64:])[:16] == K2_FIRST_ROWS
    assert natural(tables[:64])[-8:] == [72, 92, 95, 98, 112, 100, 103, 99]
    assert set(natural(tables[64:])[32:]) == {99}


@pytest.mark.rule("J-111")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("quality", [5, 63, 95])
def test_computed_tables_stand_in_zig_zag_order(type, quality):
    # Appendix A prints the tables in natural order, Appendix B copies them into a DQT segment as they
    # are; 3.1.8 says "zig-zag order, identical to the format used in a JFIF DQT marker segment".
    file = jpeg(type, quality=quality)
    (made,) = receive(fragment(scan_of(file), type=type, q=quality, interval=4)).jpegs
    assert tables_of(made) == tables_of(file)
    assert same_pixels(made, file)


@pytest.mark.rule("J-113")
@pytest.mark.parametrize("type", TYPES)
def test_order_of_the_segments(type):
    dri = [DRI] if type & 64 else []
    made = rebuilt(type)
    assert made.codes() == [APP0, DQT, DQT, *dri, SOF0, DHT, DHT, DHT, DHT, SOS]
    assert [content[0] for content in made.contents(DQT)] == [0, 1]
    assert made.scan.endswith(b"\xff\xd9")


@pytest.mark.rule("J-114", "J-129", "J-130")
@pytest.mark.parametrize(("type", "factors"), [(0, 0x21), (1, 0x22), (64, 0x21), (65, 0x22)])
def test_frame_header(type, factors):
    # 4.1 numbers the components 1, 2, 3; the code of Appendix B writes 0, 1, 2, and asks `type == 0`,
    # so that type 64, which is 4:2:2, would become 4:2:0.
    (content,) = rebuilt(type, width=320, height=240).contents(SOF0)
    assert len(content) == 17 - 2
    assert content == struct.pack(">BHHB", 8, 240, 320, 3) + bytes([1, factors, 0, 2, 0x11, 1, 3, 0x11, 1])


@pytest.mark.rule("J-115")
@pytest.mark.parametrize("type", TYPES)
def test_huffman_tables_are_those_of_libjpeg(type):
    # "... standard Huffman tables as defined in [1, Annex K.3] ..."
    made, expected = rebuilt(type).contents(DHT), take_apart(jpeg()).contents(DHT)
    assert sorted(made) == sorted(expected)
    assert [content[0] for content in made] == [0x00, 0x10, 0x01, 0x11]
    assert [2 + len(content) for content in made] == [0x1F, 0xB5, 0x1F, 0xB5]
    assert STANDARD_DHT == b"".join(b"\xff\xc4" + struct.pack(">H", 2 + len(part)) + part for part in made)


@pytest.mark.rule("J-116", "J-129")
@pytest.mark.parametrize("type", TYPES)
def test_scan_header(type):
    assert rebuilt(type).contents(SOS) == [bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])]


@pytest.mark.rule("J-117")
def test_8_bit_tables_and_16_bit_tables_of_small_values_make_a_baseline_file():
    file = jpeg(quality=92, chroma_quality=60)
    tables = [struct.pack(">64H", *tables_of(file)[number]) for number in (0, 1)]
    narrow = [bytes(tables_of(file)[number]) for number in (0, 1)]
    for precision, held in (
        (3, tables),
        (1, [tables[0], narrow[1]]),
        (2, [narrow[0], tables[1]]),
        (0, narrow),
    ):
        packets = fragment(scan_of(file), q=255, tables=b"".join(held), precision=precision)
        (made,) = receive(packets).jpegs
        assert SOF0 in take_apart(made).codes()
        assert [len(content) for content in take_apart(made).contents(DQT)] == [65, 65]
        assert same_pixels(made, file)


@pytest.mark.rule("J-117")
def test_16_bit_tables_of_large_values_make_an_extended_file():
    # T.81 section B.2.4.1: baseline has 8-bit tables only. libjpeg reads wide ones with 8-bit samples.
    luma = struct.pack(">64H", *range(200, 200 + 64))
    packets = fragment(scan_of(jpeg()), q=255, tables=luma + bytes([9] * 64), precision=1)
    (made,) = receive(packets).jpegs
    parsed = take_apart(made)
    assert 0xC1 in parsed.codes() and SOF0 not in parsed.codes()
    first, second = parsed.contents(DQT)
    assert first == b"\x10" + luma and 2 + len(first) == 131
    assert second == b"\x01" + bytes([9] * 64)
    assert pixels(made).shape == (48, 64, 3)


@pytest.mark.rule("J-118")
@pytest.mark.parametrize("type", TYPES)
def test_jfif_says_ycbcr_and_square_pixels(type):
    (content,) = rebuilt(type).contents(APP0)
    assert content[:5] == b"JFIF\0"
    assert content[5] == 1, "version 1.x"
    assert content[7] == 0, "no unit: the two numbers are a ratio"
    assert content[8:10] == content[10:12] != b"\0\0"
    assert content[12:14] == b"\0\0", "no thumbnail"


@pytest.mark.rule("J-113", "J-115")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(("width", "height"), [(8, 8), (16, 16), (72, 40), (640, 480), (2040, 32)])
def test_pixels_are_those_of_the_file_that_was_sent(type, width, height):
    file = jpeg(type, width=width, height=height)
    packets = fragment(scan_of(file), type=type, interval=4, width=width, height=height, size=1300)
    (frame,) = receive(packets).frames
    assert same_pixels(frame.jpeg, file)
    assert (frame.width, frame.height, frame.type, frame.q) == (width, height, type, 75)


@pytest.mark.rule("J-130")
def test_type_64_without_markers_is_4_2_2_too():
    scan = scan_of(jpeg(0))
    payload = main(0, type=64) + restart(1000) + scan
    (made,) = receive([rtp(payload, marker=True)]).jpegs
    assert same_pixels(made, jpeg(0))
