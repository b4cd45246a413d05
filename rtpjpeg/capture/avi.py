"""Pictures from AVI files of MJPEG video, as webcams and cameras record them.

    RIFF size "AVI "
      LIST size "hdrl"   avih (microseconds a frame), for each stream LIST "strl": strh strf
      LIST size "movi"   chunks "00dc" size data: number of the stream, kind, one picture
      idx1               an index, not needed here
    RIFF size "AVIX"     more "movi" of long files (OpenDML)

The file is read from front to back and its lists are entered whatever size they say, so one that a
recorder could not finish plays to its last whole picture. Pictures pass through as they are, those
without Huffman tables ("AVI1") too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .pictures import Picture, Pictures, fault, picture

_LISTS = (b"RIFF", b"LIST")
_ENTERED = (b"AVI ", b"AVIX", b"hdrl", b"strl", b"movi", b"rec ")
_LARGEST_HEADER = 1 << 16
_DEFAULT_FPS = 30.0
_ADVICE = "convert it with: ffmpeg -i FILE -c:v mjpeg -huffman default -q:v 3 NEW.avi"


class _Video(NamedTuple):
    number: int
    fps: float
    codec: str


class _Chunk(NamedTuple):
    kind: bytes
    data: bytes
    size: int


def open_avi(path: Path) -> Pictures:
    """Return the pictures of the first video stream, with its frame rate.

    Raises ``CaptureError`` when there is no video stream.
    """
    with path.open("rb") as file:
        video = _video(path, file)
    return Pictures(video.fps, lambda: _frames(path, video), [])


def _video(path: Path, file: BinaryIO) -> _Video:
    streams, wanted = 0, None
    for chunk in _chunks(path, file, (b"strh", b"strf")):
        if chunk.kind == b"strh":
            streams += 1
            wanted = chunk.data if chunk.data[:4] == b"vids" else None
        elif chunk.kind == b"strf" and wanted is not None and len(wanted) >= 28 and len(chunk.data) >= 20:
            scale, rate = struct.unpack_from("<II", wanted, 20)
            codec = chunk.data[16:20].decode("latin-1")
            return _Video(streams - 1, rate / scale if rate and scale else _DEFAULT_FPS, codec)
    raise fault(path, "an AVI file without a video stream", "MJPG video", _ADVICE)


def _frames(path: Path, video: _Video) -> Iterator[Picture]:
    kinds = (b"%02ddc" % video.number, b"%02ddb" % video.number)
    with path.open("rb") as file:
        for count, chunk in enumerate(_chunks(path, file, kinds)):
            if len(chunk.data) < chunk.size:
                place = f"picture {count} cut off after {len(chunk.data)} of {chunk.size} bytes"
                raise fault(path, place, "a whole file", "copy or record it again")
            if not chunk.size:  # A recorder's sign for "as before".
                continue
            if not chunk.data.startswith(b"\xff\xd8"):
                raise fault(path, f"{video.codec!r} video", "MJPG", _ADVICE)
            yield picture(path, chunk.data, count / video.fps)


def _chunks(path: Path, file: BinaryIO, wanted: tuple[bytes, ...]) -> Iterator[_Chunk]:
    """Yield the wanted chunks in the order of the file; of one that is cut off, what there is."""
    position = 0
    while len(header := file.read(8)) == 8:
        kind, size = header[:4], int.from_bytes(header[4:], "little")
        position += 8
        if kind in _LISTS and file.read(4) in _ENTERED:
            position += 4
            continue
        if kind in wanted:
            file.seek(position)
            yield _Chunk(kind, file.read(size), size)
        elif not kind.isascii() or not kind.decode("ascii").isprintable():
            raise fault(
                path, f"no chunk at byte {position - 8}", "a whole AVI file", "copy or record it again"
            )
        position += size + size % 2
        file.seek(position)
