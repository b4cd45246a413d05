"""Whether a window can be opened here, and if not, what is missing.

OpenCV's toolkit ends the whole process when it cannot reach the display, so a child process tries first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

SECONDS = 20.0
"""After which a display that has not answered is not waited for any more."""
_MISSING, _WITHOUT_WINDOWS = 40, 41

_TRY = f"""
import sys
try:
    import cv2
except ImportError:
    sys.exit({_MISSING})
try:
    cv2.namedWindow("rtpjpeg", cv2.WINDOW_NORMAL)
    cv2.waitKey(1)
    cv2.destroyAllWindows()
except cv2.error as error:
    sys.exit({_WITHOUT_WINDOWS} if "not implemented" in str(error) else 1)
"""


def toolkit_environment() -> dict[str, str]:
    """Return the environment for OpenCV's toolkit; what the user has set stays.

    Its notes about fonts and plugins are not for a person who watches cameras. Shared memory with the
    X server leaves the window black now and then where the server is in another container.
    """
    wanted = {
        "QT_LOGGING_RULES": "*.debug=false;*.info=false;*.warning=false;qt.qpa.*=false",
        "OPENCV_LOG_LEVEL": "ERROR",
        "QT_X11_NO_MITSHM": "1",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


class Probe:
    """A child process that opens a window while the block does something else."""

    def __enter__(self) -> Self:
        self._child = self._start() if _display() else None
        return self

    def _start(self) -> subprocess.Popen[bytes] | None:
        silent = subprocess.DEVNULL
        environment = {**os.environ, **toolkit_environment()}
        try:
            return subprocess.Popen(
                [sys.executable, "-c", _TRY], env=environment, stdin=silent, stdout=silent, stderr=silent
            )
        except OSError:
            return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def fault(self) -> str:
        """Return why no window can be opened here and what to do, or "" when one can."""
        display = _display()
        if not display:
            return "DISPLAY is not set"
        if self._child is None:
            return f"{sys.executable} cannot be started"
        try:
            code = self._child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = 1
        return _hint(code, display)


def _display() -> str:
    return os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or ""


def _hint(code: int, display: str) -> str:
    if code == 0:
        return ""
    if code == _MISSING:
        return "OpenCV is not installed; pip install 'rtpjpeg[view]' brings it"
    if code == _WITHOUT_WINDOWS:
        return (
            "OpenCV is installed without windows; pip uninstall opencv-python-headless opencv-python, then"
            " pip install 'rtpjpeg[view]'"
        )
    return f"the display {display} does not answer"
