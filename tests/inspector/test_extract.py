"""Frames as files: whole ones under their names, a table beside them, and a sentence for each fault."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path

import pytest

from conformance.pictures import jpeg
from rtpjpeg import TransportError
from rtpjpeg.inspector import extract
from rtpjpeg.inspector.content import Examined
from rtpjpeg.inspector.extract import PART, TABLE, Extractor

SSRC = 0x1234ABCD
AT = 1_700_000_000_000_000_007


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / TABLE, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != TABLE)


def test_each_frame_is_a_file_and_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "frames"
    extractor = Extractor(folder)
    first = extractor.write(SSRC, 17, 9000, AT, 3, Examined(jpeg()))
    flaws = ['3 packets lost, "the rest" is grey', "too late"]
    second = extractor.write(7, 18, 12000, AT + 10**9, 40, Examined(jpeg(0), flaws, "incomplete"))
    assert extractor.write(7, 19, 15000, AT, 50, Examined(None, ["nothing"], "incomplete")) is None
    extractor.close()
    assert first is not None and first.read_bytes() == jpeg()
    assert second is not None and second.read_bytes() == jpeg(0)
    assert pictures(folder) == ["0x00000007-000018-incomplete.jpg", "0x1234abcd-000017.jpg"]
    one, two, three = rows(folder)
    assert one == {
        "file": "0x1234abcd-000017.jpg",
        "ssrc": "0x1234abcd",
        "frame": "17",
        "timestamp": "9000",
        "time": "1700000000.000000007",
        "first packet": "3",
        "bytes": str(len(jpeg())),
        "flaws": "",
    }
    assert (two["flaws"], two["time"]) == ("; ".join(flaws), "1700000001.000000007")
    assert (three["file"], three["bytes"], three["flaws"]) == ("", "0", "nothing")
    assert extractor.written == 2


def test_the_table_grows_while_it_is_written(tmp_path: Path) -> None:
    extractor = Extractor(tmp_path)
    for number in range(3):
        extractor.write(SSRC, number, 0, AT, 1, Examined(jpeg()))
        assert len(rows(tmp_path)) == number + 1
    extractor.close()


def test_files_that_are_no_frames_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    Extractor(tmp_path).close()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_frames_of_another_run_are_not_mixed_in(tmp_path: Path) -> None:
    extractor = Extractor(tmp_path)
    extractor.write(SSRC, 1, 0, AT, 1, Examined(jpeg()))
    extractor.close()
    before = (tmp_path / TABLE).read_bytes()
    with pytest.raises(TransportError) as caught:
        Extractor(tmp_path)
    expected = (
        f"{tmp_path} holds the frames of another run (frames.csv): name a new folder, or empty this one"
    )
    assert str(caught.value) == expected and (tmp_path / TABLE).read_bytes() == before


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "frames").write_bytes(b"")
    with pytest.raises(TransportError, match="is a file, expected a folder"):
        Extractor(tmp_path / "frames")
    with pytest.raises(TransportError, match="cannot be written: Not a directory"):
        Extractor(tmp_path / "frames" / "below")


def refuse(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_a_folder_that_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(path: object, mode: str) -> io.FileIO:
        raise refuse(errno.EACCES)

    monkeypatch.setattr(extract.io, "FileIO", no_file)
    with pytest.raises(TransportError, match=f"^{tmp_path} cannot be written: Permission denied$"):
        Extractor(tmp_path)


def test_a_full_disk_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = Extractor(tmp_path)
    extractor.write(SSRC, 1, 0, AT, 1, Examined(jpeg()))

    def half(path: Path, data: bytes) -> int:
        with open(path, "wb") as file:
            file.write(data[:100])
        raise refuse(errno.ENOSPC)

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(TransportError, match=r"000002\.jpg cannot be written: No space left on device$"):
        extractor.write(SSRC, 2, 0, AT, 1, Examined(jpeg()))
    extractor.close()
    assert pictures(tmp_path) == ["0x1234abcd-000001.jpg"] and len(rows(tmp_path)) == 1


@pytest.mark.parametrize("written", [0, 10])
def test_a_full_disk_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    extractor = Extractor(tmp_path)
    extractor.write(SSRC, 1, 0, AT, 1, Examined(jpeg()))
    before = (tmp_path / TABLE).read_bytes()

    class Full:
        def __init__(self, file: io.FileIO) -> None:
            self.file = file

        def write(self, data: bytes) -> int:
            if not written:
                raise refuse(errno.ENOSPC)
            return self.file.write(data[:written])

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    extractor._table = Full(extractor._table)  # type: ignore[assignment]
    with pytest.raises(TransportError, match=r"frames\.csv cannot be written: .*(full|No space)"):
        extractor.write(SSRC, 2, 0, AT, 1, Examined(None, ["nothing"]))
    extractor.close()
    assert (tmp_path / TABLE).read_bytes() == before


def test_a_picture_without_a_line_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = Extractor(tmp_path)
    extractor._table.close()
    monkeypatch.setattr(extractor, "_table", io.FileIO(tmp_path / TABLE, "r"))
    with pytest.raises(TransportError, match=r"frames\.csv cannot be written"):
        extractor.write(SSRC, 1, 0, AT, 1, Examined(jpeg()))
    extractor.close()
    assert pictures(tmp_path) == [] and not (tmp_path / PART).exists()
