"""Loss, disorder, duplicates: the right picture, a flagged one made of right pieces, or a reason."""

from __future__ import annotations

import random

import pytest
import simplejpeg

import rtpjpeg
from conformance.builders import fragment
from conformance.pictures import intervals_of, jpeg, scan_of
from conformance.running import Outcome, Viewer, receive
from fuzz.mutations import Packets, placed
from rtpjpeg.concealment import grey_interval

FRAMES = 12
INTERVAL = 2
MCUS = {64: 24, 65: 12}


def sent_stream(type: int, first: int) -> tuple[list[bytes], list[Packets]]:
    """Files and their packets: types 0 and 1 by hand, 64 and 65 cut at their intervals."""
    files = [jpeg(type, seed=seed, interval=INTERVAL) for seed in range(FRAMES)]
    frames: list[Packets] = []
    for index, file in enumerate(files):
        if type & 64:
            frame = rtpjpeg.packetize(file, mtu=300, ssrc=1)
        else:
            frame = fragment(scan_of(file), type=type, size=200, ssrc=1)
        frames.append(placed(frame, first + sum(map(len, frames)), 2**32 - 9000 + 3000 * index))
    return files, frames


def travelled(chance: random.Random, packets: Packets) -> Packets:
    """What arrives: some lost, some twice, some up to 12 places late."""
    loss, disorder = chance.choice((0, 0.02, 0.1, 0.4)), chance.choice((0, 0.05, 0.5))
    doubles = chance.choice((0, 0.1))
    arriving = []
    for place, packet in enumerate(packets):
        for _ in range(1 + (chance.random() < doubles)):
            if chance.random() >= loss:
                late = chance.random() < disorder
                arriving.append((place + chance.uniform(0, 12) * late, len(arriving), packet))
    return [packet for _, _, packet in sorted(arriving)]


def index_of(timestamp: int) -> int:
    return ((timestamp + 9000) % 2**32) // 3000


def check(type: int, files: list[bytes], outcome: Outcome) -> None:
    """Every picture that is shown is made of what was sent, at its place."""
    for frame in outcome.frames:
        index = index_of(frame.timestamp)
        if not frame.concealed:
            assert scan_of(frame.jpeg) == scan_of(files[index]), f"frame {index} is not the one that was sent"
            continue
        assert type & 64
        known = [intervals_of(scan_of(file).removesuffix(b"\xff\xd9")) for file in files[: index + 1]]
        made = intervals_of(scan_of(frame.jpeg).removesuffix(b"\xff\xd9"))
        assert len(made) == MCUS[type] // INTERVAL
        for place, piece in enumerate(made):
            grey = piece.endswith(grey_interval(type, INTERVAL))
            assert grey or piece in [intervals[place] for intervals in known]
        assert any(piece == known[index][place] for place, piece in enumerate(made)), "nothing of it is new"


def accounted(outcome: Outcome, arrived: Packets) -> None:
    """Every frame of which a packet came is told once, shown or dropped.

    Frames in front of the first packet that came are not missed: we may not have listened yet.
    """
    told = [frame.timestamp for frame in outcome.frames] + [event.timestamp for event in outcome.dropped]
    assert len(told) == len(set(told)), "a frame is told twice"
    came = [index_of(int.from_bytes(packet[4:8], "big")) for packet in arrived]
    assert {index_of(timestamp) for timestamp in told} == {index for index in came if index >= came[0]}


@pytest.mark.rule("J-051", "J-098", "J-101", "J-102", "J-105")
@pytest.mark.parametrize("conceal", [True, False])
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_depacketizer(type, conceal, seed):
    chance = random.Random(seed)
    for _ in range(60):
        files, frames = sent_stream(type, chance.choice((0, 65500)))
        arrived = travelled(chance, [packet for frame in frames for packet in frame])
        outcome = receive(arrived, conceal=conceal)
        check(type, files, outcome)
        accounted(outcome, arrived)
        assert not outcome.rejected
        if len(set(arrived)) == sum(map(len, frames)) and arrived[0] == frames[0][0]:
            assert len(outcome.frames) == FRAMES and not outcome.dropped


@pytest.mark.rule("J-051", "J-098", "J-101", "J-102", "J-105")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_session_on_a_clock(type, seed):
    chance = random.Random(seed)
    for _ in range(30):
        files, frames = sent_stream(type, chance.choice((0, 65500)))
        viewer = Viewer()
        arrived = travelled(chance, [packet for frame in frames for packet in frame])
        viewer.take(arrived, step=chance.choice((0.0, 0.0005, 0.003)))
        viewer.wait(1)
        check(type, files, viewer.outcome)
        told = [frame.timestamp for frame in viewer.outcome.frames]
        assert len(told) == len(set(told)), "a frame is shown twice"


@pytest.mark.slow
@pytest.mark.rule("J-051", "J-105")
@pytest.mark.parametrize("type", [64, 65])
def test_a_strict_decoder_finds_no_fault_in_a_spliced_frame(type, seed):
    """1000 frames of each type, 2000 together, of packets that were lost, doubled and late: 0 warnings."""
    chance, judged = random.Random(seed), 0
    while judged < 1000:
        _, frames = sent_stream(type, chance.choice((0, 65500)))
        arrived = travelled(chance, [packet for frame in frames for packet in frame])
        for frame in receive(arrived).frames:
            if frame.concealed:
                simplejpeg.decode_jpeg(frame.jpeg, strict=True)  # raises where libjpeg warns
                judged += 1
