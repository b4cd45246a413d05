"""What may go out again: packets that are there, once in a round trip, within a budget."""

from __future__ import annotations

import random

import pytest

from conformance.pictures import jpeg
from rtpjpeg import Packetizer
from rtpjpeg.history import AGE, BYTES, History
from rtpjpeg.train import PacketTrain


def trains(count: int, first: int = 65_530, quality: int = 50) -> list[PacketTrain]:
    packetizer = Packetizer(sequence_number=first, ssrc=7)
    return [packetizer.packetize(jpeg(quality=quality), number) for number in range(count)]


def number_of(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


def filled(count: int = 10, share: float = 1.0, step: float = 1 / 30) -> tuple[History, list[bytes]]:
    history, packets = History(share), []
    for index, train in enumerate(trains(count)):
        history.keep(train, index * step)
        packets += list(train)
    return history, packets


def test_packets_come_back_as_they_were_over_the_wrap() -> None:
    history, packets = filled()
    chosen = [packets[0], packets[7], packets[-1]]
    assert history.take([number_of(packet) for packet in chosen], 0.4) == chosen
    assert (history.resent, history.refused) == (3, 0)


def test_what_was_never_sent_is_refused() -> None:
    assert History().take([1], 0.0) == []
    history, packets = filled()
    number = (number_of(packets[-1]) + 1) & 0xFFFF
    assert history.take([number], 0.4) == [] and history.refused == 1


def test_a_packet_goes_out_once_in_a_round_trip() -> None:
    history, packets = filled()
    number = number_of(packets[3])
    assert history.take([number, number], 0.40, 0.02) == [packets[3]]
    assert history.take([number], 0.415, 0.02) == []
    assert history.take([number], 0.420, 0.02) == [packets[3]]
    assert history.take([number], 0.424) == []
    assert history.take([number], 0.426) == [packets[3]]


def test_old_packets_are_gone_but_the_newest_train_stays() -> None:
    history, packets = filled()
    late = trains(1, first=100)[0]
    history.keep(late, 10.0)
    assert history.take([number_of(packets[-1])], 10.0) == []
    assert history.take([100], 10.0 + AGE) == [late[0]]


def test_memory_is_bounded(seed: int) -> None:
    chance = random.Random(seed)
    history = History(1.0)
    (train,) = trains(1, quality=90)
    for index in range(3 * BYTES // train.nbytes):
        history.keep(train, index * 1e-4)
        history.take([chance.randrange(65_536) for _ in range(9)], index * 1e-4)
        assert history.nbytes <= BYTES + train.nbytes and history.remembered <= 1024 + 9


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_flood_of_requests_gets_its_share_of_the_rate_and_no_more(share: float) -> None:
    history, sent, resent = History(share), 0, 0
    for index, train in enumerate(trains(120, first=5, quality=95)):
        now = index / 30
        history.keep(train, now)
        sent += train.nbytes
        for moment in range(5):
            again = history.take(map(number_of, train), now + moment * 0.005)
            resent += sum(map(len, again))
    assert 0.5 * share * sent < resent <= share * sent


def test_when_old_packets_were_sent_again_is_forgotten() -> None:
    history = History(1.0)
    for index, train in enumerate(trains(600, quality=95)):
        history.keep(train, index / 30)
        history.take(map(number_of, list(train)[:3]), index / 30)
    assert history.remembered <= 1024
