"""Pixels to JPEGs that RFC 2435 can carry: two quantisation tables, the standard Huffman tables.

Without restart markers simplejpeg encodes, with them OpenCV. Where simplejpeg is missing OpenCV
does both; where OpenCV is missing, restart markers are made from tiles (``rtpjpeg.capture.tiles``).
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import CaptureError, ConfigError
from .tiles import Area, encode_tiles, with_size

Pixels = npt.NDArray[np.uint8]
SUBSAMPLINGS = ("420", "422")
_LARGEST_INTERVAL = 0xFFFF


class _Backend(Protocol):
    def encode_bgr(self, image: Pixels, quality: int) -> bytes: ...

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int) -> bytes: ...


class JpegEncoder:
    """Encodes the pictures of one camera; one thread at a time.

    ``quality`` 1 to 99 gives exactly the tables of RFC 2435 Q 1 to 99. ``restart_interval`` is in MCUs
    (16x16 pixels at 4:2:0, 16x8 at 4:2:2), 0 for none. Raises ``ConfigError`` for values outside, and
    ``CaptureError`` when no encoder is installed.
    """

    def __init__(self, quality: int = 85, subsampling: str = "420", restart_interval: int = 0) -> None:
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
        self.restart_interval = restart_interval
        self.notices: list[str] = []
        """Sentences to say once; whoever says them empties the list."""
        self._backend = self._choose()

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
        return self._backend.encode_bgr(image, self._quality)

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels) -> bytes:
        """Return the JPEG of three planes, full range, uint8.

        Chroma is subsampled already: half the width, and at 4:2:0 half the height, rounded up.
        """
        return self._backend.encode_planes(y, u, v, self._quality)

    def _choose(self) -> _Backend:
        simplejpeg, reason = _load("simplejpeg")
        cv2 = _load("cv2")[0] if self.restart_interval or simplejpeg is None else None
        if cv2 is not None and (self.subsampling == "420" or hasattr(cv2, "IMWRITE_JPEG_SAMPLING_FACTOR")):
            return _OpenCv(cv2, self.subsampling, self.restart_interval)
        if simplejpeg is None:
            raise CaptureError(f"no JPEG encoder ({reason}): run pip install 'rtpjpeg[send]'")
        if not self.restart_interval:
            return _SimpleJpeg(simplejpeg, self.subsampling)
        self.notices.append(
            "without OpenCV, restart markers come from tiles that simplejpeg encodes one by one"
        )
        return _Tiles(_SimpleJpeg(simplejpeg, self.subsampling), self.subsampling, self.restart_interval)


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

    def encode_bgr(self, image: Pixels, quality: int) -> bytes:
        return bytes(self._module.encode_jpeg(image, quality, "BGR", self._subsampling))

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int) -> bytes:
        height, width = y.shape
        spare = (height % 2 if self._subsampling == "420" else 0, width % 2)
        if not any(spare):
            return bytes(self._module.encode_jpeg_yuv_planes(y, u, v, quality))
        # simplejpeg reads whole pairs of pixels, past the end of an odd plane, and takes the subsampling
        # from the shapes. An even plane has the same blocks; only the header must tell the true size.
        y = np.pad(y, ((0, spare[0]), (0, spare[1])), mode="edge")
        return with_size(bytes(self._module.encode_jpeg_yuv_planes(y, u, v, quality)), width, height)


class _OpenCv:
    def __init__(self, module: Any, subsampling: str, restart_interval: int) -> None:
        self._module = module
        self._parameters = [int(module.IMWRITE_JPEG_RST_INTERVAL), restart_interval]
        # Before 4.6 OpenCV has no such parameter, and always 4:2:0.
        if hasattr(module, "IMWRITE_JPEG_SAMPLING_FACTOR"):
            factor = getattr(module, f"IMWRITE_JPEG_SAMPLING_FACTOR_{subsampling}")
            self._parameters += [int(module.IMWRITE_JPEG_SAMPLING_FACTOR), int(factor)]

    def encode_bgr(self, image: Pixels, quality: int) -> bytes:
        parameters = [int(self._module.IMWRITE_JPEG_QUALITY), quality, *self._parameters]
        done, jpeg = self._module.imencode(".jpg", image, parameters)
        if not done:
            raise CaptureError(f"OpenCV cannot encode an image of shape {image.shape} as JPEG")
        return bytes(jpeg.tobytes())

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int) -> bytes:
        # OpenCV takes no planes. Repeated chroma comes out of its subsampling as it went in.
        cv2 = self._module
        size = (u.shape[1] * 2, u.shape[0] * (2 if u.shape[0] < y.shape[0] else 1))
        wide = [
            cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)[: y.shape[0], : y.shape[1]]
            for plane in (v, u)
        ]
        return self.encode_bgr(cv2.cvtColor(cv2.merge((y, *wide)), cv2.COLOR_YCrCb2BGR), quality)


class _Tiles:
    def __init__(self, encoder: _SimpleJpeg, subsampling: str, restart_interval: int) -> None:
        self._encoder = encoder
        self._mcu = (16, 16 if subsampling == "420" else 8)
        self._row_step = 2 if subsampling == "420" else 1
        self._interval = restart_interval

    def encode_bgr(self, image: Pixels, quality: int) -> bytes:
        def encode(area: Area) -> bytes:
            return self._encoder.encode_bgr(image[area.top : area.bottom, area.left : area.right], quality)

        return encode_tiles(encode, image.shape[1], image.shape[0], self._mcu, self._interval)

    def encode_planes(self, y: Pixels, u: Pixels, v: Pixels, quality: int) -> bytes:
        def encode(area: Area) -> bytes:
            rows = slice(area.top // self._row_step, -(-area.bottom // self._row_step))
            columns = slice(area.left // 2, (area.right + 1) // 2)
            luma = y[area.top : area.bottom, area.left : area.right]
            return self._encoder.encode_planes(luma, u[rows, columns], v[rows, columns], quality)

        return encode_tiles(encode, y.shape[1], y.shape[0], self._mcu, self._interval)
