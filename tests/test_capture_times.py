"""The time of the capture, from a sender's session into the frames of a receiver's."""

from __future__ import annotations

import pytest

from conformance.pictures import jpeg, scan_of
from rtpjpeg.events import FrameReceived
from rtpjpeg.frame import Frame
from rtpjpeg.lock import SILENCE
from rtpjpeg.session import ReceiverSession, SenderSession
from rtpjpeg.train import PacketTrain

HERE = ("192.0.2.1", 5000)


def frames_of(session: ReceiverSession) -> list[Frame]:
    found = []
    while (event := session.next_event()) is not None:
        found += [event.frame] if isinstance(event, FrameReceived) else []
    return found


CAPTURED = 1_792_224_000.5


def dated(session: SenderSession, file: bytes, captured_at: float, **options: float) -> PacketTrain:
    return session.send_frame(file, captured_at, captured_at + 0.004, wall_offset=CAPTURED - 10, **options)


@pytest.mark.parametrize("fill", [False, True], ids=["", "filled"])
@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("chroma", [90, 60], ids=["Q 90", "own tables"])
def test_capture_times_arrive_with_their_frame(type, chroma, fill):
    session = SenderSession(mtu=700, fill=fill)
    receiver = ReceiverSession()
    file = jpeg(type, width=320, height=240, quality=90, chroma_quality=chroma, interval=5)
    for number in range(3):
        train = dated(session, file, 10 + number, encoded_at=10.003 + number)
        assert max(map(len, train)) <= 652
        assert [packet[0] >> 4 & 1 for packet in train] == [1] + [0] * (len(train) - 1)
        receiver.receive(train, 50.0 + number, HERE)
    frames = frames_of(receiver)
    assert [scan_of(frame.jpeg) for frame in frames] == [scan_of(file)] * 3
    for number, frame in enumerate(frames):
        assert frame.captured_at == pytest.approx(CAPTURED + number, abs=1e-5)
        assert frame.encoded_at == pytest.approx(CAPTURED + number + 0.003, abs=2e-5)
        assert frame.sent_at == pytest.approx(CAPTURED + number + 0.004, abs=2e-5)


def test_a_frame_without_its_first_packet_has_its_time_from_the_one_before():
    session, receiver = SenderSession(), ReceiverSession()
    file = jpeg(65, width=320, height=240, quality=90, interval=5)
    receiver.receive(dated(session, file, 10), 0.0, HERE)
    receiver.receive(PacketTrain.from_packets([*dated(session, file, 11.25)][1:]), 1.25, HERE)
    receiver.handle_timer(2.0)
    whole, concealed = frames_of(receiver)
    assert concealed.concealed and concealed.sent_at is None
    assert concealed.captured_at == pytest.approx(CAPTURED + 1.25, abs=2e-5)


def test_the_clock_of_another_sender_is_not_taken_over():
    receiver = ReceiverSession()
    file = jpeg(width=320, height=240)
    receiver.receive(dated(SenderSession(), file, 10), 0.0, HERE)
    receiver.receive(SenderSession().send_frame(file, 10.0, 10.0), SILENCE + 1, HERE)
    frames = frames_of(receiver)
    assert [frame.captured_at is None for frame in frames] == [False, True]


@pytest.mark.parametrize(
    ("options", "told"),
    [({}, True), ({"profile": "compatible"}, False), ({"profile": "compatible", "capture_times": True}, True)]
    + [({"capture_times": False}, False)],
)
def test_capture_times_are_for_profile_resilient(options, told):
    session = SenderSession(**options)
    assert session.tells_capture_times == told
    assert bool(dated(session, jpeg(), 10)[0][0] & 0x10) == told


def test_without_the_wall_clock_no_capture_time_is_told():
    assert SenderSession().send_frame(jpeg(), 10.0, 10.0)[0][0] == 0x80


def test_an_extension_that_leaves_no_room_for_data_is_left_out():
    small = dated(SenderSession(mtu=48 + 20 + 20), jpeg(), 10)
    assert small[0][0] == 0x80 and max(map(len, small)) == 40
    assert dated(SenderSession(mtu=48 + 20 + 21), jpeg(), 10)[0][0] == 0x90


def test_the_extension_is_no_payload():
    plain, told = SenderSession(mtu=48 + 20 + 100), SenderSession(mtu=48 + 20 + 100)
    train = dated(told, jpeg(), 10)
    plain.send_frame(jpeg(), 10.0, 10.0)
    extra = 8 * (len(train) - plain.statistics.packets_sent)
    assert told.statistics.octets_sent == plain.statistics.octets_sent + extra


def test_a_timestamp_that_was_moved_and_its_capture_time_agree():
    # "the same instant": a camera that gives one time twice gets two timestamps, and two capture times.
    session, receiver = SenderSession(), ReceiverSession()
    for _ in range(3):
        receiver.receive(dated(session, jpeg(), 10), 0.0, HERE)
    frames = frames_of(receiver)
    for before, after in zip(frames, frames[1:], strict=False):
        assert after.captured_at - before.captured_at == pytest.approx(1 / 90_000, abs=1e-6)
