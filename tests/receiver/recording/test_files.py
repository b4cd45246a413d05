"""JPEGs in a row, JPEGs in a folder, the table beside a video, and what a full disk leaves of them."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from receiver.recording.shots import STEP, ffprobe_count, jpeg, shot
from rtpjpeg.receiver.recording.files import JpegFolder, JpegStream, Sidecar, Sink, picture_name


class SmallDisk(io.FileIO):
    """A file on a disk with so many bytes left."""

    left = 0

    def write(self, data: object) -> int:  # type: ignore[override]
        view = memoryview(data)  # type: ignore[arg-type]
        taken = min(len(view), SmallDisk.left)
        if view and not taken:
            raise OSError(28, "No space left on device")
        SmallDisk.left -= taken
        return super().write(view[:taken])


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> type[SmallDisk]:
    monkeypatch.setattr("rtpjpeg.receiver.recording.files.io.FileIO", SmallDisk)
    return SmallDisk


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(FileExistsError):
        Sink(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "mine"


def test_what_is_written_is_in_the_file_at_once(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "a")
    sink.append(b"one")
    assert (tmp_path / "a").read_bytes() == b"one"
    sink.append(b"two")
    sink.seek(0)
    sink.write(b"O")
    sink.check()
    sink.close()
    assert (tmp_path / "a").read_bytes() == b"Onetwo"


def test_a_full_disk_leaves_what_was_whole(tmp_path: Path, small_disk: type[SmallDisk]) -> None:
    small_disk.left = 5
    sink = Sink(tmp_path / "a")
    sink.append(b"one")
    with pytest.raises(OSError, match="No space left"):
        sink.append(b"two")
    assert (tmp_path / "a").read_bytes() == b"onetw"
    small_disk.left = 100
    assert sink.write(b"three") == 5  # goes nowhere: whoever writes through need not know
    with pytest.raises(OSError, match="No space left"):
        sink.check()
    sink.close()
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_real_full_device_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = io.FileIO
    monkeypatch.setattr(
        "rtpjpeg.receiver.recording.files.io.FileIO", lambda path, mode: real("/dev/full", "w")
    )
    stream = JpegStream(tmp_path / "a.mjpeg")
    with pytest.raises(OSError) as full:
        stream.write(shot(0), 0)
    assert full.value.strerror == os.strerror(28)
    assert stream.safe == 0
    stream.abandon()


def test_jpegs_in_a_row_are_what_came(tmp_path: Path) -> None:
    stream = JpegStream(tmp_path / "a.mjpeg")
    for number in range(5):
        stream.write(shot(number), number * STEP)
        assert stream.safe == number + 1
    stream.finish()
    assert stream.octets == sum(len(jpeg(number)) for number in range(5))
    assert (tmp_path / "a.mjpeg").read_bytes() == b"".join(jpeg(number) for number in range(5))
    assert ffprobe_count(tmp_path / "a.mjpeg") == 5


def test_jpegs_in_a_row_end_whole_on_a_full_disk(tmp_path: Path, small_disk: type[SmallDisk]) -> None:
    small_disk.left = len(jpeg(0)) + 100
    stream = JpegStream(tmp_path / "a.mjpeg")
    stream.write(shot(0), 0)
    with pytest.raises(OSError):
        stream.write(shot(1), STEP)
    stream.abandon()
    assert (stream.safe, (tmp_path / "a.mjpeg").read_bytes()) == (1, jpeg(0))


def test_a_folder_names_number_time_and_what_is_concealed(tmp_path: Path) -> None:
    folder = JpegFolder(tmp_path / "a")
    folder.write(shot(0), 0)
    folder.write(shot(1, concealed=True), STEP)
    folder.write(shot(2), 10**9)
    folder.finish()
    found = sorted((tmp_path / "a").iterdir())
    assert [path.name for path in found] == [
        "00000000-000000.000000.jpg",
        "00000001-000000.033367-concealed.jpg",
        "00000002-011111.111111.jpg",
    ]
    assert [path.read_bytes() for path in found] == [jpeg(number) for number in range(3)]
    assert (folder.safe, folder.octets) == (3, sum(len(jpeg(number)) for number in range(3)))


def test_names_in_a_folder_sort_in_order_of_time() -> None:
    places = [0, 1, 89999, 90000, 900000, 90000 * 86400 * 7]
    names = [picture_name(number, ticks, number % 2 == 0) for number, ticks in enumerate(places)]
    assert names == sorted(names)


def test_a_folder_that_somebody_writes_is_taken(tmp_path: Path) -> None:
    folder = JpegFolder(tmp_path / "a")
    with pytest.raises(FileExistsError):
        JpegFolder(tmp_path / "a")
    folder.write(shot(0), 0)
    with pytest.raises(FileExistsError):
        JpegFolder(tmp_path / "a")
    folder.finish()


def test_a_folder_keeps_only_whole_pictures(tmp_path: Path, small_disk: type[SmallDisk]) -> None:
    small_disk.left = len(jpeg(0)) * 3 // 2
    folder = JpegFolder(tmp_path / "a")
    folder.write(shot(0), 0)
    with pytest.raises(OSError):
        folder.write(shot(1), STEP)
    folder.abandon()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["00000000-000000.000000.jpg"]


def test_the_table_tells_each_frame(tmp_path: Path) -> None:
    table = Sidecar(tmp_path / "a.mkv")
    table.add(shot(0, captured_at=1.8e9), 0)
    table.add(shot(1, concealed=True), STEP)
    table.add(shot(2), 2 * STEP)
    table.settle(2)
    path = tmp_path / "a.mkv.frames.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "number": "0",
            "seconds": "0.000000",
            "rtp_timestamp": "1000",
            "captured_at": "1800000000.000000",
            "ssrc": "7",
            "concealed": "0",
            "fresh_share": "1.0000",
        },
        {
            "number": "1",
            "seconds": "0.033367",
            "rtp_timestamp": str(1000 + STEP),
            "captured_at": "",
            "ssrc": "7",
            "concealed": "1",
            "fresh_share": "0.5000",
        },
    ]
    table.settle(2)
    table.settle(3)
    table.close()
    assert len(path.read_text().splitlines()) == 4


def test_a_table_on_a_full_disk_is_a_fault(tmp_path: Path, small_disk: type[SmallDisk]) -> None:
    small_disk.left = 10
    table = Sidecar(tmp_path / "a.mkv")
    table.add(shot(0), 0)
    with pytest.raises(OSError, match="No space left"):
        table.settle(1)
    table.close()
    assert (tmp_path / "a.mkv.frames.csv").read_bytes() == b""
