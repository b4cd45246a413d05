"""The whole inspection: batches in, a report out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ...net.address import address_text
from ...train import Column
from ..batch import Batch, Flow
from ..filter import Filter
from ..findings import Findings
from ..media import Media
from ..model import Report
from ..reading import Capture, read_capture
from ..reports import RtcpWatch
from ..verdicts import verdicts
from .looks import Looked, Looks
from .selection import Key, Read, Selection
from .sources import check_sources, check_strangers
from .stream import StreamAnalysis

EVERYTHING = Filter()
NONE = np.zeros(0, np.int64)
FLOWS_TOLD = 5


class Inspection:
    """Judges the streams of a capture, one batch after another.

    ``wanted`` are the streams to look at, ``deep`` decodes every frame, ``deliver`` is handed each frame that
    could be put together.
    """

    def __init__(
        self,
        name: str,
        wanted: Filter = EVERYTHING,
        deep: bool = False,
        deliver: Callable[[Looked], object] | None = None,
    ) -> None:
        self.report = Report(name)
        self._findings = Findings()
        self._selection = Selection(wanted)
        self._streams: dict[Key, StreamAnalysis] = {}
        self._rtcp = RtcpWatch(self._findings)
        self._deep = deep
        self._deliver = deliver
        self._began = self._ended = 0
        self._flows: Counter[int] = Counter()
        self._table: list[Flow] = []

    def add(self, batch: Batch, cut_short: Sequence[int] = ()) -> None:
        """Take the next datagrams of the capture, and the numbers of packets that it cut short there."""
        words = "a packet of which the capture holds a part only"
        self._findings.add("N-008", None, cut_short, words)
        if not len(batch):
            return
        self._began = self._began or int(batch.times[0])
        self._ended = int(batch.times[-1])
        self.report.datagrams += len(batch)
        read = self._selection.read(batch)
        parts = list(self._selection.indices(read))
        for key, _ in parts:
            self._open(key, read)
        self._watch_rtcp(read, dict(parts))
        for key, found in parts:
            self._streams[key].add(read, found)
        check_strangers(self._findings, read, self._streams)
        self._count_flows(read)

    def _open(self, key: Key, read: Read) -> None:
        """Begin with a stream that is new."""
        if key not in self._streams:
            looks = Looks(self._findings, key[1], self._deep, self._deliver)
            self._streams[key] = StreamAnalysis(self._findings, read.batch.table[key[0]], key[1], looks)

    def _watch_rtcp(self, read: Read, parts: Mapping[Key, Column]) -> None:
        """Hold reports against what had been captured of the streams before each of them."""
        batch = read.batch
        for place in np.flatnonzero(read.rtcp).tolist():
            before = {key: found[: np.searchsorted(found, place)] for key, found in parts.items()}
            media = self._media(read, before)
            start = int(batch.starts[place])
            data = batch.data[start : start + int(batch.lengths[place])].tobytes()
            flow = batch.table[int(batch.flows[place])]
            self._rtcp.add(data, int(batch.numbers[place]), int(batch.times[place]), flow, media)

    def _media(self, read: Read | None, found: Mapping[Key, Column]) -> dict[int, Media]:
        """Return the streams as they are behind the packets at these indices of the batch being read."""
        known = ((key, stream.media(read, found.get(key, NONE))) for key, stream in self._streams.items())
        return {key[1]: media for key, media in known if media is not None}

    def _count_flows(self, read: Read) -> None:
        """Count datagrams by flow, for a capture in which there is no stream."""
        self._table = read.batch.table
        values, counts = np.unique(read.batch.flows, return_counts=True)
        self._flows.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    @property
    def payload_types(self) -> set[int]:
        """Payload types of the streams that were found."""
        return {stream.totals.payload_type for stream in self._streams.values()}

    def finish(self, packets: int = 0, notices: Iterable[str] = ()) -> Report:
        """Return the report. The arguments are what the reader of the capture says of it."""
        streams = list(self._streams.values())
        for stream in streams:
            stream.finish()
        check_sources(self._findings, streams)
        self._rtcp.finish(self._media(None, {}))
        report = self.report
        report.packets, report.duration = packets, (self._ended - self._began) / 10**9
        report.streams = sorted((stream.report() for stream in streams), key=lambda one: one.first_packet)
        for one in report.streams:
            one.receivers = verdicts(one, self._findings.of(one.ssrc))
        report.findings = self._findings.listed()
        report.notices += [*notices, *self._own_notices(streams)]
        return report

    def _own_notices(self, streams: Sequence[StreamAnalysis]) -> list[str]:
        """Return what could not be looked at, and, where there is no stream, what there was instead."""
        said = list(dict.fromkeys(notice for stream in streams for notice in stream.notices))
        if streams:
            return said
        for flow, count in self._flows.most_common(FLOWS_TOLD):
            source, destination = (address_text(*address) for address in self._table[flow])
            said.append(f"UDP from {source} to {destination}: {count} datagrams, not RTP/JPEG by their shape")
        return said


def inspect(capture: Capture, inspection: Inspection, go_on: Callable[[], bool] = lambda: True) -> Report:
    """Read a capture to its end, or as long as ``go_on`` says; return the report."""
    for batch in capture:
        inspection.add(batch, capture.cut_short)
        if not go_on():
            break
    return inspection.finish(capture.packets, capture.notices)


def inspect_file(path: str | os.PathLike[str], deep: bool = False) -> Report:
    """Return what is to be said of a capture file. Raises ``CaptureError`` where it cannot be read."""
    with read_capture(path) as capture:
        return inspect(capture, Inspection(os.fspath(path), deep=deep))
