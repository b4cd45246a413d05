"""Rules about sequence numbers and arrival: what the network did, and what the sender counts wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...train import Column, Flags
from ..findings import Findings
from .frames import Frames
from .packets import Packets
from .sequence import Order, Sequence
from .timing import MILLISECOND

PAUSE = 300 * MILLISECOND
"""Nanoseconds of silence behind which any step ahead may be loss, where the timestamps went on as long."""


class Network:
    """Follows the numbers of one stream."""

    def __init__(self, findings: Findings, ssrc: int) -> None:
        self.sequence = Sequence()
        self.duplicated = 0
        self.reordered = 0
        self._findings = findings
        self._ssrc = ssrc
        self.skipped = 0
        """Numbers that the sender left out."""
        self._jumps: list[int] = []
        self._unread = np.zeros(0, np.int64)
        self._disorderly = False
        self._counted = 0
        self._before: tuple[int, int] | None = None

    def order(self, numbers: Column, times: Column, timestamps: Column, prints: Column) -> Order:
        """Return what the 16-bit sequence numbers of packets in order of arrival say.

        Where a sender uses numbers twice they say nothing, and the order of arrival counts.
        """
        order = self.sequence.add(numbers, prints, self._pauses(times, timestamps))
        self._disorderly |= bool(order.reused.any())
        if self._disorderly:
            order.sequence = np.maximum(self._counted, 0) + np.arange(1, len(numbers) + 1)
            order.late[:] = order.jumped[:] = False
        self._counted = max(self._counted, int(order.sequence.max()))
        return order

    def _pauses(self, times: Column, timestamps: Column) -> Flags:
        before = self._before or (int(times[0]), int(timestamps[0]))
        passed = np.diff(times, prepend=before[0])
        meant = ((np.diff(timestamps, prepend=before[1]) + 2**31) & 0xFFFF_FFFF) - 2**31
        self._before = int(times[-1]), int(timestamps[-1])
        pauses: Flags = (passed > PAUSE) & (np.abs(meant * 100_000 - passed * 9) < passed * 9 // 4)
        return pauses

    def check(self, numbers: Column, order: Order, unread: Flags) -> None:
        """Tell what is wrong with the order of packets as they arrived; ``unread`` are of no other use."""
        self.duplicated += int(order.duplicate.sum())
        self.reordered += int(order.late.sum())
        self._jumps += order.sequence[order.jumped].tolist()
        self._unread = np.concatenate([self._unread, order.sequence[unread]])
        for rule, mask, words in (
            ("N-003", order.duplicate, "a packet that came before"),
            ("N-002", order.late, "a packet behind one with a higher number"),
            ("T-004", order.jumped, "a sequence number far from the one before"),
            ("T-004", order.reused, "a sequence number that another packet has"),
        ):
            self._findings.add(rule, self._ssrc, numbers[mask], words)

    def missing(self, frames: Frames, before: int | None) -> Column:
        """Return how many packets are missing in front of each of these, which are in order, and tell it."""
        packets = frames.packets
        gaps = self._gaps(packets, before)
        skipped = self._skipped(frames, gaps)
        self._tell(
            "T-004",
            packets,
            np.where(skipped, gaps, 0),
            lambda place: f"sequence number {packets.sequence[place] & 0xFFFF}, {gaps[place]} skipped",
        )
        lost = np.where(skipped, 0, gaps)
        self.skipped += int(gaps[skipped].sum())
        self._tell("N-001", packets, lost, lambda place: _lost_words(packets, place, int(lost[place])), lost)
        return lost

    def _gaps(self, packets: Packets, before: int | None) -> Column:
        """Return how many numbers stand between each packet and the one before that nobody has."""
        first = int(packets.sequence[0]) if before is None else before + 1
        gaps = np.diff(packets.sequence, prepend=first - 1) - 1
        unread = np.sort(self._unread)
        ends = np.searchsorted(unread, packets.sequence)
        gaps -= np.diff(ends, prepend=np.searchsorted(unread, first))
        self._unread = self._unread[self._unread > packets.sequence[-1]]
        gaps[(gaps < 0) | np.isin(packets.sequence, self._jumps)] = 0
        return gaps

    def _skipped(self, frames: Frames, gaps: Column) -> Flags:
        """Tell which gaps the sender left: no data is missing there.

        Between frames nobody can tell, and a gap there is like most inside the frames.
        """
        links = frames.links
        inside = np.append(False, links.goes_on & links.same_time) & (gaps > 0)
        if not inside.any():
            return inside
        usual, holes = np.median(gaps[inside]), gaps > 0
        begins = np.append(True, links.begins) & (gaps == usual)
        return inside | begins if 2 * inside.sum() > holes.sum() else inside

    def _tell(
        self,
        rule: str,
        packets: Packets,
        wrong: Column,
        words: Callable[[int], str],
        counts: Column | None = None,
    ) -> None:
        (places,) = wrong.nonzero()
        if places.size:
            first, count = int(places[0]), None if counts is None else int(counts.sum())
            self._findings.add(rule, self._ssrc, packets.numbers[places], lambda: words(first), count)

    @property
    def lost(self) -> int:
        """Packets that were sent and have not come."""
        return max(0, self.sequence.lost - self.skipped)


def _lost_words(packets: Packets, place: int, count: int) -> str:
    missing = "1 packet" if count == 1 else f"{count} packets"
    return f"{missing} missing in front of sequence number {packets.sequence[place] & 0xFFFF}"
