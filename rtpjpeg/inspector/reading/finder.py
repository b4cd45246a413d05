"""From the packets of a piece to the batch of UDP datagrams in them.

Plain packets are taken together. What is odd (fragments, IP options, extension headers, lengths left to
the network card) goes packet by packet, and its payload is put behind the bytes of the piece.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from ...net.headers import CUT_SHORT, LINK_TYPES, OTHER, UNKNOWN, Datagram, Datagrams
from ...net.piece import NOT_A_PACKET, Records
from ...train import Column
from ..batch import Batch, Flow
from .flows import MOST_FLOWS, TOO_MANY, Flows
from .headers import Headers, read_headers
from .trains import Trains

_COLUMNS = ("starts", "lengths", "numbers", "times", "flows", "ip_sizes", "pieces", "from_train", "cut_short")


class Finder:
    """Finds the UDP datagrams of a capture, piece after piece."""

    def __init__(self) -> None:
        self.packets = 0
        """Of the capture so far, whatever they are."""
        self.cut_short: list[int] = []
        """Numbers of the packets of the last piece that the capture cut short."""
        self._single = Datagrams()
        self._flows = Flows()
        self._trains = Trains()

    @property
    def skipped(self) -> Counter[str]:
        """How many packets were left out, by reason."""
        return self._single.skipped

    def find(self, records: Records) -> Batch:
        """Return the datagrams of the next piece; they may be none."""
        numbers = np.arange(self.packets + 1, self.packets + 1 + len(records))
        self.packets += len(records)
        headers = read_headers(records)
        self._count(records, headers, numbers)
        odd = np.flatnonzero(~(headers.plain | headers.cut | headers.other))
        batch = self._plain(records, headers, numbers)
        if odd.size:
            batch = _merged(batch, self._odd(records, numbers, odd))
            self.cut_short.sort()
        return self._trains.cut(batch)

    def finish(self, name: str) -> Iterator[str]:
        """Count what is still open at the end of a capture; yield sentences about all that was left out."""
        self._single.finish()
        yield from self._single.notices(name)
        if self.skipped[TOO_MANY]:
            yield (
                f"{name}: {self.skipped[TOO_MANY]} datagrams are left out because the capture has more than"
                f" {MOST_FLOWS} flows"
            )

    def _count(self, records: Records, headers: Headers, numbers: Column) -> None:
        """Count what needs no second look."""
        self.cut_short = numbers[headers.cut].tolist()
        self.skipped[CUT_SHORT] += int(np.count_nonzero(headers.cut & ~headers.fronts))
        self.skipped[OTHER] += int(np.count_nonzero(headers.other))
        for link in np.unique(records.link_types).tolist():
            if link not in LINK_TYPES:
                count = int(np.count_nonzero(records.link_types == link))
                self.skipped[OTHER] -= count
                if link != NOT_A_PACKET:
                    self.skipped[f"{UNKNOWN}{link}"] += count

    def _plain(self, records: Records, headers: Headers, numbers: Column) -> Batch:
        chosen = np.flatnonzero(headers.plain | headers.fronts)
        flows = self._flows_of(headers, chosen)
        self.skipped[TOO_MANY] += int(np.count_nonzero(flows < 0))
        chosen, flows = chosen[flows >= 0], flows[flows >= 0]
        return Batch(
            records.data,
            headers.starts[chosen],
            headers.lengths[chosen],
            numbers[chosen],
            records.times[chosen],
            flows,
            headers.ip_sizes[chosen],
            np.ones(len(chosen), np.int64),
            self._flows.table,
            np.zeros(len(chosen), np.bool_),
            headers.fronts[chosen],
        )

    def _flows_of(self, headers: Headers, chosen: Column) -> Column:
        """Return the flow of each chosen packet: addresses and ports stand behind each other."""
        six = headers.six[chosen]
        if not six.any():
            return self._flows.numbers(headers.rows[chosen, 12:24])
        flows = np.empty(len(chosen), np.int64)
        flows[~six] = self._flows.numbers(headers.rows[chosen[~six], 12:24])
        flows[six] = self._flows.numbers(headers.rows[chosen[six], 8:44])
        return flows

    def _odd(self, records: Records, numbers: Column, odd: Column) -> Batch:
        """Return the datagrams that these packets hold or complete, on bytes of their own."""
        payloads: list[bytes] = []
        rows: list[tuple[int, ...]] = []
        for number, time, found in self._singly(records, numbers, odd):
            flow = self._flows.number(Flow(found.source, found.destination))
            if flow < 0:
                self.skipped[TOO_MANY] += 1
                continue
            payloads.append(found.data)
            rows.append((len(found.data), number, time, flow, found.ip_size, found.pieces))
        return self._batch_of(payloads, rows)

    def _singly(self, records: Records, numbers: Column, odd: Column) -> Iterator[tuple[int, int, Datagram]]:
        """Yield number, time and datagram of those of the packets that hold or complete one."""
        view = records.data.data
        columns = (records.starts, records.lengths, records.link_types, records.times, numbers)
        for start, length, link, time, number in zip(
            *(column[odd].tolist() for column in columns), strict=True
        ):
            cut = self.skipped[CUT_SHORT]
            found = self._single.find(link, bytes(view[start : start + length]))
            if self.skipped[CUT_SHORT] > cut:
                self.cut_short.append(number)
            if found is not None:
                yield number, time, found

    def _batch_of(self, payloads: Iterable[bytes], rows: list[tuple[int, ...]]) -> Batch:
        lengths, numbers, times, flows, ip_sizes, pieces = np.array(rows, np.int64).reshape(-1, 6).T
        data = np.frombuffer(b"".join(payloads), np.uint8)
        starts, no = lengths.cumsum() - lengths, np.zeros(len(rows), np.bool_)
        return Batch(
            data, starts, lengths, numbers, times, flows, ip_sizes, pieces, self._flows.table, no, no
        )


def _merged(one: Batch, other: Batch) -> Batch:
    """Return the datagrams of both in the order of their numbers."""
    if not len(other):
        return one
    if not len(one):
        return other
    order = np.argsort(np.concatenate((one.numbers, other.numbers)), kind="stable")
    other.starts = other.starts + one.data.size
    columns = {name: np.concatenate((getattr(one, name), getattr(other, name)))[order] for name in _COLUMNS}
    return Batch(data=np.concatenate((one.data, other.data)), table=one.table, **columns)
