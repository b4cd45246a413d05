"""Replaying: nothing is dropped, the pace is kept, and each fault is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.makers import avi, chunk, jpegs, pictures, planes, y4m
from capture.test_base import Clock
from conformance.pictures import jpeg as baseline
from conformance.pictures import pillow
from rtpjpeg.capture.replay import ReplayCamera
from rtpjpeg.errors import CaptureError, ConfigError
from rtpjpeg.frame import Frame
from rtpjpeg.jpeg import parse_jpeg
from rtpjpeg.packetizer import Packetizer


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """An AVI file of 25 frames a second: a picture, a gap, two pictures."""
    path = tmp_path / "clip.avi"
    path.write_bytes(avi([chunk(b"00dc", jpeg) for jpeg in (jpegs()[0], b"", *jpegs()[1:])]))
    return path


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    frames = [b"".join(plane.tobytes() for plane in planes(picture)) for picture in pictures()]
    return y4m(tmp_path / "clip.y4m", frames, "W160 H96 F50:1 C420jpeg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, jpeg in enumerate(jpegs()):
        (tmp_path / f"{index}.jpg").write_bytes(jpeg)
    return tmp_path


def camera(path: Path, clock: Clock, fps: float | None = None, **options: bool | int | str) -> ReplayCamera:
    return ReplayCamera(str(path), "camera1", fps, clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]


def times(source: ReplayCamera, clock: Clock, count: int = 9, work: float = 0.0) -> list[tuple[float, float]]:
    """When each frame came, and when it says it was captured, from the start of the clock."""
    found = []
    while len(found) < count and (frame := source.read()) is not None:
        assert frame.captured_at is not None
        found.append((round(clock.now - 1000, 6), round(frame.captured_at - 1000, 6)))
        clock.now += work
    return found


def test_a_file_has_its_own_pace(clip: Path) -> None:
    clock = Clock()
    source = camera(clip, clock)
    assert not source.live
    assert times(source, clock) == [(0, 0), (0.08, 0.08), (0.12, 0.12)]
    assert (source.fps, source.width, source.height, source.frame_number) == (25, 160, 96, 2)
    assert source.read() is None and source.read() is None


def test_a_given_pace_wins(clip: Path) -> None:
    clock = Clock()
    assert times(camera(clip, clock, 10), clock) == [(0, 0), (0.1, 0.1), (0.2, 0.2)]


def test_as_fast_as_it_goes_keeps_the_times_of_the_file(clip: Path) -> None:
    clock = Clock()
    source = camera(clip, clock, 0)
    assert times(source, clock) == [(0, 0), (0, 0.08), (0, 0.12)]
    assert source.fps == 0 and clock.slept == []


@pytest.mark.parametrize("fps", [None, 0])
def test_a_folder_goes_at_30(fps: float | None, folder: Path) -> None:
    clock = Clock()
    captured = [at for _, at in times(camera(folder, clock, fps), clock)]
    assert captured == pytest.approx([n / 30 for n in range(3)], abs=1e-5)
    assert clock.now - 1000 == pytest.approx(0 if fps == 0 else 2 / 30)


def test_a_slow_reader_misses_nothing(folder: Path) -> None:
    clock = Clock()
    source = camera(folder, clock, 100)
    assert times(source, clock, work=0.3) == [(0, 0), (0.3, 0.01), (0.6, 0.02)]


def test_a_reader_that_was_held_up_is_not_made_to_hurry(folder: Path) -> None:
    clock = Clock()
    source = camera(folder, clock, 10)
    source.read()
    clock.now += 60
    assert times(source, clock) == [(60, 60), (60.1, 60.1)]


def test_a_loop_goes_on_in_time(clip: Path, folder: Path) -> None:
    clock = Clock()
    source = camera(clip, clock, loop=True)
    assert [at for _, at in times(source, clock, 7)] == [0, 0.08, 0.12, 0.16, 0.24, 0.28, 0.32]
    assert source.frame_number == 6
    clock = Clock()
    assert [at for _, at in times(camera(folder, clock, 10, loop=True), clock, 7)] == pytest.approx(
        [n / 10 for n in range(7)]
    )


def test_it_begins_again_when_opened_again(clip: Path) -> None:
    source = camera(clip, Clock(), 0)
    assert [frame.jpeg for frame in iter(source.read, None) if isinstance(frame, Frame)] == list(jpegs())
    source.close()
    source.close()
    first = source.read()
    assert first is not None and first.jpeg == jpegs()[0] and source.frame_number == 0


def test_quality_is_for_raw_video(raw: Path, folder: Path) -> None:
    source = camera(raw, Clock(), 0, quality=50)
    frames = [source.read()]
    assert source.set_quality(20) is True
    frames.append(source.read())
    assert [parse_jpeg(frame.jpeg).q for frame in frames if frame is not None] == [50, 20]
    with camera(folder, Clock()) as pictures_of_folder:
        assert pictures_of_folder.set_quality(20) is False


@pytest.mark.parametrize("interval", [0, 10])
def test_restart_markers_are_for_raw_video(raw: Path, interval: int) -> None:
    with camera(raw, Clock(), 0, restart_interval=interval) as source:
        frame = source.read()
    assert frame is not None and parse_jpeg(frame.jpeg).restart_interval == interval


def test_what_the_file_has_to_say_is_said_once(tmp_path: Path) -> None:
    source = camera(y4m(tmp_path / "clip.y4m", [bytes(384)], "W16 H16 C420"), Clock(), loop=True)
    for _ in range(3):
        source.read()
    assert len(source.notices) == 1


@pytest.mark.parametrize("name", ["clip.bin", "CLIP.MJPG", "photo.jpg"])
def test_the_content_counts_and_the_name_tells_one_photograph_from_many(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"".join(jpegs()))
    source = camera(tmp_path / name, Clock(), 0)
    assert len(times(source, Clock())) == (1 if name == "photo.jpg" else 3)


def test_an_mjpeg_file_may_begin_with_the_header_of_its_part(tmp_path: Path) -> None:
    (tmp_path / "clip.mjpeg").write_bytes(
        b"--frame\r\nContent-Type: image/jpeg\r\n\r\n".join([b"", *jpegs()])
    )
    source = camera(tmp_path / "clip.mjpeg", Clock(), 0)
    assert len(times(source, Clock())) == 3


FOREIGN = {
    "an optimised JPEG": (pillow(optimize=True), "resilient", (64, 48)),
    "a large one": (pillow(width=2048, height=64), "resilient", (1792, 56)),
    "restart markers": (baseline(65), "compatible", (64, 48)),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_transcode_encodes_again_what_cannot_be_sent(kind: str, tmp_path: Path) -> None:
    data, profile, size = FOREIGN[kind]
    (tmp_path / "a.jpg").write_bytes(data)
    (tmp_path / "b.jpg").write_bytes(jpegs()[0])
    given: dict[str, bool | int | str] = {"transcode": True, "profile": profile, "quality": 70, "loop": True}
    source = camera(tmp_path, Clock(), 0, **given)
    with source:
        assert (source.width, source.height) == size
        for _ in range(2):
            again, same = source.read(), source.read()
            assert again is not None and same is not None
            assert (again.width, again.height) == size and parse_jpeg(again.jpeg).q == 70
            assert Packetizer(profile=profile).packetize(again.jpeg, 0) and same.jpeg == jpegs()[0]
        assert len(source.notices) == 1 and "encoded again" in source.notices[0]
        assert source.set_quality(40) is True
        last = source.read()
        assert last is not None and parse_jpeg(last.jpeg).q == 40


@pytest.mark.parametrize("transcode", [False, True])
def test_what_nobody_can_encode_again_is_left_as_it_is(transcode: bool, tmp_path: Path) -> None:
    data = pillow(optimize=True) if not transcode else jpegs()[0].replace(b"\xff\xc0", b"\xff\xc3")
    (tmp_path / "a.jpg").write_bytes(data)
    with camera(tmp_path, Clock(), 0, transcode=transcode) as source:
        frame = source.read()
    assert frame is not None and frame.jpeg == data


FAULTS = {
    "empty.mjpeg": (b"", "found an empty file"),
    "text.mjpeg": (b"no picture here", "found no picture"),
    "letter.txt": (b"Dear Sir", "found first bytes 44 65 61 72 20 53 69 72"),
    "short.jpg": (jpegs()[0][:90], "found JPEG"),
    "empty.y4m": (b"YUV4MPEG2 W16 H16 F25:1\n", "found no picture"),
    "empty.avi": (avi([]), "found no picture"),
    "wave.wav": (b"RIFF\x24\0\0\0WAVEfmt ", "found first bytes"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_played_gets_one_sentence(name: str, tmp_path: Path) -> None:
    content, found = FAULTS[name]
    (tmp_path / name).write_bytes(content)
    source = camera(tmp_path / name, Clock())
    for _ in range(2):  # it stays a fault when asked again
        with pytest.raises(CaptureError, match=rf"{name}: {found}.*expected") as caught:
            source.open()
        assert "\n" not in str(caught.value)


def test_a_path_that_is_not_there_or_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CaptureError, match=r"gone.avi: No such file or directory; expected a folder of JPEGs"
    ):
        camera(tmp_path / "gone.avi", Clock()).open()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "mine.avi").write_bytes(avi([]))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CaptureError, match="mine.avi: Permission denied"):
        camera(tmp_path / "mine.avi", Clock()).open()


def test_a_file_that_goes_away_while_it_plays_is_a_capture_error(folder: Path) -> None:
    source = camera(folder, Clock(), 0)
    source.read()
    (folder / "1.jpg").unlink()
    with pytest.raises(CaptureError, match="No such file"):
        source.read()


def test_a_negative_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fps: found -1"):
        camera(tmp_path, Clock(), -1)


def test_home_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    source = ReplayCamera(f"~/{folder.name}", fps=0)
    assert source.read() is not None
