"""What a capture gives, as rows that can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rtpjpeg.inspector.batch import Batch
from rtpjpeg.inspector.reading import Capture, read_capture
from rtpjpeg.net.address import Address
from rtpjpeg.net.pcap import read_datagrams


class Row(NamedTuple):
    """One datagram of a batch."""

    number: int
    time: int
    source: Address
    destination: Address
    payload: bytes
    ip_size: int
    pieces: int
    from_train: bool
    cut_short: bool = False


def rows_of(batch: Batch) -> list[Row]:
    columns = (
        batch.numbers,
        batch.times,
        batch.flows,
        batch.ip_sizes,
        batch.pieces,
        batch.from_train,
        batch.cut_short,
    )
    rows = []
    for payload, number, time, flow, *rest in zip(
        batch.train(), *(column.tolist() for column in columns), strict=True
    ):
        rows.append(Row(number, time, *batch.table[flow], payload, *rest))
    return rows


def read(path: Path, block_size: int = 1 << 23) -> list[Row]:
    """Every datagram of a file; checks that the columns fit each other."""
    with read_capture(path, block_size=block_size) as capture:
        return rows_of_all(capture)


def rows_of_all(capture: Capture) -> list[Row]:
    rows = []
    for batch in capture:
        assert {getattr(batch, name).shape for name in ("starts", "lengths", "numbers")} == {(len(batch),)}
        rows += rows_of(batch)
    return rows


def singly(path: Path) -> list[tuple[float, Address, Address, bytes]]:
    """What the reader finds that takes one packet at a time."""
    return list(read_datagrams(path))


def alike(row: Row) -> tuple[float, Address, Address, bytes]:
    """A row as ``singly`` gives it."""
    return row.time / 10**9, row.source, row.destination, row.payload
