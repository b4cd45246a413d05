"""tshark and scapy read our RTCP, and we read that of a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from peers import need, need_module
from rtpjpeg.net.pcap import write_datagrams
from rtpjpeg.rtcp import (
    App,
    Bye,
    Chunk,
    Item,
    OtherPacket,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    middle,
    parse_compound,
    serialize_compound,
)

pytestmark = pytest.mark.interop

CAMERA, VIEWER = 0x1234_ABCD, 0x0BAD_CAFE
NTP = 0xEDE8_3B80_2000_0000
SENT = SenderReport(CAMERA, NTP, 90_000, 4711, 6_000_000)
SEEN = ReportBlock(CAMERA, 64, -3, 0x0002_FFFF, 300, middle(NTP), 0x0000_8000)
NAMED = SourceDescription((Chunk(CAMERA, (Item(1, b"Zm9vYmFyYmF6cXV4"), Item(6, b"camera 1"))),))
NACK = OtherPacket(205, 1, bytes.fromhex("0BADCAFE 1234ABCD 12340003"))
COMPOUNDS: dict[str, list[Packet]] = {
    "sender": [SENT, NAMED],
    "sender that leaves": [SENT, NAMED, Bye((CAMERA,), b"camera malfunction")],
    "receiver": [ReceiverReport(VIEWER, (SEEN,)), SourceDescription((Chunk(VIEWER, (Item(1, b"me"),)),))],
    "receiver with a wish": [ReceiverReport(VIEWER), NAMED, NACK],
    "application": [ReceiverReport(VIEWER), NAMED, App(5, VIEWER, b"test", b"\1\2\3\4")],
    # tshark 4.0 takes the padding of BYE for a reason and that of RR for an extension.
    "padded": [ReceiverReport(VIEWER), SourceDescription(NAMED.chunks, padding=8)],
}
# Of a browser, as the tests of aiortc have them (BSD license): SR with a block, RR, SDES, RTPFB, PLI, BYE.
BROWSER = """
81c8000c6d2453eade46475b151a005c66a8dd3e0000010d000034f58ef891ed00000000000000f60000007f0000000000000000
81c9000730b68407479437af0000000000000276000007720000000000000000
81ca000c6d2453ea01267b36336634353965612d343166652d343437342d396433332d3937303763396565373964317d00000000
81cd000c8b4477bbf71deee4000c00000020004000360000004c0000006e1000008e000000b7000800df1000010f000001240000
81ce00025450626523013fb9
81cb0001ae528b43
"""
FIELDS = (
    *("rtcp.pt", "rtcp.senderssrc", "rtcp.timestamp.ntp.msw", "rtcp.timestamp.ntp.lsw", "rtcp.timestamp.rtp"),
    *("rtcp.sender.packetcount", "rtcp.sender.octetcount", "rtcp.ssrc.identifier", "rtcp.ssrc.fraction"),
    *("rtcp.ssrc.cum_nr", "rtcp.ssrc.ext_high", "rtcp.ssrc.jitter", "rtcp.ssrc.lsr", "rtcp.ssrc.dlsr"),
    *("rtcp.sdes.text", "rtcp.rtpfb.nack_pid", "rtcp.rtpfb.nack_blp", "rtcp.app.name", "rtcp.padding.count"),
    *("rtcp.roundtrip-delay", "rtcp.length_check", "_ws.malformed", "_ws.expert"),
)


@pytest.fixture(scope="module")
def dissected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What tshark reads in each compound, sent half a second apart."""
    path: Path = tmp_path_factory.mktemp("rtcp") / "rtcp.pcap"
    ends = ("192.0.2.1", 5001), ("192.0.2.2", 5001)
    for name in COMPOUNDS:
        assert parse_compound(serialize_compound(COMPOUNDS[name])) == COMPOUNDS[name]
    datagrams = (
        (1.8e9 + number, *(ends if "sender" in name else ends[::-1]), serialize_compound(packets))
        for number, (name, packets) in enumerate(COMPOUNDS.items())
    )
    write_datagrams(path, datagrams)
    command = [need("tshark"), "-r", str(path), "-d", "udp.port==5001,rtcp", "-T", "fields"]
    command += ["-o", "rtcp.show_roundtrip_calculation:TRUE"]
    command += ["-E", "separator=|", *(word for field in FIELDS for word in ("-e", field))]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines]
    return dict(zip(COMPOUNDS, rows, strict=True))


