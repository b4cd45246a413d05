"""A network between two real ends: a relay that loses packets, is slow, and knows the truth of both.

The camera sends to the relay's two ports, and the relay to the receiver's. What the receiver reports is noted
on its way back, beside what was lost and how long it took in truth.
"""

from __future__ import annotations

import heapq
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise

from interop.kernel import free_port_pairs
from inthread import InThread
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import HEADERS, Link
from rtpjpeg.net.stamps import ANCILLARY, arrival_time, stamp_arrivals
from rtpjpeg.reportpackets import ReceiverReport, ReportBlock, SenderReport, middle
from rtpjpeg.rtcp import parse_compound

HERE = "127.0.0.1"
BUFFER = 4 << 20


@dataclass(frozen=True)
class Told:
    """What a receiver reported, and the truth."""

    block: ReportBlock
    expected: int
    """Packets that were sent up to the highest number of the report, from the first of two in a row."""
    lost: int
    """Of those, the ones that were lost when they were sent first."""
    round_trip: float | None
    """Seconds that the sender report and this one took; None where there was no sender report."""


class Relay(InThread):
    """Carries one stream to the port ``target``, and its reports both ways, while the block runs.

    Each datagram takes ``delay`` seconds; packets are lost as the impairment says, reports never.
    """

    def __init__(self, target: int, impairment: Impairment, delay: float = 0.0) -> None:
        super().__init__()
        (self.port,) = free_port_pairs(1)
        self.told: list[Told] = []
        self.media_octets = self.report_octets = 0
        """With the headers of UDP and IP."""
        self._target = target
        self._delay = delay
        self._link = Link(impairment)
        self._sockets = [_socket(self.port), _socket(self.port + 1), _socket(0), _socket(0)]
        self._came: dict[int, bool] = {}
        """Packets in the order in which they were sent first, and whether they came through."""
        self._took: dict[int, float] = {}
        """How long each sender report took, by what LSR says of it."""
        self._camera: object = None
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def _release(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        rtp, rtcp, _, back = self._sockets
        takes = {rtp: self._take_packet, rtcp: self._take_sender_report, back: self._take_answer}
        while not self._stop.is_set():
            due = self._waiting[0][0] - time.monotonic() if self._waiting else 0.1
            for sock in select.select(list(takes), [], [], max(0.0, min(due, 0.1)))[0]:
                data, told, _, source = sock.recvmsg(65536, ANCILLARY)
                takes[sock](data, source, arrival_time(told))
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                heapq.heappop(self._waiting)[2]()

    def _later(self, now: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (now + self._delay, next(self._order), act))

    def _take_packet(self, data: bytes, source: object, now: float) -> None:
        before = self._link.packets_lost
        self._link.send(data, now)
        came = self._link.packets_lost == before
        self._came.setdefault(int.from_bytes(data[2:4], "big"), came)
        self.media_octets += len(data) + HEADERS
        if came:
            self._later(now, lambda: self._send(2, data, (HERE, self._target)))

    def _take_sender_report(self, data: bytes, source: object, now: float) -> None:
        self._camera = source

        def pass_on() -> None:
            self._send(3, data, (HERE, self._target + 1))
            for report in parse_compound(data):
                if isinstance(report, SenderReport):
                    self._took[middle(report.ntp_timestamp)] = time.monotonic() - now

        self.report_octets += len(data) + HEADERS
        self._later(now, pass_on)

    def _take_answer(self, data: bytes, source: object, now: float) -> None:
        def pass_on() -> None:
            self._send(1, data, self._camera)
            took = time.monotonic() - now  # before we judge, which takes its time
            reports = [one for one in parse_compound(data) if isinstance(one, ReceiverReport)]
            self.told += [self._judge(block, took) for report in reports for block in report.blocks]

        self.report_octets += len(data) + HEADERS
        self._later(now, pass_on)

    def _judge(self, block: ReportBlock, took: float) -> Told:
        # What has not come as far as here was lost before: by the kernel.
        begin, end = next(iter(self._came)), block.highest_sequence_number + 1
        sent = range(begin, begin + (end - begin) % 65536)
        passed = [self._came.get(number & 0xFFFF, False) for number in sent]
        first = next(place for place, both in enumerate(pairwise(passed)) if all(both))
        came = passed[first:]
        there = self._took.get(block.last_sr)
        return Told(block, len(came), came.count(False), None if there is None else there + took)

    def _send(self, number: int, data: bytes, address: object) -> None:
        self._sockets[number].sendto(data, address)  # type: ignore[arg-type]


def _socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # the kernel may grant less
    made.bind((HERE, port))
    stamp_arrivals(made)
    return made
