"""What passes an interface, through the sockets of scapy, which are there on every system it runs on.

Packets are taken from the socket as bytes: to dissect each of them would take a fast stream's time.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from ...errors import CaptureError
from ...net.address import interface_index
from ...net.headers import ETHERNET, LINUX_SLL, LINUX_SLL2, NULL, RAW
from ...net.piece import SLACK, Records
from .capture import Capture

PERIOD = 0.25
"""Seconds of a batch."""
MOST_BYTES = 1 << 20
"""Of a batch."""
BUFFER = 1 << 23
"""Bytes that may wait in the kernel, where it allows."""
LARGEST_FRAME = 65535 + 64
FILTER = "udp or ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 60"
"""For the kernel; ``udp`` takes fragments in, and the rest are extension headers UDP may stand behind."""
LINKS = {
    "Ether": ETHERNET,
    "Dot3": ETHERNET,
    "IP": RAW,
    "IPv6": RAW,
    "_IPv46": RAW,
    "Loopback": NULL,
    "CookedLinux": LINUX_SLL,
    "CookedLinuxV2": LINUX_SLL2,
}
"""Link types by scapy's names of their headers."""
_SOL_PACKET, _STATISTICS, _IGNORE_OUTGOING = 263, 6, 23
_RCVBUFFORCE = 33
_LOOPBACK = 772
"""ARPHRD_LOOPBACK."""


class Interface:
    """The packets of an interface, until ``stop`` is set.

    Raises ``CaptureError`` where it cannot be captured on, ``TransportError`` where it is not there.
    """

    size: int | None = None

    def __init__(self, name: str, stop: threading.Event) -> None:
        self.name = name
        self.bytes_read = 0
        self.notices: list[str] = []
        self._stop = stop
        self._socket = _listen(name)
        self._closed = False

    def records(self) -> Iterator[Records]:
        """Yield what came, about four times a second, also when it was nothing."""
        while not self._stop.is_set():
            frames: list[bytes] = []
            times: list[int] = []
            links: list[int] = []
            try:
                self._collect(frames, times, links)
            except OSError as error:
                self.notices.append(f"capturing on {self.name} has ended: {error.strerror or error}")
                self._stop.set()
            yield _records(frames, times, links)

    def close(self) -> None:
        """Close the socket, and say what the kernel had no room for."""
        if self._closed:
            return
        self._closed = True
        dropped = _dropped(self._socket)
        self._socket.close()
        if dropped:
            self.notices.append(
                f"{self.name}: the kernel dropped {dropped} packets of this capture, which look lost"
            )

    def _collect(self, frames: list[bytes], times: list[int], links: list[int]) -> None:
        size, until = 0, time.monotonic() + PERIOD
        while size < MOST_BYTES and not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            if not self._socket.select([self._socket], min(left, PERIOD / 4)):
                continue
            header, frame, seconds = self._socket.recv_raw(LARGEST_FRAME)
            if not frame:
                continue
            frames.append(frame)
            times.append(_nanoseconds(seconds) if seconds else time.time_ns())
            links.append(_link_type(self.name, header))
            size += len(frame)
        self.bytes_read += size


def live_capture(interface: str, stop: threading.Event | None = None) -> Capture:
    """Capture on an interface until ``stop`` is set or the capture is closed.

    A batch comes about four times a second, also when it is empty. Raises ``CaptureError`` when scapy or the
    right to capture is missing, ``TransportError`` when there is no such interface.
    """
    return Capture(Interface(interface, stop or threading.Event()))


def _listen(name: str) -> Any:
    interface_index(name)
    conf, failure = _scapy()
    for kernel_filter in (FILTER, None):
        try:
            return _tuned(conf.L2listen(iface=name, filter=kernel_filter))
        except PermissionError:
            raise CaptureError(
                f"capturing on {name} needs the right to: run with sudo, or setcap"
                " cap_net_raw,cap_net_admin=ep on the Python that runs this"
            ) from None
        except (OSError, failure) as error:  # there is no libpcap to make the filter, or no capturing at all
            fault = str(error)
    raise CaptureError(f"capturing on {name} failed: {fault}")


def _scapy() -> tuple[Any, type[Exception]]:
    try:
        import scapy.arch
        import scapy.layers.inet
        import scapy.layers.inet6
        import scapy.layers.l2  # noqa: F401
        from scapy.config import conf
        from scapy.error import Scapy_Exception
    except ImportError:
        raise CaptureError("capturing needs scapy: pip install rtpjpeg[inspect]") from None
    return conf, Scapy_Exception


def _tuned(listening: Any) -> Any:
    """Give a socket of Linux a large buffer, and on loopback only what comes: it is what leaves too."""
    raw = getattr(listening, "ins", None)
    if not isinstance(raw, socket.socket):
        return listening
    for option in (socket.SO_RCVBUF, _RCVBUFFORCE):
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    if raw.getsockname()[3] == _LOOPBACK:
        with suppress(OSError):
            raw.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    return listening


def _dropped(listening: Any) -> int:
    """Return the packets for which the kernel had no room, 0 where it does not say."""
    try:
        return int(struct.unpack("4xI", listening.ins.getsockopt(_SOL_PACKET, _STATISTICS, 8))[0])
    except (AttributeError, OSError, struct.error):
        return 0


def _link_type(name: str, header: Any) -> int:
    kind = getattr(header, "__name__", str(header))
    if kind not in LINKS:
        raise CaptureError(f"capturing on {name}: found {kind} frames, expected {', '.join(LINKS)}")
    return LINKS[kind]


def _nanoseconds(seconds: float) -> int:
    """Return a time that is already as rough as a float is, and no rougher."""
    whole = int(seconds)
    return whole * 10**9 + round((seconds - whole) * 10**9)


def _records(frames: list[bytes], times: list[int], links: list[int]) -> Records:
    data = np.frombuffer(b"".join((*frames, bytes(SLACK))), np.uint8)
    lengths = np.fromiter(map(len, frames), np.int64, len(frames))
    return Records(
        data, lengths.cumsum() - lengths, lengths, np.array(times, np.int64), np.array(links, np.int64)
    )
