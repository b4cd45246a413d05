"""What --filter lets through: a port, an SSRC, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ..errors import ConfigError

_EXPECTED = "expected PORT, PORT/SSRC or /SSRC, such as 5000, 5000/0x1234abcd or /305441741"


@dataclass(frozen=True, slots=True)
class Filter:
    """The streams to look at; None lets all through."""

    port: int | None = None
    """UDP port."""
    ssrc: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PORT``, ``PORT/SSRC`` or ``/SSRC``; numbers are decimal or begin with 0x.

        Raises ConfigError.
        """
        port, slash, ssrc = text.strip().partition("/")
        if not port and not ssrc:
            raise ConfigError(f"found {text!r}, {_EXPECTED}")
        return cls(
            _number(port, 1, 65535, "port", text) if port else None,
            _number(ssrc, 0, 0xFFFFFFFF, "SSRC", text) if slash and ssrc else None,
        )

    def allows(self, *ports: int) -> bool:
        """Return whether a datagram with one of these ports belongs to what is looked at.

        Give it both ports, source and destination: RTCP that comes home has the port of the stream as its
        source.
        """
        return self.port is None or self.port in ports

    def allows_ssrc(self, ssrc: int) -> bool:
        """Return whether the stream of this SSRC is looked at."""
        return self.ssrc is None or self.ssrc == ssrc

    def __str__(self) -> str:
        port = "" if self.port is None else str(self.port)
        return port if self.ssrc is None else f"{port}/0x{self.ssrc:08x}"


def _number(text: str, lowest: int, highest: int, what: str, whole: str) -> int:
    try:
        value = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        raise ConfigError(f"found {whole!r}, {_EXPECTED}") from None
    if not text.isalnum() or not text.isascii():
        raise ConfigError(f"found {whole!r}, {_EXPECTED}")
    if not lowest <= value <= highest:
        raise ConfigError(f"found the {what} {text}, expected {lowest} to {highest}")
    return value
