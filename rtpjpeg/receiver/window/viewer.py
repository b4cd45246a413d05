"""The window of OpenCV: its size, its keys, its end. All of it belongs to the main thread."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from ..decode import Image
from .layout import Size
from .lettering import opencv
from .probe import toolkit_environment

LARGEST: Size = (1600, 850)
"""Of a window when it opens, pixels; the user may draw it larger."""


def load_toolkit() -> None:
    """Load OpenCV for a window, in the environment that it needs."""
    os.environ.update(toolkit_environment())
    _give_events_to_toolkit()
    opencv()


def _give_events_to_toolkit() -> None:
    """Load the part of Xlib in which a toolkit asks for all events, before the toolkit loads its own copy.

    OpenCV from PyPI brings that part and takes the rest from the system. Where the system's is newer, the
    copy writes the wish into another field, and Xlib goes on to take events now and then. When it takes
    the one that tells that the window is there, the window stays white for ever.
    """
    with suppress(OSError):  # no X here, and no need of it
        ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)


class Window:
    """A window; main thread only. Raises what OpenCV raises when there is no display."""

    def __init__(self, title: str) -> None:
        load_toolkit()
        self._cv2 = cv2 = opencv()
        self._title = title
        self._asked: Size = (0, 0)
        """The size that was asked for last."""
        self._full = False
        self._tells_visibility = False
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)

    @property
    def size(self) -> Size:
        """Width and height of what can be drawn on, pixels."""
        width, height = self._cv2.getWindowImageRect(self._title)[2:]
        # Some toolkits know no size before the first picture.
        return (width, height) if width > 1 and height > 1 else self._asked

    def fit(self, size: Size) -> None:
        """Give the window a size, unless the user has given it another one since."""
        if size != self._asked and not self._full and self._asked in ((0, 0), self.size):
            self._cv2.resizeWindow(self._title, *size)
            self._asked = size

    def show(self, image: Image) -> None:
        """Show an image of the window's size, when ``key`` is called next."""
        self._cv2.imshow(self._title, image)

    def key(self) -> int:
        """Let the window work, which paints it; return the code of the key that was pressed, or -1."""
        return int(self._cv2.waitKeyEx(1))

    def toggle_full_screen(self) -> None:
        """Fill the screen, or be a window again."""
        self._full = not self._full
        mode = self._cv2.WINDOW_FULLSCREEN if self._full else self._cv2.WINDOW_NORMAL
        self._cv2.setWindowProperty(self._title, self._cv2.WND_PROP_FULLSCREEN, mode)

    def is_open(self) -> bool:
        """False when the user has closed the window."""
        visible = self._property(self._cv2.WND_PROP_VISIBLE) >= 1
        self._tells_visibility = self._tells_visibility or visible
        # GTK never tells that; but of a window that is there it knows other things.
        return visible if self._tells_visibility else self._property(self._cv2.WND_PROP_AUTOSIZE) >= 0

    def _property(self, name: int) -> float:
        """Return a property of the window, -1 when it has gone; Qt raises when it was the last one."""
        try:
            return float(self._cv2.getWindowProperty(self._title, name))
        except self._cv2.error:
            return -1.0

    def close(self) -> None:
        """Take the window away."""
        self._cv2.destroyAllWindows()
        self._cv2.waitKey(1)
