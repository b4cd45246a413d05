"""Numbers that wrap: the shortest way between two of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.serial import extend_sequence_number, sequence_difference, timestamp_difference

# later, earlier, the way between them
SEQUENCES = [
    (0, 0, 0),
    (1, 0, 1),
    (0, 1, -1),
    (0, 65535, 1),
    (65535, 0, -1),
    (5, 65530, 11),
    (65530, 5, -11),
    (0x7FFF, 0, 0x7FFF),
    (0x8000, 0, -0x8000),
    (0, 0x8000, -0x8000),
]
TIMESTAMPS = [
    (0, 0, 0),
    (3000, 0, 3000),
    (0, 3000, -3000),
    (1000, 2**32 - 2000, 3000),
    (2**32 - 2000, 1000, -3000),
    (2**31 - 1, 0, 2**31 - 1),
    (2**31, 0, -(2**31)),
]
# 16 bits from the wire, where the stream stands, unwrapped number
EXTENDED = [
    (10, 10, 10),
    (11, 10, 11),
    (9, 10, 9),
    (3, 65534, 65539),
    (65534, 65539, 65534),
    (65535, 0, -1),
    (0, 7 * 65536 - 1, 7 * 65536),
    (5000, 3 * 65536, 3 * 65536 + 5000),
]

sixteen_bits = st.integers(0, 0xFFFF)
thirty_two_bits = st.integers(0, 0xFFFF_FFFF)


@pytest.mark.parametrize(("later", "earlier", "way"), SEQUENCES)
def test_sequence_difference(later, earlier, way):
    assert sequence_difference(later, earlier) == way


@pytest.mark.parametrize(("later", "earlier", "way"), TIMESTAMPS)
def test_timestamp_difference(later, earlier, way):
    assert timestamp_difference(later, earlier) == way


@pytest.mark.parametrize(("number", "reference", "extended"), EXTENDED)
def test_extend_sequence_number(number, reference, extended):
    assert extend_sequence_number(number, reference) == extended


@given(sixteen_bits, st.integers(-0x8000, 0x7FFF))
def test_a_way_of_16_bits_is_found_again(earlier, way):
    assert sequence_difference((earlier + way) & 0xFFFF, earlier) == way


@given(thirty_two_bits, st.integers(-(2**31), 2**31 - 1))
def test_a_way_of_32_bits_is_found_again(earlier, way):
    assert timestamp_difference((earlier + way) & 0xFFFF_FFFF, earlier) == way


@given(sixteen_bits, st.integers(-(2**40), 2**40))
def test_an_extended_number_is_the_nearest_with_these_16_bits(number, reference):
    extended = extend_sequence_number(number, reference)
    assert extended & 0xFFFF == number
    assert -0x8000 <= extended - reference <= 0x7FFF
