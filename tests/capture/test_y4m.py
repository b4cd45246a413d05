"""Raw video: its header, its range, its planes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from capture.makers import decoded, pictures, planes, psnr, y4m
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.y4m import open_y4m
from rtpjpeg.errors import CaptureError
from rtpjpeg.jpeg import parse_jpeg


def encoder(subsampling: str) -> JpegEncoder:
    return JpegEncoder(90, subsampling)


def raw(chroma_rows: int = 2, width: int = 160, height: int = 96) -> list[bytes]:
    views = [planes(picture[:height, :width], chroma_rows) for picture in pictures()]
    return [b"".join(plane.tobytes() for plane in view) for view in views]


def narrowed(frame: bytes, luma: int) -> bytes:
    """Full range made limited, as video is."""
    values = np.frombuffer(frame, np.uint8).astype(np.float64)
    values[:luma] = values[:luma] * 219 / 255 + 16
    values[luma:] = (values[luma:] - 128) * 224 / 255 + 128
    return np.rint(values).astype(np.uint8).tobytes()


FULL = [
    "C420jpeg",
    "C420jpeg XCOLORRANGE=FULL",
    "C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL",
    "XCOLORRANGE=full",
]


@pytest.mark.parametrize("tags", FULL)
def test_full_range_video_is_encoded_as_it_is(tags: str, tmp_path: Path) -> None:
    path = y4m(tmp_path / "clip.y4m", raw(), f"W160 H96 F25:1 Ip A1:1 {tags}")
    opened = open_y4m(path, encoder)
    assert (opened.fps, opened.notices) == (25, [])
    frames = list(opened.frames())
    expected = [encoder("420").encode_planes(*planes(picture)) for picture in pictures()]
    assert [frame.jpeg for frame in frames] == expected
    assert {(frame.width, frame.height, frame.seconds) for frame in frames} == {(160, 96, None)}


@pytest.mark.parametrize("tags", ["C420mpeg2", "C420", "C420paldv", "", "C420jpeg XCOLORRANGE=LIMITED"])
def test_limited_range_video_is_widened_and_said(tags: str, tmp_path: Path) -> None:
    frames = [narrowed(frame, 160 * 96) for frame in raw()]
    opened = open_y4m(y4m(tmp_path / "clip.y4m", frames, f"W160 H96 F30:1 {tags}"), encoder)
    (notice,) = opened.notices
    assert "limited range" in notice
    for frame, picture in zip(opened.frames(), pictures(), strict=True):
        assert psnr(decoded(frame.jpeg), picture) > 28


@pytest.mark.parametrize(("black", "white", "tags"), [(16, 235, "C420"), (0, 255, "C420jpeg")])
def test_black_is_0_and_white_is_255(black: int, white: int, tags: str, tmp_path: Path) -> None:
    luma = np.full((32, 32), black, np.uint8)
    luma[:, 16:] = white
    path = y4m(tmp_path / "clip.y4m", [luma.tobytes() + bytes([128]) * 512], f"W32 H32 F1:1 {tags}")
    (frame,) = open_y4m(path, encoder).frames()
    image = decoded(frame.jpeg)
    assert (image[:, :16] == 0).all() and (image[:, 16:] == 255).all()


def test_422_stays_422(tmp_path: Path) -> None:
    path = y4m(tmp_path / "clip.y4m", raw(1), "W160 H96 F30:1 C422 XCOLORRANGE=FULL")
    for frame, picture in zip(open_y4m(path, encoder).frames(), pictures(), strict=True):
        assert parse_jpeg(frame.jpeg).type == 0
        assert psnr(decoded(frame.jpeg), picture) > 28


def test_odd_sizes_have_rounded_up_chroma(tmp_path: Path) -> None:
    path = y4m(tmp_path / "clip.y4m", raw(2, 159, 95), "W159 H95 F30:1 C420jpeg")
    for frame, picture in zip(open_y4m(path, encoder).frames(), pictures(), strict=True):
        assert psnr(decoded(frame.jpeg), picture[:95, :159]) > 28


@pytest.mark.parametrize(
    ("tag", "fps"), [("F30000:1001", 29.97), ("F15:1", 15), ("F0:0", 30), ("", 30), ("F25", 30), ("Fx:1", 30)]
)
def test_the_rate(tag: str, fps: float, tmp_path: Path) -> None:
    assert open_y4m(y4m(tmp_path / "clip.y4m", [], f"W16 H16 {tag}"), encoder).fps == pytest.approx(
        fps, abs=0.001
    )


def test_frame_parameters_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "clip.y4m"
    path.write_bytes(b"YUV4MPEG2 W160 H96 C420jpeg\n" + b"".join(b"FRAME Ip XA=1\n" + one for one in raw()))
    assert len(list(open_y4m(path, encoder).frames())) == 3


@pytest.mark.parametrize("tag", ["C444", "C420p10", "Cmono", "C411", "C422p12"])
def test_planes_that_do_not_fit_are_refused_with_a_remedy(tag: str, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=rf"clip.y4m: found {tag}, expected 8-bit C420 or C422.*ffmpeg"):
        open_y4m(y4m(tmp_path / "clip.y4m", [], f"W16 H16 {tag}"), encoder)


@pytest.mark.parametrize("header", ["", "H16", "W16", "W0 H16", "W-1 H16", "Wx Hy", "W1e3 H16", "W² H16"])
def test_a_header_without_size_is_refused(header: str, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="expected width and height"):
        open_y4m(y4m(tmp_path / "clip.y4m", [], header), encoder)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"FRAME\n" + raw()[0][:-1], r"picture 0 cut off after 23039 of 23040 bytes"),
        (b"FRAME\n" + raw()[0] + b"FRAME\n", r"picture 1 cut off after 0 of 23040 bytes"),
        (b"FRAME\n" + raw()[0] + b"rubbish", r"no FRAME in front of picture 1"),
    ],
)
def test_what_breaks_off_is_named(body: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.y4m"
    path.write_bytes(b"YUV4MPEG2 W160 H96 C420jpeg\n" + body)
    with pytest.raises(CaptureError, match=f"clip.y4m: found {found}"):
        list(open_y4m(path, encoder).frames())


def test_a_size_that_the_file_cannot_hold_is_not_allocated(tmp_path: Path) -> None:
    path = y4m(tmp_path / "clip.y4m", raw(), "W4000000000 H4000000000 C420jpeg")
    with pytest.raises(CaptureError, match="picture 0 cut off"):
        list(open_y4m(path, encoder).frames())
