"""The slot: newest wins, nobody waits for ever."""

from __future__ import annotations

import threading

from rtpjpeg.capture.slot import Slot


def test_a_newer_item_takes_the_place_of_an_older_one() -> None:
    slot: Slot[int] = Slot()
    assert not slot.put(1)
    assert slot.put(2)
    assert slot.get() == 2
    assert slot.get(timeout=0) is None


def test_a_closed_slot_gives_what_it_holds_and_then_nothing() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.close()
    assert slot.closed
    assert slot.get() == 1
    assert slot.get() is None


def test_a_waiting_thread_gets_the_item() -> None:
    slot: Slot[int] = Slot()
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(slot.get()))
    reader.start()
    slot.put(7)
    reader.join()
    assert got == [7]


def test_closing_lets_a_waiting_thread_go() -> None:
    slot: Slot[int] = Slot()
    got: list[int | None] = []
    reader = threading.Thread(target=lambda: got.append(slot.get()))
    reader.start()
    slot.close()
    reader.join()
    assert got == [None]
