"""One picture on its way: the JPEG, and what is known about its time and its completeness.

A frame is pure. It can be asked for pixels only because whoever made it put a decoder in; the
protocol itself never decodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import RtpJpegError

Decoder = Callable[["Frame"], Any]


@dataclass(slots=True)
class Frame:
    """One picture, captured or received."""

    jpeg: bytes
    """The whole JPEG file, SOI to EOI."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    timestamp: int = 0
    """RTP timestamp, 90 000 units a second, 32 bits (RFC 2435 section 3). 0 for a captured frame."""

    concealed: bool = False
    """True when a part of the picture was lost and stands as an earlier frame had it."""

    captured_at: float | None = None
    """Seconds of the capture clock at the moment of exposure; None where it is not known. Of a received
    frame: seconds since 1970 by the sender's wall clock, as its packets say (RFC 6051 section 3.3)."""

    encoded_at: float | None = None
    """Seconds of the same clock when the JPEG was there; None where it is not known."""

    sent_at: float | None = None
    """Seconds of the same clock when the first packet was made; None where it is not known."""

    received_at: float | None = None
    """Seconds of the receiver's monotonic clock when the first packet came; None if not received."""

    completed_at: float | None = None
    """Seconds of the same clock when the frame was whole or given up."""

    source: str = ""
    """Of a received frame, the source as the user wrote it."""

    ssrc: int = 0
    """Synchronization source (RFC 3550 section 3)."""

    sequence_number: int = 0
    """Sequence number of the first packet that came of this frame."""

    number: int = 0
    """How many frames of its stream were received before this one."""

    packets: int = 0
    """Packets that this frame was made of."""

    type: int = 0
    """RTP/JPEG type: 0 is 4:2:2, 1 is 4:2:0, plus 64 with restart markers (RFC 2435 section 4.1)."""

    type_specific: int = 0
    """0 whole picture, 1 odd field, 2 even field, 3 one field for both (RFC 2435 section 4.1)."""

    q: int = 0
    """The Q field (RFC 2435 section 4.2)."""

    restart_interval: int = 0
    """MCUs between restart markers; 0 without them."""

    intervals: int = 0
    """Restart intervals of the picture; 0 without restart markers."""

    fresh_intervals: int = 0
    """How many of them came with this frame; the others stand as an earlier frame had them."""

    oldest_interval: float = 0.0
    """Seconds since the oldest restart interval was new; infinite when one was never seen, and is grey."""

    interval_states: bytes = b""
    """Of a concealed frame one byte for each restart interval: 0, it came with this frame; 1, it stands as an
    earlier frame had it; 2, it has not come since size, quality or interval last changed, and is grey or
    older than that change. A decoder that keeps its last picture leaves that picture's pixels there."""

    findings: tuple[str, ...] = ()
    """Names of the departures from the RFC that were tolerated in this frame."""

    decoder: Decoder | None = field(default=None, repr=False, compare=False)
    """Turns this frame into pixels; put in by whoever made the frame."""

    _image: Any = field(default=None, init=False, repr=False, compare=False)

    @property
    def image(self) -> Any:
        """Pixels, height x width x 3, BGR, uint8; decoded on first use.

        Raises ``RtpJpegError`` when no decoder was put in.
        """
        if self._image is None:
            if self.decoder is None:
                raise RtpJpegError("frame.image needs a decoder: install rtpjpeg[send] or rtpjpeg[view]")
            self._image = self.decoder(self)
        return self._image
