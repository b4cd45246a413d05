"""Captures with a snaplen: what headers tell is told, and nothing is said of data that is not there."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from inspector.making import with_snaplen
from net.captures import pcap
from rtpjpeg.inspector.analysis.inspection import Inspection, inspect, inspect_file
from rtpjpeg.inspector.analysis.looks import Looked
from rtpjpeg.inspector.model import Report, StreamReport
from rtpjpeg.inspector.output.outcome import summary
from rtpjpeg.inspector.reading import read_capture
from rtpjpeg.net.headers import CUT_SHORT
from rtpjpeg.net.pcap import ip_packet

FIXTURES = Path(__file__).parents[2] / "fixtures"
CLEAN = sorted(path for path in (FIXTURES / "captures").glob("*.pcap"))
ENOUGH = 28 + 12 + 16
"""Bytes of IP and UDP headers (our captures are raw IPv4), RTP header and all headers of JPEG."""
HEADERS = (
    "ssrc packets lost reordered duplicated frames frames_complete type q width height restart_interval fps"
    " bitrate jitter_ms jitter_max_ms duration first_packet last_packet bytes largest_packet longest_burst"
).split()
ADDRESSES = ("127.0.0.1", 40000), ("127.0.0.1", 5000)


def inspected(folder: Path, data: bytes) -> Report:
    path = folder / "cut.pcap"
    path.write_bytes(data)
    return inspect_file(path)


def facts(stream: StreamReport) -> list[object]:
    return [getattr(stream, name) for name in HEADERS]


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_headers_alone_tell_what_they_tell_with_the_data(path: Path, tmp_path: Path, seed: int) -> None:
    whole = inspect_file(path)
    for snaplen in (random.Random(seed).randrange(ENOUGH, 300), 1000):
        found = inspected(tmp_path, with_snaplen(path.read_bytes(), snaplen))
        assert [facts(stream) for stream in found.streams] == [facts(stream) for stream in whole.streams]
        assert found.datagrams == whole.datagrams and found.notices == []
        of_headers = {one.rule.id for one in whole.findings}
        assert {one.rule.id for one in found.findings} == of_headers | {"N-008"}


def test_pictures_that_are_not_there_are_not_judged(tmp_path: Path) -> None:
    """A whole JPEG file as payload is seen in the data alone."""
    data = (FIXTURES / "packets" / "whole-jpeg-file.pcap").read_bytes()
    assert inspected(tmp_path, data).failed
    found = inspected(tmp_path, with_snaplen(data, 96))
    (stream,) = found.streams
    assert not found.failed and stream.unseen and stream.pictures == []
    assert all("as far as headers tell" in verdict.why for verdict in stream.receivers)
    assert "this stream plays, as far as headers tell, in GStreamer" in summary(found)


def test_frames_of_which_all_is_there_are_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "half.pcap"
    data = CLEAN[0].read_bytes()
    whole = inspect_file(CLEAN[0])
    at, records = 24, []
    while at < len(data):
        size = 16 + struct.unpack_from("<8xI", data, at)[0]
        records.append(data[at : at + size])
        at += size
    half = len(records) // 2
    path.write_bytes(with_snaplen(data[:24] + b"".join(records[:half]), 96) + b"".join(records[half:]))
    looked: list[Looked] = []
    with read_capture(path) as capture:
        found = inspect(capture, Inspection("half", deep=True, deliver=looked.append))
    (stream,) = found.streams
    assert not stream.unseen and facts(stream) == facts(whole.streams[0])
    assert 0 < len(looked) < stream.frames and all(one.examined.jpeg for one in looked)
    assert {one.rule.id for one in found.findings} == {"N-008"}


FRONT = b"\x80\x1a\x00\x07" + bytes(8) + b"\x00\x00\x00\x00\x01\x32\x28\x1e" + bytes(8)
"""RTP header and JPEG headers; nothing else is asked for."""
PACKETS = {
    "plain": (FRONT, 28, True),
    "one byte too few": (FRONT, 27, False),
    "padding, of which the last byte tells": (b"\xa0" + FRONT[1:], 500, False),
    "CSRC": (b"\x82" + FRONT[1:12] + bytes(8) + FRONT[12:], 36, True),
    "CSRC, cut": (b"\x82" + FRONT[1:12] + bytes(8) + FRONT[12:], 35, False),
    "extension": (b"\x90" + FRONT[1:12] + b"\xbe\xde\0\x02" + bytes(8) + FRONT[12:], 40, True),
    "extension, cut": (b"\x90" + FRONT[1:12] + b"\xbe\xde\0\x02" + bytes(8) + FRONT[12:], 39, False),
    "extension, its length cut": (b"\x90" + FRONT[1:12] + b"\xbe", 13, False),
    "RTCP": (b"\x81\xc8" + bytes(40), 40, False),
    "not RTP": (b"\x17" + bytes(60), 60, False),
    "nothing": (b"", 0, False),
}


@pytest.mark.parametrize("name", PACKETS)
@pytest.mark.parametrize("six", [False, True])
def test_a_packet_is_taken_when_all_its_headers_are_there(name: str, six: bool, tmp_path: Path) -> None:
    payload, held, taken = PACKETS[name]
    ends = [("::1" if six else host, port) for host, port in ADDRESSES]
    packet = ip_packet(*ends, payload + bytes(1000))
    kept = (48 if six else 28) + held
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap(101, packet[:kept]))
    with read_capture(path) as capture:
        (batch,) = capture
        assert capture.cut_short == [1]
    assert batch.cut_short.tolist() == [True] * taken
    assert batch.lengths.tolist() == [len(payload) + 1000] * taken
    assert batch.ip_sizes.tolist() == [len(packet)] * taken
    assert capture.skipped[CUT_SHORT] == (not taken)
