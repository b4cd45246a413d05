"""The painter: what a frame does not know stays as the picture before had it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from conformance.pictures import jpeg
from photographs import encode, panned, photograph
from rtpjpeg import Frame, RtpJpegError
from rtpjpeg.concealment import FRESH, STALE, UNSEEN
from rtpjpeg.receiver import painter as painter_room
from rtpjpeg.receiver.decode import decode
from rtpjpeg.receiver.painter import Once, Painter, areas


def by_pixel(type_: int, width: int, height: int, interval: int, indices: set[int]) -> Any:
    """Which pixels belong to these intervals, asked one by one."""
    row, down = -(-width // 16), 16 if type_ & 63 else 8
    return np.array(
        [[(y // down * row + x // 16) // interval in indices for x in range(width)] for y in range(height)]
    )


@pytest.mark.parametrize("type_", [64, 65])
@pytest.mark.parametrize("interval", [1, 3, 5, 7, 10, 25])
@pytest.mark.parametrize("indices", [(), (0,), (1,), (0, 1, 2), (0, 2, 3), (1, 2, 3, 4), (2,)])
def test_areas_are_those_of_the_intervals(type_: int, interval: int, indices: tuple[int, ...]) -> None:
    width, height = 76, 40  # five MCUs in a row, the last one cut
    mask = np.zeros((height, width), bool)
    for area in areas(type_, width, interval, indices):
        assert not mask[area].any(), "areas overlap"
        mask[area] = True
    assert (mask == by_pixel(type_, width, height, interval, set(indices))).all()


def states(state: int, indices: tuple[int, ...]) -> bytes:
    """The states of 30 intervals; those of these indices are not fresh."""
    return bytes(state if index in indices else FRESH for index in range(30)) if indices else b""


def frames(unseen: tuple[int, ...], **other: Any) -> list[Frame]:
    files = [encode(picture, 65, 85) for picture in panned("chelsea", 320, 240, 2)]
    made = [Frame(file, 320, 240, type=65, restart_interval=10) for file in files]
    made[1].interval_states = states(UNSEEN, unseen)
    return made


def test_a_picture_that_moved_is_drawn_from_the_one_before_moved_as_far() -> None:
    views = [photograph("chelsea")[40:280, 60 - 5 * step : 380 - 5 * step] for step in range(3)]
    files = [encode(np.ascontiguousarray(picture), 65, 95) for picture in views]
    stale = tuple(range(10, 22))
    frames = [Frame(file, 320, 240, type=65, restart_interval=10, number=n) for n, file in enumerate(files)]
    damaged = [decode(file) for file in files]
    mask = by_pixel(65, 320, 240, 10, set(stale))
    for at in (1, 2):
        frames[at].interval_states = states(STALE, stale)
    painter = Painter()
    for number, frame in enumerate(frames):
        shown = painter(frame)
        inside = mask.copy()
        inside[:, : 5 * number] = False  # what came in from the left was never seen
        error = np.abs(shown.astype(int) - damaged[number])[inside].mean()
        assert error < 2, "the true picture, but for its coding"


def test_a_picture_that_was_not_drawn_leaves_what_stands_in_the_file() -> None:
    painter = Painter()
    first, second = frames((3, 4))
    second.interval_states, second.number = states(STALE, (3, 4)), 2
    painter(first)
    assert (painter(second) == decode(second.jpeg)).all()


def test_motion_that_is_not_there_is_not_looked_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(painter_room, "find_shift", lambda *_: looks.append(1) or (0, 0))
    painter, (_, frame) = Painter(), frames((3,))
    for number in range(9):
        frame.number = number
        painter(frame)
    assert len(looks) == 2


def test_unseen_intervals_keep_the_pixels_of_the_picture_before() -> None:
    painter = Painter()
    first, second = map(painter, frames((3, 4, 20)))
    before, after = (decode(frame.jpeg) for frame in frames(()))
    mask = by_pixel(65, 320, 240, 10, {3, 4, 20})
    assert (first == before).all()
    assert (second[mask] == before[mask]).all() and (second[~mask] == after[~mask]).all()
    assert (second[mask] != after[mask]).any()


def test_a_first_picture_is_as_it_is() -> None:
    _, frame = frames((3,))
    assert (Painter()(frame) == decode(frame.jpeg)).all()


def test_a_picture_of_another_size_does_not_help() -> None:
    painter = Painter()
    painter(Frame(jpeg(65), 64, 48, type=65))
    _, frame = frames((3,))
    assert (painter(frame) == decode(frame.jpeg)).all()


def test_a_kept_picture_is_kept_again() -> None:
    painter = Painter()
    first, second = frames((5,))
    painter(first)
    shown = painter(second)
    third = Frame(second.jpeg, 320, 240, type=65, restart_interval=10, interval_states=states(UNSEEN, (5,)))
    assert (painter(third) == shown).all()


def test_who_draws_on_a_picture_draws_on_no_other() -> None:
    painter, plain = Painter(), Painter()
    for drawn, untouched in zip(frames((5, 6)), frames((5, 6)), strict=True):
        picture = painter(drawn)
        assert picture.flags.writeable
        assert (picture == plain(untouched)).all()
        picture[:] = 255


def test_a_picture_that_is_only_looked_at_is_not_copied_and_cannot_be_drawn_on() -> None:
    shared, owned = Painter(looked_at=True), Painter()
    for frame, same in zip(frames((5, 6)), frames((5, 6)), strict=True):
        picture = shared(frame)
        assert (picture == owned(same)).all()
        assert shared._before is picture and not picture.flags.writeable


def test_a_picture_is_copied_only_where_pictures_are_filled() -> None:
    """A stream without restart markers pays nothing for them."""
    painter = Painter()
    painter(Frame(jpeg(1), 64, 48, type=1))
    assert painter._before is None
    painter(frames(())[0])
    kept = painter._before
    painter(frames(())[1])
    assert kept is painter._before, "the memory is used again"


def test_a_frame_that_is_drawn_late_does_not_take_the_place_of_a_newer_one() -> None:
    painter = Painter()
    early, late = frames((3, 4))
    third = Frame(late.jpeg, 320, 240, type=65, restart_interval=10, interval_states=states(UNSEEN, (3, 4)))
    for number, frame in enumerate((early, late, third)):
        frame.number, frame.completed_at = number, 1.0 + number
    expected = [painter(frame) for frame in (late, third)][1]
    painter = Painter()
    painter(late)
    painter(early)
    assert (painter(third) == expected).all()


def test_two_threads_that_ask_at_once_get_the_same_picture() -> None:
    drawing, go_on = threading.Event(), threading.Event()
    drawn: list[int] = []

    def draw(frame: Frame) -> Any:
        drawn.append(frame.number)
        drawing.set()
        assert go_on.wait(60)
        return np.zeros((8, 8, 3), np.uint8)

    frame = Frame(b"", 8, 8, decoder=Once(draw))
    got: list[Any] = []
    threads = [threading.Thread(target=lambda: got.append(frame.image)) for _ in range(2)]
    threads[0].start()
    assert drawing.wait(60)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert drawn == [0]
    assert got[0] is got[1]


def test_a_frame_that_cannot_be_decoded_is_tried_once_and_says_so_each_time() -> None:
    tries: list[int] = []

    def draw(frame: Frame) -> Any:
        tries.append(1)
        raise RtpJpegError("it is broken")

    frame = Frame(b"", 8, 8, decoder=Once(draw))
    for _ in range(2):
        with pytest.raises(RtpJpegError, match="it is broken"):
            frame.image  # noqa: B018
    assert tries == [1]
