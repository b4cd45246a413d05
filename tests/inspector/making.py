"""Batches made of datagrams, for tests that need no capture file."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import numpy as np

from rtpjpeg.inspector.analysis.packets import Packets
from rtpjpeg.inspector.batch import Batch, Flow
from rtpjpeg.net.address import Address
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.train import PacketTrain

Datagram = tuple[float, Address, Address, bytes]


def batch_of(datagrams: Iterable[Datagram], first: int = 1, table: list[Flow] | None = None) -> Batch:
    """Return datagrams as one batch; ``first`` is the number of the first one."""
    rows, table = list(datagrams), [] if table is None else table
    flows = []
    for _, source, destination, _ in rows:
        flow = Flow(source, destination)
        if flow not in table:
            table.append(flow)
        flows.append(table.index(flow))
    train = PacketTrain.from_packets([payload for *_, payload in rows])
    count = len(rows)
    return Batch(
        train.data,
        train.starts,
        train.lengths,
        np.arange(first, first + count),
        np.array([round(time * 1e9) for time, *_ in rows], np.int64),
        np.array(flows, np.int64),
        train.lengths + 28,
        np.ones(count, np.int64),
        table,
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
    )


def batches_of(path: Path, size: int = 100) -> Iterable[Batch]:
    """Yield the datagrams of a capture in batches of ``size``."""
    rows, table = list(read_datagrams(path)), []
    for first in range(0, len(rows), size):
        yield batch_of(rows[first : first + size], first + 1, table)


def with_snaplen(data: bytes, snaplen: int) -> bytes:
    """Return a little-endian pcap as if so many bytes of each packet had been captured."""
    made, at = [data[:24]], 24
    while at < len(data):
        seconds, fraction, held, size = struct.unpack_from("<IIII", data, at)
        kept = data[at + 16 : at + 16 + min(held, snaplen)]
        made += [struct.pack("<IIII", seconds, fraction, len(kept), size), kept]
        at += 16 + held
    return b"".join(made)


def stream_packets(numbers: np.ndarray) -> Packets:
    """Return frames of one packet each, a millisecond apart, with these sequence numbers."""
    count, nothing = len(numbers), np.zeros(len(numbers), np.int64)
    columns = dict.fromkeys((field.name for field in fields(Packets)), nothing)
    columns |= {
        "buffers": [np.zeros(100, np.uint8)],
        "numbers": numbers + 1,
        "times": numbers * 10**6,
        "sequence": numbers,
        "timestamp": numbers * 90 & 0xFFFFFFFF,
        "marker": np.ones(count, np.bool_),
        "unsure": np.zeros(count, np.bool_),
        "cut_short": np.zeros(count, np.bool_),
        "size": nothing + 50,
        "interval": nothing - 1,
        "chunk": nothing - 1,
    }
    return Packets(**columns)  # type: ignore[arg-type]
