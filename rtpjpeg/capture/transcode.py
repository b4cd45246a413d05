"""Pictures that RFC 2435 cannot carry become ones that it can: decoded, and encoded again.

That costs time and a little quality, so it is done only where it is asked for, and only to pictures that
need it. To write the same coefficients with other Huffman tables would lose nothing; no kept library with
wheels offers that, and in Python it is too slow for live video.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..errors import CaptureError, UnsupportedJpegError
from ..jpeg import LARGEST_SIDE, JpegHeaders, parse_jpeg, walk_segments
from ..scan import Scratch
from .base import Clock
from .encode import JpegEncoder, Pixels
from .intervals import PacketRoom
from .pictures import Picture

LARGEST_PIXELS = 1 << 24
"""16 Mpixel take 48 MiB; a JPEG of some bytes may say that it is larger, and is not decoded."""
_CURABLE = ("section 3.1.3", "section 3.1.5", "section 4.1")
"""What RFC 2435 does not carry. All other sections are about files that are damaged."""
_NO_SOF = (0xC4, 0xC8, 0xCC)


def is_curable(error: UnsupportedJpegError) -> bool:
    """Return whether a picture that was refused could be sent if it were encoded again."""
    # The decoders that are used here know samples of 8 bits alone.
    return error.source.endswith(_CURABLE) and error.field != "sample precision"


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """Return a size that RFC 2435 carries, in pixels: a picture that is larger shrinks by whole eighths.

    The decoder does that on its way, and is faster for it. From 2592x1944 it is six eighths, 1944x1458.
    """
    for eighths in range(8, 1, -1):
        size = -(-width * eighths // 8), -(-height * eighths // 8)
        if max(size) <= LARGEST_SIDE:
            return size
    return -(-width // 8), -(-height // 8)


class Encoders:
    """The encoders of one camera, one for each subsampling, made when it is first needed.

    Sentences of theirs go to ``notices``.
    """

    def __init__(
        self, quality: int, restart_interval: int, packet_room: PacketRoom | None, notices: list[str]
    ) -> None:
        self._quality = quality
        self._markers = restart_interval, packet_room
        self._notices = notices
        self._made: dict[str, JpegEncoder] = {}

    def get(self, subsampling: str) -> JpegEncoder:
        """Return the encoder for 420 or 422; raises ``CaptureError`` when none is installed."""
        if subsampling not in self._made:
            encoder = JpegEncoder(self._quality, subsampling, *self._markers)
            self._notices += encoder.notices
            self._made[subsampling] = encoder
        return self._made[subsampling]

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) from the next picture on; False while nothing is encoded."""
        self._quality = quality
        for encoder in self._made.values():
            encoder.quality = quality
        return self.made

    @property
    def made(self) -> bool:
        """True when something was encoded, or is to be."""
        return bool(self._made)


