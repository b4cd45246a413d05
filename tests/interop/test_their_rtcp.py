"""The RTCP of GStreamer and FFmpeg, read by us and held against the rules of the inspector."""

from __future__ import annotations

import select
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from child import child
from interop.kernel import free_port_pairs
from peers import need, need_gstreamer, newest_ffmpeg
from rtpjpeg.inspector.batch import Flow
from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.reports import Media, RtcpFacts, RtcpWatch
from rtpjpeg.rtcp import Bye, SenderReport, parse_compound
from rtpjpeg.rtp import RtpPacket

pytestmark = pytest.mark.interop

HERE = "127.0.0.1"
PICTURES = "width=320,height=240,framerate=30/1"


@dataclass
class Heard:
    """What a sender sent to two ports, as the inspector takes it."""

    findings: Findings = field(default_factory=Findings)
    media: dict[int, Media] = field(default_factory=dict)
    reports: list[SenderReport] = field(default_factory=list)
    byes: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.watch = RtcpWatch(self.findings)

    def rtp(self, data: bytes, flow: Flow) -> None:
        packet, now = RtpPacket.parse(data), time.time_ns()
        fresh = Media(0, 0, 0, now, now, flow, first_packet=self.number)
        media = self.media.setdefault(packet.ssrc, fresh)
        media.packets += 1
        media.octets += len(packet.payload)
        media.timestamp, media.time = packet.timestamp, now

    def rtcp(self, data: bytes, flow: Flow) -> None:
        packets = parse_compound(data)
        self.reports += [packet for packet in packets if isinstance(packet, SenderReport)]
        self.byes += sum(isinstance(packet, Bye) for packet in packets)
        self.watch.add(data, self.number, time.time_ns(), flow, self.media)

    def found(self) -> set[str]:
        self.watch.finish(self.media)
        return {finding.rule.id for finding in self.findings.listed()}

    def facts(self) -> RtcpFacts:
        (ssrc,) = self.media
        return self.watch.facts(ssrc)


def hear(command: Callable[[int], Sequence[str]]) -> Heard:
    """Run a sender to its BYE, or to its end, and take all that it sends."""
    heard, (port,) = Heard(), free_port_pairs(1)
    with socket.socket(type=socket.SOCK_DGRAM) as rtp, socket.socket(type=socket.SOCK_DGRAM) as rtcp:
        for sock, number in ((rtp, port), (rtcp, port + 1)):
            sock.bind((HERE, number))
            sock.setblocking(False)
        with child(command(port), stdout=subprocess.DEVNULL) as process:
            # GStreamer's rtpbin does not always end behind its BYE.
            while _take(heard, (rtp, rtcp)) or not (heard.byes or process.poll() is not None):
                pass
            assert heard.byes or process.returncode == 0
    return heard


def _take(heard: Heard, sockets: Sequence[socket.socket]) -> bool:
    """Take what waits, RTP first: a report counts the packets in front of it."""
    ready, _, _ = select.select(sockets, [], [], 0.1)
    for sock in sockets:
        while sock in ready:
            try:
                data, source = sock.recvfrom(65536)
            except BlockingIOError:
                break
            heard.number += 1
            take = heard.rtp if sock is sockets[0] else heard.rtcp
            take(data, Flow(source, sock.getsockname()))
    return bool(ready)


def gstreamer(port: int) -> list[str]:
    source = f"videotestsrc is-live=true num-buffers=120 ! video/x-raw,format=I420,{PICTURES} ! jpegenc"
    session = "r.send_rtp_sink_0 rtpbin name=r"
    rtp = f"r.send_rtp_src_0 ! udpsink host={HERE} port={port}"
    rtcp = f"r.send_rtcp_src_0 ! udpsink host={HERE} port={port + 1} sync=false async=false"
    return f"gst-launch-1.0 -q {source} ! rtpjpegpay ! {session} {rtp} {rtcp}".split()


def ffmpeg(program: str, port: int) -> list[str]:
    source = "-v error -re -f lavfi -i testsrc2=size=320x240:rate=30 -t 6.5"
    encoder = "-c:v mjpeg -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1 -q:v 5"
    return f"{program} {source} {encoder} -f rtp rtp://{HERE}:{port}?pkt_size=1352".split()


def test_gstreamer_keeps_all_rules() -> None:
    need_gstreamer("videotestsrc", "jpegenc", "rtpjpegpay", "rtpbin", "udpsink")
    heard = hear(gstreamer)
    assert heard.found() == set()
    assert heard.byes == 1 and len(heard.reports) == heard.facts().sender_reports > 0
    assert heard.facts().cname is not None and heard.facts().cname.startswith("user")


@pytest.mark.parametrize("program", [lambda: need("ffmpeg"), newest_ffmpeg], ids=("ffmpeg5", "ffmpeg9"))
def test_ffmpeg_sends_bare_reports_with_the_right_figures(program: Callable[[], str]) -> None:
    path = program()
    heard = hear(lambda port: ffmpeg(path, port))
    assert heard.found() == {"T-021"}
    assert len(heard.reports) == heard.facts().sender_reports >= 2
    assert heard.facts().cname is None and not heard.byes
