"""The two quirks that can be undone, and the names of all."""

from __future__ import annotations

import pytest

from rtpjpeg import quirks

# offsets, payload sizes (RTP/JPEG headers and data), whether every offset counts the headers
COUNTED = [
    ([0], [100], True),
    ([0, 100, 200], [100, 100, 50], True),
    ([0, 1408, 2816], [1408, 1408, 100], True),
    ([0, 140, 240], [140, 100, 50], True),
    ([0, 92, 184], [100, 100, 50], False),
    ([0, 100, 192], [100, 100, 50], False),
    ([0, 92, 192], [100, 100, 50], False),
    ([0, 100, 208], [100, 100, 50], False),
]


@pytest.mark.parametrize(("offsets", "sizes", "counted"), COUNTED)
def test_offsets_count_headers_in_every_packet_or_in_none(offsets, sizes, counted):
    assert quirks.counts_headers(offsets, sizes) is counted


HEADER = b"\0\0\0\2ab"
# the first packet's table header, what the other packets begin with, whether they repeat it
REPEATED = [
    (HEADER, [HEADER + b"scan"], True),
    (HEADER, [HEADER + b"scan", HEADER], True),
    (HEADER, [], False),
    (HEADER, [b"scan"], False),
    (HEADER, [HEADER + b"scan", b"scan"], False),
    (HEADER, [HEADER[:5]], False),
    (b"", [b"scan"], False),
    (b"\0\0\0\0", [b"\0\0\0\0scan"], False),
]


@pytest.mark.parametrize(("header", "pieces", "repeated"), REPEATED)
def test_tables_are_repeated_in_every_packet_or_in_none(header, pieces, repeated):
    assert quirks.repeats_tables(header, [memoryview(piece) for piece in pieces]) is repeated


def test_every_quirk_has_a_name_of_its_own():
    names = [value for key, value in vars(quirks).items() if key.isupper() and isinstance(value, str)]
    assert len(names) == len(set(names)) > 10
    assert all(name and not name.endswith(".") for name in names)
