"""Names and numbers: units everywhere, and nothing that steers a terminal."""

from __future__ import annotations

import math

import pytest

from inspector.output.reports import stream
from rtpjpeg.inspector.output import words


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (48_250, "48.2 kB"),
        (999_900, "1.00 MB"),
        (185_370_000, "185 MB"),
        (2_500_000_000, "2.50 GB"),
    ],
)
def test_bytes_have_a_unit_and_three_digits(count: int, said: str) -> None:
    assert words.bytes_text(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.00 ms"),
        (0.0123, "12.3 ms"),
        (0.9999, "1.00 s"),
        (12.34, "12.3 s"),
        (99.96, "1 min 40 s"),
        (600, "10 min 0 s"),
        (7500, "2 h 5 min"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_durations_are_as_people_say_them(seconds: float, said: str) -> None:
    assert words.seconds_text(seconds) == said


@pytest.mark.parametrize(
    ("fps", "said"),
    [
        (30.0, "30 fps"),
        (29.97, "29.97 fps"),
        (12.5, "12.5 fps"),
        (0, "fps unknown"),
        (math.nan, "fps unknown"),
    ],
)
def test_frame_rates(fps: float, said: str) -> None:
    assert words.fps_text(fps) == said


@pytest.mark.parametrize(
    ("complete", "frames", "said"),
    [(0, 0, "none"), (0, 9, "0 %"), (17_999, 18_000, "99.9 %"), (18_000, 18_000, "100 %"), (1, 3, "33.3 %")],
)
def test_only_all_frames_are_all(complete: int, frames: int, said: str) -> None:
    assert words.complete_text(complete, frames) == said


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "4:2:2"),
        (65, "4:2:0 with restart markers"),
        (2, "not defined by RFC 2435"),
        (127, "not defined by RFC 2435"),
        (128, "by private agreement"),
    ],
)
def test_types_have_names(number: int, name: str) -> None:
    assert words.type_name(number) == name


def test_every_q_has_a_name() -> None:
    names = [words.q_name(q) for q in range(256)]
    assert {names[0], *names[100:128]} == {"reserved"}
    assert set(names[1:100]) == {"standard tables"}
    assert set(names[128:255]) == {"tables in the packets, one set for this Q"}
    assert names[255] == "tables in every frame"


def test_payload_types_are_explained() -> None:
    assert words.payload_type_text(26) == "payload type 26 (JPEG)"
    assert words.payload_type_text(96) == "payload type 96 (dynamic)"
    assert words.payload_type_text(14) == "payload type 14 (not that of JPEG)"


def test_a_size_that_is_not_told_is_no_number() -> None:
    assert words.size_text(stream()) == "640x480"
    assert words.size_text(stream(width=0)) == "size not told"


def test_nothing_steers_a_terminal() -> None:
    assert words.clean("a\x1b[31mb\nc\u202ed\udcff é") == r"a\x1b[31mb\nc\u202ed\udcff é"


def test_lost_packets_are_a_share_of_those_that_were_sent() -> None:
    assert words.sent(stream(packets=102, duplicated=2, lost=50)) == 150
    assert words.sent(stream(packets=0, lost=0)) == 1


def test_big_counts_are_grouped() -> None:
    assert [words.grouped(count) for count in (9999, 18_000, 1_234_567)] == [
        "9999",
        f"18{words.THIN}000",
        f"1{words.THIN}234{words.THIN}567",
    ]
