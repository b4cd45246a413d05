"""The encoder, with and without the libraries it may use."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from capture.makers import decoded, pictures, planes, psnr
from conformance.pictures import DHT, DRI, scan_of, take_apart
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.errors import CaptureError, ConfigError
from rtpjpeg.jpeg import count_mcus, parse_jpeg
from rtpjpeg.tables import STANDARD_DHT

PICTURE = pictures(1, 648, 488)[0]
Without = Callable[..., None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Make these modules impossible to import."""

    def hide(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


def encoded(encoder: JpegEncoder, way: str) -> bytes:
    if way == "bgr":
        return encoder.encode_bgr(PICTURE)
    return encoder.encode_planes(*planes(PICTURE, 2 if encoder.subsampling == "420" else 1))


LIBRARIES = [(), ("cv2",), ("simplejpeg",)]


@pytest.mark.parametrize("hidden", LIBRARIES, ids=["both", "without OpenCV", "without simplejpeg"])
@pytest.mark.parametrize("interval", [0, 1, 7, 41, 82])
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("way", ["bgr", "planes"])
def test_rfc_2435_can_carry_every_picture(
    way: str, subsampling: str, interval: int, hidden: tuple[str, ...], without: Without
) -> None:
    without(*hidden)
    jpeg = encoded(JpegEncoder(72, subsampling, interval), way)
    image = parse_jpeg(jpeg)
    assert (image.width, image.height, image.q) == (648, 488, 72)
    assert image.type == (1 if subsampling == "420" else 0)
    assert image.restart_interval == interval
    huffman = b"".join(take_apart(jpeg).contents(DHT))
    assert sorted(huffman) == sorted(
        STANDARD_DHT.replace(b"\xff\xc4\x00\x1f", b"").replace(b"\xff\xc4\x00\xb5", b"")
    )
    assert psnr(decoded(jpeg), PICTURE) > 28


@pytest.mark.parametrize("interval", [0, 41])
@pytest.mark.parametrize("hidden", LIBRARIES, ids=["both", "without OpenCV", "without simplejpeg"])
@pytest.mark.parametrize("quality", [1, 50, 99])
def test_quality_is_q(quality: int, hidden: tuple[str, ...], interval: int, without: Without) -> None:
    without(*hidden)
    assert parse_jpeg(JpegEncoder(quality, "420", interval).encode_bgr(PICTURE)).q == quality


def test_quality_100_has_tables_of_its_own_and_can_be_set_on_the_way() -> None:
    encoder = JpegEncoder(100)
    assert parse_jpeg(encoder.encode_bgr(PICTURE)).q is None
    encoder.quality = 30
    assert parse_jpeg(encoder.encode_bgr(PICTURE)).q == 30


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("interval", [0, 10])
def test_black_and_white_stay_black_and_white(subsampling: str, interval: int) -> None:
    chroma = (16, 16) if subsampling == "420" else (32, 16)
    grey = np.full(chroma, 128, np.uint8)
    luma = np.zeros((32, 32), np.uint8)
    luma[:, 16:] = 255
    image = decoded(JpegEncoder(90, subsampling, interval).encode_planes(luma, grey, grey))
    assert (image[:, :16] == 0).all() and (image[:, 16:] == 255).all()


@pytest.mark.parametrize("hidden", LIBRARIES, ids=["both", "without OpenCV", "without simplejpeg"])
@pytest.mark.parametrize("interval", [0, 41])
@pytest.mark.parametrize("subsampling", ["420", "422"])
def test_blue_is_blue_and_red_is_red(
    subsampling: str, interval: int, hidden: tuple[str, ...], without: Without
) -> None:
    without(*hidden)
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :16] = (230, 20, 20)
    image[:, 16:] = (20, 20, 230)
    encoder = JpegEncoder(95, subsampling, interval)
    for jpeg in (
        encoder.encode_bgr(image),
        encoder.encode_planes(*planes(image, 2 if subsampling == "420" else 1)),
    ):
        for column in (8, 24):  # away from the edge, where the decoder mixes chroma
            assert np.abs(decoded(jpeg)[:, column].astype(int) - image[0, column]).max() <= 3


