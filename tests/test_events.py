"""Events are values: what a receiver tells cannot be changed by who hears it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from rtpjpeg import Frame, MalformedPacketError
from rtpjpeg.events import Event, FrameDropped, FrameReceived, PacketRejected, SourceChanged

FRAME = Frame(b"jpeg", 640, 480)
ERROR = MalformedPacketError("RTP version", 1, "2")
# kind, its fields in their order
EVENTS = [
    (FrameReceived, {"frame": FRAME}),
    (FrameDropped, {"timestamp": 9000, "reason": "packets are missing", "packets": 3}),
    (PacketRejected, {"error": ERROR}),
    (SourceChanged, {"ssrc": 7, "source": ("192.0.2.1", 5000)}),
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
