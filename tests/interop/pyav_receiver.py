"""Receives RTP/JPEG with PyAV and writes a digest of every decoded picture; run as a program.

    python pyav_receiver.py SESSION.sdp FOLDER WIDTH HEIGHT

Ends at an RTCP BYE.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np


def digests(pictures: Iterable[Any], width: int, height: int) -> Iterator[str]:
    """Yield size, pixel format and SHA-256 of the planes, cropped to width x height pixels."""
    for picture in pictures:
        digest = hashlib.sha256()
        for plane in picture.planes:
            # Planes of chroma are half as wide, and half as high in 4:2:0.
            columns = -(-width * plane.width // picture.width)
            rows = -(-height * plane.height // picture.height)
            samples = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            digest.update(samples[:rows, :columns].tobytes())
        yield f"{width}x{height} {picture.format.name} {digest.hexdigest()}"


def main(session: str, folder: str, width: str, height: str) -> None:
    """Receive until BYE; the files are complete when the program has ended."""
    import av

    with av.open(session, options={"protocol_whitelist": "file,udp,rtp"}) as container:
        for index, digest in enumerate(digests(container.decode(video=0), int(width), int(height))):
            (Path(folder) / f"{index:05}.frame").write_text(digest)


if __name__ == "__main__":
    main(*sys.argv[1:])
