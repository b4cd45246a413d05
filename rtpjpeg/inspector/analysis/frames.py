"""From packets in order of their numbers to frames, and what the packets of a frame say to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...train import Column, Flags
from .packets import Packets


@dataclass(slots=True)
class Links:
    """What each packet but the last says of the one behind it; one entry fewer than packets."""

    consecutive: Flags
    """Nothing is missing: its sequence number is the next one, or its data goes on in the same frame."""
    goes_on: Flags
    """Its data begins where that of this packet ends, not at 0."""
    same_time: Flags
    begins: Flags
    """It is the first packet of another frame."""


@dataclass(slots=True)
class Frames:
    """Frames of a stream, one entry a frame."""

    packets: Packets
    links: Links
    first: Column
    """Index of the first packet."""
    last: Column
    """Index of the last packet; the packets between belong to the frame too."""
    after_loss: Flags
    """Packets may be missing in front of the first one that came."""
    holes: Flags
    """Sequence numbers are missing between its packets."""
    ended: Flags
    """The last packet has the marker, or the packet behind it, which is the next one, begins a frame."""

    def __len__(self) -> int:
        return len(self.first)

    @property
    def whole(self) -> Flags:
        """No packet of the frame is missing, as far as its numbers say."""
        return ~self.holes & ~self.after_loss & self.ended

    def span(self, index: int) -> slice:
        """Return which packets are those of a frame."""
        return slice(int(self.first[index]), int(self.last[index]) + 1)

    def sums(self, column: Column) -> Column:
        """Return the sum of a column of the packets for each frame."""
        sums: Column = np.add.reduceat(column, self.first)
        return sums

    def least(self, column: Column) -> Column:
        """Return the smallest value for each frame."""
        least: Column = np.minimum.reduceat(column, self.first)
        return least

    def greatest(self, column: Column) -> Column:
        """Return the largest value for each frame."""
        greatest: Column = np.maximum.reduceat(column, self.first)
        return greatest

    def any_link(self, wrong: Flags) -> Flags:
        """Tell in which frames a link between two of its own packets is in the mask."""
        inside = np.append(wrong & ~self.links.begins, False)
        found: Flags = np.logical_or.reduceat(inside, self.first)
        return found


def link(packets: Packets) -> Links:
    """Compare each packet with the next one."""
    offset = packets.offset
    goes_on = (offset[1:] == offset[:-1] + packets.size[:-1]) & (offset[1:] > 0)
    same_time = np.diff(packets.timestamp) == 0
    marker = packets.marker[:-1]
    consecutive = (np.diff(packets.sequence) == 1) | (goes_on & same_time & ~marker)
    goes_on |= packets.unsure[:-1] & (offset[1:] > 0) & (offset[1:] < packets.size[:-1])
    # A timestamp that changes where the data goes on, without a marker, changes inside a frame.
    begins = ~same_time & ~(goes_on & consecutive & ~marker)
    # Frames of one timestamp are told apart where the one ended, or is another field (RFC 2435 section 4.1).
    other_field = np.diff(packets.type_specific) != 0
    begins |= same_time & (offset[1:] == 0) & (marker | (other_field & (offset[:-1] > 0)))
    return Links(consecutive, goes_on, same_time, begins)


def cut(packets: Packets, links: Links, before: int | None) -> Frames:
    """Return the frames of packets in order of their numbers.

    ``before`` is the number of the packet in front of the first one; None at the start of the capture.
    """
    edges = np.flatnonzero(links.begins)
    first, last = np.concatenate([[0], edges + 1]), np.append(edges, len(packets) - 1)
    numbers = packets.sequence
    follows = np.append(links.consecutive, False)
    after_loss = np.concatenate([[before is None or numbers[0] != before + 1], ~links.consecutive[edges]])
    after_loss &= packets.offset[first] > 0
    broken = np.append(~links.consecutive & ~links.begins, False)
    holes = np.logical_or.reduceat(broken, first)
    return Frames(packets, links, first, last, after_loss, holes, packets.marker[last] | follows[last])


def steps(timestamps: Column) -> Column:
    """Return the signed differences of timestamps, modulo 2^32."""
    return ((np.diff(timestamps) + 2**31) & 0xFFFF_FFFF) - 2**31
