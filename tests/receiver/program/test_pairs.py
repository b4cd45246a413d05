"""rtpjpeg.open_pair: frames of two cameras over real sockets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import rtpjpeg
from receiver.feeding import free_ports, picture, write_capture
from rtpjpeg import ConfigError, Frame, FramePair, SenderSession, TransportError
from rtpjpeg.capture.strip import read_strip
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.receiver.program import pairing as pairing_room
from rtpjpeg.receiver.program.pairing import Pairing
from rtpjpeg.receiver.program.spacing import FEWEST

BASE = 1.8e9


@dataclass
class Rig:
    """Two cameras, 8 ms apart, whose frames are sent one by one."""

    ports: list[int]
    tells: bool = True
    """Whether the packets say when a frame was taken."""

    def __post_init__(self) -> None:
        self.senders = [UdpSender(("127.0.0.1", port)) for port in self.ports]
        self.sessions = [SenderSession(), SenderSession()]

    def shoot(self, number: int, cameras: tuple[int, ...] = (0, 1)) -> None:
        for camera in cameras:
            taken_at = number / 30 + camera * 0.008
            wall_offset = BASE if self.tells else None
            jpeg = picture(number, seed=camera)
            train = self.sessions[camera].send_frame(jpeg, taken_at, taken_at, wall_offset=wall_offset)
            self.senders[camera].send(train)

    def close(self) -> None:
        for sender in self.senders:
            sender.close()


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(
        pairing_room, "LONGEST", 60.0
    )  # A machine may be slow; no partner is given up for it.
    made = Rig(free_ports(2))
    yield made
    made.close()


def sources(rig: Rig) -> list[str]:
    return [f"rtp://127.0.0.1:{port}" for port in rig.ports]


def numbers(pair: FramePair) -> list[int]:
    readings = [read_strip(frame.image) for frame in (pair.first, pair.second)]
    return [reading.frame_number for reading in readings if reading is not None]


def test_pairs_come_as_their_frames_do(rig: Rig) -> None:
    with rtpjpeg.open_pair(*sources(rig)) as pairs:
        for number in range(FEWEST):
            rig.shoot(number)
        for number in range(FEWEST, 20):
            rig.shoot(number)
            first, second, skew_ms = pair = next(pairs)
            while numbers(pair)[0] < number:  # those that waited for the rate to be known
                first, second, skew_ms = pair = next(pairs)
            assert numbers(pair) == [number, number]
            assert [first.source, second.source] == sources(rig)
            assert skew_ms == pytest.approx(8.0, abs=0.1)
        found = pairs.statistics()
    assert (found["pairs"], found["unpaired"], found["by_arrival"]) == (20, [0, 0], False)
    assert found["skew_ms"]["max"] == pytest.approx(8.0, abs=0.1)
    assert [stream["frames_received"] for stream in found["streams"]] == [20, 20]
    assert all(stream["frames_shown"] <= 20 for stream in found["streams"])


def test_a_frame_without_its_partner_is_in_no_pair(rig: Rig) -> None:
    with rtpjpeg.open_pair(*sources(rig)) as pairs:
        for number in range(30):
            rig.shoot(number, (0, 1) if number % 3 or number < 6 else (1,))
        got: list[int] = []
        while not got or got[-1] < 29:
            got += numbers(next(pairs))[:1]
        found = pairs.statistics()
    assert [number for number in got if number >= 6 and number % 3 == 0] == []
    assert found["pairs"] == 22
    assert found["unpaired"] == [0, 8]


def test_without_times_of_capture_the_arrival_counts_and_it_is_said_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.tells = False
    with caplog.at_level(logging.WARNING), rtpjpeg.open_pair(*sources(rig)) as pairs:
        pair = None
        for number in range(2000):
            rig.shoot(number)
            pair = pairs.read(0.02)
            if pair is not None:
                break
        assert pair is not None
        assert pairs.statistics()["by_arrival"]
    lines = [
        record.message for record in caplog.records if "paired by the time of their arrival" in record.message
    ]
    assert lines == [
        f"{' and '.join(sources(rig))}: one of them does not tell when its frames were taken, so they are"
        " paired by the time of their arrival"
    ]


def test_reading_ends_after_its_time_and_with_close(rig: Rig) -> None:
    pairs = rtpjpeg.open_pair(*sources(rig))
    assert pairs.read(0.01) is None
    pairs.close()
    assert pairs.read() is None
    assert list(pairs) == []


def test_what_waited_for_a_better_partner_comes_with_the_timer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pairing, "_is_certain", _is_due)
    with rtpjpeg.open_pair(*sources(rig)) as pairs:
        for number in range(FEWEST + 1):
            rig.shoot(number)
        while numbers(next(pairs))[0] < FEWEST:
            pass  # Nothing comes behind the last frames, and still they are handed out.


def _is_due(self: Pairing[Frame], older: object, gap: float, now: float) -> bool:
    """As if every pair might be bettered."""
    came_at = older.waiting[0].came_at  # type: ignore[attr-defined]
    if now >= came_at + 0.05:
        return True
    self._due = came_at + 0.05
    return False


def test_both_must_be_live_and_one_stream_each(tmp_path: Path) -> None:
    path = tmp_path / "one.pcap"
    write_capture(path, frames=1)
    with pytest.raises(ConfigError, match=f"^{path}: expected a live source$"):
        rtpjpeg.open_pair(path, "rtp://:5000")
    sdp = tmp_path / "two.sdp"
    media = "m=video {} RTP/AVP 26\r\nc=IN IP4 127.0.0.1\r\n"
    text = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + media.format(5000) + media.format(5002)
    sdp.write_text(text)
    with pytest.raises(ConfigError, match="^found 3 streams in .*, expected one in each$"):
        rtpjpeg.open_pair(sdp, "rtp://:5004")


def test_a_port_that_is_taken_twice(rig: Rig) -> None:
    with pytest.raises(TransportError, match="taken by another program"):
        rtpjpeg.open_pair(sources(rig)[0], sources(rig)[0])
