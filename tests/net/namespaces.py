"""Networks of our own inside the machine: namespaces joined by virtual cables (needs root)."""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from peers import missing, need

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


class Network:
    """Namespaces named by a letter, each with its loopback up."""

    def __init__(self, letters: str) -> None:
        self._ip = need("ip")
        if os.geteuid() != 0:
            missing("root, without which there are no network namespaces,")
        stem = f"rtpjpeg{os.getpid()}n{next(_numbers)}"
        self.names = {letter: f"{stem}{letter}" for letter in letters}
        self._made: list[str] = []
        try:
            for letter, name in self.names.items():
                self._run("netns", "add", name)
                self._made.append(name)
                self.set(letter, "net/ipv6/conf/all/accept_dad", "0")
                self.set(letter, "net/ipv6/conf/default/accept_dad", "0")
                self.ip(letter, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        while self._made:
            self._run("netns", "del", self._made.pop())

    def ip(self, letter: str, *arguments: str) -> str:
        """Run ``ip`` inside a namespace; return what it printed."""
        return self._run("-n", self.names[letter], *arguments)

    def cable(self, one: str, other: str, net: int, tag: str = "") -> None:
        """Join two namespaces: the first is host 1, the second host 2 of 10.9.net.0/24 and fd00:net::/64.

        Interfaces are called after the other end, and ``tag`` tells those of a second cable from the first.
        """
        near, far = f"to-{other}{tag}", f"to-{one}{tag}"
        self.ip(one, "link", "add", near, "type", "veth", "peer", far, "netns", self.names[other])
        for letter, interface, host in ((one, near, 1), (other, far, 2)):
            self.ip(letter, "addr", "add", f"10.9.{net}.{host}/24", "dev", interface)
            self.ip(letter, "addr", "add", f"fd00:{net}::{host}/64", "dev", interface, "nodad")
            self.ip(letter, "link", "set", interface, "up")
        self._await_link(one, near)
        self._await_link(other, far)

    def _await_link(self, letter: str, interface: str) -> None:
        """Look until IPv6 has seen that the cable is plugged in, which it shows by its multicast route."""
        deadline = time.monotonic() + 10
        while "ff00::/8" not in self.ip(letter, "-6", "route", "show", "table", "local", "dev", interface):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{interface} did not come up in 10 s")

    def set(self, letter: str, key: str, value: str) -> None:
        """Write a sysctl of a namespace."""
        self.inside(letter, lambda: Path("/proc/sys", key).write_text(value))

    def inside(self, letter: str, function: Callable[[], T]) -> T:
        """Call a function in a namespace; a socket that it opens stays there."""
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                enter(Path("/var/run/netns", self.names[letter]))
                results.append(function())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([self._ip, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def cabled() -> Iterator[Network]:
    """Two machines, a and b, and a cable between them, which is net 1."""
    network = Network("ab")
    try:
        network.cable("a", "b", 1)
        yield network
    finally:
        network.close()


def enter(namespace: Path) -> None:
    """Move the calling thread into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(fd)
