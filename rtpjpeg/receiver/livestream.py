"""A stream from a socket, in a thread that does nothing else."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ..errors import RtpJpegError
from ..frame import Frame
from ..net.address import Address, is_local, resolve
from ..net.impaired import Receiver
from ..net.options import any_address
from ..net.reports import Outlet, ReportSocket, open_reports
from ..receivercontrol import RTCP
from ..session import ReceiverSession
from .drops import KernelDrops
from .source import Source
from .stream import Stream

LONGEST_WAIT = 1.0
"""Seconds a socket is waited for at a time."""
JOIN_SECONDS = 1.5
"""How long a thread may take to end: a signal is answered within 2 s."""
LATE = 0.002
"""Seconds that packets are dated back, at most, to stand in front of a timer that fires behind them."""

_log = logging.getLogger(__name__)


class LiveStream(Stream):
    """A stream from a socket, in a thread of its own; ``ended`` is called in it when it is over.

    ``duration`` in seconds counts from ``start``. A fault of the socket ends this stream alone.
    """

    def __init__(
        self,
        source: Source,
        session: ReceiverSession,
        receiver: Receiver,
        deliver: Callable[[Frame], object],
        ended: Callable[[], object],
        frames: int | None = None,
        duration: float | None = None,
    ) -> None:
        super().__init__(source, session, deliver, frames)
        self.receiver = receiver
        self._drops = KernelDrops()
        self._ended = ended
        self._duration = duration
        self._looked_at = self._read_at = self._told_at = float("-inf")
        self._stop = threading.Event()
        self._guard = threading.Lock()
        """Held while the session is used: RTCP comes in a thread of its own."""
        self._reports: ReportSocket | None = None
        described = source.description
        self._shared = described is not None and described.rtcp_mux
        """Whether RTCP goes to the port of RTP by agreement (RFC 5761)."""
        self._apart: object = None
        """Who sent RTCP last to the port that is its own."""
        self._thread = threading.Thread(target=self._run, name=source.label, daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        if self.session.rtcp and not self._shared:
            self._open_reports()
        self._thread.start()

    def _open_reports(self) -> None:
        """Open the port of RTCP; without it the stream plays all the same."""
        host, described = self.source.host, self.source.description
        port = described.control_port if described else self.receiver.local_address[1] + 1
        places = [] if port > 65535 else [resolve(host, port) if host else any_address(port)]
        self._reports, fault = open_reports(places, self._take_report, lambda: LONGEST_WAIT)
        if self._reports is not None:
            self._reports.start()
        self._say_reports(port, fault or f"there is no port behind {port - 1}")

    def _say_reports(self, port: int, fault: str) -> None:
        if self._reports is None:
            _log.info("%s: no reports: %s", self.source.label, fault)
        elif port % 2 == 0 and self.source.description is None:
            # RFC 3550, section 11: RTP on an even port, RTCP on the next one up.
            _log.info("%s: the port is odd: RTP is taken on %d and RTCP on %d", self.label, port - 1, port)

    def _take_report(self, data: bytes, peer: Address, when: float) -> None:
        opened = self.secrecy.open_rtcp(data)
        if opened is None or self._reports is None:
            return
        self._apart = peer
        with self._guard:
            tap = self.report_tap
            if tap is not None:
                tap(data, self._order_time(time.monotonic()), peer, self._reports.local_address[1])
            self.session.receive(opened, when, peer)

    def _send_due(self, now: float, bye: bool = False) -> None:
        """Send the reports and requests that are due, or the last one."""
        if not self.session.rtcp:
            return
        with self._guard:
            due = self.session.bye(now) if bye else self.session.datagrams_to_send(now)
            source = self.session.source
        for data, where in due:
            outlet, place = self._way(where, source)
            if outlet is not None and isinstance(data, bytes) and isinstance(place, tuple):
                outlet.send(self.secrecy.protect_rtcp(data), place)

    def _way(self, where: object, source: object) -> tuple[Outlet | None, object]:
        """Return the socket and the address for RTCP to ``where``; ``source`` is where RTP comes from.

        That is taken for RTCP too where a description says so, or the sender's RTCP comes from there to the
        port of RTP: never for a port that was merely seen in RTP (RFC 3550 section 11).
        """
        if self._shared or (where == source and where != self._apart):
            return self.receiver, source if where == RTCP else where
        if where == RTCP and self._reports is not None and isinstance(source, tuple):
            return self._reports, (source[0], self._reports.local_address[1])
        return self._reports, where

    @property
    def kernel_drops(self) -> int:
        """Datagrams that came and found the socket's buffer full."""
        return self.receiver.kernel_drops

    def _shares_clock(self, peer: object) -> bool | None:
        return isinstance(peer, tuple) and is_local(str(peer[0]))

    def stop(self) -> None:
        """Let the thread end, which closes the socket; ``join`` closes it in any case."""
        self.let_go()
        if self._thread.ident is None:
            self.receiver.close()

    def let_go(self) -> None:
        """Ask the thread to end and to close the socket itself; never waits, in whatever thread."""
        self._stop.set()
        self.receiver.wake()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended, if it was started."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
            self.receiver.close()

    def _run(self) -> None:
        try:
            self._receive_all()
        except (RtpJpegError, OSError) as error:
            self.fault = str(error)
        except Exception as error:  # A thread that dies in silence would leave a still picture.
            _log.debug("%s", self.source.label, exc_info=True)
            self.fault = f"internal error: {type(error).__name__}: {error}"
        finally:
            self._send_due(time.monotonic(), bye=True)
            self.receiver.close()
            if self._reports is not None:
                self._reports.close()
            self._ended()

    def _receive_all(self) -> None:
        clock = time.monotonic
        end = clock() + self._duration if self._duration is not None else float("inf")
        while not self.finished and not self._stop.is_set():
            now = clock()
            if now >= end:
                return
            received = self.receiver.receive(self._wait(now, end))
            # Ours first: where we read late, it only seems silent, and another one would take its place.
            received.sort(key=lambda item: item[1] != self.session.source)
            if received:
                self._read_at = max(self._read_at, self._before_timer(clock(), LATE))
            with self._guard:
                for train, peer in received:
                    self.receive(train, self._read_at, peer, more=True)
                # What had not come when we began to read is late; what came since may wait in the socket.
                self.handle_timer(now)
            self._send_due(clock())
            self._looked_at = now
            self._tell_notices(now)

    def _order_time(self, now: float) -> float:
        self._told_at = max(self._told_at, self._before_timer(now, float("inf")))
        return self._told_at

    def _before_timer(self, now: float, most: float) -> float:
        """Return the time of what was just read: not behind a timer that has not fired yet.

        It is ``most`` seconds back at most. Whoever records packets with these times can play them again
        to the same frames.
        """
        due = self.session.next_timer()
        if due is None or due >= now:
            return now
        return max(due, now - most, self._looked_at)

    def _wait(self, now: float, end: float) -> float:
        due = self.session.next_timer()
        return max(0.0, min(LONGEST_WAIT, end - now, LONGEST_WAIT if due is None else due - now))

    def _tell_notices(self, now: float) -> None:
        while self.receiver.notices:
            _log.warning("%s: %s", self.source.label, self.receiver.notices.pop(0))
        notice = self._drops.notice(self.receiver, now)
        if notice:
            _log.warning("%s: %s", self.source.label, notice)
