"""The pacer: how many packets of a frame may leave when.

A frame of 1080p is 150 to 250 packets. Sent at once they overrun the socket buffer of a receiver
that never raised it (Linux keeps 92 datagrams of 1400 bytes) and the queue of a cheap access point.
So at most 32 packets leave in a millisecond, and a user may ask to spread a frame over more.

Pure: time comes in as an argument. A burst is a slice of the train, which copies no packet.
"""

from __future__ import annotations

from ..train import PacketTrain

BURST = 32
"""Packets that may leave in one ``GAP``."""
GAP = 0.001
"""Seconds between the starts of two bursts, the least."""
LARGEST_SHARE = 0.8
"""Of the frame interval; the rest is room for a frame larger than the last one."""


def slice_train(train: PacketTrain, first: int, last: int) -> PacketTrain:
    """Return the packets ``first`` up to, without, ``last`` as a train of its own on the same bytes.

    The packets must stand in the buffer in their order, as every train that is sent has them.
    """
    starts = train.starts[first:last]
    lengths = train.lengths[first:last]
    begin = int(starts[0])
    end = int(starts[-1]) + int(lengths[-1])
    return PacketTrain(train.data[begin:end], starts - begin, lengths, train.segment_size)


class Pacer:
    """Cuts one train after another into bursts, and says when each may leave.

    ``interval`` is the time from frame to frame in seconds, ``share`` (0 to 0.8) the part of it over
    which a frame is spread. ``load`` a train; then, while ``next_timer`` is not None, ``take`` a burst
    when its time has come and tell with ``sent`` when it had left.
    """

    def __init__(self, interval: float = 0.0, share: float = 0.0) -> None:
        self._window = interval * min(max(share, 0.0), LARGEST_SHARE)
        self._train: PacketTrain | None = None
        self._taken = 0
        self._burst = BURST
        self._gap = GAP
        self._due = self._planned = float("-inf")

    def load(self, train: PacketTrain, now: float) -> None:
        """Begin with a frame at ``now``; what was left of the one before is forgotten."""
        self._train = train if len(train) else None
        self._taken = 0
        self._due = self._planned = max(now, self._due)
        self._burst = BURST
        self._gap = GAP
        if self._window and self._train:
            self._spread(len(train))

    def _spread(self, packets: int) -> None:
        """Make the bursts as small as the window allows, and their distances equal."""
        bursts = max(-(-packets // BURST), min(packets, int(self._window / GAP) + 1))
        self._burst = -(-packets // bursts)
        gaps = -(-packets // self._burst) - 1
        self._gap = max(GAP, self._window / gaps) if gaps else GAP

    def next_timer(self) -> float | None:
        """Return when the next burst may leave; None when the frame is gone."""
        return self._due if self._train is not None else None

    def take(self) -> PacketTrain:
        """Return the next burst."""
        train, first = self._train, self._taken
        if train is None:
            raise ValueError("no packets are left: load() comes first")
        self._taken = last = min(first + self._burst, len(train))
        if last == len(train):
            self._train = None
        return train if last - first == len(train) else slice_train(train, first, last)

    def sent(self, now: float) -> None:
        """Take note that the burst had left by ``now``.

        A burst that left late does not make two of them meet: the least distance counts from its end.
        Those behind it come closer, down to that distance, until the plan holds again.
        """
        self._planned += self._gap
        earliest = now + GAP
        self._due = earliest if self._train is None else max(self._planned, earliest)
