"""The fixed tables of RFC 2435: quantisation by Q, and the standard Huffman tables.

Quantisation tables leave this file in zig-zag order, as DQT segments and packets carry them.
Appendix A prints K.1 and K.2 in natural order and Appendix B copies that into a DQT segment; a
receiver that does the same shows washed-out pictures (RFC 2435 section 3.1.8 asks for zig-zag).
"""

from functools import cache

# fmt: off
# ITU-T T.81 tables K.1 (luminance) and K.2 (chrominance), natural order.
_K1 = (
     16,  11,  10,  16,  24,  40,  51,  61,
     12,  12,  14,  19,  26,  58,  60,  55,
     14,  13,  16,  24,  40,  57,  69,  56,
     14,  17,  22,  29,  51,  87,  80,  62,
     18,  22,  37,  56,  68, 109, 103,  77,
     24,  35,  55,  64,  81, 104, 113,  92,
     49,  64,  78,  87, 103, 121, 120, 101,
     72,  92,  95,  98, 112, 100, 103,  99,
)
_K2 = (
     17,  18,  24,  47,  99,  99,  99,  99,
     18,  21,  26,  66,  99,  99,  99,  99,
     24,  26,  56,  99,  99,  99,  99,  99,
     47,  66,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
     99,  99,  99,  99,  99,  99,  99,  99,
)
# Natural position of the nth value in zig-zag order (T.81 figure A.6).
ZIGZAG = (
      0,   1,   8,  16,   9,   2,   3,  10,
     17,  24,  32,  25,  18,  11,   4,   5,
     12,  19,  26,  33,  40,  48,  41,  34,
     27,  20,  13,   6,   7,  14,  21,  28,
     35,  42,  49,  56,  57,  50,  43,  36,
     29,  22,  15,  23,  30,  37,  44,  51,
     58,  59,  52,  45,  38,  31,  39,  46,
     53,  60,  61,  54,  47,  55,  62,  63,
)
# fmt: on

# T.81 tables K.3 to K.6: for each, how many codes have length 1 to 16, then the symbols.
_HUFFMAN = (
    (0x00, "00010501010101010100000000000000", "000102030405060708090a0b"),
    (
        0x10,
        "0002010303020403050504040000017d",
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a"
        "3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a929394"
        "95969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8"
        "e9eaf1f2f3f4f5f6f7f8f9fa",
    ),
    (0x01, "00030101010101010101010000000000", "000102030405060708090a0b"),
    (
        0x11,
        "00020102040403040705040400010277",
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728"
        "292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92"
        "939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7"
        "e8e9eaf2f3f4f5f6f7f8f9fa",
    ),
)

HUFFMAN_TABLES: dict[int, bytes] = {
    number: bytes.fromhex(lengths) + bytes.fromhex(symbols) for number, lengths, symbols in _HUFFMAN
}
"""Class and identifier (the byte of a DHT segment) to code lengths and symbols (RFC 2435 Appendix B)."""

STANDARD_DHT = b"".join(
    b"\xff\xc4" + (len(table) + 3).to_bytes(2, "big") + bytes([number]) + table
    for number, table in HUFFMAN_TABLES.items()
)
"""The four DHT segments that a receiver writes, in the order of RFC 2435 Appendix B."""


@cache
def quantization_tables(q: int) -> bytes:
    """Return luma and chroma table for Q 1..99, 64 bytes each, zig-zag order.

    Raises ``ValueError`` for any other Q: 0 and 100 to 127 are reserved (RFC 2435 section 4.2), and
    Appendix A's clamping is no licence to show them.
    """
    if not 1 <= q <= 99:
        raise ValueError(f"Q: found {q}, expected 1 to 99 (RFC 2435 section 4.2)")
    # RFC 2435, section 4.2: S = 5000 / Q for 1 <= Q <= 50, 200 - 2 * Q for 51 <= Q <= 99.
    scale = 5000 // q if q <= 50 else 200 - 2 * q
    return bytes(
        min(max((table[position] * scale + 50) // 100, 1), 255) for table in (_K1, _K2) for position in ZIGZAG
    )


@cache
def _q_by_tables() -> dict[bytes, int]:
    return {quantization_tables(q): q for q in range(99, 0, -1)}


def recognize_q(tables: bytes) -> int | None:
    """Return the Q (1..99) whose two 8-bit tables these are, else None."""
    return _q_by_tables().get(tables)
