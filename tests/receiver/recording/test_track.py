"""One camera in a row of files: where the next one begins, and what is left after a fault."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from peers import need_module
from receiver.feeding import train
from receiver.recording.shots import STEP, ffprobe_count, jpeg, packets_of, shot
from receiver.recording.test_files import SmallDisk
from rtpjpeg import Packetizer, PacketTrain
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.receiver.recording.rotation import NEVER, Rotation
from rtpjpeg.receiver.recording.target import Names, Target
from rtpjpeg.receiver.recording.timeline import Shot
from rtpjpeg.receiver.recording.track import FrameTrack, PacketTrack, WriteFault

SUFFIXES = [".mkv", ".mp4", ".mov", ".mjpeg"]
suffixes = pytest.mark.parametrize("suffix", SUFFIXES)
PEER, LOCAL = ("192.0.2.1", 4000), ("192.0.2.2", 5000)


@pytest.fixture(autouse=True)
def pyav() -> None:
    need_module("av")


def frame_track(path: Path, rotation: Rotation = NEVER) -> FrameTrack:
    target = Target.parse(str(path))
    return FrameTrack(target.kind, Names(target, "", rotation != NEVER), rotation, "rtp://:5000")


def record(track: FrameTrack, shots: Iterable[Shot]) -> None:
    for each in shots:
        track.take(each)
    track.finish()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".csv"))


@suffixes
def test_one_file_and_its_table(suffix: str, tmp_path: Path) -> None:
    track = frame_track(tmp_path / f"a{suffix}")
    record(track, (shot(number, concealed=number == 3) for number in range(10)))
    assert (track.recorded, track.name) == (10, f"{tmp_path}/a{suffix}")
    assert ffprobe_count(tmp_path / f"a{suffix}") == 10
    with (tmp_path / f"a{suffix}.frames.csv").open() as table:
        assert [row["concealed"] for row in csv.DictReader(table)] == ["0"] * 3 + ["1"] + ["0"] * 6


@pytest.mark.parametrize("suffix", [*SUFFIXES, ""])
def test_a_file_is_as_long_as_was_asked(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    track = frame_track(tmp_path / "out" / f"a{suffix}", Rotation(seconds=1.001))
    if not suffix:
        (tmp_path / "out" / "a").mkdir()
    record(track, (shot(number) for number in range(70)))
    folder = tmp_path / "out" / ("" if suffix else "a")
    assert files(folder) == [f"{'a-' if suffix else ''}000{number}{suffix}" for number in (1, 2, 3)]
    if suffix:
        assert [ffprobe_count(folder / name) for name in files(folder)] == [30, 30, 10]
    else:
        assert [len(files(folder / name)) for name in files(folder)] == [30, 30, 10]
    assert track.recorded == 70


@suffixes
def test_a_file_is_as_large_as_was_asked(suffix: str, tmp_path: Path) -> None:
    each = len(jpeg(0))
    track = frame_track(tmp_path / f"a{suffix}", Rotation(octets=5 * each + each // 2))
    record(track, (replace(shot(number), jpeg=jpeg(0)) for number in range(12)))
    assert [ffprobe_count(tmp_path / name) for name in files(tmp_path)] == [5, 5, 2]


@suffixes
@pytest.mark.parametrize(
    "other", [{"width": 160}, {"ssrc": 8, "first": 77}, {"subsampling": "422"}, {"first": 1 << 31}]
)
def test_frames_that_do_not_belong_together_begin_another_file(
    suffix: str, other: dict[str, object], tmp_path: Path
) -> None:
    before = [shot(number) for number in range(3)]
    after = [shot(number, **other) for number in range(3, 8)]  # type: ignore[arg-type]
    record(frame_track(tmp_path / f"a{suffix}"), [*before, *after])
    assert files(tmp_path) == sorted([f"a-0002{suffix}", f"a{suffix}"])
    if suffix != ".mjpeg":
        assert [data for _, data in packets_of(tmp_path / f"a{suffix}")] == [each.jpeg for each in before]
        found = packets_of(tmp_path / f"a-0002{suffix}")
        assert [data for _, data in found] == [each.jpeg for each in after]
        assert found[0][0] == 0


@suffixes
def test_timestamps_that_wrap_stay_in_one_file(suffix: str, tmp_path: Path) -> None:
    record(frame_track(tmp_path / f"a{suffix}"), (shot(n, first=2**32 - 5 * STEP) for n in range(12)))
    assert files(tmp_path) == [f"a{suffix}"]
    with (tmp_path / f"a{suffix}.frames.csv").open() as table:
        seconds = [float(row["seconds"]) for row in csv.DictReader(table)]
    assert seconds == [pytest.approx(number * STEP / 90000, abs=1e-6) for number in range(12)]


def test_a_name_that_is_taken_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpjpeg")
    (tmp_path / "a.mkv").write_text("mine")
    record(frame_track(tmp_path / "a.mkv"), [shot(0)])
    said = f"rtp://:5000: recording {tmp_path}/a-0002.mkv, for {tmp_path}/a.mkv is there already"
    assert [record.message for record in caplog.records] == [said]
    assert (tmp_path / "a.mkv").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.mkv", "a.mjpeg", "pictures"])
def test_a_name_that_is_taken_at_the_last_moment_is_left_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, track = frame_track(tmp_path / name), frame_track(tmp_path / name)
    other.take(shot(0))
    monkeypatch.setattr("rtpjpeg.receiver.recording.target.is_free", lambda path: True)
    record(track, [shot(1), shot(2)])
    other.finish()
    assert (other.recorded, track.recorded) == (1, 2)
    assert track.name == str(tmp_path / name.replace("a.", "a-0002.").replace("pictures", "pictures/0002"))


def test_names_are_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(path: Path) -> None:
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr("rtpjpeg.receiver.recording.track.JpegStream", taken)
    with pytest.raises(WriteFault, match="a-0100.mjpeg cannot be written: File exists"):
        frame_track(tmp_path / "a.mjpeg").take(shot(0))


def test_a_frame_that_no_container_can_hold_is_left_out_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    track = frame_track(tmp_path / "a.mkv")
    broken = replace(shot(0), jpeg=b"\xff\xd8\xff\xd9")
    record(track, [broken, broken, shot(1), shot(2)])
    assert track.recorded == 2
    assert sum("is not recorded: no container" in record.message for record in caplog.records) == 1


@suffixes
def test_a_full_disk_ends_it_with_what_is_safe(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    SmallDisk.left = 700_000
    track = frame_track(tmp_path / f"a{suffix}")
    with pytest.raises(WriteFault) as full:
        record(track, (shot(number % 8, number * STEP) for number in range(1000)))
    assert str(full.value) == f"{tmp_path}/a{suffix} cannot be written: No space left on device"
    SmallDisk.left = 10_000  # somebody made room: the table is written up to the last safe frame
    track.abandon()
    track.abandon()
    assert 10 < track.recorded == ffprobe_count(tmp_path / f"a{suffix}")
    assert len((tmp_path / f"a{suffix}.frames.csv").read_text().splitlines()) == track.recorded + 1


@pytest.mark.parametrize("suffix", [*SUFFIXES, ""])
def test_a_folder_that_has_gone_is_said(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(WriteFault, match="a.*cannot be written: No such file or directory"):
        frame_track(tmp_path / "gone" / f"a{suffix}").take(shot(0))


def packet_track(path: Path, rotation: Rotation = NEVER) -> PacketTrack:
    target = Target.parse(str(path))
    return PacketTrack(Names(target, "", rotation != NEVER), rotation, "rtp://:5000", LOCAL)


def test_packets_are_in_one_file_until_it_is_over(tmp_path: Path) -> None:
    track = packet_track(tmp_path / "a.pcap", Rotation(seconds=1.0))
    packetizer = Packetizer()
    sent = []
    for number in range(70):
        for packet in train(number, packetizer):
            sent.append(packet)
            track.take(PacketTrain.from_packets([packet]), 1.8e9 + number / 30, PEER)
        track.count_frame()
    track.finish()
    track.finish()
    found = [list(read_datagrams(tmp_path / name)) for name in files(tmp_path)]
    assert [row[3] for rows in found for row in rows] == sent
    assert len(found) == 3
    assert all(rows[-1][3][1] & 0x80 for rows in found), "each file ends with the end of a frame"
    assert track.recorded == 70


def test_a_sender_without_markers_does_not_keep_a_file_open(tmp_path: Path) -> None:
    track = packet_track(tmp_path / "a.pcap", Rotation(seconds=1.0))
    for number in range(100):
        track.take(PacketTrain.from_packets([bytes(20)]), 1.8e9 + number / 10, PEER)
    track.finish()
    assert [len(list(read_datagrams(tmp_path / name))) for name in files(tmp_path)] == [30, 30, 30, 10]


def test_a_packet_that_no_capture_can_hold_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    track = packet_track(tmp_path / "a.pcap")
    for size in (65508, 65508, 100):
        track.take(PacketTrain.from_packets([bytes(size)]), 1.8e9, PEER)
    track.finish()
    assert len(list(read_datagrams(tmp_path / "a.pcap"))) == 1
    assert sum("no capture can hold it" in record.message for record in caplog.records) == 1


def test_packets_on_a_full_disk_end_with_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    SmallDisk.left = 100_000
    track = packet_track(tmp_path / "a.pcap")
    with pytest.raises(WriteFault, match="a.pcap cannot be written: No space left on device"):
        for number in range(1000):
            track.take(train(number % 4, Packetizer()), 1.8e9, PEER)
    track.abandon()
    reader = read_datagrams(tmp_path / "a.pcap")
    assert len(list(reader)) > 50
    assert reader.notices == []
    with pytest.raises(WriteFault, match="No such file or directory"):
        packet_track(tmp_path / "gone" / "a.pcap").take(train(0, Packetizer()), 1.8e9, PEER)
