"""rtpjpeg-send with a key: what leaves is encrypted, fits the MTU, and nobody else reads the key."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from pathlib import Path

import pytest

from peers import need_module
from rtpjpeg import ConfigError, PacketTrain, ReceiverSession, SessionDescription
from rtpjpeg.config import load
from rtpjpeg.events import FrameReceived
from rtpjpeg.net.srtp import Protector, Unprotector
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.sender.cli import main
from rtpjpeg.sender.keys import protectors
from rtpjpeg.sender.outlets import Outlets
from rtpjpeg.srtpkey import TAG_SIZES, SrtpKey
from sender.doubles import ListedSender, picture

KEY = SrtpKey(bytes(range(16)), bytes(range(14)))
SECRET = b64encode(KEY.key + KEY.salt).decode()
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def library() -> None:
    need_module("cryptography")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return write_key(tmp_path / "srtp.key", KEY)


def write_key(path: Path, key: SrtpKey) -> Path:
    path.write_text(key.serialize())
    path.chmod(0o600)
    return path


def sent(words: list[str], key: SrtpKey) -> tuple[list[PacketTrain], list[bytes]]:
    """Send four pictures; return the trains that came, and the pictures in them."""
    with UdpReceiver("127.0.0.1", 0) as receiver:
        place = f"127.0.0.1:{receiver.local_address[1]}"
        assert main([*words, "--dest", place, "--frames", "4", "--fps", "0", "--log-level", "error"]) == 0
        trains = [train for train, _ in receiver.receive(0)]
    session, opener, frames = ReceiverSession(), Unprotector(key), []
    for train in trains:
        session.receive(opener.unprotect(train), 1.0, None)
        while (event := session.next_event()) is not None:
            frames += [event.frame.jpeg] if isinstance(event, FrameReceived) else []
    return trains, frames


@pytest.fixture
def pictures(tmp_path: Path) -> str:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number, 640, 480))
    return f"replay:{tmp_path}"


@pytest.mark.parametrize("suite", TAG_SIZES)
@pytest.mark.parametrize("profile", ["resilient", "compatible"])
def test_pictures_are_sent_encrypted_within_the_mtu(
    pictures: str, tmp_path: Path, suite: str, profile: str, capsys: Capture
) -> None:
    key = SrtpKey(KEY.key, KEY.salt, suite)
    words = ["--source", pictures, "--srtp-key", str(write_key(tmp_path / "key", key)), "--profile", profile]
    trains, frames = sent([*words, "--camera1", "transcode=true", "--json"], key)
    (camera,) = json.loads(capsys.readouterr().out)["cameras"]
    assert len(frames) == 4
    packets = [packet for train in trains for packet in train]
    # IPv6 and UDP take 48 bytes of 1400; with the shorter tag 6 more are left.
    assert max(map(len, packets)) <= 1400 - 48
    assert camera["intervals_split"] == 0 and camera["bytes_sent"] == sum(map(len, packets))
    assert packets[0][2] < 0x80  # the first sequence number is below 2^15


def test_a_camera_may_have_a_key_of_its_own(key_file: Path, tmp_path: Path) -> None:
    other = write_key(tmp_path / "other", SrtpKey(bytes(16), bytes(14)))
    words = {"camera*.srtp_key": str(key_file), "camera2.srtp_key": str(other)}
    found = protectors(load(None, {}, words).cameras)
    assert {name: protector.key.key for name, protector in found.items()} == {
        "camera1": KEY.key,
        "camera2": bytes(16),
    }
    assert protectors(load(None, {}, {}).cameras) == {}


def test_faults_of_all_key_files_come_at_once_and_each_once(key_file: Path, tmp_path: Path) -> None:
    key_file.chmod(0o644)
    (tmp_path / "empty").touch(0o600)
    words = {"camera*.srtp_key": str(key_file)}
    with pytest.raises(ConfigError) as refused:
        protectors(load(None, {}, words).cameras)
    assert len(refused.value.faults) == 1
    with pytest.raises(ConfigError) as refused:
        protectors(load(None, {}, words | {"camera2.srtp_key": str(tmp_path / "empty")}).cameras)
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize("words", [["--check-config"], ["--source", "synthetic", "--frames", "1"]])
def test_a_key_that_others_may_read_is_exit_code_2(key_file: Path, words: list[str], capsys: Capture) -> None:
    key_file.chmod(0o640)
    assert main([*words, "--srtp-key", str(key_file)]) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith(f"rtpjpeg-send: SRTP key file {key_file}: found mode 0640") and said.count("\n") == 1
    )


def test_a_key_that_is_not_there_is_exit_code_3(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--check-config", "--srtp-key", str(tmp_path / "none")]) == 3
    assert "none cannot be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("before", [None, "something longer than the description " * 40])
def test_the_description_holds_the_key_for_its_owner_alone(
    pictures: str, key_file: Path, tmp_path: Path, before: str | None, capsys: Capture
) -> None:
    path = tmp_path / "cam.sdp"
    if before is not None:
        path.write_text(before)
        path.chmod(0o644)
    words = ["--source", pictures, "--dest", "127.0.0.1:5998", "--frames", "1", "--sdp", str(path)]
    assert main([*words, "--srtp-key", str(key_file)]) == 0
    found = SessionDescription.parse(path.read_bytes())
    assert (found.protocol, found.crypto) == ("RTP/SAVP", KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    out, err = capsys.readouterr()
    assert f"camera1: described in {path}, which holds the key: nobody but its owner may read it\n" in err
    assert SECRET not in out + err


def test_a_description_without_a_key_is_for_everybody(pictures: str, tmp_path: Path) -> None:
    path = tmp_path / "cam.sdp"
    assert main(["--source", pictures, "--dest", "127.0.0.1:5998", "--frames", "1", "--sdp", str(path)]) == 0
    assert SessionDescription.parse(path.read_bytes()).crypto is None
    assert stat.S_IMODE(path.stat().st_mode) & 0o400 and b"crypto" not in path.read_bytes()


def test_the_key_is_in_no_log(pictures: str, key_file: Path, capsys: Capture) -> None:
    words = [
        "--source",
        pictures,
        "--dest",
        "127.0.0.1:5998",
        "--frames",
        "2",
        "--log-level",
        "debug",
        "--json",
    ]
    assert main([*words, "--srtp-key", str(key_file)]) == 0
    assert main(["--print-config", "--srtp-key", str(key_file)]) == 0
    out, err = capsys.readouterr()
    assert ", encrypted, SSRC " in err and str(key_file) in out
    assert SECRET not in out + err and KEY.key.hex() not in out + err


def test_all_destinations_get_the_same_packets_and_a_short_route_counts_without_the_tag() -> None:
    one, two = ListedSender(), ListedSender()
    outlets = Outlets([one, two], Protector(KEY))  # type: ignore[list-item]
    packet = bytes((0x80, 26, 0, 1)) + bytes(8) + b"picture"
    outlets.send(PacketTrain.from_packets([packet]))
    assert one.trains == two.trains and list(
        Unprotector(KEY).unprotect(PacketTrain.from_packets(one.trains[0]))
    ) == [packet]
    assert outlets.path_mtu is None
    two.path_mtu = 1300
    assert outlets.path_mtu == 1290
