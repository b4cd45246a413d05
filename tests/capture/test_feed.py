"""The thread that owns a device."""

from __future__ import annotations

import threading

import pytest

from capture.devices import WAIT, Gate
from rtpjpeg.capture.feed import Reader, Shot


class Scripted:
    """A device that gives its list, and then the end."""

    raw = is_file = False
    width, height, fps = 160, 96, 30.0

    def __init__(self, items: list[Shot | Exception | None], gate: Gate) -> None:
        self._items = iter(items)
        self._gate = gate
        self.closed = threading.Event()

    def take(self) -> Shot | None:
        self._gate.pass_one()
        item = next(self._items, None)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed.set()


SHOTS: list[Shot | Exception | None] = [Shot(bytes([number]), float(number)) for number in range(4)]


def test_the_newest_wins_and_numbers_count_what_was_missed() -> None:
    gate = Gate()
    feed = Scripted(SHOTS, gate)
    reader = Reader("camera1", lambda: feed)
    assert reader.start(WAIT) is feed
    found = []
    for count in (1, 3):
        gate.let(count)
        taken = reader.slot.get(0)
        assert taken is not None
        found.append((taken.number, taken.shot.picture))
    assert found == [(0, b"\0"), (3, b"\3")]
    assert reader.slot.get(0) is None and not reader.slot.closed
    gate.open()
    assert reader.slot.get(WAIT) is None and reader.slot.closed and reader.fault is None


@pytest.mark.parametrize("fault", [OSError(19, "gone"), ValueError("odd")])
def test_a_fault_closes_slot_and_device(fault: Exception) -> None:
    gate = Gate()
    gate.open()
    feed = Scripted([SHOTS[0], fault], gate)
    reader = Reader("camera1", lambda: feed)
    reader.start(WAIT)
    assert feed.closed.wait(WAIT)
    reader.join(WAIT)
    assert reader.slot.get(0) is not None and reader.slot.closed and reader.fault is fault


def test_what_opening_raises_comes_out_of_start() -> None:
    def connect() -> Scripted:
        raise OSError(16, "busy")

    with pytest.raises(OSError, match="busy"):
        Reader("camera1", connect).start(WAIT)


def test_an_opening_that_hangs_is_left_and_closes_when_it_comes_back() -> None:
    opened, gate = threading.Event(), Gate()
    feed = Scripted(SHOTS, gate)

    def connect() -> Scripted:
        assert opened.wait(WAIT)
        return feed

    reader = Reader("camera1", connect)
    with pytest.raises(TimeoutError):
        reader.start(0)
    reader.stop()
    opened.set()
    assert feed.closed.wait(WAIT)
    assert reader.slot.get(WAIT) is None


def test_it_stops_with_its_next_picture() -> None:
    gate = Gate()
    feed = Scripted(SHOTS, gate)
    reader = Reader("camera1", lambda: feed)
    reader.start(WAIT)
    reader.stop()
    gate.open()
    assert feed.closed.wait(WAIT)
    reader.join(WAIT)


def test_a_file_gives_a_picture_for_each_that_is_asked_for() -> None:
    gate = Gate()
    gate.open()
    feed = Scripted(SHOTS, gate)
    feed.is_file = True
    reader = Reader("camera1", lambda: feed)
    reader.start(WAIT)
    found = []
    for _ in SHOTS:
        reader.ask()
        taken = reader.slot.get(WAIT)
        assert taken is not None
        found.append(taken.number)
    assert found == [0, 1, 2, 3]
    reader.ask()
    assert reader.slot.get(WAIT) is None and feed.closed.wait(WAIT)


def test_a_file_that_nobody_reads_stops() -> None:
    feed = Scripted(SHOTS, Gate())
    feed.is_file = True
    reader = Reader("camera1", lambda: feed)
    reader.start(WAIT)
    reader.stop()
    assert feed.closed.wait(WAIT)
