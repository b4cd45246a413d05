"""Every capture of ``fixtures``, read by us, against the hashes of the pictures that were sent.

The expectations stand beside each capture and were made from the sender's own JPEG files; our
depacketizer had no part in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence import describe
from rtpjpeg import Depacketizer, Event, Frame, FrameDropped, FrameReceived, PacketTrain, ReceiverSession
from rtpjpeg.net.pcap import read_datagrams

FIXTURES = Path(__file__).parents[1] / "fixtures"
CAPTURES = sorted([*FIXTURES.glob("captures/*.pcap"), *FIXTURES.glob("packets/*.pcap")])
LARGEST_TOTAL = 8_000_000

each_capture = pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)


def expectations(capture: Path) -> dict[str, Any]:
    return json.loads(capture.with_suffix(".json").read_text())


def packets(capture: Path) -> list[bytes]:
    return [payload for _, _, _, payload in read_datagrams(capture)]


def depacketize(capture: Path, size: int, conceal: bool = True) -> tuple[Depacketizer, list[Event]]:
    """Read a capture in trains of ``size`` packets."""
    depacketizer, datagrams = Depacketizer(conceal=conceal), packets(capture)
    for first in range(0, len(datagrams), size):
        depacketizer.push(PacketTrain.from_packets(datagrams[first : first + size]))
    depacketizer.flush()
    return depacketizer, list(iter(depacketizer.next_event, None))


def frames_of(events: list[Event]) -> list[Frame]:
    return [event.frame for event in events if isinstance(event, FrameReceived)]


def evidence(frame: Frame) -> dict[str, Any]:
    """Say of a frame what the expectations say of it."""
    told = {"timestamp": frame.timestamp, "packets": frame.packets, "type": frame.type, "q": frame.q}
    return {**told, "whole": not frame.concealed, **describe(frame.jpeg)}


def test_there_are_captures_of_every_sender_and_they_stay_small() -> None:
    names = {path.stem for path in CAPTURES}
    assert {f"gstreamer-type{type_}" for type_ in (0, 1, 64, 65)} <= names
    assert {f"ffmpeg{version}-type{type_}" for version in (5, 9) for type_ in (0, 1)} <= names
    assert len([name for name in names if name.startswith("own-")]) >= 14
    for name in ("packets_lost", "packets_duplicated", "packets_reordered"):
        assert any(expectations(capture)["statistics"][name] for capture in CAPTURES)
    kept = [path for path in FIXTURES.rglob("*") if path.suffix in (".jpg", ".json", ".pcap", ".pcapng")]
    assert sum(path.stat().st_size for path in kept) < LARGEST_TOTAL


@each_capture
def test_the_capture_is_what_its_side_file_describes(capture: Path) -> None:
    expected = expectations(capture)
    assert len(packets(capture)) == expected["packets"]
    assert {int.from_bytes(packet[8:12], "big") for packet in packets(capture)} == {expected["ssrc"]}


@each_capture
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_whole_frames_come_out_as_they_were_sent(capture: Path, size: int) -> None:
    whole = [frame for frame in expectations(capture)["frames"] if frame["whole"]]
    _, events = depacketize(capture, size)
    assert [evidence(frame) for frame in frames_of(events) if not frame.concealed] == whole


@each_capture
def test_a_frame_with_a_hole_is_concealed_or_dropped_and_never_passes_for_whole(capture: Path) -> None:
    damaged = [frame for frame in expectations(capture)["frames"] if not frame["whole"]]
    _, events = depacketize(capture, 7)
    concealed = [frame for frame in frames_of(events) if frame.concealed]
    dropped = [event for event in events if isinstance(event, FrameDropped)]
    given_up = {frame.timestamp for frame in concealed} | {event.timestamp for event in dropped}
    assert given_up == {frame["timestamp"] for frame in damaged}
    # Restart intervals are what can be filled in: of damaged frames that have them, none is dropped.
    filled = [frame for frame in damaged if frame["restart_interval"]]
    assert [frame.timestamp for frame in concealed] == [frame["timestamp"] for frame in filled]
    for frame, sent in zip(concealed, filled, strict=True):
        made = describe(frame.jpeg)
        same = ("width", "height", "restart_interval", "tables_sha256")
        assert {key: made[key] for key in same} == {key: sent[key] for key in same}


@each_capture
def test_without_concealment_only_whole_frames_come(capture: Path) -> None:
    _, events = depacketize(capture, 7, conceal=False)
    whole = [frame["timestamp"] for frame in expectations(capture)["frames"] if frame["whole"]]
    assert [frame.timestamp for frame in frames_of(events)] == whole


@each_capture
def test_findings_and_counts_are_those_of_the_stream(capture: Path) -> None:
    expected = expectations(capture)
    depacketizer, _ = depacketize(capture, 7)
    assert sorted(depacketizer.findings) == sorted(expected["findings"])
    counted = {name: getattr(depacketizer.statistics, name) for name in expected["statistics"]}
    assert counted == expected["statistics"]


@each_capture
def test_a_session_in_its_own_time_receives_the_same(capture: Path) -> None:
    whole = [frame for frame in expectations(capture)["frames"] if frame["whole"]]
    frames = list(_receive_in_time(capture))
    assert [evidence(frame) for frame in frames if not frame.concealed] == whole


def _receive_in_time(capture: Path) -> Iterator[Frame]:
    """Give a session the packets one by one at the times of the capture; then let its timers run out."""
    session = ReceiverSession()
    for now, source, _, payload in read_datagrams(capture):
        while (due := session.next_timer()) is not None and due <= now:
            session.handle_timer(due)
        session.receive(payload, now, source)
        yield from frames_of(list(iter(session.next_event, None)))
    while (due := session.next_timer()) is not None:
        session.handle_timer(due)
    yield from frames_of(list(iter(session.next_event, None)))
