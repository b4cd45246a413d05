"""What viewer and Python API open alike: ports, sessions, bad networks."""

from __future__ import annotations

import socket

import pytest

from receiver.feeding import free_ports, train
from rtpjpeg import FrameReceived, Packetizer, SessionDescription, TransportError
from rtpjpeg.net.impaired import ImpairedReceiver
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.receiver.opening import Opener, flow_of
from rtpjpeg.receiver.source import Source


def opener(impair: str | None = None) -> Opener:
    return Opener(0.05, True, Impairment.parse(impair) if impair else None)


def test_a_free_port_gives_the_source_its_name() -> None:
    source, receiver = opener().port(Source("", "127.0.0.1", 0, "camera 1"))
    with receiver:
        port = receiver.local_address[1]
        assert (source.label, source.port, source.title) == (f"rtp://127.0.0.1:{port}", port, "camera 1")
        assert isinstance(receiver, UdpReceiver)


def test_a_taken_port_is_one_sentence_with_a_hint() -> None:
    (port,) = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        with pytest.raises(TransportError) as refused:
            opener().port(Source("camera.sdp", "127.0.0.1", port))
    assert str(refused.value) == (
        f"camera.sdp: port {port} on 127.0.0.1 cannot be opened: it is taken by another program;"
        " end that one, or name another port"
    )


def test_another_fault_has_no_hint() -> None:
    with pytest.raises(TransportError, match="is no address of this machine$"):
        opener().port(Source("rtp://192.0.2.1:5000", "192.0.2.1", 5000))


def test_each_source_has_a_link_of_its_own_with_the_next_seed() -> None:
    made = opener("loss=5%,seed=7")
    links = [made.link() for _ in range(3)]
    assert [link.impairment.seed for link in links if link is not None] == [7, 8, 9]
    source, receiver = made.port(Source("", "127.0.0.1", 0))
    with receiver:
        assert isinstance(receiver, ImpairedReceiver)
    assert opener().link() is None


def test_a_session_knows_what_the_description_says() -> None:
    said = SessionDescription("127.0.0.1", 5000, payload_type=96, width=318, height=238)
    session = opener().session(Source("camera.sdp", description=said))
    packetizer = Packetizer(payload_type=96)
    for number in range(2):
        session.receive(train(number, packetizer), number / 30, ("192.0.2.1", 4000))
    frames = [event.frame for event in iter(session.next_event, None) if isinstance(event, FrameReceived)]
    assert {(frame.width, frame.height) for frame in frames} == {(318, 238)}


def test_a_flow_is_named_by_where_it_went() -> None:
    flow = flow_of(Source("a.pcap", only=frozenset({"192.0.2.1"})), "a.pcap#192.0.2.2:5000")
    assert (flow.label, flow.title, flow.capture) == ("a.pcap#192.0.2.2:5000", "192.0.2.2:5000", None)
    assert flow.only == {"192.0.2.1"}
