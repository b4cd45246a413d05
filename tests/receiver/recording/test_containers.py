"""Matroska, MP4 and QuickTime: packets are the JPEGs that came, times are those of RTP; others read them."""

from __future__ import annotations

import errno
import sys
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from peers import need_module
from receiver.recording.shots import START, STEP, ffprobe_count, jpeg, packets_of, probe, shot
from receiver.recording.test_files import SmallDisk
from rtpjpeg import Packetizer, TransportError, depacketize
from rtpjpeg.receiver.recording.containers import ContainerFile, NoFormatError, load_pyav
from rtpjpeg.receiver.recording.files import Sink
from rtpjpeg.receiver.recording.timeline import Shot

av = need_module("av")
KINDS = [("matroska", ".mkv"), ("mp4", ".mp4"), ("mov", ".mov")]
kinds = pytest.mark.parametrize(("kind", "suffix"), KINDS)
TICKS = [0, STEP, 2 * STEP, 2 * STEP + 1, 40 * STEP, 41 * STEP + 17, 90000 * 3600]
"""A frame a tick behind another one, a gap, and an hour."""


def record(path: Path, kind: str, shots: list[Shot], ticks: list[int]) -> ContainerFile:
    file = ContainerFile(path, kind, shots[0], "rtp://:5000")
    for each, place in zip(shots, ticks, strict=True):
        file.write(each, place)
    return file


@kinds
@pytest.mark.parametrize("subsampling", ["420", "422"])
def test_packets_are_the_frames_and_times_those_of_rtp(
    kind: str, suffix: str, subsampling: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    shots = [shot(number, ticks, subsampling=subsampling) for number, ticks in enumerate(TICKS)]
    file = record(path, kind, shots, TICKS)
    file.finish()
    assert file.safe == len(TICKS)
    assert file.octets == sum(len(each.jpeg) for each in shots)
    found = packets_of(path)
    assert [data for _, data in found] == [each.jpeg for each in shots]
    off = [abs(time - Fraction(ticks, 90000)) for (time, _), ticks in zip(found, TICKS, strict=True)]
    assert max(off) <= (Fraction(1, 2000) if kind == "matroska" else 0)
    assert probe(path, "-show_entries", "stream=codec_name,width,height,pix_fmt").split() == [
        "mjpeg",
        "320",
        "240",
        f"yuvj{subsampling}p",
    ]
    assert ffprobe_count(path) == len(TICKS)


@kinds
def test_what_the_depacketizer_gives_is_in_the_file(kind: str, suffix: str, tmp_path: Path) -> None:
    packetizer = Packetizer()
    packets = [packet for number in range(4) for packet in packetizer.packetize(jpeg(number), number * STEP)]
    frames = list(depacketize(packets))
    shots = [Shot.of(frame, START) for frame in frames]
    record(tmp_path / f"a{suffix}", kind, shots, [number * STEP for number in range(4)]).finish()
    assert [data for _, data in packets_of(tmp_path / f"a{suffix}")] == [frame.jpeg for frame in frames]


@kinds
def test_the_file_says_what_it_is_and_when_it_began(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    record(path, kind, [shot(0, captured_at=1.7e9 + 0.25)], [0]).finish()
    with av.open(str(path)) as container:
        said = container.metadata
        assert said["title"] == "rtp://:5000"
        began = datetime.fromisoformat(said["creation_time"])
        assert abs((began - datetime.fromtimestamp(1.7e9, UTC)).total_seconds()) < 1
        assert container.streams.video[0].time_base == Fraction(1, 1000 if kind == "matroska" else 90000)
        assert all(packet.is_keyframe for packet in container.demux() if packet.size)


@pytest.mark.parametrize("said", [float("nan"), float("inf"), -1e300, 1e300])
def test_a_time_that_cannot_be_is_not_believed(said: float, tmp_path: Path) -> None:
    record(tmp_path / "a.mkv", "matroska", [shot(0, captured_at=said)], [0]).finish()
    record(tmp_path / "b.mkv", "matroska", [replace(shot(0), arrived_at=said)], [0]).finish()
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert container.metadata["creation_time"] == "2027-01-15T08:00:00.000000Z"
    with av.open(str(tmp_path / "b.mkv")) as container:
        assert "creation_time" not in container.metadata


@kinds
def test_a_file_whose_writer_was_killed_ends_half_a_second_before(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    shots = [shot(number) for number in range(60)]
    file = ContainerFile(path, kind, shots[0], "")
    for number, each in enumerate(shots):
        file.write(each, number * STEP)
        if number < 3:
            continue
        copy = tmp_path / f"copy{suffix}"
        copy.write_bytes(path.read_bytes())
        found = packets_of(copy) if file.safe else []
        assert len(found) == file.safe >= number - 16
        assert [data for _, data in found] == [each.jpeg for each in shots[: file.safe]]
    file.finish()
    assert ffprobe_count(path) == 60


@kinds
def test_a_full_disk_leaves_a_file_that_plays(
    kind: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    SmallDisk.left = 700_000
    path = tmp_path / f"a{suffix}"
    file = ContainerFile(path, kind, shot(0), "")
    with pytest.raises(OSError) as full:
        for number in range(1000):
            file.write(shot(number % 8, number * STEP), number * STEP)
    assert full.value.errno == errno.ENOSPC
    file.abandon()
    assert 10 < file.safe < number
    assert len(packets_of(path)) == ffprobe_count(path) == file.safe


@kinds
def test_a_disk_that_is_full_at_the_end_keeps_what_was_safe(
    kind: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    SmallDisk.left = 10**9
    path = tmp_path / f"a{suffix}"
    file = record(path, kind, [shot(number) for number in range(20)], [number * STEP for number in range(20)])
    SmallDisk.left = 100
    with pytest.raises(OSError):
        file.finish()
    assert len(packets_of(path)) == ffprobe_count(path) == file.safe > 3


@kinds
def test_a_file_that_is_there_is_never_overwritten(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        ContainerFile(path, kind, shot(0), "")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("wrong", [b"", b"no picture at all", b"\xff\xd8\xff\xd9"])
def test_a_frame_that_says_no_size_makes_no_file(wrong: bytes, tmp_path: Path) -> None:
    broken = Shot(wrong, 320, 240, 1, 0, 7, START)
    with pytest.raises(NoFormatError, match="no container can hold a frame"):
        ContainerFile(tmp_path / "a.mkv", "matroska", broken, "")
    assert not list(tmp_path.iterdir())


def test_what_fails_while_a_file_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sink, "tell", property(lambda sink: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        ContainerFile(tmp_path / "a.mkv", "matroska", shot(0), "")
    assert not list(tmp_path.iterdir())


def test_a_missing_pyav_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TransportError) as missing:
        load_pyav(".mkv")
    assert str(missing.value) == ".mkv files need PyAV: install rtpjpeg[record], or record .mjpeg"
