"""RTP and RTCP on one port (RFC 5761): how they are told apart, and which payload types that forbids."""

from __future__ import annotations

import numpy as np

from .rtcp import is_rtcp
from .train import PacketTrain

TAKEN = range(64, 96)
"""Payload types that read as RTCP where the marker is set, or may one day (RFC 5761 section 4)."""
_CLASS = 192 >> 5
"""The upper three bits of the second byte of RTCP, 192 to 223."""


def may_hold_rtcp(train: PacketTrain) -> bool:
    """Tell whether a packet's second byte is that of RTCP; cheap, and wrong at most for what is one byte."""
    if not train.data.size:
        return False
    seconds = train.data[np.minimum(train.starts + 1, train.data.size - 1)]
    return bool((seconds >> 5 == _CLASS).any())


def parted(train: PacketTrain) -> tuple[list[bytes], PacketTrain]:
    """Return the datagrams of RTCP in a train, and the packets that are left.

    A kernel joins what comes of one sender, so a report may stand behind the packets of a frame.
    """
    if not may_hold_rtcp(train):
        return [], train
    packets = list(train)
    reports = [packet for packet in packets if is_rtcp(packet)]
    return reports, PacketTrain.from_packets(packet for packet in packets if not is_rtcp(packet))