class Transcoder:
    """Gives every picture of one camera a form that can be sent; one thread at a time.

    ``get_encoder`` is given the subsampling, 420 or 422. In profile ``compatible`` restart markers are
    taken out. ``say`` takes sentences, each once; ``clock`` gives monotonic seconds, to say what it costs.
    """

    def __init__(
        self,
        get_encoder: Callable[[str], JpegEncoder],
        profile: str,
        say: Callable[[str], object],
        clock: Clock = time.monotonic,
    ) -> None:
        self._get_encoder = get_encoder
        self._plain = profile == "compatible"
        self._tell = say
        self._clock = clock
        self._headers: JpegHeaders | None = None
        self._scratch = Scratch()
        self._said: set[str] = set()

    def carried(self, picture: Picture) -> Picture:
        """Return the picture itself where RFC 2435 carries it, else one encoded again.

        What cannot be decoded comes back as it is too: whoever sends it refuses it in words. Raises
        ``CaptureError`` when no decoder or encoder is installed.
        """
        cause = self._cause(picture.jpeg)
        if cause is None:
            return picture
        try:
            found = self._encoded(picture)
        except ValueError as error:
            self._say("undecoded", f"{_told(*cause)}, and cannot be encoded again: {error}")
            return picture
        if cause[0] not in self._said:
            self._say(cause[0], f"{_told(*cause)}; {self._cost(picture)}")
        return found

    def _encoded(self, picture: Picture) -> Picture:
        image = _decode(picture)
        height, width = image.shape[:2]
        jpeg = self._get_encoder(_subsampling(picture.jpeg)).encode_bgr(image)
        return picture._replace(jpeg=jpeg, width=width, height=height)

    def _cost(self, picture: Picture) -> str:
        """Say what it costs, by one more turn: the one before had the libraries to load."""
        began = self._clock()
        found = self._encoded(picture)
        each = f"{(self._clock() - began) * 1000:.0f} ms each"
        size = f"{found.width}x{found.height}"
        return f"such pictures are decoded and encoded again as {size}, {each}, with a little loss"

    def _cause(self, jpeg: bytes) -> tuple[str, object] | None:
        """Return the field in the way and what was found there; None where nothing is, or damage."""
        try:
            image = parse_jpeg(jpeg, self._headers, self._scratch)
        except UnsupportedJpegError as error:
            return (error.field, error.found) if is_curable(error) else None
        self._headers = image.headers
        if self._plain and image.restart_interval:
            return "restart markers", f"an interval of {image.restart_interval} MCUs in profile compatible"
        return None

    def _say(self, key: str, sentence: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._tell(sentence)


def _told(field: str, found: object) -> str:
    return f"{field}: found {found}"


def _subsampling(jpeg: bytes) -> str:
    """Return 422 where chroma has half the columns and all the rows, so that it keeps them, else 420."""
    for code, start, end in walk_segments(jpeg):
        if 0xC0 <= code <= 0xCF and code not in _NO_SOF:
            factors = [(factor >> 4, factor & 15) for factor in jpeg[start + 7 : end : 3]]
            if len(factors) == 3 and factors[0] == (2 * factors[1][0], factors[1][1]):
                return "422"
    return "420"


def _decode(picture: Picture) -> Pixels:
    """Return the pixels, BGR, at a size that can be sent; raises ``ValueError`` where there are none."""
    if not 0 < picture.width * picture.height <= LARGEST_PIXELS:
        raise ValueError(f"{picture.width}x{picture.height} is over the limit of 16 Mpixel")
    return _decoder()(picture.jpeg, *fitted_size(picture.width, picture.height))


@cache
def _decoder() -> Callable[[bytes, int, int], Pixels]:
    for name, make in (("simplejpeg", _by_simplejpeg), ("cv2", _by_opencv)):
        try:
            return make(importlib.import_module(name))
        except (ImportError, ValueError):  # one built for another numpy raises ValueError
            continue
    raise CaptureError("transcode needs a JPEG decoder: run pip install 'rtpjpeg[send]'")


def _by_simplejpeg(module: Any) -> Callable[[bytes, int, int], Pixels]:
    def decode(jpeg: bytes, width: int, height: int) -> Pixels:
        # Not strict: a camera's stray byte in front of a marker is worth a warning, not the picture.
        image: Pixels = module.decode_jpeg(jpeg, "BGR", min_width=width, min_height=height, strict=False)
        return image

    return decode


def _by_opencv(module: Any) -> Callable[[bytes, int, int], Pixels]:
    flags = module.IMREAD_COLOR | module.IMREAD_IGNORE_ORIENTATION

    def decode(jpeg: bytes, width: int, height: int) -> Pixels:
        image: Any = module.imdecode(np.frombuffer(jpeg, np.uint8), flags)
        if image is None:
            raise ValueError("OpenCV finds it damaged")
        if image.shape[:2] != (height, width):
            image = module.resize(image, (width, height), interpolation=module.INTER_AREA)
        return image  # type: ignore[no-any-return]

    return decode
