"""--record FILE: what the suffix means, and which names are taken."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from rtpjpeg import ConfigError, TransportError
from rtpjpeg.receiver.recording.target import EXPECTED, FOLDER, Names, Target, highest_number, tag_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("drive.mkv", "matroska"),
        ("drive.MKV", "matroska"),
        ("drive.mp4", "mp4"),
        ("a.b/drive.mov", "mov"),
        ("drive.mjpeg", "mjpeg"),
        ("drive.mjpg", "mjpeg"),
        ("drive.pcap", "pcap"),
        ("pictures", FOLDER),
        ("pictures.d/", FOLDER),
        (".", FOLDER),
    ],
)
def test_the_suffix_chooses(text: str, kind: str) -> None:
    assert Target.parse(text) == Target(Path(text), kind)


def test_a_folder_that_is_there_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "day.one").mkdir()
    assert Target.parse(str(tmp_path / "day.one")).kind == FOLDER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drive.avi", f"found the suffix '.avi', expected {EXPECTED}"),
        ("", f"found '', expected a name in front of {EXPECTED}"),
        (".mkv", f"found '.mkv', expected a name in front of {EXPECTED}"),
    ],
)
def test_an_unknown_suffix_is_refused_with_those_that_are_known(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Target.parse(text)
    assert str(refused.value) == said


def test_a_recording_without_a_name_is_called_after_its_time() -> None:
    moment = datetime(2031, 2, 3, 4, 5, 6)
    assert Target.at(moment, ".mkv") == Target(Path("rtpjpeg-20310203-040506.mkv"), "matroska")


def test_what_cannot_be_written_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for text, said in (
        ("none/drive.mkv", f"folder {tmp_path}/none is not there: make it, or record somewhere else"),
        ("file/drive.mkv", f"folder {tmp_path}/file is not there: make it, or record somewhere else"),
        ("none/pictures", f"folder {tmp_path}/none/pictures cannot be made: No such file or directory"),
        ("file", f"{tmp_path}/file is a file, expected a folder for the recording"),
    ):
        with pytest.raises(TransportError) as refused:
            Target.parse(f"{tmp_path}/{text}").check()
        assert str(refused.value) == said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(TransportError, match="cannot be written: record somewhere else"):
        Target.parse(f"{tmp_path}/drive.mkv").check()


def test_a_folder_of_jpegs_is_made(tmp_path: Path) -> None:
    Target.parse(f"{tmp_path}/pictures").check()
    assert (tmp_path / "pictures").is_dir()


def taken(names: Names, count: int) -> list[str]:
    """Take names one after the other and return what they are called."""
    found = []
    for _ in range(count):
        path = names.next()
        path.touch()
        found.append(path.name)
    return found


def test_a_name_alone_is_itself_and_then_numbered(tmp_path: Path) -> None:
    names = Names(Target.parse(f"{tmp_path}/drive.mkv"), "", numbered=False)
    assert taken(names, 3) == ["drive.mkv", "drive-0002.mkv", "drive-0003.mkv"]
    again = Names(Target.parse(f"{tmp_path}/drive.mkv"), "", numbered=False)
    assert taken(again, 1) == ["drive-0004.mkv"]
    assert again.taken == tmp_path / "drive.mkv"
    assert taken(again, 1) == ["drive-0005.mkv"]
    assert again.taken is None


def test_a_series_goes_on_behind_its_highest_number(tmp_path: Path) -> None:
    for there in ("drive-0002.mkv", "drive-0017.mkv", "drive-0099.mp4", "other-0050.mkv", "drive-12.mkv"):
        (tmp_path / there).touch()
    (tmp_path / "drive-0018.mkv.frames.csv").touch()
    names = Names(Target.parse(f"{tmp_path}/drive.mkv"), "", numbered=True)
    assert taken(names, 2) == ["drive-0019.mkv", "drive-0020.mkv"]


def test_a_table_that_is_there_takes_the_name_of_its_video(tmp_path: Path) -> None:
    (tmp_path / "drive.mkv.frames.csv").touch()
    assert taken(Names(Target.parse(f"{tmp_path}/drive.mkv"), "", False), 1) == ["drive-0002.mkv"]


def test_a_link_to_nowhere_takes_a_name(tmp_path: Path) -> None:
    (tmp_path / "drive.mkv").symlink_to(tmp_path / "nowhere")
    assert Names(Target.parse(f"{tmp_path}/drive.mkv"), "", False).next().name == "drive-0002.mkv"


def test_several_cameras_have_names_of_their_own(tmp_path: Path) -> None:
    target = Target.parse(f"{tmp_path}/drive.mkv")
    assert taken(Names(target, "5000", False), 2) == ["drive-5000.mkv", "drive-5000-0002.mkv"]
    assert taken(Names(target, "5002", True), 2) == ["drive-5002-0001.mkv", "drive-5002-0002.mkv"]


def test_a_folder_holds_the_pictures_or_a_folder_for_each_part(tmp_path: Path) -> None:
    target = Target.parse(f"{tmp_path}/pictures/")
    assert Names(target, "", False).next() == tmp_path / "pictures"
    assert Names(target, "5000", False).next() == tmp_path / "pictures" / "5000"
    assert Names(target, "", True).next() == tmp_path / "pictures" / "0001"
    target.check()
    assert Names(target, "", False).next() == tmp_path / "pictures"
    (tmp_path / "pictures" / "00000000.jpg").touch()
    assert Names(target, "", False).next() == tmp_path / "pictures" / "0002"


def test_numbers_of_a_series_are_told_from_other_words() -> None:
    there = ["d-0003.mkv", "d-0004-x.mkv", "d-00x5.mkv", "dd-0006.mkv", "d-0007xmkv", "d-1234567890.mkv"]
    assert highest_number(there, "d", ".mkv") == 3
    assert highest_number(["0003", "drive-0009"], "", "") == 3


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        ("rtp://:5000", "5000"),
        ("rtp://239.1.1.1:5000", "239-1-1-1-5000"),
        ("rtp://[::1]:5000", "1-5000"),
        ("/some/where/cam.sdp#5002", "cam-sdp-5002"),
        ("two.pcap#192.0.2.2:5000", "two-pcap-192-0-2-2-5000"),
        ("x" * 300 + "-5000", "x" * 55 + "-5000"),
        ("../..", "camera"),
        ("Küche.sdp", "Küche-sdp"),
    ],
)
def test_a_source_becomes_a_part_of_a_name(label: str, tag: str) -> None:
    assert tag_of(label) == tag
