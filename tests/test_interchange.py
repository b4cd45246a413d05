"""From header fields back to a JPEG file, judged by two decoders and by the reader of files."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from conformance.pictures import (
    APP0,
    DHT,
    DQT,
    DRI,
    SOF0,
    SOS,
    eight_bit,
    jpeg,
    scan_of,
    tables_of,
    take_apart,
    with_tables,
)
from photographs import PHOTOGRAPHS, encode, photograph
from rtpjpeg.interchange import make_header, split_tables
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.tables import quantization_tables

SOF1 = 0xC1
TABLES = quantization_tables(75)
LUMA, CHROMA = TABLES[:64], TABLES[64:]
WIDE = bytes(value for number in range(64) for value in (number % 3, number + 1))
WIDE_BUT_SMALL = bytes(value for number in LUMA for value in (0, number))


def parts(*arguments):
    """The segments of a header."""
    return take_apart(make_header(*arguments))


def pixels(file):
    return simplejpeg.decode_jpeg(file, "BGR", fastdct=False, fastupsample=False, strict=True)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_a_photograph_behind_a_new_header_has_the_same_pixels(name, type):
    file = encode(photograph(name), type, 85)
    image = parse_jpeg(file)
    header = make_header(
        type, image.width, image.height, image.tables, image.precision, image.restart_interval
    )
    again = header + image.scan
    assert (pixels(again) == pixels(file)).all()
    first, second = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (again, file))
    assert (first == second).all()


@given(
    st.sampled_from([0, 1, 64, 65]),
    st.integers(1, 2040),
    st.integers(1, 2040),
    st.binary(min_size=128, max_size=128).map(lambda data: data.replace(b"\0", b"\1")),
    st.integers(0, 0xFFFF),
)
def test_what_is_written_is_read_again(type, width, height, tables, interval):
    headers = parse_jpeg(make_header(type, width, height, tables, 0, interval) + b"\x12\xff\xd9").headers
    assert (headers.type, headers.width, headers.height) == (type & 1, width, height)
    assert (headers.tables, headers.precision, headers.restart_interval) == (tables, 0, interval)


def test_the_segments_and_their_order():
    header = parts(65, 640, 480, TABLES, 0, 40)
    assert header.codes() == [APP0, DQT, DQT, DRI, SOF0, DHT, DHT, DHT, DHT, SOS]
    assert header.scan == b""
    assert header.contents(APP0) == [b"JFIF\0\1\1\0\0\1\0\1\0\0"]
    assert header.contents(DQT) == [b"\0" + LUMA, b"\1" + CHROMA]
    assert header.contents(DRI) == [b"\0\x28"]
    assert header.contents(SOF0) == [bytes.fromhex("08 01E0 0280 03 012200 021101 031101")]
    assert header.contents(SOS) == [bytes.fromhex("03 0100 0211 0311 003F00")]


def test_no_interval_no_dri():
    assert DRI not in parts(1, 640, 480, TABLES).codes()


@pytest.mark.parametrize(("type", "factors"), [(0, 0x21), (64, 0x21), (1, 0x22), (65, 0x22)])
def test_the_restart_bit_does_not_choose_the_sampling(type, factors):
    assert parts(type, 64, 48, TABLES).contents(SOF0)[0][7] == factors


# tables, precision; what the DQT segments hold, and which SOF says so
FORMS = [
    (TABLES, 0, [b"\0" + LUMA, b"\1" + CHROMA], SOF0),
    (LUMA, 0, [b"\0" + LUMA, b"\1" + LUMA], SOF0),
    (WIDE + WIDE, 3, [b"\x10" + WIDE, b"\x11" + WIDE], SOF1),
    (WIDE, 1, [b"\x10" + WIDE, b"\x11" + WIDE], SOF1),
    (WIDE + CHROMA, 1, [b"\x10" + WIDE, b"\1" + CHROMA], SOF1),
    (LUMA + WIDE, 2, [b"\0" + LUMA, b"\x11" + WIDE], SOF1),
    (LUMA + WIDE_BUT_SMALL, 2, [b"\0" + LUMA, b"\1" + LUMA], SOF0),
    (WIDE_BUT_SMALL + WIDE_BUT_SMALL, 3, [b"\0" + LUMA, b"\1" + LUMA], SOF0),
]


@pytest.mark.parametrize(("tables", "precision", "contents", "sof"), FORMS)
def test_tables_of_either_precision(tables, precision, contents, sof):
    header = parts(1, 64, 48, tables, precision)
    assert header.contents(DQT) == contents
    assert len(header.contents(sof)) == 1


def test_sixteen_bit_tables_decode():
    file = jpeg()
    tables = tables_of(file)
    wide = with_tables(file, [(0, [value + 256 for value in tables[0]], True), (1, tables[1], False)])
    image = parse_jpeg(wide)
    again = make_header(1, 64, 48, image.tables, image.precision) + scan_of(file)
    assert (pixels(again) == pixels(wide)).all()
    assert (pixels(again) != pixels(file)).any()


# tables, precision, luma, chroma
SPLITS = [
    (LUMA, 0, LUMA, LUMA),
    (LUMA, 2, LUMA, LUMA),
    (WIDE, 1, WIDE, WIDE),
    (WIDE, 3, WIDE, WIDE),
    (TABLES, 0, LUMA, CHROMA),
    (TABLES, 4, LUMA, CHROMA),
    (TABLES, 0xFC, LUMA, CHROMA),
    (WIDE + CHROMA, 1, WIDE, CHROMA),
    (LUMA + WIDE, 2, LUMA, WIDE),
    (WIDE + WIDE, 3, WIDE, WIDE),
    (TABLES + LUMA, 0, LUMA, CHROMA),
    (TABLES + TABLES, 0, LUMA, CHROMA),
    (TABLES + WIDE, 4, LUMA, CHROMA),
]


@pytest.mark.parametrize(("tables", "precision", "luma", "chroma"), SPLITS)
def test_split_tables(tables, precision, luma, chroma):
    assert split_tables(tables, precision) == (luma, chroma)


# bytes, precision, what fits
MISFITS = [
    (0, 0, "64 or 128"),
    (63, 0, "64 or 128"),
    (65, 0, "64 or 128"),
    (127, 0, "64 or 128"),
    (129, 0, "64 or 128"),
    (191, 0, "64 or 128"),
    (64, 1, "128 or 192"),
    (128, 2, "64 or 192"),
    (192, 3, "128 or 256"),
    (64, 3, "128 or 256"),
]


@pytest.mark.parametrize(("size", "precision", "fitting"), MISFITS)
def test_tables_that_do_not_fit_the_precision(size, precision, fitting):
    with pytest.raises(ValueError, match=f"found {size} bytes, expected {fitting}"):
        split_tables(bytes(size), precision)
    with pytest.raises(ValueError, match=f"found {size} bytes"):
        make_header(1, 64, 48, bytes(size), precision)


@given(st.binary(max_size=400), st.integers(0, 255))
def test_any_tables_are_split_or_refused(tables, precision):
    try:
        luma, chroma = split_tables(tables, precision)
    except ValueError as error:
        assert f"found {len(tables)} bytes" in str(error)
        return
    assert (len(luma), len(chroma)) in {(64, 64), (64, 128), (128, 64), (128, 128)}
    assert tables.startswith(luma if len(luma) == len(tables) else luma + chroma)


def test_sides_are_sixteen_bits():
    # The main header ends at 2040; a size told in SDP may be larger.
    assert struct.unpack(">HH", parts(1, 4096, 3000, TABLES).contents(SOF0)[0][1:5]) == (3000, 4096)


def test_eight_bit_tables_go_back_where_they_came_from():
    file = jpeg(quality=92, chroma_quality=75)
    assert eight_bit(make_header(1, 64, 48, eight_bit(file))) == eight_bit(file)
