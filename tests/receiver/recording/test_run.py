"""The recordings of a run: cameras that come and go, start and stop, and what is counted."""

from __future__ import annotations

import csv
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from peers import need_module
from receiver.feeding import train
from receiver.recording.shots import ffprobe_count, packets_of
from receiver.recording.test_files import SmallDisk
from rtpjpeg import Frame, Packetizer, ReceiverSession, TransportError
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.receiver.recording.files import JpegStream
from rtpjpeg.receiver.recording.recorder import Recorder
from rtpjpeg.receiver.recording.rotation import Rotation
from rtpjpeg.receiver.recording.run import Recording, prepare
from rtpjpeg.receiver.recording.target import Target
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import Stream

PEER, LOCAL = ("192.0.2.1", 4000), ("192.0.2.2", 5000)
Log = pytest.LogCaptureFixture


class Cameras:
    """Streams that are fed by hand, and their recording."""

    def __init__(self, target: Path | None, *labels: str, rotation: Rotation | None = None) -> None:
        self.recording = Recording(None if target is None else Target.parse(str(target)), rotation)
        self.frames: list[list[Frame]] = [[] for _ in labels]
        self.packetizers = [Packetizer() for _ in labels]
        self.streams = [
            Stream(Source(label), ReceiverSession(), frames.append, None)
            for label, frames in zip(labels, self.frames, strict=True)
        ]
        self.sent = [0] * len(labels)
        for stream in self.streams:
            self.recording.attach(stream, LOCAL, len(labels) > 1)

    def feed(self, frames: int, camera: int = 0) -> None:
        for _ in range(frames):
            number = self.sent[camera]
            self.sent[camera] += 1
            self.streams[camera].receive(train(number, self.packetizers[camera]), 100 + number / 30, PEER)

    def counted(self, camera: int = 0) -> tuple[int, int, str | None]:
        found = self.recording.statistics(self.streams[camera])
        return found["frames_recorded"], found["frames_unrecorded"], found["recording"]


def test_before_anything_is_recorded_all_is_nothing() -> None:
    cameras = Cameras(None, "rtp://:5000")
    cameras.feed(3)
    assert not cameras.recording.running
    assert cameras.counted() == (0, 0, None)
    assert cameras.recording.stop() == "nothing was recorded"
    assert cameras.recording.statistics(Stream(Source(""), ReceiverSession(), print, None)) == {
        "frames_recorded": 0,
        "frames_unrecorded": 0,
        "recording": None,
    }


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".mjpeg", ".pcap"])
def test_two_cameras_have_a_file_each(suffix: str, tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / f"a{suffix}", "rtp://:5000", "rtp://:5002")
    assert cameras.recording.start() == f"recording a-5000{suffix}, a-5002{suffix}"
    assert cameras.recording.running
    cameras.feed(5)
    cameras.feed(7, 1)
    assert cameras.recording.stop() == "recorded 12 frames"
    for number, (name, count) in enumerate(((f"a-5000{suffix}", 5), (f"a-5002{suffix}", 7))):
        assert cameras.counted(number) == (count, 0, f"{tmp_path}/{name}")
        expected = [frame.jpeg for frame in cameras.frames[number]]
        assert len(expected) == count
        if suffix == ".pcap":
            packets = sum(frame.packets for frame in cameras.frames[number])
            assert len(list(read_datagrams(tmp_path / name))) == packets
        elif suffix == ".mjpeg":
            assert (tmp_path / name).read_bytes() == b"".join(expected)
        else:
            assert [data for _, data in packets_of(tmp_path / name)] == expected
    assert cameras.streams[0].tap is cameras.streams[0].frame_tap is None


def test_it_is_begun_and_ended_again_and_again(tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / "a.mjpeg", "rtp://:5000")
    said = []
    for frames in (3, 4, 5):
        said.append(cameras.recording.toggle())
        cameras.feed(frames)
        said.append(cameras.recording.toggle())
        cameras.feed(2)
    assert said == [
        "recording a.mjpeg",
        "recorded 3 frames",
        "recording a-0002.mjpeg",
        "recorded 4 frames",
        "recording a-0003.mjpeg",
        "recorded 5 frames",
    ]
    assert cameras.counted() == (12, 0, f"{tmp_path}/a-0003.mjpeg")
    assert not cameras.recording.failed


