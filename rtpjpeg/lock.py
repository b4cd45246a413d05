"""Whom a receiver listens to: one source, proven, and nobody else while it lives.

A plain RTP receiver cannot know who sends. It takes the first stream of which two packets came in
sequence (RFC 3550 section A.1) and keeps to its address and SSRC. Another one may take over when that
has been silent: for a second where it comes from the same host (the sender was started again) or goes
on with the same sequence (the sender has another address now), else for five. A sender that moves goes on
counting while nobody hears it, so a sequence may be further on by what it can have sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .rtp import RtpColumns, parse_train
from .sdplines import address_text
from .train import Column, Flags, PacketTrain

SILENCE = 1.0
"""Seconds without a packet after which another stream of the same sender may take over."""
RELOCK = 5.0
"""Seconds without a packet after which anybody may."""
FASTEST = 10_000
"""Packets a second that a sender may have sent unheard; 1080p of high quality is 9000."""
CANDIDATES = 4
"""Streams that may be on probation; each is a number and one packet."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A stream of which two packets came in sequence."""

    ssrc: int
    source: object
    trains: list[PacketTrain]
    """The packets that proved it, in order."""
    goes_on: bool
    """True where it is the stream that is taken, now from another address."""


class SourceLock:
    """Which stream is taken, and who is on probation.

    ``ssrc`` is the only one wanted, None for any. ``accepts`` tells of an address whether its packets may
    be used at all. Addresses are tuples with the host first, as sockets give them.
    """

    def __init__(self, payload_type: int, ssrc: int | None, accepts: Callable[[object], bool] | None) -> None:
        self.payload_type = payload_type
        self.source: object = None
        self.ssrc: int | None = None
        self._wanted = ssrc
        self._accepts = accepts or (lambda source: True)
        self._heard_at = float("-inf")
        self._candidates: dict[tuple[object, int], tuple[int, PacketTrain]] = {}

    def accepts(self, source: object) -> bool:
        """Tell whether packets from this address may be used at all."""
        return self._accepts(source)

    def holds(self, source: object) -> bool:
        """Tell whether this is the address of the stream that is taken."""
        return self.ssrc is not None and source == self.source

    def heard(self, now: float) -> None:
        """Take note that the stream lives."""
        self._heard_at = now

    def is_silent(self, now: float) -> bool:
        """Tell whether others may be looked at."""
        return now - self._heard_at >= SILENCE

    def take(self, proof: Proof, now: float) -> None:
        """Keep to this stream from now on."""
        self.source, self.ssrc = proof.source, proof.ssrc
        self._heard_at = now
        self._candidates.clear()

    def consider(
        self, train: PacketTrain, source: object, now: float, highest: int
    ) -> tuple[Proof | None, bool]:
        """Return the proof for a stream in a train from ``source``, and whether a packet may be of one.

        Without a proof what may be is on probation. ``highest`` is the highest sequence number of the
        stream that is taken.
        """
        rtp = parse_train(train)
        usable = self._usable(rtp, source, now, highest)
        for ssrc in self._by_number(rtp.ssrc[usable]):
            places = np.flatnonzero(usable & (rtp.ssrc == ssrc)).tolist()
            numbers = rtp.sequence_number[places].tolist()
            expected, held = self._candidates.pop((source, ssrc), (None, None))
            if numbers[0] == expected or any((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers)):
                goes_on = ssrc == self.ssrc and _ahead(numbers[0], highest) < self._unheard(now)
                return Proof(ssrc, source, [held, train] if held is not None else [train], goes_on), True
            last = PacketTrain.from_packets([train[places[-1]]])
            self._candidates[source, ssrc] = (numbers[-1] + 1) & 0xFFFF, last
        while len(self._candidates) > CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        return None, bool(usable.any())

    def _usable(self, rtp: RtpColumns, source: object, now: float, highest: int) -> Flags:
        """Tell which packets may prove a stream."""
        usable: Flags = rtp.valid & (rtp.payload_type == self.payload_type)
        if self._wanted is not None:
            usable &= rtp.ssrc == self._wanted
        if self.ssrc is not None and not self._may_take_over(source, now):
            ahead = _ahead(rtp.sequence_number.astype(np.int64), highest)
            usable &= (rtp.ssrc == self.ssrc) & (ahead < self._unheard(now))
        return usable

    def _unheard(self, now: float) -> float:
        """Return how many packets of the stream may be missing."""
        return FASTEST * (now - self._heard_at)

    def _may_take_over(self, source: object, now: float) -> bool:
        return host_of(source) == host_of(self.source) or now - self._heard_at >= RELOCK

    def _by_number(self, ssrcs: Column) -> list[int]:
        """Return the sources with the most packets, so that a crowd of single ones hides nobody."""
        found, counts = np.unique(ssrcs, return_counts=True)
        return [int(ssrc) for ssrc in found[np.argsort(-counts, kind="stable")][:CANDIDATES]]


def _ahead(number: Any, highest: int) -> Any:
    return (number - highest - 1) & 0xFFFF


def host_of(source: object) -> object:
    """Return the host of an address, which is a tuple with the host first, as sockets give it."""
    return source[0] if isinstance(source, tuple) and source else source


def place_of(source: object) -> str:
    """Return an address as a user writes it."""
    if not isinstance(source, tuple) or len(source) < 2:
        return str(source)
    return address_text(str(source[0]), source[1])
