"""The life of a camera in picamera2: opened, started, asked for its newest picture, given back.

None of it waits for ever. picamera2 does where a camera is gone, so every wait here has an end, and what
breaks in picamera2's own thread is told to who reads instead of being printed.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ..errors import CaptureError
from .stack import one_line, told

_turn = threading.Lock()
"""picamera2 keeps one list of cameras for the process, and nothing guards it while it grows and shrinks."""

_log = logging.getLogger(__name__)


class Pipeline:
    """One open camera of picamera2; it is taken in ``__init__``.

    ``patience`` (seconds) is how long opening and closing may wait for others. Raises ``CaptureError``
    when the camera cannot be had.
    """

    def __init__(self, picamera2: ModuleType, number: int, patience: float) -> None:
        with _in_turn(patience) as free, told(f"camera {number} cannot be opened"):
            if not free:
                raise CaptureError("a camera that does not answer holds the camera stack: start anew")
            self._picam2 = _open(picamera2.Picamera2, number)
        self._patience = patience
        self._mapped_array = picamera2.MappedArray
        self._loop = _make_loop()

    def configure(self, main: Mapping[str, Any], raw: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
        """Set up the streams; return the configuration that the camera made of it."""
        asked = self._picam2.create_video_configuration(
            main=dict(main), raw=dict(raw), display=None, encode=None, **options
        )
        self._picam2.configure(asked)
        configuration: Mapping[str, Any] = self._picam2.camera_configuration()
        return configuration

    @property
    def controls(self) -> Mapping[str, tuple[Any, Any, Any]]:
        """Least, most and usual value of each control, as the configuration has them."""
        known: Mapping[str, tuple[Any, Any, Any]] = self._picam2.camera_controls
        return known

    def start(self, controls: Mapping[str, Any]) -> None:
        """Start with these controls."""
        self._picam2.set_controls(dict(controls))
        self._picam2.start(show_preview=self._loop)

    def set_controls(self, controls: Mapping[str, Any]) -> None:
        """Change controls while the camera runs; the next pictures have them."""
        self._picam2.set_controls(dict(controls))

    @contextmanager
    def picture(self, silence: float) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        """Give the newest picture, or the next one, and its metadata, while the block runs.

        The picture is an array in the camera's own memory: no array of it may outlive the block. Raises
        ``CaptureError`` when none comes within ``silence`` seconds.
        """
        request = self._take(silence)
        try:
            with self._mapped_array(request, "main") as mapped:
                yield mapped.array, request.get_metadata()
        finally:
            request.release()

    def _take(self, silence: float) -> Any:
        if self._loop.failure is not None:
            raise self._broken()
        job = self._picam2.capture_request(wait=False)
        try:
            return self._picam2.wait(job, timeout=silence)
        except TimeoutError:
            self._picam2.cancel_all_and_flush()
        except CancelledError:
            raise self._broken() from None
        try:
            # A request that came while it was called off would be lost to the camera.
            return self._picam2.wait(job, timeout=self._patience)
        except (CancelledError, TimeoutError):
            if self._loop.failure is not None:
                raise self._broken() from None
            raise CaptureError(f"no picture for {silence:.3g} s: look at the camera's cable") from None

    def _broken(self) -> CaptureError:
        failure = self._loop.failure
        return CaptureError(
            "the camera was closed while it was read"
            if failure is None
            else f"the camera's pipeline broke: {one_line(failure)}"
        )

    def close(self) -> bool:
        """Stop the camera and give it back; False for one that does not answer, which is left behind."""
        # In a thread of its own, for the calls of a camera that was pulled out may not return.
        closing = threading.Thread(target=self._close, name="camera close", daemon=True)
        closing.start()
        closing.join(self._patience)
        return not closing.is_alive()

    def _close(self) -> None:
        try:
            self._picam2.cancel_all_and_flush()
            with _in_turn(self._patience):
                self._picam2.close()
        except Exception:
            _log.debug("while a camera was closed", exc_info=True)


def _open(kind: Any, number: int) -> Any:
    """Return an open camera. One that cannot be opened loses no pipe, as often as it may be tried."""
    picam2 = kind.__new__(kind)
    try:
        picam2.__init__(number)
    except Exception:
        picam2.notifymeread.close()
        os.close(picam2.notifyme_w)
        raise
    return picam2


@contextmanager
def _in_turn(patience: float) -> Iterator[bool]:
    """Keep others from opening and closing while the block runs; False where they did not let go."""
    free = _turn.acquire(timeout=patience)
    try:
        yield free
    finally:
        if free:
            _turn.release()


def _make_loop() -> Any:
    """Return picamera2's event loop without a window; a failure is kept, and who waits is called off."""
    null_preview: Any = importlib.import_module("picamera2.previews.null_preview").NullPreview

    class Loop(null_preview):  # type: ignore[misc]
        failure: Exception | None = None

        def handle_request(self, picam2: Any) -> None:
            try:
                picam2.process_requests(self)
            except Exception as error:
                self.failure = error
                picam2.cancel_all_and_flush()

    return Loop()
