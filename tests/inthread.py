"""What works in a thread of its own while a block runs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class InThread(ABC):
    """Runs ``_run`` in a thread from the begin of the block to its end."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._wake()
        self._thread.join()
        self._release()

    @abstractmethod
    def _run(self) -> None:
        """Work until ``_stop`` is set."""

    def _wake(self) -> None:  # noqa: B027 - most look at ``_stop`` by themselves
        """End what ``_run`` waits for."""

    @abstractmethod
    def _release(self) -> None:
        """Close what was opened."""
