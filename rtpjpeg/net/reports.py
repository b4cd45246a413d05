"""The socket of RTCP: a few small datagrams each way, read by a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from socket import AF_INET6

from ..errors import TransportError
from .address import Address, Endpoint, plain
from .options import Arrival
from .waiting import Waiter

LARGEST = 2048
"""Bytes of a datagram that is read."""
BUFFER = 1 << 18
LONGEST_WAIT = 0.5
"""Seconds between two looks at the timer, the most."""
AT_ONCE = 64
"""Datagrams that are read before the timer is looked at again."""

_log = logging.getLogger(__name__)

Take = Callable[[bytes, Address], object]


class ReportSocket:
    """Sends RTCP and hands over what comes.

    ``endpoint`` is where it listens. ``take`` is handed each datagram and its source, ``tick`` is called
    whenever something came and when the time that it returned last, in seconds, is over; both in the thread
    of the socket, which ``start`` begins. Raises ``TransportError`` when the port cannot be opened.
    """

    def __init__(self, endpoint: Endpoint, take: Take, tick: Callable[[], float]) -> None:
        self._socket = Arrival(endpoint, None, BUFFER).open()
        self.local_address: Address = plain(self._socket.getsockname())
        self._mapped = self._socket.family == AF_INET6
        self._waiter = Waiter(self._socket)
        self._take = take
        self._tick = tick
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"RTCP of port {self.local_address[1]}", daemon=True
        )

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def send(self, data: bytes, address: Address) -> bool:
        """Send one datagram, never waiting; False where the kernel did not take it."""
        host, port = address
        if self._mapped and ":" not in host:
            host = f"::ffff:{host}"
        try:
            self._socket.sendto(data, (host, port))
        except (OSError, OverflowError):
            return False
        return True

    def wake(self) -> None:
        """Let the thread end."""
        self._stop.set()
        with suppress(OSError):
            self._waiter.wake()

    def close(self) -> None:
        """End the thread and close the socket; may be called twice, and by the thread itself."""
        self.wake()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        self._socket.close()
        with suppress(OSError):
            self._waiter.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._waiter.wait(max(0.0, min(self._tick(), LONGEST_WAIT)))
                self._read()
        except OSError as error:
            if not self._stop.is_set():
                _log.debug("RTCP of port %d ends: %s", self.local_address[1], error)

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, source = self._socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # An earlier datagram found nobody.
            self._take(data, plain(source))


def open_reports(
    endpoints: list[Endpoint], take: Take, tick: Callable[[], float]
) -> tuple[ReportSocket | None, str]:
    """Return a socket at the first of these places that is free, and why there is none."""
    said = ""
    for endpoint in endpoints:
        try:
            return ReportSocket(endpoint, take, tick), ""
        except TransportError as error:
            said = said or str(error)
    return None, said
