"""A bad network in a box: packets go in, some come out, late, twice, in another order, or broken.

Pure like the protocol: time comes in as an argument, chance from the seed. A packet walks through
blackout, queue, loss, corruption, duplication, delay with jitter, and at last reordering.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Any

from ..train import PacketTrain
from .impairment import Impairment

HEADERS = 28
"""Bytes of the IPv4 and UDP headers of a packet."""
LONGEST_HOLD = 0.020
"""Seconds for which a packet is held back, the most."""


@dataclass(slots=True)
class _Flight:
    """A packet on its way, with its copy where it has one."""

    number: int
    leaves: float
    packets: tuple[bytes, ...]
    tag: Any
    passes: int
    """Later packets that may still pass it; 0 where it is not held back."""
    passed: bool = False


class Link:
    """A link that does what an ``Impairment`` says, the same for the same seed and the same packets.

    Every kind of chance has a stream of its own, which is asked once for each packet offered. So a
    longer delay, or duplicates, do not change which packets are lost. Times are seconds of any clock
    that does not go back.

    Jitter keeps the order, as a queue does that is now longer, now shorter; only ``reorder`` changes
    it. A wrong bit stands in the UDP payload; the checksum of a real network would drop that packet,
    yet broken senders, and memory, do send such. A lost packet takes its time of the rate all the same.
    """

    def __init__(self, impairment: Impairment) -> None:
        self.impairment = impairment
        self.packets_offered = 0
        self.packets_lost = 0
        self.packets_duplicated = 0
        self.packets_reordered = 0
        """Packets that another one has passed, not all that were held back."""
        self.packets_corrupted = 0
        """Packets that go on with a wrong bit; a copy has none."""
        self.packets_overflowed = 0
        """Packets that found the queue full."""
        self.packets_blacked_out = 0
        seed = impairment.seed
        self._losses = _Losses(impairment.loss, impairment.burst, seed)
        self._duplicates = _Chance(impairment.duplicate, seed, "duplicate")
        self._errors = _Chance(impairment.corrupt, seed, "corrupt")
        self._holds = _Chance(impairment.reorder, seed, "reorder")
        self._jitter = _Chance(1.0 if impairment.jitter else 0.0, seed, "jitter")
        self._began: float | None = None
        self._free_at = self._newest = float("-inf")
        self._travelling: deque[_Flight] = deque()
        self._held: list[_Flight] = []

    def send(self, data: bytes | PacketTrain, now: float, tag: Any = None) -> None:
        """Take a packet or a train at ``now``; ``receive_tagged`` gives the tag back with each packet."""
        for packet in (data,) if isinstance(data, bytes) else _packets(data):
            self._take(packet, now, tag)

    def next_timer(self) -> float | None:
        """Return when the next packet leaves; None when nothing is on its way."""
        times = [flights[0].leaves for flights in (self._travelling, self._held) if flights]
        return min(times, default=None)

    def receive(self, now: float) -> list[bytes]:
        """Return the packets that have left by ``now``, in the order of leaving."""
        return [packet for packet, _ in self.receive_tagged(now)]

    def receive_tagged(self, now: float) -> list[tuple[bytes, Any]]:
        """Return the packets that have left by ``now``, each with its tag, in the order of leaving."""
        out: list[tuple[bytes, Any]] = []
        while self._travelling and self._travelling[0].leaves <= now:
            flight = self._travelling.popleft()
            self._release(flight.leaves, out)
            if flight.passes:
                flight.leaves += LONGEST_HOLD
                self._held.append(flight)
            else:
                self._let_out(flight, out)
        self._release(now, out)
        return out

    def _take(self, packet: bytes, now: float, tag: Any) -> None:
        """Decide what becomes of a packet. All chances are asked first, so that none moves another."""
        self._began = now if self._began is None else self._began
        self.packets_offered += 1
        lost = self._losses.ask()
        twice = self._duplicates.ask()
        error = self._errors.ask()
        hold = self._holds.ask()
        jitter = self._jitter.ask()
        if self._is_blacked_out(now - self._began):
            self.packets_blacked_out += 1
        elif (sent := self._queue(len(packet), now)) is None:
            self.packets_overflowed += 1
        elif lost:
            self.packets_lost += 1
        else:
            packets = self._copy(packet, error, twice)
            passes = 0 if hold is None else 1 + int(hold * self.impairment.depth)
            self._newest = max(self._newest, sent + self._delay(jitter))
            self._travelling.append(_Flight(self.packets_offered, self._newest, packets, tag, passes))

    def _is_blacked_out(self, age: float) -> bool:
        return any(start <= age < start + length for start, length in self.impairment.blackout)

    def _queue(self, size: int, now: float) -> float | None:
        """Return when the last bit of a packet is sent; None when the wait for the first is too long."""
        if self.impairment.rate is None:
            return now
        begins = max(now, self._free_at)
        if begins - now > self.impairment.queue:
            return None
        self._free_at = begins + (size + HEADERS) * 8 / self.impairment.rate
        return self._free_at

    def _copy(self, packet: bytes, error: float | None, twice: float | None) -> tuple[bytes, ...]:
        """Return the packet, with a wrong bit where there is one, and the copy behind it."""
        copies = () if twice is None else (packet,)
        self.packets_duplicated += len(copies)
        if error is not None and packet:
            self.packets_corrupted += 1
            packet = _flip(packet, int(error * 8 * len(packet)))
        return packet, *copies

    def _delay(self, jitter: float | None) -> float:
        if jitter is None:
            return self.impairment.delay
        return max(0.0, self.impairment.delay + self.impairment.jitter * (2 * jitter - 1))

    def _release(self, now: float, out: list[tuple[bytes, Any]]) -> None:
        """Let out what has been held back for long enough."""
        while self._held and self._held[0].leaves <= now:
            self._let_out(self._held.pop(0), out)

    def _let_out(self, flight: _Flight, out: list[tuple[bytes, Any]]) -> None:
        """Let a packet out, and behind it those that were held back until it has passed."""
        leaving: _Flight | None = flight
        while leaving is not None:
            out.extend((packet, leaving.tag) for packet in leaving.packets)
            self.packets_reordered += leaving.passed
            for held in self._held:
                if held.number < leaving.number:
                    held.passes -= 1
                    held.passed = True
            leaving = self._take_passed()

    def _take_passed(self) -> _Flight | None:
        """Return the oldest packet that has been passed by as many as may; it is not held any more."""
        for place, held in enumerate(self._held):
            if held.passes <= 0:
                return self._held.pop(place)
        return None


class _Chance:
    """One kind of chance, with a stream of its own."""

    def __init__(self, share: float, seed: int, name: str) -> None:
        self._share = share
        self._random = Random(f"{seed}/{name}").random

    def ask(self) -> float | None:
        """Return None for most packets; for the share that it hits another chance, 0 to 1, without 1."""
        if not self._share:
            return None
        drawn = self._random()
        return drawn / self._share if drawn < self._share else None


class _Losses:
    """Which packets are lost: each for itself, or in bursts as Gilbert's chain of two states makes them.

    A burst of mean length L ends with the chance 1/L behind each packet, and begins with p/(L(1-p)), so
    that the share of time in the bad state is p. The first packet finds the chain at that share.
    """

    def __init__(self, share: float, burst: float, seed: int) -> None:
        self._random = Random(f"{seed}/loss").random
        self._share = share
        self._ends = 1 / burst
        self._begins = share / (burst * (1 - share)) if burst > 1 else share
        self._bursts = burst > 1
        self._bad = self._bursts and self._random() < share

    def ask(self) -> bool:
        """Return whether the next packet is lost."""
        if not self._bursts:
            return self._share > 0 and self._random() < self._share
        lost = self._bad
        drawn = self._random()
        self._bad = drawn >= self._ends if lost else drawn < self._begins
        return lost


def _packets(train: PacketTrain) -> list[bytes]:
    view = train.data.data
    return [bytes(view[start:end]) for start, end in zip(*train.spans(), strict=True)]


def _flip(packet: bytes, bit: int) -> bytes:
    wrong = bytearray(packet)
    wrong[bit >> 3] ^= 0x80 >> (bit & 7)
    return bytes(wrong)
