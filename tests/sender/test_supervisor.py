"""The supervisor: a camera is opened again and again, with patience, and at once when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rtpjpeg import CaptureError, Frame
from rtpjpeg.sender import supervisor as room
from rtpjpeg.sender.supervisor import LOOK, Backoff, Supervisor
from sender.doubles import ListedCamera, ListedSource, LiveCamera, picture


class Clock(threading.Event):
    """The time, and the event that ends the thread: waiting for it lets the time pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.waited: list[float] = []
        self.at: dict[float, Callable[[], object]] = {}

    def __call__(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited.append(timeout)
        self.now += timeout
        for due in [due for due in self.at if due <= self.now]:
            self.at.pop(due)()
        return self.is_set()


class Run:
    """A supervisor that ends when it has delivered so many pictures."""

    def __init__(self, source: ListedSource, camera: ListedCamera | None = None, pictures: int = 1) -> None:
        self.clock = Clock()
        self.delivered: list[float] = []
        self.pictures = pictures
        self.supervisor = Supervisor(
            "camera1", source.open, source.is_present, self._take, self.clock, camera, self.clock
        )

    def _take(self, frame: Frame, camera: object) -> None:
        self.delivered.append(self.clock.now)
        if len(self.delivered) == self.pictures:
            self.clock.set()

    def finish(self) -> Supervisor:
        self.supervisor.run()
        return self.supervisor


def test_each_failure_in_a_row_doubles_the_wait_up_to_thirty_seconds() -> None:
    backoff = Backoff()
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.worked()
    assert [backoff.failed() for _ in range(2)] == [1, 2]


def test_a_camera_that_fails_is_opened_again_after_1_2_4_seconds() -> None:
    source = ListedSource(*[CaptureError("no")] * 2, LiveCamera([picture()]))
    first = LiveCamera([CaptureError("unplugged")])
    run = Run(source, first)
    supervisor = run.finish()
    assert run.delivered == [pytest.approx(100 + 1 + 2 + 4)]
    assert (supervisor.restarts, supervisor.failures, first.closed) == (1, 3, 1)


def test_pictures_make_it_patient_again() -> None:
    cameras = [LiveCamera([picture(), CaptureError("flaky")]) for _ in range(5)]
    run = Run(ListedSource(*cameras[1:]), cameras[0], pictures=5)
    run.finish()
    assert run.delivered == [pytest.approx(100 + number) for number in range(5)], "1 s each time"


@pytest.mark.parametrize(
    "failure", [CaptureError("unplugged"), OSError(19, "gone"), ZeroDivisionError("oops")]
)
def test_any_failure_is_a_failure(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    Run(ListedSource(LiveCamera([picture()])), LiveCamera([failure])).finish()
    assert caplog.records[0].levelname == "ERROR"
    assert caplog.records[0].message.endswith("; tried again in 1 s")


def test_a_live_camera_does_not_end() -> None:
    run = Run(ListedSource(LiveCamera([picture()])), LiveCamera([picture()]), pictures=2)
    assert run.finish().failures == 1


def test_an_absent_device_is_looked_for_and_opened_when_it_is_back() -> None:
    back = threading.Event()
    source = ListedSource(LiveCamera([picture()]))
    source.present = back.is_set
    run = Run(source, LiveCamera([CaptureError("unplugged")]))
    run.clock.at[1000.2] = back.set
    supervisor = run.finish()
    assert source.opened == 1, "nobody tries to open what is not there"
    assert 1000.2 <= run.delivered[0] <= 1000.2 + 2 * LOOK
    assert not supervisor.absent


def test_while_it_is_away_it_says_so() -> None:
    source = ListedSource(LiveCamera([picture()]))
    back = threading.Event()
    source.present = back.is_set
    run = Run(source, LiveCamera([CaptureError("unplugged")]))
    seen: list[tuple[bool, float]] = []

    def look() -> None:
        seen.append((run.supervisor.absent, run.supervisor.lost_for(run.clock.now)))
        back.set()

    run.clock.at[150.0] = look
    run.finish()
    assert seen == [(True, pytest.approx(50.0, abs=1.0))]
    assert run.supervisor.lost_for(run.clock.now) == 0


def test_a_stack_that_cannot_even_be_asked_is_no_obstacle() -> None:
    source = ListedSource(LiveCamera([picture()]))

    def broken() -> bool:
        raise RuntimeError("the stack is gone")

    source.present = broken
    run = Run(source, LiveCamera([CaptureError("unplugged")]))
    run.finish()
    assert run.delivered == [pytest.approx(101.0)]


def test_a_camera_that_was_not_there_at_the_start_is_waited_for_first() -> None:
    source = ListedSource(LiveCamera([picture()]))
    run = Run(source)
    run.supervisor.fail(CaptureError("no camera 2"))
    run.finish()
    assert run.delivered == [pytest.approx(101.0)]


def test_stopping_ends_the_wait() -> None:
    run = Run(ListedSource(), LiveCamera([CaptureError("unplugged")]))
    run.clock.at[100.1] = run.clock.set
    supervisor = run.finish()
    assert run.clock.now < 101 and supervisor.restarts == 0


def test_a_camera_that_cannot_be_closed_is_opened_again_all_the_same() -> None:
    class Stubborn(LiveCamera):
        def close(self) -> None:
            raise OSError("busy")

    run = Run(ListedSource(LiveCamera([picture()])), Stubborn([CaptureError("unplugged")]))
    assert run.finish().restarts == 1


def test_a_call_that_does_not_return_is_seen() -> None:
    run = Run(ListedSource(), LiveCamera([picture()]))
    stuck: list[float] = []

    def hang(number: int) -> None:
        run.clock.now += 40
        stuck.append(run.supervisor.stuck_for(run.clock.now))

    camera = run.supervisor.camera
    assert isinstance(camera, ListedCamera)
    camera.before_each(hang)
    run.finish()
    assert stuck == [40.0]
    assert run.supervisor.stuck_for(run.clock.now) == 0


def test_a_slow_camera_has_time_for_its_frames() -> None:
    asked: list[float] = []

    class Slow(LiveCamera):
        def read(self, timeout: float = 1.0) -> Frame | None:
            asked.append(timeout)
            return super().read(timeout)

    slow = Slow([picture()])
    slow.fps = 0.2
    Run(ListedSource(), slow).finish()
    assert asked == [15.0]
    assert room.FIRST_WAIT == 1.0
