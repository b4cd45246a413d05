"""Which datagrams are RTP/JPEG: found by their shape, on any port and with any payload type.

Payload type 26 is JPEG by itself (RFC 3551 section 6); two packets with near sequence numbers make it a
stream. RFC 3550 section A.1 wants them in sequence, but a sender that counts wrong shall be looked at. Any
other stream of RTP has to look like it: a main JPEG header that says something possible, and fragment offsets
that count the data of the packets in front.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...payload import JpegColumns, parse_columns
from ...rtp import PAYLOAD_TYPE_JPEG, RtpColumns, parse_train
from ...train import Column, Flags
from ..batch import Batch
from ..filter import Filter
from .packets import Packets, read_stream

Key = tuple[int, int]
"""Index of the flow and SSRC."""

NEAR = 8
FEWEST = 4
"""Packets in sequence that must fit each other where the payload type is not 26."""
FITTING = 0.9
"""Share of them that has to."""
KEPT = 256
"""Datagrams of sources that are not known yet which are kept for the next batch."""
RTCP = range(192, 224)
"""Second byte of RTCP (RFC 5761 section 4)."""


@dataclass(slots=True)
class Read:
    """The headers of a batch."""

    batch: Batch
    rtp: RtpColumns
    jpeg: JpegColumns
    version: Flags
    """RTP version 2, and long enough for its header."""
    rtcp: Flags


def read_headers(batch: Batch) -> Read:
    """Read the headers of all datagrams as if they were RTP/JPEG."""
    rtp = parse_train(batch.train())
    long_enough = batch.lengths >= 2
    starts = np.where(long_enough, batch.starts, 0)
    first, second = batch.data[starts], batch.data[np.minimum(starts + 1, batch.data.size - 1)]
    version = ((first & 0xC0) == 0x80) & long_enough
    rtcp = version & (second >= RTCP.start) & (second < RTCP.stop)
    return Read(batch, rtp, parse_columns(rtp), version & ~rtcp & (batch.lengths >= 12), rtcp)


class Selection:
    """Finds the streams of a capture, and hands out their packets."""

    def __init__(self, wanted: Filter) -> None:
        self.streams: set[Key] = set()
        self._filter = wanted
        self._chosen = wanted != Filter()
        self._kept: Batch | None = None

    def read(self, batch: Batch) -> Read:
        """Read a batch, the datagrams that were kept in front, and learn which sources are streams."""
        read = read_headers(batch if self._kept is None else _behind(self._kept, batch))
        self._kept = None
        self._learn(read)
        self._keep(read)
        return read

    def indices(self, read: Read) -> Iterator[tuple[Key, Column]]:
        """Yield for each stream the indices of its packets in the batch, malformed ones too."""
        keys = _keys(read)
        for key in sorted(self.streams):
            (found,) = np.nonzero(read.version & (keys == _number(key)))
            if found.size:
                yield key, found

    def _learn(self, read: Read) -> None:
        """Add the sources that prove to be streams."""
        usable = read.version & read.rtp.valid & read.jpeg.valid
        (places,) = np.nonzero(usable)
        if not places.size:
            return
        keys = _keys(read)[places]
        order = np.argsort(keys, kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order])) + 1
        for part in np.split(places[order], bounds):
            key = int(read.batch.flows[part[0]]), int(read.rtp.ssrc[part[0]])
            if key not in self.streams and self._allowed(read.batch, key) and self._is_stream(read, part):
                self.streams.add(key)

    def _allowed(self, batch: Batch, key: Key) -> bool:
        flow = batch.table[key[0]]
        wanted = self._filter
        return wanted.allows(flow.source[1], flow.destination[1]) and wanted.allows_ssrc(key[1])

    def _is_stream(self, read: Read, places: Column) -> bool:
        """Tell whether these packets of one source are RTP/JPEG."""
        step = np.diff(read.rtp.sequence_number[places]) & 0xFFFF
        in_sequence, types = step == 1, read.rtp.payload_type[places]
        if self._chosen or np.median(types) == PAYLOAD_TYPE_JPEG:
            return bool(((step <= NEAR) | (step >= 0x10000 - NEAR)).any())
        if in_sequence.sum() < FEWEST:
            return False
        packets = read_stream(read.batch, read.rtp, read.jpeg, places, read.rtp.sequence_number[places])
        fitting = fits(packets)[in_sequence]
        return bool(fitting.mean() >= FITTING and (packets.offset > 0).any())

    def _keep(self, read: Read) -> None:
        """Keep what may be the first packets of a stream."""
        known = np.isin(_keys(read), [_number(key) for key in self.streams])
        likely = read.version & read.jpeg.valid & ~known
        likely &= (read.rtp.payload_type == PAYLOAD_TYPE_JPEG) | _possible(read.jpeg.description)
        places = np.flatnonzero(likely)[-KEPT:]
        if places.size:
            self._kept = read.batch.take(places)
            self._kept.data, self._kept.starts = _compact(self._kept)


def chosen(batch: Batch, wanted: Filter) -> Batch:
    """Return the datagrams of a batch that a filter lets through; RTCP is known by its ports alone."""
    if wanted == Filter():
        return batch
    allowed = [wanted.allows(flow.source[1], flow.destination[1]) for flow in batch.table]
    read = read_headers(batch)
    matching = read.rtcp | ~read.version
    if wanted.ssrc is not None:
        matching |= read.rtp.ssrc == wanted.ssrc
    return batch.take(np.array(allowed, np.bool_)[batch.flows] & (matching | (wanted.ssrc is None)))


def fits(packets: Packets) -> Flags:
    """Tell for each packet but the last whether the next one's offset goes on from it, or begins a frame."""
    possible = _possible(packets.type << 24 | packets.q << 16 | packets.width << 5 | packets.height >> 3)
    step = np.diff(packets.offset)
    same = np.diff(packets.timestamp) == 0
    going_on = (step == packets.size[:-1]) | (step == (packets.size + packets.headers)[:-1])
    fitting: Flags = np.where(same, going_on, packets.offset[1:] == 0)
    return fitting & possible[1:] & possible[:-1]


def _possible(description: Column) -> Flags:
    """Tell which main headers say something that RFC 2435 knows."""
    type_, q = description >> 24, (description >> 16) & 0xFF
    known = np.isin(type_, (0, 1, 64, 65)) & (q > 0) & ((q < 100) | (q >= 128))
    return known & (description & 0xFF > 0) & (description & 0xFF00 > 0)


def _keys(read: Read) -> Column:
    return read.batch.flows << 32 | read.rtp.ssrc


def _number(key: Key) -> int:
    return key[0] << 32 | key[1]


def _compact(batch: Batch) -> tuple[np.ndarray, Column]:
    """Return the datagrams of a batch back to back, and where each starts."""
    data = np.frombuffer(b"".join(batch.train()), np.uint8)
    return data, batch.lengths.cumsum() - batch.lengths


def _behind(kept: Batch, batch: Batch) -> Batch:
    """Return one batch of both."""
    joined = batch.take(np.arange(len(batch)))
    for name in ("lengths", "numbers", "times", "flows", "ip_sizes", "pieces", "from_train", "cut_short"):
        setattr(joined, name, np.concatenate([getattr(kept, name), getattr(batch, name)]))
    joined.starts = np.concatenate([kept.starts, batch.starts + kept.data.size])
    joined.data = np.concatenate([kept.data, batch.data])
    return joined
