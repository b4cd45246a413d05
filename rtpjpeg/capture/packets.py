"""Pictures from a capture of RTP packets: what a receiver would have made of them.

The times are those at which the capture saw each picture become whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

from ..depacketizer import Depacketizer
from ..events import FrameReceived
from ..frame import Frame
from ..net.pcap import read_datagrams
from ..rtp import PAYLOAD_TYPE_JPEG
from .pictures import Picture, Pictures, fault

_PROBED = 10
_LONGEST_STEP = 90_000 * 60


def open_packets(path: Path) -> Pictures:
    """Return the pictures of the first RTP/JPEG source in a pcap or pcapng file.

    Raises ``CaptureError`` when there is none.
    """
    timestamps = [frame.timestamp for _, frame in islice(_frames(path, []), _PROBED)]
    if not timestamps:
        wanted = f"RTP packets of payload type {PAYLOAD_TYPE_JPEG}"
        raise fault(path, "no RTP/JPEG picture", wanted, "name another capture")
    steps = [(later - earlier) % 2**32 for earlier, later in pairwise(timestamps)]
    step = median(steps) if steps else 0
    fps = 90_000 / step if 0 < step < _LONGEST_STEP else None
    notices: list[str] = []
    return Pictures(fps, lambda: _pictures(path, notices), notices)


def _pictures(path: Path, notices: list[str]) -> Iterator[Picture]:
    first: float | None = None
    for time, frame in _frames(path, notices):
        if first is None:
            first = time
        yield Picture(frame.jpeg, frame.width, frame.height, max(0.0, time - first))


def _frames(path: Path, notices: list[str]) -> Iterator[tuple[float, Frame]]:
    depacketizer = Depacketizer()
    datagrams = read_datagrams(path)
    time = 0.0
    for time, _, _, datagram in datagrams:
        if _is_jpeg(datagram):
            depacketizer.push(datagram)
            yield from ((time, frame) for frame in _received(depacketizer))
    depacketizer.flush()
    yield from ((time, frame) for frame in _received(depacketizer))
    notices += datagrams.notices


def _is_jpeg(datagram: bytes) -> bool:
    """Other traffic of the capture must not become the first source."""
    return len(datagram) > 12 and datagram[0] >> 6 == 2 and datagram[1] & 0x7F == PAYLOAD_TYPE_JPEG


def _received(depacketizer: Depacketizer) -> Iterator[Frame]:
    while (event := depacketizer.next_event()) is not None:
        if isinstance(event, FrameReceived):
            yield event.frame
