"""Decoding: the limit comes first, the errors are ours, either library will do."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from rtpjpeg import RtpJpegError, UnsupportedJpegError
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.receiver import decode as room
from rtpjpeg.receiver.decode import NoDecoderError, can_decode, decode

DECODERS = {"simplejpeg": ("cv2",), "cv2": ("simplejpeg",)}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    room._decoder.cache_clear()
    yield
    room._decoder.cache_clear()


def only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    pytest.importorskip(name)
    for other in DECODERS[name]:
        monkeypatch.setitem(sys.modules, other, None)


def picture(width: int = 64, height: int = 48) -> bytes:
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (255, 0, 0)  # blue, as BGR
    image[:, width // 2 :] = (0, 0, 255)  # red
    return JpegEncoder(90).encode_bgr(image)


def resized(jpeg: bytes, width: int, height: int) -> bytes:
    """Return the file with another size in its SOF segment: a bomb costs its sender nothing."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


@pytest.mark.parametrize("name", DECODERS)
def test_pixels_come_as_bgr(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, name)
    image = decode(picture())
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert np.abs(image[20, 10].astype(int) - (255, 0, 0)).max() < 12
    assert np.abs(image[20, 50].astype(int) - (0, 0, 255)).max() < 12


@pytest.mark.parametrize("size", [(30000, 30000), (4097, 8), (8, 4097), (0, 8), (8, 0)])
def test_a_size_over_the_limit_never_reaches_a_decoder(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_decoder", lambda: pytest.fail("the decoder was asked"))
    with pytest.raises(UnsupportedJpegError, match=f"picture size: found {size[0]}x{size[1]}"):
        decode(resized(picture(), *size))


@pytest.mark.parametrize("name", DECODERS)
def test_the_largest_size_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, name)
    assert decode(picture(4096, 16)).shape == (16, 4096, 3)


@pytest.mark.parametrize("name", DECODERS)
def test_a_damaged_picture_is_one_documented_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, name)
    jpeg = picture()
    with pytest.raises(RtpJpegError, match="cannot be decoded"):
        decode(jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xda\x00\x03\x00")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8", b"\xff\xd8\xff\xd9"])
def test_what_is_no_jpeg_is_said(data: bytes) -> None:
    with pytest.raises(UnsupportedJpegError):
        decode(data)


def test_without_a_decoder_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg = picture()
    for name in DECODERS:
        monkeypatch.setitem(sys.modules, name, None)
    assert not can_decode()
    with pytest.raises(NoDecoderError, match=r"rtpjpeg\[view\]"):
        decode(jpeg)


def test_a_decoder_is_found() -> None:
    assert can_decode()
