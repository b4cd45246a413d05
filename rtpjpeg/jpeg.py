"""Reading a JPEG file for sending: by segment length, and with a sentence for each refusal.

Markers are never searched for: thumbnails in APPn hold whole JPEGs. What RFC 2435 cannot carry is
refused by ``parse_jpeg``; nothing is sent wrong. The way back, from packets to a file, is in
``interchange``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .errors import UnsupportedJpegError
from .scan import EOI, PlacedScan, Scratch, walk_scan
from .tables import HUFFMAN_TABLES, recognize_q
from .train import Bytes, Column

SOI = b"\xff\xd8"
LARGEST_SIDE = 2040
"""Pixels; RFC 2435 sections 3.1.5 and 3.1.6."""

_SOF0, _SOF1, _DHT, _EOI, _SOS, _DQT, _DRI = 0xC0, 0xC1, 0xC4, 0xD9, 0xDA, 0xDB, 0xDD
_APP0, _APP14 = 0xE0, 0xEE
_FRAME_KINDS = {
    0xC2: "progressive",
    0xC3: "lossless",
    0xC5: "differential",
    0xC6: "differential progressive",
    0xC7: "differential lossless",
    0xC9: "arithmetic",
    0xCA: "arithmetic progressive",
    0xCB: "arithmetic lossless",
    0xCD: "arithmetic differential",
    0xCE: "arithmetic differential progressive",
    0xCF: "arithmetic differential lossless",
}
_TYPES = {(0x21, 0x11, 0x11): 0, (0x22, 0x11, 0x11): 1}
_SAMPLINGS = {
    (0x11, 0x11, 0x11): "4:4:4",
    (0x41, 0x11, 0x11): "4:1:1",
    (0x12, 0x11, 0x11): "4:4:0",
    (0x22, 0x12, 0x12): "4:2:2 with chroma 1x2",
}


@dataclass(frozen=True, slots=True)
class JpegHeaders:
    """What stands in front of a scan, as far as a sender needs it."""

    prefix: bytes
    """The file up to and including its SOS segment."""
    width: int
    """Pixels, as the file says."""
    height: int
    type: int
    """0 is 4:2:2, 1 is 4:2:0 (RFC 2435 section 4.1)."""
    restart_interval: int
    """MCUs, as the DRI segment says; 0 without."""
    tables: bytes
    """Luma then chroma, zig-zag order, 64 bytes each, or 128 where the precision bit is set."""
    precision: int
    """Bit 0 luma, bit 1 chroma: 16-bit values (RFC 2435 section 3.1.8)."""
    q: int | None
    """1 to 99 when the tables are those of the RFC, else None."""
    notices: tuple[str, ...] = ()
    """Sentences on what a receiver will not know: the true size, the shape of a pixel."""


@dataclass(frozen=True, slots=True)
class JpegImage:
    """A JPEG file read for sending."""

    headers: JpegHeaders
    restart_interval: int
    """MCUs between the restart markers that really stand in the scan; 0 without."""
    scan: memoryview
    """The entropy-coded data, ended by EOI."""
    restart_positions: Column
    """Where in ``scan`` each restart marker begins, the fill bytes in front of it included."""

    width = property(lambda self: self.headers.width)
    height = property(lambda self: self.headers.height)
    type = property(lambda self: self.headers.type)
    tables = property(lambda self: self.headers.tables)
    precision = property(lambda self: self.headers.precision)
    q = property(lambda self: self.headers.q)


def parse_jpeg(data: bytes, known: JpegHeaders | None = None, scratch: Scratch | None = None) -> JpegImage:
    """Read a JPEG file for sending.

    ``known`` are the headers of an earlier frame: where ``data`` begins with the same bytes, they
    are not read again. ``scratch`` serves frame after frame. Raises ``UnsupportedJpegError`` for what
    RFC 2435 section 4.1 cannot carry.
    """
    headers = known if known is not None and data.startswith(known.prefix) else _HeaderReader(data).read()
    start = len(headers.prefix)
    array = np.frombuffer(data, np.uint8)[start:]
    scan = walk_scan(array, scratch)
    interval = _checked_interval(headers, scan, array)
    if scan.has_eoi and array[scan.end + 1] == _EOI:
        view = memoryview(data)[start : start + scan.end + 2]
    else:  # No EOI, or fill bytes in front of it. EOI goes out always: a widespread receiver needs it.
        view = memoryview(data[start : start + scan.end] + EOI)
    return JpegImage(headers, interval, view, scan.restart_positions)


def count_mcus(type_: int, width: int, height: int) -> int:
    """Return the MCUs in a picture of an RTP/JPEG type (RFC 2435 section 4.1) and a size in pixels."""
    return -(-width // 16) * -(-height // (16 if type_ & 63 else 8))


def _checked_interval(headers: JpegHeaders, scan: PlacedScan, data: Bytes) -> int:
    """Return the restart interval that is really there; refuse a damaged scan."""
    if scan.foreign >= 0:
        found = f"marker FF{data[scan.foreign + 1]:02X} inside it"
        raise _refusal("scan", found, "one undamaged baseline scan", "3.1.9")
    if scan.end == 0:
        raise _refusal("scan", "no data behind SOS", "entropy-coded data", "3.1.9")
    count = len(scan.restart_codes)
    if not count:
        # A DRI segment alone does not make restart markers; some cameras write one and send none.
        return 0
    if not headers.restart_interval:
        raise _refusal("restart markers", f"{count} without DRI segment", "a DRI segment, or none", "3.1.9")
    expected = -(-count_mcus(headers.type, headers.width, headers.height) // headers.restart_interval) - 1
    if count != expected or not scan.in_order:
        found = f"{count}{'' if scan.in_order else ' out of order'}"
        raise _refusal("restart markers", found, f"{expected} in order: the frame is damaged", "3.1.7")
    return headers.restart_interval


def _refusal(field: str, found: object, expected: str, section: str) -> UnsupportedJpegError:
    return UnsupportedJpegError(field, found, expected, f"RFC 2435 section {section}")


def walk_segments(data: bytes, begin: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield (marker code, start, end) of each segment's content, SOS last, by segment length.

    The JPEG begins at ``begin``; all places count from the front of ``data``. Raises
    ``UnsupportedJpegError`` when the bytes are no JPEG file or end too early.
    """
    front = data[begin : begin + 2]
    if front != SOI:
        found = f"first bytes {front.hex(' ').upper()}" if front else "no bytes"
        raise _refusal("JPEG", found, "FF D8, a JPEG file", "3.1.9")
    position = begin + 2
    while True:
        start = position
        while data[position : position + 1] == b"\xff":
            position += 1
        if position == start or position + 3 > len(data):
            found = f"no segment at byte {start} of {len(data)}"
            raise _refusal("JPEG header", found, "a whole file", "3.1.9")
        code = data[position]
        end = position + 1 + int.from_bytes(data[position + 1 : position + 3], "big")
        if end < position + 3 or end > len(data):
            raise _refusal(f"JPEG segment FF{code:02X}", f"cut at byte {len(data)}", "a whole file", "3.1.9")
        yield code, position + 3, end
        if code == _SOS:
            return
        position = end


