"""Slots turned into trains: every mixture of sizes, joined datagrams and sources."""

from __future__ import annotations

import random
import socket

import numpy as np
import pytest

from rtpjpeg.net.slots import LARGE, SLOT_BYTES, PlainReader, Reader, Received

A, B, C = ("10.0.0.1", 1), ("10.0.0.2", 2), ("10.0.0.3", 3)


class FilledReader(Reader):
    """Slots filled by hand: (data, size of its packets or 0, source)."""

    def __init__(self, datagrams: list[tuple[bytes, int, tuple[str, int]]]) -> None:
        super().__init__()
        for row, (data, segment, _) in enumerate(datagrams):
            self.data[row, : len(data)] = np.frombuffer(data, np.uint8)
            self.lengths[row], self.segments[row] = len(data), segment
        self._who = [source for _, _, source in datagrams]

    def read(self, sock: socket.socket, first: int) -> int:
        return len(self._who)

    def sources(self, count: int) -> list[tuple[str, int]]:
        return self._who[:1] if len(set(self._who)) == 1 else self._who


def expected(
    datagrams: list[tuple[bytes, int, tuple[str, int]]],
) -> list[tuple[list[bytes], tuple[str, int]]]:
    """Cut and sort the datagrams one by one."""
    packets: dict[tuple[str, int], list[bytes]] = {}
    for data, segment, source in datagrams:
        size = segment or max(1, len(data))
        pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        packets.setdefault(source, []).extend(pieces)
    return [(pieces, source) for source, pieces in packets.items()]


@pytest.mark.parametrize(
    "datagrams",
    [
        [(b"abc", 0, A)],
        [(b"", 0, A)],
        [(b"abcdef", 4, A)],
        [(b"abcd", 4, A), (b"", 0, A), (b"abcdefghi", 3, A), (b"xyz", 0, A)],
        [(b"1", 0, A), (b"22", 0, B), (b"333", 0, A), (b"4444", 2, C), (b"", 0, B)],
        [(bytes(60_000), 1000, A)] + [(b"small", 0, A)] * 40,
        [(b"small", 0, B), (bytes(60_000), 1000, A)] + [(b"small", 0, A)] * 40,
    ],
    ids=["one", "empty", "joined", "mixed", "sources", "one large", "one large among sources"],
)
def test_slots_become_one_train_for_each_source(datagrams: list[tuple[bytes, int, tuple[str, int]]]) -> None:
    trains = FilledReader(datagrams).trains(len(datagrams))
    assert [(list(train), source) for train, source in trains] == expected(datagrams)


def test_any_mixture_becomes_the_same_packets(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        datagrams = []
        for _ in range(chance.randint(1, 64)):
            length = chance.choice([0, 1, 7, 1352, chance.randrange(3000), chance.randrange(60_000)])
            segment = chance.choice([0, 0, chance.randint(1, 1400)])
            datagrams.append(
                (chance.randbytes(length), segment if length > segment else 0, chance.choice([A, A, B, C]))
            )
        trains = FilledReader(datagrams).trains(len(datagrams))
        assert all(train.data.nbytes < 3 * LARGE for train, _ in trains)
        assert joined(trains) == expected(datagrams)


def joined(trains: list[Received]) -> list[tuple[list[bytes], tuple[str, int]]]:
    """Put the trains of one source together."""
    packets: dict[tuple[str, int], list[bytes]] = {}
    for train, source in trains:
        packets.setdefault(source, []).extend(train)
    return [(pieces, source) for source, pieces in packets.items()]


def test_a_large_train_is_read_in_parts() -> None:
    """A packet keeps its whole train in memory, and a frame that keeps 4 MiB is refused."""
    datagrams = [(bytes([row]) * 60_000, 1200, A) for row in range(64)]
    trains = FilledReader(datagrams).trains(len(datagrams))
    assert max(train.data.nbytes for train, _ in trains) < LARGE + 60_000
    assert joined(trains) == expected(datagrams)


def test_a_few_large_datagrams_do_not_cost_a_table_of_large_rows() -> None:
    datagrams = [(bytes(60_000), 1000, A)] + [(b"small", 0, A)] * 40
    [(train, _)] = FilledReader(datagrams).trains(len(datagrams))
    assert train.data.nbytes == 60_000 + 40 * 5


def test_slots_are_no_power_of_two_apart() -> None:
    assert SLOT_BYTES >= 65536 and SLOT_BYTES % 64 == 0 and SLOT_BYTES % 4096


def test_a_system_without_recvmsg_reads_datagrams() -> None:
    class Limited:
        """A socket as Windows has it."""

        def __init__(self, real: socket.socket) -> None:
            self.recvfrom_into = real.recvfrom_into

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        for packet in (b"one", b"", b"three"):
            sock.sendto(packet, sock.getsockname())
        reader = PlainReader(slots=8)
        assert reader.read(Limited(sock), 0) == 3  # type: ignore[arg-type]
        [(train, source)] = reader.trains(3)
        assert (list(train), source) == ([b"one", b"", b"three"], sock.getsockname())


def test_no_more_is_read_than_there_are_slots() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        for number in range(5):
            sock.sendto(b"%d" % number, sock.getsockname())
        reader = PlainReader(slots=4)
        assert reader.read(sock, 0) == 4
        assert list(reader.trains(4)[0][0]) == [b"0", b"1", b"2", b"3"]
        assert reader.read(sock, 0) == 1
        assert list(reader.trains(1)[0][0]) == [b"4"]