@pytest.mark.parametrize(("width", "height"), [(16, 16), (17, 33), (65, 65), (641, 481), (640, 8)])
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("interval", [0, 3])
def test_any_size_will_do(width: int, height: int, subsampling: str, interval: int) -> None:
    image = cv2.resize(PICTURE, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    encoder = JpegEncoder(85, subsampling, interval)
    for jpeg in (
        encoder.encode_bgr(image),
        encoder.encode_planes(*planes(image, 2 if subsampling == "420" else 1)),
    ):
        assert decoded(jpeg).shape == (height, width, 3)
        assert psnr(decoded(jpeg), image) > 20


def test_a_part_of_a_larger_array_is_encoded_as_its_copy() -> None:
    part = PICTURE[10:330, 20:340]
    encoder = JpegEncoder(85)
    assert encoder.encode_bgr(part) == encoder.encode_bgr(part.copy())
    y, u, v = planes(PICTURE)
    parts = (y[32:352, 64:384], u[16:176, 32:192], v[16:176, 32:192])
    assert encoder.encode_planes(*parts) == encoder.encode_planes(*(plane.copy() for plane in parts))


@pytest.mark.parametrize("interval", [0, 10])
def test_without_any_encoder_one_sentence_names_the_extra(interval: int, without: Without) -> None:
    without("cv2", "simplejpeg")
    with pytest.raises(CaptureError, match=r"^no JPEG encoder .*pip install 'rtpjpeg\[send\]'$") as caught:
        JpegEncoder(85, "420", interval)
    assert "\n" not in str(caught.value)


def test_an_encoder_built_for_another_numpy_counts_as_missing(
    monkeypatch: pytest.MonkeyPatch, without: Without
) -> None:
    real = builtins.__import__
    module = "importlib.import_module"

    def broken(name: str, package: str | None = None) -> object:
        if name == "simplejpeg":
            raise ValueError("numpy.dtype size changed")
        return real(name)

    monkeypatch.setattr(module, broken)
    assert parse_jpeg(JpegEncoder(85).encode_bgr(PICTURE)).q == 85
    without("cv2")
    with pytest.raises(CaptureError, match="numpy.dtype size changed"):
        JpegEncoder(85)


def test_tiles_are_said_once_and_only_where_they_are_made(without: Without) -> None:
    assert JpegEncoder(85, "420", 10).notices == []
    without("cv2")
    assert JpegEncoder(85).notices == []
    assert [notice for notice in JpegEncoder(85, "420", 10).notices if "tiles" in notice]


def test_an_opencv_without_sampling_factor_is_asked_for_420_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "IMWRITE_JPEG_SAMPLING_FACTOR")
    assert parse_jpeg(JpegEncoder(85, "420", 41).encode_bgr(PICTURE)).type == 1
    encoder = JpegEncoder(85, "422", 41)
    assert encoder.notices
    assert parse_jpeg(encoder.encode_bgr(PICTURE)).type == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0,), "quality: found 0, expected 1 to 100"),
        ((101,), "quality"),
        ((85, "444"), "subsampling: found '444', expected 420 or 422"),
        ((85, "420", -1), "restart_interval"),
        ((85, "420", 65536), "restart_interval"),
    ],
)
def test_values_outside_are_refused(arguments: tuple[int, str, int], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        JpegEncoder(*arguments)


def test_one_dri_segment_and_none_without_markers() -> None:
    assert take_apart(JpegEncoder(85, "420", 5).encode_bgr(PICTURE)).contents(DRI) == [b"\x00\x05"]
    plain = JpegEncoder(85).encode_bgr(PICTURE)
    assert take_apart(plain).contents(DRI) == [] and scan_of(plain).endswith(b"\xff\xd9")


def test_opencv_that_fails_is_a_capture_error(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = JpegEncoder(85, "420", 5)
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, None))
    with pytest.raises(CaptureError, match="OpenCV cannot encode"):
        encoder.encode_bgr(PICTURE)


@pytest.mark.parametrize("hidden", LIBRARIES, ids=["both", "without OpenCV", "without simplejpeg"])
@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize("way", ["bgr", "planes"])
def test_intervals_are_fitted_to_packets(
    way: str, subsampling: str, hidden: tuple[str, ...], without: Without
) -> None:
    without(*hidden)
    encoder = JpegEncoder(85, subsampling, packet_room=PacketRoom(1328))
    assert encoder.restart_interval == 0
    first, second = (parse_jpeg(encoded(encoder, way)) for _ in range(2))
    plain = parse_jpeg(encoded(JpegEncoder(85, subsampling), way))
    mcus = count_mcus(plain.type, 648, 488)
    assert first.restart_interval == pytest.approx(450 * mcus / len(plain.scan), rel=0.06)
    assert second.restart_interval == first.restart_interval == encoder.restart_interval


def test_a_new_quality_or_size_is_measured_first(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    encoder = JpegEncoder(85, packet_room=PacketRoom(1328))
    real = cv2.imencode

    def counted(kind: str, image: np.ndarray, parameters: list[int]) -> object:
        calls.append(parameters[-1])
        return real(kind, image, parameters)

    monkeypatch.setattr(cv2, "imencode", counted)
    for quality, image in ((85, PICTURE), (85, PICTURE), (40, PICTURE), (40, PICTURE[:240, :320])):
        encoder.quality = quality
        encoder.encode_bgr(image)
    fitted = [interval for interval in calls if interval]
    assert [bool(interval) for interval in calls] == [False, True, True, False, True, False, True]
    assert fitted[0] == fitted[1] < fitted[2]


@pytest.mark.parametrize("subsampling", ["420", "422"])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (641, 481), (2040, 70), (1, 1)])
def test_opencv_is_given_the_colours_of_the_planes(width: int, height: int, subsampling: str) -> None:
    """What a decoder would show of the planes with repeated chroma, before any JPEG."""
    step = 2 if subsampling == "420" else 1
    image = np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)
    y, u, v = planes(image, step)
    encoder = JpegEncoder(85, subsampling, 10)
    encoder.encode_planes(y, u, v)
    wide = [plane.repeat(step, axis=0).repeat(2, axis=1)[:height, :width] for plane in (v, u)]
    expected = cv2.cvtColor(cv2.merge((y, *wide)), cv2.COLOR_YCrCb2BGR)
    assert (encoder._backend._image == expected).all()  # type: ignore[attr-defined]
