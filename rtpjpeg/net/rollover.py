"""Which packet this is: the index that SRTP does not send (RFC 3711 section 3.3.1), and whether it is new.

An index is 48 bits: how often the sequence number has rolled over, and the number itself.
"""

from __future__ import annotations

WINDOW = 4096
"""Indices below the highest in which a late packet may still come (RFC 3711 section 3.3.2: at least 64).

As many as a session lets wait behind a hole, for what is sent again comes late."""
_FULL = (1 << WINDOW) - 1


class Window:
    """The highest index and which of those below it have come; changed only by ``take``."""

    __slots__ = ("_seen", "highest")

    def __init__(self, index: int) -> None:
        self.highest = index
        self._seen = 1

    def is_seen(self, index: int) -> bool:
        """Return whether this index has come, as far as the window knows."""
        return 0 <= self.highest - index < WINDOW and bool(self._seen >> (self.highest - index) & 1)

    def is_old(self, index: int) -> bool:
        """Return whether this index is too far back to know."""
        return self.highest - index >= WINDOW

    def take(self, index: int) -> None:
        """Note a packet whose tag was right."""
        ahead = index - self.highest
        if ahead > 0:
            self._seen = (self._seen << ahead | 1) & _FULL if ahead < WINDOW else 1
            self.highest = index
        elif ahead > -WINDOW:
            self._seen |= 1 << -ahead


class Rollover(Window):
    """The window of one SSRC's RTP packets."""

    __slots__ = ()

    def guess(self, sequence_number: int) -> int:
        """Return the index that is nearest to the highest one (RFC 3711 appendix A)."""
        rollovers, last = self.highest >> 16, self.highest & 0xFFFF
        if last < 0x8000:
            rollovers -= sequence_number - last > 0x8000
        else:
            rollovers += last - 0x8000 > sequence_number
        return max(rollovers, 0) << 16 | sequence_number
