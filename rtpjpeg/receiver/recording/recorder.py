"""The thread that writes recordings, behind a queue that is bounded in bytes.

Receiving and viewing never wait for a disk: what does not fit into the queue is refused, and whoever
offers it counts it. A source that is a file may wait instead.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

LIMIT = 64 << 20
"""Bytes that may wait for the disk."""
COST = 512
"""Bytes of memory for one piece of work, however small."""

Work = Callable[[], object]

_log = logging.getLogger(__name__)


class Recorder:
    """Does what it is handed, one after the other, in a thread of its own.

    ``finish`` is called in that thread at the end, ``failed`` with the fault in its place when a piece of
    work raises: the rest is forgotten then.
    """

    def __init__(
        self, finish: Callable[[], object], failed: Callable[[Exception], object], limit: int = LIMIT
    ) -> None:
        self.octets_held = 0
        """Bytes that wait."""
        self._finish = finish
        self._failed = failed
        self._limit = limit
        self._works: deque[tuple[Work, int]] = deque()
        self._state = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """True while work is taken."""
        return not self._closed

    def put(self, work: Work, size: int, wait: bool = False) -> bool:
        """Hand work in, with the bytes that it keeps in memory; False where it is refused.

        With ``wait`` it is refused only when the recorder ends.
        """
        size += COST
        with self._state:
            while wait and not self._closed and not self._fits(size):
                self._state.wait()
            if self._closed or not self._fits(size):
                return False
            self._works.append((work, size))
            self.octets_held += size
            self._state.notify_all()
            return True

    def _fits(self, size: int) -> bool:
        """Return whether there is room; what is larger than all of it may wait alone."""
        return not self.octets_held or self.octets_held + size <= self._limit

    def close(self) -> None:
        """Take no more work; the thread does what waits, finishes, and ends."""
        with self._state:
            self._closed = True
            self._state.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended, if it was started; False when it takes more than ``timeout``."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (taken := self._take()) is not None:
                work, size = taken
                work()
                self._let_go(size)
            self._finish()
        except Exception as error:
            _log.debug("recorder", exc_info=True)
            self._give_up()
            self._failed(error)

    def _take(self) -> tuple[Work, int] | None:
        """Return the next work, None at the end."""
        with self._state:
            while not self._works and not self._closed:
                self._state.wait()
            return self._works.popleft() if self._works else None

    def _let_go(self, size: int) -> None:
        with self._state:
            self.octets_held -= size
            self._state.notify_all()

    def _give_up(self) -> None:
        with self._state:
            self._closed = True
            self._works.clear()
            self.octets_held = 0
            self._state.notify_all()
