"""The UDP datagrams of a piece of a capture, as columns.

A capture of a million packets is no million objects: what reads it hands over a batch for each piece of the
file, and what judges it works column by column.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

from ..net.address import Address
from ..train import Bytes, Column, Flags, PacketTrain


class Flow(NamedTuple):
    """Where a datagram came from and where it went."""

    source: Address
    destination: Address


@dataclass(slots=True)
class Batch:
    """Datagrams in the order of the capture, one entry a datagram in each column."""

    data: Bytes
    """The bytes of this piece of the capture, uint8."""
    starts: Column
    """Position in ``data`` of the UDP payload."""
    lengths: Column
    """Bytes of the UDP payload; of one that was cut short, those that it had."""
    numbers: Column
    """Number of the packet in the capture, from 1, as Wireshark counts (frame.number); of a datagram in
    fragments that of the last one, of a train that was cut here that of the train."""
    times: Column
    """Nanoseconds since 1970."""
    flows: Column
    """Index into ``table``."""
    ip_sizes: Column
    """Bytes of the IP packet, header included; of a datagram in fragments, that of the largest fragment; of a
    packet of a train, as it would be on the wire."""
    pieces: Column
    """IP fragments that the datagram came in; 1 when it was whole."""
    table: list[Flow]
    """Every flow of the capture so far; shared by all batches of a reader, and growing."""
    from_train: Flags
    """Packets of a UDP_SEGMENT train that the capture holds as one datagram."""
    cut_short: Flags
    """RTP packets of which the capture holds the headers; what is behind them in ``data`` is not theirs."""

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, chosen: Flags | Column) -> Batch:
        """Return the datagrams of a mask or of indices, on the same bytes."""
        shared = ("data", "table")
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{name: value if name in shared else value[chosen] for name, value in columns.items()})

    def train(self) -> PacketTrain:
        """Return the datagrams as a train on the same bytes."""
        return PacketTrain(self.data, self.starts, self.lengths)
