"""The scapy layers among strangers: captures, tshark's fields, our own receiver, and mutated packets."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import UDP
from scapy.packet import Packet

import rtpjpeg
from conformance.pictures import eight_bit, jpeg, scan_of, tables_of
from fuzz.mutations import mutated_streams
from peers import need
from rtpjpeg.inspector.layers import RTP, RTPJPEG, RTPJPEGQuantization, RTPJPEGRestart
from rtpjpeg.net.pcap import read_datagrams, write_datagrams

CAPTURES = sorted((Path(__file__).parents[2] / "fixtures" / "captures").glob("*.pcap"))
ENDS = ("192.0.2.1", 4000), ("192.0.2.2", 5000)
MUTATED = 20_000
FIELDS = {
    "jpeg.main_hdr.ts": (RTPJPEG, "type_specific"),
    "jpeg.main_hdr.offset": (RTPJPEG, "fragment_offset"),
    "jpeg.main_hdr.type": (RTPJPEG, "type"),
    "jpeg.main_hdr.q": (RTPJPEG, "q"),
    "jpeg.main_hdr.width": (RTPJPEG, "width"),
    "jpeg.main_hdr.height": (RTPJPEG, "height"),
    "jpeg.restart_hdr.interval": (RTPJPEGRestart, "restart_interval"),
    "jpeg.restart_hdr.f": (RTPJPEGRestart, "first"),
    "jpeg.restart_hdr.l": (RTPJPEGRestart, "last"),
    "jpeg.restart_hdr.count": (RTPJPEGRestart, "restart_count"),
    "jpeg.qtable_hdr.mbz": (RTPJPEGQuantization, "mbz"),
    "jpeg.qtable_hdr.precision": (RTPJPEGQuantization, "precision"),
    "jpeg.qtable_hdr.length": (RTPJPEGQuantization, "length"),
    "jpeg.qtable_hdr.data": (RTPJPEGQuantization, "tables"),
}
OTHERS = ("jpeg.payload", "_ws.malformed", "_ws.expert")


def tshark(capture: Path) -> list[list[str]]:
    """Ask tshark for all fields of each packet; empty where a packet has no such field."""
    command = [need("tshark"), "-r", str(capture), "-d", "udp.port==5000,rtp", "-T", "fields"]
    command += ["-E", "separator=|", *(word for field in (*FIELDS, *OTHERS) for word in ("-e", field))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("|") for line in done.stdout.splitlines()]


def told(packet: Packet) -> list[str]:
    """The same fields as our layers have them, written as tshark writes them."""
    words = []
    for layer, name in FIELDS.values():
        value = packet[layer].getfieldval(name) if layer in packet else ""
        words.append(value.hex() if isinstance(value, bytes) else str(value))
    return [*words, packet.load.hex(), "", ""]


@pytest.mark.interop
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_field_is_what_tshark_reads(capture: Path) -> None:
    packets = [RTP(payload) for *_, payload in read_datagrams(capture)]
    assert [told(packet) for packet in packets] == tshark(capture)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_captures_are_written_back_as_they_were(capture: Path) -> None:
    for *_, payload in read_datagrams(capture):
        packet = RTP(payload)
        packet.clear_cache()
        assert RTPJPEG in packet
        assert bytes(packet) == payload


def built(type_: int, q: int, file: bytes, size: int = 400) -> Iterator[Packet]:
    """One frame, made of layers and nothing else."""
    scan = scan_of(file)
    for number, offset in enumerate(range(0, len(scan), size)):
        packet = RTP(sequence=number, timestamp=9000, sourcesync=7, marker=offset + size >= len(scan))
        packet /= RTPJPEG(fragment_offset=offset, type=type_, q=q, width=64, height=48)
        if type_ >= 64:
            packet /= RTPJPEGRestart(restart_interval=4)
        if q >= 128 and offset == 0:
            packet /= RTPJPEGQuantization(tables=eight_bit(file))
        yield packet / scan[offset : offset + size]


@pytest.mark.interop
@pytest.mark.parametrize("q", [75, 200, 255])
@pytest.mark.parametrize("type_", [0, 1, 64, 65])
def test_built_frames_are_read_by_our_receiver_and_by_tshark(type_: int, q: int, tmp_path: Path) -> None:
    file = jpeg(type_)
    packets = list(built(type_, q, file))
    wire = [bytes(packet) for packet in packets]
    (frame,) = rtpjpeg.depacketize(wire, strict=True)
    assert (frame.width, frame.height, frame.concealed) == (64, 48, False)
    assert scan_of(frame.jpeg) == scan_of(file)
    assert tables_of(frame.jpeg) == tables_of(file)
    write_datagrams(tmp_path / "built.pcap", ((1.8e9, *ENDS, data) for data in wire))
    assert [told(RTP(data)) for data in wire] == tshark(tmp_path / "built.pcap")


def test_mutated_packets_are_read_and_written_back(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UDP, "payload_guess", [({"dport": 5000}, RTP)])
    packets = itertools.chain.from_iterable(mutated_streams(seed, MUTATED))
    front = bytes(UDP(sport=4000, dport=5000, len=8, chksum=0))
    found = 0
    for data in itertools.islice(packets, MUTATED):
        datagram = front[:4] + (8 + len(data)).to_bytes(2, "big") + front[6:] + data
        packet = UDP(datagram)
        found += RTPJPEG in packet
        packet.summary()
        assert bytes(packet) == datagram
    assert found > MUTATED / 2
