"""The verdicts of the inspector, held against GStreamer, FFmpeg 5.1 and FFmpeg 9.

Each is sent every capture that breaks a rule of the payload, and some that break others. What a rule's
captures come to, the worst of them, must be the verdict. VLC's live555, MediaMTX and go2rtc are not here:
they are no packages of any system that these tests run on. Debian's VLC reads RTP with FFmpeg.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.delivery import deliver
from interop.kernel import free_port_pairs
from interop.playback import ABOUT, Playback, Recorded, libavcodec, libjpeg, recorded, sent_pictures
from interop.receivers import GSTREAMER_WITH_JITTER_BUFFER, RECEIVERS, Place
from peers import is_here
from rtpjpeg.inspector.model import StreamReport
from rtpjpeg.inspector.verdicts import NO, PLAYS, YES, verdicts

pytestmark = pytest.mark.interop

PEERS = {
    "gstreamer": (GSTREAMER_WITH_JITTER_BUFFER, libjpeg, "GStreamer"),
    "ffmpeg5": (RECEIVERS["ffmpeg5"], libavcodec, "FFmpeg"),
    "ffmpeg9": (RECEIVERS["ffmpeg9"], libavcodec, "FFmpeg"),
}
AT_ONCE = 12
"""Captures that are sent side by side, each to all receivers."""
OTHERS = ("T-001", "T-004", "T-011", "T-041", "N-002", "N-003", "clean-", "original-")
LEFT_OUT = {"J-092", "J-092-ipv6", "clean-rtcp"}
"""Fragments of IP are the kernel's matter; RTCP stands on a port of its own."""
FILES = [file for file in ABOUT if file.startswith(("J-", *OTHERS)) and Path(file).stem not in LEFT_OUT]
# What these captures do not show, with the verdict that they would ask for.
NOT_SHOWN = {
    ("J-014", "GStreamer"): YES,  # each field comes as it was sent: that is the damage
    ("J-014", "FFmpeg"): YES,
    ("J-055", "GStreamer"): NO,  # a length beyond the packet; what senders get wrong is the Pq/Tq byte
    ("J-019", "FFmpeg"): YES,  # the frame beyond 2^24 is in the capture in part only, the other one plays
}
CASES = {"-".join(Path(file).stem.split("-")[:2]) if file[0] in "JTN" else Path(file).stem for file in FILES}

Played = dict[tuple[str, str], Playback]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Every capture, played to every receiver that is here: by file and receiver."""
    jpegs = sent_pictures()
    right = {decode: {decode(jpeg) for jpeg in jpegs} for decode in (libjpeg, libavcodec)}
    captures = [recorded(file) for file in FILES]
    done: Played = {}
    for first in range(0, len(captures), AT_ONCE):
        folder = tmp_path_factory.mktemp("round")
        made = dict(_playbacks(folder, captures[first : first + AT_ONCE], right))
        deliver(list(made.values()))
        done |= made
    return done


def _playbacks(
    folder: Path, captures: list[Recorded], right: dict[object, set[str]]
) -> Iterator[tuple[tuple[str, str], Playback]]:
    wanted = [(capture, peer) for capture in captures for peer in PEERS if is_here(PEERS[peer][0].require)]
    for port, (capture, peer) in zip(free_port_pairs(len(wanted)), wanted, strict=True):
        receiver, decode, _ = PEERS[peer]
        place = Place(port, folder / f"{capture.name}-{peer}", 160, 120, capture.payload_type)
        own = {"capture": capture, "decode": decode, "right": right[decode]}
        yield (capture.name, peer), Playback(receiver, place, [], 0, 0, **own)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("case", sorted(CASES))
def test_a_stranger_makes_of_a_stream_what_the_verdict_says(played: Played, case: str, peer: str) -> None:
    receiver, _, name = PEERS[peer]
    receiver.require()
    seen = [made for (file, of), made in played.items() if of == peer and file.startswith(case)]
    said = _verdict(case, seen[0].capture, name)
    worst = max((made.plays for made in seen), key=PLAYS.index)
    assert worst == NOT_SHOWN.get((case, name), said), "\n".join(
        f"{made.capture.name}: {made.seen} {made.faults}" for made in seen
    )
    assert not any(made.faults for made in seen)


def _verdict(case: str, capture: Recorded, name: str) -> str:
    type_, q, width, height = capture.header[4:8]
    wire = {"type": type_, "q": q, "width": width * 8, "height": height * 8, "restart_interval": 0}
    counts = dict.fromkeys(("packets", "lost", "reordered", "duplicated", "frames", "frames_complete"), 0)
    rates = {"fps": 30.0, "bitrate": 0, "jitter_ms": 0.0, "tables_once": case == "clean-tables-once"}
    stream = StreamReport(1, "", "", capture.payload_type, **counts, **wire, **rates)
    return next(made.plays for made in verdicts(stream, capture.rules) if made.receiver == name)
