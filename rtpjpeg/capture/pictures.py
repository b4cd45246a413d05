"""What a file of pictures is, whatever its format, and the sentence for one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import PathLike
from typing import NamedTuple

from ..errors import CaptureError, UnsupportedJpegError
from ..jpeg import read_size, walk_segments

PLAIN = "JPEGs without restart markers, sent as they are: a lost packet costs a whole picture"
_DRI = 0xDD


class Picture(NamedTuple):
    """One JPEG from a file."""

    jpeg: bytes
    width: int
    """Pixels."""
    height: int
    seconds: float | None = None
    """Since the first picture, where the file says so; None where the frame rate says it."""


class Pictures(NamedTuple):
    """A file that has been looked into."""

    fps: float | None
    """Frames a second, where the file says so."""
    frames: Callable[[], Iterator[Picture]]
    """Begins at the first picture each time it is called; may raise ``CaptureError`` on the way."""
    notices: list[str]
    """Sentences to say once; more may come while it plays."""


def fault(path: str | PathLike[str], found: str, expected: str, advice: str) -> CaptureError:
    """Return the error for a file: what was found, what was expected, what to do."""
    return CaptureError(f"{path}: found {found}, expected {expected}; {advice}")


def picture(path: str | PathLike[str], jpeg: bytes, seconds: float | None = None) -> Picture:
    """Return a picture with the size that its JPEG says; raises ``CaptureError`` if it is none."""
    try:
        return Picture(jpeg, *read_size(jpeg), seconds)
    except UnsupportedJpegError as error:
        raise fault(path, f"{error.field} {error.found}", error.expected, "make the file again") from error


def has_restart_interval(jpeg: bytes) -> bool:
    """Return whether a JPEG says a restart interval that is not 0."""
    return any(code == _DRI and any(jpeg[start:end]) for code, start, end in walk_segments(jpeg))
