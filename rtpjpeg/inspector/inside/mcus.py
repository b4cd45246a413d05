"""Walking entropy-coded data MCU by MCU, to know where it stops to make sense.

A decoder says that a scan is wrong, and fills the rest with something. Here no pixel is made: codes are
looked up, values skipped, MCUs counted. A scan of 60 KB takes about 20 ms, so only those are walked that a
decoder found wrong.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ...tables import HUFFMAN_TABLES

CODE, END = "code", "end"
"""What stopped a walk: a code that does not exist or a block too long, or data that ended inside an MCU."""

_BLOCKS = {0: (0, 0, 1, 1), 1: (0, 0, 0, 0, 1, 1)}
"""Luma (0) and chroma (1) blocks of an MCU, by RTP/JPEG type."""
_LAST = 64
"""Coefficients of a block."""
_END_OF_BLOCK = 256
_INVALID = 1024
_CHUNK = 64
"""Bytes that are taken into the bit buffer at once."""


class Walk(NamedTuple):
    """How far a walk came."""

    mcus: int
    """Whole ones."""
    position: int
    """Bytes up to the end of the last whole MCU, or to the fault."""
    fault: str
    """Empty when the data ended behind a whole MCU, or as many came as were asked for."""


def walk_mcus(data: bytes, type_: int, most: int) -> Walk:
    """Walk up to ``most`` MCUs of data without markers, of type 0 (4:2:2) or 1 (4:2:0).

    ``data`` is as in the scan, with a 0x00 behind each 0xFF.
    """
    plain = data.replace(b"\xff\x00", b"\xff")
    mcus, used, fault = _walk(plain, _BLOCKS[type_ & 63], most)
    used = min(used, len(plain))
    return Walk(mcus, used + plain.count(b"\xff", 0, used), fault)


def _walk(plain: bytes, blocks: tuple[int, ...], most: int) -> tuple[int, int, str]:
    """Return whole MCUs, bytes used, and what stopped the walk."""
    tables = [(_lookup(block), _lookup(0x10 | block)) for block in blocks]
    total = 8 * len(plain)
    # What follows the data is zeros, which are valid codes, so that the end of the data is the only end.
    padded = plain + bytes(2 * _CHUNK)
    buffer = bits = taken = mcus = before = 0
    while mcus < most and total - before >= 8:
        for dc, ac in tables:
            place, codes = 0, dc
            while place < _LAST:
                if bits < 32:
                    chunk = padded[taken : taken + _CHUNK].ljust(_CHUNK, b"\0")
                    buffer = (buffer & (1 << bits) - 1) << 8 * _CHUNK | int.from_bytes(chunk, "big")
                    bits += 8 * _CHUNK
                    taken += _CHUNK
                entry = codes[buffer >> bits - 16 & 0xFFFF]
                bits -= entry & 63
                place += entry >> 6
                codes = ac
            if place > _LAST and place < _END_OF_BLOCK or place >= _INVALID:
                used = 8 * taken - bits
                return mcus, used // 8, END if used > total else CODE
        used = 8 * taken - bits
        if used > total:
            return mcus, before // 8, END
        mcus, before = mcus + 1, used
    return mcus, -(-before // 8), ""


@cache
def _lookup(number: int) -> list[int]:
    """Return for each 16 bits the bits that code and value take, and the coefficients << 6.

    ``number`` is class and identifier of a standard Huffman table. A DC entry is one coefficient.
    """
    table, entries = HUFFMAN_TABLES[number], [_INVALID << 6 | 1] * (1 << 16)
    symbols, code = iter(table[16:]), 0
    for length in range(1, 17):
        for symbol in (next(symbols) for _ in range(table[length - 1])):
            first = code << 16 - length
            entries[first : first + (1 << 16 - length)] = [_entry(number, symbol, length)] * (
                1 << 16 - length
            )
            code += 1
        code <<= 1
    return entries


def _entry(number: int, symbol: int, length: int) -> int:
    run, size = symbol >> 4, symbol & 15
    if not number & 0x10:
        return 1 << 6 | length + symbol
    if not size and run != 15:
        return _END_OF_BLOCK << 6 | length
    return run + 1 << 6 | length + size
