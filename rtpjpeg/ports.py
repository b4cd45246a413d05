"""Where the streams of a configuration go, and which ports RTCP takes there (RFC 3550 section 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .sdplines import ip

LAST = 65535

Places = Mapping[str, Sequence[tuple[str, int]]]
"""Hosts and ports of each camera that runs."""


def conflicts(places: Places) -> Iterator[tuple[str, int, str]]:
    """Yield a camera, one of its ports, and what was expected of that, where RTP meets RTCP on one port."""
    behind = {(host, port + 1): name for name, found in places.items() for host, port in found}
    for name, found in places.items():
        for host, port in found:
            if port == LAST:
                yield name, port, "1 to 65534, since RTCP takes the next port, or rtcp_mux = true"
            elif (host, port) in behind:
                whose = f"which RTCP of {behind[host, port]} takes on {host}"
                yield name, port, f"another port than {port}, {whose}, or rtcp_mux = true"


def groups(places: Places) -> Iterator[tuple[str, str]]:
    """Yield each camera and the multicast group that it is sent to."""
    for name, found in places.items():
        for host, _ in found:
            if getattr(ip(host.partition("%")[0]), "is_multicast", False):
                yield name, host


def odd(places: Places) -> Iterator[str]:
    """Yield a sentence for each odd port: RTP is usual on an even one."""
    for name, found in places.items():
        for host, port in found:
            if port % 2:
                yield f"{name}: port {port} of {host} is odd; it is used, with {port + 1} for RTCP"
