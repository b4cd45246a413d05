"""Who is listened to: probation, second addresses, several sources (RFC 3550 sections 5.1, 8.2, A.1)."""

from __future__ import annotations

import itertools

import pytest

from conformance.builders import SSRC, main, rtp
from conformance.running import Viewer, receive
from conformance.streams import frame, shown, stream
from rtpjpeg import PacketTrain


@pytest.mark.rule("T-016")
def test_a_source_is_valid_after_two_packets_in_sequence():
    # "... a source is declared valid only after MIN_SEQUENTIAL packets have been received in sequence."
    viewer = Viewer()
    for sequence in (10, 500, 30, 9, 70):
        viewer.take([rtp(main(0), sequence=sequence)])
    assert viewer.session.ssrc is None
    packets = frame(sequence=1000)
    viewer.take(packets[:1])
    assert viewer.session.ssrc is None
    viewer.take(packets[1:])
    assert viewer.session.ssrc == 0x1234ABCD
    assert shown(viewer.outcome) == [0], "the first packet MAY be stored and delivered once validated"
    assert viewer.session.statistics.packets_lost == 0


def interleaved(one: list[bytes], other: list[bytes]) -> list[bytes]:
    pairs = itertools.zip_longest(one, other)
    return [packet for pair in pairs for packet in pair if packet is not None]


@pytest.mark.rule("T-062")
@pytest.mark.parametrize("shift", [0, 77])
@pytest.mark.parametrize("first", [100, 101, 30000])
def test_two_sources_on_one_port_are_never_mixed(shift, first):
    # 5.1: "All packets from a synchronization source form part of the same timing and sequence number
    # space, so a receiver groups packets by synchronization source for playback."
    mixed = interleaved(stream(0, 1, 2, 3), stream(4, 4, 4, 4, first=first, ssrc=5, shift=shift))
    outcome = receive(mixed)
    assert shown(outcome) == [0, 1, 2, 3]
    assert {frame.ssrc for frame in outcome.frames} == {SSRC}
    viewer = Viewer()
    viewer.take(mixed, step=0.001)
    assert shown(viewer.outcome) == [0, 1, 2, 3]
    assert {frame.ssrc for frame in viewer.outcome.frames} == {SSRC}


@pytest.mark.rule("T-062")
def test_the_source_can_be_asked_for():
    viewer = Viewer(ssrc=5)
    viewer.take(interleaved(stream(0, 1, 2), stream(3, 4, ssrc=5)), step=0.001)
    assert shown(viewer.outcome) == [3, 4]
    assert {frame.ssrc for frame in viewer.outcome.frames} == {5}


@pytest.mark.rule("T-010")
def test_a_second_address_does_not_harm_the_stream():
    # 8.2: "The algorithm described below ignores packets from a new source or loop that collide with an
    # established source."
    viewer = Viewer()
    for index, packet in enumerate(stream(0, 1, 2, 3)):
        viewer.take([packet], step=0.001)
        if index >= 2:
            evil = rtp(main(0, q=5) + b"evil", sequence=101 + index, timestamp=3000)
            viewer.take([evil], source=("198.51.100.9", 4000))
    assert shown(viewer.outcome) == [0, 1, 2, 3]
    assert viewer.session.statistics.packets_rejected == len(stream(0, 1, 2, 3)) - 2


@pytest.mark.rule("T-038")
def test_rtcp_on_the_port_of_rtp_is_told_from_rtp():
    # RFC 5761, section 4: the second byte of RTCP is 192 to 223.
    viewer = Viewer()
    packets = frame()
    report = b"\x80\xc8\x00\x06" + bytes(24)
    bye = b"\x81\xcb\x00\x01\x12\x34\xab\xcd"
    viewer.take([report, packets[0], report, bye, *packets[1:], bye])
    assert shown(viewer.outcome) == [0]
    assert viewer.session.statistics.packets_rejected == 0
    assert viewer.session.statistics.packets_received == len(packets)


@pytest.mark.rule("T-038")
@pytest.mark.parametrize("place", [0, 1, -1])
def test_rtcp_that_the_kernel_joined_to_packets_is_told_from_them(place):
    # A train is what came of one sender: a report may stand anywhere in it.
    packets, report = frame(), b"\x80\xc8\x00\x06" + bytes(24)
    mixed = [*packets, report] if place < 0 else [*packets[:place], report, *packets[place:]]
    viewer = Viewer()
    viewer.take([PacketTrain.from_packets(mixed)])
    assert shown(viewer.outcome) == [0]
    assert viewer.session.statistics.packets_rejected == 0
    assert viewer.session.statistics.packets_received == len(packets)
