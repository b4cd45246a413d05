"""The receiving end of UDP: all that waits is read, most often in one system call."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Self

from ..errors import TransportError
from ..serial import timestamp_difference
from . import gso, mmsg
from .address import Address, check_port, plain, resolve
from .options import LINUX, MEMINFO_DROPS, SO_MEMINFO, Arrival, any_address, errno_name, send_to
from .slots import MmsgReader, PlainReader, Reader, Received
from .waiting import Waiter

FEW = 8
"""Single datagrams that are worth a nap; who finds more came late enough to find a burst."""

_MEMINFO = struct.Struct("@9I")


class UdpReceiver:
    """Receives trains on one port, from anyone.

    ``host`` is a local address, a multicast group that is joined on ``interface``, or "" for all local
    addresses. ``coalesce`` is a time in seconds to wait after a few single datagrams have come, so that
    the next ones are read with them; a burst, and a train joined by the kernel, never waits.
    Raises ``TransportError`` when the port cannot be opened.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        interface: str | None = None,
        receive_buffer: int = 4 << 20,
        coalesce: float = 0.0,
    ) -> None:
        check_port(port, 0)
        endpoint = resolve(host, port) if host else any_address(port)
        self.notices: list[str] = []
        """Sentences to say once; whoever says them empties the list."""
        self._socket = Arrival(endpoint, interface, receive_buffer).open()
        gso.join_segments(self._socket)
        self.local_address: Address = plain(self._socket.getsockname())
        self.granted_buffer = self._granted(receive_buffer)
        """Bytes that the kernel granted of those asked, counted as it counts ``net.core.rmem_max``."""
        self.asked_buffer = receive_buffer
        self._reader: Reader = PlainReader() if mmsg.recvmmsg is None else MmsgReader()
        self._waiter = Waiter(self._socket)
        self._coalesce = coalesce
        self._lock = threading.Lock()
        self._closed = False
        self._dropped = (0, 0)  # datagrams, and the kernel's counter when they were counted

    def fileno(self) -> int:
        """Return the file descriptor, to wait on together with others; -1 when closed."""
        return self._socket.fileno()

    def receive(self, timeout: float | None = None) -> list[Received]:
        """Return all that has come, in trains of one source each, with that source, in order of arrival.

        Waits up to ``timeout`` seconds for the first datagram, None without end. Empty when the time is over
        or the receiver was closed meanwhile. The trains own their memory.
        Raises ``TransportError`` when the socket itself fails.
        """
        with self._lock:
            if self._closed:
                return []
            self._waiter.wait(timeout)
            if self._closed:
                return []
            try:
                return self._read_all()
            except OSError as error:
                if error.errno != errno.ENOSYS:
                    port = self.local_address[1]
                    raise TransportError(f"port {port} cannot be read: {errno_name(error)}") from None
                self._reader = PlainReader()  # a sandbox may know fewer calls than its kernel
                return self._read_all()

    def send(self, data: bytes, address: Address) -> bool:
        """Send one datagram from this port, never waiting; False where the kernel did not take it."""
        return send_to(self._socket, data, address)

    def _read_all(self) -> list[Received]:
        """Read until nothing waits; what comes faster than that ends at what the buffer can hold."""
        count = self._read(self._coalesce)
        found = self._reader.trains(count) if count else []
        size = 0
        while count == self._reader.slots and size < 2 * self.granted_buffer:
            size += int(self._reader.lengths.sum())
            count = self._read(0.0)
            found += self._reader.trains(count) if count else []
        return found

    def _read(self, coalesce: float) -> int:
        """Read what waits; return how many slots of the reader are full."""
        reader = self._reader
        count = reader.read(self._socket, 0)
        if coalesce and 0 < count < FEW and not reader.joined(count):
            time.sleep(coalesce)
            count = reader.read(self._socket, count)
        if reader.drops is not None:
            self._dropped = self._counted(reader.drops), reader.drops
            reader.drops = None
        return count

    @property
    def kernel_drops(self) -> int:
        """Datagrams that came and found the receive buffer full."""
        try:
            info = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size) if LINUX else b""
        except OSError:  # closed
            info = b""
        if len(info) != _MEMINFO.size:
            return self._dropped[0]
        return self._counted(_MEMINFO.unpack(info)[MEMINFO_DROPS])

    def _counted(self, counter: int) -> int:
        """Return all drops, now that the kernel's counter (32 bits, it wraps) stands here."""
        drops, before = self._dropped
        return drops + max(0, timestamp_difference(counter, before))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wake(self) -> None:
        """End every wait in ``receive``, now and from now on; never waits itself."""
        with suppress(OSError):  # closed
            self._waiter.wake()

    def close(self) -> None:
        """Close the socket and wake a thread that waits in ``receive``."""
        if self._closed:
            return
        self._closed = True
        self._waiter.wake()
        with self._lock:
            self._dropped = self.kernel_drops, 0
            self._socket.close()
            self._waiter.close()

    def _granted(self, asked: int) -> int:
        granted = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        granted //= 2 if LINUX else 1  # Linux doubles what it grants, for its own bookkeeping
        if granted < asked:
            self.notices.append(
                f"the receive buffer of port {self.local_address[1]} holds {granted} of {asked} bytes asked, "
                f"so bursts may be lost; raise it with: sysctl -w net.core.rmem_max={asked}"
            )
        return granted
