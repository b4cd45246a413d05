"""Which packets ought to be here: those in holes, and the end of a frame behind which nothing comes.

Both are missed at once where both are lost: if the end waited until the hole is filled, the picture would be
later by a request and its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .frames import FrameCutter
from .packets import Packets
from .reorder import ReorderBuffer


@dataclass(frozen=True, slots=True)
class Missing:
    """Packets that ought to be here."""

    unwrapped: Sequence[int]
    since: float
    """When they are missed, in the past or to come."""
    is_end: bool
    """True for the end of a frame; how many packets that has is a guess."""

    @property
    def numbers(self) -> list[int]:
        """Sequence numbers of 16 bits."""
        return [number & 0xFFFF for number in self.unwrapped]


def missing(reorder: ReorderBuffer[Packets], frames: FrameCutter, most: int, lag: float) -> Iterator[Missing]:
    """Yield what is missing in holes, ``most`` packets, and at the end of the frame in progress.

    Packets in a hole are missed when one behind it came, the end of a frame ``TAIL`` seconds behind its last
    packet, and both ``lag`` seconds later, where another path may bring them.
    """
    opened, held, expected = reorder.opened_at, reorder.last_held, reorder.expected
    if opened is not None:
        yield Missing(reorder.missing(most), opened + lag, False)
    missed = frames.end_missed_at(held)
    if missed is not None and expected is not None:
        stop = expected if held is None else held.stop
        length = frames.end_length(stop - expected)
        yield Missing(range(stop, stop + length), missed + lag, True)
