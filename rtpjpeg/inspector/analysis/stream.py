"""One stream of a capture, from its packets to its report."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...net.address import address_text
from ...train import Column, Flags
from ..batch import Flow
from ..findings import Findings
from ..media import Media
from ..model import StreamReport
from .framerules import FrameRules
from .frames import Frames, Links, cut, link
from .headers import Headers
from .looks import Looks
from .network import Network
from .packets import Packets, joined, read_stream
from .selection import Read
from .series import SECOND, FrameSeries, LossMap
from .sketch import Sketch
from .timing import Arrivals, Clock
from .totals import Totals

HELD = 512
"""Packets by which one may be late and still be put into its place."""


class StreamAnalysis:
    """Takes the packets of one SSRC and flow, batch by batch."""

    def __init__(self, findings: Findings, flow: Flow, ssrc: int, looks: Looks) -> None:
        self.flow = flow
        self.ssrc = ssrc
        self.totals = Totals(findings, ssrc)
        self.network = Network(findings, ssrc)
        self.arrivals = Arrivals()
        self.clock = Clock()
        self.sketch = Sketch()
        self.frames = self.complete = 0
        self._looks = looks
        self._headers = Headers(findings, ssrc)
        self._rules = FrameRules(findings, ssrc)
        self._series = FrameSeries()
        self._loss: LossMap | None = None
        self._kinds: Counter[tuple[int, ...]] = Counter()
        self._held: Packets | None = None
        self._before: int | None = None
        self._largest = 0
        """Packets of the largest frame so far."""

    def add(self, read: Read, found: Column) -> None:
        """Take the packets at these indices of a batch, in order of arrival."""
        batch, rtp = read.batch, read.rtp
        usable = self.totals.add(read, found)
        times, timestamps = batch.times[found], rtp.timestamp[found]
        prints = _prints(read, found)
        self.sketch.add(prints)
        order = self.network.order(rtp.sequence_number[found], times, timestamps, prints)
        self.network.check(batch.numbers[found], order, ~usable)
        self.arrivals.add(times, timestamps, batch.numbers[found])
        self._headers.check_ip(batch.numbers[found], batch.ip_sizes[found], batch.pieces[found])
        if not usable.any():
            return
        packets = read_stream(batch, rtp, read.jpeg, found[usable], order.sequence[usable])
        self._headers.check(packets)
        self._count_kinds(packets)
        fresh = ~order.duplicate[usable]
        if self._before is not None:
            fresh &= packets.sequence > self._before
        self._release(joined(self._held, packets.take(fresh)), final=False)

    def finish(self) -> None:
        """Take what is held for late packets, and judge what needs the whole stream."""
        if self._held is not None and len(self._held):
            self._release(self._held, final=True)
        self._rules.finish()
        self.totals.finish(self.clock, self.arrivals)

    @property
    def notices(self) -> list[str]:
        """Sentences about what could not be looked at."""
        return self._looks.notices

    def media(self, read: Read | None, found: Column) -> Media | None:
        """Return what the stream is behind the packets at these indices of a batch, which come next.

        None before its first packet.
        """
        totals, network = self.totals, self.network
        packets, octets = totals.packets + len(found), totals.octets
        timestamp, time, first = totals.timestamp, totals.ended_at, totals.began_at
        if not packets:
            return None
        if read is not None and len(found):
            octets += totals.octets_of(read, found)
            timestamp, time = int(read.rtp.timestamp[found[-1]]), int(read.batch.times[found[-1]])
            first = first or int(read.batch.times[found[0]])
            _, counts = np.unique(read.rtp.timestamp[found], return_counts=True)
            self._largest = max(self._largest, int(counts.max()))
        lost, doubled, number = network.lost, network.duplicated, totals.first_packet
        return Media(packets, octets, timestamp, time, first, self.flow, lost, doubled, number, self._largest)

    def _count_kinds(self, packets: Packets) -> None:
        columns = (packets.type, packets.q, packets.width, packets.height, np.maximum(packets.interval, 0))
        number = columns[0] << 56 | columns[1] << 48 | columns[2] << 32 | columns[3] << 16 | columns[4]
        values, first, counts = np.unique(number.view(np.uint64), return_index=True, return_counts=True)
        for place in np.argsort(first).tolist():
            kind = tuple(int(column[first[place]]) for column in columns)
            self._kinds[kind] += int(counts[place])

    def _release(self, packets: Packets, final: bool) -> None:
        """Judge the frames for which nothing more is expected, and hold the others."""
        packets = packets.take(np.argsort(packets.sequence, kind="stable"))
        if not len(packets):
            return
        links = link(packets)
        frames = cut(packets, links, self._before)
        count = len(frames) if final else _settled(frames)
        if count:
            self._judge(_first_frames(frames, links, count))
        stop = int(frames.last[count - 1]) + 1 if count else 0
        self._before = int(packets.sequence[stop - 1]) if stop else self._before
        self._held = packets.take(slice(stop, None)).copied()

    def _judge(self, frames: Frames) -> None:
        packets = frames.packets
        lost = self.network.missing(frames, self._before)
        self._loss = self._loss or LossMap(int(packets.times.min()))
        self._loss.add(packets.times, lost)
        suspect = self._rules.check(frames)
        complete = frames.whole & (packets.offset[frames.first] == 0) & ~self._rules.torn
        self.frames += len(frames)
        self.complete += int(complete.sum())
        first = packets.take(frames.first)
        follows = np.append(False, frames.links.consecutive)[frames.first]
        follows[0] = self._before is not None and packets.sequence[0] == self._before + 1
        self.clock.add(frames.least(packets.times), first.timestamp, first.numbers, follows)
        self._series.add(frames, complete)
        self._looks.look(frames, suspect)

    def report(self) -> StreamReport:
        """Return what is known of the stream."""
        totals, arrivals = self.totals, self.arrivals
        (type_, q, width, height, interval), _ = max(
            self._kinds.items(), key=lambda item: item[1], default=((0, 0, 0, 0, 0), 0)
        )
        seconds = totals.duration
        return StreamReport(
            ssrc=self.ssrc,
            source=address_text(*self.flow.source),
            destination=address_text(*self.flow.destination),
            payload_type=totals.payload_type,
            packets=totals.packets,
            lost=self.network.lost,
            reordered=self.network.reordered,
            duplicated=self.network.duplicated,
            frames=self.frames,
            frames_complete=self.complete,
            type=type_,
            q=q,
            width=width,
            height=height,
            restart_interval=interval,
            fps=self.clock.fps,
            bitrate=round(8 * totals.bytes / seconds) if seconds else 0,
            jitter_ms=arrivals.jitter,
            jitter_max_ms=arrivals.jitter_max,
            duration=seconds,
            first_packet=totals.first_packet,
            last_packet=totals.last_packet,
            bytes=totals.bytes,
            began_at=totals.began_at,
            largest_packet=totals.largest_packet,
            longest_burst=arrivals.longest_burst,
            series=self._series.series(),
            lost_by_second=self._loss.lost if self._loss else [],
            packets_by_second=self._loss.came if self._loss else [],
            loss_step=(self._loss.step if self._loss else SECOND) / SECOND,
            spacing=self.clock.spacing.histogram(),
            transit=arrivals.transit.histogram(),
            pictures=self._looks.pictures(),
            timings=self._looks.timings(),
            unseen=self._looks.unseen,
            tables_once=self._looks.tables_once,
        )


def _prints(read: Read, places: Column) -> Column:
    """Return a number for each packet by which its duplicate is known."""
    offset, length = read.jpeg.fragment_offset[places], read.batch.lengths[places]
    prints: Column = (read.rtp.timestamp[places] << 24 ^ offset) * 65_521 + length
    return prints


def _settled(frames: Frames) -> int:
    """Return how many frames are so far back that no packet of theirs is expected any more."""
    numbers = frames.packets.sequence
    settled: Flags = numbers[frames.last] < numbers[-1] - HELD
    settled[-1] = False
    return int(settled.sum())


def _first_frames(frames: Frames, links: Links, count: int) -> Frames:
    """Return the first frames, on their own packets alone."""
    stop = int(frames.last[count - 1]) + 1
    inner = slice(0, stop - 1)
    return Frames(
        frames.packets.take(slice(0, stop)),
        Links(links.consecutive[inner], links.goes_on[inner], links.same_time[inner], links.begins[inner]),
        frames.first[:count],
        frames.last[:count],
        frames.after_loss[:count],
        frames.holes[:count],
        frames.ended[:count],
    )
