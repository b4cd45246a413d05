"""Packets back in order: every order of a few, and any order of many. Time is an argument."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.patience import CALM, LONGEST_WAIT, SHORTEST_WAIT
from rtpjpeg.reorder import ANSWERS, MAX_DROPOUT, MAX_MISORDER, MOST_RUNS, REMEMBERED, ReorderBuffer, Run

STARTS = [0, 1000, 65533, 65535]


class Line:
    """A buffer, and everything that came out of it: unwrapped numbers in ``out``, gaps in ``lost``."""

    def __init__(self, window=32, first=None):
        self.buffer = ReorderBuffer(window)
        self.now = 0.0
        self.out, self.lost, self.restarts = [], [], []
        if first is not None:
            self.push(first)

    def push(self, first, count=1):
        """Push packets; each carries its own number, so that a wrong index shows. Return what came out."""
        train = ["noise", "noise", *[(first + place) & 0xFFFF for place in range(count)]]
        return self.take(self.buffer.push(first & 0xFFFF, count, train, 2, self.now))

    def wait(self, seconds):
        self.now += seconds
        return self.take(self.buffer.handle_timer(self.now))

    def flush(self):
        return self.take(self.buffer.flush())

    def give_up(self):
        return self.take(self.buffer.give_up())

    def take(self, runs):
        before = len(self.out)
        for run in runs:
            for place, number in enumerate(range(run.first, run.stop)):
                assert run.item[run.index + place] == number & 0xFFFF, "the packet that the number names"
            if run.restarted:
                self.restarts.append(run.first)
            self.lost += [run.lost] if run.lost else []
            self.out += range(run.first, run.stop)
        return self.out[before:]

    @property
    def counts(self):
        return self.buffer.lost, self.buffer.duplicated, self.buffer.reordered


def test_the_limits():
    # RFC 3550 section A.1 names the first two.
    assert (MAX_DROPOUT, MAX_MISORDER) == (3000, 100)
    assert (SHORTEST_WAIT, LONGEST_WAIT, CALM) == (0.005, 0.020, 1000)


def came_late(order):
    """How many came behind one with a higher number."""
    return sum(number < max(order[:place], default=0) for place, number in enumerate(order))


@pytest.mark.parametrize("start", STARTS)
def test_a_stream_in_order_passes_through(start):
    line = Line()
    for number in range(start, start + 10):
        assert line.push(number) == [number]
        assert line.buffer.next_timer() is None
        assert line.buffer.highest == number
    assert line.counts == (0, 0, 0)


def test_a_run_in_order_passes_through_as_it_is():
    buffer, train = ReorderBuffer(32), object()
    (run,) = buffer.push(65530, 10, train, 3, 1.5)
    assert (run.first, run.stop, run.item, run.index, run.arrived) == (65530, 65540, train, 3, 1.5)
    assert (run.lost, run.restarted, buffer.expected, buffer.highest) == (0, False, 65540, 65539)


def test_nothing_came_yet():
    buffer = ReorderBuffer(32)
    assert (buffer.highest, buffer.expected, buffer.next_timer()) == (-1, None, None)
    assert (buffer.handle_timer(1.0), buffer.flush(), buffer.give_up()) == ([], [], [])


@pytest.mark.parametrize("start", STARTS)
def test_every_order_of_five_packets(start):
    for order in permutations(range(1, 6)):
        line = Line(first=start)
        for number in order:
            line.push(start + number)
        assert line.out == list(range(start, start + 6)), order
        assert line.counts == (0, 0, came_late(order)), order
        assert (line.lost, line.buffer.next_timer(), line.buffer.highest) == ([], None, start + 5)


@pytest.mark.parametrize("again", range(1, 5))
@pytest.mark.parametrize("place", range(5))
def test_a_duplicate_anywhere_comes_out_once(again, place):
    for order in permutations(range(1, 5)):
        line = Line(first=65534)
        pushed = [*order[:place], again, *order[place:]]
        for number in pushed:
            line.push(65534 + number)
        assert line.out == list(range(65534, 65539)), pushed
        # Of the two packets with one number the first that came counts.
        firsts = list(dict.fromkeys(pushed))
        assert line.counts == (0, 1, came_late(firsts)), pushed


def test_a_duplicate_of_a_waiting_packet_is_not_reordered():
    line = Line(first=0)
    line.push(2)
    line.push(4)
    line.push(2)
    assert line.counts == (0, 1, 0)
    assert line.buffer.wait == SHORTEST_WAIT


# runs as (first, count) behind packet 0; what comes out, duplicates
RUNS = {
    "one behind the other": ([(1, 3), (4, 2)], 5, 0),
    "the second first": ([(4, 2), (1, 3)], 5, 0),
    "the same again": ([(1, 3), (1, 3)], 3, 3),
    "overlapping": ([(1, 3), (2, 4)], 5, 2),
    "inside": ([(1, 5), (2, 2)], 5, 2),
    "inside one that waits": ([(3, 4), (4, 2), (1, 2)], 6, 2),
    "around one that waits": ([(3, 2), (2, 4), (1, 1)], 5, 2),
    "around two that wait": ([(3, 1), (5, 1), (2, 6), (1, 1)], 7, 2),
    "onto the end of one that waits": ([(3, 3), (4, 4), (1, 2)], 7, 2),
    "onto the beginning of one that waits": ([(4, 3), (3, 2), (1, 2)], 6, 1),
    "between two that wait": ([(3, 1), (6, 1), (4, 2), (1, 2)], 6, 0),
    "filling the hole and more": ([(3, 2), (1, 5)], 5, 2),
    "what was released and more, with a hole": ([(1, 3), (6, 1), (2, 3), (5, 1)], 6, 2),
}


@pytest.mark.parametrize("start", [0, 65532])
@pytest.mark.parametrize("name", RUNS)
def test_runs(name, start):
    pushed, end, duplicated = RUNS[name]
    line = Line(first=start)
    for first, count in pushed:
        line.push(start + first, count)
    assert line.out == list(range(start, start + end + 1))
    assert line.buffer.duplicated == duplicated
    assert line.buffer.lost == 0


@pytest.mark.parametrize("window", [1, 2, 8, 32])
def test_a_hole_is_final_when_a_window_stands_behind_it(window):
    line = Line(window, first=0)
    for number in range(2, window + 1):
        assert line.push(number) == []
    assert line.push(window + 1) == list(range(2, window + 2))
    assert (line.lost, line.counts) == ([1], (1, 0, 0))
    assert line.push(window + 2) == [window + 2], "the stream goes on"


def test_the_window_closes_one_hole_after_the_other():
    line = Line(4, first=0)
    line.push(2)
    line.push(4, 1)
    assert line.push(6) == [2], "the second hole is younger"
    assert line.push(8) == [4]
    assert line.flush() == [6, 8]
    assert (line.lost, line.buffer.lost) == ([1, 1, 1, 1], 4)


def test_a_hole_is_final_when_the_wait_has_passed():
    line = Line(first=0)
    line.now = 10.0
    line.push(2)
    assert line.buffer.next_timer() == 10.0 + SHORTEST_WAIT
    line.now = 10.004
    line.push(3)
    assert line.buffer.next_timer() == 10.0 + SHORTEST_WAIT, "since the first packet behind the hole"
    assert line.wait(0.0009) == []
    line.now = line.buffer.next_timer()
    assert line.wait(0) == [2, 3], "the timer that was named is enough"
    assert (line.lost, line.buffer.next_timer()) == ([1], None)


def test_a_timer_closes_only_the_holes_that_are_due():
    line = Line(first=0)
    line.push(3)
    line.now = 0.003
    line.push(5)
    assert line.wait(0.003) == [3]
    assert line.buffer.next_timer() == 0.003 + SHORTEST_WAIT
    assert line.wait(0.003) == [5]
    assert line.lost == [2, 1]


def test_holes_are_given_up_one_by_one():
    line = Line(first=0)
    line.push(2)
    line.push(5, 2)
    assert line.give_up() == [2]
    assert line.give_up() == [5, 6]
    assert line.give_up() == []
    assert line.lost == [1, 2]


def test_flush_gives_up_all_holes():
    line = Line(first=0)
    line.push(2)
    line.push(5, 2)
    assert line.flush() == [2, 5, 6]
    assert line.push(7) == [7]


def test_what_comes_too_late_is_no_longer_lost():
    line = Line(first=0)
    line.push(3)
    line.wait(0.006)
    assert line.counts == (2, 0, 0)
    assert line.push(1) == [], "too late to be used"
    assert line.counts == (1, 0, 1)
    line.push(1)
    assert line.counts == (1, 1, 1), "the second time it is a duplicate"
    line.push(2)
    assert line.counts == (0, 1, 2)


def test_a_late_run_may_be_partly_new():
    line = Line(first=0)
    line.push(3)
    line.wait(0.006)
    assert line.push(2, 4) == [4, 5]
    assert line.counts == (1, 1, 1)


def test_only_so_many_lost_packets_are_remembered():
    line = Line(first=0)
    line.push(REMEMBERED + 11)
    line.wait(0.006)
    assert line.buffer.lost == REMEMBERED + 10
    line.push(REMEMBERED)
    assert line.counts == (REMEMBERED + 9, 0, 1)
    line.push(2 * REMEMBERED)
    line.flush()
    assert len(line.buffer._given_up) == REMEMBERED


def test_the_wait_grows_to_the_largest_reordering_seen():
    line = Line(first=0)
    for number, lateness in ((1, 0.003), (3, 0.004)):
        line.push(number + 1)
        line.now += lateness
        line.push(number)
        assert line.buffer.wait == SHORTEST_WAIT, "never shorter"
    line.push(6)
    line.wait(0.012)
    line.push(5)
    assert line.buffer.wait == pytest.approx(0.015), "a quarter more: the next one that late is waited for"
    line.push(8)
    assert line.wait(0.012) == []
    assert line.push(7) == [7, 8]
    assert line.buffer.wait == pytest.approx(0.015)
    line.push(10)
    line.wait(1.0)
    line.push(9)
    assert line.buffer.wait == LONGEST_WAIT, "never longer"


def test_the_wait_shrinks_when_the_stream_is_in_order_again():
    line = Line(first=0)
    line.push(2)
    line.wait(1.0)
    line.push(1)
    number = 3
    for expected in (LONGEST_WAIT, LONGEST_WAIT / 2, SHORTEST_WAIT, SHORTEST_WAIT):
        assert line.buffer.wait == expected
        for _ in range(CALM):
            line.push(number)
            number += 1


def test_calm_begins_anew_with_every_reordering():
    line = Line(first=0)
    line.push(2)
    line.wait(1.0)
    line.push(1)
    line.push(3, CALM - 1)
    line.push(CALM + 3)
    line.push(CALM + 2)
    line.push(CALM + 4, CALM - 1)
    assert line.buffer.wait == LONGEST_WAIT
    line.push(2 * CALM + 3)
    assert line.buffer.wait == LONGEST_WAIT / 2


@pytest.mark.parametrize("start", [0, 40_000, 65_000])
@pytest.mark.parametrize(
    "way", [5000, -5000, 30_000, -30_000, 32_767, -32_768, MAX_DROPOUT + 1, -MAX_MISORDER - 2]
)
def test_a_jump_is_believed_after_the_second_packet(start, way):
    line = Line(first=start)
    there = (start + 1 + way) & 0xFFFF
    assert line.push(there) == []
    assert line.buffer.suspected
    released = line.push(there + 1)
    assert not line.buffer.suspected
    assert [number & 0xFFFF for number in released] == [there, (there + 1) & 0xFFFF], "both are kept"
    assert released[1] == released[0] + 1
    assert line.restarts == [released[0]]
    assert (line.lost, line.counts) == ([], (0, 0, 0))
    assert line.buffer.highest == released[1]
    assert [number & 0xFFFF for number in line.push(there + 2)] == [(there + 2) & 0xFFFF]


@pytest.mark.parametrize("way", [5000, -5000, 30_000, -30_000])
def test_a_jump_of_a_run_is_believed_at_once(way):
    line = Line(first=20_000)
    line.push(20_002)
    there = (20_003 + way) & 0xFFFF
    released = line.push(there, 2)
    assert [number & 0xFFFF for number in released] == [20_002, there, (there + 1) & 0xFFFF]
    assert line.restarts == [released[1]]
    assert line.lost == [1], "what waited comes first"


@pytest.mark.parametrize("way", [MAX_DROPOUT, -MAX_MISORDER])
def test_a_step_inside_the_limits_is_no_jump(way):
    line = Line(window=10_000, first=1000)
    line.push(1001 + way)
    assert not line.buffer.suspected
    line.flush()
    assert line.restarts == []


def test_one_stray_packet_changes_nothing():
    line = Line(first=100)
    assert line.push(40_000) == []
    assert line.push(101) == [101]
    assert line.push(20_000) == [], "another stray one is suspected anew"
    assert line.push(40_001) == [], "its follower comes behind another suspect"
    assert line.push(102) == [102]
    assert (line.restarts, line.buffer.highest) == ([], 102)


def test_packets_in_between_do_not_save_a_suspect_from_being_believed():
    # RFC 3550 section A.1 keeps bad_seq while good packets come.
    line = Line(first=100)
    line.push(40_000)
    line.push(101)
    assert [number & 0xFFFF for number in line.push(40_001)] == [40_000, 40_001]


def test_after_a_jump_old_losses_are_forgotten():
    line = Line(first=100)
    line.push(103)
    line.flush()
    line.push(40_000, 2)
    line.push(100, 2)
    assert [number & 0xFFFF for number in line.out[-2:]] == [100, 101]
    line.push(102)
    assert line.counts == (2, 0, 0), "what was lost before stays lost"


@given(st.integers(0, 65535), st.lists(st.integers(0, 15), min_size=1, max_size=60))
def test_any_order_inside_the_window_comes_out_in_order(start, delays):
    line = Line(window=16, first=start)
    order = sorted(range(len(delays)), key=lambda place: place + delays[place])
    for place in order:
        line.push(start + 1 + place)
    assert line.out == list(range(start, start + len(delays) + 1))
    assert line.counts == (0, 0, came_late(order))
    assert line.lost == []


@given(
    st.integers(0, 65535),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), min_size=1, max_size=20),
    st.lists(st.integers(0, 19), max_size=5),
)
def test_any_order_of_runs_comes_out_in_order(start, runs, again):
    line, position = Line(window=200, first=start), start + 1
    pushes = []
    for place, (count, delay) in enumerate(runs):
        pushes.append((place + delay, position, count))
        position += count
    repeated = [pushes[place] for place in again if place < len(pushes)]
    for _, first, count in sorted(pushes) + repeated:
        line.push(first, count)
    assert line.out == list(range(start, position))
    assert line.counts[:2] == (0, sum(count for _, _, count in repeated))


steps = st.one_of(
    st.tuples(st.just("push"), st.integers(-20, 60), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.001, 0.004, 0.03])),
    st.tuples(st.just("give up")),
)


@given(st.integers(0, 65535), st.lists(steps, max_size=60), st.sampled_from([4, 32]))
def test_whatever_comes_each_packet_is_released_once_or_counted(start, walk, window):
    line = Line(window, first=start)
    pushed = 1
    for kind, *values in walk:
        if kind == "push":
            way, count = values
            line.push(line.buffer.highest + way if way > 0 else max(start, line.buffer.highest + way), count)
            pushed += count
        elif kind == "wait":
            line.wait(values[0])
            timer = line.buffer.next_timer()
            assert timer is None or timer > line.now, "what is due is done"
        else:
            line.give_up()
    line.flush()
    assert line.out == sorted(set(line.out)), "in order, once each"
    missing = line.buffer.highest - start + 1 - len(line.out)
    assert missing == sum(line.lost)
    late = missing - line.buffer.lost
    assert 0 <= late <= line.buffer.reordered
    assert pushed == len(line.out) + line.buffer.duplicated + late


def test_runs_sort_by_their_first_packet():
    runs = [Run(5, 6, None), Run(1, 2, None), Run(3, 4, None)]
    assert [run.first for run in sorted(runs)] == [1, 3, 5]


def test_a_part_of_a_run_knows_its_place():
    run = Run(100, 110, "train", 7, 1.5)
    part = run.part(103, 105)
    assert (part.first, part.stop, part.item, part.index, part.arrived) == (103, 105, "train", 10, 1.5)


def test_a_storm_of_holes_is_not_kept():
    buffer = ReorderBuffer(4096)
    for number in range(0, 2 * MOST_RUNS + 100, 2):
        buffer.push(number, 1, "packet", 0, 0.0)
        assert buffer.runs_held <= MOST_RUNS
    assert buffer.lost == 49


def test_memory_that_waits_has_a_limit():
    buffer = ReorderBuffer(4096, limit=1000)
    buffer.push(0, 1, "first", 0, 0.0, 400)
    item, other = object(), object()
    assert buffer.push(2, 1, item, 0, 0.0, 600) == []
    assert buffer.push(4, 1, item, 1, 0.0, 600) == [], "the same train again"
    assert (buffer.runs_held, buffer.bytes_held) == (2, 600)
    assert [run.first for run in buffer.push(6, 1, other, 0, 0.0, 600)] == [2, 4]
    assert (buffer.runs_held, buffer.bytes_held, buffer.lost) == (1, 600, 2)


def test_the_answer_for_a_hole_in_a_large_frame_is_no_restart():
    """A frame of 1080p is a burst of over a hundred packets; what is asked for comes behind all of it."""
    line = Line(window=4096, first=0)
    line.push(3, 300)
    assert line.push(1, 2) == [1, 2, *range(3, 303)]
    assert line.buffer.reordered == 2 and not line.restarts and not line.lost


def test_the_late_answer_for_what_was_given_up_is_no_restart():
    line = Line(window=4096, first=0)
    line.push(3, 300)
    line.give_up()
    line.push(303, 300)
    assert line.buffer.lost == 2
    assert line.push(1, 2) == [] and not line.buffer.suspected
    assert (line.buffer.lost, line.buffer.reordered) == (0, 2) and not line.restarts
    line.push(4, 2)
    line.push(6, 2)
    assert line.restarts, "what was not missing and is far back is a restart still"


def test_answers_far_back_that_never_end_are_a_restart():
    """After a stray packet far ahead the stream itself looks like answers to requests, for a moment."""
    line = Line(window=4096, first=0)
    line.push(1000)
    line.give_up()
    for number in range(1, ANSWERS + 2):
        line.push(number)
    assert line.restarts == [ANSWERS] and line.out[-2:] == [ANSWERS, ANSWERS + 1]
