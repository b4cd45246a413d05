"""What comes back to the sockets that packets leave from: RTCP on the port of RTP (RFC 5761)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence

from .address import Address
from .impaired import Sender
from .reports import ReportThread, Take
from .waiting import wait_for_any


class ReturnReader(ReportThread):
    """Hands over what comes back to senders; ``senders`` returns those that there are just now.

    A sender takes another socket when its network comes back, and a stream other senders when it is sent
    elsewhere: they are looked at anew each time.
    """

    def __init__(
        self, senders: Callable[[], Sequence[Sender]], take: Take, tick: Callable[[], float]
    ) -> None:
        super().__init__("RTCP on ports of RTP", take, tick)
        self._senders = senders
        self._bell, self._rope = socket.socketpair()

    def _wait(self, seconds: float) -> None:
        wait_for_any([self._bell.fileno(), *(sender.fileno() for sender in self._senders())], seconds)

    def _ring(self) -> None:
        self._rope.send(b"\0")

    def _read(self) -> Iterator[tuple[bytes, Address, float]]:
        for sender in self._senders():
            yield from ((*came, time.monotonic()) for came in sender.returned())

    def _release(self) -> None:
        self._bell.close()
        self._rope.close()
