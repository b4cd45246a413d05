"""What one receive call brings: datagrams in slots of memory, turned into trains.

A reader fills slots that stand at a fixed distance and says how long each datagram is, in packets
of which size it came (UDP_GRO), and from whom. ``trains`` copies that out in one numpy operation.
"""

from __future__ import annotations

import socket
import struct
import sys
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..train import Bytes, Column, PacketTrain
from . import mmsg
from .address import Address, Sources, plain
from .gso import UDP_GRO
from .options import SO_RXQ_OVFL

SLOTS = 64
SLOT_BYTES = 65536 + 1408
"""The largest datagram, and some: slots a power of two apart would fight for the same cache lines."""

NAME_BYTES = 32
CONTROL = np.dtype([("length", np.uintp), ("level", "i4"), ("type", "i4"), ("value", "u4")], align=True)
"""One control message that holds one 32-bit number (struct cmsghdr)."""

CONTROLS = 2
"""Of one datagram: the size of its packets, and the count of datagrams dropped before it."""

_CONTROL_STARTS = np.arange(CONTROLS, dtype=np.uint64) * CONTROL.itemsize

_CONTROL = struct.Struct(f"={np.dtype(np.uintp).itemsize + 4}xiI")

LARGE = 1 << 18
"""Bytes of a train that are followed by another train; a frame is refused that keeps 4 MiB."""

LITTLE = 65536
"""Bytes that are copied for nothing rather than gathered row by row."""

Received = tuple[PacketTrain, Address]
Rows = slice | npt.NDArray[np.intp]


class Reader(ABC):
    """Reads what waits in a socket into its slots."""

    def __init__(self, slots: int = SLOTS) -> None:
        self.slots = slots
        self.data = np.empty((slots, SLOT_BYTES), np.uint8)
        self.lengths = np.zeros(slots, np.int64)
        self.segments = np.zeros(slots, np.int64)
        self.drops: int | None = None
        """The kernel's count of dropped datagrams (32 bits), where it has said one."""

    @abstractmethod
    def read(self, sock: socket.socket, first: int) -> int:
        """Fill slots from ``first`` on without waiting; return how many slots are full now.

        Raises OSError, never because nothing waits.
        """

    @abstractmethod
    def sources(self, count: int) -> list[Address]:
        """Return who sent: one address when all came from one, else one for each full slot."""

    def joined(self, count: int) -> bool:
        """Return whether any datagram came as a train."""
        return bool(self.segments[:count].any())

    def trains(self, count: int) -> list[Received]:
        """Return a train for each source, in order of arrival, in memory of its own; a large one in parts."""
        sources = self.sources(count)
        if count == 1 and self.lengths[0]:
            return [(self._only(), sources[0])]
        if len(sources) == 1:
            return [(self._train(part), sources[0]) for part in self._parts(slice(0, count))]
        rows: dict[Address, list[int]] = {}
        for row, source in enumerate(sources):
            rows.setdefault(source, []).append(row)
        return [
            (self._train(part), source)
            for source, chosen in rows.items()
            for part in self._parts(np.array(chosen))
        ]

    def _parts(self, rows: Rows) -> list[Rows]:
        """Cut rows where a train grows large: one packet of it keeps all of it in memory."""
        before = self.lengths[rows].cumsum() // LARGE
        if not before[-1]:
            return [rows]
        return [*np.split(np.arange(self.slots)[rows], np.flatnonzero(np.diff(before)) + 1)]

    def _only(self) -> PacketTrain:
        """Return the one datagram that came: the usual case, so the short way."""
        length = int(self.lengths[0])
        return PacketTrain.from_segments(self.data[0, :length].copy(), int(self.segments[0]) or length)

    def _train(self, rows: Rows) -> PacketTrain:
        lengths, segments = self.lengths[rows], self.segments[rows]
        data, starts = self._gather(rows, lengths)
        if segments.any():
            return _cut(data, starts, lengths, segments)
        return PacketTrain(data, starts, lengths.copy())

    def _gather(self, rows: Rows, lengths: Column) -> tuple[Bytes, Column]:
        """Return the datagrams of some slots in one new array, and where each one starts in it."""
        longest = int(lengths.max())
        if longest * len(lengths) <= 2 * int(lengths.sum()) + LITTLE:
            table = self.data[rows, :longest].copy()  # as wide as the longest, in one operation
            return table.reshape(-1), np.arange(len(lengths), dtype=np.int64) * longest
        places = np.arange(self.slots)[rows].tolist()
        pieces = [self.data[row, :length] for row, length in zip(places, lengths.tolist(), strict=True)]
        return np.concatenate(pieces), lengths.cumsum() - lengths


