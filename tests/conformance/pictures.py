"""JPEG files of every kind that the rules name, and the segments of a file, taken apart by hand.

OpenCV and Pillow encode; what they cannot make is made by changing segments. Nothing here comes from
the code under test.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SOF0, DHT, SOS, DQT, DRI, APP0, APP14 = 0xC0, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE


@cache
def scene(width: int = 64, height: int = 48, seed: int = 1) -> Picture:
    """A picture with soft shapes and noise, so that scans are long: height x width x 3, BGR, uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + random.normal(0, 14, smooth.shape), 0, 255).astype(np.uint8)


@cache
def jpeg(
    type: int = 1,
    *,
    quality: int = 75,
    chroma_quality: int | None = None,
    width: int = 64,
    height: int = 48,
    interval: int = 4,
    seed: int = 1,
) -> bytes:
    """A baseline file of an RTP/JPEG type; ``interval`` counts for the types above 63 only.

    With a ``chroma_quality`` the pair of tables is that of no Q: the chroma table is exchanged, which
    makes another picture, as good as any.
    """
    if chroma_quality is not None:
        other = tables_of(jpeg(quality=chroma_quality))[1]
        file = jpeg(type, quality=quality, width=width, height=height, interval=interval, seed=seed)
        return with_tables(file, [(0, tables_of(file)[0], False), (1, other, False)])
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if type & 1 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422
    choices = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    choices += [cv2.IMWRITE_JPEG_RST_INTERVAL, interval if type & 64 else 0]
    made, encoded = cv2.imencode(".jpg", scene(width, height, seed), choices)
    assert made
    return encoded.tobytes()


def pillow(mode: str = "RGB", width: int = 64, height: int = 48, **options: object) -> bytes:
    """A file that Pillow encodes, with its options: progressive, optimize, subsampling, qtables ..."""
    image = Image.fromarray(np.ascontiguousarray(scene(width, height)[:, :, ::-1])).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def pixels(file: bytes) -> Picture:
    """Decode with OpenCV: height x width x 3, BGR, uint8."""
    picture = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "OpenCV refuses the file"
    return picture.astype(np.uint8)


def same_pixels(first: bytes, second: bytes) -> bool:
    """True when two files decode to the same pixels."""
    one, other = pixels(first), pixels(second)
    return one.shape == other.shape and bool((one == other).all())


class Segment(NamedTuple):
    """One marker segment: its code, and its content behind the length field."""

    code: int
    content: bytes


class File(NamedTuple):
    """A JPEG file: its segments from SOI to SOS, and all bytes behind SOS."""

    segments: list[Segment]
    scan: bytes

    def contents(self, code: int) -> list[bytes]:
        """The contents of all segments with this code."""
        return [segment.content for segment in self.segments if segment.code == code]

    def codes(self) -> list[int]:
        """The marker codes in their order."""
        return [segment.code for segment in self.segments]


def take_apart(file: bytes) -> File:
    """Read a file segment by segment."""
    assert file[:2] == SOI
    segments, position = [], 2
    while True:
        assert file[position] == 0xFF, f"no marker at byte {position}"
        code, length = file[position + 1], struct.unpack_from(">H", file, position + 2)[0]
        segments.append(Segment(code, file[position + 4 : position + 2 + length]))
        position += 2 + length
        if code == SOS:
            return File(segments, file[position:])


def put_together(segments: Sequence[Segment], scan: bytes) -> bytes:
    """Write a file."""
    parts = [struct.pack(">BBH", 0xFF, code, len(content) + 2) + content for code, content in segments]
    return SOI + b"".join(parts) + scan


def without(file: bytes, *codes: int) -> bytes:
    """The file without the segments of these codes."""
    parsed = take_apart(file)
    return put_together([segment for segment in parsed.segments if segment.code not in codes], parsed.scan)


def with_first(file: bytes, *segments: Segment) -> bytes:
    """The file with segments put in right behind SOI."""
    parsed = take_apart(file)
    return put_together([*segments, *parsed.segments], parsed.scan)


def replaced(file: bytes, code: int, content: bytes, new_code: int | None = None) -> bytes:
    """The file with another content, and perhaps another code, in each segment of this code."""
    parsed = take_apart(file)
    new = Segment(code if new_code is None else new_code, content)
    return put_together([new if part.code == code else part for part in parsed.segments], parsed.scan)


def with_scan(file: bytes, scan: bytes) -> bytes:
    """The file with another scan behind its SOS."""
    return put_together(take_apart(file).segments, scan)


def with_tables(file: bytes, tables: Sequence[tuple[int, Sequence[int], bool]]) -> bytes:
    """The file with other tables, one segment each: (number, 64 zig-zag values, 16 bits wide)."""
    segments = [
        Segment(DQT, bytes([wide << 4 | number]) + struct.pack(">64H" if wide else "64B", *values))
        for number, values, wide in tables
    ]
    return with_first(without(file, DQT), *segments)


def tables_of(file: bytes) -> dict[int, list[int]]:
    """The quantisation tables of a file by number: 64 values each, in zig-zag order."""
    found = {}
    for content in take_apart(file).contents(DQT):
        position = 0
        while position < len(content):
            wide, number = content[position] >> 4, content[position] & 15
            form = ">64H" if wide else "64B"
            found[number] = list(struct.unpack_from(form, content, position + 1))
            position += 1 + struct.calcsize(form)
    return found


def eight_bit(file: bytes) -> bytes:
    """Tables 0 and 1 of a file as they travel: 128 bytes."""
    tables = tables_of(file)
    return bytes(tables[0] + tables[1])


def scan_of(file: bytes) -> bytes:
    """All bytes behind SOS."""
    return take_apart(file).scan


def filler(size: int, *, ending: bytes = EOI) -> bytes:
    """A scan of so many bytes, its ending counted: no picture, but no marker in it."""
    pattern = bytes((index * 7 + 1) & 0x7F for index in range(127))
    body = size - len(ending)
    return (pattern * (body // len(pattern) + 1))[:body] + ending


def intervals_of(scan: bytes) -> list[bytes]:
    """A scan cut in front of each restart marker; the EOI stays with the last interval."""
    cuts = [0]
    for position in range(len(scan) - 1):
        if scan[position] == 0xFF and 0xD0 <= scan[position + 1] <= 0xD7:
            cuts.append(position)
    return [scan[start:end] for start, end in zip(cuts, [*cuts[1:], len(scan)], strict=True)]
