"""A train: the packets of one frame, or of one receive call, in one buffer.

One object per packet is what makes packet code slow in Python. A train is one contiguous array
of bytes with two columns, where each packet starts and how long it is; headers are written and
read for all packets at once. Packets may stand at a fixed distance with room between them (the
slots of recvmmsg) or back to back; when they are back to back and all but the last have one size,
``segment_size`` is that size and the kernel can cut the train itself (UDP_SEGMENT).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class PacketTrain:
    """Packets in one buffer.

    ``data`` is a one-dimensional uint8 array, ``starts`` and ``lengths`` are int64 columns with
    one entry a packet. ``segment_size`` is the size of all packets but the last, in bytes, when
    they stand back to back and the last is not longer; else 0.
    """

    __slots__ = ("_lengths", "_starts", "data", "segment_size")

    def __init__(self, data: Bytes, starts: Column, lengths: Column, segment_size: int = 0) -> None:
        self.data = data
        self.segment_size = segment_size
        self._starts: Column | None = starts
        self._lengths: Column | None = lengths

    @classmethod
    def from_packets(cls, packets: Iterable[bytes]) -> PacketTrain:
        """Copy packets into one buffer, back to back, in their order."""
        held = list(packets)
        return cls.from_buffer(b"".join(held), np.fromiter(map(len, held), np.int64, len(held)))

    @classmethod
    def from_buffer(cls, data: bytes | bytearray, lengths: Column) -> PacketTrain:
        """Take packets that stand back to back, with the length of each. No copy."""
        array = np.frombuffer(data, np.uint8)
        return cls(array, lengths.cumsum() - lengths, lengths, _common_size(lengths))

    @classmethod
    def from_segments(cls, data: bytes | bytearray | memoryview | Bytes, segment_size: int) -> PacketTrain:
        """Cut a buffer into packets of ``segment_size`` bytes; the last may be shorter. No copy."""
        train = cls.__new__(cls)
        train.data = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
        train.segment_size = segment_size
        # Made when somebody asks: the size says it all, and the stream itself reads ``spans``.
        train._starts = train._lengths = None
        return train

    @property
    def starts(self) -> Column:
        """Where each packet starts in ``data``."""
        if self._starts is None:
            self._starts = np.arange(0, self.data.size, self.segment_size)
        return self._starts

    @property
    def lengths(self) -> Column:
        """Bytes of each packet."""
        if self._lengths is None:
            self._lengths = np.full(len(self), self.segment_size)
            self._lengths[-1:] = self.data.size - self.starts[-1:]
        return self._lengths

    def spans(self) -> tuple[list[int], list[int]]:
        """Return where each packet starts in ``data``, and where it ends."""
        if self._starts is None:
            starts = list(range(0, self.data.size, self.segment_size))
            return starts, [*starts[1:], self.data.size][: len(starts)]
        return self._starts.tolist(), (self._starts + self.lengths).tolist()

    def __len__(self) -> int:
        if self._starts is None:
            return -(-self.data.size // self.segment_size)
        return len(self._starts)

    def __getitem__(self, index: int) -> bytes:
        start = int(self.starts[index])
        return self.data[start : start + int(self.lengths[index])].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        return (self[index] for index in range(len(self)))

    @property
    def nbytes(self) -> int:
        """Bytes in all packets together, RTP headers included."""
        return self.data.size if self.segment_size else int(self.lengths.sum())


def _common_size(lengths: Column) -> int:
    """Return the size shared by all packets but the last, which is not longer; else 0."""
    if not lengths.size:
        return 0
    size = int(lengths[0])
    return size if (lengths[:-1] == size).all() and lengths[-1] <= size else 0
