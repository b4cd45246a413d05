"""rtpjpeg-send as it is typed: options, exit codes, JSON, files, signals."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from child import child
from conformance.builders import Packet, read
from receiver.feeding import free_ports, last_json
from rtpjpeg import PacketTrain, ReceiverSession, SessionDescription
from rtpjpeg.clock import EXTENSION_IDS
from rtpjpeg.events import FrameReceived
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.sender.cli import build_parser, main
from sender.doubles import picture
from standins.rig import plugged_in

COMMAND = [sys.executable, "-c", "import sys; from rtpjpeg.sender.cli import main; sys.exit(main())"]
KEYS = frozenset(
    "name source ssrc destinations frames_captured frames_sent frames_dropped packets_sent bytes_sent"
    " send_errors restarts intervals_sent intervals_split encode_ms send_ms".split()
)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of five JPEGs."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(picture(number))
    return folder


def iter_received(receiver: UdpReceiver) -> Iterator[Any]:
    """Yield the trains of all that has come."""
    while found := receiver.receive(0):
        yield from found


def receive_all(receiver: UdpReceiver) -> list[Any]:
    """Return the frames of all that has come."""
    session = ReceiverSession()
    frames = []
    for train, peer in iter_received(receiver):
        session.receive(train, 1.0, peer)
        while (event := session.next_event()) is not None:
            frames += [event.frame] if isinstance(event, FrameReceived) else []
    return frames


def test_the_documented_options_stand() -> None:
    words = (
        "--config a.toml --source synthetic --source replay:x --dest h:1,h:2 --dest h:3 --camera1 fps=5"
        " --camera1 quality=9 --camera2 ttl=4 --only camera1 --size 1280x720 --fps 0 --quality 70"
        " --profile compatible --frames 3 --sdp a.sdp --print-config --check-config --json --log-level debug"
        " --impair loss=5%,seed=1"
    )
    chosen = build_parser().parse_args(words.split())
    assert chosen.source == ["synthetic", "replay:x"]
    assert chosen.dest == ["h:1,h:2", "h:3"]
    assert chosen.camera1 == [("fps", "5"), ("quality", "9")]
    assert (chosen.size, chosen.fps, chosen.only) == ((1280, 720), 0.0, ["camera1"])
    assert str(chosen.impair) == "loss=5%,seed=1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--size 640", "argument --size: found '640', expected WIDTHxHEIGHT"),
        ("--fps -1", "argument --fps: found '-1', expected a number above 0"),
        ("--camera1 quality", "argument --camera1: found 'quality', expected KEY=VALUE"),
        ("--camera2 =3", "argument --camera2: found '=3', expected KEY=VALUE"),
        ("--only camera3", "argument --only: invalid choice"),
        ("--profile best", "argument --profile: invalid choice"),
        ("--frames 0", "argument --frames: found '0', expected a whole number above 0"),
        ("--frames 1 --duration 2", "argument --duration: not allowed with argument --frames"),
        (
            "--impair los=5%",
            "argument --impair: los: unknown key, found with the value '5%'; did you mean loss?",
        ),
        ("stray", "unrecognized arguments: stray"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: str, said: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words.split())
    assert refused.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"rtpjpeg-send: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--quality 101", "quality"),
        ("--dest nonsense", "destinations"),
        ("--dest 127.0.0.1:0", "destinations"),
        ("--dest a:1 --dest b:2 --dest c:3", "--dest"),
        ("--source sintetic", "source"),
        ("--source replay:", "source"),
        ("--size 2048x480", "width"),
        ("--camera1 nonsense=1", "nonsense"),
        ("--camera1 quality=much", "mjpeg-rtp.camera1.quality"),
        ("--config missing.toml", "missing.toml"),
    ],
)
def test_a_wrong_configuration_is_exit_code_2_and_names_the_key(
    words: str, named: str, capsys: Capture
) -> None:
    assert main([*words.split(), "--frames", "1"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines
    assert all(line.startswith("rtpjpeg-send: ") and named in line for line in lines)


def test_all_faults_of_a_configuration_come_at_once(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[mjpeg-rtp]\nmtu = 3\n[mjpeg-rtp.camera1]\nquallity = 5\nquality = 500\n")
    assert main(["--config", str(path), "--check-config"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 3
    assert all(line.startswith("rtpjpeg-send: mjpeg-rtp.") for line in err)


def test_a_right_configuration_is_said_so(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[mjpeg-rtp.camera1]\nenabled = true\n")
    assert main(["--config", str(path), "--check-config"]) == 0
    assert capsys.readouterr().out == "the configuration is right: camera1 would run\n"


def test_the_file_may_be_named_by_the_environment(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTPJPEG_CONFIG", str(tmp_path / "missing.toml"))
    assert main(["--check-config"]) == 2
    assert "missing.toml cannot be read: No such file" in capsys.readouterr().err


def test_the_printed_configuration_is_a_configuration(tmp_path: Path, capsys: Capture) -> None:
    assert main("--print-config --quality 40 --dest 127.0.0.1:7000".split()) == 0
    path = tmp_path / "config.toml"
    path.write_text(capsys.readouterr().out)
    assert main(["--config", str(path), "--print-config"]) == 0
    assert capsys.readouterr().out == path.read_text()
    assert "quality = 40" in path.read_text()


def test_two_synthetic_cameras_arrive_whole(capsys: Capture) -> None:
    receivers = [UdpReceiver("127.0.0.1", 0) for _ in range(2)]
    places = [f"127.0.0.1:{receiver.local_address[1]}" for receiver in receivers]
    words = ["--source", "synthetic", "--size", "320x240", "--fps", "60", "--frames", "4", "--json"]
    assert main([*words, "--dest", places[0], "--dest", places[1]]) == 0
    cameras = last_json(capsys.readouterr().out)["cameras"]
    assert [camera["name"] for camera in cameras] == ["camera1", "camera2"]
    for camera, place, receiver in zip(cameras, places, receivers, strict=True):
        frames = receive_all(receiver)
        receiver.close()
        assert set(camera) >= KEYS
        assert camera["destinations"] == [place]
        assert (camera["frames_sent"], camera["send_errors"], camera["restarts"]) == (4, 0, 0)
        assert camera["ssrc"] == frames[0].ssrc
        assert set(camera["encode_ms"]) == set(camera["send_ms"]) == {"p50", "p95", "p99", "max"}
        assert camera["packets_sent"] == sum(frame.packets for frame in frames)
        assert len(frames) == 4


def test_two_cameras_of_a_pi_arrive_whole(capsys: Capture) -> None:
    receivers = [UdpReceiver("127.0.0.1", 0) for _ in range(2)]
    words = ["--source", "picamera2", "--size", "320x240", "--frames", "4", "--json"]
    words += ["--camera2", "flip_method=rotate-90", "--camera1", "controls.AwbMode=Indoor"]
    for receiver in receivers:
        words += ["--dest", f"127.0.0.1:{receiver.local_address[1]}"]
    with plugged_in() as rig:
        rig.manager.real_time = True
        assert main(words) == 0
        assert (rig.first.applied["AwbMode"], rig.first.acquired, rig.second.acquired) == (4, False, False)
    said = capsys.readouterr()
    assert said.err.count("camera2: rotate-90 costs time for each picture") == 1
    assert [camera["frames_sent"] for camera in last_json(said.out)["cameras"]] == [4, 4]
    for receiver, size in zip(receivers, ((320, 240), (240, 320)), strict=True):
        frames = receive_all(receiver)
        receiver.close()
        assert [(frame.width, frame.height) for frame in frames] == [size] * 4


def test_a_camera_that_is_missing_is_exit_code_3(capsys: Capture) -> None:
    words = ["--source", "auto", "--only", "camera1", "--frames", "1", "--json"]
    with plugged_in() as rig:
        rig.manager.cameras.clear()
        assert main(words) == 3
    said = capsys.readouterr()
    assert said.err.startswith("rtpjpeg-send: camera1: no camera is there: look at its cable")
    assert last_json(said.out)["cameras"][0]["frames_sent"] == 0


def send_synthetic(words: str, capsys: Capture) -> tuple[list[Packet], dict[str, Any]]:
    """Return the packets of three pictures, read, and what the command says of them."""
    receiver = UdpReceiver("127.0.0.1", 0)
    place = f"127.0.0.1:{receiver.local_address[1]}"
    assert main(["--source", "synthetic", "--frames", "3", "--dest", place, "--json", *words.split()]) == 0
    trains = []
    while found := receiver.receive(0):
        trains += [train for train, _ in found]
    receiver.close()
    (camera,) = last_json(capsys.readouterr().out)["cameras"]
    return [read(packet) for train in trains for packet in train], camera


def test_by_default_each_packet_has_whole_restart_intervals(capsys: Capture) -> None:
    packets, camera = send_synthetic("--fps 30", capsys)
    assert {packet.type for packet in packets} == {65}
    whole = [packet for packet in packets if packet.chunk.first and packet.chunk.last]
    assert len(whole) >= len(packets) * 0.9
    assert camera["intervals_sent"] > 2 * len(packets)
    assert camera["intervals_split"] <= camera["intervals_sent"] / 50  # the first picture tells of a few
    # Whatever is lost, a packet that comes has whole intervals: the markers of those that its count names.
    for packet in whole:
        numbers = [number[0] & 7 for number in re.findall(b"\xff([\xd0-\xd7])", packet.data)]
        first = packet.chunk.count
        assert packet.data[:2] == bytes((0xFF, 0xD0 + (first - 1) % 8)) or not first
        assert numbers == [
            number % 8 for number in range(first - (first > 0), first + len(numbers) - (first > 0))
        ]


def test_profile_compatible_has_no_restart_intervals(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTPJPEG_MJPEG_RTP_FILL", "true")  # does nothing here
    packets, camera = send_synthetic("--profile compatible --fps 30", capsys)
    assert {packet.type for packet in packets} == {1}
    assert (camera["intervals_sent"], camera["intervals_split"]) == (0, 0)


def test_filled_packets_have_one_size(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTPJPEG_MJPEG_RTP_FILL", "true")
    packets, camera = send_synthetic("--fps 30", capsys)
    assert {packet.type for packet in packets} == {65}
    assert camera["intervals_sent"] > 2 * len(packets), "intervals are smaller, so that little is filled"
    for _, frame in groupby(packets, lambda packet: packet.timestamp):
        *full, last = frame
        assert len({packet.size for packet in full}) == 1
        assert last.size <= full[0].size <= 1352


def test_packets_are_fitted_to_the_mtu(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    intervals = {}
    for mtu in ("700", "1400"):
        monkeypatch.setenv("RTPJPEG_MJPEG_RTP_MTU", mtu)
        packets, _ = send_synthetic("--fps 30", capsys)
        assert max(packet.size for packet in packets) <= int(mtu) - 48
        intervals[mtu] = packets[-1].chunk.interval
    assert intervals["700"] <= intervals["1400"] / 2 + 1


def test_a_file_is_sent_whole_as_fast_as_it_goes(pictures: Path, capsys: Capture) -> None:
    receiver = UdpReceiver("127.0.0.1", 0)
    place = f"127.0.0.1:{receiver.local_address[1]}"
    assert main(["--source", f"replay:{pictures}", "--dest", place, "--fps", "0", "--json"]) == 0
    (camera,) = last_json(capsys.readouterr().out)["cameras"]
    assert (camera["frames_captured"], camera["frames_sent"], camera["frames_dropped"]) == (5, 5, 0)
    assert [frame.jpeg[-1000:] for frame in receive_all(receiver)] == [
        picture(seed)[-1000:] for seed in range(5)
    ]
    receiver.close()


def test_all_faults_of_a_spec_come_at_once(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--impair", "loss=5,delay=20,seed=x"])
    assert refused.value.code == 2
    err = capsys.readouterr().err.splitlines()
    assert [line.partition(", expected")[0] for line in err] == [
        f"rtpjpeg-send: argument --impair: {fault}"
        for fault in ("loss: found '5'", "delay: found '20'", "seed: found 'x'")
    ]


def test_a_bad_network_loses_what_its_seed_says(pictures: Path, capsys: Capture, seed: int) -> None:
    receiver = UdpReceiver("127.0.0.1", 0)
    place = f"127.0.0.1:{receiver.local_address[1]}"
    words = ["--source", f"replay:{pictures}", "--dest", place, "--fps", "0", "--json"]
    spec = f"loss=30%,burst=2,delay=1ms,seed={seed}"
    assert main([*words, "--impair", spec]) == 0
    said = capsys.readouterr()
    (camera,) = last_json(said.out)["cameras"]
    assert said.err.count(f"once more the same with --impair {spec}\n") == 1
    assert (camera["frames_sent"], camera["send_errors"]) == (5, 0)
    link = Link(Impairment.parse(spec))
    link.send(PacketTrain.from_packets([b"any"] * camera["packets_sent"]), 0.0)
    came = sum(len(train) for train, _ in iter_received(receiver))
    assert 0 < came == camera["packets_sent"] - link.packets_lost
    receiver.close()


def test_several_destinations_of_one_camera(pictures: Path, capsys: Capture) -> None:
    receivers = [UdpReceiver("127.0.0.1", 0) for _ in range(2)]
    places = ",".join(f"127.0.0.1:{receiver.local_address[1]}" for receiver in receivers)
    assert main(["--source", f"replay:{pictures}", "--dest", places, "--fps", "0"]) == 0
    for receiver in receivers:
        assert len(receive_all(receiver)) == 5
        receiver.close()
    assert "camera1: replay:" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_exit_code_3(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--source", f"replay:{tmp_path / 'missing'}", "--only", "camera1", "--json"]) == 3
    said = capsys.readouterr()
    assert said.err.startswith("rtpjpeg-send: camera1: ")
    assert "No such file" in said.err
    assert said.err.count("\n") == 1
    (camera,) = last_json(said.out)["cameras"]
    assert set(camera) >= KEYS
    assert camera["frames_sent"] == 0


def test_one_missing_camera_does_not_stop_the_other(pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    ports = free_ports(2)
    words = ["--source", f"replay:{tmp_path / 'missing'}", "--source", f"replay:{pictures}", "--fps", "0"]
    words += [word for port in ports for word in ("--dest", f"127.0.0.1:{port}")]
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert [camera["frames_sent"] for camera in last_json(said.out)["cameras"]] == [0, 5]
    assert "rtpjpeg-send: camera1: " in said.err


def test_pictures_that_cannot_be_sent_are_exit_code_1(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    grey = bytes.fromhex("ffd8 ffc0000b 08 0010 0010 01 011100 ffda0008 01 0100 003f00 00 ffd9")
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(grey)
    words = [
        "--source",
        f"replay:{folder}",
        "--dest",
        f"127.0.0.1:{free_ports(1)[0]}",
        "--fps",
        "0",
        "--json",
    ]
    assert main(words) == 1
    said = capsys.readouterr()
    (camera,) = last_json(said.out)["cameras"]
    assert (camera["frames_sent"], camera["frames_dropped"]) == (0, 3)
    assert said.err.count("cannot be sent") == 1


def test_an_unknown_host_is_exit_code_3(capsys: Capture) -> None:
    assert main(["--source", "synthetic", "--dest", "no-such-host.invalid:5000", "--frames", "1"]) == 3
    err = capsys.readouterr().err
    assert "no-such-host.invalid" in err
    assert err.count("\n") == 1


def test_a_local_port_that_is_taken_is_exit_code_3_and_named(capsys: Capture) -> None:
    with UdpReceiver("", 0) as taken:
        port = taken.local_address[1]
        assert main(["--source", "synthetic", "--only", "camera1", "--camera1", f"local_port={port}"]) == 3
    assert capsys.readouterr().err == (
        f"rtpjpeg-send: local port {port} cannot be opened: it is taken by another program\n"
    )


def test_a_description_for_each_camera(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "cam.sdp"
    words = "--source synthetic --size 324x244 --fps 60 --frames 1 --camera1 interface=lo --camera1 ttl=3"
    places = "--dest 239.1.2.3:5000 --dest 127.0.0.1:5008"
    assert main([*words.split(), *places.split(), "--sdp", str(path)]) == 0
    one, two = (SessionDescription.parse(file.read_bytes()) for file in (path, tmp_path / "cam-camera2.sdp"))
    assert one.extmap == two.extmap == tuple((number, name) for name, number in EXTENSION_IDS.items())
    assert (one.address, one.port, one.ttl, one.session_name) == ("239.1.2.3", 5000, 3, "camera1")
    assert (two.address, two.port, two.session_name) == ("127.0.0.1", 5008, "camera2")
    assert (two.width, two.height, two.framerate, two.payload_type) == (324, 244, 60.0, 26)


def test_a_description_that_cannot_be_written_is_exit_code_3(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "missing" / "cam.sdp"
    assert main(["--source", "synthetic", "--frames", "1", "--sdp", str(path), "--log-level", "error"]) == 3
    assert capsys.readouterr().err == f"rtpjpeg-send: {path} cannot be written: No such file or directory\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_statistics_and_exit_code_0(number: signal.Signals) -> None:
    receiver = UdpReceiver("127.0.0.1", 0)
    place = f"127.0.0.1:{receiver.local_address[1]}"
    words = ["--source", "synthetic", "--dest", place, "--json", "--log-level", "error"]
    with child([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert receiver.receive(60)  # the first picture
        process.send_signal(number)
        out, err = process.communicate()
    receiver.close()
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["cameras"][0]["frames_sent"] >= 1


def test_statistics_are_logged_from_time_to_time(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTPJPEG_MJPEG_RTP_STATS_INTERVAL_SECONDS", "0.1")
    place = f"127.0.0.1:{free_ports(1)[0]}"
    assert main(["--source", "synthetic", "--dest", place, "--duration", "0.5"]) == 0
    assert "frames sent, " in capsys.readouterr().err
