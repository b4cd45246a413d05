"""What a recording writes by itself: JPEGs one after another, a folder of them, and the table beside a video.

A file is only made, never overwritten, and what is written goes to the system at once. A fault leaves
the file as it was behind the last frame that is whole.

Concealed frames are named in a table beside the video, and not in it. A comment in the JPEG would
change the picture's bytes; a subtitle or metadata track differs from container to container, few
libraries read one, and a file of JPEGs has none. A CSV beside the pictures is what data sets of robots
have, and every program for tables reads it while it grows.
"""

from __future__ import annotations

import io
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ...rtp import CLOCK_RATE
from .target import SIDECAR
from .timeline import Shot

COLUMNS = "number,seconds,rtp_timestamp,captured_at,ssrc,concealed,fresh_share"
PART = "writing.part"
"""The picture of a folder that is being written."""


class FrameFile(Protocol):
    """A file that takes frames; for one thread."""

    path: Path
    octets: int
    """Bytes of the frames so far."""
    safe: int
    """Frames that are in the file whatever becomes of this process."""

    def write(self, shot: Shot, ticks: int) -> None:
        """Take a frame at its place of the time line, in ticks of 90 kHz. Raises ``OSError``."""

    def finish(self) -> None:
        """Write what is still held, and close the file. Raises ``OSError``."""

    def abandon(self) -> None:
        """Close the file behind the last frame that is safe. Never raises."""


class Sink:
    """A new file, which a program may write through without seeing its faults.

    ``write``, ``seek`` and ``tell`` are those of a file that never fails: behind the first fault nothing
    is written any more, and ``check`` raises it. Raises ``FileExistsError`` where the name is taken, and
    other ``OSError``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: OSError | None = None
        self.written = 0
        """Bytes taken so far, whether the file has them or not."""
        self._file = io.FileIO(path, "x")
        self._whole = 0

    def write(self, data: bytes) -> int:
        """Write all of the data, or keep the fault."""
        left = memoryview(data)
        try:
            while len(left) and self.fault is None:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self.fault = error
        self.written += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place of the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def check(self) -> None:
        """Raise the fault, if there is one; else what stands in the file is whole."""
        if self.fault is not None:
            raise self.fault
        self._whole = self._file.tell()

    def append(self, data: bytes) -> None:
        """Write data that are whole. Raises ``OSError``."""
        self.write(data)
        self.check()

    def close(self) -> None:
        """Close the file, after a fault as it was when it was whole. Raises ``OSError``."""
        if self.fault is not None:
            with suppress(OSError):  # a device has no length
                self._file.truncate(self._whole)
        self._file.close()

    def remove(self) -> None:
        """Close the file and take it away."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class JpegStream:
    """JPEG files one after another in one file, as mjpeg players read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.octets = self.safe = 0
        self._sink = Sink(path)

    def write(self, shot: Shot, ticks: int) -> None:
        self._sink.append(shot.jpeg)
        self.octets += len(shot.jpeg)
        self.safe += 1

    def finish(self) -> None:
        self._sink.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._sink.close()


class JpegFolder:
    """A folder with a file for each frame: its number, its seconds in the recording, and what is not whole.

    ``00000042-000001.366667.jpg``, or ``00000042-000001.366667-concealed.jpg``. A name stands for a whole
    file: the newest one is written under another.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.octets = self.safe = 0
        path.mkdir(exist_ok=True)
        self._part = Sink(path / PART)  # Which also tells others that the folder is taken.

    def write(self, shot: Shot, ticks: int) -> None:
        self._part.append(shot.jpeg)
        self._part.close()
        self._part.path.rename(self.path / picture_name(self.safe, ticks, shot.concealed))
        self.octets += len(shot.jpeg)
        self.safe += 1
        self._part = Sink(self._part.path)

    def finish(self) -> None:
        self._part.remove()

    def abandon(self) -> None:
        with suppress(OSError):
            self._part.remove()


def picture_name(number: int, ticks: int, concealed: bool) -> str:
    """Return the name of a frame's file; names sort in order of time."""
    return f"{number:08d}-{ticks / CLOCK_RATE:013.6f}{'-concealed' if concealed else ''}.jpg"


class Sidecar:
    """The table beside a video: a line for each of its frames, written when the frame itself is safe."""

    def __init__(self, video: Path) -> None:
        self._sink = Sink(Path(f"{video}{SIDECAR}"))
        self._sink.write(f"{COLUMNS}\n".encode())
        self._number = 0
        self._waiting: deque[str] = deque()

    def add(self, shot: Shot, ticks: int) -> None:
        """Take the line of the next frame."""
        self._waiting.append(row(self._number + len(self._waiting), ticks, shot))

    def settle(self, safe: int) -> None:
        """Write the lines of the first ``safe`` frames of the video. Raises ``OSError``."""
        count = min(safe - self._number, len(self._waiting))
        if count > 0:
            self._number += count
            self._sink.append("".join(self._waiting.popleft() for _ in range(count)).encode())

    def close(self) -> None:
        """Close the table. Never raises."""
        with suppress(OSError):
            self._sink.close()


def row(number: int, ticks: int, shot: Shot) -> str:
    """Return a line of the table."""
    captured = "" if shot.captured_at is None else f"{shot.captured_at:.6f}"
    place = f"{number},{ticks / CLOCK_RATE:.6f},{shot.timestamp},{captured}"
    return f"{place},{shot.ssrc},{int(shot.concealed)},{shot.fresh_share:.4f}\n"
