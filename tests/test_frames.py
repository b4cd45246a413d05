"""Packets cut into frames: what a cutter tells of a run, and when a frame is over by time."""

from __future__ import annotations

import pytest

from conformance.pictures import jpeg
from rtpjpeg.assembler import FrameAssembler
from rtpjpeg.events import FrameDropped, FrameReceived
from rtpjpeg.fragments import PACKET_COST, TRAIN_COST
from rtpjpeg.frames import FrameCutter
from rtpjpeg.packetizer import Packetizer
from rtpjpeg.packets import read_packets
from rtpjpeg.reorder import Run
from rtpjpeg.train import PacketTrain

MTU = 230


class Cutter(FrameCutter):
    """A cutter, and everything it told."""

    def __init__(self, conceal=True, limit=1 << 20):
        self.told, self.rejected = [], []
        super().__init__(
            FrameAssembler(conceal, False, None, None), limit, self.told.append, self.rejected.append
        )

    def give(self, packets, now, lost=0):
        columns = read_packets(PacketTrain.from_packets(packets))
        self.take(Run(0, len(packets), columns, 0, now, 0, lost), now, 0)


def frames(type=65):
    packetizer = Packetizer(mtu=MTU, ssrc=1, sequence_number=0)
    return [list(packetizer.packetize(jpeg(type, seed=seed, interval=2), 3000 * seed)) for seed in (1, 2, 3)]


@pytest.mark.parametrize("type", [1, 65])
def test_a_run_of_whole_frames_is_told_frame_by_frame(type):
    cutter = Cutter()
    cutter.give(sum(frames(type), []), 1.0)
    assert [event.frame.timestamp for event in cutter.told] == [3000, 6000, 9000]
    assert all(event.frame.completed_at == 1.0 and not event.frame.concealed for event in cutter.told)
    assert cutter.fragments is None


def test_a_frame_without_its_end_is_over_when_the_tail_wait_has_passed():
    cutter, (first, second, _) = Cutter(), frames()
    cutter.give(first, 1.0)
    cutter.give(second[:-1], 2.0)
    assert cutter.tail_due(0.005) == pytest.approx(2.005)
    assert cutter.tail_due(0.012) == pytest.approx(2.012), "the reorder wait counts where it is longer"
    cutter.finish(2.005)
    assert cutter.told[-1].frame.concealed
    cutter.give(second[-1:], 2.006)
    assert cutter.fragments is None and len(cutter.told) == 2, "too late"
    assert cutter.tail_due(0.005) is None


@pytest.mark.parametrize(("type", "conceal"), [(1, True), (65, False)])
def test_a_frame_that_nothing_can_fill_waits(type, conceal):
    cutter, (first, second, _) = Cutter(conceal), frames(type)
    cutter.give(first, 1.0)
    cutter.give(second[:-1], 2.0)
    assert cutter.tail_due(0.005) is None


def test_a_frame_is_given_up_with_a_reason():
    cutter, (first, second, _) = Cutter(conceal=False), frames()
    cutter.give(first[:1], 1.0)
    cutter.give(first[2:], 1.0, lost=1)
    cutter.give(second, 1.1)
    dropped, received = cutter.told
    assert isinstance(dropped, FrameDropped) and dropped.reason == "packets are missing"
    assert dropped.packets == len(first) - 1
    assert isinstance(received, FrameReceived)


def test_what_waits_elsewhere_counts_against_the_limit():
    (first, *_), columns = frames(), None
    size = sum(map(len, first)) + PACKET_COST * len(first) + TRAIN_COST
    for waiting, kind in ((0, FrameReceived), (1, FrameDropped)):
        cutter = Cutter(limit=size)
        columns = read_packets(PacketTrain.from_packets(first))
        cutter.take(Run(0, len(first), columns, 0, 1.0), 1.0, waiting)
        assert [type(event) for event in cutter.told] == [kind]


def test_nothing_finished_is_nothing_told():
    cutter = Cutter()
    cutter.finish(1.0)
    assert cutter.told == []
