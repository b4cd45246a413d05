"""What the cameras look at: patches of colour, painted into buffers in the format that was asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

PATCHES: tuple[tuple[tuple[int, int, int], ...], ...] = (
    ((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0)),
    ((0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)),
    ((96, 96, 96), (64, 128, 192), (192, 128, 64), (160, 160, 160)),
)
"""Rows of red, green, blue; black is top left, white to its right."""


def view(region: tuple[int, int, int, int], sensor: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """Return what a region (x, y, width, height) of a sensor shows at a size: height x width x 3, RGB."""
    columns = _patch_numbers(region[0], region[2], sensor[0], size[0], len(PATCHES[0]))
    rows = _patch_numbers(region[1], region[3], sensor[1], size[1], len(PATCHES))
    return np.array(PATCHES, np.uint8)[rows[:, None], columns[None, :]]


def _patch_numbers(start: int, length: int, whole: int, count: int, patches: int) -> npt.NDArray[np.intp]:
    places = start + (np.arange(count) + 0.5) * length / count
    return (places * patches / whole).astype(np.intp).clip(0, patches - 1)


def pack(picture: Pixels, pixel_format: str, stride: int, full_range: bool) -> bytes:
    """Return the bytes of a picture in a buffer; padding is 0xAA, so that nobody takes it for pixels."""
    if pixel_format == "YUV420":
        y, u, v = _planes(picture, full_range)
        return b"".join((_padded(y, stride), _padded(u, stride // 2), _padded(v, stride // 2)))
    # libcamera names the bytes from the last one to the first.
    order = {"RGB888": (2, 1, 0), "BGR888": (0, 1, 2)}[pixel_format]
    return _padded(picture[:, :, order].reshape(len(picture), -1), stride)


def _padded(rows: Pixels, stride: int) -> bytes:
    padded = np.full((len(rows), stride), 0xAA, np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.tobytes()


def _planes(picture: Pixels, full_range: bool) -> tuple[Pixels, Pixels, Pixels]:
    """Convert by ITU-R BT.601, in full range as JFIF has it or in 16 to 235 as television has it."""
    r, g, b = (picture[:, :, channel].astype(np.float64) for channel in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    u, v = (b - y) / 1.772, (r - y) / 1.402
    if not full_range:
        y, u, v = 16 + y * 219 / 255, u * 224 / 255, v * 224 / 255
    u, v = u[::2, ::2] + 128, v[::2, ::2] + 128
    made = [plane.round().clip(0, 255).astype(np.uint8) for plane in (y, u, v)]
    return made[0], made[1], made[2]
