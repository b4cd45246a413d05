"""The recorder's thread and its queue: bounded, never waited for, and done to the end."""

from __future__ import annotations

import threading

from rtpjpeg.receiver.recording.recorder import COST, Recorder


class Bench:
    """A recorder whose disk stands still until it is let go."""

    def __init__(self, limit: int) -> None:
        self.done: list[str] = []
        self.busy, self.goes_on = threading.Event(), threading.Event()
        self.failed: Exception | None = None
        self.recorder = Recorder(lambda: self.done.append("finish"), self._fail, limit)

    def _fail(self, error: Exception) -> None:
        self.failed = error

    def stand_still(self) -> None:
        self.busy.set()
        assert self.goes_on.wait(60)

    def work(self, name: str) -> object:
        return self.done.append(name)


def test_work_is_done_in_order_and_then_finished() -> None:
    bench = Bench(10_000_000)
    for number in range(100):
        assert bench.recorder.put(lambda number=number: bench.done.append(str(number)), 10)
    bench.recorder.start()
    bench.recorder.close()
    assert bench.recorder.join(60)
    assert bench.done == [*map(str, range(100)), "finish"]
    assert bench.recorder.octets_held == 0
    assert not bench.recorder.put(lambda: None, 0)


def test_what_does_not_fit_is_refused_at_once_and_there_is_room_again() -> None:
    bench = Bench(10 * COST)
    bench.recorder.start()
    assert bench.recorder.put(bench.stand_still, 0)
    assert bench.busy.wait(60)
    taken = [bench.recorder.put(lambda: bench.work("a"), COST) for _ in range(10)]
    assert taken == [True] * 4 + [False] * 6
    assert bench.recorder.octets_held == 9 * COST
    bench.goes_on.set()
    assert bench.recorder.put(lambda: bench.work("b"), 5 * COST, wait=True)
    bench.recorder.close()
    assert bench.recorder.join(60)
    assert bench.done == ["a"] * 4 + ["b", "finish"]


def test_what_is_larger_than_the_queue_may_wait_alone() -> None:
    bench = Bench(100)
    assert bench.recorder.put(lambda: bench.work("large"), 1 << 40)
    assert not bench.recorder.put(lambda: bench.work("small"), 0)
    bench.recorder.start()
    bench.recorder.close()
    assert bench.recorder.join(60)
    assert bench.done == ["large", "finish"]


def test_a_file_waits_for_room_and_is_let_go_when_the_recorder_fails() -> None:
    bench = Bench(2 * COST)

    def break_down() -> None:
        bench.stand_still()
        raise OSError("broken")

    bench.recorder.start()
    assert bench.recorder.put(break_down, 0)
    assert bench.busy.wait(60)
    assert bench.recorder.put(lambda: bench.work("never done"), 0)
    answers: list[bool] = []
    waiting = threading.Thread(
        target=lambda: answers.append(bench.recorder.put(lambda: None, COST, wait=True))
    )
    waiting.start()
    bench.goes_on.set()
    waiting.join(60)
    assert bench.recorder.join(60)
    assert answers == [False]
    assert (str(bench.failed), bench.done, bench.recorder.running) == ("broken", [], False)


def test_a_recorder_that_was_never_started_has_ended() -> None:
    assert Bench(1).recorder.join(0)
