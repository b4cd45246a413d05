"""RTP and RTCP on one port: told apart by the second byte, in trains too."""

from __future__ import annotations

import random

import pytest

from rtpjpeg.mux import holds_rtcp, parted
from rtpjpeg.rtcp import is_rtcp
from rtpjpeg.train import PacketTrain


@pytest.mark.rule("T-038")
def test_every_second_byte_is_told() -> None:
    # RFC 5761, section 4: RTCP packet types are 192 to 223 (64 to 95 with the marker), all else is RTP.
    packets = [bytes((0x80, number)) + bytes(10) for number in range(256)]
    reports, rest = parted(PacketTrain.from_packets(packets))
    assert [packet[1] for packet in reports] == list(range(192, 224))
    assert list(rest) == packets[:192] + packets[224:]


def test_without_rtcp_a_train_stays_as_it_is() -> None:
    train = PacketTrain.from_packets([b"\x80\x1a" + bytes(10)] * 3)
    assert parted(train) == ([], train)


@pytest.mark.parametrize("packets", [[], [b""], [b"", b""]])
def test_nothing_holds_no_rtcp(packets: list[bytes]) -> None:
    train = PacketTrain.from_packets(packets)
    assert not holds_rtcp(train) and parted(train) == ([], train)


def test_packets_of_any_size_are_parted_one_by_one(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(300):
        sizes = [chance.randrange(4) for _ in range(chance.randrange(8))]
        packets = [bytes(chance.choice((0x80, 0xC8, 0x1A)) for _ in range(size)) for size in sizes]
        reports, rest = parted(PacketTrain.from_packets(packets))
        assert reports == [packet for packet in packets if is_rtcp(packet)]
        assert list(rest) == [packet for packet in packets if not is_rtcp(packet)]
