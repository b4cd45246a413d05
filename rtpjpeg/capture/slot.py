"""The slot: one place between two threads, where a newer item takes the place of an older one.

Between a device and its reader, a live camera and the network, the network and the eye, a queue would
only make pictures old.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Slot(Generic[Item]):
    """Holds at most one item; any thread may put and get."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._closed = False

    def put(self, item: Item) -> bool:
        """Put an item in; True when one was still there, which nobody gets any more."""
        with self._changed:
            replaced = self._item is not None
            self._item = item
            self._changed.notify()
            return replaced

    def get(self, timeout: float | None = None) -> Item | None:
        """Take the item, waiting for it; None after ``timeout`` seconds, or when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let waiting threads go; an item that is still there can be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """True when nothing more comes; an item may still be there."""
        return self._closed
