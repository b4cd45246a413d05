"""A key, the wrong key, no key: what is shown, what is counted, and what is said."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

import rtpjpeg
from child import child
from peers import need_module
from receiver.feeding import Feeder, free_ports, train
from rtpjpeg import ConfigError, Frame, Packetizer, PacketTrain, ReceiverSession, SessionDescription
from rtpjpeg.net.pcap import write_datagrams
from rtpjpeg.net.srtp import Protector
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.receiver.cli import main
from rtpjpeg.receiver.secrecy import SAMPLE, Secrecy, Seeming
from rtpjpeg.receiver.source import Source, read_sources
from rtpjpeg.receiver.stream import Stream
from rtpjpeg.sender.outlets import Outlets
from rtpjpeg.srtpkey import SrtpKey

KEY = SrtpKey(bytes(range(16)), bytes(range(14)))
OTHER = SrtpKey(bytes(16), bytes(14))
PEER = ("192.0.2.1", 4000)
Log = pytest.LogCaptureFixture


@pytest.fixture(autouse=True)
def library() -> None:
    need_module("cryptography")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "srtp.key"
    path.write_text(KEY.serialize())
    path.chmod(0o600)
    return path


def fed(key: SrtpKey | None, protector: Protector | None, frames: int = 40) -> tuple[Stream, list[Frame]]:
    """Return a stream after so many frames, 30 a second, and what it showed."""
    shown: list[Frame] = []
    stream = Stream(Source("rtp://:5000", key=key), ReceiverSession(), shown.append, None)
    packetizer = Packetizer(ssrc=7, sequence_number=65_500)
    for number in range(frames):
        packets = train(number, packetizer)
        packets = packets if protector is None else protector.protect(packets)
        stream.receive(packets, number / 30, PEER)
    return stream, shown


def said(log: Log) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


def test_with_the_key_everything_is_as_without_encryption(caplog: Log) -> None:
    plain, frames = fed(None, None)
    secret, opened = fed(KEY, Protector(KEY))
    assert len(opened) == len(frames) == 40 and said(caplog) == []
    found = secret.statistics()
    assert (found["packets_rejected"], found["packets_duplicated"], found["packets_lost"]) == (0, 0, 0)
    assert secret.octets_received > plain.octets_received


def test_the_wrong_key_shows_nothing_and_says_so_once_a_second(caplog: Log) -> None:
    stream, shown = fed(OTHER, Protector(KEY), 61)
    assert shown == [] and stream.statistics()["ssrc"] is None
    rejected = stream.statistics()["packets_rejected"]
    lines = said(caplog)
    assert len(lines) == 2 and all(line.startswith("rtp://:5000: ") for line in lines)
    counts = [int(line.split()[1]) for line in lines]
    assert lines == [f"rtp://:5000: {count} packets do not fit the key" for count in counts]
    assert 61 < sum(counts) <= rejected


def test_a_stream_that_is_joined_late_is_shown_without_a_word(caplog: Log) -> None:
    protector, packetizer, shown = Protector(KEY), Packetizer(ssrc=7, sequence_number=0), list[Frame]()
    for number in range(6):  # it rolls over twice before anybody looks
        before = Packetizer(ssrc=7, sequence_number=number * 30_000 & 0xFFFF)
        protector.protect(PacketTrain.from_packets([train(0, before)[0]]))
    packetizer.sequence_number = 5 * 30_000 % 65_536 + 1
    stream = Stream(Source("rtp://:5000", key=KEY), ReceiverSession(), shown.append, None)
    for number in range(4):
        for packet in protector.protect(train(number, packetizer)):
            stream.receive(packet, number / 30, PEER)
    assert len(shown) == 3 and stream.statistics()["packets_rejected"] == 1
    assert not [line for line in said(caplog) if "key" in line]


def test_plain_packets_are_not_shown_where_there_is_a_key(caplog: Log) -> None:
    stream, shown = fed(KEY, None, 61)
    assert shown == [] and stream.statistics()["packets_rejected"] > 61
    assert said(caplog)[-1].endswith(" packets do not fit the key: they seem not to be encrypted")


def test_encrypted_packets_without_a_key_are_named_once(caplog: Log) -> None:
    stream, shown = fed(None, Protector(KEY), 61)
    assert shown == []
    seem = (
        "rtp://:5000: the packets seem to be encrypted (SRTP), and there is no key for them: see --srtp-key"
    )
    assert said(caplog).count(seem) == 1


def test_one_packet_is_told_in_the_singular(caplog: Log) -> None:
    stream, _ = fed(KEY, Protector(KEY), 2)
    stream.receive(bytes((0x80, 26)) + bytes(30), 1.0, PEER)
    assert said(caplog) == ["rtp://:5000: 1 packet does not fit the key"]


def test_what_comes_twice_is_counted_as_such() -> None:
    shown: list[Frame] = []
    stream = Stream(Source("rtp://:5000", key=KEY), ReceiverSession(), shown.append, None)
    secret = Protector(KEY).protect(train(0, Packetizer(ssrc=7)))
    stream.receive(secret, 0.0, PEER)
    stream.receive(secret, 0.0, PEER)
    found = stream.statistics()
    assert (len(shown), found["packets_duplicated"], found["packets_rejected"]) == (1, len(secret), 0)


def test_rtcp_goes_both_ways_with_the_key() -> None:
    sending, secrecy = Outlets([], Protector(KEY)), Secrecy(KEY, 26)
    assert sending.protector and sending.unprotector
    report = bytes((0x80, 201, 0, 1)) + bytes(4)
    assert secrecy.open_rtcp(sending.protector.protect_rtcp(report)) == report
    assert sending.unprotector.unprotect_rtcp(secrecy.protect_rtcp(report)) == report
    assert secrecy.open_rtcp(report) is None and secrecy.rejected == 1
    plain = Secrecy(None, 26)
    assert plain.open_rtcp(report) == plain.protect_rtcp(report) == report


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_forged_packets_do_not_disturb_a_stream(share: float, seed: int) -> None:
    chance, protector = random.Random(seed), Protector(KEY)
    shown: list[Frame] = []
    stream = Stream(Source("rtp://:5000", key=KEY), ReceiverSession(), shown.append, None)
    packetizer = Packetizer(ssrc=7)
    for number in range(20):
        packets = list(protector.protect(train(number, packetizer)))
        forged = [forge(packet, chance) for packet in packets if chance.random() < share]
        mixed = packets[:]
        for packet in forged:
            mixed.insert(chance.randrange(len(mixed)), packet)
        stream.receive(PacketTrain.from_packets(mixed), number / 30, PEER)
    assert len(shown) == 20 and not any(frame.concealed for frame in shown)


def forge(packet: bytes, chance: random.Random) -> bytes:
    """Return a packet of the same stream, near in sequence, with another payload."""
    return packet[:2] + chance.randbytes(2) + packet[4:12] + chance.randbytes(len(packet) - 12)


class TestSeeming:
    def test_few_packets_tell_nothing(self) -> None:
        seeming = Seeming(26)
        packets = list(train(0, Packetizer()))
        for _ in range(SAMPLE - 1):
            seeming.look(PacketTrain.from_packets(packets[1:2]))
        assert seeming.encrypted is None
        seeming.look(PacketTrain.from_packets(packets[1:2]))
        assert seeming.encrypted is False

    def test_other_payload_types_and_short_packets_do_not_count(self) -> None:
        seeming = Seeming(96)
        seeming.look(PacketTrain.from_packets([bytes((0x80, 26)) + bytes(30)] * 50))
        seeming.look(PacketTrain.from_packets([bytes((0x80, 96)), b"", b"\x80"] * 50))
        assert seeming.encrypted is None

    def test_what_is_neither_the_one_nor_the_other_is_not_said(self) -> None:
        seeming = Seeming(26)
        packets = [bytes((0x80, 26)) + bytes(14) + bytes((number % 16, 0, 0, 0)) for number in range(SAMPLE)]
        seeming.look(PacketTrain.from_packets(packets))
        assert seeming.encrypted is None


class TestSources:
    def described(self, folder: Path, port: int, key: SrtpKey | None, protocol: str = "RTP/SAVP") -> Path:
        path = folder / "camera.sdp"
        stream = SessionDescription("127.0.0.1", port, protocol=protocol, crypto=key)
        path.write_text(stream.serialize())
        return path

    def test_a_description_brings_its_key(self, tmp_path: Path) -> None:
        (source,) = read_sources([str(self.described(tmp_path, 5000, KEY))])
        assert source.key == KEY and "key" not in repr(source).replace("srtp", "")
        (source,) = read_sources([str(self.described(tmp_path, 5000, KEY))], key=OTHER)
        assert source.key == OTHER

    def test_a_description_of_srtp_without_a_key_is_refused(self, tmp_path: Path) -> None:
        path = self.described(tmp_path, 5000, None)
        with pytest.raises(ConfigError) as refused:
            read_sources([str(path)])
        assert str(refused.value) == (
            f"{path}: found RTP/SAVP and no key, expected a=crypto, or --srtp-key FILE"
        )
        assert read_sources([str(path)], key=KEY)[0].key == KEY

    def test_a_program_opens_a_stream_with_a_key_file(self, key_file: Path) -> None:
        (port,) = free_ports(1)
        with rtpjpeg.open(f"rtp://127.0.0.1:{port}", srtp_key=key_file) as stream, SecretFeeder(port):
            frames = list(islice(stream, 3))
            (found,) = stream.statistics()
        assert len(frames) == 3 and found["packets_rejected"] == 0

    def test_a_program_opens_a_description_with_a_key(self, tmp_path: Path) -> None:
        (port,) = free_ports(1)
        with rtpjpeg.open(self.described(tmp_path, port, KEY)) as stream, SecretFeeder(port):
            assert len(list(islice(stream, 3))) == 3

    def test_a_pair_of_cameras(self, key_file: Path) -> None:
        ports = free_ports(2)
        first, second = (f"rtp://127.0.0.1:{port}" for port in ports)
        with rtpjpeg.open_pair(first, second, srtp_key=key_file) as pairs, SecretFeeder(*ports):
            assert len(list(islice(pairs, 2))) == 2

    def test_a_bad_network_loses_encrypted_packets(self, key_file: Path) -> None:
        (port,) = free_ports(1)
        opened = rtpjpeg.open(
            f"rtp://127.0.0.1:{port}", srtp_key=key_file, impair="loss=5%,duplicate=5%,corrupt=5%,seed=1"
        )
        with opened as stream, SecretFeeder(port):
            list(islice(stream, 20))
            (found,) = stream.statistics()
        assert found["packets_lost"] and found["packets_duplicated"] and found["packets_rejected"]

    def test_a_capture_of_srtp_is_shown_with_its_key(self, tmp_path: Path, key_file: Path) -> None:
        packetizer, protector, path = Packetizer(), Protector(KEY), tmp_path / "secret.pcap"
        write_datagrams(
            path,
            [
                (1.8e9 + number / 30, PEER, ("192.0.2.2", 5000), packet)
                for number in range(5)
                for packet in protector.protect(train(number, packetizer))
            ],
        )
        with rtpjpeg.open(path, srtp_key=key_file) as stream:
            assert len(list(stream)) == 5


class SecretFeeder(Feeder):
    """Sends cameras with one key, each with an SSRC of its own."""

    def __init__(self, *ports: int) -> None:
        super().__init__(*ports)
        protector = Protector(KEY)
        self.sockets = self.senders
        self.senders = [_Encrypting(sender, protector) for sender in self.sockets]  # type: ignore[misc]


class _Encrypting:
    def __init__(self, sender: UdpSender, protector: Protector) -> None:
        self._sender, self._protector = sender, protector

    def send(self, packets: PacketTrain) -> int:
        return self._sender.send(self._protector.protect(packets))

    def close(self) -> None:
        self._sender.close()


def test_reports_and_requests_are_encrypted_too(tmp_path: Path, key_file: Path) -> None:
    """Over a network that loses packets: they are asked for, and sent again."""
    (port,) = free_ports(1)
    words = f"--source synthetic --fps 60 --dest 127.0.0.1:{port} --frames 90 --json --log-level error"
    opened = rtpjpeg.open(f"rtp://127.0.0.1:{port}", srtp_key=key_file, impair="loss=5%,seed=1")
    with opened as stream:
        command = [sys.executable, "-m", "rtpjpeg.sender.cli", *words.split(), "--srtp-key", str(key_file)]
        with child(command, stdout=subprocess.PIPE, text=True) as process:
            list(islice(stream, 60))
            out, _ = process.communicate()
        (found,) = stream.statistics()
    assert json.loads(out)["cameras"][0]["frames_sent"] == 90
    assert found["packets_recovered"] and found["packets_rejected"] == 0


class TestCommand:
    def test_a_key_that_others_may_read_is_exit_code_2(
        self, key_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        key_file.chmod(0o604)
        assert main(["--headless", "--srtp-key", str(key_file)]) == 2
        assert f"rtpjpeg-view: SRTP key file {key_file}: found mode 0604" in capsys.readouterr().err

    def test_the_demo_has_no_key(self, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as refused:
            main(["--demo", "--srtp-key", str(key_file)])
        assert refused.value.code == 2
        assert "argument --srtp-key: not allowed with --demo" in capsys.readouterr().err
