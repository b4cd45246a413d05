"""A stream that was away for seconds or a minute is back with its first frame (a clock that is made up)."""

from __future__ import annotations

from itertools import cycle

import pytest

from photographs import video
from rtpjpeg import Event, FrameReceived, ReceiverSession, SenderSession, SourceChanged

HERE, THERE = ("192.0.2.1", 6000), ("192.0.2.7", 6000)
RATE = 30
TICKS = 90_000 // RATE


@pytest.mark.parametrize("width", [640, 1920])
@pytest.mark.parametrize("seconds", [1.2, 10, 60])
@pytest.mark.parametrize("back", [HERE, THERE], ids=["same address", "another address"])
def test_a_stream_comes_back_from_silence(back: tuple[str, int], seconds: float, width: int) -> None:
    """The sender counts on while nobody hears it: after a minute its sequence numbers have been round."""
    sender = SenderSession(timestamp_offset=0)
    receiver = ReceiverSession()
    away = range(30, 30 + round(seconds * RATE))
    shown: list[int] = []
    for number, jpeg in zip(range(away.stop + 30), cycle(video("rocket", 65, 85, width, width * 9 // 16, 4))):
        now = number / RATE
        train = sender.send_frame(jpeg, now, now)
        receiver.handle_timer(now)
        if number not in away:
            receiver.receive(train, now, HERE if number < away.start else back)
        events = list(drain(receiver))
        frames = [event.frame for event in events if isinstance(event, FrameReceived)]
        shown += [frame.timestamp // TICKS for frame in frames if not frame.concealed]
        changes = [event for event in events if isinstance(event, SourceChanged)]
        assert changes in ([], [SourceChanged(sender.ssrc, back if number else HERE)])
    assert shown == [number for number in range(away.stop + 30) if number not in away]
    assert receiver.source == back
    assert receiver.statistics.frames_dropped == 0


def drain(receiver: ReceiverSession) -> list[Event]:
    """Return all that has happened."""
    events: list[Event] = []
    while (event := receiver.next_event()) is not None:
        events.append(event)
    return events
