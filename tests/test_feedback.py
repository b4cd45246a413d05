"""The generic NACK of RFC 4585, read and written."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.errors import MalformedPacketError
from rtpjpeg.feedback import GenericNack, nacks_in
from rtpjpeg.rtcp import OtherPacket, ReceiverReport, parse_compound, serialize_compound

CASES = [
    ((7,), "0007 0000"),
    ((7, 8), "0007 0001"),
    ((7, 23), "0007 8000"),
    ((7, 24), "0007 0000 0018 0000"),
    ((65_535, 0, 1), "ffff 0003"),
    ((10, 12, 40), "000a 0002 0028 0000"),
]


@pytest.mark.parametrize(("lost", "entries"), CASES)
def test_numbers_and_bit_masks(lost: tuple[int, ...], entries: str) -> None:
    """Bit i of the mask stands for the packet i + 1 behind PID, the least significant bit first."""
    nack = GenericNack(0x11, 0x22, lost)
    wire = serialize_compound([ReceiverReport(0x11), nack.packet()])
    body = struct.pack(">II", 0x11, 0x22) + bytes.fromhex(entries)
    assert wire[8:] == bytes((0x81, 205)) + (len(body) // 4).to_bytes(2, "big") + body
    assert list(nacks_in(parse_compound(wire))) == [nack]


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=60))
def test_any_numbers_come_back(lost: list[int]) -> None:
    packet = GenericNack(1, 2, tuple(lost)).packet()
    assert set(GenericNack.parse(packet).lost) == set(lost)


@pytest.mark.parametrize("size", [*range(12), 13, 14, 15, 17])
def test_a_body_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedPacketError, match="RFC 4585 section 6.2.1"):
        GenericNack.parse(OtherPacket(205, 1, bytes(size)))


def test_other_feedback_is_no_nack() -> None:
    others = [OtherPacket(205, 15, bytes(16)), OtherPacket(206, 1, bytes(8)), OtherPacket(207, 1, bytes(8))]
    assert list(nacks_in(others)) == []
