"""AVI files of MJPEG video, whole and broken."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from capture.makers import avi, avi_stream, chunk, decoded, jpegs, pictures, psnr, riff_list
from conformance.pictures import DHT, without
from rtpjpeg.capture.avi import open_avi
from rtpjpeg.errors import CaptureError


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_pictures_pass_as_they_are_with_the_file_rate(tmp_path: Path) -> None:
    bare = without(jpegs()[1], DHT)
    chunks = [chunk(b"00dc", jpegs()[0]), chunk(b"00db", bare), chunk(b"00dc", jpegs()[2])]
    opened = open_avi(write(tmp_path / "clip.avi", avi(chunks)))
    frames = list(opened.frames())
    assert opened.fps == 25
    assert [frame.jpeg for frame in frames] == [jpegs()[0], bare, jpegs()[2]]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.04, 0.08])
    assert {(frame.width, frame.height) for frame in frames} == {(160, 96)}


def test_sound_and_inner_lists_and_second_parts_are_walked_through(tmp_path: Path) -> None:
    streams = (avi_stream(b"auds"), avi_stream(rate=(30000, 1001)))
    chunks = [chunk(b"00wb", b"\1" * 7), riff_list(b"rec ", chunk(b"01dc", jpegs()[0]), chunk(b"00wb", b""))]
    more = riff_list(b"AVIX", riff_list(b"movi", chunk(b"01dc", jpegs()[1])), kind=b"RIFF")
    opened = open_avi(write(tmp_path / "clip.avi", avi(chunks, *streams) + more))
    assert opened.fps == pytest.approx(29.97, abs=0.001)
    assert [frame.jpeg for frame in opened.frames()] == list(jpegs()[:2])


def test_an_empty_chunk_is_time_without_a_picture(tmp_path: Path) -> None:
    chunks = [chunk(b"00dc", jpegs()[0]), chunk(b"00dc", b""), chunk(b"00dc", jpegs()[1])]
    frames = list(open_avi(write(tmp_path / "clip.avi", avi(chunks))).frames())
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.08])


def test_a_recording_that_was_not_finished_plays(tmp_path: Path) -> None:
    header = riff_list(b"hdrl", chunk(b"avih", bytes(56)), avi_stream(rate=(0, 0)))
    movi = riff_list(b"movi", chunk(b"00dc", jpegs()[0]), chunk(b"00dc", jpegs()[1]), size=0)
    opened = open_avi(write(tmp_path / "clip.avi", riff_list(b"AVI ", header, movi, kind=b"RIFF", size=0)))
    assert opened.fps == 30
    assert len(list(opened.frames())) == 2


def test_a_cut_picture_is_named(tmp_path: Path) -> None:
    whole = avi([chunk(b"00dc", jpegs()[0]), chunk(b"00dc", jpegs()[1])])
    frames = open_avi(write(tmp_path / "clip.avi", whole[:-500])).frames()
    assert next(frames).jpeg == jpegs()[0]
    with pytest.raises(CaptureError, match=r"clip.avi: found picture 1 cut off after \d+ of \d+ bytes"):
        next(frames)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (avi([], avi_stream(b"auds")), "an AVI file without a video stream"),
        (avi([])[:30], "an AVI file without a video stream"),
        (avi([chunk(b"00dc", b"\0\0\0\1g")], avi_stream(codec=b"H264")), "'H264' video, expected MJPG"),
        (avi([chunk(b"00dc", b"\xff\xd8rubbish")]), "JPEG header .* byte 2 of 9"),
        (avi([chunk(b"\xff\0\1\2", b"")]), "no chunk at byte"),
    ],
)
def test_what_cannot_be_played_is_named(content: bytes, found: str, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.avi", content)
    with pytest.raises(CaptureError, match=f"clip.avi: found {found}"):
        list(open_avi(path).frames())


def test_every_truncation_plays_or_is_named(tmp_path: Path) -> None:
    whole = avi([chunk(b"00dc", jpegs(2, 16, 16)[0]), chunk(b"00dc", jpegs(2, 16, 16)[1])])
    for size in range(12, len(whole)):
        path = write(tmp_path / "clip.avi", whole[:size])
        try:
            frames = [frame.jpeg for frame in open_avi(path).frames()]
        except CaptureError as error:
            assert "clip.avi: found" in str(error)
        else:
            assert frames == list(jpegs(2, 16, 16)[: len(frames)])


def test_an_avi_of_ffmpeg_plays(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=20)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuvj420p"
        for picture in pictures(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    opened = open_avi(path)
    frames = list(opened.frames())
    assert opened.fps == 20 and len(frames) == 5
    for frame, picture in zip(frames, pictures(5), strict=True):
        assert psnr(decoded(frame.jpeg), picture) > 25
