"""RTP and RTCP on one port (RFC 5761): how they are told apart, and which payload types that forbids."""

from __future__ import annotations

from .rtcp import is_rtcp
from .train import PacketTrain

TAKEN = range(64, 96)
"""Payload types that read as RTCP where the marker is set, or may one day (RFC 5761 section 4)."""


def holds_rtcp(train: PacketTrain) -> bool:
    """Tell whether a packet is RTCP, by its second byte, 192 to 223 (RFC 5761 section 4)."""
    view, spans = train.data.data, zip(*train.spans(), strict=True)
    return any(192 <= view[start + 1] <= 223 for start, end in spans if end - start > 1)


def parted(train: PacketTrain) -> tuple[list[bytes], PacketTrain]:
    """Return the datagrams of RTCP in a train, and the packets that are left.

    A kernel joins what comes of one sender, so a report may stand behind the packets of a frame.
    """
    if not holds_rtcp(train):
        return [], train
    packets = list(train)
    reports = [packet for packet in packets if is_rtcp(packet)]
    return reports, PacketTrain.from_packets(packet for packet in packets if not is_rtcp(packet))
