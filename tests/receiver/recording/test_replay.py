"""A live run recorded as packets: played again, the capture gives the frames that the run gave."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from receiver.recording.virtual import VirtualClock, VirtualReceiver, camera
from rtpjpeg import Frame, ReceiverSession, depacketize
from rtpjpeg.net.impaired import ImpairedReceiver
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.receiver.capture_file import CapturePlayer
from rtpjpeg.receiver.livestream import LiveStream
from rtpjpeg.receiver.recording.run import Recording
from rtpjpeg.receiver.recording.target import Target
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import Stream

SPECS = ["loss=5%,burst=3,reorder=3%,delay=5ms,jitter=4ms,duplicate=1%", "loss=2%,reorder=20%,depth=9"]


class Told(NamedTuple):
    """What counts of a frame."""

    jpeg: bytes
    timestamp: int
    concealed: bool
    fresh: int
    states: bytes


def told(frame: Frame) -> Told:
    return Told(frame.jpeg, frame.timestamp, frame.concealed, frame.fresh_intervals, frame.interval_states)


def live(path: Path, spec: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """Run a camera through a bad network in virtual time, record its packets, return its frames."""
    clock = VirtualClock(seed)
    monkeypatch.setattr("rtpjpeg.receiver.livestream.time", SimpleNamespace(monotonic=clock))
    link = Link(Impairment.parse(f"{spec},seed={seed}"))
    receiver = ImpairedReceiver(VirtualReceiver(clock, camera(120)), link, clock)
    frames: list[Told] = []
    stream = LiveStream(
        Source("rtp://:1"),
        ReceiverSession(),
        receiver,
        lambda frame: frames.append(told(frame)),
        lambda: None,
        duration=6,
    )
    recording = Recording(Target.parse(str(path)), None)
    recording.attach(stream, receiver.local_address, several=False)
    recording.start()
    stream.start()
    stream.join()
    recording.stop()
    assert (stream.fault, recording.failed) == (None, False)
    counted = recording.statistics(stream)
    assert (counted["frames_recorded"], counted["frames_unrecorded"]) == (len(frames), 0)
    return frames


def replay(path: Path) -> list[Told]:
    frames: list[Told] = []
    ended = threading.Event()

    def make(label: str) -> Stream:
        return Stream(Source(label), ReceiverSession(), lambda frame: frames.append(told(frame)), None)

    player = CapturePlayer(path, make, ended.set, None, paced=False)
    player.start()
    assert ended.wait(60)
    assert player.fault is None
    return frames


@pytest.mark.parametrize("spec", SPECS)
def test_a_recorded_run_is_played_again_frame_by_frame(
    spec: str, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        path = tmp_path / f"{number}.pcap"
        frames = live(path, spec, (seed + number) % 2**32, monkeypatch)
        assert len(frames) > 100
        assert 5 < sum(frame.concealed for frame in frames) < len(frames)
        assert replay(path) == frames


def test_without_loss_the_depacketizer_gives_the_same_frames(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = live(tmp_path / "a.pcap", "delay=5ms,jitter=2ms,duplicate=3%", seed, monkeypatch)
    assert len(frames) == 120
    packets = (payload for _, _, _, payload in read_datagrams(tmp_path / "a.pcap"))
    assert [told(frame) for frame in depacketize(packets)] == frames
