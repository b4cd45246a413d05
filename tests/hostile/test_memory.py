"""One stream takes at most 12 MiB, whatever frames it is made of (tracemalloc, at the highest moment).

What is measured is what the receiver asks for: packets that wait, the frame that is made of them, and
the picture that is kept for the next one. The packets are made beforehand.
"""

from __future__ import annotations

import tracemalloc

import pytest

from hostile.giants import STREAMS, Packets
from hostile.stage import HERE
from rtpjpeg import PacketTrain, ReceiverSession

LIMIT = 12 << 20


def peak(frames: list[Packets], at_once: int) -> tuple[int, int]:
    """Feed a session; return the most memory it took, and how many frames came of it."""
    session, now, shown = ReceiverSession(), 100.0, 0
    tracemalloc.start()
    try:
        for frame in frames:
            for first in range(0, len(frame), at_once):
                # Copies, for what a socket hands out is its own memory too.
                part = [bytes(bytearray(packet)) for packet in frame[first : first + at_once]]
                train = PacketTrain.from_packets(part)
                del part
                session.receive(train, now, HERE)
                del train
                while (event := session.next_event()) is not None:
                    shown += hasattr(event, "frame")
                now += 2e-6 * at_once
            now += 0.03
            session.handle_timer(now)
        while (event := session.next_event()) is not None:
            shown += hasattr(event, "frame")
        return tracemalloc.get_traced_memory()[1], shown
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.rule("J-104", "J-106", "J-107")
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_takes_12_mib_at_most(name):
    stream = STREAMS[name]
    most, shown = peak(list(stream.frames()), stream.at_once)
    print(f"{name}: {most / (1 << 20):.2f} MiB, {shown} frames")
    assert most <= LIMIT
    assert shown >= stream.least, "the largest that may be are shown"
