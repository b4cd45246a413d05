"""Pixels to JPEGs that RFC 2435 can carry: two quantisation tables, the standard Huffman tables.

Without restart markers simplejpeg encodes, with them OpenCV, of planes too: to convert them costs less than
tiles do (``benchmarks/markers.py``). Where simplejpeg is missing OpenCV does both; where OpenCV is missing,
restart markers are made from tiles (``rtpjpeg.capture.tiles``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import CaptureError, ConfigError
from .intervals import IntervalFitter, PacketRoom
from .tiles import encode_tiles, lay_rows, with_size

Pixels = npt.NDArray[np.uint8]
SUBSAMPLINGS = ("420", "422")
_LARGEST_INTERVAL = 0xFFFF
_BAND = 1 << 16
"""Pixels: OpenCV converts more than these on several threads, which then cost more than they save."""


class _Backend(Protocol):
    def encode_bgr(self, image: Pixels, quality: int, interval: int) -> bytes: ...

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int, interval: int) -> bytes: ...


class JpegEncoder:
    """Encodes the pictures of one camera; one thread at a time.

    ``quality`` 1 to 99 gives exactly the tables of RFC 2435 Q 1 to 99. ``restart_interval`` is in MCUs
    (16x16 pixels at 4:2:0, 16x8 at 4:2:2), 0 for none. With ``packet_room`` intervals are fitted to packets
    instead. Raises ``ConfigError`` for values outside, and ``CaptureError`` when no encoder is installed.
    """

    def __init__(
        self,
        quality: int = 85,
        subsampling: str = "420",
        restart_interval: int = 0,
        packet_room: PacketRoom | None = None,
    ) -> None:
        if subsampling not in SUBSAMPLINGS:
            raise ConfigError(
                f"subsampling: found {subsampling!r}, expected 420 or 422 (RFC 2435 section 4.1)"
            )
        if not 0 <= restart_interval <= _LARGEST_INTERVAL:
            raise ConfigError(
                f"restart_interval: found {restart_interval}, expected 0 to {_LARGEST_INTERVAL}"
            )
        self.quality = quality
        self.subsampling = subsampling
        self._interval = restart_interval
        self._fitter = IntervalFitter(packet_room) if packet_room else None
        self.notices: list[str] = []
        """Sentences to say once; whoever says them empties the list."""
        self._backend = self._choose(bool(restart_interval or packet_room))

    @property
    def restart_interval(self) -> int:
        """MCUs between restart markers of the next picture; 0 without, and before the first is fitted."""
        return self._fitter.interval if self._fitter else self._interval

    @property
    def prefers_planes(self) -> bool:
        """True where planes cost less than an image does, for who can have either from the camera."""
        return not isinstance(self._backend, _OpenCv)

    @property
    def quality(self) -> int:
        """1 to 100; it may be set at any time, and the next picture has it."""
        return self._quality

    @quality.setter
    def quality(self, value: int) -> None:
        if not 1 <= value <= 100:
            raise ConfigError(f"quality: found {value}, expected 1 to 100")
        self._quality = value

    def encode_bgr(self, image: Pixels) -> bytes:
        """Return the JPEG of an image, height x width x 3, BGR, uint8."""
        return self._encode(
            image.shape, lambda interval: self._backend.encode_bgr(image, self._quality, interval)
        )

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels) -> bytes:
        """Return the JPEG of three planes, full range, uint8.

        Chroma is subsampled already: half the width, and at 4:2:0 half the height, rounded up.
        """
        return self._encode(
            y.shape, lambda interval: self._backend.encode_planes(y, u, v, self._quality, interval)
        )

    def _encode(self, shape: tuple[int, ...], encode: Callable[[int], bytes]) -> bytes:
        """Encode once; twice where size or quality are new and intervals are to be fitted."""
        if self._fitter is None:
            return encode(self._interval)
        if self._fitter.begins((shape, self._quality)):
            self._fitter.measure(encode(0))
        jpeg = encode(self._fitter.interval)
        self._fitter.look(jpeg)
        return jpeg

    def _choose(self, markers: bool) -> _Backend:
        simplejpeg, reason = _load("simplejpeg")
        cv2 = _load("cv2")[0] if markers or simplejpeg is None else None
        if cv2 is not None and (self.subsampling == "420" or hasattr(cv2, "IMWRITE_JPEG_SAMPLING_FACTOR")):
            return _OpenCv(cv2, self.subsampling)
        if simplejpeg is None:
            raise CaptureError(f"no JPEG encoder ({reason}): run pip install 'rtpjpeg[send]'")
        if markers:
            self.notices.append(
                "without OpenCV, restart markers come from tiles that simplejpeg encodes one by one"
            )
        return _SimpleJpeg(simplejpeg, self.subsampling)


def _load(name: str) -> tuple[Any, str]:
    """Return a module, or None and the reason; one built for another numpy raises ValueError."""
    try:
        return importlib.import_module(name), ""
    except (ImportError, ValueError) as error:
        return None, f"{name}: {error}"


class _SimpleJpeg:
    def __init__(self, module: Any, subsampling: str) -> None:
        self._module = module
        self._subsampling = subsampling
        self._mcu = (16, 16 if subsampling == "420" else 8)

    def encode_bgr(self, image: Pixels, quality: int, interval: int) -> bytes:
        if not interval:
            return bytes(self._module.encode_jpeg(image, quality, "BGR", self._subsampling))
        across, down = self._mcu
        row = lay_rows(image, down, across)

        def encode(start: int, end: int) -> bytes:
            return self.encode_bgr(row[:, start * across : end * across], quality, 0)

        return encode_tiles(encode, image.shape[1], image.shape[0], self._mcu, interval)

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int, interval: int) -> bytes:
        height, width = y.shape
        if interval:
            rows = [lay_rows(y, self._mcu[1], 16), lay_rows(u, 8, 8), lay_rows(v, 8, 8)]

            def encode(start: int, end: int) -> bytes:
                parts = [
                    row[:, start * step : end * step] for row, step in zip(rows, (16, 8, 8), strict=True)
                ]
                return bytes(self._module.encode_jpeg_yuv_planes(*parts, quality))

            return encode_tiles(encode, width, height, self._mcu, interval)
        spare = (height % 2 if self._subsampling == "420" else 0, width % 2)
        if not any(spare):
            return bytes(self._module.encode_jpeg_yuv_planes(y, u, v, quality))
        # simplejpeg reads whole pairs of pixels, past the end of an odd plane, and takes the subsampling
        # from the shapes. An even plane has the same blocks; only the header must tell the true size.
        y = np.pad(y, ((0, spare[0]), (0, spare[1])), mode="edge")
        return with_size(bytes(self._module.encode_jpeg_yuv_planes(y, u, v, quality)), width, height)


class _OpenCv:
    def __init__(self, module: Any, subsampling: str) -> None:
        self._module = module
        self._sampling: list[int] = []
        self._image = np.empty((0, 0, 3), np.uint8)
        # Before 4.6 OpenCV has no such parameter, and always 4:2:0.
        if hasattr(module, "IMWRITE_JPEG_SAMPLING_FACTOR"):
            factor = getattr(module, f"IMWRITE_JPEG_SAMPLING_FACTOR_{subsampling}")
            self._sampling = [int(module.IMWRITE_JPEG_SAMPLING_FACTOR), int(factor)]

    def encode_bgr(self, image: Pixels, quality: int, interval: int) -> bytes:
        cv2 = self._module
        parameters = [int(cv2.IMWRITE_JPEG_QUALITY), quality, *self._sampling]
        done, jpeg = cv2.imencode(".jpg", image, [*parameters, int(cv2.IMWRITE_JPEG_RST_INTERVAL), interval])
        if not done:
            raise CaptureError(f"OpenCV cannot encode an image of shape {image.shape} as JPEG")
        return bytes(jpeg.tobytes())

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int, interval: int) -> bytes:
        # OpenCV takes no planes. Repeated chroma comes out of its subsampling as it went in.
        height, width = y.shape
        if self._image.shape[:2] != y.shape:
            self._image = np.empty((height, width, 3), np.uint8)
        step = 2 if u.shape[0] < height else 1
        band = max(2, _BAND // width & ~1)
        for top in range(0, height, band):
            rows, chroma = slice(top, top + band), slice(top // step, (top + band) // step)
            wide = [_widened(plane[chroma], step)[: height - top, :width] for plane in (v, u)]
            pixels = self._module.merge((y[rows], *wide))
            self._module.cvtColor(pixels, self._module.COLOR_YCrCb2BGR, dst=self._image[rows])
        return self.encode_bgr(self._image, quality, interval)


def _widened(plane: Pixels, rows: int) -> Pixels:
    """Return a plane with each sample twice in its row, and each row ``rows`` times."""
    pairs = plane.astype(np.uint16)
    pairs *= 0x0101
    wide = pairs.view(np.uint8)
    return wide if rows == 1 else wide.repeat(rows, axis=0)
