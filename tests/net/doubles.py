"""Sockets and C functions that fail as told, and helpers that look at what arrived."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from rtpjpeg.net import mmsg
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.train import PacketTrain

PATIENCE = 10.0
"""Seconds after which something that must arrive has not; no test that passes waits for it."""

Packets = list[bytes]


class FailingSocket:
    """A socket of which some calls fail: ``failures["send"]`` holds errnos, 0 for a call that works.

    ``calls`` are those that send.
    """

    def __init__(self, real: socket.socket, **failures: list[int]) -> None:
        self.real = real
        self.failures = failures
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.real, name)
        if name not in ("send", "sendmsg", "connect", "getsockopt"):
            return attribute
        return lambda *arguments: self._call(name, attribute, *arguments)

    def _call(self, name: str, function: Callable[..., Any], *arguments: object) -> Any:
        if name.startswith("send"):
            self.calls.append(name)
        number = self.failures[name].pop(0) if self.failures.get(name) else 0
        if number:
            raise OSError(number, os.strerror(number))
        return function(*arguments)


def inject(sender: UdpSender, **failures: list[int]) -> FailingSocket:
    """Let calls of the sender's socket fail; return the socket, which remembers its calls."""
    sender._socket = FailingSocket(sender._socket, **failures)  # type: ignore[assignment]
    return sender._socket


class FailingSendmmsg:
    """Stands for sendmmsg: each script entry is an errno, or minus the most packets to take."""

    def __init__(self, script: list[int]) -> None:
        self.script = script
        self.counts: list[int] = []
        self._real = mmsg.sendmmsg

    def __call__(self, fd: int, address: int, count: int, flags: int) -> int:
        self.counts.append(count)
        entry = self.script.pop(0) if self.script else -count
        if entry > 0:
            ctypes.set_errno(entry)
            return -1
        assert self._real is not None
        return self._real(fd, address, min(count, -entry), flags)


def inject_sendmmsg(monkeypatch: pytest.MonkeyPatch, *script: int) -> FailingSendmmsg:
    """Let sendmmsg fail as scripted; return what counts its calls."""
    double = FailingSendmmsg(list(script))
    monkeypatch.setattr(mmsg, "sendmmsg", double)
    return double


def equal_packets(count: int, size: int = 1352, last: int = 300) -> Packets:
    """Packets of one size but the last, each marked with its number."""
    sizes = [size] * (count - 1) + [last]
    return [number.to_bytes(4, "big") * (size // 4) for number, size in enumerate(sizes)]


def unequal_packets(count: int) -> Packets:
    """Packets of many sizes, each marked with its number."""
    return [number.to_bytes(2, "big") * (300 + 37 * number % 300) for number in range(count)]


def train_of(packets: Packets) -> PacketTrain:
    return PacketTrain.from_packets(packets)


def collect(receiver: UdpReceiver, count: int) -> Packets:
    """Return the first ``count`` packets that arrive, or fewer when no more come."""
    packets: Packets = []
    while len(packets) < count:
        received = receiver.receive(PATIENCE)
        if not received:
            break
        for train, _ in received:
            packets += train
    return packets


def trip(sender: UdpSender, receiver: UdpReceiver, packets: Packets) -> Packets:
    """Send a train, then from elsewhere a packet that ends it; return what arrived before that one."""
    sender.send(train_of(packets))
    send_plain(sender.destination.ip, receiver.local_address[1], b"end")
    arrived: Packets = []
    while b"end" not in arrived:
        received = receiver.receive(PATIENCE)
        assert received, f"the end did not arrive, {len(arrived)} packets did"
        arrived += [packet for train, _ in received for packet in train]
    assert arrived[-1] == b"end"
    return arrived[:-1]


def send_plain(host: str, port: int, *packets: bytes) -> None:
    """Send packets from a socket of their own, one call each."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as other:
        for packet in packets:
            other.sendto(packet, (host, port))
