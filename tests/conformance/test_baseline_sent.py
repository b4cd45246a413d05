"""Which files a sender takes: baseline, three components, standard tables (RFC 2435 section 4.1)."""

from __future__ import annotations

import pytest

import rtpjpeg
from conformance.builders import Packet, read_all
from conformance.pictures import (
    APP0,
    APP14,
    DHT,
    SOF0,
    SOS,
    Segment,
    jpeg,
    pillow,
    put_together,
    replaced,
    same_pixels,
    scan_of,
    tables_of,
    take_apart,
    with_first,
    with_tables,
    without,
)
from conformance.running import receive
from rtpjpeg import UnsupportedJpegError


def sent(file: bytes) -> list[Packet]:
    return read_all(rtpjpeg.packetize(file))


def payload(file: bytes) -> bytes:
    """All scan bytes of a frame that was sent."""
    return b"".join(packet.data for packet in sent(file))


def sof(file: bytes, **changes: int) -> bytes:
    """The file with single bytes of SOF0 changed: ``byte3=7`` ..."""
    content = bytearray(take_apart(file).contents(SOF0)[0])
    for name, value in changes.items():
        content[int(name.removeprefix("byte"))] = value
    return replaced(file, SOF0, bytes(content))


@pytest.mark.rule("J-086")
@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (pillow(progressive=True, subsampling="4:2:0"), "progressive.*baseline"),
        (replaced(jpeg(), SOF0, take_apart(jpeg()).contents(SOF0)[0], 0xC3), "lossless"),
        (replaced(jpeg(), SOF0, take_apart(jpeg()).contents(SOF0)[0], 0xC9), "arithmetic"),
        (sof(jpeg(), byte0=12), "12 bits"),
        (pillow("L"), "gr[ae]yscale"),
        (pillow("CMYK"), "YCbCr"),
        (without(pillow("CMYK"), APP14), "CMYK"),
        (pillow(subsampling="4:4:4"), "4:4:4"),
    ],
    ids=["progressive", "lossless", "arithmetic", "12 bit", "grey", "Adobe CMYK", "CMYK", "4:4:4"],
)
def test_what_is_not_baseline_with_three_components_is_refused(file, sentence):
    # "... indicating the 'Baseline DCT sequential' mode, 8-bit samples, square pixels, three components
    # in the YUV color space ..."
    with pytest.raises(UnsupportedJpegError, match=sentence):
        sent(file)


@pytest.mark.rule("J-086")
def test_sof1_of_8_bit_samples_is_sent():
    # Extended sequential with what baseline allows is the same scan.
    file = replaced(jpeg(), SOF0, take_apart(jpeg()).contents(SOF0)[0], 0xC1)
    assert payload(file) == scan_of(jpeg())


@pytest.mark.rule("J-087")
def test_scans_of_single_components_are_refused():
    # "... a single interleaved scan with a scan component selector indicating components 1, 2, and 3 in
    # that order."
    single = [replaced(jpeg(), SOS, bytes([1, number, 0, 0, 63, 0])) for number in (1, 2, 3)]
    three = single[0] + b"".join(
        b"\xff\xda\x00\x08" + bytes([1, n, 0x11, 0, 63, 0]) + b"\x12" for n in (2, 3)
    )
    for file in (*single, three):
        with pytest.raises(UnsupportedJpegError, match="interleaved"):
            sent(file)


@pytest.mark.rule("J-087")
def test_components_in_another_order_are_refused():
    for order in ((1, 3, 2), (2, 1, 3), (1, 2, 4)):
        content = bytearray(take_apart(jpeg()).contents(SOS)[0])
        content[1:7:2] = bytes(order)
        with pytest.raises(UnsupportedJpegError):
            sent(replaced(jpeg(), SOS, bytes(content)))


@pytest.mark.rule("J-087")
@pytest.mark.parametrize("change", [(7, 1), (8, 62), (9, 1)])
def test_a_part_of_the_coefficients_is_refused(change):
    content = bytearray(take_apart(jpeg()).contents(SOS)[0])
    content[change[0]] = change[1]
    with pytest.raises(UnsupportedJpegError):
        sent(replaced(jpeg(), SOS, bytes(content)))


@pytest.mark.rule("J-088")
def test_other_huffman_tables_are_refused():
    # "... standard Huffman tables as defined in [1, Annex K.3] ..."
    with pytest.raises(UnsupportedJpegError, match="Huffman.*turn Huffman optimisation off"):
        sent(pillow(optimize=True, subsampling="4:2:0"))


