"""The tables of RFC 2435, against those that libjpeg writes into a file."""

from __future__ import annotations

from functools import cache

import pytest

from conformance.pictures import DHT, jpeg, pillow, tables_of, take_apart
from rtpjpeg.tables import HUFFMAN_TABLES, STANDARD_DHT, ZIGZAG, quantization_tables, recognize_q


@cache
def libjpeg_tables(quality):
    """Both tables of a file that libjpeg made with this quality: zig-zag order, 128 bytes."""
    tables = tables_of(jpeg(quality=quality, width=16, height=16))
    return bytes(tables[0] + tables[1])


@pytest.mark.parametrize("q", range(1, 100))
def test_q_is_libjpegs_quality(q):
    # RFC 2435 section 4.2: "the Independent JPEG Group's" scaling.
    assert quantization_tables(q) == libjpeg_tables(q)
    assert recognize_q(libjpeg_tables(q)) == q


@pytest.mark.parametrize("q", [-1, 0, 100, 127, 128, 255])
def test_other_q_have_no_computed_tables(q):
    with pytest.raises(ValueError, match=f"Q: found {q}, expected 1 to 99"):
        quantization_tables(q)


@pytest.mark.parametrize("position", [0, 63, 64, 127])
def test_tables_that_are_a_little_different_are_of_no_q(position):
    tables = bytearray(quantization_tables(75))
    tables[position] += 1
    assert recognize_q(bytes(tables)) is None


@pytest.mark.parametrize(
    "tables", [b"", bytes(64), bytes(128), quantization_tables(50)[:64], libjpeg_tables(100)]
)
def test_other_tables_are_of_no_q(tables):
    assert recognize_q(tables) is None


def test_luma_and_chroma_of_two_qualities_are_of_no_q():
    assert recognize_q(quantization_tables(92)[:64] + quantization_tables(75)[64:]) is None


def test_zigzag_walks_the_diagonals():
    # T.81 figure A.6: diagonal by diagonal, odd ones downwards, even ones upwards.
    def order(position):
        row, column = divmod(position, 8)
        diagonal = row + column
        return diagonal, row if diagonal % 2 else column

    assert list(ZIGZAG) == sorted(range(64), key=order)


def test_q_50_is_table_k1_in_zigzag_order():
    # T.81 table K.1 as it is printed begins with 16 11 10 16; its second row with 12 12 14.
    assert list(quantization_tables(50)[:6]) == [16, 11, 12, 14, 12, 10]
    assert list(quantization_tables(50)[64:70]) == [17, 18, 18, 24, 21, 24]


def test_the_huffman_tables_are_those_of_libjpeg():
    for file in (jpeg(), pillow()):
        contents = take_apart(file).contents(DHT)
        written = {}
        for content in contents:  # One segment may hold several tables.
            while content:
                size = 17 + sum(content[1:17])
                written[content[0]], content = content[1:size], content[size:]
        assert written == HUFFMAN_TABLES


def test_the_dht_segments_hold_the_tables_in_the_order_of_appendix_b():
    position, order = 0, []
    while position < len(STANDARD_DHT):
        assert STANDARD_DHT[position : position + 2] == b"\xff\xc4"
        end = position + 2 + int.from_bytes(STANDARD_DHT[position + 2 : position + 4], "big")
        number = STANDARD_DHT[position + 4]
        assert STANDARD_DHT[position + 5 : end] == HUFFMAN_TABLES[number]
        order.append(number)
        position = end
    assert order == [0x00, 0x10, 0x01, 0x11]
