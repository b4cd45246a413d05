"""The rules about quantisation tables (RFC 2435 sections 3.1.8 and 4.2), and the tables of a stream.

Each frame with Q 128 or more begins with a table header, and nearly always it is that of the frame before,
byte for byte. So headers that were found right are kept, and compared first.
"""

from __future__ import annotations

import struct

from ..interchange import split_tables
from ..payload import MAIN_SIZE, RESTART_SIZE, TABLE_HEADER_SIZE
from .findings import Findings

_HEADER = struct.Struct(">BBH")
_SOI = b"\xff\xd8\xff"
_LENGTHS = frozenset(range(64, 513, 64))
"""Lengths of one to four tables of 8 or 16 bits."""
_TWO_BITS = 3
"""Precision of two tables of 16 bits; further bits are for further tables, which no type has."""
_COUNTS = {1: "one table", 2: "two tables", 3: "three tables", 4: "four tables"}


def table_header_at(payload: bytes) -> int:
    """Return where the table header stands in a payload of at least 8 bytes."""
    return MAIN_SIZE + RESTART_SIZE if 64 <= payload[4] <= 127 else MAIN_SIZE


def is_table_header(front: bytes) -> bool:
    """Tell whether bytes behind the main headers can be a table header, a broken one included.

    Where a sender leaves it out the scan stands there, or a JPEG file.
    """
    if len(front) < TABLE_HEADER_SIZE or front.startswith(_SOI):
        return False
    mbz, precision, length = _HEADER.unpack_from(front)
    if not mbz and precision <= _TWO_BITS:
        return True
    whole = length <= len(front) - TABLE_HEADER_SIZE
    return whole and (length in _LENGTHS or (not length and precision <= _TWO_BITS))


def in_one_width(tables: bytes, precision: int) -> bytes:
    """Return luma and chroma table: 128 bytes, or 256 where a value takes more than 8 bits.

    Raises ``ValueError`` when the tables do not fit the precision.
    """
    luma, chroma = split_tables(tables, precision)
    both = b"".join(table if len(table) > 64 else _sixteen_bits(table) for table in (luma, chroma))
    return both if any(both[0::2]) else both[1::2]


def _sixteen_bits(table: bytes) -> bytes:
    return b"".join(bytes((0, value)) for value in table)


class TableRules:
    """Judges the table headers of one stream, and keeps its tables."""

    def __init__(self, findings: Findings, ssrc: int) -> None:
        self.tables: dict[int, bytes] = {}
        """Luma and chroma by Q, 128 to 254: 128 bytes, or 256 of 16-bit tables."""
        self.reused = False
        """A table header had length 0, and the tables of its Q had come before."""
        self._findings = findings
        self._ssrc = ssrc
        self._right: dict[int, bytes] = {}
        """The newest table header of each Q in which nothing was wrong, tables and all."""

    def check(self, payload: bytes, number: int) -> None:
        """Judge the payload of a packet with fragment offset 0 and Q 128 or more.

        ``payload`` begins with the main header, 8 bytes at least; ``number`` is the packet's in the capture.
        """
        start = table_header_at(payload)
        right = self._right.get(payload[5])
        if right is None or not payload.startswith(right, start):
            self._judge(payload[5], payload[start:], number)

    def _judge(self, q: int, front: bytes, number: int) -> None:
        if not is_table_header(front):
            self._add("J-052", number, f"Q {q}, then {front[:4].hex(' ').upper() or 'nothing'}")
            return
        mbz, precision, length = _HEADER.unpack_from(front)
        right = not mbz or self._add("J-053", number, f"MBZ {mbz}")
        room = len(front) - TABLE_HEADER_SIZE
        if not length:
            right &= self._length_zero(q, number)
        elif length > room:
            right = self._add("J-055", number, f"length {length}, and {room} bytes behind it")
        else:
            tables = front[TABLE_HEADER_SIZE : TABLE_HEADER_SIZE + length]
            right &= self._tables(q, tables, precision, number)
        if right:
            self._right[q] = front[: TABLE_HEADER_SIZE + length]

    def _length_zero(self, q: int, number: int) -> bool:
        if q == 255:
            return self._add("J-069", number, "Q 255 with length 0")
        if q not in self.tables:
            return self._add("J-056", number, f"Q {q} with length 0, and no tables of this Q before")
        self.reused = True
        return True

    def _tables(self, q: int, tables: bytes, precision: int, number: int) -> bool:
        """Judge tables whose bytes are there; return whether all is well."""
        fault = _length_fault(tables, precision)
        if fault:
            return self._add("J-055", number, fault)
        right, count = True, _count_tables(len(tables), precision)
        if count != 2:
            right = self._add("J-058", number, f"{_COUNTS[count]}, {len(tables)} bytes")
        if precision & _TWO_BITS:
            right = self._add("J-060", number, f"precision {precision}")
        zero = _first_zero(tables, precision)
        if zero:
            return self._add("J-073", number, zero)
        self._keep(q, in_one_width(tables, precision & _TWO_BITS), number)
        return right

    def _keep(self, q: int, tables: bytes, number: int) -> None:
        """Keep the tables of a static Q; what comes from now on is held against them."""
        if q == 255:
            return
        before = self.tables.get(q, tables)
        self.tables[q] = tables
        if before != tables:
            self._add("J-064", number, f"other tables under Q {q}")

    def _add(self, rule: str, number: int, found: str) -> bool:
        """Count a finding; return False, for not all is well."""
        self._findings.add(rule, self._ssrc, number, found)
        return False


def _count_tables(length: int, precision: int) -> int:
    """Return how many tables make up a length, 1 to 4, or 0 where none do."""
    for count in _COUNTS:
        length -= 128 if precision >> count - 1 & 1 else 64
        if not length:
            return count
    return 0


def _length_fault(tables: bytes, precision: int) -> str:
    """Return what is wrong with the length of tables, or nothing."""
    length = len(tables)
    found = f"length {length} at precision {precision}"
    count = _count_tables(length, precision)
    if not count:
        numbered = length in (65, 130) and tables[0] == 0 and (length == 65 or tables[65] == 1)
        return f"{found}, the Pq/Tq bytes of the DQT segment among them" if numbered else found
    # The same length may be right for another width; the values tell.
    if not precision & _TWO_BITS and tables[0::2].count(0) >= length // 4 and 0 not in tables[1::2]:
        return f"{found}, and values of 16 bits"
    if precision & 1 and count == 1 and 0 not in tables:
        return f"{found}, and values of 8 bits"
    return ""


def _first_zero(tables: bytes, precision: int) -> str:
    """Return where the first 0 stands among the values of luma and chroma, or nothing."""
    for number, table in enumerate(split_tables(tables, precision & _TWO_BITS)):
        step = len(table) // 64
        values = [table[place : place + step] for place in range(0, len(table), step)]
        if bytes(step) in values:
            return f"0 as value {values.index(bytes(step))} of table {number}"
    return ""
