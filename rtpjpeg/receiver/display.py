"""Where the pictures or their statistics are shown while they come: a window, a table, or nowhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from .pictures import Picture
from .table import LiveTable
from .view import View
from .watch import LIVE
from .window.canvas import FROZEN, RECORDING, Canvas, Tile, size_of
from .window.controls import Actions, Controls, Shown
from .window.layout import natural
from .window.panel import figures_rows
from .window.viewer import LARGEST, Window

REPAINT = 0.5
"""Seconds after which the window is painted though nothing is new: some toolkits lose what they were shown
while the window came up."""


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
    """Shows the pictures, and does what the keys say. The newest picture is drawn, however many came."""

    def __init__(self, window: Window, actions: Actions) -> None:
        self.pace: float | None = 0.02
        self.wants_pictures = True
        self._window = window
        self._canvas = Canvas()
        self._controls = Controls(actions, window.toggle_full_screen)
        self._shown_at = float("-inf")
        self._painted: dict[View, Picture] = {}
        """The picture of each stream that was on the screen last."""

    def update(self, views: Sequence[View]) -> bool:
        now = time.monotonic()
        shown = self._controls.shown(views)
        tiles = [self._tile(view, picture, now) for view, picture in shown]
        if views:
            self._window.fit(natural([size_of(view.pictures.image) for view in views], LARGEST))
        message, help_ = self._controls.message(now), self._controls.help
        drawn = self._canvas.draw(tiles, self._window.size, message, help_)
        if drawn or now - self._shown_at >= REPAINT:
            self._shown_at = now
            self._window.show(self._canvas.image)
        code = self._window.key()
        if drawn:
            self._note(shown)
        self._controls.press(code, views, now)
        return not self._controls.ended and self._window.is_open()

    def _tile(self, view: View, picture: Picture | None, now: float) -> Tile:
        controls, state = self._controls, view.state(now)
        across = state.word != LIVE and not controls.frozen
        marks = [FROZEN] * controls.frozen + [RECORDING] * (controls.overlay and controls.actions.recording())
        return Tile(
            picture.image if picture else None,
            figures_rows(view.figures(now), state, across) if controls.overlay else (),
            state.text if across else "",
            tuple(marks),
        )

    def _note(self, shown: Shown) -> None:
        """Tell each picture that is on the screen for the first time."""
        now = time.monotonic()
        for view, picture in shown:
            if picture is not None and self._painted.get(view) is not picture and not self._controls.frozen:
                self._painted[view] = picture
                view.pictures.note_shown(picture, now)

    def close(self) -> None:
        self._window.close()
