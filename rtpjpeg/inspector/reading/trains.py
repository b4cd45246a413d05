"""Trains that a capture holds as one datagram, cut into the packets that go over the wire.

A machine that sends with UDP_SEGMENT, or receives with UDP_GRO, captures a train before the kernel or the
network card has cut it, or after they have joined it: packets of one size, the last one shorter or not,
behind one UDP header.
"""

from __future__ import annotations

import struct

import numpy as np

from ...train import Column
from ..batch import Batch

LARGEST_PACKET = 1472
"""Bytes of UDP payload on Ethernet: longer ones are looked at, whoever sends them."""
SMALLEST_PACKET = 20
"""Bytes of an RTP header and an RTP/JPEG header."""
RTP_HEADER = 12
NEAR = 64
"""Sequence numbers that may be missing from a train, or be in another order: a receiver joins what came."""
TRIES = 64
_HEADER = struct.Struct(">BBH4x4s")
_NUMBER = struct.Struct(">2xH")


class Trains:
    """Cuts trains, and knows who sends them."""

    def __init__(self) -> None:
        self._senders: set[int] = set()
        """Flows that have sent a train; the last one of a frame may be shorter than a single packet."""

    def cut(self, batch: Batch) -> Batch:
        """Return the batch with each train as its packets."""
        long = batch.lengths > LARGEST_PACKET
        sizes = self._sizes(batch, np.flatnonzero(long))
        if self._senders:
            short = ~long & np.isin(batch.flows, list(self._senders))
            sizes |= self._sizes(batch, np.flatnonzero(short & (batch.lengths >= 2 * RTP_HEADER)))
        return _cut(batch, sizes) if sizes else batch

    def _sizes(self, batch: Batch, chosen: Column) -> dict[int, int]:
        """Return the size of the packets of each train, by its index in the batch."""
        sizes: dict[int, int] = {}
        for index in chosen[(batch.pieces[chosen] == 1) & ~batch.cut_short[chosen]].tolist():
            start = int(batch.starts[index])
            size = segment_size(batch.data[start : start + int(batch.lengths[index])].tobytes())
            if size:
                sizes[index] = size
        self._senders.update(batch.flows[list(sizes)].tolist())
        return sizes


def segment_size(payload: bytes) -> int:
    """Return the bytes of each packet of a train but the last, 0 where this is one packet.

    At every multiple of it another RTP header stands, of the same SSRC and payload type; the first one has
    the next sequence number, and the others are near. The timestamp may change: a receiver joins packets of
    two frames.
    """
    if len(payload) < RTP_HEADER or payload[0] >> 6 != 2:
        return 0
    place = SMALLEST_PACKET + 7
    for _ in range(TRIES):
        place = payload.find(payload[8:12], place + 1)
        if place < 0:
            return 0
        if _is_next(payload, place - 8):
            return place - 8 if _is_train(payload, place - 8) else 0
    return 0


def _is_next(payload: bytes, place: int) -> bool:
    """Return whether the sequence number there is the one behind that of the first packet."""
    (first,), (there,) = _NUMBER.unpack_from(payload), _NUMBER.unpack_from(payload, place)
    return (there - first) & 0xFFFF == 1 and payload[place] >> 6 == 2


def _is_train(payload: bytes, size: int) -> bool:
    if 0 < len(payload) % size < RTP_HEADER:
        return False
    _, kind, number, ssrc = _HEADER.unpack_from(payload)
    for expected, place in enumerate(range(size, len(payload), size), number + 1):
        version, other_kind, other_number, other_ssrc = _HEADER.unpack_from(payload, place)
        if version >> 6 != 2 or (kind ^ other_kind) & 0x7F or other_ssrc != ssrc:
            return False
        if (other_number - expected + NEAR) & 0xFFFF > 2 * NEAR:
            return False
    return True


def _cut(batch: Batch, sizes: dict[int, int]) -> Batch:
    """Put the packets of each train where it stands; the sizes are by index."""
    trains = np.fromiter(sizes, np.int64, len(sizes))
    size = np.zeros(len(batch), np.int64)
    size[trains] = np.fromiter(sizes.values(), np.int64, len(sizes))
    counts = np.ones(len(batch), np.int64)
    counts[trains] = -(-batch.lengths[trains] // size[trains])
    origin = np.repeat(np.arange(len(batch)), counts)
    place = np.arange(len(origin)) - np.repeat(counts.cumsum() - counts, counts)
    cut = batch.take(origin)
    offsets = place * size[origin]
    cut.from_train = cut.from_train | (size[origin] > 0)
    headers = cut.ip_sizes - cut.lengths
    cut.starts = cut.starts + offsets
    left = cut.lengths - offsets
    cut.lengths = np.where(cut.from_train, np.minimum(size[origin], left), left)
    cut.ip_sizes = headers + cut.lengths
    return cut
