"""Between the packets that came and the session: the key, and what to say where it does not fit."""

from __future__ import annotations

from ..net.srtp import Protector, Unprotector
from ..srtpkey import SrtpKey
from ..train import PacketTrain
from .gate import Gate

JOINING = 0.5
"""Seconds in which nothing is said yet: who joins late finds by trying where the stream is (``latejoin``)."""
SAMPLE = 32
"""Packets that tell whether a stream is encrypted."""
_CONSTANT = slice(16, 20)
"""Type, Q, width and height of the RTP/JPEG header behind a bare RTP header (RFC 2435 section 3.1)."""


class Secrecy:
    """Decrypts the packets of one stream where there is a key, and counts those that it does not fit."""

    def __init__(self, key: SrtpKey | None, payload_type: int) -> None:
        self.unprotector = None if key is None else Unprotector(key)
        """Decrypts RTP, and RTCP wherever it comes; None without a key."""
        self.protector = None if key is None else Protector(key)
        """Encrypts the RTCP that is sent back."""
        self._seeming = Seeming(payload_type)
        self._gate = Gate()
        self._told = 0
        self._since: float | None = None
        self._fits = False
        self._said = False

    @property
    def rejected(self) -> int:
        """Packets that do not fit the key."""
        return 0 if self.unprotector is None else self.unprotector.rejected

    @property
    def repeated(self) -> int:
        """Packets that had come before: the session does not see them."""
        return 0 if self.unprotector is None else self.unprotector.repeated

    def open(self, train: PacketTrain) -> PacketTrain:
        """Return the packets for the session: without a key as they are, else those that it fits."""
        if not self._fits:
            self._seeming.look(train)
        if self.unprotector is None:
            return train
        opened = self.unprotector.unprotect(train)
        if len(opened) and not self._fits:
            self._fits, self._told = True, self.rejected  # what came before was needed to find the place
        return opened

    def open_rtcp(self, data: bytes) -> bytes | None:
        """Return an RTCP datagram for the session; None where the key does not fit."""
        return data if self.unprotector is None else self.unprotector.unprotect_rtcp(data)

    def protect_rtcp(self, data: bytes) -> bytes:
        """Return an RTCP datagram as it is sent."""
        return data if self.protector is None else self.protector.protect_rtcp(data)

    def notice(self, now: float, frames: int) -> str | None:
        """Return a sentence to say now, if there is one; ``frames`` is how many have come."""
        if self.unprotector is None:
            self._fits = frames > 0  # Then nothing needs to be found out.
            return None if self._fits or self._said else self._guess()
        if self.rejected == self._told or self._is_joining(now) or not self._gate.passes("", now):
            return None
        misfits, self._told = self.rejected - self._told, self.rejected
        plain = not self._fits and self._seeming.encrypted is False
        hint = ": they seem not to be encrypted" if plain else ""
        return f"{misfits} packet{'s do' if misfits > 1 else ' does'} not fit the key{hint}"

    def _is_joining(self, now: float) -> bool:
        self._since = now if self._since is None else self._since
        return not self._fits and now - self._since < JOINING

    def _guess(self) -> str | None:
        if not self._seeming.encrypted:
            return None
        self._said = True
        return "the packets seem to be encrypted (SRTP), and there is no key for them: see --srtp-key"


class Seeming:
    """Tells encrypted packets from plain ones: in a stream all have the same type, Q, width and height."""

    def __init__(self, payload_type: int) -> None:
        self.encrypted: bool | None = None
        """None while too few have come, and where they are neither the one nor the other."""
        self._payload_type = payload_type
        self._seen: list[bytes] = []

    def look(self, train: PacketTrain) -> None:
        """Look at the packets of a train until there were enough."""
        for packet in train if len(self._seen) < SAMPLE else ():
            # Version 2 without CSRCs, padding or extension, so that the RTP/JPEG header has its place.
            if packet[:1] == b"\x80" and len(packet) >= 20 and packet[1] & 127 == self._payload_type:
                self._seen.append(packet[_CONSTANT])
            if len(self._seen) >= SAMPLE:
                self._judge()
                return

    def _judge(self) -> None:
        different = len(set(self._seen))
        if different > SAMPLE * 3 // 4:
            self.encrypted = True
        elif different <= SAMPLE // 4:
            self.encrypted = False
