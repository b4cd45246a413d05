"""Names, ports and interfaces: what a user writes, turned into what a socket takes."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from typing import Any

from ..errors import TransportError
from ..sdplines import address_text as address_text

Address = tuple[str, int]
"""An IP address as text and a port."""

REMEMBERED_SOURCES = 64
_FAMILY = struct.Struct("=H")
_PORT = struct.Struct("!2xH")
_IPV6 = struct.Struct("=8x16sI")
_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a UDP path, resolved."""

    host: str
    """As the user wrote it."""

    port: int
    family: socket.AddressFamily
    sockaddr: Any
    """What ``bind`` and ``connect`` of this family take."""

    def __str__(self) -> str:
        return address_text(self.host, self.port)

    @property
    def ip(self) -> str:
        """The address without its scope."""
        return str(self.sockaddr[0]).partition("%")[0]

    @property
    def multicast(self) -> bool:
        return ipaddress.ip_address(self.ip).is_multicast


def check_port(port: int, lowest: int = 1, what: str = "port") -> int:
    """Return the port. Raises ``TransportError`` when it is out of range."""
    if not lowest <= port <= 65535:
        raise TransportError(f"{what} {port}: expected {lowest} to 65535")
    return port


def resolve(host: str, port: int) -> Endpoint:
    """Look a host up. A name with both kinds of address means the IPv4 one, as most receivers do.

    Raises ``TransportError`` when the name is not known.
    """
    found = _look_up(host, port, f"host {host!r} (port {port})")
    family, sockaddr = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return Endpoint(host, port, family, sockaddr)


def any_port(family: socket.AddressFamily, port: int) -> Endpoint:
    """Return a port on all addresses of one family; 0 is any port."""
    host = "::" if family == socket.AF_INET6 else "0.0.0.0"
    return Endpoint(host, port, family, (host, port))


def is_local(host: str) -> bool:
    """Tell whether an IP address is one of this machine, which nobody but its owner can listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind(socket.getaddrinfo(host, 0, family, socket.SOCK_DGRAM)[0][4])
    except OSError:
        return False
    return True


def addresses_of(host: str) -> frozenset[str]:
    """Return all IP addresses of a name, or of itself, without scope, as ``plain`` writes them.

    Raises ``TransportError`` when the name is not known.
    """
    found = _look_up(host, None, f"host {host!r}")
    return frozenset(str(sockaddr[0]).partition("%")[0] for _, sockaddr in found)


def _look_up(host: str, port: int | None, what: str) -> list[tuple[socket.AddressFamily, Any]]:
    """Return family and socket address of all that a name means; ``what`` is its name in a fault."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        raise TransportError(f"{what} is not known: {reason}") from None
    return [(family, sockaddr) for family, *_, sockaddr in found]


def scoped(endpoint: Endpoint, interface: str | None) -> Any:
    """Return the socket address on an interface: a link-local IPv6 one means nothing without (RFC 4007 6)."""
    sockaddr = endpoint.sockaddr
    if endpoint.family == socket.AF_INET6 and interface and not is_address(interface):
        return (*sockaddr[:2], 0, interface_index(interface))
    return sockaddr


def is_address(text: str) -> bool:
    """Return whether the text is an IP address and not a name."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def interface_index(name: str) -> int:
    """Return the number of a network interface. Raises ``TransportError`` when there is none."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        names = ", ".join(name for _, name in socket.if_nameindex())
        raise TransportError(f"interface {name!r} is not there: expected one of {names}") from None


def multicast_interface(family: int, interface: str | None) -> bytes:
    """Return the value of IP_MULTICAST_IF or IPV6_MULTICAST_IF; None leaves the choice to the kernel."""
    if family == socket.AF_INET6:
        return struct.pack("@I", interface_index(interface) if interface else 0)
    if interface and is_address(interface):
        return socket.inet_aton(interface)
    return struct.pack("@4x4xi", interface_index(interface)) if interface else bytes(4)


def membership(group: Endpoint, interface: str | None) -> bytes:
    """Return the value of IP_ADD_MEMBERSHIP or IPV6_JOIN_GROUP (struct ip_mreq, ip_mreqn, ipv6_mreq)."""
    address = socket.inet_pton(group.family, group.ip)
    if group.family == socket.AF_INET6:
        return address + multicast_interface(group.family, interface)
    chosen = multicast_interface(group.family, interface)
    return address + (chosen if len(chosen) == 4 else chosen[4:])


class Sources:
    """Turns raw socket addresses into readable ones and remembers the last few."""

    def __init__(self) -> None:
        self._known: dict[bytes, Address] = {}

    def name(self, raw: bytes) -> Address:
        """Return the address and port in a ``struct sockaddr_in`` or ``sockaddr_in6``."""
        known = self._known.get(raw)
        if known is None:
            if len(self._known) >= REMEMBERED_SOURCES:
                self._known.clear()
            known = self._known[raw] = readable(raw)
        return known


def readable(raw: bytes) -> Address:
    """Return address and port of a ``struct sockaddr_in`` or ``sockaddr_in6``, laid out as on Linux."""
    (family,) = _FAMILY.unpack_from(raw)
    (port,) = _PORT.unpack_from(raw)
    if family == socket.AF_INET6:
        packed, scope = _IPV6.unpack_from(raw)
        return _ipv6_text(packed, scope), port
    return socket.inet_ntop(socket.AF_INET, raw[4:8]), port


def _ipv6_text(packed: bytes, scope: int) -> str:
    """Return the text of an address; an IPv4 one in an IPv6 socket is shown as IPv4 (RFC 4291 2.5.5.2)."""
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    text = socket.inet_ntop(socket.AF_INET6, packed)
    return f"{text}%{_interface_name(scope)}" if scope else text


def _interface_name(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:  # it went away since the datagram came
        return str(index)


def plain(sockaddr: tuple[str, int] | tuple[str, int, int, int]) -> Address:
    """Return address and port of what the socket module gave, named as ``readable`` names them."""
    host = sockaddr[0]
    mapped = host.lower().startswith("::ffff:") and "." in host
    return (host[7:] if mapped else host), sockaddr[1]
