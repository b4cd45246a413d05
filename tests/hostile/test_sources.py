"""Nobody else gets in: other addresses and other SSRCs, however many packets they send."""

from __future__ import annotations

import random
import tracemalloc

import numpy as np
import pytest

from conformance.pictures import scan_of
from conformance.running import Viewer
from hostile.stage import (
    ELSEWHERE,
    EVIL_SSRC,
    FRAMES,
    HERE,
    OTHER_PORT,
    PACE,
    SSRC,
    Arrival,
    camera,
    file,
    grouped,
    play,
    random_sources,
    whole,
)
from rtpjpeg.lock import CANDIDATES, RELOCK, SILENCE

SHARES = [0.01, 0.1, 1.0]
MILLION = 1_000_000
PACKETS = sum(map(len, camera()))


def forged(packet: bytes, ssrc: int) -> bytes:
    """The packet under another SSRC."""
    return packet[:8] + ssrc.to_bytes(4, "big") + packet[12:]


@pytest.mark.rule("T-010", "T-016")
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("source", [ELSEWHERE, OTHER_PORT])
@pytest.mark.parametrize("ssrc", [SSRC, EVIL_SSRC])
@pytest.mark.parametrize("at_once", [False, True])
def test_packets_from_another_address_are_counted_and_never_used(share, source, ssrc, at_once, seed):
    """At 1 %, 10 % and 100 % of the packet rate, with the numbers of the stream: 120 of 120 frames."""
    chance, viewer, injected = random.Random(seed), Viewer(), 0
    for ours, theirs in zip(camera(), camera(evil=True, ssrc=ssrc), strict=True):
        came = [packet for packet in theirs if chance.random() < share] if viewer.now > 100.01 else []
        injected += len(came)
        arrivals = grouped(ours, at_once) + (grouped(came, at_once, source) if came else [])
        play(
            viewer, [chance.sample(arrivals, len(arrivals)) if at_once else mixed(chance, ours, came, source)]
        )
    whole(viewer)
    statistics = viewer.session.statistics
    assert injected > share * PACKETS / 4
    assert statistics.packets_rejected == injected
    assert statistics.packets_received == PACKETS
    assert (viewer.session.source, viewer.session.ssrc) == (HERE, SSRC)


def mixed(chance: random.Random, ours: list[bytes], theirs: list[bytes], source: object) -> list[Arrival]:
    """Our packets in their order, theirs anywhere between."""
    arrivals = grouped(ours, False)
    for place, arrival in enumerate(grouped(theirs, False, source)):
        arrivals.insert(chance.randint(place, len(arrivals)), arrival)
    return arrivals


@pytest.mark.rule("T-016", "T-062")
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("close", [False, True])
def test_another_ssrc_from_the_same_address_is_never_mixed_in(share, at_once, close, seed):
    """At 1 %, 10 % and 100 % of the packet rate, in the same trains and packet by packet: 120 of 120."""
    chance, viewer, injected = random.Random(seed), Viewer(), 0
    sequence = 65_500 if close else 30_000
    for ours, theirs in zip(camera(), camera(evil=True, ssrc=EVIL_SSRC, sequence=sequence), strict=True):
        came = [packet for packet in theirs if chance.random() < share] if viewer.now > 100.01 else []
        injected += len(came)
        packets = [arrival.data for arrival in mixed(chance, ours, came, HERE)]
        play(viewer, [grouped(packets, at_once)])
    whole(viewer)
    assert viewer.session.statistics.packets_rejected == injected
    assert injected > share * PACKETS / 4


