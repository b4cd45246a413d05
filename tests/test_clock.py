"""Capture times: NTP timestamps, offsets, and what a lost first packet leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.clock import (
    EXTENSION_IDS,
    NTP_64,
    CaptureClock,
    CaptureTimes,
    extension_ids,
    ntp_from,
    seconds_from,
)
from rtpjpeg.extensions import parse_elements, serialize_elements

INSTANTS = {
    0.0: "83aa7e80 00000000",
    1_792_224_000.5: "ee7da980 80000000",
    # 2036-02-07 06:28:16 UTC: the seconds of NTP begin again.
    2_085_978_496.0: "00000000 00000000",
    2_085_978_495.25: "ffffffff 40000000",
}


@pytest.mark.parametrize(("seconds", "ntp"), INSTANTS.items())
def test_ntp_timestamps(seconds: float, ntp: str) -> None:
    assert ntp_from(seconds) == bytes.fromhex(ntp)
    assert seconds_from(bytes.fromhex(ntp)) == seconds


@given(st.floats(0, 4.2e9))
def test_a_time_survives_the_wire(seconds: float) -> None:
    assert seconds_from(ntp_from(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.floats(1e9, 4e9), st.none() | st.floats(-90, 90), st.none() | st.floats(-90, 90))
def test_capture_times_survive_the_wire(
    captured: float, encoding: float | None, sending: float | None
) -> None:
    later = [None if offset is None else captured + offset for offset in (encoding, sending)]
    read = CaptureTimes.parse(CaptureTimes(captured, *later).serialize())
    assert read is not None
    assert read.captured_at == pytest.approx(captured, abs=1e-6)
    for value, expected in zip((read.encoded_at, read.sent_at), later, strict=True):
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-5))


@pytest.mark.parametrize("seconds", [94.0, -94.0])
def test_an_offset_that_does_not_fit_is_left_out(seconds: float) -> None:
    times = CaptureTimes(1e9, encoded_at=1e9 + seconds, sent_at=1e9 + 1)
    assert CaptureTimes.parse(times.serialize()) == CaptureTimes(1e9, sent_at=1e9 + 1)


def test_the_order_of_the_elements_and_their_size() -> None:
    # One packet of each frame has it, and it is to be small.
    extension = CaptureTimes(0.0, encoded_at=1 / 90_000, sent_at=-1 / 90_000).serialize()
    assert extension == bytes.fromhex("BEDE0005 C7 83AA7E8000000000 D2 FFFFFF E2 000001 000000")


@pytest.mark.parametrize(
    "extension",
    [b"", b"\xbe", bytes(4), serialize_elements({12: b"1234567"}), serialize_elements({3: b"12345678"})],
)
def test_an_extension_of_others_tells_nothing(extension: bytes) -> None:
    assert CaptureTimes.parse(extension) is None


def test_a_sender_without_a_wall_clock_tells_nothing() -> None:
    assert CaptureTimes.parse(serialize_elements({12: bytes(8)})) is None


def test_an_offset_of_another_size_is_left_out() -> None:
    extension = serialize_elements({12: ntp_from(5.0), 13: b"\x00\x01", 14: b"\x01\x5f\x90"})
    assert CaptureTimes.parse(extension) == CaptureTimes(5.0, encoded_at=6.0)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_a_fault(data: bytes) -> None:
    CaptureTimes.parse(data)
    CaptureTimes.parse(b"\xbe\xde\x00\x05" + data)


def test_a_description_maps_other_ids() -> None:
    ids = extension_ids([(1, "urn:ietf:params:rtp-hdrext:sdes:mid"), (3, NTP_64)])
    assert ids == {NTP_64: 3}
    assert CaptureTimes.parse(serialize_elements({3: ntp_from(5.0)}), ids) == CaptureTimes(5.0)
    assert parse_elements(0xBEDE, CaptureTimes(5.0).serialize()[4:]).keys() == {EXTENSION_IDS[NTP_64]}


def test_a_description_without_the_capture_time_leaves_our_own_ids() -> None:
    assert extension_ids([(1, "urn:ietf:params:rtp-hdrext:toffset")]) == EXTENSION_IDS
    assert extension_ids([]) == EXTENSION_IDS


def test_a_frame_has_its_time_from_another_one() -> None:
    clock = CaptureClock()
    assert clock.captured_at(1000) is None
    clock.learn(2**32 - 45_000, 100.0)
    assert clock.captured_at(45_000) == 101.0
    assert clock.captured_at(2**32 - 90_000) == 99.5
    clock.learn(45_000, 200.0)
    assert clock.captured_at(45_000) == 200.0
