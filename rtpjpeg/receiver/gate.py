"""A gate for log lines: one a second for each cause, with a count, whatever the network brings."""

from __future__ import annotations

INTERVAL = 1.0
"""Seconds from one line of a cause to the next."""
CAUSES = 64
"""Causes that are told apart; what is behind them is only counted in the statistics."""


class Gate:
    """Decides which of many equal lines is said."""

    def __init__(self) -> None:
        self._causes: dict[str, tuple[float, int]] = {}

    def passes(self, cause: str, now: float) -> int:
        """Return how many of this cause a line said now stands for, itself included; 0 to say nothing."""
        if cause not in self._causes and len(self._causes) >= CAUSES:
            return 0
        said_at, held = self._causes.get(cause, (float("-inf"), 0))
        if now - said_at < INTERVAL:
            self._causes[cause] = said_at, held + 1
            return 0
        self._causes[cause] = now, 0
        return held + 1


def more_text(count: int) -> str:
    """Return what a line says behind its sentence where it stands for ``count`` of its kind."""
    return f" ({count - 1} more like it since the last line)" if count > 1 else ""
