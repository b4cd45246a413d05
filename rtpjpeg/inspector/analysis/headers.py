"""Rules that one packet alone can break: fields of its RTP and RTP/JPEG headers, and its size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...payload import LARGEST_SCAN, UNALIGNED
from ...train import Column, Flags
from ..findings import Findings
from .packets import Packets

FIRST_AND_LAST = 0xC000
LARGEST_IP_PACKET = 1500
"""Bytes: the MTU of Ethernet and Wi-Fi."""


class Headers:
    """Holds the packets of one stream against these rules."""

    def __init__(self, findings: Findings, ssrc: int) -> None:
        self._findings = findings
        self._ssrc = ssrc

    def check(self, packets: Packets) -> None:
        """Check packets in order of arrival; cheap where nothing is wrong."""
        self._check_type(packets)
        self._check_description(packets)
        self._check_restart(packets)
        self._tell("J-085", packets, packets.size == 0, lambda place: "a packet without scan data")
        self._tell(
            "J-019",
            packets,
            packets.offset + packets.size > LARGEST_SCAN,
            lambda place: f"offset {packets.offset[place]} with {packets.size[place]} bytes",
        )

    def _check_type(self, packets: Packets) -> None:
        type_, specific = packets.type, packets.type_specific
        defined = np.isin(type_, (0, 1, 64, 65))
        self._tell("J-024", packets, ~defined & (type_ < 128), lambda place: f"type {type_[place]}")
        self._tell("J-026", packets, type_ >= 128, lambda place: f"type {type_[place]}")
        self._tell(
            "J-011",
            packets,
            defined & (specific > 3),
            lambda place: f"type-specific {specific[place]} with type {type_[place]}",
        )
        self._tell(
            "J-014",
            packets,
            defined & (specific > 0) & (specific <= 3),
            lambda place: f"type-specific {specific[place]}, {_FIELDS[int(specific[place])]}",
        )

    def _check_description(self, packets: Packets) -> None:
        q, width, height = packets.q, packets.width, packets.height
        self._tell(
            "J-028",
            packets,
            (q == 0) | ((q >= 100) & (q < 128)),
            lambda place: f"Q {q[place]}",
        )
        self._tell(
            "J-034",
            packets,
            (width == 0) | (height == 0),
            lambda place: f"{width[place]}x{height[place]} pixels",
        )

    def _check_restart(self, packets: Packets) -> None:
        self._tell("J-039", packets, packets.interval == 0, lambda place: "restart interval 0")
        chunk = packets.chunk
        unaligned = (chunk & UNALIGNED == UNALIGNED) & (chunk >= 0)
        self._tell(
            "J-041",
            packets,
            unaligned & (chunk & FIRST_AND_LAST != FIRST_AND_LAST),
            lambda place: f"count 0x3FFF with F = {chunk[place] >> 15} and L = {chunk[place] >> 14 & 1}",
        )

    def check_ip(self, numbers: Column, sizes: Column, pieces: Column) -> None:
        """Check the IP packets in which they came."""
        self._mark(
            "J-092", numbers, pieces > 1, lambda place: f"an RTP packet in {pieces[place]} IP fragments"
        )
        self._mark(
            "N-006",
            numbers,
            (sizes > LARGEST_IP_PACKET) & (pieces == 1),
            lambda place: f"an IP packet of {sizes[place]} bytes",
        )

    def _tell(self, rule: str, packets: Packets, wrong: Flags, found: Callable[[int], str]) -> None:
        self._mark(rule, packets.numbers, wrong, found)

    def _mark(self, rule: str, numbers: Column, wrong: Flags, found: Callable[[int], str]) -> None:
        """Add the packets of a mask; the sentence is made for the first of them."""
        if wrong.any():
            first = int(wrong.argmax())
            self._findings.add(rule, self._ssrc, numbers[wrong], lambda: found(first))


_FIELDS = {1: "an odd field", 2: "an even field", 3: "one field for both"}
