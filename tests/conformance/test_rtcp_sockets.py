"""RTCP of both ends over real sockets: which ports it takes, and how it is marked (RFC 3550, 3605, 5761)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from conformance.arrivals import arrival, listener
from interop.kernel import bound, wait_until
from receiver.feeding import free_ports, train
from rtpjpeg import Frame, Packetizer, SessionDescription
from rtpjpeg.config import load
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.receiver.livestream import LiveStream
from rtpjpeg.receiver.opening import Opener
from rtpjpeg.receiver.source import Source, read_sources
from rtpjpeg.rtcp import (
    CNAME,
    Bye,
    Chunk,
    Item,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    is_rtcp,
    parse_compound,
    serialize_compound,
)
from rtpjpeg.sender.console import Mailbox
from rtpjpeg.sender.manager import Manager
from rtpjpeg.sender.stream import Limits

PATIENCE = 30.0
HERE, THERE = "127.0.0.1", "127.0.0.2"
VIEWER = 0x0BAD_CAFE
NAMED = SourceDescription((Chunk(VIEWER, (Item(CNAME, b"me"),)),))
KEY = "x" * 40 + "\n"


@contextmanager
def sending(*ports: int, host: str = HERE, **keys: Any) -> Iterator[Manager]:
    """Cameras that send, each to one of the ports."""
    words = {f"camera{number}.destinations": f"{host}:{port}" for number, port in enumerate(ports, 1)}
    words |= {f"camera{number}.enabled": number <= len(ports) for number in (1, 2)}
    shared = {key.replace("__", "."): value for key, value in keys.items()}
    words |= {"camera*.source": "synthetic", "camera*.width": 160, "camera*.height": 120, **words}
    manager = Manager(load(None, {}, words | shared).cameras, Limits(), Mailbox())
    assert manager.open()
    try:
        for stream in manager.streams:
            stream.start()
        yield manager
    finally:
        manager.stop()


@contextmanager
def viewing(source: Source) -> Iterator[LiveStream]:
    """A viewer of one source."""
    opener = Opener(0.05, True, None)
    source, receiver = opener.port(source)
    frames: list[Frame] = []
    stream = LiveStream(source, opener.session(source), receiver, frames.append, lambda: None)
    stream.start()
    try:
        yield stream
    finally:
        stream.stop()
        stream.join(PATIENCE)


@contextmanager
def sockets(*places: tuple[str, int]) -> Iterator[list[socket.socket]]:
    """Plain sockets that wait for what comes."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in places]
        for sock, place in zip(found, places, strict=True):
            sock.bind(place)
            sock.settimeout(PATIENCE)
        yield found


def report_of(sock: socket.socket) -> tuple[list[Any], tuple[str, int], set[tuple[str, int]]]:
    """The next compound that comes, where it came from, and where RTP before it came from."""
    others = set()
    while True:
        data, source = sock.recvfrom(65535)
        if is_rtcp(data):
            return parse_compound(data), source, others
        others.add(source)


def about(ssrc: int) -> bytes:
    block = ReportBlock(ssrc, 64, 3, 1000, 90, 0, 0)
    return serialize_compound([ReceiverReport(VIEWER, (block,)), NAMED])


def lost(manager: Manager) -> object:
    return manager.statistics()[0]["remote_loss"]


@pytest.mark.rule("T-038", "D-023")
def test_a_sender_uses_one_port_each_way():
    # RFC 5761, section 4: "... RTP and RTCP packets may be multiplexed on a single port" by agreement.
    (port,) = free_ports(1)
    with sockets((HERE, port), (HERE, port + 1)) as (both, beside):
        with sending(port, **{"mjpeg-rtp__rtcp_mux": True}) as manager:
            packets, source, media = report_of(both)
            assert isinstance(packets[0], SenderReport) and media <= {source}
            both.sendto(about(packets[0].ssrc), source)
            assert wait_until(lambda: lost(manager) == 0.25, PATIENCE)
        while not any(isinstance(packet, Bye) for packet in packets):
            packets, came, _ = report_of(both)
            assert came == source
        beside.setblocking(False)
        with pytest.raises(BlockingIOError):
            beside.recv(100)


