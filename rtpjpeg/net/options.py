"""Sockets, opened with the options that video needs, and one sentence where that fails."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import TransportError
from .address import Address, Endpoint, interface_index, is_address, membership, multicast_interface, scoped

LINUX = sys.platform.startswith("linux")
SO_BINDTODEVICE = 25
SO_RXQ_OVFL = 40
SO_MEMINFO = 55
MEMINFO_DROPS = 8
"""Place of the drop counter among the uint32 of SO_MEMINFO (linux/sock_diag.h)."""

PMTUDISC_DONT = 0


@dataclass(frozen=True, slots=True)
class Family:
    """The numbers of the options that IPv4 and IPv6 each have in their own way."""

    level: int
    traffic_class: int
    ttl: int
    multicast_ttl: int
    multicast_interface: int
    join: int
    mtu: int
    mtu_discover: int
    headers: int
    """Bytes of the IP and UDP headers."""


_FAMILIES = {
    socket.AF_INET: Family(
        socket.IPPROTO_IP,
        socket.IP_TOS,
        socket.IP_TTL,
        socket.IP_MULTICAST_TTL,
        socket.IP_MULTICAST_IF,
        socket.IP_ADD_MEMBERSHIP,
        mtu=14,
        mtu_discover=10,
        headers=28,
    ),
    socket.AF_INET6: Family(
        socket.IPPROTO_IPV6,
        getattr(socket, "IPV6_TCLASS", 67),
        socket.IPV6_UNICAST_HOPS,
        socket.IPV6_MULTICAST_HOPS,
        socket.IPV6_MULTICAST_IF,
        socket.IPV6_JOIN_GROUP,
        mtu=24,
        mtu_discover=23,
        headers=48,
    ),
}


def family_of(endpoint: Endpoint) -> Family:
    """Return the option numbers for an endpoint's family."""
    return _FAMILIES[endpoint.family]


@dataclass(frozen=True, slots=True)
class Departure:
    """How datagrams leave: everything a sending socket is opened with."""

    destination: Endpoint
    dscp: int = 0
    ttl: int | None = None
    interface: str | None = None
    send_buffer: int = 1 << 20
    takes_over: bool = False
    """True where the local port may be that of another socket of ours, whose place this one takes."""

    def open(self, local_port: int) -> socket.socket:
        """Return a non-blocking socket, not yet connected. Raises ``TransportError``."""
        with _opening(self.destination.family, f"a socket to {self.destination}") as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
            self._mark(sock)
            self._choose_interface(sock)
            self._bind(sock, local_port)
        return sock

    def connect(self, sock: socket.socket) -> None:
        """Tie the socket to its destination, so that the kernel looks the route up once. Raises OSError."""
        sock.connect(scoped(self.destination, self.interface))

    def mark(self, sock: socket.socket) -> None:
        """Let another socket, not a connected one, mark what it sends to this destination in the same way.

        Raises OSError, ``TransportError``.
        """
        self._mark(sock)
        if self.destination.multicast:
            self._choose_interface(sock)

    @property
    def device(self) -> str:
        """The network interface that packets are tied to; empty where the route decides."""
        tied = self.interface and not self.destination.multicast and not is_address(self.interface)
        return self.interface if self.interface and tied else ""

    @property
    def home(self) -> str:
        """The local address that packets leave from; empty where the route decides."""
        unicast = not self.destination.multicast
        return self.interface if unicast and self.interface and is_address(self.interface) else ""

    def _mark(self, sock: socket.socket) -> None:
        """Set what stands in every IP header: traffic class, hops, and whether routers may fragment."""
        options = family_of(self.destination)
        if self.dscp:
            sock.setsockopt(options.level, options.traffic_class, self.dscp << 2)
        if self.ttl is not None:
            hops = options.multicast_ttl if self.destination.multicast else options.ttl
            sock.setsockopt(options.level, hops, self.ttl)
        if LINUX:
            # Path MTU discovery pays with lost packets: the first frame over a router with a
            # smaller MTU dies there. Fragments arrive, so a packet that is too large still does.
            sock.setsockopt(options.level, options.mtu_discover, PMTUDISC_DONT)

    def _choose_interface(self, sock: socket.socket) -> None:
        options = family_of(self.destination)
        if self.destination.multicast:
            value = multicast_interface(self.destination.family, self.interface)
            sock.setsockopt(options.level, options.multicast_interface, value)
        elif self.device:
            bind_to_device(sock, self.device)

    def _bind(self, sock: socket.socket, local_port: int) -> None:
        """Take the local port; where the interface is given as an address, leave from that address."""
        host = self.home
        if not host and not local_port:
            return
        if self.takes_over:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, local_port))
        except OSError as error:
            raise cannot_bind(error, host, local_port, "local port") from None
        # A port is shared where both sides say so; who does not say it in front of bind finds it taken.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where datagrams arrive: everything a receiving socket is opened with."""

    endpoint: Endpoint
    interface: str | None = None
    receive_buffer: int = 4 << 20

    def open(self) -> socket.socket:
        """Return a bound non-blocking socket, a member of its group. Raises ``TransportError``."""
        with _opening(self.endpoint.family, f"a socket on {self.endpoint}") as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
            if LINUX:
                sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            self._bind(sock)
            if self.endpoint.multicast:
                self._join(sock)
        return sock

    def _bind(self, sock: socket.socket) -> None:
        """Bind. Only a multicast port is shared: sharing a unicast one lets a second program take it all."""
        if self.endpoint.multicast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif self.interface:
            bind_to_device(sock, self.interface)
        if self.endpoint.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, self.endpoint.ip != "::")
        try:
            sock.bind(scoped(self.endpoint, self.interface))
        except OSError as error:
            raise cannot_bind(error, self.endpoint.host, self.endpoint.port, "port") from None

    def _join(self, sock: socket.socket) -> None:
        options = family_of(self.endpoint)
        try:
            sock.setsockopt(options.level, options.join, membership(self.endpoint, self.interface))
        except OSError as error:
            where = f" on {self.interface}" if self.interface else "; name the interface"
            raise TransportError(f"group {self.endpoint} cannot be joined{where}: {error.strerror}") from None


