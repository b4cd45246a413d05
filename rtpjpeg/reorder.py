"""Packets back in order, and the moment when a missing one is given up.

The buffer moves runs: packets with consecutive sequence numbers out of one train. A stream in order
passes through untouched. A run behind a hole waits until the hole is filled or is final: when the
reorder wait has passed since the first packet behind it came, or, where no time is told, when
``window`` packets stand behind it; sooner when too much waits. The wait starts at 5 ms, grows to a
quarter more than the largest reordering seen, 20 ms at most, and shrinks again after 1000 packets in
order. Without the quarter the next packet that is as late comes at the moment when it is given up.

A jump further than MAX_DROPOUT ahead or MAX_MISORDER back is believed when the packet that follows
it has come (RFC 3550 section A.1); both are kept. Back is reckoned from the first hole, and what is
known to be missing is no jump: what was asked for again comes behind all of a large frame.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from .patience import Patience
from .serial import extend_sequence_number

MAX_DROPOUT = 3000
MAX_MISORDER = 100
MOST_RUNS = 256
"""Runs that may wait; more are a storm, and each new one costs a look at all of them."""
MARGIN = 1.25
"""The wait for a missing packet as a multiple of the longest that one took to come."""
LIMIT = 4 << 20
"""Bytes that may wait: the default."""
ANSWERS = 32
"""Consecutive packets far back that may be late answers to requests; more are a restart of the sender."""
REMEMBERED = 1024
"""Lost packets that are told from duplicates when they come late."""

T = TypeVar("T")


@dataclass(slots=True)
class Run(Generic[T]):
    """Consecutive packets of one train, ``first`` to ``stop`` - 1, unwrapped sequence numbers."""

    first: int
    stop: int
    item: T
    """Where the packets are: whatever the maker wants back."""
    index: int = 0
    """Place in ``item`` of the packet ``first``."""
    arrived: float = 0.0
    size: int = 0
    """Bytes of memory that the item takes."""
    lost: int = 0
    """Packets given up in front of this run."""
    restarted: bool = False
    """True where the sequence starts anew with this run."""

    def __lt__(self, other: Run[T]) -> bool:
        return self.first < other.first

    def part(self, first: int, stop: int) -> Run[T]:
        """Return the packets from ``first`` to ``stop`` - 1."""
        return replace(self, first=first, stop=stop, index=self.index + first - self.first)


class ReorderBuffer(Generic[T]):
    """Puts the runs of one source in order."""

    def __init__(self, window: int, limit: int = LIMIT) -> None:
        self.window = window
        self.limit = limit
        self.expected: int | None = None
        """Unwrapped sequence number of the next packet to release."""
        self.duplicated = 0
        self.reordered = 0
        self.lost = 0
        self._held: list[Run[T]] = []
        self.suspected = False
        """True when the last push was a jump that nothing has confirmed yet."""
        self._suspect: Run[T] | None = None
        self._given_up: OrderedDict[int, float] = OrderedDict()
        self._late = (0, 0)
        """The last packets that were far back: the first of them in a row, and the one behind."""
        self._patience = Patience()
        self.floor = 0.0
        """Seconds that a hole may last in any case: what was asked for again may still come."""

    @property
    def runs_held(self) -> int:
        """Runs that wait behind a hole."""
        return len(self._held)

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that they take."""
        return sum({id(run.item): run.size for run in self._held}.values())

    @property
    def wait(self) -> float:
        """Seconds that a hole may last."""
        return max(self._patience.wait, self.floor)

    def missing(self, most: int) -> list[int]:
        """Return the numbers of the first packets missing in front of those that are held, unwrapped."""
        found: list[int] = []
        number = self.expected or 0
        for run in self._held:
            found += range(number, min(run.first, number + most - len(found)))
            number = run.stop
        return found

    def push(self, first: int, count: int, item: T, index: int, now: float, size: int = 0) -> list[Run[T]]:
        """Take consecutive packets that begin with the 16-bit number ``first``; return what is in order.

        ``size`` is the bytes of memory that ``item`` takes as long as one of its runs is held.
        """
        expected = first if self.expected is None else self.expected
        start = extend_sequence_number(first, expected)
        run = Run(start, start + count, item, index, now, size)
        self.suspected = False
        if self.expected is None:
            self.expected = start
        elif start - self._newest() > MAX_DROPOUT or self._restarts(run):
            return self._jump(run)
        if start == self.expected and not self._held:
            self.expected = run.stop
            self._patience.relax(count)
            return [run]
        self._hold(run)
        return self._release()

    def _restarts(self, run: Run[T]) -> bool:
        """Tell whether packets far back are no answers to requests; remember them for the next ones."""
        if run.first >= self.oldest:
            return False
        begin, stop = self._late
        self._late = (begin if run.first == stop else run.first), run.stop
        return run.first not in self._given_up or run.stop - self._late[0] >= ANSWERS

    @property
    def oldest(self) -> int:
        """The lowest unwrapped number that may be late; what is further back looks like a restart."""
        return (self.expected or 0) - MAX_MISORDER

    @property
    def highest(self) -> int:
        """The highest unwrapped sequence number that came; -1 before the first."""
        return self._newest() - 1 if self.expected is not None else -1

    @property
    def last_held(self) -> Run[T] | None:
        """The run with the highest numbers behind a hole; None without one."""
        return self._held[-1] if self._held else None

    @property
    def opened_at(self) -> float | None:
        """When the first packet behind a hole came; None without one."""
        return min(run.arrived for run in self._held) if self._held else None

    def next_timer(self) -> float | None:
        """Return when the first hole becomes final, or None without one."""
        opened = self.opened_at
        return None if opened is None else opened + self.wait

    def handle_timer(self, now: float) -> list[Run[T]]:
        """Give up the holes that have become final by ``now``; return what stood behind them."""
        released: list[Run[T]] = []
        while (opened := self.opened_at) is not None and opened + self.wait <= now:
            released += self.give_up()
        return released

    def flush(self) -> list[Run[T]]:
        """Give up all holes; return everything that was held."""
        released: list[Run[T]] = []
        while self._held:
            released += self.give_up()
        return released

    def give_up(self) -> list[Run[T]]:
        """Close the first hole; return the runs behind it, the first with the number of lost packets."""
        expected = self.expected
        if expected is None or not self._held:
            return []
        first, opened = self._held[0].first, min(run.arrived for run in self._held)
        for number in range(max(expected, first - REMEMBERED), first):
            self._given_up[number] = opened
        while len(self._given_up) > REMEMBERED:
            self._given_up.popitem(last=False)
        self.lost += first - expected
        self.expected = first
        released = self._in_order()
        released[0].lost = first - expected
        return released

    def _newest(self) -> int:
        assert self.expected is not None
        return max(self.expected, self._held[-1].stop) if self._held else self.expected

    def _jump(self, run: Run[T]) -> list[Run[T]]:
        """Believe a jump when two packets in sequence say the same (RFC 3550 section A.1)."""
        suspect, self._suspect = self._suspect, None
        if suspect is not None and (run.first - suspect.stop) & 0xFFFF == 0:
            suspect = replace(suspect, first=run.first - 1, stop=run.first, restarted=True)
            runs = [*self.flush(), suspect, run]
        elif run.stop - run.first > 1:
            runs = [*self.flush(), replace(run, restarted=True)]
        else:
            self._suspect = run
            self.suspected = True
            return []
        self._given_up.clear()
        self.expected = run.stop
        return runs

    def _hold(self, run: Run[T]) -> None:
        """Keep the packets of a run that are new; count the others."""
        assert self.expected is not None
        if run.first < self.expected:
            self._count_late(run)
            if run.stop <= self.expected:
                return
            run = run.part(self.expected, run.stop)
        for piece in self._gaps_in(run):
            if self._held and piece.first < self._held[-1].first:
                self.reordered += piece.stop - piece.first
                self._patience.learn(MARGIN * (piece.arrived - min(held.arrived for held in self._held)))
            insort(self._held, piece)

    def _gaps_in(self, run: Run[T]) -> list[Run[T]]:
        """Return the parts of a run that are not held yet."""
        pieces, first = [], run.first
        for held in self._held:
            if held.stop <= first or held.first >= run.stop:
                continue
            self.duplicated += min(held.stop, run.stop) - max(held.first, first)
            if first < held.first:
                pieces.append(run.part(first, held.first))
            first = max(first, held.stop)
        if first < run.stop:
            pieces.append(run.part(first, run.stop) if first != run.first else run)
        return pieces

    def _count_late(self, run: Run[T]) -> None:
        assert self.expected is not None
        for number in range(run.first, min(run.stop, self.expected)):
            opened = self._given_up.pop(number, None)
            if opened is None:
                self.duplicated += 1
            else:
                self.reordered += 1
                self.lost -= 1
                self._patience.learn(MARGIN * (run.arrived - opened))

    def _release(self) -> list[Run[T]]:
        """Return the held runs that are in order now, and those behind holes that must be closed."""
        released = self._in_order()
        while self._held and self._too_much():
            released += self.give_up()
        return released

    def _too_much(self) -> bool:
        if self._newest() - self._held[0].first >= self.window or len(self._held) > MOST_RUNS:
            return True
        return self.bytes_held > self.limit

    def _in_order(self) -> list[Run[T]]:
        released = []
        while self._held and self._held[0].first == self.expected:
            run = self._held.pop(0)
            self.expected = run.stop
            released.append(run)
        return released
