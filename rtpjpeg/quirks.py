"""Departures from the RFC that real senders make, each with its name.

A receiver that met one of them says so: the names below are counted in ``findings`` of
``Depacketizer`` and stand in ``Frame.findings``. Some are harmless, some are undone here, and the
others cost the frame; the comment says which.
"""

from __future__ import annotations

from collections.abc import Sequence

from .payload import TABLE_HEADER_SIZE

WHOLE_FILE = "whole JPEG file in the payload"  # passed on as it is
OFFSETS_COUNT_HEADERS = "fragment offsets count header bytes"  # undone
TABLES_REPEATED = "quantization table header in every packet"  # undone
MARKER_MISSING = "marker bit missing at the end of the frame"  # harmless
HEADER_CHANGES = "main header changes inside the frame"  # the packet is left out
INTERVAL_CHANGES = "restart interval changes inside the frame"  # the packet is left out
INTERVAL_ZERO = "restart interval 0"  # harmless without restart markers
MARKERS_MISSING = "restart type without restart markers"  # harmless
MARKERS_UNEXPECTED = "restart markers in a type without them"  # costs the frame unless lenient
MARKERS_OUT_OF_ORDER = "restart markers out of order"  # costs the frame or the interval
MARKERS_MISCOUNTED = "wrong number of restart markers"  # costs the frame
FOREIGN_MARKER = "marker inside the scan that is no restart marker"  # costs the frame or the packet
Q_RESERVED = "reserved Q"  # costs the frame unless lenient
TABLES_CHANGED = "tables changed under a static Q"  # taken over
TABLES_MBZ = "MBZ of the quantization table header is not 0"  # harmless
TABLES_LENGTH = "quantization table length does not fit the precision"  # mapped or costs the frame
ONE_TABLE = "one quantization table for all components"  # used for all
SIZE_ZERO = "width or height 0"  # costs the frame unless the size is told
TYPE_UNKNOWN = "type that RFC 2435 does not define"  # costs the frame


def counts_headers(offsets: Sequence[int], payload_sizes: Sequence[int]) -> bool:
    """Return True when every offset of a frame counts the headers of the packets in front of it.

    One packet that does not makes its gap, and all others, a hole.
    """
    return all(
        offset + size == following
        for offset, size, following in zip(offsets, payload_sizes, offsets[1:], strict=False)
    )


def repeats_tables(tables: bytes, pieces: Sequence[memoryview]) -> bool:
    """Return True when every piece begins with this table header, the first one's, tables and all."""
    return (
        len(tables) > TABLE_HEADER_SIZE
        and len(pieces) > 0
        and all(piece[: len(tables)] == tables for piece in pieces)
    )
