"""A JPEG file as payload: what the file says, and what the RTP/JPEG headers in front of it say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import UnsupportedJpegError
from ...jpeg import SOI, parse_jpeg, walk_segments
from ...scan import EOI
from .case import Case
from .verdict import SAMPLINGS, Verdict

_SEGMENTS = {0xC0: "SOF", 0xC1: "SOF", 0xC2: "SOF", 0xC4: "DHT", 0xDA: "SOS", 0xDB: "DQT", 0xDD: "DRI"}
_SEGMENTS |= {0xFE: "COM"} | {0xE0 + number: f"APP{number}" for number in range(16)}
_TYPES: dict[tuple[int, ...], int] = {(0x21, 0x11, 0x11): 0, (0x22, 0x11, 0x11): 1}


@dataclass(slots=True)
class WholeFile:
    """What the payloads of a frame are together."""

    jpeg: bytes
    verdicts: list[Verdict]
    width: int = 0
    """Pixels, as the file says; 0 where it does not get that far."""
    height: int = 0


def begins_with_file(case: Case) -> bool:
    """Tell whether the payload is a JPEG file, or its headers without SOI."""
    if case.headless or not case.fragments.pieces:
        return False
    return case.fragments.whole_file or bool(_first_segment(case))


def _first_segment(case: Case) -> str:
    front = bytes(case.fragments.pieces[0][:2])
    return _SEGMENTS.get(front[1], "") if len(front) == 2 and front[0] == 0xFF else ""


def read_file(case: Case) -> WholeFile:
    """Return the file as it was sent, up to the first hole, and what is wrong with its headers."""
    pieces = case.fragments.pieces if case.whole else case.until_hole()
    jpeg = b"".join(pieces)
    if case.fragments.whole_file:
        found = f"a JPEG file, FF D8 at its first byte, in {len(pieces)} packets"
    else:
        found = f"the headers of a JPEG file: {_first_segment(case)} at its first byte"
        jpeg = SOI + jpeg
    if not case.whole and not jpeg.endswith(EOI):
        jpeg += EOI
    file = WholeFile(jpeg, [Verdict("J-074", found)])
    file.verdicts += _contradictions(file, case)
    return file


def _contradictions(file: WholeFile, case: Case) -> Iterator[Verdict]:
    """Yield what the RTP/JPEG header says and the file does not, and what no RTP/JPEG header can say."""
    try:
        content = next(
            file.jpeg[start:end]
            for code, start, end in walk_segments(file.jpeg)
            if _SEGMENTS.get(code) == "SOF" and end - start >= 6
        )
    except (UnsupportedJpegError, StopIteration):
        return
    file.height, file.width = struct.unpack_from(">HH", content, 1)
    fields = case.fragments.fields
    type_, sampling = _sampling(content)
    if fields.type & ~64 in SAMPLINGS and fields.type & 63 != type_:
        yield Verdict("J-022", f"type {fields.type}, and a file of {sampling}")
    rounded = -(-file.width // 8) * 8, -(-file.height // 8) * 8
    if rounded != fields.dimensions and all(fields.dimensions):
        width, height = fields.dimensions
        yield Verdict("J-033", f"{width}x{height}, and a file of {file.width}x{file.height}")
    if case.whole:
        yield from _coding(file.jpeg)


def _sampling(content: bytes) -> tuple[int | None, str]:
    """Return the RTP/JPEG type of an SOF segment, None where there is none, and its sampling in words."""
    factors = tuple(content[7:15:3])
    type_ = _TYPES.get(factors)
    if type_ is not None:
        return type_, SAMPLINGS[type_]
    if len(factors) == 1:
        return None, "greyscale"
    return None, "sampling " + ", ".join(f"{factor >> 4}x{factor & 15}" for factor in factors)


def _coding(jpeg: bytes) -> Iterator[Verdict]:
    try:
        parse_jpeg(jpeg)
    except UnsupportedJpegError as error:
        if error.field in ("coding", "Huffman tables"):
            yield Verdict("J-088", f"a file with {error.field} {error.found}")
