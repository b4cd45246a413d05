"""Encoding again what RFC 2435 cannot carry, and leaving alone what it can."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from capture.makers import decoded, jpegs, psnr
from capture.test_base import Clock
from conformance.pictures import Segment as Part
from conformance.pictures import jpeg, pillow, replaced, take_apart, with_first, without
from rtpjpeg.capture import transcode as room
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.pictures import Picture, picture
from rtpjpeg.capture.transcode import LARGEST_PIXELS, Encoders, Transcoder, fitted_size, is_curable
from rtpjpeg.errors import CaptureError, UnsupportedJpegError
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.packetizer import Packetizer, packetize

SIZE = {"width": 320, "height": 240}
FOREIGN = {
    "optimised": pillow(optimize=True, quality=92, **SIZE),  # type: ignore[arg-type]
    "optimised 4:2:2": pillow(optimize=True, quality=92, subsampling=1, **SIZE),  # type: ignore[arg-type]
    "4:4:4": pillow(subsampling=0, quality=92, **SIZE),  # type: ignore[arg-type]
    "progressive": pillow(progressive=True, quality=92, **SIZE),  # type: ignore[arg-type]
    "grey": pillow("L", quality=92, **SIZE),  # type: ignore[arg-type]
    "CMYK": pillow("CMYK", quality=92, **SIZE),  # type: ignore[arg-type]
    "RGB": pillow(keep_rgb=True, quality=92, **SIZE),  # type: ignore[arg-type]
}
ADOBE = Part(0xEE, b"Adobe\0\x64\0\0\0\0\x01")


@pytest.fixture(params=["simplejpeg", "cv2"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each of the two decoders."""
    load = importlib.import_module

    def only(name: str) -> Any:
        if name != request.param:
            raise ImportError(name)
        return load(name)

    room._decoder.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(room.importlib, "import_module", only)  # type: ignore[attr-defined]
        room._decoder()
    yield request.param
    room._decoder.cache_clear()


def made(
    profile: str = "resilient", interval: int = 0, said: list[str] | None = None, quality: int = 92
) -> Transcoder:
    said = [] if said is None else said
    return Transcoder(Encoders(quality, interval, None, said).get, profile, said.append, Clock())


def carried(data: bytes, profile: str = "resilient", interval: int = 0) -> Picture:
    return made(profile, interval).carried(picture("test", data))


def encoded_again(pixels: np.ndarray[Any, Any], subsampling: str) -> np.ndarray[Any, Any]:
    """What the encoder alone makes of pixels."""
    return decoded(JpegEncoder(92, subsampling).encode_bgr(np.asarray(pixels, np.uint8)))


@pytest.mark.rule("J-088")
@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_refused_is_encoded_again(kind: str, decoder: str) -> None:
    data = FOREIGN[kind]
    with pytest.raises(UnsupportedJpegError) as refused:
        packetize(data)
    assert is_curable(refused.value)
    found = carried(data)
    assert packetize(found.jpeg) and (found.width, found.height) == (320, 240)
    subsampling = "422" if kind == "optimised 4:2:2" else "420"
    assert parse_jpeg(found.jpeg).type == (0 if subsampling == "422" else 1)
    assert parse_jpeg(found.jpeg).q == 92
    expected = psnr(encoded_again(decoded(data), subsampling), decoded(data))
    assert psnr(decoded(found.jpeg), decoded(data)) > expected - 0.5


@pytest.mark.parametrize("profile", ["resilient", "compatible"])
@pytest.mark.parametrize("data", [*jpegs(2), without(jpegs()[0], 0xC4), jpeg(0), jpeg(width=50, height=40)])
def test_what_can_be_sent_stays_as_it_is(data: bytes, profile: str) -> None:
    said: list[str] = []
    given = picture("test", data)
    assert made(profile, said=said).carried(given) is given
    assert said == []


@pytest.mark.parametrize("kind", [64, 65])
def test_restart_markers_go_where_the_profile_has_none(kind: int) -> None:
    data = jpeg(kind, width=160, height=96, interval=4)
    assert carried(data).jpeg is data
    found = carried(data, "compatible")
    assert parse_jpeg(found.jpeg).restart_interval == 0 and parse_jpeg(found.jpeg).type == kind & 1
    assert Packetizer(profile="compatible").packetize(found.jpeg, 0)
    assert psnr(decoded(found.jpeg), decoded(data)) > 35


def test_a_dri_segment_without_markers_is_no_reason() -> None:
    data = with_first(jpegs()[0], Part(0xDD, b"\0\4"))
    assert carried(data, "compatible").jpeg is data


@pytest.mark.parametrize("interval", [0, 10])
def test_the_encoder_sets_its_restart_markers(interval: int) -> None:
    assert parse_jpeg(carried(FOREIGN["optimised"], interval=interval).jpeg).restart_interval == interval