@contextmanager
def _opening(family: socket.AddressFamily, what: str) -> Iterator[socket.socket]:
    """Make a non-blocking socket and close it again when an option cannot be set."""
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise TransportError(f"{what} cannot be opened: {error.strerror}") from None
    try:
        sock.setblocking(False)
        yield sock
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            raise TransportError(f"{what} cannot be opened: {error.strerror}") from None
        raise


def bind_to_device(sock: socket.socket, interface: str) -> None:
    """Let a unicast socket use one interface only. Raises ``TransportError``."""
    interface_index(interface)
    if not LINUX:
        raise TransportError(f"interface {interface!r}: only Linux ties a unicast socket to an interface")
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, interface.encode())
    except OSError as error:
        raise TransportError(f"interface {interface!r} cannot be used: {error.strerror}") from None


def cannot_bind(error: OSError, host: str, port: int, what: str) -> TransportError:
    """Return the sentence that says why a port could not be taken."""
    reasons = {
        errno.EADDRINUSE: "it is taken by another program",
        errno.EACCES: "ports below 1024 need more rights",
        errno.EADDRNOTAVAIL: f"{host} is no address of this machine",
    }
    reason = reasons.get(error.errno or 0) or error.strerror or str(error)
    place = f" on {host}" if host else ""
    return TransportError(f"{what} {port}{place} cannot be opened: {reason}")


def reached_by(sock: socket.socket, address: Address) -> Address:
    """Return an address as a socket takes it: one of IPv6 has IPv4 addresses mapped."""
    host, port = address
    mapped = sock.family == socket.AF_INET6 and ":" not in host
    return f"::ffff:{host}" if mapped else host, port


def send_to(sock: socket.socket, data: bytes, address: Address) -> bool:
    """Send one datagram, never waiting; False where the kernel did not take it."""
    try:
        sock.sendto(data, reached_by(sock, address))
    except (OSError, OverflowError):
        return False
    return True


def any_address(port: int) -> Endpoint:
    """Return the endpoint of all local addresses, IPv6 and IPv4 where the machine has both."""
    if socket.has_dualstack_ipv6():
        return Endpoint("", port, socket.AF_INET6, ("::", port))
    return Endpoint("", port, socket.AF_INET, ("0.0.0.0", port))


def errno_name(error: OSError) -> str:
    """Return an error the way manual pages write it: its name and its words."""
    number = error.errno or 0
    return f"{errno.errorcode.get(number, str(number))}, {os.strerror(number)}"