@pytest.mark.rule("T-038", "D-023", "D-026")
@pytest.mark.parametrize("described", [True, False], ids=["described", "undescribed"])
@pytest.mark.parametrize("secret", [False, True], ids=["plain", "srtp"])
def test_both_ends_share_one_port(described: bool, secret: bool, tmp_path: Path):
    # Without a description: RTCP of the sender was seen on the port of RTP, so it may be answered there.
    (port,) = free_ports(1)
    keys: dict[str, Any] = {"mjpeg-rtp__rtcp_mux": True}
    if secret:
        path = tmp_path / "srtp.key"
        path.write_text(KEY)
        path.chmod(0o600)
        keys["mjpeg-rtp__srtp_key"] = str(path)
    with sending(port, **keys) as manager:
        manager.write_descriptions(tmp_path / "camera.sdp")
        (source,) = read_sources([str(tmp_path / "camera.sdp")])
        assert source.description is not None
        assert source.description.rtcp_mux and source.description.direction == "recvonly"
        plain = Source(f"rtp://:{port}", port=port, key=source.key)
        with viewing(source if described else plain) as stream:
            control = stream.session.control
            assert wait_until(lambda: lost(manager) is not None and control.reports_received > 0, PATIENCE)
            assert bound([port + 1]) is not described
            address = manager.streams[0].outlets.senders[0].local_address
            assert stream.session.source == control.destination == address
        assert stream.session.statistics.packets_rejected == 0 == stream.secrecy.rejected


@pytest.mark.rule("T-058", "T-060")
def test_a_port_that_was_merely_seen_in_rtp_gets_no_rtcp():
    # RFC 3550, section 11: "A participant MUST NOT assume that the source port of the incoming RTP or RTCP
    # packet can be used as the destination port for outgoing RTP or RTCP packets."
    (port,) = free_ports(1)
    packetizer = Packetizer()
    with sockets((THERE, port + 1)) as (control,), UdpSender((HERE, port), interface=THERE) as sender:
        with viewing(Source("a", HERE, port)):
            control.settimeout(0.02)
            packets = _fed(sender, packetizer, control)
        assert isinstance(packets[0], ReceiverReport)
        assert packets[0].blocks[0].ssrc == packetizer.ssrc
        assert [data for data, _ in sender.returned()] == []


def _fed(sender: UdpSender, packetizer: Packetizer, control: socket.socket) -> list[Any]:
    """Send frames until a report comes about them."""
    for number in range(3000):
        sender.send(train(number, packetizer))
        try:
            packets, _, _ = report_of(control)
        except TimeoutError:
            continue
        if isinstance(packets[0], ReceiverReport) and packets[0].blocks:
            return packets
    raise AssertionError("no report came")


@pytest.mark.rule("D-026")
def test_a_viewer_that_is_to_receive_only_reports_on_the_port_that_is_described(tmp_path: Path):
    # RFC 8866, section 6.7.1: "... an RTP-based system in "recvonly" mode MUST still send RTCP packets".
    # RFC 3605, section 2.1: the port of RTCP where it is not the next one up.
    port, other, theirs = free_ports(3)
    path = tmp_path / "camera.sdp"
    path.write_text(SessionDescription(HERE, port, rtcp_port=other).serialize())
    assert "a=recvonly" in path.read_text() and f"a=rtcp:{other}" in path.read_text()
    (source,) = read_sources([str(path)])
    packetizer = Packetizer()
    report = serialize_compound([SenderReport(packetizer.ssrc, 1 << 60, 0, 9, 9), NAMED])
    with sockets((THERE, theirs)) as (control,), UdpSender((HERE, port), interface=THERE) as sender:
        with viewing(source) as stream:
            assert bound([other]) and not bound([port + 1])
            control.sendto(report, (HERE, other))
            control.settimeout(0.02)
            _fed(sender, packetizer, control)
            assert stream.session.control.reports_received == 1