@pytest.mark.parametrize(("width", "height"), [(2048, 128), (128, 2048), (2592, 160), (4096, 64)])
def test_what_is_too_large_shrinks_by_eighths(width: int, height: int, decoder: str) -> None:
    data = pillow(width=width, height=height, quality=92)
    found = carried(data)
    size = fitted_size(width, height)
    assert (found.width, found.height) == size and max(size) <= 2040
    assert packetize(found.jpeg)
    smaller = cv2.resize(decoded(data), size, interpolation=cv2.INTER_AREA)
    # Decoders shrink a picture each in its own way.
    assert psnr(decoded(found.jpeg), np.asarray(smaller, np.uint8)) > 28


def test_sizes_in_eighths() -> None:
    assert fitted_size(640, 480) == (640, 480)
    assert fitted_size(2040, 2040) == (2040, 2040)
    assert fitted_size(2048, 1536) == (1792, 1344)
    assert fitted_size(4056, 3040) == (2028, 1520)
    assert fitted_size(2049, 33) == (1793, 29)
    assert fitted_size(65535, 1) == (8192, 1)


def test_a_picture_that_says_it_is_huge_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_decoder", lambda: pytest.fail("decoded"))
    sof = take_apart(jpegs()[0]).contents(0xC0)[0]
    data = replaced(jpegs()[0], 0xC0, sof[:1] + b"\x10\x01\x10\x00" + sof[5:])
    given = Picture(data, 4096, 4097)
    assert given.width * given.height > LARGEST_PIXELS
    said: list[str] = []
    assert made(said=said).carried(given) is given
    assert said == [
        "size: found 4096x4097, and cannot be encoded again: 4096x4097 is over the limit of 16 Mpixel"
    ]


def test_what_cannot_be_decoded_comes_back_and_is_said_once(decoder: str) -> None:
    said: list[str] = []
    transcoder = made(said=said)
    sof = take_apart(FOREIGN["progressive"]).contents(0xC2)[0]
    given = picture("test", replaced(FOREIGN["progressive"], 0xC2, sof, 0xC3))  # lossless, it says
    assert transcoder.carried(given) is given and transcoder.carried(given) is given
    assert len(said) == 1
    assert said[0].startswith("coding: found lossless, and cannot be encoded again: ")


DAMAGED = {
    "a marker in the scan": jpegs()[0][:-40] + b"\xff\xe0" + jpegs()[0][-38:],
    "no scan": jpegs()[0][:10],
    "12 bits": replaced(jpegs()[0], 0xC0, b"\x0c" + take_apart(jpegs()[0]).contents(0xC0)[0][1:]),
    "no tables": without(jpegs()[0], 0xDB),
    "lost restart markers": jpeg(65, interval=2).replace(b"\xff\xd3", b"\0\0"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_is_left_to_whoever_sends(kind: str) -> None:
    with pytest.raises(UnsupportedJpegError) as refused:
        packetize(DAMAGED[kind])
    assert not is_curable(refused.value)
    given = Picture(DAMAGED[kind], 160, 96)
    assert made().carried(given) is given


def test_reason_and_cost_are_said_once_for_each_reason() -> None:
    said: list[str] = []
    transcoder = made(said=said)
    for _ in range(2):
        transcoder.carried(picture("test", FOREIGN["optimised"]))
        transcoder.carried(picture("test", with_first(jpegs()[0], ADOBE)))
        transcoder.carried(picture("test", replaced(jpegs()[0], 0xEE, b"")))
    again = "such pictures are decoded and encoded again as 320x240, 0 ms each, with a little loss"
    assert said == [f"Huffman tables: found others in table 00; {again}"]


def test_the_time_of_a_picture_is_kept() -> None:
    assert made().carried(picture("test", FOREIGN["optimised"], 1.5)).seconds == 1.5


def test_encoders_are_made_once_and_take_a_new_quality() -> None:
    encoders = Encoders(70, 4, None, [])
    assert encoders.set_quality(60) is False
    encoder = encoders.get("422")
    assert (encoder.quality, encoder.subsampling, encoder.restart_interval) == (60, "422", 4)
    assert encoders.set_quality(50) is True and encoders.get("422") is encoder and encoder.quality == 50


def test_what_an_encoder_has_to_say_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    load = importlib.import_module
    missing = {"cv2": None}
    monkeypatch.setattr(
        "rtpjpeg.capture.encode._load", lambda name: (None, "") if name in missing else (load(name), "")
    )
    notices: list[str] = []
    encoders = Encoders(70, 4, None, notices)
    encoders.get("420")
    encoders.get("420")
    assert len(notices) == 1 and "tiles" in notices[0]


def test_without_a_decoder_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    room._decoder.cache_clear()
    monkeypatch.setattr(room.importlib, "import_module", missing)  # type: ignore[attr-defined]
    with pytest.raises(CaptureError, match=r"needs a JPEG decoder: run pip install 'rtpjpeg\[send\]'"):
        room._decoder()
    room._decoder.cache_clear()
