"""Where a recording goes: what the suffix of a name means, and what its files are called.

Standard library alone, since the command reads it while it reads its options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...errors import ConfigError, TransportError

KINDS = {
    ".mkv": "matroska",
    ".mp4": "mp4",
    ".mov": "mov",
    ".mjpeg": "mjpeg",
    ".mjpg": "mjpeg",
    ".pcap": "pcap",
}
"""What is written, by suffix."""
FOLDER = "folder"
NEED_PYAV = frozenset({"matroska", "mp4", "mov"})
EXPECTED = ".mkv, .mp4, .mov, .mjpeg, .mjpg, .pcap, or a folder for JPEG files"
SIDECAR = ".frames.csv"
"""What stands behind the name of a video in the name of the table beside it."""
LONGEST_TAG = 60
"""Characters of a source in a file name, which may have 255 bytes in all."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the user named, and what is written there: a value of ``KINDS``, or a folder of JPEGs."""

    path: Path
    kind: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read what a user wrote; a folder that is there is a folder whatever its suffix.

        Raises ``ConfigError`` when the suffix is unknown.
        """
        path = Path(text)
        suffix = path.suffix.lower()
        if not text or path.name.lower() in KINDS:
            raise ConfigError(f"found {text!r}, expected a name in front of {EXPECTED}")
        if not suffix or text.endswith(("/", os.sep)) or path.is_dir():
            return cls(path, FOLDER)
        if suffix not in KINDS:
            raise ConfigError(f"found the suffix {path.suffix!r}, expected {EXPECTED}")
        return cls(path, KINDS[suffix])

    @classmethod
    def at(cls, moment: datetime, suffix: str) -> Target:
        """Return the file for a recording that nobody has named, in the current folder."""
        return cls(Path(f"rtpjpeg-{moment:%Y%m%d-%H%M%S}{suffix}"), KINDS[suffix])

    @property
    def folder(self) -> Path:
        """The folder in which the files are."""
        return self.path if self.kind == FOLDER else self.path.parent

    def check(self) -> None:
        """Make a folder of JPEGs. Raises ``TransportError`` when the folder is not there or not writable."""
        folder = self.folder
        if self.kind == FOLDER:
            try:
                folder.mkdir(exist_ok=True)
            except FileExistsError:
                raise TransportError(f"{folder} is a file, expected a folder for the recording") from None
            except OSError as error:
                raise TransportError(f"folder {folder} cannot be made: {error.strerror}") from None
        if not folder.is_dir():
            raise TransportError(f"folder {folder} is not there: make it, or record somewhere else")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise TransportError(f"folder {folder} cannot be written: record somewhere else")


class Names:
    """The names of one camera's files, one after the other, none of which is taken.

    ``tag`` tells this camera from the others, empty where there is only one. With ``numbered`` the
    first file has a number too.
    """

    def __init__(self, target: Target, tag: str, numbered: bool) -> None:
        stem = "" if target.kind == FOLDER else target.path.stem
        self._folder = target.folder
        self._suffix = "" if target.kind == FOLDER else target.path.suffix
        self._stem = "-".join(filter(None, (stem, tag)))
        self._plain = None if numbered else self._folder / (self._stem + self._suffix)
        self._number = 0
        self.taken: Path | None = None
        """What the user named and is there already, where the newest name stands for it."""

    def next(self) -> Path:
        """Return the next name that is free: behind all that are there, so that order stays order of time."""
        plain, self._plain, self.taken = self._plain, None, None
        if plain is not None:
            self._number = 1  # What follows the file without a number is the second one.
            if is_free(plain):
                return plain
            self.taken = plain
        self._number = max(self._number, self._highest()) + 1
        return self._folder / numbered_name(self._stem, self._number, self._suffix)

    def _highest(self) -> int:
        try:
            return highest_number(os.listdir(self._folder), self._stem, self._suffix)
        except OSError:  # what is wrong with it will be said when a file is made there
            return 0


def numbered_name(stem: str, number: int, suffix: str) -> str:
    """Return the name of a file of a series: drive-0001.mkv."""
    return f"{stem}-{number:04d}{suffix}" if stem else f"{number:04d}{suffix}"


def highest_number(names: Iterable[str], stem: str, suffix: str) -> int:
    """Return the highest number of a series among names, tables beside videos counted; 0 without one."""
    front = re.escape(f"{stem}-" if stem else "")
    pattern = re.compile(f"{front}([0-9]{{4,9}}){re.escape(suffix)}(?:{re.escape(SIDECAR)})?")
    return max((int(found[1]) for found in map(pattern.fullmatch, names) if found), default=0)


def is_free(path: Path) -> bool:
    """Return whether nothing has this name; an empty folder is free too."""
    if path.is_dir():
        return not any(path.iterdir())
    return not os.path.lexists(path) and not os.path.lexists(f"{path}{SIDECAR}")


def tag_of(label: str) -> str:
    """Return a source's name as a part of a file name: the port of rtp://:PORT, else its words."""
    bare = label.removeprefix("rtp://").lstrip(":") if label.startswith("rtp://") else Path(label).name
    return re.sub(r"\W+", "-", bare).strip("-")[-LONGEST_TAG:].strip("-") or "camera"
