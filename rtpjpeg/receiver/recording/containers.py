"""Matroska, MP4 and QuickTime by PyAV: the JPEGs go in as they are, no codec touches them.

The container is written so that a file whose writer was killed can be read: Matroska in clusters, MP4
and QuickTime in fragments, each of half a second at most, and each handed to the system when it is whole.
MP4 and QuickTime keep the RTP timestamps exactly, at 90 kHz. Matroska as libavformat writes it keeps
milliseconds, so there times are rounded.
"""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...errors import RtpJpegError, TransportError
from ...rtp import CLOCK_RATE
from .files import Sink
from .timeline import Shot

BUFFER = 1 << 18
"""Bytes that libavformat collects for one write."""
FIRST_STEP = CLOCK_RATE // 30
"""Ticks for which a frame is shown that no other one follows."""
_FRAGMENTS = {
    # Every frame of Motion JPEG is a key frame, so frag_keyframe would make a fragment of each.
    "movflags": "empty_moov+default_base_moof",
    "frag_duration": "500000",
    "video_track_timescale": str(CLOCK_RATE),
}
_OPTIONS = {"matroska": {"cluster_time_limit": "500"}, "mp4": _FRAGMENTS, "mov": _FRAGMENTS}


class NoFormatError(RtpJpegError):
    """A frame that a container cannot describe."""


def load_pyav(suffix: str) -> Any:
    """Return PyAV. Raises ``TransportError`` when it is not installed."""
    try:
        import av
    except ImportError:
        raise TransportError(f"{suffix} files need PyAV: install rtpjpeg[record], or record .mjpeg") from None
    return av


class ContainerFile:
    """One video track of Motion JPEG in a new file, made for the size and the colours of its first frame.

    ``kind`` is ``matroska``, ``mp4`` or ``mov``. Raises ``FileExistsError`` where the name is taken,
    other ``OSError``, and ``NoFormatError`` where the frame says no size.
    """

    def __init__(self, path: Path, kind: str, first: Shot, title: str) -> None:
        self.path = path
        self.octets = self.safe = 0
        self._av = load_pyav(path.suffix)
        self._frames = self._ticks = 0
        self._step = FIRST_STEP
        with _described(self._av, first) as source:
            self._sink = Sink(path)
            try:
                self._open(kind, source.streams.video[0], first, title)
            except BaseException:
                self._sink.remove()
                raise

    def _open(self, kind: str, template: Any, first: Shot, title: str) -> None:
        options = {**_OPTIONS[kind], "flush_packets": "1"}
        self._container = self._av.open(
            self._sink, "w", format=kind, container_options=options, buffer_size=BUFFER
        )
        self._container.metadata.update({"title": title, **_creation_time(first)})
        if hasattr(self._container, "add_stream_from_template"):  # PyAV 14 and newer
            self._stream = self._container.add_stream_from_template(template)
        else:
            self._stream = self._container.add_stream(template=template)

    def write(self, shot: Shot, ticks: int) -> None:
        self._step = ticks - self._ticks if self._frames else FIRST_STEP
        self._ticks = ticks
        before = self._sink.written
        self._container.mux(self._packet(shot, ticks))
        self._sink.check()
        # Only whole clusters and fragments are written, and the one that is written ends before this frame.
        if self._sink.written != before:
            self.safe = self._frames
        self._frames += 1
        self.octets += len(shot.jpeg)

    def _packet(self, shot: Shot, ticks: int) -> Any:
        packet = self._av.Packet(shot.jpeg)
        packet.stream = self._stream
        packet.time_base = Fraction(1, CLOCK_RATE)
        packet.pts = packet.dts = ticks
        with suppress(AttributeError):  # PyAV 11 cannot say it, and then the last frame has no duration
            packet.duration = self._step
        return packet

    def finish(self) -> None:
        try:
            self._container.close()
            self._sink.check()
            self.safe = self._frames
        finally:
            self._sink.close()

    def abandon(self) -> None:
        # What libavformat still wants to write goes nowhere.
        self._sink.fault = self._sink.fault or OSError("abandoned")
        with suppress(Exception):
            self._container.close()
        with suppress(OSError):
            self._sink.close()


def _creation_time(first: Shot) -> dict[str, str]:
    """Return when a file began: the moment of exposure, or else of arrival. Senders may say anything."""
    for seconds in (first.captured_at, first.arrived_at):
        if seconds is not None:
            with suppress(ValueError, OverflowError, OSError):
                began = datetime.fromtimestamp(seconds, UTC)
                return {"creation_time": began.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return {}


def _described(av: Any, shot: Shot) -> Any:
    """Return an input of one JPEG, whose stream says what the track holds: the way without an encoder."""
    try:
        source = av.open(io.BytesIO(shot.jpeg), format="mjpeg")
    except (av.error.FFmpegError, ValueError) as error:
        raise NoFormatError(f"no container can hold a frame: {error}") from None
    video = source.streams.video
    if not video or not video[0].codec_context.width:
        source.close()
        raise NoFormatError("no container can hold a frame that says no size")
    return source
