"""rtpjpeg-view as it is typed: options, exit codes, JSON, signals."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from child import child
from receiver.feeding import Feeder, free_ports, last_json, without_notices
from rtpjpeg.receiver.cli import build_parser, main

COMMAND = [sys.executable, "-c", "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main())"]
KEYS = frozenset(
    "source ssrc width height packets_received packets_lost packets_duplicated packets_reordered"
    " packets_rejected kernel_drops frames_received frames_concealed concealed_share frames_dropped"
    " frames_recorded frames_unrecorded recording state bitrate same_clock clock_offset_ms frames_shown"
    " fps jitter_ms latency_ms stages_ms".split()
)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_the_documented_options_stand() -> None:
    words = "rtp://:5000 a.sdp --headless --frames 3 --latency 20 --conceal off --snapshot here --json"
    words += " --impair loss=5%,seed=1"
    chosen = build_parser().parse_args(words.split())
    assert chosen.source == ["rtp://:5000", "a.sdp"]
    assert (chosen.frames, chosen.duration, chosen.latency) == (3, None, 20.0)
    assert (chosen.conceal, chosen.snapshot, chosen.headless, chosen.json) == ("off", "here", True, True)
    assert str(chosen.impair) == "loss=5%,seed=1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--frames 0", "argument --frames: found '0', expected a whole number above 0"),
        ("--frames 1.5", "argument --frames: found '1.5', expected a whole number above 0"),
        ("--duration -1", "argument --duration: found '-1', expected a number above 0"),
        ("--duration nan", "argument --duration: found 'nan', expected a number above 0"),
        ("--duration inf", "argument --duration: found 'inf', expected a number above 0"),
        ("--latency none", "argument --latency: found 'none', expected a number above 0"),
        ("--frames 1 --duration 1", "argument --duration: not allowed with argument --frames"),
        ("--demo rtp://:5000", "argument --demo: not allowed with SOURCE, it has its own cameras"),
        ("--impair delay=20", "argument --impair: delay: found '20', expected a time such as 20ms"),
        ("--conceal maybe", "argument --conceal: invalid choice"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: str, said: str, capsys: Capture) -> None:
    assert_refused_in_one_line(words, said, capsys)


def assert_refused_in_one_line(words: str, said: str, capsys: Capture) -> None:
    """Run the command with these words; it must say this in one line, and end with exit code 2."""
    with pytest.raises(SystemExit) as refused:
        main(words.split())
    assert refused.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"rtpjpeg-view: {said}")
    assert err.count("\n") == 1


def test_a_wrong_source_is_exit_code_2_with_a_line_for_each(capsys: Capture) -> None:
    assert main(["nonsense", "rtp://:0", "--headless"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in err] == ["rtpjpeg-view"] * 2
    assert err[0].startswith("rtpjpeg-view: nonsense: expected rtp://:PORT")


@pytest.mark.parametrize("name", ["missing.pcap", "missing.sdp"])
def test_a_file_that_is_not_there_is_exit_code_3(name: str, tmp_path: Path, capsys: Capture) -> None:
    assert main([str(tmp_path / name), "--headless"]) == 3
    assert capsys.readouterr().err == (
        f"rtpjpeg-view: {tmp_path / name} cannot be read: No such file or directory\n"
    )


def test_a_port_that_is_taken_is_exit_code_3_and_named(capsys: Capture) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        assert main([f"rtp://:{port}", "--headless"]) == 3
    err = capsys.readouterr().err
    assert f"port {port}" in err
    assert "taken by another program; end that one, or name another port" in err
    assert err.count("\n") == 1


def test_one_taken_port_leaves_the_other_one_free_again(capsys: Capture) -> None:
    (free,) = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        sources = [f"rtp://127.0.0.1:{port}" for port in (free, taken.getsockname()[1])]
        assert main([*sources, "--headless"]) == 3
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", free))


def test_an_address_of_another_machine_is_exit_code_3(capsys: Capture) -> None:
    assert main(["rtp://192.0.2.1:5000", "--headless"]) == 3
    assert "192.0.2.1" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_exit_code_3(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--snapshot", str(tmp_path / "file" / "below"), "--headless"]) == 3
    assert "cannot be made" in capsys.readouterr().err


def test_two_cameras_as_json(capsys: Capture) -> None:
    ports = free_ports(2)
    sources = [f"rtp://127.0.0.1:{port}" for port in ports]
    with Feeder(*ports):
        assert main([*sources, "--headless", "--frames", "20", "--json"]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    streams = last_json(said.out)["streams"]
    assert [stream["source"] for stream in streams] == sources
    for number, stream in enumerate(streams):
        assert set(stream) >= KEYS
        assert (stream["ssrc"], stream["width"], stream["height"]) == (0x1000 + number, 320, 240)
        assert stream["frames_received"] == 20
        assert 0 < stream["frames_shown"] <= 20
        assert (stream["packets_lost"], stream["packets_rejected"], stream["frames_dropped"]) == (0, 0, 0)
        assert set(stream["latency_ms"]) == {"p50", "p95", "p99", "max"}
        assert (stream["state"], stream["bitrate"] > 0) == ("ended", True)


def test_each_source_is_behind_a_bad_network_of_its_own(capsys: Capture, seed: int) -> None:
    ports = free_ports(2)
    spec = f"reorder=10%,duplicate=10%,delay=5ms,seed={seed}"
    sources = [f"rtp://127.0.0.1:{port}" for port in ports]
    with Feeder(*ports):
        assert main([*sources, "--headless", "--frames", "10", "--json", "--impair", spec]) == 0
    said = capsys.readouterr()
    assert said.err.count(f"--impair {spec}") == 1
    for stream in last_json(said.out)["streams"]:
        assert stream["packets_rejected"] == 0
        assert stream["packets_reordered"] > 0
        assert stream["packets_duplicated"] > 0


def test_statistics_are_a_table_without_json(capsys: Capture) -> None:
    (port,) = free_ports(1)
    with Feeder(port):
        assert main([f"rtp://127.0.0.1:{port}", "--frames", "3"]) == 0
    said = capsys.readouterr()
    assert "3 received" in said.out
    assert "no window can be opened here" in said.err


def test_no_frame_in_time_is_exit_code_1(capsys: Capture) -> None:
    (port,) = free_ports(1)
    source = f"rtp://127.0.0.1:{port}"
    assert main([source, "--headless", "--duration", "0.1", "--json", "--log-level", "error"]) == 1
    said = capsys.readouterr()
    assert said.err == f"rtpjpeg-view: {source}: no frame came\n"
    (stream,) = last_json(said.out)["streams"]
    assert set(stream) >= KEYS
    assert (stream["frames_received"], stream["state"]) == (0, "waiting")
    for key in (
        "ssrc",
        "width",
        "height",
        "fps",
        "bitrate",
        "jitter_ms",
        "latency_ms",
        "stages_ms",
        "recording",
    ):
        assert stream[key] is None


def test_each_camera_asked_for_must_come(capsys: Capture) -> None:
    ports = free_ports(2)
    with Feeder(ports[0]):
        code = main([*(f"rtp://127.0.0.1:{port}" for port in ports), "--headless", "--duration", "0.5"])
    assert code == 1
    assert f"rtp://127.0.0.1:{ports[1]}: no frame came" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_statistics_and_exit_code_0(number: signal.Signals) -> None:
    (port,) = free_ports(1)
    with (
        Feeder(port),
        child(
            [*COMMAND, f"rtp://127.0.0.1:{port}", "--headless", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        while "stream from" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, without_notices(err)) == (0, [])
    (stream,) = last_json(out)["streams"]
    assert (stream["source"], stream["state"]) == (f"rtp://127.0.0.1:{port}", "live")


def test_a_stream_that_is_lost_and_comes_back_is_said_once_each() -> None:
    (port,) = free_ports(1)
    source = f"rtp://127.0.0.1:{port}"
    with child(
        [*COMMAND, source, "--headless", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said: list[str] = []
        for awaited in ("stream from", "no signal", "is back"):
            with Feeder(port) if awaited != "no signal" else nullcontext():
                while awaited not in (said or [""])[-1]:
                    said.append(process.stderr.readline())
                    assert process.poll() is None
        # nothing comes any more: no frame for a second is not the end
        assert "no signal" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    lines = without_notices("".join(said))
    assert sum("no signal: no picture for" in line for line in lines) == 1
    assert sum("the signal is back after" in line for line in lines) == 1
    assert (process.returncode, without_notices(err)) == (0, [])
    assert last_json(out)["streams"][0]["state"] == "no signal"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as out:
        done = subprocess.run(
            [*COMMAND, f"rtp://127.0.0.1:{port}", "--headless", "--duration", "0.1"],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
