"""What a receiver takes behind the headers (RFC 2435 section 3.1.9)."""

from __future__ import annotations

import random

import pytest

from conformance.builders import fragment
from conformance.pictures import DRI, EOI, filler, intervals_of, jpeg, same_pixels, scan_of, take_apart
from conformance.running import Outcome, receive

TYPES = [0, 1, 64, 65]


def take(scan: bytes, type: int = 1, interval: int = 4, **options: object) -> Outcome:
    return receive(fragment(scan, type=type, interval=interval), **options)


@pytest.mark.rule("J-076")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("ending", [b"\xff\xd9", b"", b"\xff", b"\xff\xff\xd9", b"\xff\xff\xff\xff"])
def test_the_output_has_exactly_one_eoi(type, ending):
    # "The scan is terminated either implicitly (i.e., the point at which the image is fully parsed), or
    # explicitly with an EOI marker."
    file = jpeg(type)
    (made,) = take(scan_of(file)[:-2] + ending, type).jpegs
    assert same_pixels(made, file)
    assert scan_of(made) == scan_of(file)


@pytest.mark.rule("J-076")
@pytest.mark.parametrize(
    "end", [b"\xd9", b"\x12\xd9", b"\xd9\x12", b"\xff\x00", b"\xff\x00\xd9", b"\xd9\xff\x00"]
)
def test_d9_that_is_data_is_no_eoi(end):
    # A receiver that asks for D9 or FF one by one leaves such a file without its end.
    scan = filler(700, ending=b"") + end
    for whole in (scan, scan + EOI):
        (made,) = take(whole).jpegs
        assert scan_of(made) == scan + EOI


@pytest.mark.rule("J-076")
def test_eoi_cut_by_a_packet_boundary():
    scan = filler(400, ending=b"") + filler(401)
    packets = fragment(scan, size=400)
    assert len(packets) == 3 and packets[2].endswith(b"\xd9") and len(packets[2]) == 21
    assert scan_of(receive(packets).jpegs[0]) == scan


def noise(seed: int, size: int = 100) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.rule("J-077")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(
    "padding", [bytes(100), b"\xff" * 100, EOI * 50, b"\xff\xc4" * 20, noise(1), noise(2, 5000), b"\0"]
)
def test_any_padding_behind_eoi(type, padding):
    # "The scan may be padded to arbitrary length with undefined bytes."
    file = jpeg(type)
    (made,) = take(scan_of(file) + padding, type).jpegs
    assert same_pixels(made, file)
    assert scan_of(made) == scan_of(file)


@pytest.mark.rule("J-077")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("padding", [bytes(100), b"\x55" * 3000, b"\xff" * 100, b"\xff\x00" * 50])
def test_padding_behind_a_scan_without_eoi(type, padding):
    # Where the picture ends only a decoder can see: the bytes stay, and every decoder skips them.
    file = jpeg(type)
    (made,) = take(scan_of(file)[:-2] + padding, type).jpegs
    assert same_pixels(made, file)
    assert made.endswith(EOI) and made.count(EOI) == 1


@pytest.mark.rule("J-081")
@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("fill", [1, 2, 3, 50])
def test_fill_bytes_in_front_of_a_marker(type, fill):
    # "Additional 0xFF bytes MAY appear between restart intervals."
    file = jpeg(type)
    scan = (b"\xff" * fill).join(intervals_of(scan_of(file)))
    outcome = take(scan, type)
    assert same_pixels(outcome.jpegs[0], file)
    assert not outcome.findings


@pytest.mark.rule("J-081")
@pytest.mark.parametrize("before", range(6))
def test_fill_bytes_on_both_sides_of_a_packet_boundary(before):
    first, *others = intervals_of(scan_of(jpeg(65)))
    scan = first + b"\xff" * 4 + b"".join(others)
    size = len(first) + before
    packets = fragment(scan, type=65, interval=4, size=size)
    assert packets[0].endswith(first[-1:] + (b"\xff" * 5 + b"\xd0")[:before])
    assert same_pixels(receive(packets).jpegs[0], jpeg(65))


@pytest.mark.rule("J-083")
@pytest.mark.parametrize("type", [0, 1])
def test_markers_in_a_type_without_them_are_counted(type):
    # "Types which do not support restart makers MUST NOT contain restart markers anywhere in the JPEG
    # payload." A widespread sender does it all the same.
    outcome = take(scan_of(jpeg(type + 64)), type)
    assert not outcome.frames, "without the interval it is rubbish"
    assert outcome.findings and len(outcome.dropped) == 1


@pytest.mark.rule("J-083")
@pytest.mark.parametrize(
    ("type", "interval"), [(0, 1), (0, 5), (0, 8), (1, 1), (1, 2), (1, 3), (1, 4), (1, 6)]
)
def test_their_interval_is_guessed_on_request_only(type, interval):
    file = jpeg(type + 64, interval=interval)
    outcome = take(scan_of(file), type, lenient=True)
    assert same_pixels(outcome.jpegs[0], file)
    assert outcome.findings and outcome.frames[0].findings
    assert take_apart(outcome.jpegs[0]).contents(DRI)


@pytest.mark.rule("J-084")
@pytest.mark.parametrize("code", [0x01, 0x80, 0xC0, 0xC4, 0xD8, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE])
@pytest.mark.parametrize("type", TYPES)
def test_a_marker_that_does_not_belong_never_reaches_a_decoder(type, code):
    scan = scan_of(jpeg(type))
    outcome = take(scan[:100] + bytes([0xFF, code]) + scan[100:], type, conceal=False)
    assert not outcome.frames
    assert outcome.findings and outcome.complaints


@pytest.mark.rule("J-074")
@pytest.mark.parametrize("type", [0, 1])
def test_a_whole_file_in_the_payload_is_passed_on_and_named(type):
    file = jpeg(type)
    outcome = take(file, type)
    assert same_pixels(outcome.jpegs[0], file)
    assert outcome.findings and outcome.frames[0].findings
    assert (outcome.frames[0].width, outcome.frames[0].height) == (64, 48)
