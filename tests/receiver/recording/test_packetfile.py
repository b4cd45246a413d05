"""Packets in a capture: as they came, with whatever address they came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver.feeding import train
from rtpjpeg import Packetizer, PacketTrain
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.receiver.recording.packetfile import PacketFile, flow_of
from rtpjpeg.reportpackets import ReceiverReport

PEER, LOCAL = ("192.0.2.1", 4000), ("192.0.2.2", 5000)


def test_packets_are_read_back_as_they_came(tmp_path: Path) -> None:
    trains = [train(number, Packetizer()) for number in range(3)]
    file = PacketFile(tmp_path / "a.pcap", LOCAL)
    for number, each in enumerate(trains):
        file.write(each, 1.8e9 + number / 4, PEER)
        assert len(list(read_datagrams(tmp_path / "a.pcap"))) == sum(map(len, trains[: number + 1]))
    assert file.octets == (tmp_path / "a.pcap").stat().st_size
    file.finish()
    expected = [
        (1.8e9 + number / 4, PEER, LOCAL, packet) for number, each in enumerate(trains) for packet in each
    ]
    assert list(read_datagrams(tmp_path / "a.pcap")) == expected


def test_a_file_knows_where_a_frame_ends(tmp_path: Path) -> None:
    packets = list(train(0, Packetizer()))
    file = PacketFile(tmp_path / "a.pcap", LOCAL)
    for packet in packets:
        assert file.at_end_of_frame == (packet is packets[0])
        file.write(PacketTrain.from_packets([packet]), 1.0, PEER)
    assert file.at_end_of_frame
    file.finish()


def test_rtcp_has_a_port_of_its_own_and_ends_no_frame(tmp_path: Path) -> None:
    report, first = ReceiverReport(7).serialize(), train(0, Packetizer())[0]
    file = PacketFile(tmp_path / "a.pcap", LOCAL)
    file.write(PacketTrain.from_packets([first]), 1.0, PEER)
    file.write(PacketTrain.from_packets([report]), 1.0, PEER, 5001)
    assert not file.at_end_of_frame, "the second byte of RTCP looks like a marker"
    file.finish()
    assert [to for _, _, to, _ in read_datagrams(tmp_path / "a.pcap")] == [LOCAL, (LOCAL[0], 5001)]


@pytest.mark.parametrize(
    ("peer", "local", "source", "destination"),
    [
        (PEER, ("0.0.0.0", 5000), PEER, ("0.0.0.0", 5000)),
        (("127.0.0.1", 9), ("0.0.0.0", 5000), ("127.0.0.1", 9), ("127.0.0.1", 5000)),
        (PEER, ("::", 5000), PEER, ("0.0.0.0", 5000)),
        (("2001:db8::1", 9), ("::", 5000), ("2001:db8::1", 9), ("::", 5000)),
        (("::1", 9), ("::", 5000), ("::1", 9), ("::1", 5000)),
        (("fe80::1%eth0", 9), ("fe80::2%eth0", 5), ("fe80::1", 9), ("fe80::2", 5)),
        (PEER, ("239.1.1.1", 5000), PEER, ("239.1.1.1", 5000)),
        (None, LOCAL, ("0.0.0.0", 0), LOCAL),
        ("nobody", ("::1", 5000), ("::", 0), ("::1", 5000)),
        (("not an address", 9), LOCAL, ("0.0.0.0", 0), LOCAL),
        (("192.0.2.1", 70000), LOCAL, ("0.0.0.0", 0), LOCAL),
        (("192.0.2.1", "x"), LOCAL, ("0.0.0.0", 0), LOCAL),
        (("192.0.2.1",), LOCAL, ("0.0.0.0", 0), LOCAL),
        ((b"\xff", None), LOCAL, ("0.0.0.0", 0), LOCAL),
        (PEER, ("nowhere", 5000), PEER, ("0.0.0.0", 0)),
    ],
)
def test_any_peer_becomes_a_flow_that_can_be_written(
    peer: object, local: tuple[str, int], source: object, destination: object, tmp_path: Path
) -> None:
    assert flow_of(peer, local) == (source, destination)
    file = PacketFile(tmp_path / "a.pcap", local)
    file.write(PacketTrain.from_packets([b"payload"]), 1.0, peer)
    file.finish()
    assert list(read_datagrams(tmp_path / "a.pcap")) == [(1.0, source, destination, b"payload")]


def test_what_no_capture_can_hold_is_counted(tmp_path: Path) -> None:
    file = PacketFile(tmp_path / "a.pcap", LOCAL)
    file.write(PacketTrain.from_packets([bytes(65508), b"small"]), 1.0, PEER)
    file.write(PacketTrain.from_packets([b"early"]), -1.0, PEER)
    assert file.packets_refused == 2
    file.finish()
    assert [row[3] for row in read_datagrams(tmp_path / "a.pcap")] == [b"small"]
