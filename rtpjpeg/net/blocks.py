"""The blocks of a pcapng file, and the packets in them.

    type(4) length(4) body length(4)                                      every block
    byte-order magic(4) version(2+2) ...                                  body of a section
    link type(2) -(2) snaplen(4) options                                  of an interface
    interface(4) time(4+4) captured(4) original(4) frame options          of an enhanced packet
    interface(2) drops(2) time(4+4) captured(4) original(4) frame         of an old packet
    original(4) frame                                                     of a simple packet

The byte order is that of the section. Source: draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..errors import CaptureError
from ..train import Column, Flags
from .piece import LATEST, MOST_RECORDS, NOT_A_PACKET, EndedEarly, Records, Window, rows_at

LARGEST_BLOCK = 1 << 24
MOST_INTERFACES = 1 << 16
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
SECTION_TYPE = SECTION.to_bytes(4, "big")
BYTE_ORDERS = {bytes.fromhex("1a2b3c4d"): ">", bytes.fromhex("4d3c2b1a"): "<"}
OPTION_RESOLUTION, OPTION_OFFSET = 9, 14
NUMBERED = np.array([9, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222, 0x0BAD, 0x40000BAD])
"""Kinds of blocks that are no packets and that Wireshark numbers: journal, sysdig's events, custom."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What an interface block says of the packets that name it."""

    link_type: int
    snaplen: int
    second: int = 10**6
    """Parts of a second that its times count."""
    offset: int = 0
    """Seconds that are added to its times."""

    def nanoseconds(self, times: npt.NDArray[np.uint64]) -> Column:
        """Return its times in nanoseconds since 1970, 0 to LATEST."""
        if 10**9 % self.second == 0 and not self.offset:
            step = 10**9 // self.second
            return np.minimum(times, LATEST // step).astype(np.int64) * step
        exact = (time * 10**9 // self.second + self.offset * 10**9 for time in times.tolist())
        return np.fromiter((min(max(time, 0), LATEST) for time in exact), np.int64, len(times))


@dataclass(slots=True)
class _Section:
    order: str
    interfaces: list[Interface] = field(default_factory=list)


def walk_blocks(window: Window, name: str) -> Iterator[Records]:
    """Yield the packets of a pcapng file. Raises ``CaptureError`` naming the file, or ``EndedEarly``."""
    section, at = _Section("<"), 0
    while True:
        places, at = _heads(window, at, section.order)
        records, fault = _records(window, np.array(places, np.int64), section)
        if len(records):
            yield records
        if fault:
            raise CaptureError(f"{name}: {fault}")
        if len(places) == MOST_RECORDS:
            continue
        need = _size(window, at, section.order, name)
        if window.end - at >= need:
            section, fault = _changed(window, at, need, section)
            if fault:
                raise CaptureError(f"{name}: {fault}")
            at += need
        elif window.move(at, need):
            at = 0
        elif window.end:
            raise EndedEarly
        else:
            return


def _heads(window: Window, at: int, order: str) -> tuple[list[int], int]:
    """Return where the blocks begin that are all there, up to one that says how to read those behind it."""
    places: list[int] = []
    unpack, view, end, last = struct.Struct(f"{order}II").unpack_from, window.view, window.end, window.end - 8
    while at <= last and len(places) < MOST_RECORDS:
        kind, length = unpack(view, at)
        behind = at + length
        if behind > end or kind == INTERFACE or kind == SECTION or length % 4:
            break
        if not 12 <= length <= LARGEST_BLOCK:
            break
        places.append(at)
        at = behind
    return places, at


def _size(window: Window, at: int, order: str, name: str) -> int:
    """Return the bytes of the block at a place, or as many of them as are needed to tell."""
    head = bytes(window.view[at : min(at + 12, window.end)])
    least = 12
    if head.startswith(SECTION_TYPE):
        if len(head) < 12:
            return 12
        order, least = BYTE_ORDERS.get(head[8:], ""), 16
        if not order:
            where = window.place + at + 8
            raise CaptureError(f"{name}: found {head[8:].hex(' ')} at byte {where}, expected 1a 2b 3c 4d")
    if len(head) < 8:
        return 8
    (length,) = struct.unpack_from(f"{order}I", head, 4)
    if length % 4 or not least <= length <= LARGEST_BLOCK:
        found = f"a block of {length} bytes at byte {window.place + at}"
        raise CaptureError(f"{name}: found {found}, expected 12 to {LARGEST_BLOCK}, a multiple of 4")
    return int(length)


def _changed(window: Window, at: int, size: int, section: _Section) -> tuple[_Section, str]:
    """Return the section behind a section or interface block, and what is wrong with it."""
    block = bytes(window.view[at : at + size])
    opens = block.startswith(SECTION_TYPE)
    order = BYTE_ORDERS[block[8:12]] if opens else section.order
    (repeated,) = struct.unpack_from(f"{order}I", block, size - 4)
    if repeated != size:
        return section, _unequal(repeated, size, window.place + at)
    if opens:
        return _Section(order), ""
    try:
        section.interfaces.append(_interface(order, block[8:-4]))
    except (struct.error, IndexError):
        return section, _contradiction(INTERFACE, window.place + at)
    return section, "" if len(section.interfaces) <= MOST_INTERFACES else _too_many(window.place + at)


def _unequal(repeated: int, length: int, where: int) -> str:
    return f"found {repeated} as the length of the block at byte {where}, expected {length} as at its start"


def _contradiction(kind: int, where: int) -> str:
    found = f"found a block of type {kind} at byte {where} that contradicts itself"
    return f"{found}, expected it to name a known interface and to hold what it says it holds"


def _too_many(where: int) -> str:
    return f"found one more interface at byte {where}, expected {MOST_INTERFACES} in a section at most"


def _interface(order: str, body: bytes) -> Interface:
    link_type, snaplen = struct.unpack_from(f"{order}H2xI", body)
    second, offset, place = 10**6, 0, 8
    while place + 4 <= len(body):
        code, size = struct.unpack_from(f"{order}HH", body, place)
        value = body[place + 4 : place + 4 + size]
        if code == OPTION_RESOLUTION:
            second = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == OPTION_OFFSET:
            (offset,) = struct.unpack(f"{order}q", value)
        place += 4 + (size + 3) // 4 * 4
    return Interface(link_type, snaplen, second, offset)


@dataclass(frozen=True, slots=True)
class _Heads:
    """The fixed fields of blocks that follow each other, one entry a block in each column."""

    places: Column
    """Position in the window of the block."""
    kinds: Column
    sizes: Column
    repeated: Column
    """The size as it stands at the end of the block."""
    first: Column
    """The first field of the body, 32 bits."""
    raw_times: npt.NDArray[np.uint64]
    captured: Column
    simple: Flags
    full: Flags
    """Enhanced and old packets."""

    @property
    def skips(self) -> Column:
        """Bytes of the body in front of the frame."""
        return np.where(self.simple, 4, 20)


def _read_heads(window: Window, places: Column, section: _Section) -> _Heads:
    number = f"{section.order}u4"
    fields = rows_at(window.data, places, 24).view(number).astype(np.int64)
    kinds, sizes, first, high, low, captured = fields.T
    repeated = rows_at(window.data, places + sizes - 4, 4).view(number)[:, 0].astype(np.int64)
    times = high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)
    simple, full = kinds == SIMPLE_PACKET, (kinds == ENHANCED_PACKET) | (kinds == OLD_PACKET)
    snaplen = (section.interfaces[0].snaplen if section.interfaces else 0) or LARGEST_BLOCK
    captured = np.where(simple, np.minimum(first, snaplen), np.where(full, captured, 0))
    return _Heads(places, kinds, sizes, repeated, first, times, captured, simple, full)


def _records(window: Window, places: Column, section: _Section) -> tuple[Records, str]:
    """Return the packets in blocks that follow each other, up to a broken one, and what is wrong with it."""
    heads = _read_heads(window, places, section)
    interfaces = _interfaces_of(heads, section.order)
    packets = heads.simple | heads.full
    broken = (interfaces >= len(section.interfaces)) | (heads.skips + heads.captured > heads.sizes - 12)
    wrong = np.flatnonzero((packets & broken) | (heads.repeated != heads.sizes))
    chosen = packets | np.isin(heads.kinds, NUMBERED)
    if wrong.size:
        chosen[wrong[0] :] = False
    links, times = _links_and_times(heads, interfaces, packets & chosen, section)
    columns = (heads.places + 8 + heads.skips, heads.captured, times, links)
    records = Records(window.data, *(column[chosen] for column in columns))
    return records, _fault(heads, int(wrong[0]), window.place) if wrong.size else ""


def _fault(heads: _Heads, index: int, place: int) -> str:
    where = place + int(heads.places[index])
    repeated, size = int(heads.repeated[index]), int(heads.sizes[index])
    return (
        _unequal(repeated, size, where)
        if repeated != size
        else _contradiction(int(heads.kinds[index]), where)
    )


def _interfaces_of(heads: _Heads, order: str) -> Column:
    """Return the number of the interface that each packet came on; a simple one came on the first."""
    short = heads.first & 0xFFFF if order == "<" else heads.first >> 16
    old = np.where(heads.kinds == OLD_PACKET, short, 0)
    return np.where(heads.kinds == ENHANCED_PACKET, heads.first, old)


def _links_and_times(
    heads: _Heads, interfaces: Column, packets: Flags, section: _Section
) -> tuple[Column, Column]:
    """Return link types, and times in nanoseconds, 0 where there is none."""
    links, times = np.full(len(interfaces), NOT_A_PACKET), np.zeros(len(interfaces), np.int64)
    for number in np.unique(interfaces[packets]).tolist():
        interface, own = section.interfaces[number], packets & (interfaces == number)
        links[own] = interface.link_type
        own &= heads.full
        times[own] = interface.nanoseconds(heads.raw_times[own])
    return links, times
