"""What a flood makes a viewer say: one line a second for each cause, and every packet in the counts."""

from __future__ import annotations

import logging

import pytest

from conformance.builders import main, rtp
from hostile.stage import ELSEWHERE, HERE, SSRC, camera
from rtpjpeg import ReceiverSession
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import Stream

SECONDS = 10
# What a stranger sends, and the cause that it is told by.
FLOODS = {
    "another address": (lambda n: rtp(main(0), sequence=n, ssrc=n), ELSEWHERE),
    "another SSRC": (lambda n: rtp(main(0), sequence=n, ssrc=1_000_000 + n), HERE),
    "garbage": (lambda n: n.to_bytes(4, "big") * 4, HERE),
    "another payload type": (lambda n: rtp(main(0), sequence=n, ssrc=SSRC, payload_type=n % 20), HERE),
    "short packets": (lambda n: rtp(bytes(n % 8), sequence=n, ssrc=SSRC), HERE),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_one_line_a_second(name, caplog):
    """1000 packets a second for 10 s, no two alike: at most one line a second and cause, all counted."""
    make, source = FLOODS[name]
    stream = Stream(Source("rtp://:5000"), ReceiverSession(), lambda frame: None, None)
    frames = camera(count=30 * SECONDS + 1)
    for packet in frames[0]:
        stream.receive(packet, 100.0, HERE)
    caplog.clear()
    for number in range(1000 * SECONDS):
        now = 100.01 + number / 1000
        if number % 33 == 0:
            for packet in frames[number // 33 + 1] if number // 33 < 30 * SECONDS else []:
                stream.receive(packet, now, HERE)
        stream.receive(make(number), now, source)
        stream.handle_timer(now)
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    causes = {record.getMessage().split(": ")[2].split(" found")[0] for record in lines}
    assert lines and len(lines) <= len(causes) * (SECONDS + 1)
    assert len(causes) <= 2
    assert stream.session.statistics.packets_rejected == 1000 * SECONDS
    assert stream.frames_received == 30 * SECONDS + 1