@pytest.mark.parametrize(("found", "suffix"), [(object(), ".mkv"), (None, ".mjpeg")])
def test_without_a_name_the_time_is_the_name(
    found: Any, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("av")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    cameras = Cameras(None, "rtp://:5000")
    assert cameras.recording.toggle().startswith("recording rtpjpeg-20")
    cameras.feed(2)
    assert cameras.recording.toggle() == "recorded 2 frames"
    (path,) = tmp_path.glob("rtpjpeg-*[0-9]" + suffix)
    assert ffprobe_count(path) == 2


def test_a_folder_that_has_gone_is_what_the_user_is_told(tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / "gone" / "a.mkv", "rtp://:5000")
    said = f"folder {tmp_path}/gone is not there: make it, or record somewhere else"
    assert cameras.recording.toggle() == said
    assert not cameras.recording.running


def test_cameras_that_come_while_it_runs_are_recorded_too(tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / "a.mjpeg", "two.pcap#192.0.2.2:5000")
    cameras.recording.start()
    cameras.feed(2)
    frames: list[Frame] = []
    late = Stream(Source("two.pcap#192.0.2.2:5002"), ReceiverSession(), frames.append, None)
    cameras.recording.attach(late, LOCAL, several=False, live=False)
    late.receive(train(0, cameras.packetizers[0]), 1.8e9, PEER)
    assert cameras.recording.stop() == "recorded 3 frames"
    assert (tmp_path / "a-two-pcap-192-0-2-2-5002.mjpeg").read_bytes() == frames[0].jpeg


def test_a_capture_keeps_its_own_time(tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / "a.pcap")
    stream = Stream(Source("old.pcap#192.0.2.2:5000"), ReceiverSession(), print, None)
    cameras.recording.attach(stream, LOCAL, several=False, live=False)
    cameras.recording.start()
    stream.receive(train(0, Packetizer()), 1.5e9, PEER)
    cameras.recording.stop()
    assert {row[0] for row in read_datagrams(tmp_path / "a.pcap")} == {1.5e9}


def test_rotation_numbers_the_files(tmp_path: Path) -> None:
    cameras = Cameras(tmp_path / "a.mjpeg", "rtp://:5000", rotation=Rotation(seconds=1.0))
    assert cameras.recording.start() == "recording a-0001.mjpeg"
    cameras.feed(45)
    assert cameras.recording.stop() == "recorded 45 frames"
    for name, count in (("a-0001.mjpeg", 30), ("a-0002.mjpeg", 15)):
        with (tmp_path / f"{name}.frames.csv").open() as table:
            assert len(list(csv.DictReader(table))) == count


class SlowDisk:
    """A disk that stands still at its first frame until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.busy, self.goes_on = threading.Event(), threading.Event()
        write = JpegStream.write

        def slow(stream: JpegStream, *frame: Any) -> None:
            self.busy.set()
            assert self.goes_on.wait(60)
            write(stream, *frame)

        monkeypatch.setattr(JpegStream, "write", slow)
        limited = lambda finish, failed: Recorder(finish, failed, room)  # noqa: E731
        monkeypatch.setattr("rtpjpeg.receiver.recording.run.Recorder", limited)


def test_a_slow_disk_holds_nobody_up_and_what_it_costs_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Log
) -> None:
    disk = SlowDisk(monkeypatch, 100_000)
    cameras = Cameras(tmp_path / "a.mjpeg", "rtp://:5000")
    cameras.recording.start()
    cameras.feed(1)
    assert disk.busy.wait(60)
    cameras.feed(60)
    assert len(cameras.frames[0]) == 61, "every frame is shown"
    refused = cameras.counted()[1]
    assert 40 < refused < 60
    assert cameras.recording.stop(timeout=0) == "recorded 0 frames, and the disk is still busy"
    again = "the disk is still busy: 0 frames of the recording are safe"
    assert not cameras.recording.failed
    cameras.recording.finish(timeout=0)
    assert cameras.recording.failed
    assert caplog.records[-1].message == again
    disk.goes_on.set()
    cameras.recording.finish()
    said = [record.message for record in caplog.records if "the disk is too slow" in record.message]
    assert said == ["rtp://:5000: a frame is not recorded: the disk is too slow"], "once a second"
    assert cameras.counted()[:2] == (61 - refused, refused)


def test_packets_that_found_no_room_make_their_frame_unrecorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "rtpjpeg.receiver.recording.run.Recorder", lambda finish, failed: Recorder(finish, failed, 60_000)
    )
    monkeypatch.setattr(Recorder, "start", lambda recorder: None)
    cameras = Cameras(tmp_path / "a.pcap", "rtp://:5000")
    cameras.recording.start()
    cameras.feed(10)
    assert len(cameras.frames[0]) == 10
    assert 5 < cameras.counted()[1] < 10


def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Log
) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    SmallDisk.left = 100_000
    failed = threading.Event()
    cameras = Cameras(tmp_path / "a.mjpeg", "rtp://:5000", "rtp://:5002")
    cameras.recording.start()
    caplog.handler.addFilter(lambda record: record.levelno < logging.ERROR or failed.set() or True)
    while not failed.is_set():
        cameras.feed(1)
        cameras.feed(1, 1)
    safe = cameras.counted()[0] + cameras.counted(1)[0]
    (said,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert said.startswith(f"the recording has stopped: {tmp_path}/a-500")
    assert said.endswith(f".mjpeg cannot be written: No space left on device; {safe} frames of it are safe")
    assert not cameras.recording.running
    lost = cameras.counted()[1] + cameras.counted(1)[1]
    cameras.feed(5)  # the recording is over: these are not missed by it
    assert cameras.recording.stop() == said.partition(";")[0]
    assert cameras.recording.failed
    total = sum(ffprobe_count(path) for path in tmp_path.glob("*.mjpeg"))
    assert total == safe > 2
    assert cameras.counted()[1] + cameras.counted(1)[1] == lost > 0


def test_a_fault_of_our_own_ends_the_recording_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Log
) -> None:
    monkeypatch.setattr(JpegStream, "write", lambda *arguments: 1 / 0)
    cameras = Cameras(tmp_path / "a.mjpeg", "rtp://:5000")
    cameras.recording.start()
    cameras.feed(3)
    assert cameras.recording.stop().startswith("the recording has stopped: internal error: ZeroDivision")
    assert len(cameras.frames[0]) == 3


def test_what_is_missing_is_said_before_a_port_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TransportError, match=r"\.mov files need PyAV: install rtpjpeg\[record\]"):
        prepare(Target.parse(f"{tmp_path}/a.mov"))
    prepare(Target.parse(f"{tmp_path}/a.mjpeg"))
    prepare(Target.parse(f"{tmp_path}/pictures"))
    assert (tmp_path / "pictures").is_dir()