@pytest.mark.rule("J-088")
def test_a_part_of_the_tables_missing_is_refused():
    tables = take_apart(jpeg()).contents(DHT)
    others = [segment for segment in take_apart(jpeg()).segments if segment.code != DHT]
    partial = put_together([Segment(DHT, tables[0]), Segment(DHT, tables[1]), *others], scan_of(jpeg()))
    with pytest.raises(UnsupportedJpegError, match="Huffman"):
        sent(partial)


@pytest.mark.rule("J-088")
def test_tables_in_one_segment_and_unused_ones():
    joined = b"".join(take_apart(jpeg()).contents(DHT)) + bytes([0x02]) + bytes([1] + [0] * 15) + b"\x05"
    file = with_first(without(jpeg(), DHT), Segment(DHT, joined))
    assert payload(file) == scan_of(jpeg())


def renumbered() -> bytes:
    """The same picture; tables have other numbers, Huffman tables 0 and 1 have changed places."""
    parsed = take_apart(jpeg())
    luma, chroma = tables_of(jpeg())[0], tables_of(jpeg())[1]
    file = with_tables(jpeg(), [(3, luma, False), (2, chroma, False)])
    swapped = [Segment(DHT, bytes([content[0] ^ 1]) + content[1:]) for content in parsed.contents(DHT)]
    file = with_first(without(file, DHT), *swapped)
    file = sof(file, byte8=3, byte11=2, byte14=2)
    return replaced(file, SOS, bytes([3, 1, 0x11, 2, 0x00, 3, 0x00, 0, 63, 0]))


@pytest.mark.rule("J-089")
def test_odd_table_numbers_are_mapped():
    # "Component 1 ... uses Huffman table number 0 and quantization table number 0 ... and components 2
    # and 3 ... use Huffman table number 1 and quantization table number 1."
    assert same_pixels(renumbered(), jpeg())
    packets = rtpjpeg.packetize(renumbered())
    assert payload(renumbered()) == scan_of(jpeg())
    assert same_pixels(receive(packets).jpegs[0], jpeg())


@pytest.mark.rule("J-089")
def test_tables_used_the_wrong_way_round_are_refused():
    swapped = [
        Segment(DHT, bytes([content[0] ^ 1]) + content[1:]) for content in take_apart(jpeg()).contents(DHT)
    ]
    with pytest.raises(UnsupportedJpegError, match="Huffman"):
        sent(with_first(without(jpeg(), DHT), *swapped))
    with pytest.raises(UnsupportedJpegError, match="tables"):
        sent(sof(jpeg(), byte14=0))


def adobe(transform: int) -> Segment:
    return Segment(APP14, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, transform]))


@pytest.mark.rule("J-090")
def test_other_colour_spaces_are_refused():
    for transform in (0, 2):
        with pytest.raises(UnsupportedJpegError, match="colour"):
            sent(with_first(without(jpeg(), APP0), adobe(transform)))
    names = bytes([3, ord("R"), 0x00, ord("G"), 0x11, ord("B"), 0x11, 0, 63, 0])
    rgb = sof(replaced(without(jpeg(), APP0), SOS, names), byte6=ord("R"), byte9=ord("G"), byte12=ord("B"))
    with pytest.raises(UnsupportedJpegError, match="RGB"):
        sent(rgb)
    assert payload(with_first(without(jpeg(), APP0), adobe(1))) == scan_of(jpeg())


@pytest.mark.rule("J-090")
def test_other_component_numbers_are_sent():
    # Files with components 0, 1, 2 exist; a receiver writes 1, 2, 3 whatever they were.
    zero_based = replaced(jpeg(), SOS, bytes([3, 0, 0x00, 1, 0x11, 2, 0x11, 0, 63, 0]))
    assert payload(sof(zero_based, byte6=0, byte9=1, byte12=2)) == scan_of(jpeg())


@pytest.mark.rule("J-090")
@pytest.mark.parametrize(
    ("density", "said"), [((1, 1), False), ((72, 72), False), ((2, 1), True), ((10, 11), True)]
)
def test_pixels_that_are_not_square_are_said(density, said):
    content = bytearray(take_apart(jpeg()).contents(APP0)[0])
    content[8:12] = density[0].to_bytes(2, "big") + density[1].to_bytes(2, "big")
    notices = rtpjpeg.parse_jpeg(replaced(jpeg(), APP0, bytes(content))).headers.notices
    assert any("square" in notice for notice in notices) is said


@pytest.mark.rule("J-091")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_missing_huffman_tables_are_the_standard_ones(type):
    # A frame of an AVI file: "AVI1" in APP0, no DHT.
    file = with_first(without(jpeg(type), DHT, APP0), Segment(APP0, b"AVI1" + bytes(10)))
    packets = rtpjpeg.packetize(file)
    assert same_pixels(receive(packets).jpegs[0], without(jpeg(type), APP0))
