"""The display of the window, with a window whose keys are pressed by the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peers import need_module
from receiver.feeding import picture
from rtpjpeg import Frame, ReceiverSession, TransportError
from rtpjpeg.receiver import display as room
from rtpjpeg.receiver.display import REPAINT, NoDisplay, TableDisplay, WindowDisplay
from rtpjpeg.receiver.painter import Painter
from rtpjpeg.receiver.pictures import Pictures
from rtpjpeg.receiver.snapshots import save
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import Stream
from rtpjpeg.receiver.view import View
from rtpjpeg.receiver.window.controls import MESSAGE_SECONDS, Actions, Shown


class FakeWindow:
    """A window that is there until it is closed."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.opened = True
        self.full = False
        self.shown: list[Any] = []
        self.size = (1286, 480)

    def fit(self, size: tuple[int, int]) -> None:
        self.asked = size

    def show(self, image: Any) -> None:
        self.shown.append(image.copy())

    def key(self) -> int:
        return self.keys.pop(0) if self.keys else -1

    def toggle_full_screen(self) -> None:
        self.full = not self.full

    def is_open(self) -> bool:
        return self.opened

    def close(self) -> None:
        self.opened = False


class Bench:
    """A display at work: two streams, a window, a clock, and a record of what was done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        need_module("cv2")
        self.now = 100.0
        monkeypatch.setattr(room.time, "monotonic", lambda: self.now)
        self.window = FakeWindow()
        self.done: list[Any] = []
        self.recording = False
        actions = Actions(self.snapshot, self.record, lambda: self.recording)
        self.display = WindowDisplay(self.window, actions)  # type: ignore[arg-type]
        self.views = [view(f"camera {number}") for number in (1, 2)]

    def snapshot(self, shown: Shown) -> str:
        self.done.append([picture.frame for _, picture in shown if picture])
        return "saved"

    def record(self) -> str:
        self.done.append("record")
        self.recording = not self.recording
        return "recording"

    def picture(self, camera: int, number: int = 0) -> Frame:
        """Let a picture come."""
        frame = Frame(picture(number, seed=camera), 320, 240, decoder=Painter())
        self.views[camera].pictures.show(frame)
        return frame

    def update(self, seconds: float = 0.02) -> bool:
        self.now += seconds
        return self.display.update(self.views)

    def press(self, key: str) -> bool:
        """Press a key; what it changes is drawn at the next update."""
        self.window.keys.append(ord(key))
        return self.update() and self.update()

    @property
    def image(self) -> Any:
        return self.window.shown[-1]


def view(title: str) -> View:
    stream = Stream(Source("rtp://:5000", title=title), ReceiverSession(), lambda frame: None, None)
    return View(stream, Pictures(title, lambda: None))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.mark.parametrize("key", ["q", "Q", "\x1b"])
def test_q_and_escape_end(bench: Bench, key: str) -> None:
    assert bench.update()
    assert not bench.press(key)


def test_closing_the_window_ends(bench: Bench) -> None:
    assert bench.update()
    bench.window.close()
    assert not bench.update()


def test_a_window_without_a_stream_is_open_too(bench: Bench) -> None:
    bench.views = []
    assert bench.update() and bench.image.shape == (480, 1286, 3)


def test_the_same_picture_is_not_drawn_twice_but_painted_now_and_then(bench: Bench) -> None:
    bench.picture(0)
    bench.update()
    count, drawn = len(bench.window.shown), bench.display._canvas.drawn
    bench.update()
    assert len(bench.window.shown) == count
    bench.picture(0, 1)
    bench.update()
    assert (len(bench.window.shown), bench.display._canvas.drawn) == (count + 1, drawn + 1)
    for _ in range(2):
        bench.update(REPAINT)
    assert len(bench.window.shown) >= count + 3


def test_each_picture_is_noted_once_when_it_is_painted(bench: Bench) -> None:
    for number in range(3):
        bench.picture(0, number)
        bench.update()
        bench.update()
    assert len(bench.views[0].pictures.latency.stages["show"]) == 3
    assert len(bench.views[1].pictures.latency.stages["show"]) == 0


def test_s_saves_what_is_shown(bench: Bench) -> None:
    frames = [bench.picture(0), bench.picture(1)]
    bench.press("s")
    bench.press("2")
    bench.press("s")
    assert bench.done == [frames, frames[1:]]


def test_a_message_stands_for_two_seconds(bench: Bench) -> None:
    bench.press("o")
    bench.update(3.0)
    plain = bench.image
    bench.press("s")
    assert (bench.image != plain).any()
    bench.update(MESSAGE_SECONDS)
    assert (bench.image == plain).all()


def test_what_cannot_be_saved_is_said_and_ends_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(shown: Shown) -> str:
        raise TransportError("a.jpg cannot be written: No space left on device")

    bench.display._controls.actions = Actions(fail, bench.record, lambda: False)
    assert bench.press("s")
    assert "No space left" in caplog.text
    assert bench.display._controls.message(bench.now) == "a.jpg cannot be written: No space left on device"


def test_r_records_and_marks_the_pictures(bench: Bench) -> None:
    bench.update()
    tiles = [bench.display._tile(view, None, bench.now).marks for view in bench.views]
    bench.press("r")
    marked = [bench.display._tile(view, None, bench.now).marks for view in bench.views]
    assert (bench.done, tiles, marked) == (["record"], [(), ()], [("REC",), ("REC",)])


def test_f_is_the_full_screen(bench: Bench) -> None:
    bench.press("f")
    assert bench.window.full
    bench.press("f")
    assert not bench.window.full


def test_space_holds_the_pictures_and_snapshots_of_them(bench: Bench) -> None:
    held = [bench.picture(0), bench.picture(1)]
    bench.press(" ")
    newer = bench.picture(0, 7)
    bench.press("s")
    assert bench.done == [held]
    noted = len(bench.views[0].pictures.latency.stages["show"])
    bench.press(" ")
    bench.press("s")
    assert bench.done[1] == [newer, held[1]]
    assert len(bench.views[0].pictures.latency.stages["show"]) == noted + 1


def test_one_camera_alone_and_all_again(bench: Bench) -> None:
    shown = bench.display._controls.shown
    one, two = bench.views
    for keys, expected in (("1", [one]), ("1", [one, two]), ("2", [two]), ("1", [one]), ("0", [one, two])):
        bench.press(keys)
        assert [view for view, _ in shown(bench.views)] == expected
    bench.press("9")
    assert len(shown(bench.views)) == 2, "there is no camera 9"
    assert bench.window.asked == (1286, 480), "the window keeps its size"


def test_help_and_figures_come_and_go(bench: Bench) -> None:
    bench.picture(0)
    bench.update()
    for key in "ho":
        before = bench.image
        bench.press(key)
        assert (bench.image != before).any()
        bench.press(key)
        assert (bench.image == before).mean() > 0.99  # a figure may have changed


def test_a_lost_stream_is_said_across_the_picture(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.pictures.time.monotonic", lambda: 100.0)
    bench.picture(0)
    alarms: Callable[[], list[str]] = lambda: [  # noqa: E731
        bench.display._tile(view, view.pictures.newest, bench.now).alarm for view in bench.views
    ]
    assert alarms() == ["", "waiting for a stream on rtp://:5000"]
    bench.now += 3.2
    assert alarms()[0] == "no signal for 3 s"
    bench.views[0].stream.fault = "port 5000 cannot be read"
    assert alarms()[0] == "ended: port 5000 cannot be read"


def test_no_display_wants_nothing() -> None:
    display = NoDisplay()
    assert display.pace is None
    assert display.update([])
    display.close()


def test_a_table_is_drawn_at_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now, drawn = [100.0], []
    monkeypatch.setattr(room.time, "monotonic", lambda: now[0])

    class Table:
        def update(self, streams: Any) -> None:
            drawn.append(streams)

        def close(self) -> None:
            drawn.append("closed")

    display = TableDisplay(Table(), pace=1.0)
    for _ in range(5):
        now[0] += 0.5
        assert display.update([view("camera 1")])
    display.close()
    assert [each[0]["state"] for each in drawn[:-1]] == ["waiting for a stream on rtp://:5000"] * 2
    assert drawn[-1] == "closed"


def test_a_snapshot_is_the_file_byte_for_byte(tmp_path: Path) -> None:
    frame = Frame(b"\xff\xd8 as it came", 320, 240, timestamp=4711)
    (path,) = save([("rtp://[::1]:5000", frame)], tmp_path)
    assert path == tmp_path / "rtp-1-5000-0000004711.jpg"
    assert path.read_bytes() == frame.jpeg
    with pytest.raises(TransportError, match="cannot be written: No such file"):
        save([("a", frame)], tmp_path / "nowhere")
    assert save([], tmp_path) == []


def test_pictures_of_an_interlaced_camera_have_their_shown_size(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = view("camera 1")
    seen.pictures.show(Frame(b"", 8, 4, decoder=lambda frame: np.zeros((8, 8, 3), np.uint8)))
    assert seen.figures(1.0).size == (8, 8)
