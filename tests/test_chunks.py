"""A scan cut at its restart intervals: which packet holds what, and to which size it is filled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.chunks import count_split, cut_intervals, filled_size
from rtpjpeg.payload import LARGEST_SCAN, UNALIGNED


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 60), st.integers(1, 60))
def test_intervals_are_packed_greedily(sizes, first_room, room):
    bounds = [0, *np.cumsum(sizes).tolist()]
    offsets, chunks = cut_intervals(bounds, first_room, room)
    ends = [*offsets[1:], bounds[-1]]
    space = first_room
    for start, end, chunk, following in zip(offsets, ends, chunks, [*chunks[1:], None], strict=True):
        assert end - start <= space
        if chunk & 0x4000 and following is not None:  # The next interval would not have fitted too.
            next_interval = following & 0x3FFF
            assert bounds[next_interval + 1] - start > space or not chunk & 0x8000
        space = room


@pytest.mark.parametrize(
    ("count", "size", "room", "packets"),
    [
        (UNALIGNED, 1, 1, UNALIGNED),
        (UNALIGNED + 1, 1, 1, None),
        (UNALIGNED + 1, 1, 2, 8192),
        (UNALIGNED + 2, 1, 5, 3277),
        (UNALIGNED + 2, 1, 2, None),
        (20_000, 1, 20_000, 1),
        (UNALIGNED, 2, 1, 2 * UNALIGNED),
    ],
)
def test_a_restart_count_has_14_bits(count, size, room, packets):
    # The largest value is kept for packets that are not aligned.
    cut = cut_intervals(list(range(0, count * size + 1, size)), room, room)
    assert (cut and len(cut[0])) == packets
    if cut:
        assert max(chunk & 0x3FFF for chunk in cut[1]) < UNALIGNED


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 60), st.integers(1, 60))
def test_split_intervals_are_counted(sizes, first_room, room):
    bounds = [0, *np.cumsum(sizes).tolist()]
    offsets, chunks = cut_intervals(bounds, first_room, room)
    packets_of = np.bincount([chunk & 0x3FFF for chunk in chunks])
    assert count_split(chunks) == np.count_nonzero(packets_of > 1)


@pytest.mark.parametrize(
    ("offsets", "end", "tables", "size"),
    [
        ([0], 30, 0, 30),
        ([0], 30, 5, 35),
        ([0, 30, 50], 70, 0, 30),
        ([0, 30, 50], 90, 0, 40),
        ([0, 30, 50], 70, 132, 162),
        ([0, 300, 700], 800, 132, 432),
        ([0, 300, 900], 1000, 132, 600),
    ],
)
def test_packets_are_filled_to_the_largest(offsets, end, tables, size):
    assert filled_size((offsets, []), end, tables) == size


@pytest.mark.parametrize(("last", "size"), [(1000, 1 << 23), (1 << 23, 1 << 23), ((1 << 23) + 1, 0)])
def test_nothing_is_filled_beyond_the_largest_scan(last, size):
    # RFC 2435, section 3.1.2: offset plus length MUST NOT exceed 2^24.
    assert LARGEST_SCAN == 1 << 24
    assert filled_size(([0, 1 << 23], []), (1 << 23) + last, 0) == size