def _cut(data: Bytes, starts: Column, lengths: Column, segments: Column) -> PacketTrain:
    """Return a train of all packets of several datagrams, each made of packets of its own size."""
    sizes = np.where(segments > 0, segments, np.maximum(lengths, 1))
    counts = np.maximum(-(-lengths // sizes), 1)
    before = counts.cumsum() - counts
    place = np.arange(counts.sum(), dtype=np.int64) - before.repeat(counts)
    offsets = place * sizes.repeat(counts)
    remaining = lengths.repeat(counts) - offsets
    return PacketTrain(data, starts.repeat(counts) + offsets, np.minimum(remaining, sizes.repeat(counts)))


class MmsgReader(Reader):
    """Reads all that waits with one recvmmsg."""

    def __init__(self, slots: int = SLOTS) -> None:
        super().__init__(slots)
        self._known = Sources()
        self._names = np.zeros((slots, NAME_BYTES), np.uint8)
        self._words = self._names.view(np.uint64)
        self._controls = np.zeros((slots, CONTROLS), CONTROL)
        self._vectors = np.zeros(slots, mmsg.IOVEC)
        self._headers = np.zeros(slots, mmsg.MMSGHDR)
        self._lay_out()
        self._bytes = self._headers.view(np.uint8).reshape(slots, -1)
        self._fresh = self._bytes.copy()
        self._address = mmsg.address_of(self._headers)
        self._received = self._headers["length"]
        self._control_lengths = self._headers["header"]["controllen"]

    def _lay_out(self) -> None:
        """Point every message at its slot, its name and its control messages."""
        number = np.arange(self.slots)
        self._vectors["base"] = mmsg.address_of(self.data) + number * SLOT_BYTES
        self._vectors["length"] = SLOT_BYTES
        header = self._headers["header"]
        header["name"] = mmsg.address_of(self._names) + number * NAME_BYTES
        header["namelen"] = NAME_BYTES
        header["iov"] = mmsg.address_of(self._vectors) + number * mmsg.IOVEC.itemsize
        header["iovlen"] = 1
        header["control"] = mmsg.address_of(self._controls) + number * CONTROLS * CONTROL.itemsize
        header["controllen"] = CONTROLS * CONTROL.itemsize

    def read(self, sock: socket.socket, first: int) -> int:
        self._bytes[first:] = self._fresh[first:]
        place = self._address + first * mmsg.MMSGHDR.itemsize
        try:
            count = first + mmsg.receive(sock.fileno(), place, self.slots - first)
        except BlockingIOError:
            return first
        self.lengths[first:count] = self._received[first:count]
        if count == first + 1:
            self._read_control(first)
        else:
            self._read_controls(slice(first, count))
        return count

    def _read_control(self, row: int) -> None:
        """Do what ``_read_controls`` does for one datagram, without its columns."""
        self.segments[row] = 0
        for start in range(0, int(self._control_lengths[row]), CONTROL.itemsize):
            kind, value = _CONTROL.unpack_from(self._controls.data, row * CONTROLS * CONTROL.itemsize + start)
            if kind == UDP_GRO:
                self.segments[row] = value
            else:  # SO_RXQ_OVFL; nothing else was asked for
                self.drops = value

    def _read_controls(self, rows: slice) -> None:
        """Note the packet sizes and the drop counter; the kernel wrote each only where there is one."""
        written = self._control_lengths[rows]
        self.segments[rows] = 0
        if not written.any():
            return
        values, types = self._controls["value"][rows], self._controls["type"][rows]
        types = np.where(written[:, None] > _CONTROL_STARTS, types, 0)
        self.segments[rows] = np.where(types == UDP_GRO, values, 0).max(axis=1)
        drops = values[types == SO_RXQ_OVFL]
        if drops.size:
            self.drops = int(drops[-1])

    def sources(self, count: int) -> list[Address]:
        words = self._words[:count]
        if count == 1 or (words == words[0]).all():
            return [self._known.name(self._names[0].tobytes())]
        return [self._known.name(name.tobytes()) for name in self._names[:count]]


class PlainReader(Reader):
    """Reads one datagram a call: for systems without recvmmsg, and without recvmsg at all."""

    def __init__(self, slots: int = SLOTS) -> None:
        super().__init__(slots)
        self._senders: list[Address] = []

    def read(self, sock: socket.socket, first: int) -> int:
        del self._senders[first:]
        receive = self._receive_message if hasattr(sock, "recvmsg_into") else self._receive_datagram
        for row in range(first, self.slots):
            try:
                self._senders.append(plain(receive(sock, row)))
            except BlockingIOError:
                return row
        return self.slots

    def _receive_message(self, sock: socket.socket, row: int) -> Any:
        room = CONTROLS * CONTROL.itemsize
        self.lengths[row], controls, _, sender = sock.recvmsg_into([self.data[row]], room)
        self.segments[row] = 0
        for _, kind, value in controls:
            if kind == UDP_GRO:
                self.segments[row] = int.from_bytes(value, sys.byteorder)
            else:  # SO_RXQ_OVFL; nothing else was asked for
                self.drops = int.from_bytes(value, sys.byteorder)
        return sender

    def _receive_datagram(self, sock: socket.socket, row: int) -> Any:
        self.lengths[row], sender = sock.recvfrom_into(self.data[row])
        return sender

    def sources(self, count: int) -> list[Address]:
        return self._senders[:1] if len(set(self._senders)) == 1 else self._senders[:count]
