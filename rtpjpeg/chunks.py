"""A scan with restart markers, cut into packets at its intervals (RFC 2435 sections 3.1.7, 3.1.9).

A chunk is what stands between F and L: whole intervals in one packet, or one interval that is larger
than a packet, over several. Chunks have many sizes. Fill bytes, 0xFF in front of a restart marker, can
bring them to one, so that the kernel can cut the train (UDP_SEGMENT).
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from .payload import LARGEST_SCAN, UNALIGNED
from .train import Bytes, PacketTrain

Rows = npt.NDArray[np.void]
Cut = tuple[list[int], list[int]]
"""Fragment offset and chunk field (F, L and restart count) of each packet."""

_FIRST, _LAST = 0x8000, 0x4000


def cut_intervals(bounds: list[int], first_room: int, room: int) -> Cut | None:
    """Cut a scan at its restart intervals; return fragment offsets and chunk fields.

    ``bounds`` are the positions where intervals begin, and the end. Whole intervals fill each packet
    greedily. An interval that is larger than a packet goes over several, F in the first, L in the
    last (RFC 2435 section 3.1.7). None when a chunk would begin at interval 16383 or later: the
    restart count has 14 bits, and 0x3FFF means unaligned.
    """
    offsets: list[int] = []
    chunks: list[int] = []
    index, space = 0, first_room
    while index < len(bounds) - 1:
        if index >= UNALIGNED:
            return None
        start = bounds[index]
        after = bisect_right(bounds, start + space, index) - 1
        if after > index:
            offsets.append(start)
            chunks.append(_FIRST | _LAST | index)
        else:
            after = index + 1
            pieces = [start, *range(start + space, bounds[after], room)]
            offsets += pieces
            chunks += [_FIRST | index, *[index] * (len(pieces) - 2), _LAST | index]
        index, space = after, room
    return offsets, chunks


def count_split(chunks: list[int]) -> int:
    """Return how many intervals go over several packets: F without L."""
    return sum(chunk >> 14 == _FIRST >> 14 for chunk in chunks)


def filled_size(cut: Cut, end: int, tables: int) -> int:
    """Return the bytes that each packet is filled to behind its headers, 0 where none can be.

    ``end`` is the size of the scan, ``tables`` that of the table header in the first packet. The size is
    that of the largest packet, so no fill is sent that none needs.
    """
    offsets = cut[0]
    last = end - offsets[-1]
    size = max(map(int.__sub__, offsets[1:], offsets), default=0)
    size = max(size, last, (offsets[1] if len(offsets) > 1 else end) + tables)
    # The fragment offset counts fill bytes, and has 24 bits.
    return size if (len(offsets) - 1) * size + last <= LARGEST_SCAN else 0


def join_chunks(rows: Rows, tables: bytes, scan: memoryview, cut: Cut) -> PacketTrain:
    """Lay headers and chunks one behind the other."""
    rows["offset"], rows["chunk"] = offsets, _ = cut
    size, heads = rows.itemsize, memoryview(rows.tobytes())
    ends = [*offsets[1:], len(scan)]
    places = zip(range(0, len(heads), size), offsets, ends, strict=True)
    parts = [part for at, start, end in places for part in (heads[at : at + size], scan[start:end])]
    parts.insert(1, memoryview(tables))
    lengths = np.subtract(ends, offsets) + size
    lengths[0] += len(tables)
    return PacketTrain.from_buffer(bytearray().join(parts), lengths)


def fill_chunks(data: Bytes, rows: Rows, tables: bytes, scan: memoryview, cut: Cut) -> PacketTrain:
    """Lay chunks into the packets of a train, between headers that stand there already.

    ``data`` holds 0xFF where nothing is written: behind the last interval of a packet, which is in front
    of the restart marker of the next one (RFC 2435 section 3.1.9). The fragment offset counts them.
    """
    offsets, rows["chunk"] = cut
    stride = rows.strides[0]
    size = stride - rows.itemsize
    rows["offset"] = np.maximum(np.arange(len(rows)) * size - len(tables), 0)
    buffer = data.data
    at = rows.itemsize
    buffer[at : at + len(tables)] = tables
    places = range(at, len(rows) * stride, stride)
    for at, start, end in zip(places, offsets, [*offsets[1:], len(scan)], strict=True):
        at += 0 if start else len(tables)
        buffer[at : at + end - start] = scan[start:end]
    return PacketTrain.from_segments(data, stride)
