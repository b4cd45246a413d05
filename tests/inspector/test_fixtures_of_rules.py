"""Each capture of ``fixtures/inspector`` breaks the rules it was made for and no other, a clean one none."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from rtpjpeg.inspector.analysis import inspect_file
from rtpjpeg.inspector.model import Report
from rtpjpeg.inspector.rules import load_rules

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDER = FIXTURES / "inspector"
ABOUT: dict[str, dict[str, str | list[str]]] = json.loads((FOLDER / "about.json").read_text("utf-8"))
DAMAGED = ("loss", "reordered", "duplicated", "all-at-once")
CLEAN = [
    path
    for path in sorted((FIXTURES / "captures").glob("*.pcap"))
    if not any(word in path.stem for word in DAMAGED)
]
LINKS = sorted(name for name in ABOUT if name.startswith("link-") and "fragments" not in name)


@cache
def inspect(path: Path, deep: bool = False) -> Report:
    return inspect_file(path, deep=deep)


def rules_of(report: Report) -> list[str]:
    return sorted(finding.rule.id for finding in report.findings)


def sentences(report: Report) -> str:
    """Say what was found, for the one who reads of a failure."""
    return "\n".join(f"{found.rule.id} in {found.count}: {found.message}" for found in report.findings)


def test_every_file_is_described_and_every_description_has_its_file() -> None:
    assert sorted(ABOUT) == sorted(path.name for path in FOLDER.iterdir() if path.name != "about.json")


@pytest.mark.parametrize("rule", load_rules())
def test_every_rule_has_a_capture_that_breaks_it_alone(rule: str) -> None:
    assert ABOUT[f"{rule}.pcap"]["rules"] == [rule]


@pytest.mark.parametrize("deep", [False, True], ids=["usual", "deep"])
@pytest.mark.parametrize("name", ABOUT)
def test_a_capture_breaks_the_rules_it_was_made_for_and_no_other(name: str, deep: bool) -> None:
    report = inspect(FOLDER / name, deep)
    assert rules_of(report) == ABOUT[name]["rules"], f"{ABOUT[name]['about']}\n{sentences(report)}"


@pytest.mark.parametrize("deep", [False, True], ids=["usual", "deep"])
@pytest.mark.parametrize("capture", CLEAN, ids=lambda path: path.stem)
def test_a_clean_capture_of_any_sender_breaks_none(capture: Path, deep: bool) -> None:
    report = inspect(capture, deep)
    assert rules_of(report) == [], sentences(report)
    assert len(report.streams) == 1


@pytest.mark.parametrize("name", LINKS)
def test_the_stream_is_the_same_on_every_link(name: str) -> None:
    (stream,), (plain,) = inspect(FOLDER / name).streams, inspect(FOLDER / "link-ethernet.pcap").streams
    assert stream.frames == stream.frames_complete == 4
    for field in (
        "ssrc",
        "packets",
        "frames",
        "type",
        "q",
        "width",
        "height",
        "bytes",
        "bitrate",
        "jitter_ms",
    ):
        assert getattr(stream, field) == getattr(plain, field), field


@pytest.mark.parametrize("name", ["original-go.pcap", "original-rust.pcap"])
def test_the_senders_of_the_original_project_fail(name: str) -> None:
    report = inspect(FOLDER / name)
    assert report.failed
    (stream,) = report.streams
    assert (stream.frames, stream.width, stream.height, stream.type) == (3, 640, 480, 0)


def test_a_sender_that_was_restarted_is_two_streams() -> None:
    assert [stream.frames for stream in inspect(FOLDER / "N-007.pcap").streams] == [3, 3]


def test_two_senders_with_one_ssrc_are_two_streams() -> None:
    streams = inspect(FOLDER / "T-010.pcap").streams
    assert len({stream.source for stream in streams}) == 2
    assert len({stream.ssrc for stream in streams}) == 1
