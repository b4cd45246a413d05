"""Fields of interlaced video become pictures; whole pictures stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from rtpjpeg import Frame
from rtpjpeg.receiver.decode import Image
from rtpjpeg.receiver.fields import EVEN, LONGEST, ODD, SINGLE, WHOLE, Fields


def field(kind: int, number: int = 0, timestamp: int = 0) -> Frame:
    return Frame(b"", 4, 2, type_specific=kind, number=number, timestamp=timestamp)


def lines(*values: int) -> Image:
    """A picture whose lines have these values."""
    return np.array(values, np.uint8)[:, None, None].repeat(4, axis=1).repeat(3, axis=2)


def values(image: Image) -> list[int]:
    assert (image == image[:, :1, :1]).all()
    return [int(value) for value in image[:, 0, 0]]


def test_a_whole_picture_is_not_touched() -> None:
    image = lines(1, 2)
    assert Fields().show(field(WHOLE), image) is image


def test_two_fields_are_woven_and_neither_is_written_to() -> None:
    fields, odd, even = Fields(), lines(1, 2), lines(8, 9)
    assert values(fields.show(field(ODD), odd)) == [1, 1, 2, 2]
    assert values(fields.show(field(EVEN, 1), even)) == [8, 1, 9, 2]
    assert (values(odd), values(even)) == ([1, 2], [8, 9])


def test_a_single_field_stands_for_both() -> None:
    assert values(Fields().show(field(SINGLE), lines(1, 2))) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    "even",
    [
        field(EVEN, number=2),  # the frame in between was not drawn
        field(EVEN, number=1, timestamp=LONGEST + 1),  # of a later picture
        field(EVEN, number=1, timestamp=2**32 - 1),  # of an earlier one
    ],
)
def test_fields_of_two_pictures_are_not_woven(even: Frame) -> None:
    fields = Fields()
    fields.show(field(ODD), lines(1, 2))
    assert values(fields.show(even, lines(8, 9))) == [8, 8, 9, 9]


def test_an_odd_field_has_one_partner_only() -> None:
    fields = Fields()
    fields.show(field(ODD), lines(1, 2))
    fields.show(field(EVEN, 1), lines(8, 9))
    assert values(fields.show(field(EVEN, 1), lines(6, 7))) == [6, 6, 7, 7]


def test_a_partner_of_another_size_is_none() -> None:
    fields = Fields()
    fields.show(field(ODD), lines(1, 2))
    assert values(fields.show(field(EVEN, 1), lines(7, 8, 9))) == [7, 7, 8, 8, 9, 9]
