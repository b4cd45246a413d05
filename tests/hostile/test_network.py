"""What a network does without malice: disorder, copies, losses, and clocks that do not run alike."""

from __future__ import annotations

import pytest

from conformance.running import Viewer
from hostile.stage import FRAMES, HERE, PACE, Arrival, camera, file, grouped, numbers, play
from rtpjpeg import PacketTrain, SenderSession
from rtpjpeg.events import FrameReceived
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import LONGEST_HOLD, Link
from rtpjpeg.patience import LONGEST_WAIT, SHORTEST_WAIT
from rtpjpeg.session import DEADLINE

WARM = 30
"""Frames after which a receiver has seen how late packets come."""


def through(viewer: Viewer, link: Link, frames: list[list[bytes]], spread: float) -> None:
    """Send frames over a link, the packets of each over ``spread`` seconds; both run on one clock."""
    for frame in frames:
        start = viewer.now
        for place, packet in enumerate(frame):
            arrive(viewer, link, start + spread * place / len(frame))
            link.send(packet, viewer.now)
        arrive(viewer, link, start + PACE)
    arrive(viewer, link, viewer.now + 1.0)


def arrive(viewer: Viewer, link: Link, until: float) -> None:
    """Let everything arrive that does until then, each packet at its time."""
    while (due := link.next_timer()) is not None and due <= until:
        viewer.wait(max(due - viewer.now, 0))
        viewer.take(link.receive(viewer.now))
    viewer.wait(max(until - viewer.now, 0))


@pytest.mark.rule("J-101", "J-102", "T-018")
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("spread", [0.002, 0.020])
@pytest.mark.parametrize(
    "spec", ["reorder=10%", "reorder=30%", "reorder=20%,depth=3", "jitter=5ms,delay=5ms"]
)
def test_disorder_and_copies_lose_no_frame(type, spread, spec, seed):
    """Up to 32 packets or 20 ms deep, 5 % copies: 0 frames lost, 0 false loss, once it has been seen."""
    text = f"{spec}{'' if 'depth' in spec else ',depth=32'},duplicate=5%,seed={seed}"
    link, viewer = Link(Impairment.parse(text)), Viewer()
    frames = camera(type, WARM + FRAMES)
    viewer.take(frames[0])
    through(viewer, link, frames[1:], spread)
    came = numbers(viewer)
    assert came[-FRAMES:] == list(range(WARM, WARM + FRAMES)), text
    # A last packet that is late is no hole: what is known of such is forgotten sooner than they come.
    assert sum(frame.concealed for frame in viewer.outcome.frames[-FRAMES:]) <= 0.02 * FRAMES, text
    assert len(came) >= FRAMES + WARM - 3, "the first that are late are given up"
    statistics = viewer.session.statistics
    assert statistics.packets_lost == 0, "what came late is not lost"
    assert statistics.packets_duplicated == link.packets_duplicated
    assert statistics.packets_received == sum(map(len, frames)) + link.packets_duplicated
    assert statistics.cumulative_lost == -link.packets_duplicated


@pytest.mark.rule("J-101", "J-102")
@pytest.mark.parametrize("type", [1, 65])
def test_disorder_of_less_than_5_ms_loses_no_frame_from_the_first_on(type, seed):
    """The wait begins with 5 ms: 32 packets deep inside that, and the first frame counts."""
    link, viewer = Link(Impairment.parse(f"reorder=5%,depth=32,duplicate=5%,seed={seed}")), Viewer()
    first, *frames = camera(type, FRAMES + 10)
    viewer.take(first)
    for frame in frames:
        # The packets of the next frames press through in 4 ms what is held back.
        link.send(PacketTrain.from_packets(frame), viewer.now)
        arrive(viewer, link, viewer.now + 0.0005)
    assert numbers(viewer)[:FRAMES] == list(range(FRAMES))
    assert not any(frame.concealed for frame in viewer.outcome.frames[:FRAMES])


