"""Reading JPEG files for sending: photographs by three encoders, and a sentence for each refusal."""

from __future__ import annotations

import io
import struct
from functools import cache

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conformance.pictures import (
    APP0,
    APP14,
    DHT,
    DQT,
    DRI,
    SOF0,
    SOS,
    Segment,
    eight_bit,
    intervals_of,
    jpeg,
    pillow,
    put_together,
    replaced,
    scan_of,
    tables_of,
    take_apart,
    with_first,
    with_scan,
    with_tables,
    without,
)
from photographs import PHOTOGRAPHS, encode, photograph
from rtpjpeg import UnsupportedJpegError
from rtpjpeg.jpeg import count_mcus, parse_jpeg, read_size, walk_segments
from rtpjpeg.tables import HUFFMAN_TABLES

SAMPLINGS = {0: "4:2:2", 1: "4:2:0"}


@cache
def photo_by(encoder, name, type):
    """One photograph, quality 75, by one of the encoders that senders use."""
    picture = photograph(name)
    if encoder == "opencv":
        return encode(picture, type, 75)
    if encoder == "simplejpeg":
        return simplejpeg.encode_jpeg(picture, 75, "BGR", SAMPLINGS[type].replace(":", ""))
    buffer = io.BytesIO()
    Image.fromarray(picture[:, :, ::-1]).save(buffer, "JPEG", quality=75, subsampling=SAMPLINGS[type])
    return buffer.getvalue()


@pytest.mark.parametrize("type", SAMPLINGS)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("encoder", ["opencv", "simplejpeg", "pillow"])
def test_photographs_of_all_encoders_are_read(encoder, name, type):
    file = photo_by(encoder, name, type)
    image = parse_jpeg(file)
    height, width = photograph(name).shape[:2]
    assert (image.width, image.height, image.type, image.q) == (width, height, type, 75)
    assert (image.tables, image.precision) == (eight_bit(file), 0)
    assert (image.restart_interval, image.restart_positions.tolist()) == (0, [])
    assert bytes(image.scan) == scan_of(file)
    assert image.headers.prefix + image.scan == file


