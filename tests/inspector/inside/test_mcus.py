"""Walking MCUs: counted to the end, and stopped where codes make no sense."""

from __future__ import annotations

import pytest

from conformance.pictures import intervals_of, jpeg, scan_of
from rtpjpeg.concealment import grey_interval
from rtpjpeg.inspector.inside.mcus import CODE, END, Walk, walk_mcus

SIZES = [(64, 48), (16, 16), (8, 8), (200, 120)]


@pytest.mark.parametrize("quality", [1, 75, 100])
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_every_mcu_is_counted(type: int, width: int, height: int, quality: int) -> None:
    data = scan_of(jpeg(type & 1, quality=quality, width=width, height=height))[:-2]
    mcus = -(-width // 16) * -(-height // (16 if type & 1 else 8))
    assert walk_mcus(data, type, 1 << 20) == Walk(mcus, len(data), "")
    assert walk_mcus(data, type, mcus).mcus == mcus
    assert walk_mcus(data, type, mcus - 1)[::2] == (mcus - 1, "")


def test_restart_intervals_are_counted_one_by_one() -> None:
    pieces = [piece.lstrip(b"\xff") for piece in intervals_of(scan_of(jpeg(65, interval=5))[:-2])]
    assert [walk_mcus(piece[bool(at) :], 65, 99).mcus for at, piece in enumerate(pieces)] == [5, 5, 2]


def test_data_that_ends_early_is_told_from_codes_that_are_none() -> None:
    data = scan_of(jpeg(quality=95))[:-2]
    cut = walk_mcus(data[: len(data) // 2], 1, 1 << 20)
    assert cut.fault == END and 0 < cut.mcus < 12 and cut.position <= len(data) // 2
    broken = walk_mcus(data[:500] + b"\xff\x00" * 8 + data[500:], 1, 1 << 20)
    assert broken.fault == CODE and abs(broken.position - 508) <= 10


def test_the_other_sampling_makes_no_sense() -> None:
    for type in (0, 1):
        assert walk_mcus(scan_of(jpeg(type, quality=95))[:-2], type ^ 1, 1 << 20).fault


def test_a_dc_value_that_no_picture_has_is_a_fault() -> None:
    data = scan_of(jpeg(quality=100))[:-2]
    assert walk_mcus(data, 1, 1 << 20).fault == "" and walk_mcus(data, 1, 1 << 20, (20, 2047)).fault == CODE
    # Luma DC differences of 2047, whose sum leaves all bounds with the second block.
    bits = "111111110" + "1" * 11 + "1010"
    plain = int(bits * 4, 2).to_bytes(len(bits) // 2, "big").replace(b"\xff", b"\xff\x00")
    assert walk_mcus(plain, 1, 9) == Walk(0, 7, CODE)


def test_no_data_is_no_mcu_and_grey_is_some() -> None:
    assert walk_mcus(b"", 1, 9) == Walk(0, 0, "")
    assert walk_mcus(grey_interval(0, 7), 0, 99).mcus == 7
