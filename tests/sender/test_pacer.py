"""The pacer: which packets leave when, on a clock of made-up seconds."""

from __future__ import annotations

import numpy as np
import pytest

from rtpjpeg.sender.pacer import BURST, GAP, Pacer, slice_train
from rtpjpeg.train import PacketTrain


def train_of(packets: int, size: int = 100) -> PacketTrain:
    data = bytes(index % 256 for index in range(packets) for _ in range(size))
    return PacketTrain.from_segments(data[: packets * size - 7], size)


def drive(
    pacer: Pacer, train: PacketTrain, now: float, lateness: float = 0.0
) -> list[tuple[float, list[bytes]]]:
    """Send a train as a sender does that always wakes up, or is done, a little late."""
    sent = []
    pacer.load(train, now)
    while (due := pacer.next_timer()) is not None:
        now = max(now, due) + lateness
        sent.append((now, list(pacer.take())))
        pacer.sent(now)
    return sent


@pytest.mark.parametrize("packets", [1, 31, 32, 33, 36, 64, 150, 251])
def test_every_packet_leaves_once_and_in_order(packets: int) -> None:
    train = train_of(packets)
    bursts = drive(Pacer(), train, 10.0)
    assert [packet for _, burst in bursts for packet in burst] == list(train)


@pytest.mark.parametrize("lateness", [0.0, 0.0003, 0.004])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_no_millisecond_holds_more_than_32_packets(share: float, lateness: float) -> None:
    pacer = Pacer(1 / 30, share)
    sent: list[float] = []
    now = 5.0
    for packets in (250, 7, 36, 1, 90):
        for time, burst in drive(pacer, train_of(packets), now, lateness):
            sent += [time] * len(burst)
            now = time
    for time in sent:
        assert sum(time <= other < time + GAP * 0.999 for other in sent) <= BURST


def test_a_small_frame_leaves_at_once_and_as_it_is() -> None:
    train = train_of(BURST)
    pacer = Pacer()
    pacer.load(train, 1.0)
    assert pacer.next_timer() == 1.0
    assert pacer.take() is train
    assert pacer.next_timer() is None


def test_a_large_frame_is_not_spread_further_than_needed() -> None:
    bursts = drive(Pacer(), train_of(36), 0.0)
    assert [(round(time, 6), len(burst)) for time, burst in bursts] == [(0.0, 32), (0.001, 4)]


def test_a_share_of_the_interval_is_filled_evenly_and_not_exceeded() -> None:
    bursts = drive(Pacer(1 / 25, 0.5), train_of(100), 0.0)
    times = [time for time, _ in bursts]
    assert times[-1] == pytest.approx(0.02)
    assert np.diff(times) == pytest.approx(np.full(len(times) - 1, np.diff(times)[0]))


def test_a_burst_that_was_held_up_is_made_good_without_a_rush() -> None:
    pacer = Pacer(1 / 25, 0.5)
    pacer.load(train_of(6), 0.0)
    pacer.take()
    pacer.sent(0.010)
    times = []
    while (due := pacer.next_timer()) is not None:
        times.append(round(due, 6))
        pacer.take()
        pacer.sent(due)
    assert times == [0.011, 0.012, 0.013, 0.016, 0.020]


def test_a_frame_too_large_for_its_share_keeps_to_32_in_a_millisecond() -> None:
    bursts = drive(Pacer(1 / 1000, 0.8), train_of(320), 0.0)
    assert [round(time * 1000, 6) for time, _ in bursts] == list(range(10))


def test_a_share_above_the_largest_is_cut() -> None:
    bursts = drive(Pacer(0.1, 2.0), train_of(200), 0.0)
    assert bursts[-1][0] == pytest.approx(0.08)


def test_a_new_frame_takes_the_place_of_what_was_left() -> None:
    pacer = Pacer()
    pacer.load(train_of(100), 0.0)
    pacer.take()
    pacer.sent(0.0)
    second = train_of(3)
    pacer.load(second, 0.0)
    due = pacer.next_timer()
    assert due == pytest.approx(GAP)
    assert list(pacer.take()) == list(second)


def test_an_empty_train_sends_nothing() -> None:
    pacer = Pacer()
    pacer.load(PacketTrain.from_packets([]), 0.0)
    assert pacer.next_timer() is None
    with pytest.raises(ValueError, match="load"):
        pacer.take()


def test_a_slice_copies_nothing_and_stands_on_its_own() -> None:
    unequal = PacketTrain.from_packets([b"a" * 10, b"b" * 30, b"c" * 20, b"d" * 5])
    part = slice_train(unequal, 1, 3)
    assert list(part) == [b"b" * 30, b"c" * 20]
    assert part.nbytes == part.data.size == 50
    assert np.shares_memory(part.data, unequal.data)


def test_a_slice_of_equal_packets_can_still_be_cut_by_the_kernel() -> None:
    part = slice_train(train_of(40), 32, 40)
    assert part.segment_size == 100
    assert part.starts.tolist() == list(range(0, 800, 100))
    assert part.lengths.tolist() == [100] * 7 + [93]
