"""Files of pictures, written byte by byte, and pictures to put into them."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from photographs import encode, panned

Pixels = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 160, 96


@cache
def pictures(count: int = 3, width: int = WIDTH, height: int = HEIGHT) -> tuple[Pixels, ...]:
    """Views of a photograph, BGR."""
    return tuple(panned("coffee", width, height, count))


@cache
def jpegs(count: int = 3, width: int = WIDTH, height: int = HEIGHT) -> tuple[bytes, ...]:
    """JPEGs of these views, 4:2:0, quality 85."""
    return tuple(encode(picture, 1, 85) for picture in pictures(count, width, height))


def decoded(jpeg: bytes) -> Pixels:
    """Pixels of a JPEG, BGR, by OpenCV."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def planes(picture: Pixels, chroma_rows: int = 2) -> tuple[Pixels, Pixels, Pixels]:
    """Full-range planes of a BGR picture; every second chroma value is kept."""
    y, v, u = (np.ascontiguousarray(part) for part in cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb)))
    return y, np.ascontiguousarray(u[::chroma_rows, ::2]), np.ascontiguousarray(v[::chroma_rows, ::2])


def psnr(one: Pixels, other: Pixels) -> float:
    """Likeness of two pictures in dB."""
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / max(float(error), 1e-9)))


def y4m(path: Path, frames: list[bytes], header: str) -> Path:
    """Write a raw video file."""
    body = b"".join(b"FRAME\n" + frame for frame in frames)
    path.write_bytes(f"YUV4MPEG2 {header}\n".encode() + body)
    return path


def chunk(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    """One RIFF chunk; ``size`` is what it says of itself."""
    said = len(data) if size is None else size
    return kind + struct.pack("<I", said) + data + b"\0" * (len(data) % 2)


def riff_list(form: bytes, *chunks: bytes, kind: bytes = b"LIST", size: int | None = None) -> bytes:
    """A RIFF list of chunks."""
    return chunk(kind, form + b"".join(chunks), size)


def avi_stream(kind: bytes = b"vids", codec: bytes = b"MJPG", rate: tuple[int, int] = (25, 1)) -> bytes:
    """The header list of one stream."""
    strh = kind + codec + struct.pack("<IHHIIIIIIII", 0, 0, 0, 0, rate[1], rate[0], 0, 0, 0, 0, 0)
    strf = struct.pack("<IiiHH", 40, WIDTH, HEIGHT, 1, 24) + codec + bytes(20)
    return riff_list(b"strl", chunk(b"strh", strh), chunk(b"strf", strf))


def avi(chunks: list[bytes], *streams: bytes) -> bytes:
    """A whole AVI file with these chunks in its ``movi`` list."""
    header = riff_list(b"hdrl", chunk(b"avih", bytes(56)), *(streams or (avi_stream(),)))
    return riff_list(b"AVI ", header, riff_list(b"movi", *chunks), chunk(b"idx1", bytes(16)), kind=b"RIFF")
