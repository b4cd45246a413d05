"""The seeded link: what it does to packets, as often as it was told, and again the same."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import HEADERS, LONGEST_HOLD, Link
from rtpjpeg.train import PacketTrain

MANY = 40_000
GAP = 0.0005
"""Seconds from packet to packet."""
SIGMAS = 4
END = 1e9
"""A time at which everything has left."""


def packet(number: int, size: int = 100) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


def number_of(data: bytes) -> int:
    """The number of a packet, whichever bit of it may be wrong: two of three copies hold it."""
    copies = [int.from_bytes(data[place : place + 4], "big") for place in (0, 4, 8)]
    return Counter(copies).most_common(1)[0][0]


def run(
    impairment: Impairment, count: int = MANY, gap: float = GAP
) -> tuple[Link, list[tuple[float, bytes]]]:
    """Send packets at a steady pace; return the link and what left when."""
    link = Link(impairment)
    left: list[tuple[float, bytes]] = []
    for number in range(count):
        drain(link, number * gap, left)
        link.send(packet(number), number * gap)
    drain(link, END, left)
    assert link.next_timer() is None
    return link, left


def drain(link: Link, until: float, left: list[tuple[float, bytes]]) -> None:
    while (due := link.next_timer()) is not None and due <= until:
        found = link.receive(due)
        left += [(due, data) for data in found]


def numbers(left: list[tuple[float, bytes]]) -> list[int]:
    return [number_of(data) for _, data in left]


def close(count: int, of: int, share: float, spread: float = 1.0) -> bool:
    """Whether a count is within four sigma of its share; ``spread`` widens the variance."""
    return abs(count - of * share) <= SIGMAS * sqrt(of * share * (1 - share) * spread)


# Nothing, and each impairment alone


def test_without_impairment_everything_passes_untouched_at_once() -> None:
    link = Link(Impairment())
    packets = [packet(number, 40 + 4 * number) for number in range(50)] + [b""]
    link.send(PacketTrain.from_packets(packets), 5.0)
    assert link.next_timer() == 5.0
    assert link.receive(5.0) == packets
    assert (link.next_timer(), link.receive(6.0)) == (None, [])
    assert link.packets_offered == 51


COUNTERS = {
    "loss": "packets_lost",
    "duplicate": "packets_duplicated",
    "corrupt": "packets_corrupted",
    "reorder": "packets_reordered",
}


@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize("share", [0.01, 0.3])
def test_a_share_is_the_share_of_the_packets(name: str, share: float, seed: int) -> None:
    link, left = run(Impairment(**{name: share, "seed": seed}))
    assert close(getattr(link, COUNTERS[name]), MANY, share)
    assert len(left) == MANY - link.packets_lost + link.packets_duplicated


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_may_be_nothing_or_all(share: float) -> None:
    link, left = run(Impairment(loss=share), 100)
    assert (link.packets_lost, len(left)) == (100 * share, 100 * (1 - share))


@pytest.mark.parametrize(("share", "burst"), [(0.05, 3.0), (0.3, 10.0), (0.6, 1.5), (0.02, 1.25)])
def test_bursts_have_their_mean_length_and_the_loss_its_share(share: float, burst: float, seed: int) -> None:
    link, left = run(Impairment(loss=share, burst=burst, seed=seed), 4 * MANY)
    came = set(numbers(left))
    runs = [
        len(list(group)) for came_here, group in groupby(range(4 * MANY), came.__contains__) if not came_here
    ]
    memory = 1 - 1 / burst - share / (burst * (1 - share))
    assert close(link.packets_lost, 4 * MANY, share, (1 + memory) / (1 - memory))
    assert sum(runs) == link.packets_lost
    deviation = sqrt(burst * (burst - 1) / len(runs))
    assert abs(sum(runs) / len(runs) - burst) <= SIGMAS * deviation + 2 * burst / len(runs)


def test_loss_without_bursts_has_no_memory(seed: int) -> None:
    link, left = run(Impairment(loss=0.2, seed=seed))
    came = np.zeros(MANY, bool)
    came[numbers(left)] = True
    pairs = int((~came[1:] & ~came[:-1]).sum())
    assert close(pairs, MANY, 0.04, 1.4)


def test_the_delay_is_the_delay() -> None:
    _, left = run(Impairment(delay=0.02), 100)
    assert [(time, number_of(data)) for time, data in left] == [
        (number * GAP + 0.02, number) for number in range(100)
    ]


def test_jitter_stays_within_its_bounds_and_keeps_the_order(seed: int) -> None:
    _, left = run(Impairment(delay=0.02, jitter=0.005, seed=seed))
    assert numbers(left) == list(range(MANY))
    late = [time - number * GAP for number, (time, _) in enumerate(left)]
    assert 0.015 <= min(late) < max(late) <= 0.025 + 1e-9


def test_jitter_is_uniform_where_packets_do_not_push_each_other(seed: int) -> None:
    _, left = run(Impairment(delay=0.02, jitter=0.005, seed=seed), gap=0.1)
    late = np.array([time - number * 0.1 for number, (time, _) in enumerate(left)])
    assert abs(late.mean() - 0.02) <= SIGMAS * 0.01 / sqrt(12 * MANY)
    assert np.quantile(late, 0.25) == pytest.approx(0.0175, abs=2e-4)


def test_no_packet_leaves_before_it_came(seed: int) -> None:
    _, left = run(Impairment(delay=0.001, jitter=0.005, seed=seed), 2000, gap=0.1)
    late = [time - number * 0.1 for number, (time, _) in enumerate(left)]
    assert min(late) == 0.0


@pytest.mark.parametrize("depth", [1, 4])
def test_no_packet_is_passed_by_more_than_depth_others(depth: int, seed: int) -> None:
    link, left = run(Impairment(reorder=0.2, depth=depth, seed=seed), 5000)
    order = numbers(left)
    passed = [
        sum(other > one for other in order[max(0, place - 50) : place]) for place, one in enumerate(order)
    ]
    assert sorted(order) == list(range(5000))
    assert set(passed) == set(range(depth + 1))
    assert link.packets_reordered == sum(map(bool, passed))


def test_no_packet_is_held_back_for_more_than_20_ms(seed: int) -> None:
    _, left = run(Impairment(reorder=0.3, depth=1000, seed=seed), 2000)
    late = [time - number_of(data) * GAP for time, data in left]
    assert 0.019 < max(late) <= LONGEST_HOLD + 1e-9


def test_a_packet_that_nobody_passes_is_not_reordered() -> None:
    link, left = run(Impairment(reorder=1.0), 10, gap=1.0)
    assert [time for time, _ in left] == [number + LONGEST_HOLD for number in range(10)]
    assert link.packets_reordered == 0


def test_a_copy_stands_right_behind_its_packet() -> None:
    link, left = run(Impairment(duplicate=1.0, delay=0.02, jitter=0.005, reorder=0.2), 200)
    order = numbers(left)
    assert order[::2] == order[1::2]
    assert link.packets_duplicated == 200


def test_corruption_is_one_wrong_bit_anywhere(seed: int) -> None:
    link, left = run(Impairment(corrupt=1.0, seed=seed), 5000)
    places: Counter[int] = Counter()
    for number, (_, data) in enumerate(left):
        wrong = np.unpackbits(np.frombuffer(data, np.uint8) ^ np.frombuffer(packet(number), np.uint8))
        assert wrong.sum() == 1
        places[int(wrong.argmax())] += 1
    assert len(places) > 780  # of 800; all but one or two are hit
    assert link.packets_corrupted == 5000


def test_an_empty_packet_has_no_bit_to_be_wrong() -> None:
    link = Link(Impairment(corrupt=1.0))
    link.send(b"", 0.0)
    assert (link.receive(0.0), link.packets_corrupted) == ([b""], 0)


def test_a_copy_is_not_corrupt_itself() -> None:
    link = Link(Impairment(corrupt=1.0, duplicate=1.0))
    link.send(b"whole", 0.0)
    broken, copy = link.receive(0.0)
    assert broken != b"whole" == copy
    assert link.packets_corrupted == 1


# Rate, queue, blackout


def test_the_rate_counts_the_headers() -> None:
    link = Link(Impairment(rate=8e6))
    link.send(PacketTrain.from_packets([packet(number, 972) for number in range(3)]), 1.0)
    left: list[tuple[float, bytes]] = []
    drain(link, END, left)
    assert HEADERS == 28
    assert [time for time, _ in left] == pytest.approx([1.001, 1.002, 1.003])


def test_a_packet_that_would_wait_longer_than_the_queue_is_dropped() -> None:
    link = Link(Impairment(rate=8e6, queue=0.0105, delay=0.5))
    link.send(PacketTrain.from_packets([packet(number, 972) for number in range(30)]), 0.0)
    link.send(packet(30, 972), 0.02)
    left: list[tuple[float, bytes]] = []
    drain(link, END, left)
    assert numbers(left) == [*range(11), 30]  # one is being sent, ten wait
    assert link.packets_overflowed == 19
    assert left[-1][0] == pytest.approx(0.521)


def test_what_goes_in_slower_than_the_rate_does_not_wait() -> None:
    link, left = run(Impairment(rate=8e6), 1000)
    assert link.packets_overflowed == 0
    assert max(time - number * GAP for number, (time, _) in enumerate(left)) == pytest.approx(128e-6)


def test_a_blackout_counts_from_the_first_packet() -> None:
    link = Link(Impairment(blackout=((2.0, 0.5), (4.0, 1.0))))
    times = [100 + tenth / 10 for tenth in range(60)]
    for time in times:
        link.send(b"%.1f" % time, time)
    came = [float(data) - 100 for data in link.receive(END)]
    expected = [tenth / 10 for tenth in range(60) if not (20 <= tenth < 25 or 40 <= tenth < 50)]
    assert came == pytest.approx(expected)
    assert link.packets_blacked_out == 15


# Again the same

BAD = "loss=5%,burst=3,reorder=5%,depth=4,duplicate=2%,corrupt=1%,delay=20ms,jitter=5ms,rate=4mbit,queue=20ms"


def test_the_same_seed_does_the_same_and_another_one_does_not(seed: int) -> None:
    spec = f"{BAD},seed={seed}"
    one, other, third = (
        run(Impairment.parse(text), 2000)[1] for text in (spec, spec, f"{BAD},seed={seed + 1}")
    )
    assert one == other != third


def test_a_train_fares_as_its_packets_do(seed: int) -> None:
    impairment = Impairment.parse(f"{BAD},seed={seed}")
    packets = [packet(number, 40 + 4 * (number % 300)) for number in range(2000)]
    single, train, slots = Link(impairment), Link(impairment), Link(impairment)
    out: list[list[bytes]] = [[], [], []]
    for first in range(0, 2000, 40):
        now, chosen = first * GAP, packets[first : first + 40]
        for data in chosen:
            single.send(data, now)
        train.send(PacketTrain.from_packets(chosen), now)
        slots.send(in_slots(chosen), now)
        for link, found in zip((single, train, slots), out, strict=True):
            found += link.receive(now)
    for link, found in zip((single, train, slots), out, strict=True):
        found += link.receive(END)
    assert out[0] == out[1] == out[2]
    assert counters(single) == counters(train) == counters(slots)


def in_slots(packets: list[bytes]) -> PacketTrain:
    """A train with room between its packets, as recvmmsg leaves them."""
    data = b"".join(data.ljust(2000, b"\xee") for data in packets)
    lengths = np.array([len(data) for data in packets])
    return PacketTrain(np.frombuffer(data, np.uint8), np.arange(len(packets)) * 2000, lengths)


def counters(link: Link) -> dict[str, int]:
    return {name: value for name, value in vars(link).items() if name.startswith("packets_")}


@pytest.mark.parametrize(
    "other",
    [
        {"delay": 0.5},
        {"jitter": 0.01},
        {"duplicate": 0.5},
        {"corrupt": 0.5},
        {"reorder": 0.5},
        {"rate": 1e9},
        {"loss": 0.3},
    ],
    ids=str,
)
def test_another_impairment_does_not_change_which_packets_are_lost(other: dict[str, Any], seed: int) -> None:
    basis: dict[str, Any] = {"loss": 0.1, "seed": seed}
    before, after = (set(numbers(run(Impairment(**chosen), 3000)[1])) for chosen in (basis, basis | other))
    assert after < before if "loss" in other else after == before


def test_how_often_the_link_is_asked_changes_nothing(seed: int) -> None:
    impairment = Impairment.parse(f"{BAD},seed={seed}")
    often = [data for _, data in run(impairment, 2000)[1]]
    link = Link(impairment)
    for number in range(2000):
        link.send(packet(number), number * GAP)
    assert link.receive(END) == often


def test_a_tag_comes_back_with_its_packet() -> None:
    link = Link(Impairment(duplicate=1.0))
    link.send(b"a", 0.0, "one")
    link.send(PacketTrain.from_packets([b"b", b"c"]), 0.0, "other")
    assert link.receive_tagged(0.0) == [
        (data, tag) for data, tag in ((b"a", "one"), (b"b", "other"), (b"c", "other")) for _ in range(2)
    ]


# Whatever the SPEC

SHARES = st.sampled_from([0.0, 0.1, 0.5]) | st.floats(0, 0.5)


@given(
    st.builds(
        Impairment,
        loss=SHARES,
        burst=st.floats(1, 20),
        reorder=SHARES,
        depth=st.integers(1, 10),
        duplicate=SHARES,
        corrupt=SHARES,
        delay=st.floats(0, 1),
        jitter=st.floats(0, 1),
        rate=st.none() | st.floats(1e3, 1e8),
        queue=st.floats(0, 1),
        blackout=st.lists(st.tuples(st.floats(0, 2), st.floats(0.01, 1)), max_size=2).map(tuple),
        seed=st.integers(0, 2**32),
    ),
    st.lists(st.floats(0, 0.1), max_size=80),
)
def test_nothing_is_invented_and_the_counters_add_up(impairment: Impairment, gaps: list[float]) -> None:
    link, left, now = Link(impairment), [], 0.0
    for number, gap in enumerate(gaps):
        now += gap
        link.send(packet(number, 40), now)
        left += link.receive(now)
    left += link.receive(END)
    wrong = [data for data in left if data != packet(number_of(data), 40)]
    for data in wrong:
        difference = int.from_bytes(data, "big") ^ int.from_bytes(packet(number_of(data), 40), "big")
        assert difference.bit_count() == 1
    assert len(wrong) == link.packets_corrupted
    assert set(map(number_of, left)) <= set(range(len(gaps)))
    dropped = link.packets_lost + link.packets_overflowed + link.packets_blacked_out
    assert link.packets_offered == len(gaps)
    assert len(left) == len(gaps) - dropped + link.packets_duplicated
    assert len(set(map(number_of, left))) == len(gaps) - dropped
    assert link.next_timer() is None
