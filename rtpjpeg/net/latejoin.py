"""The rollover counter of a stream that was joined late.

RTP packets do not carry it and SDP does not tell it: RFC 4568 section 6.4 knows no late joiner. But it is
signed, so it can be tried: a try costs a microsecond, and a stream of 1000 packets a second rolls over
1300 times a day. Tries are counted, so that forged packets cost little; and a counter is believed when two
packets have it, so that many tries are no help against the short tag.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .aescm import Transform
from .rollover import Rollover

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MOST_ROLLOVERS = 1 << 20
"""Where a search begins anew: two years of 1000 packets a second."""
COLD_TRIES, WARM_TRIES = 256, 32
"""Tries for a train while nothing fits the key, and when a stream does: then it has been away at most."""
MOST_SEARCHES = 4
"""SSRCs that are searched for at a time; forged ones push each other out."""
PATIENCE = 64
"""Packets in which a counter that was found must be right once more."""


@dataclass(slots=True)
class Search:
    """How far the search for one SSRC is."""

    first: int
    """The lowest counter it can be."""
    next: int
    found: int | None = None
    """An index that fitted one packet."""
    patience: int = 0


class LateJoin:
    """Searches the rollover counters of a few SSRCs, each packet by packet."""

    def __init__(self, transform: Transform) -> None:
        self._transform = transform
        self._searches: dict[int, Search] = {}
        self.tries = 0
        """How many are left; whoever receives a train sets it."""

    def find(self, begun: Hash, tag: bytes, ssrc: int, sequence_number: int, first: int) -> int | None:
        """Return the index of a packet whose tag fits no likely one; None where it is not known, or not yet.

        ``begun`` is the hash of what its ``tag`` signs, ``first`` the lowest rollover counter it can have.
        """
        search = self._searches.get(ssrc)
        if search is None or search.first != first:
            search = self._begin(ssrc, first)
        if search.found is not None:
            index = self._confirm(search, begun, tag, sequence_number)
            if index is not None:
                del self._searches[ssrc]
            return index
        self._try(search, begun, tag, sequence_number)
        return None

    def _begin(self, ssrc: int, first: int) -> Search:
        self._searches.pop(ssrc, None)
        while len(self._searches) >= MOST_SEARCHES:
            del self._searches[next(iter(self._searches))]
        self._searches[ssrc] = search = Search(first, first)
        return search

    def _try(self, search: Search, begun: Hash, tag: bytes, sequence_number: int) -> None:
        """Try counters from where the search stands, as many as are left for this train."""
        # One back: the packet may be from before a rollover, and the one that was tried from behind it.
        start = max(search.first, search.next - 1)
        stop = start + self.tries
        for rollovers in range(start, stop):
            self.tries -= 1
            if self._fits(begun, tag, rollovers):
                search.found, search.patience = rollovers << 16 | sequence_number, PATIENCE
                return
        stop = max(stop, search.next)
        search.next = stop if stop < search.first + MOST_ROLLOVERS else search.first

    def _confirm(self, search: Search, begun: Hash, tag: bytes, sequence_number: int) -> int | None:
        """Return the index of another packet when the counter that was found is right for it too."""
        assert search.found is not None
        index = Rollover(search.found).guess(sequence_number)
        if index != search.found and self._fits(begun, tag, index >> 16):
            return index
        search.patience -= 1
        if not search.patience:
            search.found, search.next = None, search.first
        return None

    def _fits(self, begun: Hash, tag: bytes, rollovers: int) -> bool:
        return hmac.compare_digest(self._transform.finish(begun, rollovers), tag)
