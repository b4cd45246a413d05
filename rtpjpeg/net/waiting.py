"""Waiting for a datagram, in a way that another thread can end."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress


class Waiter:
    """Waits until a socket is readable, the time is over, or ``wake`` is called."""

    def __init__(self, sock: socket.socket) -> None:
        self._bell, self._rope = socket.socketpair()
        self._wait: Callable[[float | None], object]
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            poll.register(self._bell, select.POLLIN)
            self._wait = lambda timeout: poll.poll(None if timeout is None else timeout * 1000)
        else:
            self._wait = lambda timeout: select.select([sock, self._bell], [], [], timeout)

    def wait(self, timeout: float | None) -> None:
        """Wait; None means without end, and a time already over means not at all. Seconds."""
        self._wait(timeout if timeout is None else max(0.0, timeout))

    def wake(self) -> None:
        """End every wait, now and from now on."""
        self._rope.send(b"\0")

    def close(self) -> None:
        self._bell.close()
        self._rope.close()


def wait_for_any(files: Sequence[int], timeout: float) -> None:
    """Wait until one of these file descriptors is readable, so many seconds at most.

    One that is -1 is left out, and one that is closed meanwhile is no fault.
    """
    there = [file for file in files if file >= 0]
    if hasattr(select, "poll"):
        poll = select.poll()
        for file in there:
            poll.register(file, select.POLLIN)
        poll.poll(timeout * 1000)
    else:
        with suppress(OSError):
            select.select(there, [], [], timeout)