@pytest.mark.rule("T-016", "T-062")
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    ("source", "ssrc", "silence"),
    [(ELSEWHERE, EVIL_SSRC, RELOCK), (OTHER_PORT, EVIL_SSRC, SILENCE), (HERE, EVIL_SSRC, SILENCE)],
)
def test_another_stream_takes_over_in_silence_only(source, ssrc, silence, at_once):
    """It sends all the time, and is shown from 5 s (another host) or 1 s of silence on, first frame kept."""
    viewer = Viewer()
    ours, theirs = camera(count=30), camera(count=230, evil=True, ssrc=ssrc)
    heard = viewer.now
    for number, frame in enumerate(theirs):
        arrivals = grouped(ours[number], at_once) if number < 30 else []
        heard = viewer.now if arrivals else heard
        play(viewer, [arrivals + grouped(frame, at_once, source)])
        if viewer.session.ssrc == ssrc:
            break
    waited = viewer.outcome.frames[-1].received_at - heard
    assert silence <= waited <= silence + 2 * PACE
    assert scan_of(viewer.outcome.frames[-1].jpeg) == scan_of(file(65, number, evil=True)), "its first frame"
    play(viewer, [grouped(frame, at_once, source) for frame in theirs[number + 1 : number + 21]])
    assert len(viewer.outcome.frames) == 30 + 21, "and every one behind it"
    assert (viewer.session.source, viewer.session.ssrc) == (source, ssrc)


def test_the_same_ssrc_may_go_on_from_another_address_after_a_second():
    """The sender's address changed: 1 s of silence, no frame of those that follow is lost."""
    viewer, frames = Viewer(), camera()
    play(viewer, [grouped(frame, False) for frame in frames[:30]])
    play(viewer, [grouped(frame, False, ELSEWHERE) for frame in frames[30:]])
    shown = len(viewer.outcome.frames)
    assert 30 + 89 - int(SILENCE / PACE) <= shown <= 120
    assert viewer.session.source == ELSEWHERE


@pytest.mark.rule("T-016")
@pytest.mark.parametrize("apart", [2, 100, 30_000])
def test_one_packet_is_no_proof_whoever_sends_it(apart):
    """Two consecutive packets are needed: single ones never take over, however long the silence."""
    viewer, frames = Viewer(), camera(count=30)
    play(viewer, [grouped(frame, False) for frame in frames])
    viewer.wait(RELOCK)
    evil = camera(count=1, evil=True, ssrc=EVIL_SSRC)[0][0]
    for number in range(50):
        single = evil[:2] + (number * apart & 0xFFFF).to_bytes(2, "big") + evil[4:]
        viewer.take([single], source=ELSEWHERE, step=0.01)
    assert (viewer.session.source, viewer.session.ssrc) == (HERE, SSRC)


@pytest.mark.slow
@pytest.mark.rule("J-106", "T-062")
@pytest.mark.parametrize(
    ("state", "source"),
    [("active", HERE), ("active", ELSEWHERE), ("silent", ELSEWHERE), ("nobody yet", ELSEWHERE)],
)
def test_a_million_sources_cost_no_memory(state, source, seed):
    """10^6 random SSRCs: less than 1 MiB, and the active stream loses 0 of 120 frames."""
    chance, viewer, frames = np.random.default_rng(seed), Viewer(), camera()
    packet = camera(count=1, evil=True)[0][1]
    trains = [random_sources(packet, MILLION // FRAMES + 1, chance) for _ in range(8)]
    if state != "nobody yet":
        play(viewer, [grouped(frame, True) for frame in frames[:1]])
    viewer.wait(RELOCK if state == "silent" else 0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number, frame in enumerate(frames[1:] + frames[:1]):
            ours = grouped(frame, True) if state == "active" and number + 1 < FRAMES else []
            play(viewer, [[Arrival(trains[number % 8], source), *ours]])
            viewer.outcome.rejected.clear()
        grown = tracemalloc.get_traced_memory()[0] - before
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    kept = sum(len(frame.jpeg) for frame in viewer.outcome.frames)
    assert grown - kept < 1 << 20
    assert peak - kept < 8 << 20, "what is taken for the work on a train is given back"
    assert len(viewer.session._lock._candidates) <= CANDIDATES
    if state == "active":
        whole(viewer)
    else:
        assert len(viewer.outcome.frames) == (state == "silent"), "chance is no proof"


def test_the_fewest_packets_that_prove_a_stream_are_kept_in_a_crowd(seed):
    """A stream that begins among strangers is taken with its first two packets, and no frame is lost."""
    chance, viewer = np.random.default_rng(seed), Viewer()
    packet = camera(count=1, evil=True)[0][1]
    for frame in camera():
        noise = [Arrival(random_sources(packet, 3, chance), ELSEWHERE) for _ in frame]
        arrivals = [arrival for pair in zip(grouped(frame, False), noise, strict=True) for arrival in pair]
        play(viewer, [arrivals])
    whole(viewer)
