"""Frames for the tests of recordings, and how other people's programs read what was recorded."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path

from peers import need, need_module
from receiver.feeding import background
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.strip import draw_strip
from rtpjpeg.receiver.recording.timeline import Shot

STEP = 3003
"""Ticks of 90 kHz from one frame to the next: 29.97 a second."""
START = 1.8e9


@cache
def jpeg(number: int, subsampling: str = "420", width: int = 320) -> bytes:
    """Return a picture with a strip of this number, ``width`` of 320x240 pixels."""
    image = background(1).copy()
    draw_strip(image, number, 0)
    return JpegEncoder(80, subsampling).encode_bgr(image[:, :width].copy())


def shot(
    number: int,
    ticks: int | None = None,
    *,
    subsampling: str = "420",
    width: int = 320,
    ssrc: int = 7,
    first: int = 1000,
    concealed: bool = False,
    captured_at: float | None = None,
) -> Shot:
    """Return a frame ``ticks`` behind the first one, whose RTP timestamp is ``first``."""
    ticks = number * STEP if ticks is None else ticks
    return Shot(
        jpeg(number, subsampling, width),
        width,
        240,
        0 if subsampling == "422" else 1,
        (first + ticks) & 0xFFFF_FFFF,
        ssrc,
        START + ticks / 90000,
        captured_at,
        concealed,
        0.5 if concealed else 1.0,
    )


def packets_of(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return time in seconds and bytes of all video packets, as PyAV reads them."""
    with need_module("av").open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        return [(packet.pts * stream.time_base, bytes(packet)) for packet in packets]


def ffprobe_count(path: Path) -> int:
    """Return how many frames ffprobe decodes without an error."""
    said = probe(path, "-count_frames", "-show_entries", "stream=nb_read_frames")
    return int(said)


def probe(path: Path, *options: str) -> str:
    """Return what ffprobe says of the video stream, as plain text."""
    options = ("-f", "mjpeg", *options) if path.suffix in (".mjpeg", ".mjpg") else options
    command = [need("ffprobe"), "-v", "error", *options, "-select_streams", "v:0"]
    done = subprocess.run(
        [*command, "-of", "default=noprint_wrappers=1:nokey=1", str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
