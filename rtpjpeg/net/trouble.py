"""What a sender does when the kernel refuses packets: again, another way, the next one, or stop."""

from __future__ import annotations

import errno
from enum import Enum, auto

MOST_ERRORS = 16
"""Of one train; then its rest is dropped, so that a closed port costs no more than this."""

FULL = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})
"""The send buffer is full; to wait would be to stall the camera."""

UNCUT = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})
"""What a kernel, a driver or a route answers that cannot cut this train into packets."""

DOWN = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EBADF,
        errno.EHOSTUNREACH,
        errno.EINVAL,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENODEV,
    }
)
"""No packet leaves this way: there is no network, or the address that the socket leaves from is gone.

The second looks like the first and stays when the network is back (a camera that roams gets another
address), so a socket that met one of these is changed for a new one.
"""


class Next(Enum):
    """The way on after an error."""

    AGAIN = auto()
    """Offer the same packet once more."""

    UNCUT = auto()
    """Offer the same packets as packets, no longer as a train."""

    REOPEN = auto()
    """Take a new socket, then offer the same packet once more."""

    SKIP = auto()
    """Go on with the packet behind it."""

    STOP = auto()
    """Drop the rest of the train."""


class Trouble:
    """The errors of one train."""

    def __init__(self) -> None:
        self.errors = 0
        self._refused = -1

    def judge(self, number: int, first: int, segmenting: bool) -> Next:
        """Return the way on after packet ``first`` was refused with this errno.

        A refusal may be about an earlier packet: an ICMP answer is reported to the next send, and
        what that one carried is not sent. So each packet is offered twice before it is given up.
        """
        self.errors += 1
        if number in FULL or self.errors > MOST_ERRORS:
            return Next.STOP
        again = first == self._refused
        self._refused = first
        if segmenting and (again or number in UNCUT):
            self._refused = -1
            return Next.UNCUT
        if not again:
            return Next.REOPEN if number in DOWN else Next.AGAIN
        return Next.STOP if number in DOWN else Next.SKIP
