"""What the doctor asks of the network: names, routes, ports, buffers, and the quick ways to send."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import TransportError
from .machine import FAULT, OK, WARNING, Finding, Machine

if TYPE_CHECKING:
    from ..config import CameraConfig
    from ..net.address import Endpoint
    from ..train import PacketTrain

ASKED = {"rmem_max": 4 << 20, "wmem_max": 1 << 20}
"""Bytes that our sockets ask for; the kernel grants no more than the limit of this name."""
TRIED_PACKETS = 8
TRIED_SECONDS = 1.0


def buffers(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Compare the kernel's limits of socket buffers with what is asked for."""
    for key, name in (("wmem_max", "send buffer"), ("rmem_max", "receive buffer")):
        limit, asked = machine.number(f"proc/sys/net/core/{key}"), ASKED[key]
        if limit is None:
            yield Finding(name, WARNING, f"net.core.{key} cannot be read", f"ask: sysctl net.core.{key}")
        elif limit < asked:
            found = f"net.core.{key} = {limit}, and {asked} bytes are asked for"
            line = f"echo net.core.{key}={asked} | sudo tee -a /etc/sysctl.d/90-rtpjpeg.conf"
            yield Finding(name, WARNING, found, f"{line} && sudo sysctl --system")
        else:
            yield Finding(name, OK, f"up to {limit} bytes")


def quick_ways(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Send packets over loopback in each of the ways that take one system call."""
    try:
        from ..net import gso, mmsg
    except ImportError:  # numpy is missing, which has been said
        return

    def segments(sock: socket.socket, train: PacketTrain) -> int:
        return gso.send_segments(sock, gso.MOST_BYTES[socket.AF_INET], train, 0)

    def listed(sock: socket.socket, train: PacketTrain) -> int:
        return mmsg.SendVector().send(sock.fileno(), train, 0)

    yield _try("UDP_SEGMENT", segments, "each frame costs more time; Linux 4.18 or newer has it")
    yield _try("sendmmsg", listed, "each packet costs a system call; a sandbox may forbid it")


def _try(name: str, send: Callable[[socket.socket, PacketTrain], int], advice: str) -> Finding:
    try:
        arrived = _over_loopback(send)
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "") or str(error)
        return Finding(name, WARNING, f"does not work here ({reason})", advice)
    if arrived != TRIED_PACKETS:
        return Finding(name, WARNING, f"{arrived} of {TRIED_PACKETS} packets arrived", advice)
    return Finding(name, OK, f"works: {arrived} packets in one call over loopback")


def _over_loopback(send: Callable[[socket.socket, PacketTrain], int]) -> int:
    """Send a few packets to this machine; return how many arrived as they were. Raises OSError."""
    from ..train import PacketTrain

    packets = [bytes([number]) * 1000 for number in range(TRIED_PACKETS)]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(TRIED_SECONDS)
        sender.connect(receiver.getsockname())
        taken = send(sender, PacketTrain.from_packets(packets))
        return sum(receiver.recv(2048) == packet for packet in packets[:taken])


def destinations(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look up each destination's name and route, and the largest packet that the route takes whole."""
    for camera in cameras:
        for number in range(len(camera.destinations)):
            yield _destination(camera, number)


def _destination(camera: CameraConfig, number: int) -> Finding:
    from ..net.address import resolve

    (host, port), interface = camera.destinations[number], camera.interface_to(number)
    name = f"{camera.name} to {host}:{port}" + (f" by {interface}" if interface else "")
    try:
        endpoint = resolve(host, port)
    except TransportError as error:
        return Finding(name, FAULT, str(error), f"write the IP address, or ask: getent hosts {host}")
    try:
        source, mtu = route(camera, endpoint, interface)
    except (OSError, TransportError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Finding(name, FAULT, f"no way there: {reason}", f"ip route get {endpoint.ip}")
    found = f"{endpoint.ip} from {source}, packets of up to {mtu} bytes"
    if mtu < camera.mtu:
        short = f"{found}, fewer than mtu = {camera.mtu}"
        return Finding(name, WARNING, short, f"set mtu = {mtu} in [mjpeg-rtp]")
    return Finding(name, OK, found)


def route(camera: CameraConfig, endpoint: Endpoint, interface: str | None) -> tuple[str, int]:
    """Return the address that packets leave from and the MTU of the route; raises OSError without one."""
    from ..net.options import Departure, family_of

    departure = Departure(endpoint, camera.dscp, camera.ttl, interface)
    with departure.open(0) as sock:
        departure.connect(sock)
        options = family_of(endpoint)
        return str(sock.getsockname()[0]), sock.getsockopt(options.level, options.mtu)


def local_ports(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Try to take the ports that cameras shall send from."""
    for camera in cameras:
        if camera.local_port:
            yield _local_port(camera)


def _local_port(camera: CameraConfig) -> Finding:
    from ..net.address import resolve
    from ..net.options import Departure

    name = f"{camera.name} local port"
    try:
        endpoint = resolve(*camera.destinations[0])
        Departure(endpoint, interface=camera.interface_to(0)).open(camera.local_port).close()
    except TransportError as error:
        advice = f"if it is no rtpjpeg-send that runs already: ss -ulpn sport = {camera.local_port}"
        return Finding(name, FAULT, str(error), advice)
    return Finding(name, OK, f"{camera.local_port} is free")


def wireless(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look for Wi-Fi that sleeps between packets, which makes pictures late by a tenth of a second."""
    for path in machine.paths("sys/class/net/*/wireless"):
        interface = path.split("/")[-2]
        said = machine.run(["iw", "dev", interface, "get", "power_save"])
        if said is not None and said.endswith("on"):
            advice = f"sudo iw dev {interface} set power_save off"
            yield Finding(f"Wi-Fi {interface}", WARNING, "it sleeps between packets (power_save)", advice)
        else:
            found = "it does not sleep" if said else "iw does not answer"
            yield Finding(f"Wi-Fi {interface}", OK, found)


CHECKS = (buffers, quick_ways, destinations, local_ports, wireless)
