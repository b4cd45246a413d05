"""Between threads: nothing stale, nothing lost by luck, nobody starved; all by a clock of the test's own."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg import CaptureError
from rtpjpeg.receiver.program.intake import BREATH, MOST, PATIENCE, Fresh, Intake

STEPS = st.lists(st.tuples(st.sampled_from(["put", "take"]), st.floats(0, 3 * PATIENCE)), max_size=60)


@given(STEPS)
def test_what_is_taken_is_in_order_and_not_stale(steps: list[tuple[str, float]]) -> None:
    fresh: Fresh[int] = Fresh()
    now, put_at, taken = 100.0, list[float](), list[int]()
    for step, pause in steps:
        now += pause
        if step == "put":
            fresh.put(len(put_at), now)
            put_at.append(now)
        elif (item := fresh.take(now)) is not None:
            assert item == len(put_at) - 1 or now - put_at[item] < PATIENCE
            taken.append(item)
        assert len(fresh) <= MOST
    assert taken == sorted(set(taken))
    assert len(taken) + len(fresh) + fresh.passed_over == len(put_at)


@given(st.lists(st.floats(0, 0.2), max_size=40), st.lists(st.floats(0, PATIENCE * 0.99), min_size=1))
def test_a_fast_program_gets_everything(pauses: list[float], delays: list[float]) -> None:
    """However the items come, as long as it is never away for longer than patience."""
    fresh: Fresh[int] = Fresh(most=1000)
    now, got, asked_at = 0.0, list[int](), 0.0
    for number, pause in enumerate(pauses):
        now += pause
        while asked_at < now:  # what it asked for meanwhile
            got += _all(fresh, asked_at)
            asked_at += max(delays[number % len(delays)], PATIENCE / 4)
        fresh.put(number, now)
    got += _all(fresh, asked_at)
    assert got == list(range(len(pauses)))


def _all(fresh: Fresh[int], now: float) -> list[int]:
    found = []
    while (item := fresh.take(now)) is not None:
        found.append(item)
    return found


def test_a_slow_program_gets_the_newest() -> None:
    fresh: Fresh[int] = Fresh()
    for number in range(30):
        fresh.put(number, number / 30)
    assert fresh.take(1.2) == 29
    assert fresh.take(1.2) is None
    assert fresh.passed_over == 29


def test_a_burst_is_bounded() -> None:
    fresh: Fresh[int] = Fresh()
    for number in range(100):
        fresh.put(number, 1.0)
    assert _all(fresh, 1.0) == list(range(100 - MOST, 100))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_fast_source_does_not_starve_a_slow_one() -> None:
    clock = Clock()
    intake: Intake[str] = Intake(clock)
    fast, slow = intake.lane(), intake.lane()
    slow.put("slow")
    got = []
    for number in range(6):
        fast.put(f"fast {number}")
        got.append(intake.get(0))
    assert "slow" in got[:2]
    assert [item for item in got if item != "slow"] == [f"fast {number}" for number in range(5)]


def test_each_source_keeps_its_newest() -> None:
    clock = Clock()
    intake: Intake[str] = Intake(clock)
    lanes = [intake.lane() for _ in range(3)]
    for number in range(4):
        clock.now = float(number)
        for name, lane in zip("abc", lanes, strict=True):
            lane.put(f"{name}{number}")
    clock.now = 9.0
    assert [intake.get(0) for _ in range(4)] == ["a3", "b3", "c3", None]
    assert [lane.passed_over for lane in lanes] == [3, 3, 3]


def test_what_has_waited_long_gives_way_to_what_is_just_coming() -> None:
    """The program was away; it lets those who receive put in what they have at hand."""
    clock = Clock()
    intake: Intake[str] = Intake(clock)
    lane = intake.lane()
    lane.put("old")
    clock.now = 1.0
    wait = intake.changed.wait
    pauses: list[float | None] = []

    def put_meanwhile(timeout: float | None = None) -> bool:
        pauses.append(timeout)
        lane.put("new")
        return wait(0)

    intake.changed.wait = put_meanwhile  # type: ignore[method-assign]
    assert intake.get() == "new"
    assert pauses == [BREATH]
    lane.put("newer")
    assert intake.get() == "newer"
    assert pauses == [BREATH], "nothing has waited"


def test_a_file_waits_for_room_and_loses_nothing() -> None:
    intake: Intake[int] = Intake()
    lane = intake.lane(live=False)

    def read_file() -> None:
        for number in range(10 * MOST):
            lane.put(number)
        lane.end()

    reader = threading.Thread(target=read_file)
    reader.start()
    got = []
    while (item := intake.get()) is not None:
        got.append(item)
        assert len(lane.waiting) <= MOST
    reader.join()
    assert got == list(range(10 * MOST))
    assert intake.over


def test_closing_lets_a_file_go_that_waits_for_room() -> None:
    intake: Intake[int] = Intake()
    lane = intake.lane(live=False)
    reader = threading.Thread(target=lambda: [lane.put(number) for number in range(10 * MOST)])
    reader.start()
    assert intake.get() == 0
    intake.close()
    reader.join()
    assert intake.get() is None


def test_a_fault_is_told_once_behind_the_last_item_and_others_go_on() -> None:
    intake: Intake[str] = Intake()
    broken, whole = intake.lane(live=False), intake.lane()
    broken.put("a")
    broken.put("b")
    broken.end(CaptureError("the file is broken"))
    assert [intake.get(0) for _ in range(2)] == ["a", "b"]
    with pytest.raises(CaptureError, match="the file is broken"):
        intake.get(0)
    whole.put("c")
    assert intake.get(0) == "c"
    assert intake.get(0) is None and not intake.over
    whole.end()
    assert intake.get() is None and intake.over


def test_a_nudge_ends_one_wait_without_an_item() -> None:
    intake: Intake[str] = Intake()
    lane = intake.lane()
    intake.nudge()
    assert intake.get() is None and not intake.over
    lane.put("a")
    assert intake.get() == "a"


def test_whoever_puts_is_told_that_somebody_waits() -> None:
    intake: Intake[str] = Intake()
    lane = intake.lane()
    assert not lane.put("nobody waits")
    assert intake.get() == "nobody waits"
    reader = threading.Thread(target=lambda: list(iter(intake.get, None)))
    reader.start()
    while not lane.put("for you"):
        pass  # It is on its way into the wait.
    intake.close()
    reader.join()
