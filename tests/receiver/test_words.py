"""How figures are written."""

from __future__ import annotations

import pytest

from rtpjpeg.receiver.words import bitrate_text, in_order, lost_text, share_text


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0, "0 bit/s"),
        (999, "999 bit/s"),
        (1000, "1.0 kbit/s"),
        (99_940, "99.9 kbit/s"),
        (999_400, "999 kbit/s"),
        (999_600, "1.0 Mbit/s"),
        (4_210_000, "4.2 Mbit/s"),
        (123_400_000, "123 Mbit/s"),
    ],
)
def test_bitrates(bits: float, text: str) -> None:
    assert bitrate_text(bits) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.0001, "<0.1 %"), (0.004, "0.4 %"), (0.0996, "10 %"), (1, "100 %")]
)
def test_shares(share: float, text: str) -> None:
    assert share_text(share) == text


def test_a_loss_has_its_share_where_there_is_one() -> None:
    assert [lost_text(12, 0.004), lost_text(0, 0.0), lost_text(3, None)] == ["12 (0.4 %)", "0", "3"]


def test_stages_stand_in_the_order_of_the_way() -> None:
    one = {"p50": 1.0}
    known = {"show": one, "transport": one, "encode": one, "network": None, "queue": one}
    assert [name for name, _ in in_order(known)] == ["encode", "transport", "queue", "show"]
    assert [name for name, _ in in_order({**known, "network": one})] == ["encode", "network", "queue", "show"]
    assert in_order(None) == []
