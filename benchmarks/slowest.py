"""The slowest packets and trains that a stranger can send: the ten worst, each run again alone.

    python slowest.py [PACKETS] [SEED]

Feeds mutated packets, as the tests do, and streams made to be expensive. Of every push the time of the
thread is taken; the ten that took longest are pushed again, behind the same ones before them, five times.
Milliseconds, the best of the five: what is left is the work, not the machine. None should be over 10 for a
packet; a train of many small frames, or the last packet of a frame of megabytes, may be.
"""

from __future__ import annotations

import gc
import heapq
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS.parent / "fixtures")]

from fuzz.mutations import mutated_streams  # noqa: E402
from hostile.giants import STREAMS  # noqa: E402
from hostile.stage import HERE  # noqa: E402
from rtpjpeg import PacketTrain, ReceiverSession  # noqa: E402

WORST, AGAIN = 10, 5
GAP = 1e-5
"""Seconds of the session's clock between two pushes."""


class Case(NamedTuple):
    """What is pushed one after the other."""

    name: str
    parts: list[PacketTrain]


def cases(packets: int, seed: int) -> Iterator[Case]:
    """Yield mutated streams, in trains and one by one, then the expensive ones."""
    for index, stream in enumerate(mutated_streams(seed, packets)):
        yield Case(f"mutated, stream {index}", cut(stream, 1 if index % 3 else 64))
    for name, stream in STREAMS.items():
        flat = [packet for frame in stream.frames() for packet in frame]
        yield Case(name, cut(flat, stream.at_once))


def cut(packets: list[bytes], at_once: int) -> list[PacketTrain]:
    """Return the packets in trains."""
    starts = range(0, len(packets), at_once)
    return [PacketTrain.from_packets(packets[start : start + at_once]) for start in starts]


def push(case: Case, last: int) -> Iterator[float]:
    """Yield the milliseconds of the thread for each push up to ``last``."""
    session = ReceiverSession()
    for place, train in enumerate(case.parts[: last + 1]):
        began = time.thread_time_ns()
        session.receive(train, 100.0 + GAP * place, HERE)
        yield (time.thread_time_ns() - began) / 1e6
        while session.next_event() is not None:
            pass


def best(case: Case, place: int) -> float:
    """Return the milliseconds of one push, the best of five; the garbage of others is collected before."""
    times = []
    for _ in range(AGAIN):
        gc.collect()
        *_, last = push(case, place)
        times.append(last)
    return min(times)


def main() -> None:
    """Print the table."""
    packets, seed = (int(text) for text in (*sys.argv[1:], *("200000", "1")[len(sys.argv) - 1 :]))
    worst: list[tuple[float, int, int, Case]] = []
    pushes = 0
    for number, case in enumerate(cases(packets, seed)):
        for place, took in enumerate(push(case, len(case.parts))):
            pushes += 1
            found = (took, number, place, case)
            if len(worst) < WORST:
                heapq.heappush(worst, found)
            else:
                heapq.heappushpop(worst, found)
    print(f"{pushes} pushes of packets and trains; the {WORST} slowest, milliseconds of the thread")
    print(f"{'at first':>9} {'best of 5':>9} {'a packet':>9}")
    for took, _, place, case in sorted(worst, reverse=True):
        train = case.parts[place]
        what = f"push {place} of {len(case.parts)}, {len(train)} packets, {train.nbytes} bytes"
        least = best(case, place)
        print(f"{took:9.2f} {least:9.2f} {least / len(train):9.2f}  {case.name}: {what}")


if __name__ == "__main__":
    main()
