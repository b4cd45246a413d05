"""Elements of RTP header extensions (RFC 8285): several small values in one extension.

The one-byte form, with 0xBEDE where RFC 3550 says "defined by profile":

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |       0xBE    |    0xDE       |           length              |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |  ID   | len-1 |   data ...                    |    0 (pad)    |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

The two-byte form, with 0x100 and four bits for the application: a byte for the ID, a byte for the length.
It is read too, and never written.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

ONE_BYTE = 0xBEDE
TWO_BYTE = 0x100
HIGHEST_ID = 14
"""Of the one-byte form: 15 is reserved (RFC 8285 section 4.2)."""
LONGEST = 16
"""Bytes of data of an element in the one-byte form."""

_HEADER = struct.Struct(">HH")


def serialize_elements(elements: Mapping[int, bytes]) -> bytes:
    """Return a whole header extension in the one-byte form, its first four bytes included.

    IDs are 1 to 14, data is 1 to 16 bytes. Raises ``ValueError`` for others.
    """
    data = b"".join(_serialize(number, value) for number, value in elements.items())
    data += bytes(-len(data) % 4)
    return _HEADER.pack(ONE_BYTE, len(data) // 4) + data


def _serialize(number: int, value: bytes) -> bytes:
    if not (0 < number <= HIGHEST_ID and 0 < len(value) <= LONGEST):
        raise ValueError(f"found ID {number} with {len(value)} bytes, expected ID 1 to 14 with 1 to 16")
    return bytes((number << 4 | len(value) - 1,)) + value


def parse_elements(profile: int, data: bytes) -> dict[int, bytes]:
    """Return the elements of a header extension by ID; empty where it is of another kind.

    ``data`` is what follows the four bytes of its header. An element that is cut short ends the reading; of
    elements with the same ID the last counts.
    """
    if profile == ONE_BYTE:
        return _parse(data, 1)
    return _parse(data, 2) if profile >> 4 == TWO_BYTE else {}


def _parse(data: bytes, head: int) -> dict[int, bytes]:
    """Read elements that have ``head`` bytes in front of their data."""
    elements: dict[int, bytes] = {}
    place = 0
    while place < len(data):
        number, size = _read_head(data, place, head)
        if number == 0 and size == 0:
            place += 1  # RFC 8285, section 4.1.2: a padding byte is ignored.
            continue
        place += head
        # ID 0 with a length, and ID 15 of the one-byte form, end the processing (sections 4.1.2, 4.2).
        if number == 0 or (head == 1 and number > HIGHEST_ID) or place + size > len(data):
            break
        elements[number] = bytes(data[place : place + size])
        place += size
    return elements


def _read_head(data: bytes, place: int, head: int) -> tuple[int, int]:
    """Return ID and size of the element at a place; 0 and 0 for a padding byte."""
    first = data[place]
    if head == 1:
        return first >> 4, (first & 15) + 1 if first else 0
    if first == 0:
        return 0, 0
    # A length that is cut off is one that does not fit.
    return first, data[place + 1] if place + 1 < len(data) else len(data)
