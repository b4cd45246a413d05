"""Both ends of a session, on a clock that only the tests move."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.builders import SSRC, fragment, main, read_all, rtp
from conformance.pictures import eight_bit, jpeg, scan_of
from photographs import video
from rtpjpeg import ConfigError, UnsupportedJpegError
from rtpjpeg.events import FrameDropped, FrameReceived, PacketRejected, SourceChanged
from rtpjpeg.lock import RELOCK, SILENCE
from rtpjpeg.packetizer import Packetizer
from rtpjpeg.session import DEADLINE, ReceiverSession, SenderSession
from rtpjpeg.train import PacketTrain

HERE, THERE = ("192.0.2.1", 5000), ("192.0.2.66", 6000)
WAIT = 0.005


# The sender.


def test_timestamps_come_from_the_capture_clock():
    session = SenderSession(timestamp_offset=1000)
    stamps = [
        read_all(session.send_frame(jpeg(), captured, now=99.0))[0].timestamp for captured in (0, 1, 1.5)
    ]
    assert stamps == [1000, 91_000, 136_000]


def test_timestamps_wrap():
    session = SenderSession(timestamp_offset=2**32 - 90_000)
    stamps = [read_all(session.send_frame(jpeg(), captured, 0.0))[0].timestamp for captured in (0, 1, 2)]
    assert stamps == [2**32 - 90_000, 0, 90_000]


@pytest.mark.parametrize("offset", [0, 2**32 - 1])
def test_two_frames_never_share_a_timestamp(offset):
    # Receivers would join them.
    session = SenderSession(timestamp_offset=offset)
    stamps = [read_all(session.send_frame(jpeg(), captured, 0.0))[0].timestamp for captured in (5, 5, 4.9, 6)]
    first = offset + 5 * 90_000
    expected = [first, first + 1, first + 2, first + 90_000]
    assert stamps == [stamp & 0xFFFF_FFFF for stamp in expected]


@pytest.mark.parametrize("hours", [1, 7, 13, 14, 30])
def test_timestamps_go_on_after_a_pause_of_hours(hours):
    """Half the range of a timestamp is 6.6 hours, the whole 13.3."""
    session, began = SenderSession(timestamp_offset=77), 5.0
    session.send_frame(jpeg(), began, 0.0)
    times = [began + 3600 * hours + number / 30 for number in range(3)]
    stamps = [read_all(session.send_frame(jpeg(), captured, 0.0))[0].timestamp for captured in times]
    assert stamps == [(77 + round(captured * 90_000)) % 2**32 for captured in times]


def test_a_frame_that_was_refused_takes_no_timestamp():
    session = SenderSession(timestamp_offset=0)
    with pytest.raises(UnsupportedJpegError):
        session.send_frame(b"GIF89a", 1.0, 0.0)
    assert read_all(session.send_frame(jpeg(), 1.0, 0.0))[0].timestamp == 90_000
    assert session.statistics.frames_sent == 1


def test_a_sender_counts_payload_octets():
    # RFC 3550, section 6.4.1: "not including header or padding".
    session = SenderSession(mtu=600, ssrc=7, sequence_number=65535)
    trains = [session.send_frame(jpeg(type), number, 0.0) for number, type in enumerate((1, 65))]
    packets = [packet for train in trains for packet in train]
    statistics = session.statistics
    assert (statistics.frames_sent, statistics.packets_sent) == (2, len(packets))
    assert statistics.octets_sent == sum(len(packet) - 12 for packet in packets)
    assert [packet.sequence for packet in read_all(packets)] == [65535, *range(len(packets) - 1)]
    assert session.ssrc == 7


def test_a_sender_counts_intervals():
    session = SenderSession(mtu=600)
    assert (session.statistics.intervals_sent, session.statistics.intervals_split) == (0, 0)
    session.send_frame(jpeg(1), 0.0, 0.0)
    assert (session.statistics.intervals_sent, session.statistics.intervals_split) == (0, 0)
    session.send_frame(jpeg(65, width=160, height=120, quality=97, interval=20), 1.0, 0.0)
    assert (session.statistics.intervals_sent, session.statistics.intervals_split) == (4, 4)


@pytest.mark.parametrize(
    ("options", "q"),
    [
        ({}, 128),
        ({"profile": "compatible"}, 255),
        ({"static_tables": False}, 255),
        ({"profile": "compatible", "static_tables": True}, 128),
    ],
)
def test_a_sender_numbers_its_tables_as_the_profile_says(options, q):
    session = SenderSession(**options)
    assert read_all(session.send_frame(jpeg(quality=90, chroma_quality=60), 0.0, 0.0))[0].q == q


def test_a_sender_fills_packets_when_asked():
    file = jpeg(65, width=160, height=120, interval=5)
    plain, filled = (SenderSession(fill=fill, mtu=600).send_frame(file, 0.0, 0.0) for fill in (False, True))
    assert not plain.segment_size and filled.segment_size
    assert len(plain) == len(filled)


def test_a_sender_begins_with_chance():
    made = [SenderSession() for _ in range(20)]
    assert len({session.ssrc for session in made}) == 20
    assert len({session.timestamp_offset for session in made}) == 20
    assert all(0 <= session.timestamp_offset < 2**32 for session in made)


def test_the_mtu_may_be_lowered():
    session = SenderSession(mtu=9000)
    assert session.mtu == 9000
    session.mtu = 300
    assert max(map(len, session.send_frame(jpeg(), 0.0, 0.0))) == 252


def test_profile_and_payload_type_reach_the_packets():
    session = SenderSession(profile="compatible", payload_type=96)
    assert {packet.payload_type for packet in read_all(session.send_frame(jpeg(), 0.0, 0.0))} == {96}
    with pytest.raises(UnsupportedJpegError, match="profile compatible"):
        session.send_frame(jpeg(65), 1.0, 0.0)
    with pytest.raises(ConfigError):
        SenderSession(profile="fast")


def test_a_sender_has_nothing_else_to_do():
    session = SenderSession()
    session.receive(b"\x81\xc9\0\1", 1.0, HERE)
    session.handle_timer(2.0)
    assert (session.next_event(), session.next_timer(), session.datagrams_to_send(2.0)) == (None, None, [])


# The receiver.


class Receiver:
    """A session, its clock, and everything it told."""

    def __init__(self, now=100.0, **options):
        self.session = ReceiverSession(**options)
        self.now = now
        self.events = []

    def take(self, packets, source=HERE, at_once=False):
        """Receive packets now; return the events they made."""
        before = len(self.events)
        for data in [PacketTrain.from_packets(packets)] if at_once else packets:
            self.session.receive(data, self.now, source)
            self.collect()
        return self.events[before:]

    def wait(self, seconds):
        """Let time pass, with every timer that comes due; return the events."""
        before, end = len(self.events), self.now + seconds
        while (timer := self.session.next_timer()) is not None and timer <= end:
            assert timer >= self.now, "what was due is done"
            self.now = timer
            self.session.handle_timer(timer)
            self.collect()
            following = self.session.next_timer()
            assert following is None or following > timer, "the timer that was named is enough"
        self.now = end
        return self.events[before:]

    def collect(self):
        while (event := self.session.next_event()) is not None:
            self.events.append(event)

    @property
    def statistics(self):
        return self.session.statistics


def kinds(events):
    return [type(event) for event in events]


def scans(events):
    return [scan_of(event.frame.jpeg) for event in events if isinstance(event, FrameReceived)]


def stream(type=1, count=4, size=200, sequence=65_500, ssrc=SSRC, **options):
    """Frames with different pictures, 3000 units apart: a list of packets for each."""
    frames = []
    for seed in range(1, count + 1):
        options |= {"type": type, "interval": 4, "size": size, "timestamp": 3000 * seed, "ssrc": ssrc}
        frames.append(fragment(scan_of(jpeg(type, seed=seed)), sequence=sequence, **options))
        sequence += len(frames[-1])
    return frames


def aligned(type=65):
    """The same, cut at their restart intervals."""
    packetizer = Packetizer(mtu=230, ssrc=SSRC, sequence_number=65_500)
    files = [jpeg(type, seed=seed, interval=2) for seed in range(1, 5)]
    return [list(packetizer.packetize(file, 3000 * seed)) for seed, file in enumerate(files, 1)]


def taken(**options):
    """A receiver that has taken the stream, and the frames that have not come yet."""
    receiver, frames = Receiver(**options), stream()
    assert kinds(receiver.take(frames[0])) == [SourceChanged, FrameReceived]
    return receiver, frames[1:]


def test_a_source_is_taken_when_two_packets_came_in_sequence():
    # RFC 3550, section A.1: MIN_SEQUENTIAL is 2.
    receiver, frames = Receiver(), stream()
    assert receiver.take(frames[0][:1]) == []
    assert (receiver.session.ssrc, receiver.session.source) == (None, None)
    assert receiver.take(frames[0][1:2]) == [SourceChanged(SSRC, HERE)]
    assert (receiver.session.ssrc, receiver.session.source) == (SSRC, HERE)
    (event,) = receiver.take(frames[0][2:])
    assert scan_of(event.frame.jpeg) == scan_of(jpeg()), "the first packet was kept"
    assert receiver.statistics.packets_received == len(frames[0])


def test_a_train_with_two_packets_in_sequence_is_proof():
    receiver, frames = Receiver(), stream()
    assert kinds(receiver.take(frames[0], at_once=True)) == [SourceChanged, FrameReceived]


def test_a_frame_of_one_packet_is_kept_over_probation():
    receiver, frames = Receiver(), stream(size=5000)
    assert receiver.take(frames[0]) == []
    events = receiver.take(frames[1])
    assert kinds(events) == [SourceChanged, FrameReceived, FrameReceived]


@pytest.mark.parametrize("order", [(0, 2), (0, 0), (1, 0), (0, 2, 1), (3, 1, 5)])
def test_packets_out_of_sequence_are_no_proof(order):
    receiver, frames = Receiver(), stream(size=100)
    assert receiver.take([frames[0][place] for place in order]) == []
    assert receiver.session.ssrc is None


def test_proof_may_come_later():
    receiver, frames = Receiver(), stream(size=100)
    assert receiver.take([frames[0][0], frames[0][3]]) == []
    assert receiver.take([frames[0][4]]) == [SourceChanged(SSRC, HERE)]


def test_the_sequence_may_wrap_in_probation():
    receiver = Receiver()
    packets = stream(sequence=65_535)[0]
    assert kinds(receiver.take(packets)) == [SourceChanged, FrameReceived]


def test_packets_from_two_addresses_are_no_proof():
    receiver, frames = Receiver(), stream()
    assert receiver.take(frames[0][:1], HERE) == []
    assert receiver.take(frames[0][1:2], THERE) == []
    assert receiver.take(frames[0][2:3], THERE) == [SourceChanged(SSRC, THERE)]


def test_packets_of_two_sources_are_no_proof():
    receiver, ours, theirs = Receiver(), stream(), stream(ssrc=7)
    mixed = PacketTrain.from_packets([ours[0][0], theirs[0][1]])
    receiver.session.receive(mixed, 100.0, HERE)
    assert receiver.session.ssrc is None
    assert receiver.take(theirs[0][2:3])[0] == SourceChanged(7, HERE)


def test_only_so_many_candidates_are_kept():
    receiver = Receiver()
    first = [stream(ssrc=ssrc)[0] for ssrc in range(1, 9)]
    for packets in first:
        receiver.take(packets[:1])
    assert len(receiver.session._lock._candidates) == 4
    assert receiver.take(first[0][1:2]) == [], "the oldest was forgotten"
    assert receiver.take(first[-1][1:2]) == [SourceChanged(8, HERE)]
    assert len(receiver.session._lock._candidates) == 0


def test_a_train_of_many_sources_costs_no_more():
    receiver = Receiver()
    packets = [rtp(main(), sequence=2 * ssrc, ssrc=ssrc) for ssrc in range(50)]
    assert receiver.take(packets, at_once=True) == []
    assert len(receiver.session._lock._candidates) == 4


def test_one_source_may_be_asked_for():
    receiver, ours, theirs = Receiver(ssrc=7), stream(), stream(ssrc=7)
    events = receiver.take(ours[0], THERE)
    assert kinds(events) == [PacketRejected] * len(ours[0])
    assert str(events[0].error).startswith("RTP packet: found none of this stream")
    assert kinds(receiver.take(theirs[0])) == [SourceChanged, FrameReceived]


# packet, what the sentence says
NOT_OURS = [
    (b"garbage", "RTP packet: found none of this stream, expected version 2 and payload type 26"),
    (b"", "RTP packet: found none of this stream"),
    (rtp(main(), payload_type=96), "RTP packet: found none of this stream"),
]


@pytest.mark.parametrize(("packet", "sentence"), NOT_OURS)
def test_what_is_no_stream_is_rejected(packet, sentence):
    receiver = Receiver()
    (event,) = receiver.take([packet])
    assert str(event.error).startswith(sentence)
    assert receiver.statistics.packets_rejected == 1


def test_the_sentence_names_the_payload_type_that_was_asked_for():
    (event,) = Receiver(payload_type=96).take([rtp(main())])
    assert str(event.error).endswith("expected version 2 and payload type 96")


@pytest.mark.parametrize("data", [PacketTrain.from_packets([]), PacketTrain.from_segments(b"", 100)])
def test_nothing_is_nothing(data):
    receiver, _ = taken()
    for source in (HERE, THERE):
        receiver.session.receive(data, receiver.now, source)
        receiver.session.receive(data, receiver.now + 5, source)
    assert receiver.session.next_event() is None


@pytest.mark.parametrize("second", [192, 200, 201, 203, 207, 223])
def test_rtcp_is_told_apart(second):
    # RFC 5761, section 4.
    receiver, frames = taken()
    report = bytes([0x81, second]) + frames[0][0][2:]
    assert receiver.take([report, report[:2]]) == []
    assert receiver.take([report], THERE) == []
    assert (receiver.statistics.packets_rejected, receiver.statistics.packets_received) == (
        0,
        len(stream()[0]),
    )


@pytest.mark.parametrize("second", [191, 224])
def test_what_is_not_rtcp_is_judged_as_rtp(second):
    receiver, frames = taken()
    packet = bytes([0x80, second]) + frames[0][0][2:]
    assert kinds(receiver.take([packet])) == [PacketRejected]


def test_a_slot_with_one_short_packet_is_rejected():
    receiver = Receiver()
    slots = PacketTrain(np.zeros(100, np.uint8), np.array([0]), np.array([1]))
    receiver.session.receive(slots, 100.0, HERE)
    assert isinstance(receiver.session.next_event(), PacketRejected)


def test_another_address_is_locked_out():
    receiver, frames = taken()
    theirs = stream(ssrc=7)
    events = receiver.take(theirs[0], THERE)
    assert kinds(events) == [PacketRejected] * len(theirs[0])
    assert str(events[0].error) == (
        f"source: found {THERE[0]}:{THERE[1]}, expected {HERE[0]}:{HERE[1]} (locked to the first)"
    )
    assert kinds(receiver.take(frames[0], THERE)) == [PacketRejected] * len(frames[0]), "with our SSRC too"
    assert receiver.statistics.packets_rejected == len(theirs[0]) + len(frames[0])
    assert scans(receiver.take(frames[0])) == [scan_of(jpeg(seed=2))]


def test_another_ssrc_from_our_address_is_locked_out():
    receiver, frames = taken()
    theirs = stream(ssrc=7)
    assert kinds(receiver.take(theirs[0])) == [PacketRejected] * len(theirs[0])
    assert scans(receiver.take(frames[0])) == [scan_of(jpeg(seed=2))]


def test_a_whole_train_from_elsewhere_is_one_event():
    receiver, _ = taken()
    theirs = stream(ssrc=7)[0]
    assert kinds(receiver.take(theirs, THERE, at_once=True)) == [PacketRejected]
    assert receiver.statistics.packets_rejected == len(theirs)


def test_strangers_cannot_flood_the_events():
    receiver, frames = taken()
    for _ in range(400):
        receiver.session.receive(frames[0][0], receiver.now, THERE)
    receiver.session.receive(PacketTrain.from_packets(frames[0]), receiver.now, HERE)
    receiver.collect()
    assert len(receiver.events) == 2 + 256 + 1
    assert receiver.statistics.packets_rejected == 400


RESTARTED = (HERE[0], 6001)
"""The same host, another port: what a sender has that was started again."""


@pytest.mark.parametrize(
    ("source", "ssrc", "silence"),
    [
        (THERE, 7, RELOCK),
        (THERE, SSRC, RELOCK),
        (HERE, 7, SILENCE),
        (RESTARTED, 7, SILENCE),
        (RESTARTED, SSRC, SILENCE),
        ("another kind of address", 7, RELOCK),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_silence_lets_another_source_take_over(source, ssrc, silence, at_once):
    receiver, _ = taken()
    theirs = stream(ssrc=ssrc, sequence=60_000)
    receiver.wait(silence - 0.001)
    assert set(kinds(receiver.take(theirs[0], source, at_once))) == {PacketRejected}
    receiver.wait(0.001)
    events = [
        event for event in receiver.take(theirs[1], source, at_once) if not isinstance(event, PacketRejected)
    ]
    assert events[0] == SourceChanged(ssrc, source)
    assert scans(events) == [scan_of(jpeg(seed=2))]
    assert (receiver.session.ssrc, receiver.session.source) == (ssrc, source)
    assert receiver.statistics.packets_received == len(theirs[1]), "counts are those of the new stream"


@pytest.mark.rule("T-047")
@pytest.mark.parametrize("at_once", [False, True])
def test_a_sender_with_another_address_goes_on_after_a_short_silence(at_once):
    receiver, frames = taken()
    receiver.wait(SILENCE - 0.001)
    assert set(kinds(receiver.take(frames[0], THERE, at_once))) == {PacketRejected}
    receiver.wait(0.001)
    before = receiver.statistics.packets_received
    events = receiver.take(frames[1], THERE, at_once)
    assert events[0] == SourceChanged(SSRC, THERE)
    assert scans(events) == [] and scans(receiver.wait(1.0)) == [scan_of(jpeg(seed=3))]
    assert receiver.statistics.packets_received == before + len(frames[1]), "the counts go on"


@pytest.mark.parametrize(("silence", "unheard"), [(SILENCE, 9_000), (3 * SILENCE, 27_000)])
def test_a_fast_sender_with_another_address_has_sent_much_unheard(silence, unheard):
    receiver, _ = taken()
    receiver.wait(silence)
    count = receiver.statistics.packets_received
    moved = stream(sequence=receiver.statistics.highest_sequence_number + unheard)
    events = receiver.take(moved[0], THERE, at_once=True)
    assert events[0] == SourceChanged(SSRC, THERE)
    assert scans(events) == [scan_of(jpeg(seed=1))]
    assert receiver.statistics.packets_received == count + len(moved[0]), "the counts go on"


def test_a_filter_of_addresses_comes_before_everything():
    receiver, frames = Receiver(accepts=lambda source: source == THERE), stream()
    assert set(kinds(receiver.take(frames[0]))) == {PacketRejected}
    assert str(receiver.events[0].error) == (
        f"source: found {HERE[0]}:{HERE[1]}, expected one that is allowed"
    )
    assert receiver.statistics.packets_rejected == len(frames[0])
    assert kinds(receiver.take(frames[0], THERE)) == [SourceChanged, FrameReceived]


def test_a_crowd_of_single_packets_in_one_train_hides_nobody():
    receiver, frames = Receiver(), stream(ssrc=2**31)
    crowd = [rtp(main(), ssrc=number) for number in range(50)]
    events = receiver.take(crowd + frames[0], at_once=True)
    assert events[0] == SourceChanged(2**31, HERE)


def test_the_old_source_is_locked_out_after_the_change():
    receiver, frames = taken()
    receiver.wait(RELOCK)
    receiver.take(stream(ssrc=7)[0], THERE)
    assert kinds(receiver.take(frames[0])) == [PacketRejected] * len(frames[0])


def test_the_old_source_may_return_while_the_other_is_on_probation():
    receiver, frames = taken()
    receiver.wait(RELOCK)
    theirs = stream(ssrc=7)[0]
    assert receiver.take(theirs[:1], THERE) == []
    assert scans(receiver.take(frames[0])) == [scan_of(jpeg(seed=2))]
    assert kinds(receiver.take(theirs[1:2], THERE)) == [PacketRejected]


def test_garbage_does_not_break_silence():
    receiver, _ = taken()
    receiver.wait(RELOCK / 2)
    receiver.take([b"garbage"])
    receiver.wait(RELOCK / 2)
    assert kinds(receiver.take(stream(ssrc=7)[0], THERE))[0] is SourceChanged


def test_garbage_in_silence_is_counted_once():
    receiver, _ = taken()
    receiver.wait(SILENCE)
    assert kinds(receiver.take([b"garbage"])) == [PacketRejected]
    assert receiver.statistics.packets_rejected == 1


def test_a_source_that_returns_from_silence_goes_on():
    receiver, frames = taken()
    receiver.wait(10 * SILENCE)
    assert kinds(receiver.take(frames[0])) == [FrameReceived]


def test_a_frame_in_progress_is_told_before_the_change():
    receiver, frames = taken(deadline=6.0)
    receiver.take(frames[0][:3])
    receiver.wait(RELOCK - 0.001)
    receiver.now += 0.001
    events = receiver.take(stream(ssrc=7)[0], THERE)
    assert kinds(events) == [FrameDropped, SourceChanged, FrameReceived]


def test_tables_of_the_old_stream_are_not_those_of_the_new():
    receiver = Receiver()
    tables, scan = eight_bit(jpeg()), scan_of(jpeg())
    receiver.take(fragment(scan, q=128, tables=tables))
    receiver.wait(RELOCK)
    events = receiver.take(fragment(scan, q=128, tables=b"", ssrc=7), THERE)
    assert kinds(events) == [SourceChanged, FrameDropped]


def test_a_hole_is_final_when_the_reorder_wait_has_passed():
    receiver, frames = taken()
    receiver.take(frames[0][:2] + frames[0][3:])
    assert receiver.session.next_timer() == pytest.approx(100.0 + WAIT)
    assert receiver.wait(WAIT - 0.001) == []
    assert kinds(receiver.wait(0.002)) == [FrameDropped]
    assert (receiver.statistics.packets_lost, receiver.session.next_timer()) == (1, None)


def test_a_packet_inside_the_reorder_wait_fills_the_hole():
    receiver, frames = taken()
    receiver.take(frames[0][:2] + frames[0][3:])
    receiver.wait(WAIT - 0.001)
    assert scans(receiver.take(frames[0][2:3])) == [scan_of(jpeg(seed=2))]
    assert (receiver.statistics.packets_reordered, receiver.statistics.packets_lost) == (1, 0)


def test_receiving_lets_time_pass_too():
    receiver, frames = taken()
    receiver.take(frames[0][:2] + frames[0][3:])
    receiver.now += WAIT + 0.001
    assert kinds(receiver.take(frames[1][:1])) == [FrameDropped]


@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("came", [3, -1])
def test_a_tail_that_is_lost_ends_a_frame_after_the_reorder_wait(type, came):
    receiver, frames = Receiver(), aligned(type)
    receiver.take(frames[0])
    receiver.take(frames[1][: came - 1])
    receiver.wait(0.001)
    receiver.take(frames[1][came - 1 : came] if came > 0 else frames[1][-2:-1])
    assert receiver.session.next_timer() == pytest.approx(receiver.now + WAIT), "since its last packet"
    assert receiver.wait(WAIT - 0.0001) == []
    (event,) = receiver.wait(0.0002)
    assert event.frame.concealed and event.frame.timestamp == 6000
    assert receiver.take(frames[1][came:]) == [], "what comes later is too late"
    assert kinds(receiver.take(frames[2])) == [FrameReceived]


def test_a_pause_of_the_sender_ends_no_frame():
    receiver, frames = Receiver(), aligned()
    for packets in frames[:2]:
        receiver.take(packets[:2])
        receiver.wait(0.012)
        receiver.take(packets[2:])
        receiver.wait(0.020)
    assert [event.frame.concealed for event in receiver.events[1:]] == [False, False]


def test_a_tail_that_came_too_late_is_waited_for_from_then_on():
    receiver, frames = Receiver(), aligned()
    receiver.take(frames[0])
    receiver.take(frames[1][:2])
    receiver.wait(0.008)
    receiver.take(frames[1][2:])
    receiver.wait(0.020)
    receiver.take(frames[2][:2])
    receiver.wait(0.008)
    receiver.take(frames[2][2:])
    assert [event.frame.concealed for event in receiver.events[1:]] == [False, True, False]


def test_nobody_knows_the_pace_of_a_sender_before_its_first_frame_has_ended():
    receiver, frames = Receiver(), aligned()
    receiver.take(frames[0][:3])
    assert receiver.session.next_timer() == 100 + DEADLINE


@pytest.mark.parametrize("options", [{"type": 1}, {"type": 65, "conceal": False}])
def test_a_tail_that_nothing_can_fill_is_waited_for_until_the_deadline(options):
    receiver, frames = (
        Receiver(conceal=options.get("conceal", True)),
        (aligned() if options["type"] == 65 else stream()),
    )
    receiver.take(frames[0])
    receiver.take(frames[1][:3])
    assert receiver.session.next_timer() == 100 + DEADLINE


def test_whoever_reads_late_gives_up_nothing_that_has_come():
    receiver, frames = taken()
    receiver.take(frames[0][:3])
    receiver.now += 1.0
    assert scans(receiver.take(frames[0][3:], at_once=True)) == [scan_of(jpeg(seed=2))]


def test_whoever_reads_late_in_several_trains_gives_up_nothing_before_the_last():
    receiver, frames = taken()
    receiver.take(frames[0][:3])
    receiver.now += 1.0
    for packets in (frames[0][3:4], frames[0][4:]):
        receiver.session.receive(PacketTrain.from_packets(packets), receiver.now, HERE, more=True)
    receiver.session.receive(frames[1][0], receiver.now, HERE)
    receiver.collect()
    assert scans(receiver.events)[1:] == [scan_of(jpeg(seed=2))]


@pytest.mark.parametrize("deadline", [DEADLINE, 0.2])
def test_a_frame_ends_at_its_deadline(deadline):
    receiver, frames = taken(deadline=deadline)
    receiver.take(frames[0][:2])
    assert receiver.session.next_timer() == 100.0 + deadline
    receiver.wait(deadline / 2)
    receiver.take(frames[0][2:3])
    assert receiver.wait(deadline / 2 - 0.001) == [], "since its first packet"
    assert kinds(receiver.wait(0.002)) == [FrameDropped]
    assert receiver.take(frames[0][3:]) == [], "what comes later is too late"
    assert scans(receiver.take(frames[1])) == [scan_of(jpeg(seed=3))]


def test_the_deadline_of_a_frame_does_not_end_the_next_one():
    receiver, frames = taken()
    receiver.take(frames[0][:-1])
    receiver.wait(DEADLINE - 0.002)
    receiver.take(frames[1][:3])
    assert kinds(receiver.wait(0.003)) == [FrameDropped]
    assert scans(receiver.take(frames[1][3:])) == [scan_of(jpeg(seed=3))]


def test_a_deadline_gives_up_the_hole_before_the_reorder_wait_does():
    receiver, frames = taken()
    receiver.take(frames[0][:2])
    receiver.wait(DEADLINE - 0.002)
    receiver.take(frames[0][3:])
    assert receiver.session.next_timer() == 100.0 + DEADLINE
    assert kinds(receiver.wait(0.002)) == [FrameDropped]
    assert receiver.statistics.packets_lost == 1


def test_after_1000_packets_in_order_the_wait_is_short_again():
    receiver, frames = taken()
    receiver.take(frames[0][:2] + frames[0][3:])
    receiver.now += 0.0039
    receiver.take(frames[0][2:3])
    receiver.take(frames[1][:2] + frames[1][3:])
    assert receiver.session.next_timer() == pytest.approx(receiver.now + WAIT)


def test_options_reach_the_frame():
    receiver = Receiver(
        dimensions=(60, 41), tables={130: eight_bit(jpeg())}, payload_type=96, lenient=True, conceal=False
    )
    packets = fragment(scan_of(jpeg()), q=130, tables=b"", payload_type=96)
    (_, event) = receiver.take(packets)
    assert (event.frame.width, event.frame.height) == (60, 41)
    reserved = fragment(scan_of(jpeg()), q=0, payload_type=96, sequence=1 + len(packets), timestamp=3)
    assert kinds(receiver.take(reserved)) == [FrameReceived]
    assert receiver.session.findings == {"reserved Q": 1}


def test_a_limit_on_frames():
    receiver = Receiver(frame_limit=1000)
    assert kinds(receiver.take(stream()[0])) == [SourceChanged, FrameDropped]


def test_tables_with_a_wrong_length_are_refused_at_once():
    with pytest.raises(ConfigError):
        ReceiverSession(tables={130: b"\1" * 100})


def test_a_receiver_has_nothing_to_send_yet():
    assert ReceiverSession().datagrams_to_send(1.0) == []


def test_time_of_a_frame_is_the_time_that_was_told():
    receiver, frames = taken()
    receiver.take(frames[0][:2])
    receiver.wait(0.01)
    (event,) = receiver.take(frames[0][2:])
    assert (event.frame.received_at, event.frame.completed_at) == (100.0, 100.01)


@cache
def sent(type):
    """What a sender sends of a panned photograph at 30 frames a second: trains, and the files."""
    sender = SenderSession(mtu=500, ssrc=7, sequence_number=65_500, timestamp_offset=2**32 - 5000)
    files = video("rocket", type, 60, 160, 112, 5)
    return [list(sender.send_frame(file, number / 30, 0.0)) for number, file in enumerate(files)], files


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_sender_and_a_receiver_understand_each_other(type, at_once):
    frames, files = sent(type)
    receiver = Receiver()
    for packets in frames:
        receiver.take(packets, at_once=at_once)
        receiver.wait(1 / 30)
    assert scans(receiver.events) == [scan_of(file) for file in files]
    statistics = receiver.statistics
    assert statistics.packets_received == sum(map(len, frames))
    assert (statistics.packets_lost, statistics.packets_rejected, receiver.session.findings) == (0, 0, {})
    assert statistics.jitter_ms == pytest.approx(0, abs=0.02)


delays = st.sampled_from([None, 0.0, 0.0, 0.0, 0.0, 0.0, 0.001, 0.004, 0.019])


@settings(max_examples=60)
@given(st.sampled_from([1, 65]), st.lists(st.lists(delays, max_size=2), min_size=120, max_size=120))
def test_any_loss_reordering_and_duplication_ends_in_time(type, fates):
    frames, files = sent(type)
    receiver = Receiver()
    receiver.take(frames[0])
    arrivals = []
    for number, packets in enumerate(frames[1:], 1):
        for place, packet in enumerate(packets):
            fate = fates.pop() if fates else [0.0]
            when = 100 + number / 30 + place * 0.0001
            arrivals += [(when + delay, number, packet) for delay in fate or [0.0] if delay is not None]
    first = {}
    for when, number, packet in sorted(arrivals):
        receiver.wait(when - receiver.now)
        first.setdefault(number, receiver.now)
        receiver.take([packet])
    receiver.wait(1.0)
    told = {}
    for event in receiver.events[1:]:
        told.setdefault(getattr(event, "frame", event).timestamp, []).append(event)
    assert all(len(events) == 1 for events in told.values()), "one event a frame"
    for (event,) in told.values():
        if isinstance(event, FrameReceived):
            frame = event.frame
            simplejpeg.decode_jpeg(frame.jpeg, strict=True)
            assert frame.completed_at - frame.received_at <= DEADLINE + 1e-9
            if not frame.concealed:
                assert scan_of(frame.jpeg) in [scan_of(file) for file in files]
    assert receiver.session.next_timer() is None


hostile = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda data, sequence, stamp, ssrc, marker: rtp(
            data, sequence=sequence, timestamp=stamp, ssrc=ssrc, marker=marker
        ),
        st.builds(
            lambda offset, type, rest: main(offset, type=type) + rest,
            st.integers(0, 3) | st.integers(0, 0xFFFFFF),
            st.sampled_from([1, 65]),
            st.binary(max_size=30),
        ),
        st.integers(0, 9) | st.integers(0, 65535),
        st.integers(0, 3),
        st.integers(1, 3),
        st.booleans(),
    ),
)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.lists(hostile, max_size=4),
            st.sampled_from([0.0, 0.001, 0.03, 1.0]),
            st.sampled_from([HERE, THERE, None]),
        ),
        max_size=20,
    )
)
def test_any_bytes_from_anywhere_end_in_events(datagrams):
    receiver = Receiver()
    for packets, pause, source in datagrams:
        receiver.take(packets, source, at_once=True)
        receiver.wait(pause)
    receiver.wait(5.0)
    assert receiver.session.next_timer() is None
    assert receiver.statistics.frames_received == sum(
        isinstance(event, FrameReceived) for event in receiver.events[last_change(receiver.events) :]
    )


def last_change(events):
    return max((place for place, event in enumerate(events) if isinstance(event, SourceChanged)), default=0)
