"""Waiting for a datagram, in a way that another thread can end."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable


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
