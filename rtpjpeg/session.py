"""One RTP session at each end, without sockets and clocks (RFC 3550, RFC 2435).

Bytes and the time come in as arguments; trains, events and the next timer go out. The shell around a
session is four calls: ``receive`` what came, ``next_event`` until None, ``datagrams_to_send``, and
``handle_timer`` when ``next_timer`` says so. ``now`` is in seconds of a monotonic clock.
"""

from __future__ import annotations

from .receiving import DEADLINE, ReceiverSession
from .sending import Datagram, SenderSession

__all__ = ["DEADLINE", "Datagram", "ReceiverSession", "SenderSession"]
