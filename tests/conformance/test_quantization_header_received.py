"""The quantisation table header as a receiver takes it (RFC 2435 sections 3.1.8, 4.2)."""

from __future__ import annotations

import struct

import pytest

import rtpjpeg
from conformance.builders import fragment, main, rtp, table_header
from conformance.pictures import (
    eight_bit,
    filler,
    jpeg,
    same_pixels,
    scan_of,
    tables_of,
    with_tables,
)
from conformance.running import Viewer, receive
from rtpjpeg import MalformedPacketError

OWN = jpeg(quality=92, chroma_quality=60)
OTHER = jpeg(quality=80, chroma_quality=40)


def custom(file: bytes = OWN, *, q: int = 255, tables: bytes | None = None, **options: object) -> list[bytes]:
    """A frame with a table header: its tables, others, or none (empty)."""
    return fragment(scan_of(file), q=q, tables=eight_bit(file) if tables is None else tables, **options)


@pytest.mark.rule("J-030")
@pytest.mark.parametrize("q", [128, 255])
def test_table_header_is_looked_for_at_offset_0_only(q):
    # "... in the first packet of the frame (fragment offset 0)"
    scan = filler(400, ending=b"") + b"\x00\x00\x00\x80" + filler(700)
    packets = fragment(scan, q=q, tables=eight_bit(OWN))
    assert packets[1][20:24] == b"\x00\x00\x00\x80"
    assert scan_of(receive(packets).jpegs[0]) == scan
    payload = rtpjpeg.JpegPayload.parse(packets[1][12:])
    assert payload.quantization is None and payload.data == packets[1][20:]


@pytest.mark.rule("J-054")
def test_mbz_is_not_looked_at():
    outcome = receive(custom(mbz=1))
    assert same_pixels(outcome.jpegs[0], OWN)


@pytest.mark.rule("J-057")
@pytest.mark.parametrize("length", [109, 500, 0xFFFF])
def test_a_length_beyond_the_packet_discards_the_packet(length):
    # "If the Length field in a received packet is larger than the remaining number of bytes, the
    # packet MUST be discarded."
    body = main(0, q=255) + table_header(bytes(108), length=length)
    assert len(body) == 120
    broken = rtp(body, sequence=1)
    rest = custom()[1:]
    outcome = receive([broken, *rest])
    assert not outcome.frames
    assert len(outcome.rejected) == 1
    assert f"found {length}" in str(outcome.rejected[0].error)
    with pytest.raises(MalformedPacketError):
        rtpjpeg.QuantizationTableHeader.parse(body[8:])


@pytest.mark.rule("J-059")
def test_tables_are_copied_in_zig_zag_order():
    values = list(range(1, 65))
    outcome = receive(custom(tables=bytes(values + values[::-1])))
    assert tables_of(outcome.jpegs[0]) == {0: values, 1: values[::-1]}


def wide(luma: bool, chroma: bool) -> tuple[bytes, bytes]:
    """A file with 16-bit tables where asked, and its tables as they travel."""
    held = [
        (number, [value + 300 * large for value in values], large)
        for (number, values), large in zip(tables_of(OWN).items(), (luma, chroma), strict=True)
    ]
    travelling = b"".join(struct.pack(">64H" if large else "64B", *values) for _, values, large in held)
    return with_tables(OWN, held), travelling


@pytest.mark.rule("J-060", "J-061", "J-117")
@pytest.mark.parametrize("noise", [0, 0xFC])
@pytest.mark.parametrize(
    ("luma", "chroma", "precision", "length"),
    [(True, False, 1, 192), (False, True, 2, 192), (True, True, 3, 256)],
)
def test_16_bit_tables(luma, chroma, precision, length, noise):
    # "If the bit is one, the coefficients are 16 bits for a table length of 128 bytes. For 16 bit
    # tables, the coefficients are presented in network byte order."
    file, tables = wide(luma, chroma)
    assert len(tables) == length
    (made,) = receive(custom(file, tables=tables, precision=precision | noise)).jpegs
    assert tables_of(made) == tables_of(file)
    assert same_pixels(made, file)


@pytest.mark.rule("J-062")
def test_precision_bits_beyond_the_two_tables_are_ignored():
    # "Bits beyond those corresponding to the tables needed by the type in use MUST be ignored."
    outcome = receive(custom(precision=0xFC))
    assert same_pixels(outcome.jpegs[0], OWN)


@pytest.mark.rule("J-063")
@pytest.mark.parametrize("length", [64, 192, 256])
def test_a_length_that_does_not_fit_is_mapped_and_named(length):
    tables = (eight_bit(OWN) * 2)[:length]
    outcome = receive(custom(tables=tables))
    assert outcome.findings
    assert len(outcome.frames) + len(outcome.dropped) == 1
    for made in outcome.jpegs:
        luma, chroma = tables_of(made)[0], tables_of(made)[1]
        assert bytes(luma) == tables[:64]
        assert bytes(chroma) == (tables[64:128] or tables)


@pytest.mark.rule("J-063")
@pytest.mark.parametrize(
    ("length", "precision"), [(129, 0), (1, 0), (63, 0), (127, 3), (64, 1), (128, 2), (255, 3)]
)
def test_a_length_that_cannot_be_mapped_is_refused_by_name(length, precision):
    outcome = receive(custom(tables=bytes([9]) * length, precision=precision))
    assert not outcome.frames
    assert "table" in outcome.complaints and f"found {length}" in outcome.complaints
    assert outcome.findings


@pytest.mark.rule("J-119")
def test_one_table_is_used_for_all_components():
    file = with_tables(OWN, [(number, tables_of(OWN)[0], False) for number in (0, 1)])
    outcome = receive(custom(file, tables=bytes(tables_of(OWN)[0])))
    assert same_pixels(outcome.jpegs[0], file)
    assert outcome.findings


