"""Where the pictures or their statistics are shown while they come: a window, a table, or nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from .table import LiveTable
from .view import REFRESH, View
from .viewer import QUIT_KEYS, Window


class Display(Protocol):
    """Shows views; main thread only."""

    pace: float | None
    """Seconds after which ``update`` is called though nothing new has come; None for never."""
    wants_pictures: bool
    """True when ``update`` is to be called at each new picture."""

    def update(self, views: Sequence[View]) -> bool:
        """Show what is new; False when the user wants to end."""

    def close(self) -> None:
        """Take the display away."""


class NoDisplay:
    """Shows nothing."""

    pace: float | None = None
    wants_pictures = False

    def update(self, views: Sequence[View]) -> bool:
        return True

    def close(self) -> None:
        pass


class TableDisplay:
    """Shows the statistics once a second, or more often where the table is drawn over itself."""

    def __init__(self, table: LiveTable, pace: float = 1.0) -> None:
        self.pace: float | None = pace
        self.wants_pictures = False
        self._table = table
        self._next = time.monotonic() + pace

    def update(self, views: Sequence[View]) -> bool:
        now = time.monotonic()
        if now >= self._next and self.pace is not None:
            self._next = now + self.pace
            self._table.update([view.live_statistics(now) for view in views])
        return True

    def close(self) -> None:
        self._table.close()


class WindowDisplay:
    """Shows the pictures; q or Escape ends, s saves what is shown, closing the window ends too."""

    def __init__(self, window: Window, save: Callable[[], object]) -> None:
        self.pace: float | None = 0.02
        self.wants_pictures = True
        self._window = window
        self._save = save
        self._shown: tuple[int, ...] = ()
        self._drawn_at = 0.0

    def update(self, views: Sequence[View]) -> bool:
        now = time.monotonic()
        shown = tuple(view.pictures.frames_shown for view in views)
        if views and (shown != self._shown or now - self._drawn_at >= REFRESH):
            self._shown, self._drawn_at = shown, now
            self._window.show([view.card(now) for view in views])
        key = self._window.key()
        if key == ord("s"):
            self._save()
        return key not in QUIT_KEYS and (not self._drawn_at or self._window.is_open())

    def close(self) -> None:
        self._window.close()
