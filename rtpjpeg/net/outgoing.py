"""The sending end of UDP: a train leaves in one system call where the kernel allows it.

It goes the best of three ways: UDP_SEGMENT (the kernel cuts the train into packets), sendmmsg (the
kernel walks a list of packets), one call a packet. The sender never waits and never gives up: what
the kernel refuses is counted, and goes another way or once more where that can help.
"""

from __future__ import annotations

import errno
import socket
import threading
from typing import Self

from ..errors import ConfigError, TransportError
from ..train import PacketTrain
from . import gso, mmsg
from .address import Address, check_port, plain, resolve
from .options import LINUX, Departure, errno_name, family_of
from .trouble import DOWN, FULL, UNCUT, Next, Trouble

LEAST_MTU = 576
"""What every host takes (RFC 791 section 3.1). While a cable is out Linux says 68 of its route."""
LARGEST_RETURNED = 2048
"""Bytes of a datagram that is read; RTCP alone comes back."""
MOST_RETURNED = 64
"""Datagrams that are read before the sender may send again."""


class UdpSender:
    """Sends trains to one address.

    ``destination`` is a host name or address, and a port. ``dscp`` is 0 to 63 (RFC 2474), ``ttl`` the
    hops of an IP packet. ``interface`` is a name or, for IPv4, an address; a multicast group goes out there.
    With ``takes_over`` the local port may be one that another ``UdpSender`` still has. Raises
    ``TransportError`` when the socket cannot be opened, ``ConfigError`` for a number out of range.
    """

    def __init__(
        self,
        destination: tuple[str, int],
        *,
        local_port: int = 0,
        dscp: int = 0,
        ttl: int | None = None,
        interface: str | None = None,
        send_buffer: int = 1 << 20,
        takes_over: bool = False,
    ) -> None:
        host, port = destination
        _check_range("dscp", dscp, 0, 63)
        _check_range("ttl", 1 if ttl is None else ttl, 1, 255)
        check_port(local_port, 0, "local port")
        endpoint = resolve(host, check_port(port))
        self.destination = endpoint
        self.packets_sent = 0
        self.packets_dropped = 0
        """Packets that the kernel did not take."""
        self.bytes_sent = 0
        """Bytes of the packets taken, IP and UDP headers not counted."""
        self.send_errors = 0
        """Errors that the kernel reported."""
        self.notices: list[str] = []
        """Sentences to say once; whoever says them empties the list."""
        self.path_mtu: int | None = None
        """Largest IP packet of the route in bytes, once packets were too large for it."""
        self.local_address: Address = ("", local_port)
        self.departure = Departure(endpoint, dscp, ttl, interface, send_buffer, takes_over)
        """How packets leave."""
        self._options = family_of(endpoint)
        self._most_bytes = gso.MOST_BYTES[endpoint.family]
        self._vector = mmsg.SendVector()
        self._listing = mmsg.sendmmsg is not None
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._use(self.departure.open(local_port))

    def send(self, train: PacketTrain) -> int:
        """Send the packets of a train in their order; return how many the kernel took.

        Never waits and raises nothing for what the network does: see ``send_errors``, ``notices``.
        """
        with self._lock:
            if self._closed:
                return 0
            if not self._connected:
                self._reopen()
            taken = self._send(train) if self._connected else 0
            self.packets_sent += taken
            self.packets_dropped += len(train) - taken
            return taken

    def tell(self, data: bytes) -> bool:
        """Send one datagram beside the packets, uncounted; False where the kernel did not take it."""
        with self._lock:
            try:
                return self._connected and self._socket.send(data) == len(data)
            except OSError:
                return False

    def returned(self) -> list[tuple[bytes, Address]]:
        """Return the datagrams that came back, each with its source; never waits."""
        found: list[tuple[bytes, Address]] = []
        with self._lock:
            for _ in range(MOST_RETURNED):
                try:
                    data, source = self._socket.recvfrom(LARGEST_RETURNED)
                except ConnectionError:
                    self._note_refusal()
                except OSError:  # nothing more, or closed
                    break
                else:
                    found.append((data, plain(source)))
        return found

    def fileno(self) -> int:
        """Return the file descriptor, to wait on together with others; -1 when closed."""
        return self._socket.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; a later ``send`` sends nothing."""
        with self._lock:
            self._closed = True
            self._socket.close()

    def _send(self, train: PacketTrain) -> int:
        trouble = Trouble()
        segmenting = self._segmenting and 0 < train.segment_size <= self._most_bytes
        first = taken = 0
        while first < len(train):
            try:
                count = self._push(train, first, segmenting)
            except OSError as error:
                step = self._answer(error, trouble.judge(error.errno or 0, first, segmenting), train)
                if step is Next.STOP:
                    break
                segmenting = segmenting and step is not Next.UNCUT
                first += step is Next.SKIP
            else:
                self.bytes_sent += int(train.lengths[first : first + count].sum())
                first += count
                taken += count
        return taken

    def _push(self, train: PacketTrain, first: int, segmenting: bool) -> int:
        """Hand packets from ``first`` on to the kernel in one call; return how many it took."""
        if segmenting:
            return gso.send_segments(self._socket, self._most_bytes, train, first)
        self._fits(int(train.lengths.max()))
        if self._listing:
            return self._vector.send(self._socket.fileno(), train, first)
        return gso.send_one(self._socket, train, first)

    def _answer(self, error: OSError, step: Next, train: PacketTrain) -> Next:
        """Count and say an error, do what the next step needs, and return the step after that."""
        self.send_errors += 1
        name, to = errno_name(error), self.destination
        if step is Next.UNCUT and error.errno in UNCUT:
            if self._fits(train.segment_size):
                self._segmenting = False
                self._say("uncut", f"packets to {to} are not cut by the kernel ({name}): they go by sendmmsg")
        elif error.errno == errno.ENOSYS:  # a sandbox may know fewer calls than its kernel
            self._listing = False
            self._say("listing", f"sendmmsg is not allowed here ({name}): packets go one by one")
        elif error.errno in FULL:
            self._say("full", f"the send buffer to {to} is full ({name}): the rest of a frame was dropped")
        elif error.errno == errno.ECONNREFUSED:
            self._say_refused()
        else:
            self._say(name, f"sending to {to} met an error ({name}) and goes on")
        if step is Next.REOPEN:
            self._reopen()
            return Next.AGAIN if self._connected else Next.STOP
        return step

    def _note_refusal(self) -> None:
        """Count an answer that the one who reads has met before the one who sends."""
        self.send_errors += 1
        self._say_refused()

    def _say_refused(self) -> None:
        name = errno_name(OSError(errno.ECONNREFUSED, ""))
        self._say("refused", f"nobody listens on {self.destination} ({name}): sending goes on")

    def _fits(self, packet: int) -> bool:
        """Return whether the route takes packets of this many bytes; note its MTU when it does not."""
        mtu = self._route_mtu()
        if mtu is None or packet + self._options.headers <= mtu:
            return True
        self.path_mtu = mtu
        self._say(
            f"mtu {mtu}",
            f"the route to {self.destination} takes IP packets of {mtu} bytes, smaller than those sent: "
            "they go in fragments until the packets of the next frames are smaller",
        )
        return False

    def _route_mtu(self) -> int | None:
        if not LINUX:
            return None
        try:
            mtu = self._socket.getsockopt(self._options.level, self._options.mtu)
        except OSError:  # no route just now
            return None
        return mtu if mtu >= LEAST_MTU else None

    def _use(self, sock: socket.socket) -> None:
        """Take a fresh socket and connect it; a network that is down is met again at the next train."""
        self._socket = sock
        self._segmenting = gso.can_segment(sock)
        try:
            self.departure.connect(sock)
        except OSError as error:
            if error.errno not in DOWN:
                sock.close()
                raise TransportError(f"{self.destination} cannot be reached: {error.strerror}") from None
            self.send_errors += 1
            self._connected = False
            reason = errno_name(error)
            self._say("down", f"no way to {self.destination} ({reason}): tried again at each frame")
            return
        self._connected = True
        self.local_address = plain(sock.getsockname())

    def _reopen(self) -> None:
        """Take a new socket on the same port: the old one is tied to an address that is gone."""
        self._socket.close()
        self._connected = False
        try:
            self._use(self.departure.open(self.local_address[1]))
        except TransportError as error:
            self.send_errors += 1
            self._say("reopen", str(error))

    def _say(self, key: str, sentence: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self.notices.append(sentence)


def _check_range(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ConfigError(f"{name}: found {value}, expected {lowest} to {highest}")
