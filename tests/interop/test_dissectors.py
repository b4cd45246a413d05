"""tshark and scapy read our packets: checksums, RTP headers, and pictures put together from their fields."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from conformance.pictures import jpeg
from evidence import sha256
from peers import need, need_module
from rtpjpeg import SenderSession
from rtpjpeg.clock import seconds_from
from rtpjpeg.net.pcap import read_datagrams, write_datagrams

pytestmark = pytest.mark.interop

FIXTURES = Path(__file__).parents[2] / "fixtures" / "captures"
HEADER = ("ts", "type", "q", "width", "height")
FIELDS = (
    *("ip.checksum.status", "udp.checksum.status", "rtp.timestamp", "rtp.seq", "rtp.marker", "rtp.p_type"),
    *(f"jpeg.main_hdr.{name}" for name in (*HEADER, "offset")),
    *("jpeg.restart_hdr.interval", "jpeg.qtable_hdr.length", "jpeg.qtable_hdr.data", "jpeg.payload"),
    *("_ws.malformed", "_ws.expert"),
)
GOOD = "1"
"""What tshark calls a checksum that is right."""

Packet = dict[str, str]


def expectations(capture: Path) -> dict[str, Any]:
    return json.loads(capture.with_suffix(".json").read_text())


OURS = [path for path in sorted(FIXTURES.glob("own-*.pcap")) if expectations(path)["seed"] is None]
each_capture = pytest.mark.parametrize("capture", OURS, ids=lambda path: path.stem)


@cache
def dissect(capture: Path) -> list[Packet]:
    """Return the fields of each packet as tshark reads them, empty where there is no such field."""
    command = [need("tshark"), "-r", str(capture), "-d", "udp.port==5000,rtp"]
    command += ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    command += ["-T", "fields", "-E", "separator=|", *(word for field in FIELDS for word in ("-e", field))]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines]


@each_capture
def test_tshark_puts_the_sent_pictures_together(capture: Path) -> None:
    expected = expectations(capture)
    packets = dissect(capture)
    assert len(packets) == expected["packets"]
    frames = [list(group) for _, group in groupby(packets, lambda packet: packet["rtp.timestamp"])]
    assert [_join(frame) for frame in frames] == [
        {key: sent[key] for key in ("timestamp", "packets", "type", "q", "width", "height", "scan_sha256")}
        for sent in expected["frames"]
    ]
    for frame, sent in zip(frames, expected["frames"], strict=True):
        _check_tables(frame, sent)


def _join(packets: list[Packet]) -> dict[str, Any]:
    """Say of a frame what the expectations say, after checking that its packets fit each other."""
    position = 0
    parts = [bytes.fromhex(packet["jpeg.payload"]) for packet in packets]
    for packet, part in zip(packets, parts, strict=True):
        assert int(packet["jpeg.main_hdr.offset"]) == position
        position += len(part)
    assert [packet["rtp.marker"] for packet in packets] == ["0"] * (len(packets) - 1) + ["1"]
    headers = {tuple(packet[f"jpeg.main_hdr.{name}"] for name in HEADER) for packet in packets}
    ((type_specific, *values),) = headers
    assert type_specific == "0"
    type_, q, width, height = map(int, values)
    scan = b"".join(parts)
    assert scan.endswith(b"\xff\xd9")
    told = {"type": type_, "q": q, "width": width, "height": height, "scan_sha256": sha256(scan[:-2])}
    return {"timestamp": int(packets[0]["rtp.timestamp"]), "packets": len(packets), **told}


def _check_tables(packets: list[Packet], sent: dict[str, Any]) -> None:
    """Tables stand in the first packet, and only where Q needs them; restart headers in all or none."""
    first, *others = packets
    assert not any(packet["jpeg.qtable_hdr.length"] for packet in others)
    if sent["q"] < 128:
        assert not first["jpeg.qtable_hdr.length"]
    else:
        assert sha256(bytes.fromhex(first["jpeg.qtable_hdr.data"])) == sent["tables_sha256"]
    interval = str(sent["restart_interval"] or "")
    assert {packet["jpeg.restart_hdr.interval"] for packet in packets} == {interval}


@each_capture
def test_tshark_has_nothing_to_complain_of(capture: Path) -> None:
    for packet in dissect(capture):
        assert packet["_ws.malformed"] == packet["_ws.expert"] == ""
        assert packet["ip.checksum.status"] == packet["udp.checksum.status"] == GOOD
        assert packet["rtp.p_type"] == "26"


def test_tshark_reads_the_capture_time(tmp_path: Path) -> None:
    path, session = tmp_path / "dated.pcap", SenderSession()
    file = jpeg(65, width=320, height=240)
    ends = ("192.0.2.1", 4000), ("192.0.2.2", 5000)
    trains = [session.send_frame(file, at, at, wall_offset=1.8e9, encoded_at=at) for at in (1.0, 2.0)]
    write_datagrams(path, ((1.8e9, *ends, packet) for train in trains for packet in train))
    names = ("rtp.ext", "rtp.ext.rfc5285.id", "rtp.ext.rfc5285.data", "jpeg.main_hdr.offset", "_ws.malformed")
    command = [
        need("tshark"),
        "-r",
        str(path),
        "-d",
        "udp.port==5000,rtp",
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]
    command += [word for name in names for word in ("-e", name)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [dict(zip(names, line.split("|"), strict=True)) for line in lines]
    assert not any(row["_ws.malformed"] for row in rows)
    assert len(rows) > 4
    for row in rows:
        first = row["jpeg.main_hdr.offset"] == "0"
        assert row["rtp.ext"] == ("1" if first else "0")
        assert row["rtp.ext.rfc5285.id"] == ("12,13,14" if first else "")
    dates = [row["rtp.ext.rfc5285.data"].split(",")[0] for row in rows if row["rtp.ext"] == "1"]
    assert [seconds_from(bytes.fromhex(date)) for date in dates] == [1.8e9 + 1, 1.8e9 + 2]


@each_capture
def test_scapy_reads_the_same_rtp_headers_and_writes_the_same_bytes(capture: Path) -> None:
    need_module("scapy")
    from scapy.layers.inet import UDP
    from scapy.layers.rtp import RTP
    from scapy.utils import rdpcap

    expected = expectations(capture)
    sent = [payload for _, _, _, payload in read_datagrams(capture)]
    for packet, payload in zip(rdpcap(str(capture)), sent, strict=True):
        rtp = RTP(bytes(packet[UDP].payload))
        assert (rtp.version, rtp.payload_type, rtp.sourcesync) == (2, 26, expected["ssrc"])
        assert (rtp.padding, rtp.extension, rtp.numsync) == (0, 0, 0)
        assert rtp.sequence == int.from_bytes(payload[2:4], "big")
        written = bytes(packet)
        del packet.chksum, packet[UDP].chksum
        assert bytes(packet) == written  # so both checksums are right
        assert bytes(rtp) == payload
