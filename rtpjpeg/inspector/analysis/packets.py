"""The packets of one stream as columns: what the headers say, and where the bytes stand."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ...payload import MAIN_SIZE, RESTART_SIZE, RESTART_TYPE, TABLE_HEADER_SIZE, JpegColumns
from ...rtp import RtpColumns, gather
from ...train import Bytes, Column, Flags
from ..batch import Batch

USUAL_TABLES = (0, 64, 128, 192, 256)
"""Lengths by which a quantization table header is known although its first byte is not 0."""


@dataclass(slots=True)
class Packets:
    """RTP packets of one SSRC, one entry a packet in each column; all of them have a main JPEG header."""

    buffers: list[Bytes]
    buffer: Column
    """Index into ``buffers``."""
    starts: Column
    """Position of the RTP packet in its buffer."""
    ends: Column
    numbers: Column
    """In the capture."""
    times: Column
    """Nanoseconds since 1970."""
    sequence: Column
    """Sequence numbers, unwrapped: they go on counting behind 65535."""
    timestamp: Column
    marker: Flags
    payload: Column
    """Position of the payload in its buffer."""
    type_specific: Column
    offset: Column
    type: Column
    q: Column
    width: Column
    """Pixels; 0 as it stands there."""
    height: Column
    interval: Column
    """Restart interval; -1 without a restart header."""
    chunk: Column
    """F, L and restart count; -1 without a restart header."""
    headers: Column
    """Bytes of the RTP/JPEG headers, tables included."""
    size: Column
    """Bytes of data behind them."""
    unsure: Flags
    """There ought to be tables, and none can be told from the data: the size may be less."""
    cut_short: Flags
    """Only the headers are known, and of the table header the first four bytes."""

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, chosen: Flags | Column | slice) -> Packets:
        """Return the packets of a mask, of indices or of a slice, on the same bytes."""
        names = [field.name for field in fields(self)][1:]
        return Packets(self.buffers, *(getattr(self, name)[chosen] for name in names))

    def packet(self, index: int) -> bytes:
        """Return a whole RTP packet."""
        return self._bytes(index, int(self.starts[index]))

    def body(self, index: int) -> bytes:
        """Return the payload of a packet, RTP/JPEG headers included."""
        return self._bytes(index, int(self.payload[index]))

    def _bytes(self, index: int, start: int) -> bytes:
        return self.buffers[int(self.buffer[index])][start : int(self.ends[index])].tobytes()

    def copied(self) -> Packets:
        """Return the same packets on bytes of their own, so that the capture's buffers can go."""
        copy = self.take(np.arange(len(self)))
        lengths = copy.ends - copy.starts
        copy.buffers = [np.frombuffer(b"".join(map(self.packet, range(len(self)))), np.uint8)]
        ends = lengths.cumsum()
        copy.payload += ends - copy.ends
        copy.starts, copy.ends = ends - lengths, ends
        copy.buffer = np.zeros(len(copy), np.int64)
        return copy


def joined(first: Packets | None, second: Packets) -> Packets:
    """Return the packets of both."""
    if first is None or not len(first):
        return second
    columns = [
        np.concatenate([getattr(first, field.name), getattr(second, field.name)])
        for field in fields(second)[1:]
    ]
    columns[0][len(first) :] += len(first.buffers)
    return Packets(first.buffers + second.buffers, *columns)


def read_stream(
    batch: Batch, rtp: RtpColumns, jpeg: JpegColumns, chosen: Column, sequence: Column
) -> Packets:
    """Return the valid packets at the indices ``chosen`` of a batch, with their sequence numbers."""
    description, offset = jpeg.description[chosen], jpeg.fragment_offset[chosen]
    type_ = description >> 24
    restart = (type_ & 0xC0) == RESTART_TYPE
    q, data_starts, ends = (description >> 16) & 0xFF, jpeg.data_starts[chosen], rtp.ends[chosen]
    wanted = (q >= 128) & (offset == 0)
    tables = _table_sizes(batch.data, data_starts, ends, wanted)
    headers = np.where(restart, MAIN_SIZE + RESTART_SIZE, MAIN_SIZE) + tables
    return Packets(
        [batch.data],
        np.zeros(len(chosen), np.int64),
        batch.starts[chosen],
        ends,
        batch.numbers[chosen],
        batch.times[chosen],
        sequence,
        rtp.timestamp[chosen],
        rtp.marker[chosen],
        rtp.starts[chosen],
        jpeg.type_specific[chosen],
        offset,
        type_,
        q,
        ((description >> 8) & 0xFF) * 8,
        (description & 0xFF) * 8,
        np.where(restart, jpeg.restart_interval[chosen], -1),
        np.where(restart, jpeg.chunk[chosen], -1),
        headers,
        ends - data_starts - tables,
        wanted & (tables == 0),
        batch.cut_short[chosen],
    )


def _table_sizes(data: Bytes, starts: Column, ends: Column, wanted: Flags) -> Column:
    """Return the bytes of the quantization table header with its tables, 0 where none can be there."""
    sizes = np.zeros(len(starts), np.int64)
    (places,) = wanted.nonzero()
    if not places.size:
        return sizes
    rows = gather(data, starts[places], TABLE_HEADER_SIZE).astype(np.int64)
    lengths = rows[:, 2] << 8 | rows[:, 3]
    known = (rows[:, 0] == 0) | np.isin(lengths, USUAL_TABLES)
    fits = TABLE_HEADER_SIZE + lengths <= ends[places] - starts[places]
    sizes[places] = np.where(known & fits, TABLE_HEADER_SIZE + lengths, 0)
    return sizes