@pytest.mark.rule("J-101")
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("late", [0.0, 0.003, LONGEST_WAIT])
def test_what_comes_in_order_does_not_wait(type, at_once, late):
    """At most 1 ms is added, whatever has been learnt of the lateness of packets: in fact nothing."""
    viewer = Viewer()
    early, *frames = camera(type, 100)
    viewer.take(early[:2] + early[3:])
    viewer.wait(late)
    viewer.take(early[2:3])
    for frame in frames:
        play(viewer, [grouped(frame, at_once)])
    assert len(viewer.outcome.frames) >= 99
    for frame in viewer.outcome.frames[-99:]:
        spread = 0.00005 * (0 if at_once else frame.packets)
        assert frame.completed_at - frame.received_at <= spread + 0.001


@pytest.mark.rule("J-098", "J-104")
@pytest.mark.parametrize("type", [1, 65])
@pytest.mark.parametrize("step", [0.0001, 0.002])
def test_a_loss_is_final_when_the_rule_says(type, step):
    """5 ms behind the first packet behind the hole, 50 ms behind the first of the frame at the latest."""
    for hole in range(1, len(camera(type, 2)[1]) - 1):
        viewer = Viewer()
        before, frame = camera(type, 2)
        viewer.take(before)
        viewer.wait(PACE)
        start = viewer.now
        times = [start + step * place for place in range(len(frame))]
        for place, packet in enumerate(frame):
            viewer.wait(times[place] - viewer.now)
            if place != hole:
                viewer.take([packet])
        viewer.wait(1.0)
        told = len(viewer.outcome.frames) + len(viewer.outcome.dropped)
        assert told == 2
        behind = times[hole + 1] + SHORTEST_WAIT
        due = min(max(behind, times[-1]), start + DEADLINE)
        if type == 65:
            assert viewer.outcome.frames[-1].completed_at == pytest.approx(due, abs=1e-6)
        else:
            assert viewer.session.statistics.packets_lost == 1
    assert LONGEST_WAIT == LONGEST_HOLD == 0.020


@pytest.mark.rule("J-098")
@pytest.mark.parametrize("type", [1, 65])
def test_the_count_of_losses_is_that_of_the_link(type, seed):
    """5 % loss, 2 % disorder, 5 % copies: lost is what the link lost, no more, no less."""
    spec = f"loss=5%,reorder=2%,depth=32,duplicate=5%,seed={seed}"
    link, viewer = Link(Impairment.parse(spec)), Viewer()
    frames = camera(type, 300)
    # The ends arrive: a loss in front of the first packet, or behind the last, cannot be seen.
    viewer.take(frames[0])
    through(viewer, link, frames[1:-1], 0.005)
    viewer.take(frames[-1])
    viewer.wait(1.0)
    statistics = viewer.session.statistics
    assert statistics.packets_lost == link.packets_lost, spec
    assert statistics.cumulative_lost == link.packets_lost - link.packets_duplicated, spec


@pytest.mark.rule("T-006", "T-020")
@pytest.mark.parametrize("drift", [-500e-6, 500e-6])
def test_an_hour_of_clocks_that_drift_changes_nothing(drift):
    """+-500 ppm for 1 h, which is 1.8 s: every frame comes as late as the first, and no wait grows."""
    viewer, sender = Viewer(), SenderSession(ssrc=5, mtu=500, timestamp_offset=2**32 - 90_000)
    start, most = viewer.now, 0.0
    for number in range(3600):
        captured = number * (1 + drift)
        train = sender.send_frame(file(65, number), captured, viewer.now)
        viewer.wait(start + number - viewer.now)
        viewer.session.receive(train, viewer.now, HERE)
        event = viewer.session.next_event()
        event = event if isinstance(event, FrameReceived) else viewer.session.next_event()
        most = max(most, event.frame.completed_at - viewer.now)
        expected = round(captured * 90_000) + 2**32 - 90_000
        assert event.frame.timestamp == expected & 0xFFFFFFFF, "timestamps are those of RTP"
    assert most == 0 <= PACE
    statistics = viewer.session.statistics
    assert (statistics.frames_received, statistics.packets_lost) == (3600, 0)
    assert statistics.jitter < 90_000 * abs(drift) + 1
    assert viewer.session.next_timer() is None


def test_arrivals_are_made_of_both_kinds():
    packets = camera(count=1)[0]
    assert grouped(packets, False) == [Arrival(packet) for packet in packets]
    (train,) = grouped(packets, True)
    assert list(train.data) == packets
