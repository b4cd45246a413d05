"""What is rare in the life of a camera, on a picamera2 that does what a test wants."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from rtpjpeg.capture.pipeline import Pipeline
from rtpjpeg.errors import CaptureError


class Library:
    """The parts of picamera2 that are used; ``outcomes`` are what waiting for a picture gives or raises."""

    def __init__(self, outcomes: Iterable[Any] = (), opens: bool = True, closes: bool = True) -> None:
        library = self
        self.outcomes: Iterator[Any] = iter(outcomes)
        self.released = self.flushed = 0
        self.pipes: tuple[int, int] = (0, 0)

        class Picamera2:
            def __init__(self, number: int) -> None:
                library.pipes = os.pipe()
                self.notifymeread, self.notifyme_w = os.fdopen(library.pipes[0], "rb"), library.pipes[1]
                if not opens:
                    raise RuntimeError("busy")

            def capture_request(self, wait: bool) -> str:
                return "job"

            def wait(self, job: str, timeout: float) -> Any:
                outcome = next(library.outcomes)
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome

            def cancel_all_and_flush(self) -> None:
                library.flushed += 1

            def close(self) -> None:
                self.notifymeread.close()
                os.close(self.notifyme_w)
                if not closes:
                    raise RuntimeError("it is gone")

        self.Picamera2 = Picamera2

    def request(self) -> Any:
        def release() -> None:
            self.released += 1

        return SimpleNamespace(release=release, get_metadata=lambda: {"SensorTimestamp": 5})

    class MappedArray:
        array = "pixels"

        def __init__(self, request: Any, stream: str) -> None:
            assert stream == "main"

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None:
            pass


@pytest.fixture(autouse=True)
def preview(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("null_preview")
    module.NullPreview = object
    monkeypatch.setitem(sys.modules, "picamera2.previews.null_preview", module)


def pipeline(library: Any) -> Pipeline:
    return Pipeline(library, 0, patience=5.0)


def test_a_picture_that_comes_while_it_is_called_off_is_taken() -> None:
    library = Library()
    library.outcomes = iter([TimeoutError(), library.request()])
    camera = pipeline(library)
    with camera.picture(1.0) as (pixels, metadata):
        assert (pixels, metadata["SensorTimestamp"], library.released) == ("pixels", 5, 0)
    assert (library.released, library.flushed) == (1, 1)
    assert camera.close()


@pytest.mark.parametrize("outcomes", [[CancelledError()], [TimeoutError(), TimeoutError()]])
def test_a_pipeline_that_breaks_while_a_picture_is_waited_for(outcomes: list[BaseException]) -> None:
    library = Library(outcomes)
    camera = pipeline(library)

    def breaks(loop: object) -> None:
        raise RuntimeError("the front end timed out")

    wait = camera._picam2.wait

    def wait_and_break(job: str, timeout: float) -> Any:
        camera._loop.handle_request(
            SimpleNamespace(process_requests=breaks, cancel_all_and_flush=lambda: None)
        )
        return wait(job, timeout)

    camera._picam2.wait = wait_and_break
    for _ in range(2):
        with pytest.raises(CaptureError, match="^the camera's pipeline broke: the front end timed out$"):
            with camera.picture(1.0):
                pass
    assert camera.close()


def test_a_camera_that_is_closed_while_it_is_read() -> None:
    camera = pipeline(Library([CancelledError()]))
    with pytest.raises(CaptureError, match="^the camera was closed while it was read$"):
        with camera.picture(1.0):
            pass
    assert camera.close()


def test_a_camera_that_cannot_be_opened_loses_no_pipe() -> None:
    library = Library(opens=False)
    with pytest.raises(CaptureError, match="camera 0 cannot be opened: busy; another program may have it"):
        pipeline(library)
    for end in library.pipes:
        with pytest.raises(OSError):
            os.fstat(end)


def test_closing_what_is_gone_is_closing() -> None:
    assert pipeline(Library(closes=False)).close()
