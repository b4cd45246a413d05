"""A decoder for one restart interval of a baseline scan, that only counts: how many MCUs are in it?

Made from T.81 annexes C and F, with the tables of RFC 2435 Appendix B as OpenCV writes them into a
file. It is slow and small, and shares nothing with the code under test.
"""

from __future__ import annotations

from .pictures import DHT, take_apart

BLOCKS = {0: (0, 0, 1, 1), 1: (0, 0, 0, 0, 1, 1)}
"""Huffman tables of the blocks of an MCU, by RTP/JPEG type without restart markers."""

Codes = dict[tuple[int, int], int]


def code_tables(file: bytes) -> dict[int, Codes]:
    """The Huffman tables of a file: class and number to {(length, code): symbol} (T.81 annex C)."""
    tables = {}
    for content in take_apart(file).contents(DHT):
        position = 0
        while position < len(content):
            counts = content[position + 1 : position + 17]
            symbols = iter(content[position + 17 : position + 17 + sum(counts)])
            codes, code = {}, 0
            for length, count in enumerate(counts, 1):
                for _ in range(count):
                    codes[length, code] = next(symbols)
                    code += 1
                code <<= 1
            tables[content[position]] = codes
            position += 17 + sum(counts)
    return tables


class _Bits:
    """The bits of an interval, without marker and stuffed bytes."""

    def __init__(self, interval: bytes) -> None:
        while interval[:1] == b"\xff" and interval[1:2] != b"\x00":
            interval = interval[1:] if interval[1:2] == b"\xff" else interval[2:]
        while interval[-2:-1] == b"\xff" and interval[-1] != 0:
            interval = interval[:-2]
        data = interval.replace(b"\xff\x00", b"\xff")
        self.bits = "".join(f"{byte:08b}" for byte in data)
        self.position = 0

    def symbol(self, codes: Codes) -> int:
        code = 0
        for length in range(1, 17):
            code = code << 1 | self.take(1)
            if (length, code) in codes:
                return codes[length, code]
        raise ValueError("no such Huffman code")

    def take(self, count: int) -> int:
        taken = self.bits[self.position : self.position + count]
        if len(taken) < count:
            raise ValueError("the interval ends inside an MCU")
        self.position += count
        return int(taken or "0", 2)

    @property
    def only_padding_left(self) -> bool:
        """Up to seven bits, all ones, fill the last byte (T.81 section F.1.2.3)."""
        rest = self.bits[self.position :]
        return len(rest) < 8 and "0" not in rest


def count_mcus(interval: bytes, tables: dict[int, Codes], type: int) -> int:
    """How many MCUs an interval holds; raises ``ValueError`` when it ends inside one."""
    bits, count = _Bits(interval), 0
    while not bits.only_padding_left:
        for number in BLOCKS[type & 63]:
            _skip_block(bits, tables[number], tables[0x10 | number])
        count += 1
    return count


def _skip_block(bits: _Bits, dc: Codes, ac: Codes) -> None:
    bits.take(bits.symbol(dc))
    position = 1
    while position < 64:
        symbol = bits.symbol(ac)
        if symbol == 0:
            return
        bits.take(symbol & 15)
        position += (symbol >> 4) + 1
    if position > 64:
        raise ValueError("a block of more than 64 coefficients")