@pytest.mark.rule("J-119")
@pytest.mark.parametrize("precision", [1, 3])
def test_one_16_bit_table_is_used_for_all_components(precision):
    outcome = receive(custom(tables=bytes([1, 9]) * 64, precision=precision))
    assert tables_of(outcome.jpegs[0]) == {0: [0x0109] * 64, 1: [0x0109] * 64}
    assert outcome.findings


@pytest.mark.rule("J-065")
@pytest.mark.parametrize("q", [128, 200, 254])
def test_static_tables_are_needed_once(q):
    # "... the receivers are guaranteed that they only need to read the table data once in order to
    # correctly decode frames sent with that Q value."
    packets = custom(q=q)
    for number in range(1, 4):
        packets += custom(q=q, tables=b"", sequence=1 + len(packets), timestamp=9000 + 3000 * number)
    outcome = receive(packets)
    assert len(outcome.frames) == 4
    assert all(same_pixels(made, OWN) for made in outcome.jpegs)


@pytest.mark.rule("J-066")
def test_static_tables_are_kept_for_each_q():
    packets = custom(q=128) + custom(OTHER, q=129, sequence=100, timestamp=12000)
    packets += custom(q=128, tables=b"", sequence=200, timestamp=15000)
    packets += custom(OTHER, q=129, tables=b"", sequence=300, timestamp=18000)
    packets += custom(q=130, tables=b"", sequence=400, timestamp=21000)
    outcome = receive(packets)
    assert len(outcome.frames) == 4 and len(outcome.dropped) == 1
    for made, file in zip(outcome.jpegs, (OWN, OTHER, OWN, OTHER), strict=True):
        assert same_pixels(made, file)


@pytest.mark.rule("J-066")
def test_static_tables_are_forgotten_with_their_source():
    viewer = Viewer()
    viewer.take(custom(q=128), step=0.001)
    viewer.wait(10)
    number = 1
    for frame in range(6):
        packets = custom(q=128, tables=b"", ssrc=77, sequence=number, timestamp=90000 + 3000 * frame)
        viewer.take(packets, step=0.001)
        number += len(packets)
    viewer.wait(1)
    assert len(viewer.outcome.frames) == 1, "the tables of another source were used"
    viewer.take(custom(OTHER, q=128, ssrc=77, sequence=number, timestamp=120000), step=0.001)
    viewer.wait(1)
    assert [frame.ssrc for frame in viewer.outcome.frames][1:] == [77]
    assert same_pixels(viewer.outcome.jpegs[1], OTHER)


@pytest.mark.rule("J-067")
def test_a_changed_static_table_is_taken_over_and_named():
    packets = custom(q=128) + custom(OTHER, q=128, sequence=100, timestamp=12000)
    packets += custom(OTHER, q=128, tables=b"", sequence=200, timestamp=15000)
    outcome = receive(packets)
    for made, file in zip(outcome.jpegs, (OWN, OTHER, OTHER), strict=True):
        assert same_pixels(made, file)
    assert sum(outcome.findings.values()) == 1


@pytest.mark.rule("J-065")
def test_equal_static_tables_are_no_finding():
    packets = custom(q=128) + custom(q=128, sequence=100, timestamp=12000)
    assert not receive(packets).findings


@pytest.mark.rule("J-068")
def test_tables_of_an_earlier_frame_are_not_used_with_255():
    # "Decoders MUST NOT depend on any previous version of the tables, and need to reload these tables
    # on every frame."
    first = custom()
    second = custom(OTHER, sequence=1 + len(first), timestamp=12000)
    outcome = receive([*first, *second[1:]])
    assert len(outcome.frames) == 1 and len(outcome.dropped) == 1


@pytest.mark.rule("J-068", "J-127")
def test_255_without_tables_is_refused_by_name():
    # "Packets MUST NOT contain Q = 255 and Length = 0."
    outcome = receive([*custom(), *custom(tables=b"", sequence=100, timestamp=12000)])
    assert len(outcome.frames) == 1 and len(outcome.dropped) == 1
    assert "255" in outcome.complaints and "table" in outcome.complaints


@pytest.mark.rule("J-070")
@pytest.mark.parametrize("q", [128, 254])
def test_static_q_whose_tables_never_came_is_reported(q):
    # "... new receivers will be unable to properly decode frames from the time they start up until
    # they receive the tables."
    outcome = receive(custom(q=q, tables=b""))
    assert not outcome.frames and len(outcome.dropped) == 1
    assert str(q) in outcome.complaints and "table" in outcome.complaints


@pytest.mark.rule("J-071")
@pytest.mark.parametrize("large", [False, True])
def test_tables_may_be_given_out_of_band(large):
    # "These tables may be specified either in-band or out of band by something like a session setup
    # protocol."
    file, tables = wide(large, large)
    outcome = receive(custom(file, q=200, tables=b""), tables={200: tables})
    assert same_pixels(outcome.jpegs[0], file)


@pytest.mark.rule("J-072")
@pytest.mark.parametrize("size", range(4))
def test_short_header_is_refused(size):
    broken = rtp(main(0, q=255) + table_header(b"")[:size], sequence=1)
    outcome = receive([broken, *custom()[1:]])
    assert not outcome.frames
    assert len(outcome.rejected) == 1
    assert "table" in str(outcome.rejected[0].error)


@pytest.mark.rule("J-073")
@pytest.mark.parametrize("position", [0, 64, 127])
def test_a_zero_in_a_received_table_never_reaches_a_decoder(position):
    tables = bytearray(eight_bit(OWN))
    tables[position] = 0
    outcome = receive(custom(tables=bytes(tables)))
    assert not outcome.frames
    assert "0" in outcome.complaints and "table" in outcome.complaints
