"""Where the streams of a configuration go, and which ports RTCP takes there (RFC 3550 section 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .sdplines import ip
from .settings import destination

LAST = 65535

Places = Mapping[str, Sequence[tuple[str, int]]]
"""Hosts and ports of each camera that runs."""


def places(values: Mapping[str, Any], names: Sequence[str]) -> Places:
    """Return where each of these cameras is sent, from the values of the configuration's keys."""
    return {name: of_camera(values, name) for name in names}


def of_camera(values: Mapping[str, Any], name: str) -> tuple[tuple[str, int], ...]:
    """Return where one camera is sent."""
    key = f"mjpeg-rtp.{name}"
    found = tuple(map(destination, values[f"{key}.destinations"]))
    return found or ((values[f"{key}.dest_host"], values[f"{key}.dest_port"]),)


def without_reports(found: Places) -> dict[str, str]:
    """Return the cameras whose RTCP finds no port of its own, each with the sentence that says why.

    RTCP must not go where RTP goes without an agreement (RFC 3550 section 11), so these send none.
    """
    taken = {place: name for name, those in found.items() for place in those}
    advice = "no reports, and nothing is sent again; name another port, or set rtcp_mux = true"
    said = {}
    for name, those in found.items():
        for host, port in those:
            if port == LAST:
                said[name] = f"{name}: port {port} of {host} leaves none for RTCP: {advice}"
            elif (host, port + 1) in taken:
                whose = f"takes the packets of {taken[host, port + 1]}"
                said[name] = f"{name}: port {port + 1} of {host}, which is that of RTCP, {whose}: {advice}"
    return said


def groups(found: Places) -> Iterator[tuple[str, str]]:
    """Yield each camera and the multicast group that it is sent to."""
    for name, those in found.items():
        for host, _ in those:
            if getattr(ip(host.partition("%")[0]), "is_multicast", False):
                yield name, host


def odd(found: Places) -> Iterator[str]:
    """Yield a sentence for each odd port: RTP is usual on an even one."""
    for name, those in found.items():
        for host, port in those:
            if port % 2:
                yield f"{name}: port {port} of {host} is odd; it is used, with {port + 1} for RTCP"
