"""--rotate as it is written, and when it means the next file."""

from __future__ import annotations

import pytest

from rtpjpeg import ConfigError
from rtpjpeg.receiver.recording.rotation import EXPECTED, NEVER, Rotation


@pytest.mark.parametrize(
    ("text", "octets", "seconds"),
    [
        ("500MB", 500_000_000, None),
        ("1.5 GiB", 3 << 29, None),
        ("100kb", 100_000, None),
        ("30s", None, 30.0),
        ("10min", None, 600.0),
        (".5h", None, 1800.0),
        ("500MB,10min", 500_000_000, 600.0),
        (" 1h , 2GB ", 2_000_000_000, 3600.0),
    ],
)
def test_sizes_and_times_are_read(text: str, octets: int | None, seconds: float | None) -> None:
    assert Rotation.parse(text) == Rotation(octets, seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"found '', expected {EXPECTED}; units: kB, MB, GB, s, min, h"),
        ("500", f"found '500', expected {EXPECTED}; units: kB, MB, GB, s, min, h"),
        ("10 parsec", f"found '10 parsec', expected {EXPECTED}; units: kB, MB, GB, s, min, h"),
        ("-5s", f"found '-5s', expected {EXPECTED}; units: kB, MB, GB, s, min, h"),
        ("1kB", "found '1kB', expected at least 100kB and at most 1000TB"),
        ("9" * 400 + "MB", f"found '{'9' * 400}MB', expected at least 100kB and at most 1000TB"),
        ("0.5s", "found '0.5s', expected at least 1s and at most 168h"),
        ("1h,30s", f"found '30s' behind another one, expected {EXPECTED}"),
    ],
)
def test_what_is_neither_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Rotation.parse(text)
    assert str(refused.value) == said


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        Rotation.parse("nonsense,0s")
    assert len(refused.value.faults) == 2


def test_a_file_is_over_when_either_would_be_too_much() -> None:
    both = Rotation(1000, 10.0)
    assert not both.over(1000, 9.9)
    assert both.over(1001, 0.0)
    assert both.over(0, 10.0)
    assert not NEVER.over(1 << 60, 1e9)