@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("interval", [1, 7, 40])
def test_restart_intervals_are_found(type, interval):
    file = encode(photograph("coffee"), type, 75, interval)
    image = parse_jpeg(file)
    assert (image.type, image.restart_interval) == (type & 1, interval)
    cuts = [0, *image.restart_positions.tolist(), len(image.scan)]
    pieces = [bytes(image.scan[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]
    assert pieces == intervals_of(scan_of(file))


def test_an_interval_of_the_whole_picture_leaves_no_markers():
    image = parse_jpeg(jpeg(65, interval=4000))
    assert (image.restart_interval, image.headers.restart_interval) == (0, 4000)


@pytest.mark.parametrize("quality", [1, 30, 50, 85, 99])
def test_q_is_the_quality(quality):
    assert parse_jpeg(jpeg(quality=quality)).q == quality


@pytest.mark.parametrize("file", [jpeg(quality=100), jpeg(quality=92, chroma_quality=75)])
def test_other_tables_have_no_q(file):
    image = parse_jpeg(file)
    assert (image.q, image.tables) == (None, eight_bit(file))


def test_sixteen_bit_tables_travel_as_they_are():
    file = jpeg()
    tables = tables_of(file)
    wide = [value + 256 for value in tables[0]]
    luma = parse_jpeg(with_tables(file, [(0, wide, True), (1, tables[1], False)]))
    assert (luma.precision, luma.q) == (1, None)
    assert luma.tables == struct.pack(">64H", *wide) + bytes(tables[1])
    both = parse_jpeg(with_tables(file, [(0, wide, True), (1, wide, True)]))
    assert (both.precision, both.tables) == (3, 2 * struct.pack(">64H", *wide))
    chroma = parse_jpeg(with_tables(file, [(0, tables[0], False), (1, wide, True)]))
    assert chroma.precision == 2


def test_sixteen_bit_tables_of_small_values_travel_as_eight_bit():
    file = jpeg()
    image = parse_jpeg(
        with_tables(file, [(number, table, True) for number, table in tables_of(file).items()])
    )
    assert (image.precision, image.q, image.tables) == (0, 75, eight_bit(file))


def test_several_tables_may_stand_in_one_segment():
    file = jpeg()
    tables = tables_of(file)
    together = b"".join(bytes([number, *tables[number]]) for number in (1, 0))
    assert parse_jpeg(with_first(without(file, DQT), Segment(DQT, together))).q == 75
    huffman = b"".join(bytes([number]) + table for number, table in HUFFMAN_TABLES.items())
    assert parse_jpeg(with_first(without(file, DHT), Segment(DHT, huffman))).q == 75


def test_one_table_for_all_components():
    file = jpeg()
    sof = bytearray(take_apart(file).contents(SOF0)[0])
    sof[11] = sof[14] = 0
    assert parse_jpeg(replaced(file, SOF0, bytes(sof))).tables == bytes(2 * tables_of(file)[0])


def test_sof1_with_eight_bits_is_baseline_enough():
    file = jpeg()
    extended = replaced(file, SOF0, take_apart(file).contents(SOF0)[0], 0xC1)
    assert parse_jpeg(extended).q == 75


def test_missing_huffman_tables_are_the_standard_ones():
    # Cameras that make MJPEG leave them out.
    assert parse_jpeg(without(jpeg(), DHT)).q == 75


def test_a_thumbnail_is_not_taken_for_the_picture():
    thumbnail = jpeg(quality=10, width=16, height=16)
    file = with_first(jpeg(), Segment(0xE1, b"Exif\0\0" + thumbnail), Segment(0xFE, thumbnail))
    image = parse_jpeg(file)
    assert (image.width, image.q, bytes(image.scan)) == (64, 75, scan_of(jpeg()))


def test_fill_bytes_may_stand_in_front_of_a_marker():
    file = jpeg()
    filled = file[:2] + b"\xff\xff\xff" + file[2:]
    assert bytes(parse_jpeg(filled).scan) == scan_of(file)


# what stands behind the data, and how the scan ends then
ENDINGS = [b"", b"\xff", b"\xff\xd9", b"\xff\xff\xff\xd9", b"\xff\xd9\0\0\0", b"\xff\xd9\xff\xd8\xff\xd0"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("type", [1, 65])
def test_a_scan_goes_out_with_one_eoi(type, ending):
    file = jpeg(type)
    image = parse_jpeg(file[:-2] + ending)
    assert bytes(image.scan) == scan_of(file)


def test_a_scan_is_no_copy():
    file = jpeg()
    assert parse_jpeg(file).scan.obj is file


def test_known_headers_are_not_read_again():
    first, second = jpeg(seed=1), jpeg(seed=2)
    known = parse_jpeg(first).headers
    image = parse_jpeg(second, known)
    assert image.headers is known
    assert bytes(image.scan) == scan_of(second)
    other = parse_jpeg(jpeg(quality=50), known)
    assert other.headers is not known
    assert other.q == 50


@pytest.mark.parametrize(
    ("width", "height", "notices"),
    [
        (64, 48, ()),
        (60, 48, ("60x48 travels as 64x48; x-dimensions in the SDP tells the size",)),
        (64, 41, ("64x41 travels as 64x48; x-dimensions in the SDP tells the size",)),
    ],
)
def test_a_size_that_is_rounded_is_said(width, height, notices):
    image = parse_jpeg(jpeg(width=width, height=height))
    assert (image.width, image.height, image.headers.notices) == (width, height, notices)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"JFIF\0\1\1\0\0\1\0\1\0\0", False),
        (b"JFIF\0\1\1\0\0\2\0\1\0\0", True),
        (b"JFXX\0\1\1\0\0\2\0\1\0\0", False),
    ],
)
def test_pixels_that_are_not_square_are_said(content, said):
    notices = parse_jpeg(replaced(jpeg(), APP0, content)).headers.notices
    assert notices == (
        ("pixels are not square; RTP/JPEG cannot say so (RFC 2435 section 4.1)",) if said else ()
    )


@pytest.mark.parametrize(
    "content", [b"Adobe\0\x64\0\0\0\0\1", b"Adobe", b"Photoshop\0\0\0\0", b"Adobe\0\x64\0\0\0\0\1\0"]
)
def test_an_adobe_segment_that_says_ycbcr_is_fine(content):
    assert parse_jpeg(with_first(jpeg(), Segment(APP14, content))).q == 75


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize(
    ("width", "height", "mcus_422", "mcus_420"),
    [
        (16, 16, 2, 1),
        (8, 8, 1, 1),
        (17, 17, 6, 4),
        (640, 480, 2400, 1200),
        (0, 0, 0, 0),
        (2040, 2040, 32640, 16384),
    ],
)
def test_mcus(type, width, height, mcus_422, mcus_420):
    assert count_mcus(type, width, height) == (mcus_420 if type & 1 else mcus_422)


