"""rtpjpeg-inspect as a command: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.pictures import jpeg
from live.commands import PATIENCE, TESTS, command
from rtpjpeg import Packetizer
from rtpjpeg.inspector.rules import load_rules
from rtpjpeg.net.pcap import write_datagrams

ROOT = TESTS.parent
FIXTURES = ROOT / "fixtures"
CLEAN = FIXTURES / "captures" / "gstreamer-type1.pcap"
ORIGINAL = FIXTURES / "inspector" / "original-go.pcap"
INSPECT = command("rtpjpeg.inspector.cli")


def run(
    *words: object, feed: Path | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open(feed or os.devnull, "rb") as stream:
        return subprocess.run(
            [*INSPECT, *map(str, words)],
            stdin=stream,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment,
            cwd=folder,
            check=False,
        )


def report(*words: object, code: int = 0) -> dict[str, Any]:
    """Return the JSON object of a run that ends with ``code``."""
    done = run(*words, "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_clean_capture_ends_with_0_and_says_so() -> None:
    done = run(CLEAN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no errors" in done.stdout.splitlines()[-1].lower()


def test_the_originals_stream_is_told_both_faults_with_hints() -> None:
    """Each packet is RTP, a main header of type 0 and Q 128, and a slice of the whole JPEG file."""
    found = {finding["rule"]: finding for finding in report(ORIGINAL, code=1)["findings"]}
    assert {"J-074", "J-052"} <= set(found)
    assert found["J-074"]["severity"] == found["J-052"]["severity"] == "error"
    assert "Send what stands between the SOS segment and EOI" in found["J-074"]["hint"]
    assert "Send Q 255" in found["J-052"]["hint"]


def test_the_originals_frames_are_extracted_as_they_are(tmp_path: Path) -> None:
    done = run(ORIGINAL, "--extract", tmp_path / "frames")
    assert done.returncode == 1
    pictures = sorted((tmp_path / "frames").glob("*.jpg"))
    rows = (tmp_path / "frames" / "frames.csv").read_text().splitlines()
    assert len(pictures) == len(rows) - 1 > 0
    for picture in pictures:
        data = picture.read_bytes()
        assert data[:3] == b"\xff\xd8\xff" and data[-2:] == b"\xff\xd9" and "whole-file" in picture.name


def test_every_frame_of_a_clean_stream_is_extracted_without_a_flaw(tmp_path: Path) -> None:
    done = run(CLEAN, "--extract", tmp_path)
    assert done.returncode == 0
    assert "4 pictures in" in done.stderr
    assert [row.split(",")[-1] for row in (tmp_path / "frames.csv").read_text().splitlines()] == [
        "flaws",
        *[""] * 4,
    ]


def test_all_forms_at_once(tmp_path: Path) -> None:
    done = run(
        ORIGINAL, "--json", "--html", tmp_path / "page.html", "--extract", tmp_path / "frames", "--deep"
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["streams"][0]["frames"] == len(list((tmp_path / "frames").glob("*.jpg")))
    assert "J-074" in (tmp_path / "page.html").read_text()


def test_a_capture_comes_through_a_pipe() -> None:
    done = run("-", "--json", feed=CLEAN)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["streams"] == report(CLEAN)["streams"]


def test_a_filter_chooses_streams() -> None:
    assert len(report(CLEAN, "--filter", "5000")["streams"]) == 1
    done = run(CLEAN, "--filter", "6000", "--json")
    assert (done.returncode, json.loads(done.stdout)["streams"]) == (1, [])


def test_a_capture_without_a_stream_ends_with_1_and_says_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "other.pcap"
    write_datagrams(path, [(1.0, ("192.0.2.1", 40_000), ("192.0.2.2", 53), bytes(40))] * 3)
    done = run(path)
    assert done.returncode == 1
    assert "No RTP/JPEG stream" in done.stdout and "192.0.2.2:53" in done.stdout


def test_packets_are_listed() -> None:
    done = run(CLEAN, "--packets")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == report(CLEAN)["streams"][0]["packets"]
    assert "192." in lines[0] or "127." in lines[0]


def test_rules_are_listed_for_people_and_programs() -> None:
    done, listed = run("--rules"), run("--rules", "--json")
    assert done.returncode == listed.returncode == 0
    assert {rule["rule"] for rule in json.loads(listed.stdout)["rules"]} == set(load_rules())
    assert all(name in done.stdout for name in load_rules())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.pcap", None, "cannot be read: No such file or directory"),
        ("text.pcap", b"no capture at all", "expected a pcap or pcapng capture"),
        ("empty.pcap", b"", "an empty file"),
    ],
)
def test_what_cannot_be_read_ends_with_3_and_one_line(
    name: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run(tmp_path / name)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert said in done.stderr


def test_a_report_that_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    done = run(CLEAN, "--html", tmp_path / "missing" / "page.html")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_frames_of_two_runs_are_not_mixed(tmp_path: Path) -> None:
    assert run(CLEAN, "--extract", tmp_path).returncode == 0
    again = run(CLEAN, "--extract", tmp_path)
    assert again.returncode == 3 and "holds the frames of another run" in again.stderr


def test_an_interface_that_is_not_there_is_said() -> None:
    done = run("--live", "nowhere0")
    assert done.returncode == 3 and "nowhere0" in done.stderr.splitlines()[-1]


def test_the_page_of_ten_minutes_is_small(tmp_path: Path) -> None:
    chance = random.Random(7)
    packetizer, picture = Packetizer(ssrc=0xFEED1234, sequence_number=9), jpeg(quality=50)
    rows = [
        (1.7e9 + frame / 30 + number * 2e-4, ("192.0.2.1", 40_000), ("192.0.2.2", 5000), packet)
        for frame in range(18_000)
        for number, packet in enumerate(packetizer.packetize(picture, 3000 * frame))
        if chance.random() > 0.01
    ]
    path, page = tmp_path / "ten.pcap", tmp_path / "ten.html"
    write_datagrams(path, rows)
    done = run(path, "--html", page, "--json")
    assert done.returncode == 0, done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    assert stream["duration"] == pytest.approx(600, abs=1) and stream["fps"] == pytest.approx(30, abs=0.3)
    assert page.stat().st_size < 3_000_000


def test_what_a_filter_leaves_out_is_not_listed() -> None:
    two = FIXTURES / "inspector" / "N-007.pcap"
    first, second = (stream["ssrc"] for stream in report(two)["streams"])
    listed = run(two, "--packets", "--filter", f"/{first:#x}").stdout
    assert f"{first:08x}" in listed and f"{second:08x}" not in listed
    assert run(two, "--packets", "--filter", "6000").stdout == ""
