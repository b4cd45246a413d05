"""What the keys do to the window; its state between two of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import RtpJpegError
from ..pictures import Picture
from ..view import View
from . import keys

MESSAGE_SECONDS = 2.0

_log = logging.getLogger(__name__)
Shown = Sequence[tuple[View, Picture | None]]
"""The streams in the window, each with the picture that is shown of it."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What is done outside of the window; each returns a short message, and may raise ``RtpJpegError``."""

    snapshot: Callable[[Shown], str]
    record: Callable[[], str]
    """Begins a recording, or ends it."""
    recording: Callable[[], bool]
    """Whether one runs now."""


class Controls:
    """The state that keys change. ``full_screen`` makes the window fill the screen, or not."""

    def __init__(self, actions: Actions, full_screen: Callable[[], object]) -> None:
        self.actions = actions
        self.overlay = True
        self.help = False
        self.ended = False
        """True when the user wants to end."""
        self._alone: int | None = None
        self._held: dict[View, Picture | None] | None = None
        self._message = ""
        self._message_until = 0.0
        self._full_screen = full_screen

    @property
    def frozen(self) -> bool:
        """True while the pictures stand still."""
        return self._held is not None

    def shown(self, views: Sequence[View]) -> Shown:
        """Return the streams that are in the window, and their pictures."""
        alone = self._alone
        chosen = views if alone is None or alone >= len(views) else [views[alone]]
        return [(view, self._picture(view)) for view in chosen]

    def _picture(self, view: View) -> Picture | None:
        if self._held is None:
            return view.pictures.newest
        return self._held.get(view, view.pictures.newest)

    def message(self, now: float) -> str:
        """Return what is said at ``now``, monotonic seconds; "" for nothing."""
        return self._message if now < self._message_until else ""

    def press(self, code: int, views: Sequence[View], now: float) -> None:
        """Do what a key code of OpenCV asks for; most ask for nothing."""
        action = keys.action_of(code)
        if action.isdigit():
            self._choose(int(action) - 1, len(views))
        elif action == keys.ALL:
            self._alone = None
        elif action == keys.OVERLAY:
            self.overlay = not self.overlay
        elif action == keys.HELP:
            self.help = not self.help
        elif action == keys.FREEZE:
            self._held = None if self.frozen else {view: view.pictures.newest for view in views}
        elif action == keys.FULL_SCREEN:
            self._full_screen()
        elif action == keys.QUIT:
            self.ended = True
        elif action == keys.SNAPSHOT:
            self._do(lambda: self.actions.snapshot(self.shown(views)), now)
        elif action == keys.RECORD:
            self._do(self.actions.record, now)

    def _choose(self, number: int, count: int) -> None:
        if number < count:
            self._alone = None if self._alone == number else number

    def _do(self, action: Callable[[], str], now: float) -> None:
        """Do something and say what became of it; a fault is said too, and ends nothing."""
        try:
            self._message = action()
        except RtpJpegError as error:
            self._message = str(error)
            _log.error("%s", error)
        self._message_until = now + MESSAGE_SECONDS