def sof(**changes):
    """A frame header, type 1, 64x48, with changes."""
    fields = {
        "bits": 8,
        "height": 48,
        "width": 64,
        "count": 3,
        "sampling": (0x22, 0x11, 0x11),
        "numbers": (1, 2, 3),
    }
    fields |= changes
    content = struct.pack(">BHHB", fields["bits"], fields["height"], fields["width"], fields["count"])
    for number, factors, table in zip(fields["numbers"], fields["sampling"], (0, 1, 1), strict=True):
        content += bytes([number, factors, table])
    return replaced(jpeg(), SOF0, content)


def sos(content):
    return replaced(jpeg(), SOS, bytes.fromhex(content))


def other_huffman():
    table = bytearray(HUFFMAN_TABLES[0x11])
    table[-1], table[-2] = table[-2], table[-1]
    return bytes([0x11]) + table


def chroma_tables_differ():
    content = bytearray(take_apart(jpeg()).contents(SOF0)[0])
    content[14] = 0
    return replaced(jpeg(), SOF0, bytes(content))


def with_zero():
    tables = tables_of(jpeg())
    return with_tables(jpeg(), [(0, tables[0], False), (1, [0, *tables[1][1:]], False)])


def swapped(scan):
    """A scan with its first two restart markers in the wrong order."""
    first, second, *others = intervals_of(scan)[1:]
    assert not others
    return intervals_of(scan)[0] + b"\xff\xd1" + first[2:] + b"\xff\xd0" + second[2:]


