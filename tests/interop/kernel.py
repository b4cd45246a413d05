"""What the kernel says about other programs' UDP sockets: bound, how full, how much thrown away.

A peer says nothing when it is ready, and a frame sent too early or too fast is lost through no
fault of its or ours. So we look: ``/proc/net/udp`` lists every socket's port, queue and drops.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# Below the range that the kernel hands out by itself, so nobody gets one of ours by chance.
PORTS = range(20000, 32000, 2)


@dataclass(frozen=True)
class SocketState:
    """One bound UDP port: bytes that wait in the kernel, datagrams that the kernel dropped."""

    queued: int
    dropped: int


def sockets() -> dict[int, SocketState]:
    """Return the state of every bound UDP port of this network namespace."""
    found: dict[int, SocketState] = {}
    for table in (Path("/proc/net/udp"), Path("/proc/net/udp6")):
        for line in table.read_text().splitlines()[1:]:
            words = line.split()
            port = int(words[1].rpartition(":")[2], 16)
            found[port] = SocketState(int(words[4].partition(":")[2], 16), int(words[12]))
    return found


def free_port_pairs(count: int) -> list[int]:
    """Return even ports whose odd neighbour is free too: RTP and RTCP of one receiver each.

    A port is let go before its receiver takes it, so each process of a test run has ports of its own.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = PORTS[worker::workers]
    held: list[socket.socket] = []
    pairs: list[int] = []
    try:
        for port in random.sample(mine, len(mine)):
            if len(pairs) == count:
                return pairs
            if _hold(port, held) and _hold(port + 1, held):
                pairs.append(port)
    finally:
        for holder in held:
            holder.close()
    raise RuntimeError(f"no {count} pairs of free UDP ports between {PORTS.start} and {PORTS.stop}")


def _hold(port: int, held: list[socket.socket]) -> bool:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    held.append(holder)
    try:
        holder.bind(("", port))
    except OSError:
        return False
    return True


def bound(ports: Iterable[int]) -> bool:
    """Return whether some program listens on every one of the ports."""
    return set(ports) <= sockets().keys()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until the condition holds; False when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
