"""The strangers that receive: how each is started, and how its pictures compare with those sent.

Each writes one file a frame into its own folder: GStreamer and FFmpeg the JPEG as they rebuilt it,
PyAV a digest of what it decoded.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import photographs
from interop import pyav_receiver
from peers import need, need_gstreamer, need_module, newest_ffmpeg
from rtpjpeg import SessionDescription

RTP_CAPS = "application/x-rtp,media=video,clock-rate=90000,encoding-name=JPEG,payload=26"


@dataclass(frozen=True)
class Place:
    """Where a receiver listens and writes, and the true size of the pictures it will get, in pixels."""

    port: int
    folder: Path
    width: int
    height: int
    payload_type: int = 26


@dataclass(frozen=True)
class Receiver:
    """One stranger. ``ends_by_bye``: it stops at an RTCP BYE, else at SIGINT."""

    require: Callable[[], object]
    command: Callable[[Place], list[str]]
    compare: Callable[[bytes, bytes, Place], str]
    ends_by_bye: bool = True


def start(receiver: Receiver, place: Place) -> subprocess.Popen[bytes]:
    """Start a receiver; what it says goes to ``log`` in its folder."""
    place.folder.mkdir(parents=True)
    with (place.folder / "log").open("wb") as log:
        command = receiver.command(place)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def received(place: Place) -> list[bytes]:
    """Return what the receiver wrote for each frame, in the order of arrival."""
    return [path.read_bytes() for path in sorted(place.folder.glob("*.frame"))]


def _gstreamer(buffer: str, place: Place) -> list[str]:
    caps = RTP_CAPS.replace("payload=26", f"payload={place.payload_type}")
    source = f"udpsrc address=127.0.0.1 port={place.port} caps={caps} {buffer} ! rtpjpegdepay"
    return [
        "gst-launch-1.0",
        "-q",
        "-e",
        *source.split(),
        "!",
        "multifilesink",
        f"location={place.folder}/%05d.frame",
    ]


def _ffmpeg(program: Callable[[], str], place: Place) -> list[str]:
    source = f"-v warning -nostdin -protocol_whitelist file,udp,rtp -i {_write_sdp(place)} -c copy"
    return [program(), *source.split(), *f"-f image2 -start_number 0 {place.folder}/%05d.frame".split()]


def _pyav(place: Place) -> list[str]:
    arguments = [_write_sdp(place), place.folder, place.width, place.height]
    return [sys.executable, pyav_receiver.__file__, *map(str, arguments)]


def _write_sdp(place: Place) -> Path:
    """Write the description of our stream as ``rtpjpeg-send --sdp`` does."""
    path = place.folder / "session.sdp"
    size = {"width": place.width, "height": place.height}
    stream = SessionDescription(
        "127.0.0.1", place.port, payload_type=place.payload_type, framerate=30, **size
    )
    path.write_text(stream.serialize(), newline="")
    return path


def compare_jpegs(sent: bytes, got: bytes, place: Place) -> str:
    """Return what differs between two JPEGs inside the true size, empty if no pixel does."""
    width, height = place.width, place.height
    rounded = bool(width % 8 or height % 8)
    try:
        ours, theirs = photographs.pixels(sent, rounded), photographs.pixels(got, rounded)
    except ValueError as error:
        return str(error)
    if theirs.shape != (-(-height // 8) * 8, -(-width // 8) * 8, 3):
        return f"{theirs.shape[1]}x{theirs.shape[0]}, not {width}x{height} rounded up"
    if np.array_equal(ours, theirs[:height, :width]):
        return ""
    return f"{int((ours != theirs[:height, :width]).any(axis=2).sum())} of {width * height} pixels differ"


def _compare_digests(sent: bytes, got: bytes, place: Place) -> str:
    """Compare with what the same decoder makes of the JPEG that was sent."""
    (digest,) = pyav_receiver.digests(_decoded(sent), place.width, place.height)
    return "" if digest == got.decode() else f"decoded to {got.decode()}, not {digest}"


def _decoded(jpeg: bytes) -> Iterator[object]:
    import av

    yield from av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpeg))


def _gstreamer_receiver(buffer: str) -> Receiver:
    return Receiver(
        require=partial(need_gstreamer, "udpsrc", "rtpjitterbuffer", "rtpjpegdepay", "multifilesink"),
        command=partial(_gstreamer, buffer),
        compare=compare_jpegs,
        ends_by_bye=False,
    )


GSTREAMER_WITH_JITTER_BUFFER = _gstreamer_receiver("! rtpjitterbuffer")

RECEIVERS = {
    "gstreamer": _gstreamer_receiver(""),
    "ffmpeg5": Receiver(
        require=partial(need, "ffmpeg"),
        command=partial(_ffmpeg, partial(need, "ffmpeg")),
        compare=compare_jpegs,
    ),
    "ffmpeg9": Receiver(
        require=newest_ffmpeg,
        command=partial(_ffmpeg, newest_ffmpeg),
        compare=compare_jpegs,
    ),
    "pyav": Receiver(
        require=partial(need_module, "av"),
        command=_pyav,
        compare=_compare_digests,
    ),
}
