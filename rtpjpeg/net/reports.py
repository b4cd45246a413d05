"""The sockets of RTCP: a few small datagrams each way, read by a thread of its own."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from ..errors import TransportError
from .address import Address, Endpoint, plain
from .options import Arrival, Departure, bind_to_device, send_to
from .origin import send_from
from .stamps import ANCILLARY, arrival_time, stamp_arrivals
from .waiting import Waiter

LARGEST = 2048
"""Bytes of a datagram that is read."""
BUFFER = 1 << 18
LONGEST_WAIT = 0.5
"""Seconds between two looks at the timer, the most."""
AT_ONCE = 64
"""Datagrams that are read before the timer is looked at again."""

_log = logging.getLogger(__name__)

Take = Callable[[bytes, Address, float], object]
"""Takes a datagram, its source, and when it came, in seconds of the monotonic clock."""


class Outlet(Protocol):
    """Where RTCP leaves: a socket of its own, or that on which RTP comes."""

    def send(self, data: bytes, address: Address) -> bool:
        """Send one datagram, never waiting; False where the kernel did not take it."""


class ReportThread(ABC):
    """Reads what comes and looks at the timer, in a thread that ``start`` begins.

    ``take`` is handed each datagram, its source and when it came. ``tick`` is called whenever something came
    and when the time that it returned last, in seconds, is over; both in the thread.
    """

    def __init__(self, name: str, take: Take, tick: Callable[[], float]) -> None:
        self._take = take
        self._tick = tick
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def wake(self) -> None:
        """Let the thread end."""
        self._stop.set()
        with suppress(OSError):
            self._ring()

    def close(self) -> None:
        """End the thread and close its sockets; may be called twice, and by the thread itself."""
        self.wake()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        with suppress(OSError):
            self._release()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wait(max(0.0, min(self._tick(), LONGEST_WAIT)))
                for data, source, when in self._read():
                    self._take(data, source, when)
        except OSError as error:
            if not self._stop.is_set():
                _log.debug("%s ends: %s", self._thread.name, error)

    @abstractmethod
    def _wait(self, seconds: float) -> None:
        """Wait for a datagram, or until ``_ring`` is called."""

    @abstractmethod
    def _ring(self) -> None: ...

    @abstractmethod
    def _read(self) -> Iterable[tuple[bytes, Address, float]]:
        """Return or yield what has come, never waiting."""

    @abstractmethod
    def _release(self) -> None:
        """Close what was opened."""


class ReportSocket(ReportThread):
    """Sends RTCP and hands over what comes, on a port of its own.

    ``endpoint`` is where it listens. Raises ``TransportError`` when the port cannot be opened.
    """

    def __init__(self, endpoint: Endpoint, take: Take, tick: Callable[[], float]) -> None:
        self._socket = Arrival(endpoint, None, BUFFER).open()
        self.local_address: Address = plain(self._socket.getsockname())
        stamp_arrivals(self._socket)
        self._waiter = Waiter(self._socket)
        super().__init__(f"RTCP of port {self.local_address[1]}", take, tick)

    def follow(self, departures: Sequence[Departure]) -> None:
        """Let RTCP leave as RTP does: with its traffic class and hops, and by the same interface."""
        devices = {departure.device for departure in departures}
        # What a system cannot set on a socket of both families is left as it is.
        for departure in departures:
            with suppress(OSError):
                departure.mark(self._socket)
        if len(devices) == 1 and (device := devices.pop()):
            with suppress(TransportError):
                bind_to_device(self._socket, device)

    def send(self, data: bytes, address: Address) -> bool:
        """Send one datagram, never waiting; False where the kernel did not take it."""
        return send_to(self._socket, data, address)

    def send_from(self, data: bytes, address: Address, home: str, device: str) -> bool:
        """Send one datagram from a local address, by an interface where one is named, if that can be."""
        return send_from(self._socket, data, address, home, device)

    def _wait(self, seconds: float) -> None:
        self._waiter.wait(seconds)

    def _ring(self) -> None:
        self._waiter.wake()

    def _read(self) -> Iterable[tuple[bytes, Address, float]]:
        for _ in range(AT_ONCE):
            try:
                data, told, _, source = self._socket.recvmsg(LARGEST, ANCILLARY)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # An earlier datagram found nobody.
            yield data, plain(source), arrival_time(told)

    def _release(self) -> None:
        self._socket.close()
        self._waiter.close()


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
