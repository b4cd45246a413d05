"""The same packets by another path: who else sends the very stream that is taken, and what comes first.

A sender with two interfaces, or to two addresses, sends each packet on each of them; the receiver takes the
first copy (RFC 7198 section 3.2: spatial redundancy). A departure: section 5 gives the copy an SSRC of its
own, and a description that says so. Here it is the packet itself, as SMPTE ST 2022-7 has it, so that a
receiver that knows nothing of this drops it as a duplicate.

Another address proves itself with packets that are byte for byte those of the stream: only who has the stream
can send them. Where packets are authentic already (SRTP), one of the stream is enough.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from .events import PathChanged
from .lock import CANDIDATES, SILENCE, host_of
from .patience import Patience
from .reorder import MARGIN
from .rtp import RtpColumns, parse_train
from .train import Column, Flags, PacketTrain

PROOFS = 2
"""Packets in common that prove a path, as many as prove a stream (RFC 3550 section A.1)."""
KEPT = 512
"""Packets of the stream that are kept to compare with, while somebody is on probation."""
HELD = 64
"""Packets of each address on probation."""
PROBATION = 1.0
"""Seconds within which an address has to prove itself; afterwards its packets are refused."""
RING = 4096
"""Packets of which is remembered who brought them first; a power of two."""
LONGEST_LAG = 0.040
"""Seconds that are waited for the slower path, at most."""


@dataclass(slots=True)
class Path:
    """One address that the stream comes from."""

    source: object
    number: int
    """What it is called where it was the first to bring a packet."""
    packets: int = 0
    """Packets that came from it."""
    first: int = 0
    """Those that no other path had brought."""
    heard_at: float = float("-inf")


@dataclass(slots=True)
class _Candidate:
    since: float
    packets: dict[int, bytes] = field(default_factory=dict)
    proofs: set[int] = field(default_factory=set)


class SecondPaths:
    """The paths of one stream beside its first.

    ``authentic`` says that nobody else can have made its packets. ``events`` tell of paths that come and go.
    """

    def __init__(self, payload_type: int, authentic: bool = False) -> None:
        self.known: dict[object, Path] = {}
        """All paths by their address, the first one too; empty as long as there is no second."""
        self.events: deque[PathChanged] = deque(maxlen=HELD)
        self._payload_type = payload_type
        self._authentic = authentic
        self._added = 0
        self.begin(None, None)

    def begin(self, source: object, ssrc: int | None) -> None:
        """Take another stream: what was known of the paths of the old one is forgotten."""
        self.known.clear()
        self._source, self._ssrc = source, ssrc
        self._tried: dict[object, _Candidate] = {}
        self._kept: dict[int, bytes] = {}
        self._watched_until = float("-inf")
        """Until then somebody may prove to be a path."""
        self._forget_order()

    def _forget_order(self) -> None:
        self._lag = Patience(0.0, LONGEST_LAG)
        self._numbers = np.full(RING, -1, np.int64)
        self._times = np.zeros(RING)
        self._bringers = np.zeros(RING, np.int64)

    @property
    def lag(self) -> float:
        """Seconds that a packet may take longer on the slower path; 0 without a second one."""
        return self._lag.wait if self.known else 0.0

    def has_host(self, source: object) -> bool:
        """Tell whether an address is of the host of a path."""
        return any(host_of(path) == host_of(source) for path in self.known)

    # Who is on probation.

    def prove(self, train: PacketTrain, source: object, now: float) -> bool:
        """Look at packets from an address that is no path yet; True when it has become one."""
        rtp = parse_train(train)
        places = np.flatnonzero(self._ours(rtp)).tolist()
        candidate = self._candidate(source, now) if places else None
        if candidate is not None:
            for place in places:
                self._try(candidate, int(rtp.sequence_number[place]), train[place])
            self._judge(now)
        return source in self.known

    def _ours(self, rtp: RtpColumns) -> Flags:
        ours: Flags = rtp.valid & (rtp.ssrc == self._ssrc) & (rtp.payload_type == self._payload_type)
        return ours

    def _candidate(self, source: object, now: float) -> _Candidate | None:
        """Return who is on probation; None for one who has failed, or where there are too many."""
        self._tried = {
            other: tried for other, tried in self._tried.items() if now - tried.since < 5 * PROBATION
        }
        if len(self.known) > CANDIDATES or (source not in self._tried and len(self._tried) >= CANDIDATES):
            return None
        candidate = self._tried.setdefault(source, _Candidate(now))
        self._watched_until = max(self._watched_until, candidate.since + PROBATION)
        return candidate if now - candidate.since < PROBATION else None

    def _try(self, candidate: _Candidate, number: int, packet: bytes) -> None:
        if self._authentic or self._kept.get(number) == packet:
            candidate.proofs.add(number)
        candidate.packets[number] = packet
        while len(candidate.packets) > HELD:
            del candidate.packets[next(iter(candidate.packets))]

    def _judge(self, now: float) -> None:
        """Make paths of those who have proved themselves."""
        wanted = 1 if self._authentic else PROOFS
        for source in [one for one, tried in self._tried.items() if len(tried.proofs) >= wanted]:
            del self._tried[source]
            if not self.known:
                self._begin_order(now)
            self._add(source, now)
            self.events.append(PathChanged(source, True))
        if not self._tried:
            self._watched_until = now

    def _begin_order(self, now: float) -> None:
        """Take what was kept of the stream for what its first path has brought."""
        self._forget_order()
        self._add(self._source, now)
        numbers = np.fromiter(self._kept, np.int64, len(self._kept))
        slots = numbers & (RING - 1)
        self._numbers[slots], self._times[slots], self._bringers[slots] = numbers, now, self._added

    def _add(self, source: object, now: float) -> None:
        self._added += 1
        self.known[source] = Path(source, self._added, heard_at=now)

    # What comes on a path.

    def merge(self, train: PacketTrain, source: object, now: float, oldest: int) -> PacketTrain:
        """Return the packets of a train that came on no other path before.

        What is behind the number ``oldest`` is left out: it would look like a restart of the sender.
        """
        path = self.known.get(source)
        merged = train if path is None else self._unknown(train, path, now, oldest)
        if now < self._watched_until:
            self._compare(train, now)
        elif self._kept:
            self._kept.clear()
        return merged

    def _unknown(self, train: PacketTrain, path: Path, now: float, oldest: int) -> PacketTrain:
        rtp = parse_train(train)
        ours = self._ours(rtp)
        fresh = ~ours
        fresh[ours] = self._first(rtp.sequence_number[ours], path, now, oldest)
        self._expire(now)
        if fresh.all():
            return train
        return PacketTrain(train.data, train.starts[fresh], train.lengths[fresh])

    def _compare(self, train: PacketTrain, now: float) -> None:
        """Keep packets of the stream, and hold them against those of who is on probation."""
        rtp = parse_train(train)
        for place in np.flatnonzero(self._ours(rtp)).tolist():
            number, packet = int(rtp.sequence_number[place]), train[place]
            self._kept[number] = packet
            for candidate in self._tried.values():
                if candidate.packets.get(number) == packet:
                    candidate.proofs.add(number)
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        self._judge(now)

    def _first(self, numbers: Column, path: Path, now: float, oldest: int) -> Flags:
        """Tell which packets nobody has brought yet, and learn how much longer the others took."""
        slots = numbers & (RING - 1)
        seen = self._numbers[slots] == numbers
        twice = slots[seen & (self._bringers[slots] != path.number)]
        if twice.size:
            self._learn(now - float(self._times[twice].min()), twice.size)
        first: Flags = ~seen & ((numbers - oldest) & 0xFFFF < 0x8000)
        self._numbers[slots[first]] = numbers[first]
        self._times[slots[first]], self._bringers[slots[first]] = now, path.number
        path.packets += numbers.size
        path.first += int(first.sum())
        path.heard_at = now
        return first

    def _learn(self, lag: float, packets: int) -> None:
        if MARGIN * lag > self._lag.wait:
            self._lag.learn(MARGIN * lag)
        else:
            self._lag.relax(packets)

    def _expire(self, now: float) -> None:
        """Give up paths that have gone silent; the stream goes on by the others."""
        for source in [one for one, path in self.known.items() if self._is_lost(path, now)]:
            del self.known[source]
            self.events.append(PathChanged(source, False))
            if source == self._source:
                self._source = next(iter(self.known))
        if len(self.known) == 1:
            self.known.clear()

    def _is_lost(self, path: Path, now: float) -> bool:
        # SRTP lets no copy through: a slower path then seems silent as long as the other loses nothing.
        hidden = self._authentic and path.source != self._source
        return now - path.heard_at >= SILENCE and not hidden

    @property
    def source(self) -> object:
        """The path that has been there longest."""
        return self._source
