"""The lock: proof by two packets, patience with the source that is taken, few on probation."""

from __future__ import annotations

import random

import pytest

from conformance.builders import main, rtp
from rtpjpeg.lock import CANDIDATES, RELOCK, SILENCE, SourceLock, place_of
from rtpjpeg.train import PacketTrain

HERE, NEAR, FAR = ("192.0.2.1", 5000), ("192.0.2.1", 5002), ("192.0.2.66", 6000)


def packet(sequence, ssrc=7, payload_type=26):
    return rtp(main(), sequence=sequence, ssrc=ssrc, payload_type=payload_type)


def train(*numbers, **options):
    return PacketTrain.from_packets([packet(number & 0xFFFF, **options) for number in numbers])


def taken(highest=100, now=10.0):
    """A lock that keeps to SSRC 7 at HERE, last heard at ``now``."""
    lock = SourceLock(26, None, None)
    proof, _ = lock.consider(train(highest - 1, highest), HERE, now, 0)
    lock.take(proof, now)
    return lock


@pytest.mark.parametrize("first", [0, 65535, 100])
def test_two_packets_in_sequence_are_a_proof(first):
    lock = SourceLock(26, None, None)
    assert lock.consider(train(first), HERE, 0.0, 0) == (None, True)
    proof, known = lock.consider(train(first + 1), HERE, 0.1, 0)
    assert (proof.ssrc, proof.source, proof.goes_on, known) == (7, HERE, False, True)
    assert [list(held) for held in proof.trains] == [
        [packet(first)],
        [packet((first + 1) & 0xFFFF)],
    ], "the first is kept"


@pytest.mark.parametrize("numbers", [(5, 7), (7, 5), (5, 5)])
def test_others_are_none(numbers):
    lock = SourceLock(26, None, None)
    for number in numbers:
        assert lock.consider(train(number), HERE, 0.0, 0)[0] is None


def test_what_is_no_stream_is_not_known():
    lock = SourceLock(26, 7, None)
    for stranger in (
        train(1, 2, payload_type=96),
        train(1, 2, ssrc=8),
        PacketTrain.from_packets([b"x" * 40]),
    ):
        assert lock.consider(stranger, HERE, 0.0, 0) == (None, False)


def test_the_source_that_is_taken_is_held_until_it_is_silent():
    lock = taken()
    assert lock.holds(HERE) and not lock.holds(NEAR) and not lock.holds(FAR)
    assert not lock.is_silent(10.0 + SILENCE - 0.001) and lock.is_silent(10.0 + SILENCE)
    lock.heard(11.5)
    assert not lock.is_silent(12.0)


@pytest.mark.parametrize(
    ("source", "ssrc", "first", "after"),
    [
        (HERE, 8, 40_000, SILENCE),
        (NEAR, 8, 40_000, SILENCE),
        (NEAR, 7, 40_000, SILENCE),
        (FAR, 8, 101, RELOCK),
        (FAR, 7, 60_000, RELOCK),
        (FAR, 7, 99, RELOCK),
        (FAR, 7, 101, SILENCE),
        (FAR, 7, 101 + 2998, SILENCE),
    ],
)
def test_who_may_take_over_when(source, ssrc, first, after):
    for early in (True, False):
        lock, now = taken(), 10.0 + after - 0.001 * early
        proof, known = lock.consider(train(first, first + 1, ssrc=ssrc), source, now, 100)
        if after == RELOCK:
            assert (proof is None, known) == (early, not early)
        assert early or (proof.ssrc, proof.source) == (ssrc, source)


def test_a_stream_that_goes_on_elsewhere_is_the_same_stream():
    for first, goes_on in ((101, True), (60_000, False)):
        proof, _ = taken().consider(train(first, first + 1), FAR, 15.0, 100)
        assert proof.goes_on is goes_on
    assert not taken().consider(train(101, 102, ssrc=8), NEAR, 20.0, 100)[0].goes_on


def test_few_are_on_probation_and_each_holds_one_packet(seed):
    lock, chance = SourceLock(26, None, None), random.Random(seed)
    for _ in range(2000):
        numbers = [2 * chance.randrange(1000) for _ in range(chance.randint(1, 20))]
        source = ("192.0.2.9", chance.randrange(10))
        lock.consider(train(*numbers, ssrc=chance.randrange(1 << 32)), source, 0.0, 0)
        assert len(lock._candidates) <= CANDIDATES
        assert all(len(held) == 1 for _, held in lock._candidates.values())


def test_a_filter_says_whose_packets_are_looked_at():
    assert SourceLock(26, None, None).accepts(FAR)
    lock = SourceLock(26, None, lambda source: source == HERE)
    assert lock.accepts(HERE) and not lock.accepts(FAR)


def test_an_address_is_written_as_a_user_does() -> None:
    assert place_of(("192.0.2.1", 5000)) == "192.0.2.1:5000"
    assert place_of(("fd00::1", 5000, 0, 0)) == "[fd00::1]:5000"
    assert place_of(None) == "None" and place_of("file") == "file"