def read_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels from the SOF segment, of any kind of JPEG.

    Raises ``UnsupportedJpegError`` when there is none in front of the scan.
    """
    for code, start, end in walk_segments(data):
        if (code in (_SOF0, _SOF1) or code in _FRAME_KINDS) and end - start >= 6:
            height, width = struct.unpack_from(">HH", data, start + 1)
            return width, height
    raise _refusal("JPEG header", "no SOF segment", "a whole file", "3.1.9")


class _HeaderReader:
    """Reads the segments of one file, then judges what they say together."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.quantization: dict[int, tuple[int, bytes]] = {}
        self.huffman: dict[int, bytes] = {}
        self.restart_interval = 0
        self.size = (0, 0)
        self.components: list[tuple[int, int, int]] = []
        """Number, sampling factors and quantisation table of each."""
        self.notices: list[str] = []

    def read(self) -> JpegHeaders:
        for code, start, end in walk_segments(self.data):
            content = self.data[start:end]
            if code in _FRAME_KINDS:
                expected = "baseline: set the encoder to baseline sequential"
                raise _refusal("coding", _FRAME_KINDS[code], expected, "4.1")
            reader = self._READERS.get(code)
            if reader is not None:
                try:
                    reader(self, content)
                except (struct.error, IndexError) as error:
                    field, found = f"JPEG segment FF{code:02X}", f"{len(content)} bytes"
                    raise _refusal(field, found, "more", "3.1.9") from error
        type_ = self._type()
        tables, precision = self._tables()
        q = None if precision else recognize_q(tables)
        prefix, interval, notices = self.data[:end], self.restart_interval, tuple(self.notices)
        return JpegHeaders(prefix, *self.size, type_, interval, tables, precision, q, notices)

    def _dqt(self, content: bytes) -> None:
        position = 0
        while position < len(content):  # One segment may hold several tables (T.81 section B.2.4.1).
            wide, number = content[position] >> 4, content[position] & 15
            size = 128 if wide else 64
            table = content[position + 1 : position + 1 + size]
            if len(table) < size:
                raise _refusal(f"DQT table {number}", f"{len(table)} bytes", f"{size} bytes", "3.1.8")
            self.quantization[number] = (1 if wide else 0, table)
            position += 1 + size

    def _dht(self, content: bytes) -> None:
        position = 0
        while position < len(content):
            size = 17 + sum(content[position + 1 : position + 17])
            self.huffman[content[position]] = content[position + 1 : position + size]
            position += size

    def _dri(self, content: bytes) -> None:
        (self.restart_interval,) = struct.unpack_from(">H", content)

    def _sof(self, content: bytes) -> None:
        bits, height, width, count = struct.unpack_from(">BHHB", content)
        if bits != 8:
            raise _refusal("sample precision", f"{bits} bits", "8 bits: set the encoder to 8 bits", "4.1")
        if count != 3:
            kind = {1: "1 (grayscale)", 4: "4 (CMYK)"}.get(count, count)
            raise _refusal("components", kind, "3: set the encoder to YCbCr 4:2:0 or 4:2:2", "4.1")
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            size = f"{width}x{height}"
            raise _refusal("size", size, "1 to 2040 pixels a side: set a smaller size", "3.1.5")
        self.size = (width, height)
        if width % 8 or height % 8:
            rounded = f"{-(-width // 8) * 8}x{-(-height // 8) * 8}"
            self.notices.append(
                f"{width}x{height} travels as {rounded}; x-dimensions in the SDP tells the size"
            )
        self.components = list(struct.iter_unpack("3B", content[6:15]))
        if len(self.components) != 3:
            raise struct.error

    def _jfif(self, content: bytes) -> None:
        if content[:5] == b"JFIF\0" and content[8:10] != content[10:12]:
            self.notices.append("pixels are not square; RTP/JPEG cannot say so (RFC 2435 section 4.1)")

    def _adobe(self, content: bytes) -> None:
        if content[:5] == b"Adobe" and len(content) >= 12 and content[11] != 1:
            raise _refusal("Adobe colour transform", content[11], "1, YCbCr: set the encoder to YCbCr", "4.1")

    def _sos(self, content: bytes) -> None:
        count = content[0]
        if count != 3 or not self.components:
            found = f"{count} components" if self.components else "no baseline SOF in front of it"
            raise _refusal("scan", found, "one interleaved scan of 3: set the encoder to interleave", "4.1")
        selectors = content[1:7:2]
        if list(selectors) != [number for number, _, _ in self.components]:
            raise _refusal("scan", f"components {list(selectors)}", "those of SOF, in order", "4.1")
        if content[7:10] != b"\x00\x3f\x00":
            raise _refusal("spectral selection", content[7:10].hex(" "), "00 3f 00, baseline", "4.1")
        for role, choice in zip((0, 1, 1), content[2:8:2], strict=True):
            self._check_huffman(role, choice)

    def _check_huffman(self, role: int, choice: int) -> None:
        """Refuse tables other than T.81's K.3 to K.6; a missing DHT means these (MJPEG files)."""
        for number, standard in ((choice >> 4, role), (0x10 | choice & 15, 0x10 | role)):
            missing = HUFFMAN_TABLES.get(number, b"") if not self.huffman else b""
            if self.huffman.get(number, missing) != HUFFMAN_TABLES[standard]:
                expected = "the standard tables: turn Huffman optimisation off (FFmpeg: -huffman default)"
                raise _refusal("Huffman tables", f"others in table {number:02X}", expected, "4.1")

    def _type(self) -> int:
        sampling = tuple(factors for _, factors, _ in self.components)
        if sampling not in _TYPES:
            plain = ", ".join(f"{factors >> 4}x{factors & 15}" for factors in sampling)
            name = f"{_SAMPLINGS[sampling]} ({plain})" if sampling in _SAMPLINGS else plain
            raise _refusal("sampling", name, "4:2:0 or 4:2:2 with chroma 1x1: set the encoder to one", "4.1")
        if bytes(number for number, _, _ in self.components) == b"RGB":
            raise _refusal("colour space", "RGB", "YCbCr: set the encoder to YCbCr", "4.1")
        return _TYPES[sampling]

    def _tables(self) -> tuple[bytes, int]:
        """Return the tables that the components use, luma and chroma, and their precision bits."""
        numbers = [number for _, _, number in self.components]
        chosen = [_narrowed(*self.quantization.get(number, (0, b""))) for number in numbers]
        for number, (wide, table) in zip(numbers, chosen, strict=True):
            values = np.frombuffer(table, ">u2" if wide else np.uint8)
            if not values.size or not values.all():
                found = "zero values" if values.size else "missing"
                raise _refusal(f"quantization table {number}", found, "64 values above 0", "4.2")
        (luma_wide, luma), (chroma_wide, chroma), last = chosen
        if last != (chroma_wide, chroma):
            expected = "one table for both: set the encoder to one chroma table"
            raise _refusal("quantization tables of Cb and Cr", "two different ones", expected, "4.1")
        return luma + chroma, luma_wide | chroma_wide << 1

    _READERS = {
        _DQT: _dqt,
        _DHT: _dht,
        _DRI: _dri,
        _SOF0: _sof,
        _SOF1: _sof,
        _APP0: _jfif,
        _APP14: _adobe,
        _SOS: _sos,
    }


def _narrowed(wide: int, table: bytes) -> tuple[int, bytes]:
    """Return a 16-bit table as an 8-bit one when all values fit: every receiver reads that."""
    if wide and not any(table[0::2]):
        return 0, table[1::2]
    return wide, table