RESTARTED = jpeg(65)
REFUSALS = {
    "nothing": (b"", "JPEG: found no bytes, expected FF D8, a JPEG file"),
    "a PNG": (b"\x89PNG\r\n", "JPEG: found first bytes 89 50, expected FF D8, a JPEG file"),
    "SOI alone": (b"\xff\xd8", "JPEG header: found no segment at byte 2 of 2, expected a whole file"),
    "no marker": (b"\xff\xd8\x00\x00\x00\x00", "JPEG header: found no segment at byte 2 of 6"),
    "a segment cut": (jpeg()[:15], "JPEG segment FFE0: found cut at byte 15"),
    "a segment of length 1": (b"\xff\xd8\xff\xe0\x00\x01\x00", "JPEG segment FFE0: found cut at byte 7"),
    "no SOF": (without(jpeg(), SOF0), "scan: found no baseline SOF in front of it, expected one interleaved"),
    "progressive": (
        pillow(progressive=True),
        "coding: found progressive, expected baseline: set the encoder",
    ),
    "lossless": (replaced(jpeg(), SOF0, b"", 0xC3), "coding: found lossless"),
    "arithmetic": (replaced(jpeg(), SOF0, b"", 0xC9), "coding: found arithmetic"),
    "12 bits": (sof(bits=12), "sample precision: found 12 bits, expected 8 bits: set the encoder to 8 bits"),
    "grayscale": (pillow("L"), "components: found 1 (grayscale), expected 3: set the encoder to YCbCr"),
    "CMYK": (
        without(pillow("CMYK"), APP14),
        "components: found 4 (CMYK), expected 3: set the encoder to YCbCr",
    ),
    "two components": (sof(count=2), "components: found 2, expected 3"),
    "too wide": (
        sof(width=2041),
        "size: found 2041x48, expected 1 to 2040 pixels a side: set a smaller size",
    ),
    "too high": (sof(height=2041), "size: found 64x2041, expected 1 to 2040"),
    "no width": (sof(width=0), "size: found 0x48, expected 1 to 2040"),
    "no height": (sof(height=0), "size: found 64x0, expected 1 to 2040"),
    "SOF cut": (replaced(jpeg(), SOF0, b"\x08\0\x30"), "JPEG segment FFC0: found 3 bytes, expected more"),
    "SOF with two entries": (
        replaced(jpeg(), SOF0, take_apart(jpeg()).contents(SOF0)[0][:12]),
        "JPEG segment FFC0: found 12 bytes, expected more",
    ),
    "SOF with a broken entry": (
        replaced(jpeg(), SOF0, take_apart(jpeg()).contents(SOF0)[0][:14]),
        "JPEG segment FFC0: found 14 bytes, expected more",
    ),
    "4:4:4": (pillow(subsampling=0), "sampling: found 4:4:4 (1x1, 1x1, 1x1), expected 4:2:0 or 4:2:2"),
    "4:2:2 with chroma 1x2": (
        sof(sampling=(0x22, 0x12, 0x12)),
        "sampling: found 4:2:2 with chroma 1x2 (2x2, 1x2, 1x2), expected 4:2:0 or 4:2:2 with chroma 1x1",
    ),
    "odd sampling": (sof(sampling=(0x31, 0x11, 0x21)), "sampling: found 3x1, 1x1, 2x1, expected 4:2:0"),
    "RGB": (
        replaced(sof(numbers=b"RGB"), SOS, bytes.fromhex("03 5200 4711 4211 003F00")),
        "colour space: found RGB, expected YCbCr",
    ),
    "Adobe RGB": (
        with_first(jpeg(), Segment(APP14, b"Adobe\0\x64\0\0\0\0\0")),
        "Adobe colour transform: found 0, expected 1, YCbCr: set the encoder to YCbCr",
    ),
    "optimised Huffman tables": (
        pillow(optimize=True),
        "Huffman tables: found others in table 00, expected the standard tables: turn Huffman",
    ),
    "one foreign Huffman table": (
        with_first(
            without(jpeg(), DHT),
            *[Segment(DHT, bytes([n]) + t) for n, t in HUFFMAN_TABLES.items() if n != 0x11],
            Segment(DHT, other_huffman()),
        ),
        "Huffman tables: found others in table 11",
    ),
    "one Huffman table missing": (
        with_first(
            without(jpeg(), DHT), *[Segment(DHT, bytes([n]) + t) for n, t in HUFFMAN_TABLES.items() if n]
        ),
        "Huffman tables: found others in table 00",
    ),
    "luma tables for chroma": (sos("03 0100 0200 0300 003F00"), "Huffman tables: found others in table 00"),
    "SOS empty": (sos(""), "JPEG segment FFDA: found 0 bytes, expected more"),
    "a scan of one component": (
        sos("01 0100 003F00"),
        "scan: found 1 components, expected one interleaved scan of 3",
    ),
    "components in another order": (
        sos("03 0100 0311 0211 003F00"),
        "scan: found components [1, 3, 2], expected those",
    ),
    "SOS cut": (sos("03 0100 0211"), "scan: found components [1, 2], expected those of SOF"),
    "spectral selection": (
        sos("03 0100 0211 0311 000000"),
        "spectral selection: found 00 00 00, expected 00 3f 00",
    ),
    "DRI cut": (with_first(jpeg(), Segment(DRI, b"\0")), "JPEG segment FFDD: found 1 bytes, expected more"),
    "DHT cut": (
        with_first(without(jpeg(), DHT), Segment(DHT, b"\0\1")),
        "Huffman tables: found others in table 00",
    ),
    "DQT cut": (
        with_first(jpeg(), Segment(DQT, b"\2" + bytes(60))),
        "DQT table 2: found 60 bytes, expected 64 bytes",
    ),
    "wide DQT cut": (
        with_first(jpeg(), Segment(DQT, b"\x12" + bytes(64))),
        "DQT table 2: found 64 bytes, expected 128 bytes",
    ),
    "no DQT": (without(jpeg(), DQT), "quantization table 0: found missing, expected 64 values above 0"),
    "a zero in a table": (with_zero(), "quantization table 1: found zero values, expected 64 values above 0"),
    "two chroma tables": (
        chroma_tables_differ(),
        "quantization tables of Cb and Cr: found two different ones, expected one table for both",
    ),
    "no data": (with_scan(jpeg(), b""), "scan: found no data behind SOS, expected entropy-coded data"),
    "only EOI": (with_scan(jpeg(), b"\xff\xd9"), "scan: found no data behind SOS"),
    "a second scan": (
        with_scan(jpeg(), scan_of(jpeg())[:-2] + b"\xff\xda\x00\x02"),
        "scan: found marker FFDA inside it, expected one undamaged baseline scan",
    ),
    "markers without DRI": (
        without(RESTARTED, DRI),
        "restart markers: found 2 without DRI segment, expected a DRI",
    ),
    "a marker missing": (
        with_scan(RESTARTED, scan_of(RESTARTED).replace(b"\xff\xd1", b"")),
        "restart markers: found 1, expected 2 in order: the frame is damaged",
    ),
    "a marker too many": (
        with_scan(RESTARTED, scan_of(RESTARTED)[:-2] + b"\xff\xd2\x12"),
        "restart markers: found 3, expected 2 in order",
    ),
    "markers out of order": (
        with_scan(RESTARTED, swapped(scan_of(RESTARTED))),
        "restart markers: found 2 out of order, expected 2 in order: the frame is damaged",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_travel_is_refused_with_a_sentence(name):
    file, sentence = REFUSALS[name]
    with pytest.raises(UnsupportedJpegError) as caught:
        parse_jpeg(file)
    assert str(caught.value).startswith(sentence)
    assert "(RFC 2435 section " in str(caught.value)


@pytest.mark.parametrize("type", [1, 65])
def test_every_truncation_of_the_headers_is_refused(type):
    file = jpeg(type)
    for size in range(len(file) - len(scan_of(file)) + 1):
        with pytest.raises(UnsupportedJpegError):
            parse_jpeg(file[:size])


def test_a_scan_that_was_cut_lacks_restart_markers():
    file = jpeg(65)
    first, last = file.index(b"\xff\xd0"), file.index(b"\xff\xd1")
    for size in range(first + 2, last + 2):
        with pytest.raises(UnsupportedJpegError) as caught:
            parse_jpeg(file[:size])
        assert (caught.value.field, caught.value.found) == ("restart markers", "1")


def check(data):
    """Any bytes are an image or a sentence."""
    try:
        image = parse_jpeg(data)
    except UnsupportedJpegError:
        return
    assert image.type in (0, 1)
    assert 0 < image.width <= 2040
    assert 0 < image.height <= 2040
    assert bytes(image.scan[-2:]) == b"\xff\xd9"


@given(st.binary(max_size=60))
def test_any_bytes_are_an_image_or_refused(data):
    check(data)
    check(b"\xff\xd8" + data)


SMALL = jpeg(65, width=32, height=16, interval=1)


@given(
    st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=4), st.integers(0, 40)
)
def test_a_damaged_file_is_an_image_or_refused(changes, cut):
    data = bytearray(SMALL)
    for position, value in changes:
        data[position] = value
    check(bytes(data[: len(data) - cut]))


segments = st.builds(
    Segment,
    st.sampled_from([SOF0, 0xC1, 0xC2, DHT, DQT, DRI, APP0, APP14, SOS]),
    st.binary(max_size=30) | st.sampled_from([segment.content for segment in take_apart(SMALL).segments]),
)


@given(st.lists(segments, max_size=6), st.booleans())
def test_any_segments_are_an_image_or_refused(held, in_front):
    parts = take_apart(SMALL)
    check(put_together([*held, *parts.segments] if in_front else [*parts.segments[:-1], *held], parts.scan))


@pytest.mark.parametrize("file", [jpeg(), pillow(progressive=True), pillow("L"), pillow("CMYK")])
def test_the_size_of_any_kind_of_jpeg(file):
    assert read_size(file) == (64, 48)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (without(jpeg(), SOF0), "JPEG header: found no SOF segment"),
        (replaced(jpeg(), SOF0, b"\x08\0\0\0\0"), "JPEG header: found no SOF segment"),
        (b"GIF89a", "JPEG: found first bytes 47 49"),
    ],
)
def test_no_size(file, sentence):
    with pytest.raises(UnsupportedJpegError) as caught:
        read_size(file)
    assert str(caught.value).startswith(sentence)


def test_segments_are_walked_up_to_sos():
    file = jpeg(65)
    found = [(code, file[start:end]) for code, start, end in walk_segments(file)]
    assert found == [tuple(segment) for segment in take_apart(file).segments]


def test_the_pixels_of_a_photograph_are_in_its_scan_and_tables_alone():
    # What is not kept (APPn, COM) is not needed: the same scan behind bare headers is the same picture.
    file = photo_by("pillow", "chelsea", 1)
    bare = without(file, APP0, 0xE1, 0xFE)
    parsed = parse_jpeg(bare)
    assert bytes(parsed.scan) == bytes(parse_jpeg(file).scan)
    first, second = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (file, bare))
    assert (first == second).all()
