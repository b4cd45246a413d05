"""Raw video from .y4m files (YUV4MPEG2), encoded to JPEG plane by plane.

    YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL
    FRAME
    640 * 480 bytes Y, 320 * 240 bytes U, 320 * 240 bytes V
    FRAME ...

A JPEG is full range (JFIF): 0 is black, 255 white. Video that says XCOLORRANGE=FULL, or C420jpeg and
nothing of its range, is taken as it is. Any other is limited, 16 is black and 235 white, and is
widened; without that it would look pale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from .encode import JpegEncoder, Pixels
from .pictures import Picture, Pictures, fault

MAGIC = b"YUV4MPEG2"
_LONGEST_LINE = 1024
_SUBSAMPLINGS = {"420": "420", "420jpeg": "420", "420mpeg2": "420", "420paldv": "420", "422": "422"}
_DEFAULT_FPS = 30.0
_ADVICE = "convert it with: ffmpeg -i FILE -pix_fmt yuvj420p -strict -1 NEW.y4m"


class _Format(NamedTuple):
    width: int
    height: int
    fps: float
    subsampling: str
    full_range: bool

    @property
    def chroma(self) -> tuple[int, int]:
        """Rows and columns of a chroma plane."""
        rows = -(-self.height // 2) if self.subsampling == "420" else self.height
        return rows, -(-self.width // 2)

    @property
    def size(self) -> int:
        """Bytes of a picture."""
        rows, columns = self.chroma
        return self.width * self.height + 2 * rows * columns


def open_y4m(path: Path, make_encoder: Callable[[str], JpegEncoder]) -> Pictures:
    """Return the pictures of a file of raw video; ``make_encoder`` is given the subsampling.

    Raises ``CaptureError`` for a header that cannot be read or planes that are not 8-bit 4:2:0 or 4:2:2.
    """
    with path.open("rb") as file:
        form = _read_header(path, file)
    encoder = make_encoder(form.subsampling)
    notice = f"{path}: limited range video, widened to the full range of a JPEG"
    return Pictures(form.fps, lambda: _frames(path, form, encoder), [] if form.full_range else [notice])


def _read_header(path: Path, file: BinaryIO) -> _Format:
    words = file.readline(_LONGEST_LINE).decode("latin-1").split()
    fields = {word[0]: word[1:] for word in words[1:] if word[0] != "X"}
    width, height = (
        int(value) if value.isdecimal() else 0 for value in (fields.get("W", ""), fields.get("H", ""))
    )
    if not width or not height:
        raise fault(
            path, f"the header {' '.join(words)[:60]!r}", "width and height (W640 H480)", "make it again"
        )
    colour = fields.get("C", "420")
    if colour not in _SUBSAMPLINGS:
        raise fault(path, f"C{colour}", "8-bit C420 or C422, which RFC 2435 can carry", _ADVICE)
    range_ = next((word.partition("=")[2].upper() for word in words if word.startswith("XCOLORRANGE=")), None)
    full = range_ == "FULL" if range_ else colour == "420jpeg"
    return _Format(width, height, _rate(fields.get("F", "")), _SUBSAMPLINGS[colour], full)


def _rate(value: str) -> float:
    top, _, bottom = value.partition(":")
    if top.isdecimal() and bottom.isdecimal() and int(top) and int(bottom):
        return int(top) / int(bottom)
    return _DEFAULT_FPS


def _frames(path: Path, form: _Format, encoder: JpegEncoder) -> Iterator[Picture]:
    with path.open("rb") as file:
        file.readline(_LONGEST_LINE)
        left = path.stat().st_size
        count = 0
        while line := file.readline(_LONGEST_LINE):
            if not line.startswith(b"FRAME"):
                raise fault(path, f"no FRAME in front of picture {count}", "FRAME", "make the file again")
            # A size that the file cannot hold must not be allocated.
            data = file.read(min(form.size, left))
            if len(data) < form.size:
                place = f"picture {count} cut off after {len(data)} of {form.size} bytes"
                raise fault(path, place, "a whole file", "copy or record it again")
            if not form.full_range:
                luma = form.width * form.height
                data = data[:luma].translate(_WIDE_LUMA) + data[luma:].translate(_WIDE_CHROMA)
            yield Picture(encoder.encode_planes(*_planes(data, form)), form.width, form.height)
            count += 1


def _planes(data: bytes, form: _Format) -> tuple[Pixels, Pixels, Pixels]:
    pixels = np.frombuffer(data, np.uint8)
    luma = form.width * form.height
    chroma = (len(pixels) - luma) // 2
    return (
        pixels[:luma].reshape(form.height, form.width),
        pixels[luma : luma + chroma].reshape(form.chroma),
        pixels[luma + chroma :].reshape(form.chroma),
    )


def _widening(black: int, span: int, full: int) -> bytes:
    """Return the table from limited to full range that keeps ``full`` where ``black`` was."""
    return bytes(min(max(round((value - black) * 255 / span + full), 0), 255) for value in range(256))


# ITU-R BT.601: luma from 16 to 235, chroma 112 to both sides of 128.
_WIDE_LUMA = _widening(16, 219, 0)
_WIDE_CHROMA = _widening(128, 224, 128)
