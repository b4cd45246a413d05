"""RTCP of one stream at the sender's side: reports out, and what receivers say and ask for.

One socket a stream, on the port behind that of the packets where it is free, or with ``rtcp_mux`` those of
the packets themselves; a thread of its own reads, so that a packet that is asked for leaves at once. Who is
no destination of the stream is not listened to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from ..events import Event, ReportReceived
from ..net.address import Address, Endpoint, any_port, resolve
from ..net.impaired import Sender
from ..net.reports import ReportSocket, ReportThread, open_reports
from ..net.returns import ReturnReader
from ..session import SenderSession
from ..train import PacketTrain
from .adaptation import Adaptation
from .outlets import Outlets

_log = logging.getLogger(__name__)


class Reporter:
    """Carries a session's RTCP; ``guard`` is held while the session is used."""

    def __init__(
        self,
        name: str,
        session: SenderSession,
        outlets: Outlets,
        guard: threading.Lock,
        adaptation: Adaptation | None = None,
    ) -> None:
        self.name = name
        self.last_report: ReportReceived | None = None
        """The newest of any receiver."""
        self._session = session
        self._outlets = outlets
        self._guard = guard
        self._adaptation = adaptation
        self._reader: ReportThread | None = None
        self._socket: ReportSocket | None = None
        """None with ``rtcp_mux``."""
        self._followed: Sequence[Sender] = ()

    def start(self) -> None:
        """Begin to report; where no socket can be had the stream goes on without, which is said."""
        if not (self._outlets.senders and self._session.rtcp):
            return
        if self._session.rtcp_mux:
            self._reader = ReturnReader(lambda: self._outlets.senders, self._take, self._tick)
        else:
            self._socket, fault = open_reports(_places(self._outlets.senders), self._take, self._tick)
            self._reader = self._socket
            if self._socket is None:
                _log.warning("%s: no reports: %s", self.name, fault)
        if self._reader is not None:
            self._reader.start()

    def accepts(self, source: object) -> bool:
        """Tell whether an address belongs to a destination; of a group anybody may."""
        places = [sender.destination for sender in self._outlets.senders]
        host = source[0] if isinstance(source, tuple) and source else source
        return any(place.multicast or place.ip == host for place in places)

    def stop(self) -> None:
        """Say BYE and close the socket."""
        if self._reader is None:
            return
        with self._guard:
            due = self._session.bye(time.monotonic())
        for data, _ in due:
            self._send(data)
        self._reader.close()

    def statistics(self) -> dict[str, float | None]:
        """Return what the newest report of a receiver says; None before the first."""
        report = self.last_report
        trip = None if report is None else report.round_trip
        return {
            "round_trip_ms": None if trip is None else round(1000 * trip, 3),
            "remote_loss": None if report is None else round(report.fraction_lost, 5),
            "remote_jitter_ms": None if report is None else round(1000 * report.jitter, 3),
        }

    # The thread of the socket.

    def _take(self, data: bytes, source: Address, when: float) -> None:
        opener = self._outlets.unprotector
        opened = data if opener is None else opener.unprotect_rtcp(data)
        if opened is not None:
            with self._guard:
                self._session.receive(opened, when, source)

    def _tick(self) -> float:
        """Do what is due, and return the seconds until something is again."""
        with self._guard:
            now = time.monotonic()  # behind the wait: a report says when it leaves
            due = self._session.next_timer()
            if due is not None and due <= now:
                self._session.handle_timer(now)
            datagrams = self._session.datagrams_to_send(now)
            events = self._events()
            due = self._session.next_timer()
        for data, _ in datagrams:
            self._send(data)
        for event in events:
            self._tell(event)
        return 1.0 if due is None else due - now

    def _events(self) -> Sequence[Event]:
        events = []
        while (event := self._session.next_event()) is not None:
            events.append(event)
        return events

    def _tell(self, event: Event) -> None:
        if isinstance(event, ReportReceived):
            self.last_report = event
            lost, trip = 100 * event.fraction_lost, 1000 * (event.round_trip or 0.0)
            _log.debug("%s: %s reports %.1f %% lost, %.2f ms", self.name, event.source, lost, trip)
            if self._adaptation is not None:
                self._adaptation.heard(self.name, event, time.monotonic())

    def _send(self, data: bytes | PacketTrain) -> None:
        """Send packets once more to all destinations, and RTCP to where it goes of each."""
        if isinstance(data, PacketTrain):
            self._outlets.send(data)
            return
        protector, senders = self._outlets.protector, self._outlets.senders
        data = data if protector is None else protector.protect_rtcp(data)
        if self._socket is None:
            for sender in senders:
                sender.tell(data)
            return
        self._follow(self._socket, senders)
        for sender in senders:
            home, device = sender.local_address[0], sender.departure.device
            self._socket.send_from(data, _beside(sender), home, device)

    def _follow(self, reports: ReportSocket, senders: Sequence[Sender]) -> None:
        """Let RTCP leave as the packets do, which may go elsewhere since the last report."""
        if senders is not self._followed:
            self._followed = senders
            reports.follow([sender.departure for sender in senders])


def _places(senders: Sequence[Sender]) -> list[Endpoint]:
    """Return where RTCP may come in: behind the port of the packets, else on any; both kinds of address."""
    family = max(sender.destination.family for sender in senders)  # a socket of IPv6 has IPv4 too
    port, homes = senders[0].local_address[1], {sender.departure.home for sender in senders}
    home = homes.pop() if len(homes) == 1 else ""
    ports = [port + 1 if 0 < port < 65535 else 0, 0]
    return [resolve(home, number) if home else any_port(family, number) for number in ports]


def _beside(sender: Sender) -> Address:
    """Return where RTCP of a destination goes (RFC 3550 section 11)."""
    place = sender.destination
    return place.ip, place.port + 1
