"""Header extensions of several elements, read and written by the letter of RFC 8285."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.extensions import ONE_BYTE, parse_elements, serialize_elements

# RFC 8285, section 4.2: "An example header extension, with three extension elements and some padding".
ONE_BYTE_EXAMPLE = bytes.fromhex("10AA 21BBBB 0000 33CCCCCCCC")
# RFC 8285, section 4.3: the same in the two-byte form, whose first element has no data.
TWO_BYTE_EXAMPLE = bytes.fromhex("0100 0201BB 00 0304 CCCCCCCC")

READ = {
    "one-byte example": (0xBEDE, ONE_BYTE_EXAMPLE, {1: b"\xaa", 2: b"\xbb\xbb", 3: b"\xcc" * 4}),
    "two-byte example": (0x1000, TWO_BYTE_EXAMPLE, {1: b"", 2: b"\xbb", 3: b"\xcc" * 4}),
    "two-byte form with bits for the application": (0x100F, b"\x05\x01\x07\x00", {5: b"\x07"}),
    "nothing": (0xBEDE, b"", {}),
    "padding only": (0xBEDE, bytes(4), {}),
    "another kind": (0xABAC, ONE_BYTE_EXAMPLE, {}),
    "ID 15 ends it": (0xBEDE, b"\x10\x01\xf0\x02\x20\x03\x00\x00", {1: b"\x01"}),
    "ID 0 with a length ends it": (0xBEDE, b"\x10\x01\x03\x02\x20\x03\x00\x00", {1: b"\x01"}),
    "ID 15 is an ID of the two-byte form": (0x1000, b"\x0f\x01\x07\x00", {15: b"\x07"}),
    "cut short": (0xBEDE, b"\x10\x01\x27\x02", {1: b"\x01"}),
    "cut short behind its ID": (0x1000, b"\x01\x01\x09\x02", {1: b"\x09"}),
    "the last of an ID counts": (0xBEDE, b"\x10\x01\x10\x02", {1: b"\x02"}),
}


@pytest.mark.parametrize(("profile", "data", "elements"), READ.values(), ids=READ.keys())
def test_elements_are_read(profile: int, data: bytes, elements: dict[int, bytes]) -> None:
    assert parse_elements(profile, data) == elements


def test_elements_are_written_with_padding_to_32_bits() -> None:
    assert serialize_elements({1: b"\xaa", 2: b"\xbb\xbb"}) == bytes.fromhex("BEDE0002 10AA21BB BB000000")


@pytest.mark.parametrize("elements", [{0: b"1"}, {15: b"1"}, {1: b""}, {1: bytes(17)}])
def test_what_the_one_byte_form_cannot_hold_is_refused(elements: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="expected ID 1 to 14 with 1 to 16"):
        serialize_elements(elements)


@given(st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=14))
def test_what_is_written_is_read(elements: dict[int, bytes]) -> None:
    data = serialize_elements(elements)
    assert len(data) == 4 + 4 * int.from_bytes(data[2:4], "big")
    assert parse_elements(ONE_BYTE, data[4:]) == elements


@given(st.sampled_from([0xBEDE, 0x1000, 0]), st.binary(max_size=40))
def test_any_bytes_are_read_without_a_fault(profile: int, data: bytes) -> None:
    assert sum(map(len, parse_elements(profile, data).values())) <= len(data)
