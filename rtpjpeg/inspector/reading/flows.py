"""The flows of a capture, numbered as they are met, piece by piece."""

from __future__ import annotations

import socket

import numpy as np

from ...net.address import Address
from ...train import Bytes, Column
from ..batch import Flow

MOST_FLOWS = 1 << 17
"""A capture may hold a datagram of every port there is; what stands behind so many flows is left out."""
TOO_MANY = "more flows than can be kept apart"
_HOST_SIZES = {12: 4, 36: 16}
"""Bytes of an address, by those of a key: two addresses, then two ports."""
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


class Flows:
    """Numbers flows."""

    def __init__(self) -> None:
        self.table: list[Flow] = []
        self._by_key: dict[bytes, int] = {}
        self._by_flow: dict[Flow, int] = {}

    def numbers(self, keys: Bytes) -> Column:
        """Return the number of each flow, -1 where it is one too many.

        ``keys`` has a row a datagram: both addresses, both ports, as they stand in its headers.
        """
        count, size = keys.shape
        if not count:
            return np.zeros(0, np.int64)
        words = np.ascontiguousarray(keys).view(np.uint32)
        # Packets of a flow stand together: only where another one begins is the table asked.
        begins = np.concatenate(([0], np.flatnonzero((words[1:] != words[:-1]).any(axis=1)) + 1))
        raw = keys[begins].tobytes()
        found = [self._of_key(raw[at : at + size]) for at in range(0, len(raw), size)]
        return np.repeat(np.array(found, np.int64), np.diff(begins, append=count))

    def number(self, flow: Flow) -> int:
        """Return the number of a flow, -1 where it is one too many."""
        number = self._by_flow.get(flow)
        if number is None:
            if len(self.table) >= MOST_FLOWS:
                return -1
            number = self._by_flow[flow] = len(self.table)
            self.table.append(flow)
        return number

    def _of_key(self, key: bytes) -> int:
        number = self._by_key.get(key)
        if number is None:
            number = self.number(_flow(key))
            if number >= 0:
                self._by_key[key] = number
        return number


def _flow(key: bytes) -> Flow:
    size = _HOST_SIZES[len(key)]
    return Flow(
        _address(key[:size], key[2 * size : 2 * size + 2]),
        _address(key[size : 2 * size], key[2 * size + 2 :]),
    )


def _address(host: bytes, port: bytes) -> Address:
    return socket.inet_ntop(_FAMILIES[len(host)], host), int.from_bytes(port, "big")
