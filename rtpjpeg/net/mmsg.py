"""sendmmsg and recvmmsg: many datagrams in one system call, so one crossing of the interpreter.

Each ``socket.send`` gives the interpreter lock away and must win it back, which beside one busy
thread costs milliseconds a packet. Here the kernel walks an array of messages instead. The
arrays are made once and filled column by column with numpy.

    struct msghdr {                        struct mmsghdr {
        void         *name;                    struct msghdr header;
        socklen_t     namelen;                 unsigned int  length;   bytes sent or received
        struct iovec *iov;                 };
        size_t        iovlen;
        void         *control;             struct iovec {
        size_t        controllen;              void  *base;
        int           flags;                   size_t length;
    };                                     };
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..train import PacketTrain

IOVEC = np.dtype([("base", np.uintp), ("length", np.uintp)], align=True)
MSGHDR = np.dtype(
    [
        ("name", np.uintp),
        ("namelen", np.uint32),
        ("iov", np.uintp),
        ("iovlen", np.uintp),
        ("control", np.uintp),
        ("controllen", np.uintp),
        ("flags", np.int32),
    ],
    align=True,
)
MMSGHDR = np.dtype([("header", MSGHDR), ("length", np.uint32)], align=True)

DONTWAIT = 0x40
ROOM = 512
"""Packets that one sendmmsg takes; a longer train goes in several calls."""

Call = Callable[..., int]


def _load(library: type[ctypes.CDLL], name: str, *arguments: type) -> Call | None:
    """Return a function of the C library, or None where there is none. The layout is Linux's."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(library(None, use_errno=True), name, None)
    if function is not None:
        function.argtypes = arguments
        function.restype = ctypes.c_int
    return function


# Sending takes the packets down to the driver, which can last, so the lock is given away (CDLL).
# Receiving only copies what is queued already: to keep the lock (PyDLL) costs others less than
# the switch costs us, since the wait before it has just won the lock back.
sendmmsg = _load(ctypes.CDLL, "sendmmsg", ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
recvmmsg = _load(
    ctypes.PyDLL, "recvmmsg", ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p
)


def address_of(array: npt.NDArray[np.generic]) -> int:
    """Return where an array lies in memory."""
    return int(array.ctypes.data)


def send(fd: int, address: int, count: int) -> int:
    """Send up to ``count`` messages without waiting; return how many. Raises OSError for none."""
    return _checked(sendmmsg(fd, address, count, DONTWAIT) if sendmmsg else _missing())


def receive(fd: int, address: int, count: int) -> int:
    """Receive up to ``count`` messages without waiting; return how many. Raises OSError for none."""
    return _checked(recvmmsg(fd, address, count, DONTWAIT, None) if recvmmsg else _missing())


def _missing() -> int:
    ctypes.set_errno(errno.ENOSYS)
    return -1


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


class SendVector:
    """The arrays that sendmmsg reads, kept from train to train."""

    def __init__(self, room: int = ROOM) -> None:
        self._vectors = np.zeros(room, IOVEC)
        self._headers = np.zeros(room, MMSGHDR)
        header = self._headers["header"]
        header["iov"] = address_of(self._vectors) + np.arange(room) * IOVEC.itemsize
        header["iovlen"] = 1
        self._base = self._vectors["base"]
        self._length = self._vectors["length"]
        self._address = address_of(self._headers)

    def send(self, fd: int, train: PacketTrain, first: int) -> int:
        """Send the packets from ``first`` on without waiting; return how many were taken, one or more.

        Raises OSError when the first of them was not taken.
        """
        starts = train.starts[first : first + len(self._base)]
        count = len(starts)
        _check_bounds(train)
        np.add(starts, address_of(train.data), out=self._base[:count], casting="unsafe")
        self._length[:count] = train.lengths[first : first + count]
        return send(fd, self._address, count)


def _check_bounds(train: PacketTrain) -> None:
    """Refuse a train that points outside its buffer: the kernel would send foreign memory."""
    data = train.data
    inside = (train.starts | train.lengths).min() >= 0 and (train.starts + train.lengths).max() <= data.nbytes
    if not inside or not data.flags.c_contiguous:
        raise ValueError(f"the train names packets outside its {data.nbytes} bytes, or is not contiguous")
