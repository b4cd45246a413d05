"""Replaying a capture of RTP packets."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.makers import decoded, jpegs
from capture.test_base import Clock
from rtpjpeg.capture.packets import open_packets
from rtpjpeg.capture.replay import ReplayCamera
from rtpjpeg.errors import CaptureError
from rtpjpeg.net.pcap import write_datagrams
from rtpjpeg.packetizer import Packetizer

SOURCE, DESTINATION = ("192.0.2.1", 40000), ("192.0.2.2", 5000)
START = 1_700_000_000.5

Datagrams = list[tuple[float, tuple[str, int], tuple[str, int], bytes]]


def stream(count: int = 3, seconds: float = 0.05, clock_rate: int = 90_000, ssrc: int = 7) -> Datagrams:
    """The packets of some pictures, one picture every so many seconds."""
    packetizer = Packetizer(mtu=600, ssrc=ssrc, sequence_number=65534)
    made: Datagrams = []
    for index in range(count):
        timestamp = (2**32 - 100 + round(index * seconds * clock_rate)) % 2**32
        for packet in packetizer.packetize(jpegs()[index % 3], timestamp):
            made.append((START + index * seconds, SOURCE, DESTINATION, packet))
    return made


def pcap(path: Path, datagrams: Datagrams) -> Path:
    write_datagrams(path, datagrams)
    return path


def test_the_pictures_and_times_of_a_capture(tmp_path: Path) -> None:
    opened = open_packets(pcap(tmp_path / "clip.pcap", stream()))
    assert opened.fps == pytest.approx(20)
    for _ in range(2):  # it can be played again
        pictures = list(opened.frames())
        assert len(pictures) == 3
        assert [picture.seconds for picture in pictures] == pytest.approx([0, 0.05, 0.1], abs=1e-5)
        for picture, jpeg in zip(pictures, jpegs(), strict=True):
            assert (picture.width, picture.height) == (160, 96)
            assert (decoded(picture.jpeg) == decoded(jpeg)).all()


def test_other_traffic_is_passed_over(tmp_path: Path) -> None:
    datagrams = stream()
    noise = [b"", b"\x80", b"DNS or whatever it may be", b"\x80\x60" + bytes(30), b"\x80\xc8" + bytes(26)]
    for index, payload in enumerate(noise):
        datagrams.insert(index * 2, (START, ("192.0.2.9", 53), DESTINATION, payload))
    assert len(list(open_packets(pcap(tmp_path / "clip.pcap", datagrams)).frames())) == 3


def test_the_first_of_two_sources_is_played(tmp_path: Path) -> None:
    both = sorted(stream() + stream(seconds=0.04, ssrc=8), key=lambda datagram: datagram[0])
    assert len(list(open_packets(pcap(tmp_path / "clip.pcap", both)).frames())) == 3


@pytest.mark.parametrize(("count", "clock_rate"), [(1, 90_000), (3, 0)])
def test_without_a_rate_in_the_timestamps_there_is_none(count: int, clock_rate: int, tmp_path: Path) -> None:
    datagrams = stream(count, clock_rate=clock_rate)
    assert open_packets(pcap(tmp_path / "clip.pcap", datagrams)).fps is None


def test_a_capture_without_pictures_says_so(tmp_path: Path) -> None:
    for datagrams in ([], [(START, SOURCE, DESTINATION, b"hello, hello, hello")]):
        path = pcap(tmp_path / "clip.pcap", datagrams)
        with pytest.raises(CaptureError, match="no RTP/JPEG picture, expected RTP packets of .* 26"):
            open_packets(path)


def test_a_capture_is_a_source_like_any_other(tmp_path: Path) -> None:
    clock = Clock()
    path = pcap(tmp_path / "clip", stream(5))
    with ReplayCamera(str(path), clock=clock, sleep=clock.sleep) as camera:
        times = [frame.captured_at for frame in iter(camera.read, None) if frame is not None]
        assert times == pytest.approx([1000 + n * 0.05 for n in range(5)], abs=1e-4)
        assert camera.fps == pytest.approx(20)


@pytest.mark.parametrize("content", [b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1\2\0\4\0" + b"\xff" * 40])
def test_a_broken_capture_gets_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "clip.pcap").write_bytes(content)
    with pytest.raises(CaptureError, match=r"clip\.pcap") as caught:
        ReplayCamera(str(tmp_path / "clip.pcap")).open()
    assert "\n" not in str(caught.value)


def test_a_capture_that_was_cut_off_plays_to_its_end_and_says_so_once(tmp_path: Path) -> None:
    path = pcap(tmp_path / "clip.pcap", stream())
    path.write_bytes(path.read_bytes()[:-20])
    camera = ReplayCamera(str(path), fps=0, loop=True)
    for _ in range(9):
        assert camera.read() is not None
    assert [notice for notice in camera.notices if "in the middle of a record" in notice] == camera.notices
    assert len(camera.notices) == 1