@pytest.mark.rule("T-038", "T-033")
def test_a_viewer_answers_by_agreement_where_packets_come_from_and_says_goodbye_there(tmp_path: Path):
    (port,) = free_ports(1)
    path = tmp_path / "camera.sdp"
    path.write_text(SessionDescription(HERE, port, rtcp_mux=True).serialize())
    (source,) = read_sources([str(path)])
    packetizer, heard = Packetizer(), []
    with UdpSender((HERE, port), interface=THERE) as sender:
        with viewing(source) as stream:
            assert not bound([port + 1])
            frames = (train(number, packetizer) for number in count())

            def answered() -> bool:
                sender.send(next(frames))
                heard.extend(sender.returned())
                return bool(heard)

            assert wait_until(answered, PATIENCE)
            assert stream.session.control.reports_received == 0
        heard += sender.returned()
    assert {place for _, place in heard} == {(HERE, port)}
    assert isinstance(parse_compound(heard[0][0])[0], ReceiverReport)
    assert isinstance(parse_compound(heard[-1][0])[-1], Bye)


def test_rtcp_leaves_from_the_address_that_packets_leave_from():
    (port,) = free_ports(1)
    with sockets((HERE, port), (HERE, port + 1)) as (media, control):
        with sending(port, camera1__interface=THERE):
            _, (host, _), _ = report_of(control)
            assert host == THERE == media.recvfrom(65535)[1][0]


@pytest.mark.rule("T-037")
def test_rtcp_of_an_odd_port_goes_to_the_next_one():
    port = free_ports(1)[0] + 1
    with sockets((HERE, port + 1)) as (control,), sending(port):
        packets, _, _ = report_of(control)
        assert isinstance(packets[0], SenderReport)


@pytest.mark.rule("T-044")
@pytest.mark.parametrize("mux", [False, True], ids=["apart", "shared"])
@pytest.mark.parametrize(("host", "option"), [(HERE, socket.IP_TOS), ("::1", socket.IPV6_TCLASS)])
def test_dscp_stands_in_the_ip_header_of_rtcp_too(host, option, mux):
    # RFC 2474, section 3: the six upper bits of the IPv4 TOS octet and of the IPv6 traffic class.
    (port,) = free_ports(1)
    keys = {"mjpeg-rtp__dscp": 46, "mjpeg-rtp__rtcp_mux": mux}
    with listener(host, port=port if mux else port + 1) as sock:
        with sending(port, host=f"[{host}]" if ":" in host else host, **keys):
            assert _marked(sock)[option] == 46 << 2


def _marked(sock: socket.socket) -> dict[int, int]:
    """What the IP header of the next RTCP said."""
    while True:
        data, header = arrival(sock)
        if is_rtcp(data):
            return header


@pytest.mark.rule("T-044")
def test_dscp_stands_in_rtcp_to_both_kinds_of_address():
    one, other = free_ports(2)
    keys = {"camera1__destinations": f"{HERE}:{one},[::1]:{other}", "mjpeg-rtp__dscp": 34}
    with listener(HERE, port=one + 1) as four, listener("::1", port=other + 1) as six:
        with sending(one, **keys):
            assert _marked(four)[socket.IP_TOS] == 34 << 2
            assert _marked(six)[socket.IPV6_TCLASS] == 34 << 2


@pytest.mark.rule("T-043")
def test_reports_to_a_group_leave_as_its_packets_do():
    group, (port,) = "239.255.77.27", free_ports(1)
    with listener(HERE, group=group, port=port + 1) as sock:
        with sending(port, host=group, camera1__ttl=16, camera1__interface=HERE):
            assert _marked(sock)[socket.IP_TTL] == 16


@pytest.mark.rule("T-061", "D-013")
def test_both_cameras_of_a_sender_have_one_cname(tmp_path: Path):
    # RFC 7022, section 4.1: streams that are to be synchronised "MUST" carry the same CNAME.
    ports = free_ports(2)
    with sockets(*((HERE, port + 1) for port in ports)) as controls, sending(*ports) as manager:
        manager.write_descriptions(tmp_path / "a.sdp")
        chunks = [report_of(sock)[0][1].chunks[0] for sock in controls]
    texts = [(tmp_path / name).read_text() for name in ("a.sdp", "a-camera2.sdp")]
    described = [SessionDescription.parse(text) for text in texts]
    assert [(found.ssrc, found.cname) for found in described] == [
        (chunk.ssrc, chunk.cname) for chunk in chunks
    ]
    assert chunks[0].cname == chunks[1].cname and chunks[0].ssrc != chunks[1].ssrc
