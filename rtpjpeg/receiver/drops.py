"""What the kernel threw away because the socket's buffer was full: said apart from what the network lost."""

from __future__ import annotations

from typing import Protocol

LOOK = 1.0
"""Seconds from one look at the kernel's counter to the next."""
PAUSE = 10.0
"""Seconds from one line to the next."""


class Socket(Protocol):
    """What is asked of a receiver."""

    @property
    def kernel_drops(self) -> int:
        """Datagrams that found the buffer full."""

    @property
    def granted_buffer(self) -> int:
        """Bytes that the kernel granted."""

    @property
    def asked_buffer(self) -> int:
        """Bytes that were asked."""


class KernelDrops:
    """Decides when there is something to say about one socket."""

    def __init__(self) -> None:
        self._look_at = float("-inf")
        self._say_at = float("-inf")
        self._said = 0

    def notice(self, socket: Socket, now: float) -> str:
        """Return a sentence about datagrams dropped since the last one, or "" for nothing to say."""
        if now < self._look_at:
            return ""
        self._look_at = now + LOOK
        drops = socket.kernel_drops
        if drops <= self._said or now < self._say_at:
            return ""
        more, self._said, self._say_at = drops - self._said, drops, now + PAUSE
        return f"the kernel dropped {more} packets, {drops} in all: {_reason(socket)}"


def _reason(socket: Socket) -> str:
    granted, asked = socket.granted_buffer, socket.asked_buffer
    if granted < asked:
        return (
            f"the receive buffer of {granted} bytes was full; "
            f"raise it with: sysctl -w net.core.rmem_max={asked}"
        )
    return f"this machine was too slow, though its receive buffer holds the {asked} bytes asked"
