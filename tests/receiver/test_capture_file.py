"""Capture files as a source of rtpjpeg-view."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest

from conformance.pictures import jpeg
from receiver.feeding import last_json, write_capture
from rtpjpeg import PacketTrain, ReceiverSession, SenderSession
from rtpjpeg.net.impaired import through_link
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.link import Link
from rtpjpeg.net.pcap import read_datagrams, write_datagrams
from rtpjpeg.receiver.capture_file import FLUSH, CapturePlayer
from rtpjpeg.receiver.cli import main
from rtpjpeg.receiver.source import Source
from rtpjpeg.receiver.stream import CLEARLY, Stream

Capture = pytest.CaptureFixture[str]


def view(path: Path, *options: str) -> int:
    return main([str(path), "--headless", "--json", *options])


def test_every_flow_is_a_stream_and_no_frame_is_lost(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "two.pcap"
    write_capture(path, frames=20, ports=(5000, 5002))
    assert view(path) == 0
    streams = last_json(capsys.readouterr().out)["streams"]
    assert [stream["source"] for stream in streams] == [f"{path}#192.0.2.2:{port}" for port in (5000, 5002)]
    for stream in streams:
        assert (stream["frames_received"], stream["frames_shown"], stream["packets_lost"]) == (20, 20, 0)
        assert stream["fps"] == pytest.approx(30, abs=0.1)
        assert stream["latency_ms"] is None


def test_rtcp_and_a_second_path_are_of_the_same_stream(tmp_path: Path, capsys: Capture) -> None:
    """What a live receiver takes together is played together."""
    path, sender, records = tmp_path / "one.pcap", SenderSession(rtcp=True), []
    ways = [("192.0.2.1", "192.0.2.2"), ("198.51.100.1", "198.51.100.2")]
    for number in range(30):
        now = 1.8e9 + number / 30
        frame = list(sender.send_frame(jpeg(65), now, now, wall_offset=0.0))
        for place, (source, to) in enumerate(ways):
            records += [(now + place / 1000, (source, 4000), (to, 5000), packet) for packet in frame]
        sender.handle_timer(now)
        for data, _ in sender.datagrams_to_send(now):
            assert isinstance(data, bytes)
            records.append((now + 0.002, ("192.0.2.1", 4001), ("192.0.2.2", 5001), data))
    write_datagrams(path, records)
    assert view(path) == 0
    (stream,) = last_json(capsys.readouterr().out)["streams"]
    assert stream["frames_received"] == 30 and stream["reports_received"] > 1
    assert [one["source"] for one in stream["paths"]] == ["192.0.2.1:4000", "198.51.100.1:4000"]


def test_frames_ends_each_flow(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "two.pcap"
    write_capture(path, frames=20, ports=(5000, 5002))
    assert view(path, "--frames", "3") == 0
    assert [stream["frames_received"] for stream in last_json(capsys.readouterr().out)["streams"]] == [3, 3]


def test_duration_counts_the_seconds_of_the_capture(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "one.pcap"
    write_capture(path, frames=60)
    assert view(path, "--duration", "1") == 0
    assert 28 <= last_json(capsys.readouterr().out)["streams"][0]["frames_received"] <= 31


def test_a_bad_network_runs_by_the_clock_of_the_capture(tmp_path: Path, capsys: Capture, seed: int) -> None:
    path = tmp_path / "one.pcap"
    write_capture(path, frames=30)
    spec = f"loss=3%,reorder=3%,duplicate=3%,delay=20ms,jitter=5ms,blackout=200ms+300ms,seed={seed}"
    session, packets = ReceiverSession(), 0
    left = through_link(read_datagrams(path), Link(Impairment.parse(spec)))
    for (now, source), group in groupby(left, key=itemgetter(0, 1)):
        payloads = [payload for *_, payload in group]
        while (due := session.next_timer()) is not None and due < now - CLEARLY:
            session.handle_timer(due)
        session.receive(PacketTrain.from_packets(payloads), now, source, more=True)
        packets += len(payloads)
    session.handle_timer(now + FLUSH)
    found = []
    for _ in range(2):
        assert view(path, "--impair", spec) == 0
        (stream,) = last_json(capsys.readouterr().out)["streams"]
        found.append({key: value for key, value in stream.items() if key != "stages_ms"})
    assert found[0] == found[1]
    for name in ("packets_received", "packets_lost", "packets_duplicated", "packets_reordered"):
        assert found[0][name] == getattr(session.statistics, name) > 0
    assert packets - 20 < found[0]["packets_received"] <= packets  # the first ones may be on probation
    assert found[0]["frames_received"] < 22


def test_snapshots_are_the_frames_themselves(tmp_path: Path) -> None:
    path = tmp_path / "one.pcap"
    write_capture(path, frames=5)
    assert view(path, "--snapshot", str(tmp_path / "pictures" / "here")) == 0
    (saved,) = (tmp_path / "pictures" / "here").iterdir()
    assert saved.suffix == ".jpg"
    assert saved.read_bytes()[:2] == b"\xff\xd8"


def test_a_capture_without_rtp_is_a_job_that_found_nothing(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "other.pcap"
    write_datagrams(path, [(1.0, ("192.0.2.1", 53), ("192.0.2.2", 53), b"no such thing")])
    assert view(path) == 1
    said = capsys.readouterr()
    assert said.err == f"rtpjpeg-view: {path}: no frame came\n"
    assert last_json(said.out) == {"streams": []}


def test_a_file_that_is_no_capture_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "wrong.pcap"
    path.write_bytes(b"this is no capture")
    assert view(path) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"rtpjpeg-view: {path}: found ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("longest", [1024, 5])
def test_packets_of_one_time_were_read_at_once(
    longest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpjpeg.receiver.capture_file.LONGEST_TRAIN", longest)
    path = tmp_path / "one.pcap"
    write_capture(path, frames=3)
    rows = [(1.8e9, *row[1:]) for row in read_datagrams(path)]
    write_datagrams(path, rows)
    stream = Stream(Source("one"), ReceiverSession(), lambda frame: None, None)
    trains: list[int] = []
    stream.tap = lambda train, now, peer: trains.append(len(train))
    player = CapturePlayer(path, lambda label: stream, lambda: None, None, paced=False)
    player.start()
    player.join()
    assert (player.fault, stream.frames_received, sum(trains)) == (None, 3, len(rows))
    assert len(trains) == -(-len(rows) // longest)
    assert set(trains[:-1]) <= {longest}
