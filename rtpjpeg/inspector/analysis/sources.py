"""Rules about several sources at one address, and about what else comes there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...net.address import Address, address_text
from ..findings import Findings
from .selection import Key, Read
from .stream import StreamAnalysis

COPIES = 2
"""Packets in common from which on two sources are two paths of one stream (RFC 7198), and no collision."""
STUN_COOKIE = bytes.fromhex("2112a442")
DTLS = range(20, 64)


def check_sources(findings: Findings, streams: Iterable[StreamAnalysis]) -> None:
    """Compare the streams that go to one address with each other (RFC 3550 section 8.2)."""
    before: dict[Address, list[StreamAnalysis]] = {}
    for stream in sorted(streams, key=lambda stream: stream.totals.first_packet):
        earlier = before.setdefault(stream.flow.destination, [])
        _compare(findings, earlier, stream)
        earlier.append(stream)


def _compare(findings: Findings, earlier: Sequence[StreamAnalysis], stream: StreamAnalysis) -> None:
    """Tell whether a stream collides with one that is there, or takes the place of one that is gone."""
    begins, ssrc = stream.totals.first_packet, stream.ssrc
    running = [other for other in earlier if other.totals.ended_at >= stream.totals.began_at]
    for other in running:
        if other.ssrc == ssrc and other.sketch.shares(stream.sketch) < COPIES:
            addresses = " and from ".join(address_text(*one.flow.source) for one in (other, stream))
            findings.add("T-010", ssrc, begins, f"SSRC {ssrc:#x} from {addresses}")
    if earlier and not running and earlier[-1].ssrc != ssrc:
        findings.add("N-007", ssrc, begins, f"SSRC {ssrc:#x} behind {earlier[-1].ssrc:#x}")


def check_strangers(findings: Findings, read: Read, streams: Mapping[Key, StreamAnalysis]) -> None:
    """Tell of datagrams on the way of a stream that are neither RTP nor RTCP."""
    by_flow = {key[0]: stream.ssrc for key, stream in streams.items()}
    batch = read.batch
    suspects = ~read.version & ~read.rtcp & np.isin(batch.flows, list(by_flow))
    for place in np.flatnonzero(suspects).tolist():
        front = batch.data[batch.starts[place] :][: min(8, int(batch.lengths[place]))].tobytes()
        findings.add("T-001", by_flow[int(batch.flows[place])], int(batch.numbers[place]), _name(front))


def _name(front: bytes) -> str:
    """Say what a datagram seems to be, as far as it may share a port with RTP (RFC 7983 section 7)."""
    if front[4:8] == STUN_COOKIE:
        return "a STUN packet"
    if front[:1] and front[0] in DTLS:
        return "a DTLS record"
    return f"version {front[0] >> 6}, first bytes {front[:4].hex(' ')}" if front else "an empty datagram"
