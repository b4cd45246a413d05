"""Events are values: what a receiver tells cannot be changed by who hears it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from rtpjpeg import Frame, MalformedPacketError
from rtpjpeg.events import (
    EVENT_LIMIT,
    QUEUE_LIMIT,
    Event,
    EventQueue,
    FrameDropped,
    FrameReceived,
    PacketRejected,
    PathChanged,
    ReportReceived,
    SourceChanged,
    SourceLeft,
)

FRAME = Frame(b"jpeg", 640, 480)
ERROR = MalformedPacketError("RTP version", 1, "2")
# kind, its fields in their order
EVENTS = [
    (FrameReceived, {"frame": FRAME}),
    (FrameDropped, {"timestamp": 9000, "reason": "packets are missing", "packets": 3}),
    (PacketRejected, {"error": ERROR}),
    (SourceChanged, {"ssrc": 7, "source": ("192.0.2.1", 5000)}),
    (PathChanged, {"source": ("192.0.2.1", 5000), "alive": True}),
    (
        ReportReceived,
        {
            "ssrc": 8,
            "source": ("192.0.2.2", 5001),
            "fraction_lost": 0.25,
            "cumulative_lost": 3,
            "highest_sequence_number": 70_000,
            "jitter": 0.001,
            "round_trip": None,
        },
    ),
    (SourceLeft, {"ssrc": 7, "reason": "over"}),
]


def test_every_kind_of_event_is_told_here():
    assert {kind for kind, _ in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize(("kind", "fields"), EVENTS)
def test_events_are_values(kind, fields):
    event = kind(**fields)
    assert event == kind(*fields.values())
    for name, value in fields.items():
        assert getattr(event, name) == value
        with pytest.raises(FrozenInstanceError):
            setattr(event, name, None)


def received(size: int, concealed: bool = True, stale: int = 0) -> FrameReceived:
    return FrameReceived(Frame(bytes(size), 8, 8, 7, concealed, packets=3, interval_states=bytes(stale)))


def test_events_come_out_in_order():
    queue = EventQueue()
    events = [received(5), FrameDropped(1, "why", 2), received(6, concealed=False)]
    assert [queue.put(event) for event in events] == events
    assert [queue.take() for _ in range(4)] == [*events, None]


@pytest.mark.parametrize("stale", [0, 1000])
def test_concealed_frames_that_nobody_takes_are_bounded_in_bytes(stale):
    queue, size = EventQueue(), (1 << 20) - stale
    frames = [received(size, stale=stale) for _ in range(5)]
    told = [queue.put(frame) for frame in frames]
    assert told[:4] == frames[:4]
    assert told[4] == FrameDropped(
        7, f"frames that nobody took: found {4 << 20} bytes, expected at most {QUEUE_LIMIT}", 3
    )
    queue.take()
    assert queue.put(frames[4]) is frames[4], "what was taken made room"


def test_a_frame_that_came_whole_and_the_first_that_waits_are_always_told():
    queue = EventQueue()
    frames = [received(9 << 20), received(1 << 20, concealed=False)]
    assert [queue.put(frame) for frame in frames] == frames


def test_a_large_train_makes_room_for_what_it_brings():
    queue = EventQueue()
    queue.newest = 2 << 20
    frames = [received(3 << 20), received(3 << 20)]
    assert [queue.put(frame) for frame in frames] == frames


def test_places_for_rejected_packets_run_out():
    queue = EventQueue()
    for count in range(EVENT_LIMIT + 2):
        assert queue.places == max(EVENT_LIMIT - count, 0)
        queue.put(PacketRejected(MalformedPacketError("field", 1, "2")))
