"""JPEG files, folders of them, and MJPEG files."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.makers import jpegs
from conformance.pictures import APP0, Segment, pillow, with_first, without
from rtpjpeg.capture.jpegfiles import jpeg_end, open_folder, open_jpeg, open_mjpeg
from rtpjpeg.errors import CaptureError

COM, DHT = 0xFE, 0xC4


def with_thumbnail(jpeg: bytes) -> bytes:
    """A JPEG with a whole JPEG inside an APP1 segment, as cameras write them."""
    return with_first(jpeg, Segment(0xE1, b"Exif\0\0" + jpegs(1, 32, 16)[0]))


KINDS = {
    "plain": jpegs()[0],
    "thumbnail": with_thumbnail(jpegs()[0]),
    "no DHT": without(jpegs()[0], DHT),
    "no APP0": without(jpegs()[0], APP0),
    "comment": with_first(jpegs()[0], Segment(COM, b"\xff\xd9\xff\xd8")),
    "fill bytes": jpegs()[0][:2] + b"\xff\xff" + jpegs()[0][2:],
    "progressive": pillow(progressive=True),
    "restart markers": pillow(restart_marker_rows=1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", [b"", b"\0" * 5, b"\xff\xd8\xff\xe0", b"\xff\xd9"])
def test_the_end_is_found_by_walking(kind: str, behind: bytes) -> None:
    assert jpeg_end(KINDS[kind] + behind) == len(KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_has_no_end(kind: str) -> None:
    jpeg = KINDS[kind]
    for size in {*range(0, len(jpeg) - 1, 37), len(jpeg) - 1}:
        assert jpeg_end(jpeg[:size]) is None


def test_a_missing_eoi_ends_at_the_next_picture() -> None:
    jpeg = jpegs()[0]
    assert jpeg_end(jpeg[:-2] + jpegs()[1]) == len(jpeg) - 2


@pytest.mark.parametrize("between", [b"", b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n", b"\0" * 3])
def test_mjpeg_is_split(between: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mjpeg"
    parts = [*KINDS.values()]
    path.write_bytes(between + between.join(parts) + between)
    assert [picture.jpeg for picture in open_mjpeg(path).frames()] == parts


def test_a_long_mjpeg_file_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "clip.mjpeg"
    parts = [*KINDS.values()] * 40
    path.write_bytes(b"".join(parts))
    assert path.stat().st_size > 1 << 20
    pictures = open_mjpeg(path)
    assert [picture.jpeg for picture in pictures.frames()] == parts
    assert len(list(pictures.frames())) == len(parts)


def test_the_last_picture_of_a_cut_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(b"".join(jpegs()) + jpegs()[0][:-40])
    frames = open_mjpeg(path).frames()
    assert [next(frames).jpeg for _ in jpegs()] == list(jpegs())
    with pytest.raises(CaptureError, match=r"clip.mjpeg: found a picture cut off \d+ bytes behind its start"):
        next(frames)


def test_a_long_picture_without_end_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(jpegs()[0][:-2] + b"\0" * (1 << 20))
    with pytest.raises(CaptureError, match="found a picture cut off"):
        list(open_mjpeg(path).frames())


def test_a_folder_is_played_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for name, jpeg in zip(("2.jpg", "10.JPG", "a1.jpeg"), jpegs(), strict=True):
        (tmp_path / name).write_bytes(jpeg)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.jpg").mkdir()
    pictures = open_folder(tmp_path)
    assert [picture.jpeg for picture in pictures.frames()] == list(jpegs())
    assert pictures.fps is None


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no JPEG in this folder"):
        open_folder(tmp_path)


def test_what_a_camera_appends_to_a_photograph_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(KINDS["thumbnail"] + jpegs()[1] + b"\0" * 99)
    (picture,) = open_jpeg(path).frames()
    assert picture.jpeg == KINDS["thumbnail"]
    assert (picture.width, picture.height) == (160, 96)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "JPEG"),
        (b"GIF89a", "JPEG .*47 49"),
        (jpegs()[0][:100], "JPEG segment FFDB .*byte 100"),
        (jpegs()[0][:-1], r"\d+ bytes of a 160x96 JPEG without its end"),
    ],
)
def test_what_is_no_whole_jpeg_is_named(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(jpegs()[0])
    (tmp_path / "2.jpg").write_bytes(content)
    frames = open_folder(tmp_path).frames()
    next(frames)
    with pytest.raises(CaptureError, match=rf"2\.jpg: found {found}.*, expected .*; ") as caught:
        next(frames)
    assert "\n" not in str(caught.value)
