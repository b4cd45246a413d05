"""A bar on a terminal while a file is read; nothing where stderr goes into a pipe or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Advance = Callable[[int], None]
"""Takes the bytes that were read since the last call."""


@contextmanager
def progress(total_bytes: int | None, what: str = "reading", console: Any = None) -> Iterator[Advance]:
    """Show how much of ``total_bytes`` is read while the block runs, then take the bar away.

    None where nobody knows how much will come. Without a terminal at stderr, and without rich, nothing is
    shown. ``console`` is one of rich's, by default stderr.
    """
    bar = _bar(console)
    if bar is None:
        yield lambda count: None
        return
    with bar:
        task = bar.add_task(what, total=total_bytes)
        yield lambda count: bar.advance(task, count)


def _bar(console: Any) -> Any:
    if console is None and not sys.stderr.isatty():
        return None
    try:
        from rich import progress as rich_progress
        from rich.console import Console
    except ImportError:
        return None
    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.DownloadColumn(),
        rich_progress.TransferSpeedColumn(),
        rich_progress.TimeRemainingColumn(),
        console=console or Console(stderr=True),
        transient=True,
    )
