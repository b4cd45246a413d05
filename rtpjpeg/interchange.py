"""From RTP/JPEG header fields back to a JPEG file (RFC 2435 Appendix B).

Departures from the code of Appendix B, which a receiver must not copy:

- A JFIF APP0 segment is written, so that every viewer takes the components for YCbCr.
- Components are numbered 1, 2, 3, as section 4.1 and JFIF say; the code writes 0, 1, 2.
- The restart bit is cleared before the sampling is chosen; the code asks ``type == 0``, so type 64,
  which is 4:2:2, would become 4:2:0.
- Tables stand in zig-zag order, as section 3.1.8 and a DQT segment want them.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from .tables import STANDARD_DHT

_SOI = b"\xff\xd8"
# Version 1.01, no density unit, square pixels, no thumbnail.
_APP0 = b"\xff\xe0\x00\x10JFIF\0" + struct.pack(">BBBHHBB", 1, 1, 0, 1, 1, 0, 0)
_SOS = b"\xff\xda\x00\x0c\x03" + bytes((1, 0x00, 2, 0x11, 3, 0x11)) + b"\x00\x3f\x00"


@lru_cache(maxsize=64)
def make_header(
    type: int, width: int, height: int, tables: bytes, precision: int = 0, restart_interval: int = 0
) -> bytes:
    """Return a JPEG file from SOI to the end of SOS, to stand in front of the scan.

    ``type`` is the RTP/JPEG type, 0, 1, 64 or 65; ``width`` and ``height`` are pixels. ``tables``
    and ``precision`` are those of ``QuantizationTableHeader``. A ``restart_interval`` of 0 writes no
    DRI. Raises ``ValueError`` when the tables do not fit the precision.
    """
    luma, chroma = split_tables(tables, precision)
    segments = [_SOI, _APP0, _dqt(0, luma), _dqt(1, chroma)]
    if restart_interval:
        segments.append(struct.pack(">BBHH", 0xFF, 0xDD, 4, restart_interval))
    wide = any(len(table) > 64 and any(table[0::2]) for table in (luma, chroma))
    segments += [_sof(type, width, height, wide), STANDARD_DHT, _SOS]
    return b"".join(segments)


def split_tables(tables: bytes, precision: int) -> tuple[bytes, bytes]:
    """Return luma and chroma table as they travelled, 64 bytes each, or 128 for 16-bit values.

    One table alone serves all components; a third and later ones are left out, since the types of
    RFC 2435 use two. Precision bits beyond the two tables are ignored (section 3.1.8). Raises
    ``ValueError`` when the length does not fit the precision.
    """
    luma_size = 128 if precision & 1 else 64
    chroma_size = 128 if precision & 2 else 64
    if len(tables) == luma_size:
        return tables, tables
    if len(tables) < luma_size + chroma_size or (len(tables) - luma_size - chroma_size) % 64:
        expected = f"{luma_size} or {luma_size + chroma_size}"
        raise ValueError(f"quantization tables: found {len(tables)} bytes, expected {expected}")
    return tables[:luma_size], tables[luma_size : luma_size + chroma_size]


def _dqt(number: int, table: bytes) -> bytes:
    if len(table) > 64 and not any(table[0::2]):
        table = table[1::2]
    wide = len(table) > 64
    return struct.pack(">BBHB", 0xFF, 0xDB, len(table) + 3, wide << 4 | number) + table


def _sof(type_: int, width: int, height: int, wide: bool) -> bytes:
    """Return SOF0, or SOF1 with 16-bit tables: baseline has only 8-bit ones (T.81 section B.2.4.1)."""
    sampling = 0x22 if type_ & 63 else 0x21
    code = 0xC1 if wide else 0xC0
    components = bytes((1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))
    return struct.pack(">BBHBHHB", 0xFF, code, 17, 8, height, width, 3) + components
