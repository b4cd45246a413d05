"""Walking entropy-coded data MCU by MCU, to know where it stops to make sense.

A decoder says that a scan is wrong, and fills the rest with something. Here no pixel is made: codes are
looked up, values skipped, MCUs counted. A scan of 60 KB takes about 40 ms, so only those are walked that a
decoder found wrong.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ...tables import HUFFMAN_TABLES

CODE, END = "code", "end"
"""What stopped a walk: something that no encoder writes, or data that ended inside an MCU."""

Limits = tuple[int, int]
"""Largest DC value of luma and of chroma."""
WIDEST: Limits = (2047, 2047)
"""Those that hold for all tables."""

_BLOCKS = {0: (0, 0, 1, 2), 1: (0, 0, 0, 0, 1, 2)}
"""Components of the blocks of an MCU, by RTP/JPEG type."""
_SIZE = 64
"""Coefficients of a block."""
_END_OF_BLOCK = 256
_INVALID = 1024
_NO_SIZE = 40
"""Bits of a DC difference beyond all limits, for a code that is none."""
_LONGEST = 32
"""Bits of the longest code and its value."""
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


def walk_mcus(data: bytes, type_: int, most: int, limits: Limits = WIDEST) -> Walk:
    """Walk up to ``most`` MCUs of data without markers, of type 0 (4:2:2) or 1 (4:2:0).

    ``data`` is as in the scan, with a 0x00 behind each 0xFF. Nearly every row of bits is some row of
    codes, so a DC value beyond ``limits`` is a fault too: differences that mean nothing add up to one soon.
    """
    plain = data.replace(b"\xff\x00", b"\xff")
    mcus, used, fault = _walk(plain, _BLOCKS[type_ & 63], most, limits)
    used = min(used, len(plain))
    return Walk(mcus, used + plain.count(b"\xff", 0, used), fault)


def _walk(plain: bytes, blocks: tuple[int, ...], most: int, limits: Limits) -> tuple[int, int, str]:
    """Return whole MCUs, bytes used, and what stopped the walk."""
    steps = [(part, limits[part > 0], _dc_codes(part > 0), _ac_codes(part > 0)) for part in blocks]
    total = 8 * len(plain)
    buffer = bits = taken = mcus = before = 0
    levels = [0, 0, 0]
    while mcus < most and total - before >= 8:
        for part, limit, dc, ac in steps:
            if bits < _LONGEST:
                buffer, bits, taken = _more(plain, buffer, bits, taken)
            entry = dc[buffer >> bits - 16 & 0xFFFF]
            bits -= entry & 63
            levels[part] += _difference(buffer >> bits, entry >> 6)
            place = 1 if -limit <= levels[part] <= limit else _INVALID
            while place < _SIZE:
                if bits < _LONGEST:
                    buffer, bits, taken = _more(plain, buffer, bits, taken)
                entry = ac[buffer >> bits - 16 & 0xFFFF]
                bits -= entry & 63
                place += entry >> 6
            if _SIZE < place < _END_OF_BLOCK or place >= _INVALID:
                used = 8 * taken - bits
                return mcus, used // 8, END if used > total else CODE
        used = 8 * taken - bits
        if used > total:
            return mcus, before // 8, END
        mcus, before = mcus + 1, used
    return mcus, -(-before // 8), ""


def _more(plain: bytes, buffer: int, bits: int, taken: int) -> tuple[int, int, int]:
    """Put more bytes into the bit buffer; return it, how many of its bits are left, and the bytes taken.

    What follows the data is zeros, which are valid codes, so that the end of the data is its only end.
    """
    chunk = plain[taken : taken + _CHUNK].ljust(_CHUNK, b"\0")
    rest = buffer & (1 << bits) - 1
    return rest << 8 * _CHUNK | int.from_bytes(chunk, "big"), bits + 8 * _CHUNK, taken + _CHUNK


def _difference(value: int, size: int) -> int:
    """Return the DC difference in the last ``size`` bits of a value (T.81 section F.2.2.1)."""
    value &= (1 << size) - 1
    return value if not size or value >> size - 1 else value + 1 - (1 << size)


@cache
def _dc_codes(chroma: bool) -> list[int]:
    """Return for each 16 bits the bits that code and value take, and those of the value << 6."""
    return _lookup(int(chroma), {size: size << 6 | size for size in range(12)}, _NO_SIZE << 6)


@cache
def _ac_codes(chroma: bool) -> list[int]:
    """Return for each 16 bits the bits that code and value take, and the coefficients << 6."""
    entries = {symbol: (symbol >> 4) + 1 << 6 | symbol & 15 for symbol in range(256)}
    return _lookup(0x10 | chroma, entries | {0: _END_OF_BLOCK << 6}, _INVALID << 6)


def _lookup(number: int, entries: dict[int, int], none: int) -> list[int]:
    """Spread the codes of a standard Huffman table; ``entries`` are those of its symbols, less the code."""
    table, codes = HUFFMAN_TABLES[number], [none] * (1 << 16)
    symbols, code = iter(table[16:]), 0
    for length in range(1, 17):
        width = 1 << 16 - length
        for symbol in (next(symbols) for _ in range(table[length - 1])):
            codes[code * width : (code + 1) * width] = [entries[symbol] + length] * width
            code += 1
        code <<= 1
    return codes
