"""The restart interval that fits packets: the rule, and what becomes of it on photographs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.pictures import filler
from photographs import PHOTOGRAPHS, panned
from rtpjpeg.capture import intervals
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.intervals import (
    EVERY,
    IntervalFitter,
    PacketRoom,
    choose_interval,
    least_interval,
    lower_interval,
)
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.interchange import make_header
from rtpjpeg.jpeg import count_mcus, parse_jpeg
from rtpjpeg.packetizer import Packetizer
from rtpjpeg.payload import UNALIGNED
from rtpjpeg.tables import quantization_tables

ROOM = PacketRoom(1328)
HEADERS = 28
"""IPv4 and UDP."""


@pytest.mark.parametrize(
    ("scan_size", "mcus", "row", "room", "interval"),
    [
        (45_000, 1000, 40, ROOM, 10),
        (45_000, 1000, 40, PacketRoom(1328, filled=True), 5),
        (45_000, 1000, 40, PacketRoom(664), 5),
        (45_000, 1000, 40, PacketRoom(8928), 10),  # never up: more would be lost with a packet
        (45_000, 1000, 40, PacketRoom(664, filled=True), 2),
        (45_000, 1000, 8, ROOM, 8),
        (9_000, 1000, 40, ROOM, 40),
        (300_000, 1000, 40, ROOM, 2),
        (1_000_000, 32_640, 128, ROOM, 15),
        (450, 1, 1, ROOM, 2),
        (10_000_000, 40_000, 128, ROOM, 3),
    ],
)
def test_the_rule(scan_size: int, mcus: int, row: int, room: PacketRoom, interval: int) -> None:
    assert choose_interval(scan_size, mcus, row, room) == interval


@given(st.integers(1, 200_000))
def test_no_restart_count_is_too_large(mcus: int) -> None:
    least = least_interval(mcus)
    assert (mcus - 1) // least < UNALIGNED
    assert least == 2 or (mcus - 1) // (least - 1) >= UNALIGNED - 1


@pytest.mark.parametrize(
    ("sizes", "interval"),
    [
        ([2656] * 10, 5),
        ([1329] * 10, 9),
        ([400] * 9 + [2656], 5),
        ([400] * 99 + [2656], 33),
        ([400] * 198 + [2656] * 2, 33),
        ([400] * 197 + [2656] * 3, 5),
    ],
)
def test_an_interval_is_lowered_until_99_in_100_fit(sizes: list[int], interval: int) -> None:
    assert lower_interval(10, np.array(sizes), ROOM) == interval


def picture(sizes: list[int], interval: int, width: int = 640, height: int = 16) -> bytes:
    """A JPEG whose restart intervals have these sizes, markers included."""
    parts = [filler(sizes[0], ending=b"")]
    for index, size in enumerate(sizes[1:]):
        parts += [bytes((0xFF, 0xD0 + index % 8)), filler(size - 2, ending=b"")]
    return make_header(1, width, height, quantization_tables(80), 0, interval) + b"".join(parts) + b"\xff\xd9"


def fitter(interval: int) -> IntervalFitter:
    made = IntervalFitter(ROOM)
    made.begins("key")
    made.measure(picture([450 * 40 // interval], 0))
    assert made.interval == interval
    return made


def test_a_change_of_quality_or_size_is_news() -> None:
    made = IntervalFitter(ROOM)
    assert [made.begins(key) for key in ("a", "a", "b", "b", "a")] == [True, False, True, False, True]


def test_intervals_that_fit_stay() -> None:
    made = fitter(10)
    for sizes in ([400] * 4, [1328, 100, 100, 98], [60] * 4):
        for _ in range(EVERY):
            made.look(picture(sizes, 10))
    assert made.interval == 10


def test_intervals_that_overflow_are_lowered_until_they_fit() -> None:
    made = fitter(10)
    made.look(picture([400, 400, 2000, 400], 10))  # the rule says 6 for these 3200 bytes, and 6 would fit
    assert made.interval == 6
    made.look(picture([300] * 5 + [2600, 300], 6))  # looked at at once: 4100 bytes say 4, the largest 3
    assert made.interval == 3
    made.look(picture([9000] + [300] * 13, 3))
    assert made.interval == 2
    made.look(picture([9000] + [300] * 19, 2))
    assert made.interval == 2, "below 2 markers cost too much"


def test_few_pictures_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fitter(10)
    looked: list[int] = []
    real = intervals.parse_jpeg
    monkeypatch.setattr(intervals, "parse_jpeg", lambda *arguments: looked.append(1) or real(*arguments))
    for _ in range(10 * EVERY):
        made.look(picture([400] * 4, 10))
    assert len(looked) == 10
    made.look(picture([2000] * 4, 10))
    assert (len(looked), made.interval) == (11, 2)


def test_a_picture_of_one_interval_has_no_markers() -> None:
    encoder = JpegEncoder(85, packet_room=ROOM)
    for _ in range(2):
        assert parse_jpeg(encoder.encode_bgr(np.zeros((16, 16, 3), np.uint8))).restart_interval == 0


# -- on photographs -----------------------------------------------------------------------------------

SIZES = [(640, 480), (320, 240), (1280, 720)]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("quality", [40, 60, 75, 85, 90, 95])
@pytest.mark.parametrize("room", [ROOM, PacketRoom(1328, filled=True), PacketRoom(628)])
def test_intervals_fit_and_have_the_size_that_is_best(
    room: PacketRoom, quality: int, width: int, height: int, name: str
) -> None:
    encoder = JpegEncoder(quality, packet_room=room)
    images = [parse_jpeg(encoder.encode_bgr(view)) for view in panned(name, width, height, 5)]
    for image in images[1:]:
        sizes = np.diff(image.restart_positions, prepend=0, append=len(image.scan))
        assert np.count_nonzero(sizes > room.size) <= sizes.size / 100
    first = images[0]  # The others show other parts of the photograph, and keep its interval.
    mean = len(first.scan) / (len(first.restart_positions) + 1)
    mcu = len(first.scan) / count_mcus(1, width, height)
    wanted = 450 * min(1.0, room.size / 1328) / (2 if room.filled else 1)
    if first.restart_interval == width // 16:
        assert mean < wanted + mcu, "a whole row is the most"
    elif first.restart_interval > 2:
        # An interval has whole MCUs, so half of one is in the nature of the thing.
        assert wanted * 8 / 9 - mcu / 2 <= mean <= wanted * 10 / 9 + mcu / 2


def wire(jpegs: list[bytes], **options: bool) -> int:
    """Bytes on the wire, IP and UDP headers included."""
    packetizer = Packetizer(**options)
    trains = [packetizer.packetize(jpeg, 0) for jpeg in jpegs]
    return sum(train.nbytes + HEADERS * len(train) for train in trains)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("quality", [50, 85, 95])
def test_restart_markers_cost_little(quality: int, name: str) -> None:
    views = list(panned(name, 640, 480, 4))
    plain, fitted, filled = (
        [encoder.encode_bgr(view) for view in views]
        for encoder in (
            JpegEncoder(quality, restart_interval=65535),  # the same encoder, no marker
            JpegEncoder(quality, packet_room=ROOM),
            JpegEncoder(quality, packet_room=PacketRoom(1328, filled=True)),
        )
    )
    before = wire(plain)
    assert wire(fitted) <= 1.03 * before
    assert wire(filled, fill=True) <= 1.25 * wire(fitted)
    assert wire(filled, fill=True) <= 1.2 * before


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720)])
def test_restart_markers_cost_little_in_the_synthetic_scene(width: int, height: int) -> None:
    def frames(**options: object) -> list[bytes]:
        made = SyntheticCamera("camera1", width, height, 0, clock=lambda: 5.0, wall=lambda: 0, **options)  # type: ignore[arg-type]
        return [made.read().jpeg for _ in range(2)]

    plain, fitted = frames(restart_interval=65535), frames(packet_room=ROOM)
    assert parse_jpeg(plain[0]).restart_interval == 0 < parse_jpeg(fitted[0]).restart_interval
    assert wire(fitted) <= 1.03 * wire(plain)
