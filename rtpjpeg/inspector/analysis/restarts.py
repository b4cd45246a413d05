"""Rules about the restart header from packet to packet (RFC 2435 section 3.1.7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...payload import UNALIGNED
from ...train import Bytes, Column, Flags
from .frames import Frames
from .packets import Packets

Tell = Callable[[str, Packets, Column, Callable[[int], str]], None]


def check_restarts(frames: Frames, tell: Tell) -> Flags:
    """Check F, L and restart count of frames with aligned packets; return which frames are wrong.

    RFC 2435, section 3.1.7: "if a chunk needs to be spread across multiple packets, the F bit will be set
    to 1 in the first packet of the chunk (and only that one) and the L bit will be set to 1 in the last
    packet of the chunk (and only that one)."
    """
    packets, links = frames.packets, frames.links
    aligned = (packets.chunk >= 0) & (packets.chunk & UNALIGNED != UNALIGNED)
    if not aligned.any():
        return np.zeros(len(frames), np.bool_)
    joined = links.consecutive & ~links.begins & aligned[1:] & aligned[:-1]
    first, last, count = packets.chunk >> 15 == 1, packets.chunk >> 14 & 1 == 1, packets.chunk & UNALIGNED
    bits = np.append(False, joined & (last[:-1] != first[1:]))
    bits[frames.first] |= ~first[frames.first] & _at_start(frames) & aligned[frames.first]
    ends = frames.last[packets.marker[frames.last]]
    bits[ends] |= ~last[ends] & aligned[ends]
    rises = np.where(last[:-1], np.diff(count) > 0, np.diff(count) == 0)
    counts = np.append(False, joined & ~rises & (last[:-1] == first[1:]))
    counts[frames.first] |= (count[frames.first] != 0) & _at_start(frames) & aligned[frames.first]
    tell("J-046", packets, np.flatnonzero(bits), lambda place: _bits(packets, place))
    tell("J-044", packets, np.flatnonzero(counts), lambda place: _count(packets, place))
    wrong: Flags = np.logical_or.reduceat(bits | counts, frames.first)
    return wrong


def _at_start(frames: Frames) -> Flags:
    at_start: Flags = frames.packets.offset[frames.first] == 0
    return at_start


def _bits(packets: Packets, place: int) -> str:
    chunk = int(packets.chunk[place])
    return f"F = {chunk >> 15} and L = {chunk >> 14 & 1} at offset {packets.offset[place]}"


def _count(packets: Packets, place: int) -> str:
    found = f"restart count {packets.chunk[place] & UNALIGNED} at offset {packets.offset[place]}"
    return found if packets.offset[place] == 0 else f"{found} behind {packets.chunk[place - 1] & UNALIGNED}"


def misplaced(packets: Packets) -> tuple[int, str] | None:
    """Compare the restart counts of a whole frame with the RST markers in front of each chunk.

    Returns the first packet that says another count, and what was found; None where all fit.
    """
    markers = 0
    for place in range(len(packets)):
        data = np.frombuffer(packets.body(place), np.uint8)[int(packets.headers[place]) :]
        chunk = int(packets.chunk[place])
        begins = markers + _begins_with_marker(data)
        if chunk >> 15 and chunk & UNALIGNED not in (begins, UNALIGNED):
            return place, f"restart count {chunk & UNALIGNED} in front of restart interval {begins}"
        markers += int(((data[:-1] == 0xFF) & (data[1:] & 0xF8 == 0xD0)).sum())
    return None


def _begins_with_marker(data: Bytes) -> bool:
    """Tell whether data begins with an RST marker, fill bytes in front of it allowed."""
    (others,) = np.nonzero(data[:64] != 0xFF)
    return bool(others.size and others[0] and data[others[0]] & 0xF8 == 0xD0)
