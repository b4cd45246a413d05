"""Pictures as files: the JPEG as it came, byte for byte."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import TransportError
from ..frame import Frame

_log = logging.getLogger(__name__)


def save(frames: Iterable[tuple[str, Frame]], folder: Path) -> list[Path]:
    """Write frames, each with its source's label, and return the files.

    Raises ``TransportError`` when one cannot be written.
    """
    saved = []
    for label, frame in frames:
        name = re.sub(r"[\W_]+", "-", label).strip("-")
        path = folder / f"{name}-{frame.timestamp:010d}.jpg"
        try:
            path.write_bytes(frame.jpeg)
        except OSError as error:
            raise TransportError(f"{path} cannot be written: {error.strerror or error}") from None
        _log.info("%s: picture saved as %s", label, path)
        saved.append(path)
    return saved