def test_tshark_has_nothing_to_complain_of(dissected: dict[str, dict[str, str]]) -> None:
    for name, row in dissected.items():
        assert row["_ws.malformed"] == "", name
        assert row["rtcp.length_check"] == "1", name
        assert [int(number) for number in row["rtcp.pt"].split(",")] == [
            packet.serialize()[1] for packet in COMPOUNDS[name]
        ]


def test_tshark_reads_a_sender_report(dissected: dict[str, dict[str, str]]) -> None:
    row = dissected["sender"]
    assert int(row["rtcp.senderssrc"], 16) == CAMERA
    assert int(row["rtcp.timestamp.ntp.msw"]) << 32 | int(row["rtcp.timestamp.ntp.lsw"]) == NTP
    assert row["rtcp.timestamp.rtp"] == "90000"
    assert (row["rtcp.sender.packetcount"], row["rtcp.sender.octetcount"]) == ("4711", "6000000")
    assert row["rtcp.sdes.text"] == "Zm9vYmFyYmF6cXV4,camera 1"


def test_tshark_reads_a_report_block(dissected: dict[str, dict[str, str]]) -> None:
    row = dissected["receiver"]
    assert int(row["rtcp.ssrc.identifier"].split(",")[0], 16) == CAMERA
    assert (row["rtcp.ssrc.fraction"], row["rtcp.ssrc.cum_nr"]) == ("64", "-3")
    assert (row["rtcp.ssrc.ext_high"], row["rtcp.ssrc.jitter"]) == (str(0x2FFFF), "300")
    assert (row["rtcp.ssrc.lsr"], row["rtcp.ssrc.dlsr"]) == (str(middle(NTP)), str(0x8000))
    # The report comes 1 s after the SR and says that it waited for 0.5 s.
    assert row["rtcp.roundtrip-delay"] == "500"


def test_tshark_reads_what_else_there_is(dissected: dict[str, dict[str, str]]) -> None:
    assert dissected["sender that leaves"]["rtcp.sdes.text"].endswith(",camera malfunction")
    nack = dissected["receiver with a wish"]
    assert (nack["rtcp.rtpfb.nack_pid"], nack["rtcp.rtpfb.nack_blp"]) == ("4660,4661,4662", "0x0003")
    assert dissected["application"]["rtcp.app.name"] == "test"
    assert dissected["padded"]["rtcp.padding.count"] == "8"


def test_scapy_reads_the_reports_and_writes_the_same_bytes() -> None:
    need_module("scapy")
    from scapy.contrib.rtcp import RTCP

    data = SenderReport(CAMERA, NTP, 90_000, 4711, 6_000_000, (SEEN,)).serialize()
    report = RTCP(data)
    assert (report.version, report.padding, report.count, report.packet_type) == (2, 0, 1, 200)
    assert (report.sourcesync, report.sender_info.ntp_timestamp) == (CAMERA, NTP)
    assert (report.sender_info.rtp_timestamp, report.sender_info.sender_octet_count) == (90_000, 6_000_000)
    (block,) = report.report_blocks
    assert (block.sourcesync, block.fraction_lost, block.cumulative_lost) == (CAMERA, 64, 2**24 - 3)
    assert (block.interarrival_jitter, block.last_SR_timestamp) == (300, middle(NTP))
    assert bytes(report) == data
    (chunk,) = RTCP(NAMED.serialize()).sdes_chunks
    assert [item.value for item in chunk.items[:2]] == [item.data for item in NAMED.chunks[0].items]


def test_we_read_and_write_what_a_browser_sends() -> None:
    packets = [parse_compound(bytes.fromhex(line))[0] for line in BROWSER.split()]
    assert [packet.serialize().hex() for packet in packets] == BROWSER.split()
    report, other, description, _, _, bye = packets
    assert (report.packet_count, report.octet_count, report.blocks[0].jitter) == (269, 13557, 127)
    assert other.blocks == (ReportBlock(1200895919, 0, 0, 630, 1906, 0, 0),)
    assert description.chunks[0].cname == "{63f459ea-41fe-4474-9d33-9707c9ee79d1}"
    assert bye == Bye((2924645187,))
