"""Frames as files: each frame one JPEG, and a table of them all.

A name stands for a whole file: what is being written has another one. The frames of two runs are not mixed,
for nobody could tell them apart.
"""

from __future__ import annotations

import csv
import io
import os
from contextlib import suppress
from pathlib import Path

from ..errors import TransportError
from .content import Examined

TABLE = "frames.csv"
COLUMNS = ("file", "ssrc", "frame", "timestamp", "time", "first packet", "bytes", "flaws")
PART = "writing.part"
"""The picture that is being written."""


class Extractor:
    """Writes the frames of one inspection into a folder, which is made where it is missing.

    Raises ``TransportError`` when the folder cannot be used, or holds the frames of another run.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self.written = 0
        """JPEG files."""
        self._part = self.directory / PART
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._table = io.FileIO(self.directory / TABLE, "x")
        except FileExistsError:
            raise TransportError(_taken(self.directory)) from None
        except OSError as error:
            raise TransportError(_fault(self.directory, error)) from None
        self._append(COLUMNS)

    def write(
        self,
        stream_ssrc: int,
        frame_number: int,
        timestamp: int,
        time_ns: int,
        first_packet: int,
        examined: Examined,
    ) -> Path | None:
        """Write the picture of a frame and its line; return the file, None for a frame without picture.

        ``frame_number`` counts the frames of the stream; ``time_ns`` is in nanoseconds since 1970, and
        ``first_packet`` the number in the capture. Raises ``TransportError`` when the disk takes no more.
        """
        path = self._save(picture_name(stream_ssrc, frame_number, examined.mark), examined.jpeg)
        seconds, rest = divmod(time_ns, 1_000_000_000)
        row = (
            path.name if path else "",
            f"0x{stream_ssrc:08x}",
            frame_number,
            timestamp,
            f"{seconds}.{rest:09d}",
            first_packet,
            len(examined.jpeg or b""),
            "; ".join(examined.flaws),
        )
        try:
            self._append(row)
        except TransportError:
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        self.written += path is not None
        return path

    def close(self) -> None:
        """End the table."""
        with suppress(OSError):
            self._table.close()

    def _save(self, name: str, jpeg: bytes | None) -> Path | None:
        if jpeg is None:
            return None
        path = self.directory / name
        try:
            self._part.write_bytes(jpeg)
            self._part.rename(path)
        except OSError as error:
            with suppress(OSError):
                self._part.unlink()
            raise TransportError(_fault(path, error)) from None
        return path

    def _append(self, row: tuple[object, ...]) -> None:
        """Add a line to the table, whole or not at all."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        data, before = text.getvalue().encode(), self._table.tell()
        try:
            if self._table.write(data) != len(data):
                raise OSError("the disk is full")
        except OSError as error:
            with suppress(OSError):
                self._table.truncate(before)
            raise TransportError(_fault(self.directory / TABLE, error)) from None


def picture_name(ssrc: int, number: int, mark: str) -> str:
    """Return the name of a frame's file; the names of a stream sort in the order of its frames."""
    return f"0x{ssrc:08x}-{number:06d}{f'-{mark}' if mark else ''}.jpg"


def _taken(directory: Path) -> str:
    if directory.is_dir():
        return f"{directory} holds the frames of another run ({TABLE}): name a new folder, or empty this one"
    return f"{directory} is a file, expected a folder for the frames"


def _fault(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}"
