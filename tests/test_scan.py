"""Walking a scan: which markers stand in it, and which must not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtpjpeg.scan as room
from conformance.pictures import intervals_of, jpeg, scan_of
from rtpjpeg.scan import (
    EOI,
    Scratch,
    markers,
    walk_marked_scan,
    walk_plain_scan,
    walk_received_scan,
    walk_scan,
)

# bytes; end of the data, EOI there?, markers as (position, number), first foreign marker
CASES = {
    "nothing": ("", 0, False, [], -1),
    "one byte": ("12", 1, False, [], -1),
    "data": ("12 34", 2, False, [], -1),
    "data and EOI": ("12 34 FF D9", 2, True, [], -1),
    "EOI alone": ("FF D9", 0, True, [], -1),
    "stuffed FF": ("12 FF 00 34 FF D9", 4, True, [], -1),
    "stuffed FF at the end": ("12 FF 00", 3, False, [], -1),
    "D9 that is data": ("12 D9 FF 00 D9", 5, False, [], -1),
    "fill in front of EOI": ("12 FF FF FF D9", 1, True, [], -1),
    "fill in front of a stuffed FF": ("12 FF FF 00 34", 5, False, [], -1),
    "what follows EOI": ("12 FF D9 FF E0 FF D0", 1, True, [], -1),
    "two EOIs": ("12 FF D9 34 FF D9", 1, True, [], -1),
    "a marker that was cut": ("12 34 FF", 2, False, [], -1),
    "padding": ("12 34 FF FF FF", 2, False, [], -1),
    "only padding": ("FF FF FF", 0, False, [], -1),
    "one FF": ("FF", 0, False, [], -1),
    "restart markers": ("12 FF D0 34 FF D1 56 FF D9", 7, True, [(1, 0), (4, 1)], -1),
    "fill in front of restart markers": ("12 FF FF D0 34 FF FF FF D1 56", 10, False, [(1, 0), (5, 1)], -1),
    "a restart marker first": ("FF D3 12", 3, False, [(0, 3)], -1),
    "fill and a restart marker first": ("FF FF D3 12", 4, False, [(0, 3)], -1),
    "restart markers side by side": ("FF D6 FF D7", 4, False, [(0, 6), (2, 7)], -1),
    "a foreign marker": ("12 FF DA 34 FF D9", 4, True, [], 1),
    "a foreign marker behind a restart marker": ("12 FF D0 34 FF C4 56", 7, False, [(1, 0)], 4),
    "a restart marker behind a foreign one": ("12 FF 01 34 FF D0", 6, False, [], 1),
    "fill in front of a foreign marker": ("12 FF FF E1 FF D9", 4, True, [], 2),
    "a foreign marker behind EOI": ("12 FF D9 FF DA", 1, True, [], -1),
}


def array(data):
    return np.frombuffer(data, np.uint8)


def check_plain(data):
    """The quick walks say the same, or leave the scan to the other."""
    for start in {0, len(data) // 2, len(data)}:
        quick, rest = walk_plain_scan(data, start), data[start:]
        marks = [code for byte, code in pairwise(rest) if byte == 0xFF and code != 0]
        assert (quick is not None) == (marks[:1] == [0xD9])
        assert quick is None or facts(quick) == facts(walk_scan(array(rest)))
        marked, most = walk_marked_scan(data, start, 3), marks[:4]
        usual = 0xD9 in most and all(code & 0xF8 == 0xD0 for code in most[: most.index(0xD9)])
        assert (marked is not None) == usual
        assert marked is None or facts(marked) == facts(walk_scan(array(rest)))
    received = walk_received_scan(array(data), len(data))
    assert facts(received) == facts(walk_scan(array(data)))


def facts(scan):
    """What every walk tells."""
    return scan.end, scan.has_eoi, scan.restart_codes, scan.foreign


def found(scan):
    """What ``walk_scan`` returned, as a case is written."""
    numbers = [code & 7 for code in scan.restart_codes]
    markers = list(zip(scan.restart_positions.tolist(), numbers, strict=True))
    return scan.end, scan.has_eoi, markers, scan.foreign


def byte_by_byte(data):
    """The same walk, slow and plain: one byte after the other."""
    markers, foreign, position = [], -1, 0
    while position < len(data):
        start = position
        while position < len(data) and data[position] == 0xFF:
            position += 1
        if position == len(data):
            return start, False, markers, foreign
        code, is_marker = data[position], position > start and data[position] != 0
        position += 1
        if is_marker and code == 0xD9:
            return start, True, markers, foreign
        if is_marker and foreign < 0:
            if 0xD0 <= code <= 0xD7:
                markers.append((start, code & 7))
            else:
                foreign = position - 2
    return len(data), False, markers, foreign


@pytest.mark.parametrize("name", CASES)
def test_cases(name):
    text, *expected = CASES[name]
    assert list(found(walk_scan(array(bytes.fromhex(text))))) == expected
    assert list(byte_by_byte(bytes.fromhex(text))) == expected
    check_plain(bytes.fromhex(text))


@given(st.lists(st.sampled_from([0xFF, 0xFF, 0xFF, 0, 0xD0, 0xD7, 0xD9, 0xDA, 1, 0xFE]), max_size=30))
def test_any_bytes_are_walked_as_byte_by_byte(values):
    data = bytes(values)
    assert found(walk_scan(array(data))) == byte_by_byte(data)
    check_plain(data)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_walk(data):
    assert found(walk_scan(array(data))) == byte_by_byte(data)
    check_plain(data)


@pytest.mark.parametrize("ending", [b"\xff\xd9", b"\xd0", b"\x00", b""])
def test_a_long_fill_is_one_marker(ending):
    # Fill may be of any length; each byte of it must not cost a step.
    data = b"\x12" + b"\xff" * 200_000 + ending
    scan = walk_scan(array(data))
    assert found(scan) == byte_by_byte(data)


@given(
    st.integers(2, 9),
    st.lists(st.sampled_from([0xFF, 0xFF, 0xFF, 0, 0xD0, 0xD7, 0xD9, 0xDA, 1]), max_size=40),
)
def test_blocks_make_no_difference(block, values):
    data = bytes(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_BLOCK", block)
        received = walk_received_scan(array(data), len(data))
        places = [place for found, _ in markers(array(data)) for place in found.tolist()]
    assert facts(received) == facts(walk_scan(array(data)))
    expected = [n for n, (one, two) in enumerate(pairwise(data)) if one == 0xFF and two not in (0, 0xFF)]
    assert places == expected


@pytest.mark.parametrize("count", [0, 3, 4])
def test_more_markers_than_a_picture_has_are_not_walked(count):
    data = b"\xff\xd0\x12" * count
    assert (walk_received_scan(array(data), 3) is None) == (count > 3)
    assert walk_received_scan(array(data + EOI), 3).has_eoi, "EOI comes in time"


@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_a_real_scan(type):
    data = scan_of(jpeg(type))
    scan = walk_scan(array(data))
    assert (scan.end, scan.has_eoi, scan.foreign) == (len(data) - len(EOI), True, -1)
    sizes = [len(interval) for interval in intervals_of(data)]
    assert scan.restart_positions.tolist() == np.cumsum(sizes)[:-1].tolist()
    assert scan.in_order
    assert (walk_plain_scan(data, 0) is not None) == (type < 64), "the usual scan is walked quickly"


@pytest.mark.parametrize(
    ("numbers", "in_order"),
    [
        ([], True),
        ([0], True),
        ([1], False),
        (range(8), True),
        ([*range(8), 0, 1], True),
        ([*range(8), 1], False),
        ([0, 2, 1], False),
        ([0, 0], False),
    ],
)
def test_restart_markers_count_to_seven_and_begin_again(numbers, in_order):
    data = b"".join(b"\x12\xff" + bytes([0xD0 + number]) for number in numbers)
    assert walk_scan(array(data + b"\x12")).in_order is in_order


def test_scratch_serves_short_and_long_scans_alike() -> None:
    scratch = Scratch()
    for size in (1000, 10, 0, 1, 5000, 3000):
        data = np.frombuffer(bytes(size) + b"\xff\xd9", np.uint8)
        assert walk_scan(data, scratch).end == size
        assert not scratch.marked(data[:size]).any()


@pytest.mark.parametrize("ending", [EOI, b"", EOI + b"\x12\xff\xd0"])
@pytest.mark.parametrize("count", [1, 9, 32_768, 32_769, 40_000])
def test_any_number_of_markers_in_order(count: int, ending: bytes) -> None:
    body = b"".join(b"\x12\xff" + bytes((0xD0 + index % 8,)) for index in range(count)) + b"\x34"
    scan = walk_scan(array(body + ending))
    assert scan.restart_positions.tolist() == list(range(1, 3 * count, 3))
    assert (scan.end, scan.has_eoi, scan.foreign) == (len(body), bool(ending), -1)
    assert scan.in_order
