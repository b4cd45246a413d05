"""Pictures that are JPEGs already: one file, a folder of files, or many in one file (MJPEG).

The end of a JPEG in an MJPEG file is found by walking its segments by their length, because the
thumbnails in APPn segments hold whole JPEGs of their own, with SOI and EOI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import cast

import numpy as np

from ..errors import UnsupportedJpegError
from ..jpeg import walk_segments
from .pictures import Picture, Pictures, fault, picture

SUFFIXES = (".jpg", ".jpeg")
Bytes = bytes | mmap
"""A mapped file gives bytes where it is sliced, as bytes do."""
_SOI = b"\xff\xd8\xff"
_EOI = 0xD9
_WINDOW = 1 << 16
_CUT = "copy or record it again"


def open_jpeg(path: Path) -> Pictures:
    """Return the one picture of a JPEG file; what follows its end, as cameras add it, is left out."""

    def frames() -> Iterator[Picture]:
        yield _whole(path)

    return Pictures(None, frames, [])


def open_folder(path: Path) -> Pictures:
    """Return the JPEG files of a folder in the order of their names, 2 before 10."""
    names = [entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES and entry.is_file()]
    names.sort(key=_natural)
    if not names:
        raise fault(path, "no JPEG in this folder", "files named .jpg or .jpeg", "name another folder")
    return Pictures(None, lambda: map(_whole, names), [])


def open_mjpeg(path: Path) -> Pictures:
    """Return the pictures of a file of JPEGs one behind the other; bytes between them are skipped."""

    def frames() -> Iterator[Picture]:
        # Mapped, not read: each picture is copied once, and a long file costs no memory.
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            yield from _split(path, data)

    return Pictures(None, frames, [])


def jpeg_end(data: Bytes, start: int = 0) -> int | None:
    """Return where the JPEG at ``start`` ends, EOI included; None if it does not end in ``data``."""
    try:
        position = max(end for _, _, end in walk_segments(cast(bytes, data), start))
    except UnsupportedJpegError:
        return None
    return _scans_end(data, position)


def _scans_end(data: Bytes, position: int) -> int | None:
    """Return where the JPEG ends whose first scan begins at ``position``."""
    while (found := _next_marker(data, position)) is not None:
        first, last = found
        code = data[last]
        if code == _EOI:
            return last + 1
        if code == _SOI[1]:  # EOI is missing, and the next picture begins.
            return first
        # Another scan's tables, or a segment that stands behind the scan.
        length = int.from_bytes(data[last + 1 : last + 3], "big")
        position = last + 1 + max(length, 2)
    return None


def _next_marker(data: Bytes, position: int) -> tuple[int, int] | None:
    """Return first and last byte of the next marker that is no restart marker, fill bytes included.

    Window by window: a picture is a small part of what was read, and most end in the first window.
    """
    begin = position
    while position < len(data) - 1:
        window = np.frombuffer(data, np.uint8, min(_WINDOW, len(data) - position), position)
        codes = window[1:]
        marked = (window[:-1] == 0xFF) & (codes != 0x00)
        at = int(marked.argmax())
        if marked[at] and codes[at] != _EOI:
            marked &= (codes != 0xFF) & ((codes & 0xF8) != 0xD0)
            at = int(marked.argmax())
        if marked[at]:
            first = last = position + at
            while first > begin and data[first - 1] == 0xFF:
                first -= 1
            return first, last + 1
        position += _WINDOW - 1
    return None


class _Splitter:
    """Cuts JPEGs out of a file; headers that were seen are not walked again."""

    def __init__(self) -> None:
        self._headers = _SOI
        self._size = (0, 0)

    def cut(self, path: Path, data: Bytes, position: int) -> tuple[Picture, int] | None:
        """Return the next picture at or behind ``position``, and where it ends; None without a whole one."""
        start = data.find(_SOI, position)
        if start < 0:
            return None
        behind = start + len(self._headers)
        if len(self._headers) > len(_SOI) and data[start:behind] == self._headers:
            end = _scans_end(data, behind)
            return None if end is None else (Picture(data[start:end], *self._size), end)
        end = jpeg_end(data, start)
        if end is None:
            return None
        found = picture(path, data[start:end])
        self._headers = data[start : max(stop for _, _, stop in walk_segments(cast(bytes, data), start))]
        self._size = (found.width, found.height)
        return found, end


def _split(path: Path, data: Bytes) -> Iterator[Picture]:
    splitter, position = _Splitter(), 0
    while (found := splitter.cut(path, data, position)) is not None:
        whole, position = found
        yield whole
    start = data.find(_SOI, position)
    if start >= 0:
        place = f"a picture cut off {len(data) - start} bytes behind its start"
        raise fault(path, place, "EOI at the end of the file", _CUT)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _whole(path: Path) -> Picture:
    data = path.read_bytes()
    end = jpeg_end(data)
    if end is None:
        walked = picture(path, data)
        raise fault(
            path, f"{len(data)} bytes of a {walked.width}x{walked.height} JPEG without its end", "EOI", _CUT
        )
    return picture(path, data[:end])
