"""rtpjpeg-view --record as it is typed: files, exit codes, JSON, signals, a disk that is full."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from child import child
from peers import need_module
from receiver.feeding import Feeder, free_ports, last_json, without_notices, write_capture
from receiver.recording.shots import ffprobe_count
from receiver.test_cli import assert_refused_in_one_line
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.receiver.cli import build_parser, main
from rtpjpeg.receiver.display import NoDisplay
from rtpjpeg.receiver.job import Job, Options
from rtpjpeg.receiver.recording.rotation import Rotation
from rtpjpeg.receiver.recording.target import EXPECTED, Target
from rtpjpeg.receiver.source import Source
from rtpjpeg.sender.console import Mailbox

COMMAND = [sys.executable, "-c", "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main())"]
SUFFIXES = [".mkv", ".mp4", ".mov", ".mjpeg"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def pyav() -> None:
    need_module("av")


def test_the_documented_options_stand() -> None:
    chosen = build_parser().parse_args("--record drive.mkv --rotate 500MB,10min".split())
    assert chosen.record == Target(Path("drive.mkv"), "matroska")
    assert chosen.rotate == Rotation(500_000_000, 600.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--record a.avi", f"argument --record: found the suffix '.avi', expected {EXPECTED}"),
        ("--record=", f"argument --record: found '', expected a name in front of {EXPECTED}"),
        ("--record a.mkv --rotate fast", "argument --rotate: found 'fast', expected a size such as 500MB"),
        ("--record a.mkv --rotate 1B", "argument --rotate: found '1B', expected a size such as 500MB"),
        ("--rotate 10min", "argument --rotate: not allowed without --record FILE"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: str, said: str, capsys: Capture) -> None:
    assert_refused_in_one_line(words, said, capsys)


def test_a_job_is_begun_and_ended_at_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = Job(Options(frames=10), Mailbox())
    job.open([Source("", "127.0.0.1", 0)])
    assert not job.recording
    assert re.fullmatch(r"recording rtpjpeg-[0-9]{8}-[0-9]{6}\.mkv", job.toggle_recording())
    assert job.recording
    with Feeder(*job.ports):
        job.start()
        assert job.run(NoDisplay())
        assert job.toggle_recording() == "recorded 10 frames"
        job.stop()
    assert not (job.recording or job.recording_failed)
    (stream,) = job.statistics()
    assert stream["frames_recorded"] == ffprobe_count(Path(stream["recording"])) == 10


def test_two_faults_of_rotate_are_two_lines(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main("--record a.mkv --rotate 1,2".split())
    assert [line[:36] for line in capsys.readouterr().err.splitlines()] == [
        "rtpjpeg-view: argument --rotate: fou"
    ] * 2


def test_a_folder_that_is_not_there_is_exit_code_3(tmp_path: Path, capsys: Capture) -> None:
    assert main(["rtp://:2", "--headless", "--record", str(tmp_path / "none" / "a.mkv")]) == 3
    said = f"rtpjpeg-view: folder {tmp_path}/none is not there: make it, or record somewhere else\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_a_missing_pyav_is_exit_code_3(
    suffix: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert main(["rtp://:2", "--headless", "--record", str(tmp_path / f"a{suffix}")]) == 3
    said = f"{suffix} files need PyAV: install rtpjpeg[record], or record .mjpeg"
    assert capsys.readouterr().err == f"rtpjpeg-view: {said}\n"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_two_cameras_and_their_statistics(suffix: str, tmp_path: Path, capsys: Capture) -> None:
    ports = free_ports(2)
    sources = [f"rtp://127.0.0.1:{port}" for port in ports]
    target = tmp_path / f"a{suffix}"
    with Feeder(*ports):
        command = [*sources, "--headless", "--frames", "12", "--json", "--record", str(target)]
        assert main(command) == 0
    said = capsys.readouterr()
    for port, stream in zip(ports, last_json(said.out)["streams"], strict=True):
        path = f"{tmp_path}/a-127-0-0-1-{port}{suffix}"
        assert (stream["frames_recorded"], stream["frames_unrecorded"]) == (12, 0)
        assert stream["recording"] == path
        assert f"rtp://127.0.0.1:{port}: recording {path}" in said.err
        assert ffprobe_count(Path(path)) == 12


def test_the_same_command_twice_makes_two_files(tmp_path: Path, capsys: Capture) -> None:
    write_capture(tmp_path / "one.pcap", frames=4)
    target = tmp_path / "a.mkv"
    for name in ("a.mkv", "a-0002.mkv"):
        assert main([str(tmp_path / "one.pcap"), "--headless", "--record", str(target)]) == 0
        said = capsys.readouterr()
        assert f"recording {tmp_path}/{name}" in said.err
        assert "recorded  4 frames" in said.out
        assert ffprobe_count(tmp_path / name) == 4


def test_without_record_nothing_is_said_of_it(tmp_path: Path, capsys: Capture) -> None:
    write_capture(tmp_path / "one.pcap", frames=2)
    assert main([str(tmp_path / "one.pcap"), "--headless"]) == 0
    assert "recorded" not in capsys.readouterr().out.replace(str(tmp_path), "")


def test_a_capture_of_two_cameras_is_recorded_whole(tmp_path: Path, capsys: Capture) -> None:
    write_capture(tmp_path / "two.pcap", frames=20, ports=(5000, 5002))
    command = [str(tmp_path / "two.pcap"), "--headless", "--json", "--record"]
    for target in ("out.pcap", "pictures"):
        assert main([*command, str(tmp_path / target)]) == 0
        streams = last_json(capsys.readouterr().out)["streams"]
        assert [stream["frames_recorded"] for stream in streams] == [20, 20]
    copies = [
        row
        for name in ("out.pcap", "out-two-pcap-192-0-2-2-5002.pcap")
        for row in read_datagrams(tmp_path / name)
    ]
    assert sorted(copies) == sorted(read_datagrams(tmp_path / "two.pcap"))
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 20
    assert len(list((tmp_path / "pictures" / "two-pcap-192-0-2-2-5002").iterdir())) == 20


def test_an_sdp_file_is_recorded(tmp_path: Path, capsys: Capture) -> None:
    (port,) = free_ports(1)
    lines = "v=0|o=- 0 0 IN IP4 127.0.0.1|s=-|c=IN IP4 127.0.0.1|t=0 0|m=video {} RTP/AVP 26|"
    (tmp_path / "cam.sdp").write_text(lines.format(port).replace("|", "\r\n"))
    source, target = str(tmp_path / "cam.sdp"), str(tmp_path / "a.mjpeg")
    command = [source, "--headless", "--frames", "3", "--record", target]
    with Feeder(port):
        assert main(command) == 0
    assert ffprobe_count(tmp_path / "a.mjpeg") == 3


def test_a_signal_finishes_the_file(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [
        *COMMAND,
        f"rtp://127.0.0.1:{port}",
        "--headless",
        "--json",
        "--record",
        str(tmp_path / "a.mkv"),
    ]
    with (
        Feeder(port),
        child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        while "recording" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, without_notices(err)) == (0, [])
    (stream,) = last_json(out)["streams"]
    assert ffprobe_count(tmp_path / "a.mkv") == stream["frames_recorded"] == stream["frames_received"]


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".pcap"])
def test_a_full_disk_stops_the_recording_and_not_the_viewing(suffix: str, tmp_path: Path) -> None:
    """A limit of the file size is a disk that is full, for one process."""
    (port,) = free_ports(1)
    target = tmp_path / f"a{suffix}"
    command = [*COMMAND, f"rtp://127.0.0.1:{port}", "--headless", "--json", "--record", str(target)]
    with (
        Feeder(port),
        child(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
        ) as process,
    ):
        assert process.stderr is not None
        while "has stopped" not in (said := process.stderr.readline()):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    assert (process.returncode, without_notices(err)) == (1, [])
    (stream,) = json.loads(out)["streams"]
    safe, received = stream["frames_recorded"], stream["frames_received"]
    fault = f"the recording has stopped: {target} cannot be written: File too large"
    assert said == f"rtpjpeg-view: {fault}; {safe} frames of it are safe\n"
    assert 10 < safe < received
    # Packets are written as they come, so the disk may be full before their frame is there.
    assert stream["frames_unrecorded"] > 0 or suffix == ".pcap"
    if suffix == ".pcap":
        again = subprocess.run(
            [*COMMAND, str(target), "--headless", "--json"], capture_output=True, text=True, check=True
        )
        assert last_json(again.stdout)["streams"][0]["frames_received"] >= safe
    else:
        assert ffprobe_count(target) == safe
