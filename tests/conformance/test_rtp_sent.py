"""RTP as a sender writes it (RFC 3550 sections 5.1, 12; RFC 3551 sections 3, 6; RFC 8866; RFC 2474)."""

from __future__ import annotations

import itertools
import re
import socket
import struct

import pytest

import rtpjpeg
from conformance.arrivals import arrival, listener
from conformance.builders import Packet, read, read_all
from conformance.pictures import jpeg
from rtpjpeg import ConfigError, Packetizer, SenderSession, SessionDescription
from rtpjpeg.clock import EXTENSION_IDS
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.reportpackets import SenderReport
from rtpjpeg.rtcp import parse_compound

RESERVED = range(72, 77)


def first_of(session: SenderSession, at: float = 1.0, now: float | None = None) -> Packet:
    return read(session.send_frame(jpeg(), at, at if now is None else now)[0])


@pytest.mark.rule("T-001")
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_version_2(type):
    # "The version defined by this specification is two (2)."
    packets = rtpjpeg.packetize(jpeg(type, width=320, height=240))
    assert {packet[0] >> 6 for packet in packets} == {2}


@pytest.mark.rule("T-003")
def test_first_sequence_number_is_random():
    # "The initial value of the sequence number SHOULD be random (unpredictable)."
    for start in (lambda: first_of(SenderSession()), lambda: read(rtpjpeg.packetize(jpeg())[0])):
        numbers = [start().sequence for _ in range(20)]
        assert len(set(numbers)) >= 15
        assert max(numbers) - min(numbers) > 8192


@pytest.mark.rule("T-004")
def test_sequence_number_counts_every_packet_and_wraps():
    # "The sequence number increments by one for each RTP data packet sent."
    session = SenderSession(sequence_number=65530)
    packets = [packet for n in range(4) for packet in session.send_frame(jpeg(quality=95), n / 30, n / 30)]
    assert len(packets) > 6
    assert [read(packet).sequence for packet in packets] == [
        (65530 + n) & 0xFFFF for n in range(len(packets))
    ]


@pytest.mark.rule("T-005")
def test_first_timestamp_is_random():
    # "The initial value of the timestamp SHOULD be random, as for the sequence number."
    times = [first_of(SenderSession(), at=1.0).timestamp for _ in range(20)]
    assert len(set(times)) == 20
    assert max(times) - min(times) > 1 << 29


@pytest.mark.rule("T-006")
def test_timestamp_is_the_instant_of_capture():
    # "The timestamp reflects the sampling instant of the first octet in the RTP data packet. The
    # sampling instant MUST be derived from a clock that increments monotonically and linearly in time."
    session = SenderSession()
    captured = [10.0, 10.1, 10.2, 10.7, 10.8]  # four frames were dropped behind the third
    sent = [10.01, 10.19, 10.2, 10.71, 500.0]  # and the time of sending wavers
    times = [first_of(session, at, now).timestamp for at, now in zip(captured, sent, strict=True)]
    steps = [(later - earlier) % 2**32 for earlier, later in itertools.pairwise(times)]
    assert steps == [9000, 9000, 45000, 9000]


@pytest.mark.rule("T-006")
def test_timestamps_do_not_drift():
    session = SenderSession(timestamp_offset=0)
    times = [first_of(session, 5 + n / 29.97).timestamp for n in range(300)]
    assert all(abs(time - (5 + n / 29.97) * 90000) <= 1 for n, time in enumerate(times))


@pytest.mark.rule("T-006")
def test_a_capture_clock_that_is_set_back_does_not_turn_the_timestamps_back():
    session = SenderSession(timestamp_offset=0)
    times = [first_of(session, at).timestamp for at in (100.0, 100.1, 40.0, 40.1)]
    for earlier, later in itertools.pairwise(times):
        assert 0 < (later - earlier) % 2**32 < 2**31


@pytest.mark.rule("T-007")
def test_timestamp_wraps():
    session = SenderSession(timestamp_offset=2**32 - 3000)
    assert [first_of(session, n / 10).timestamp for n in range(3)] == [2**32 - 3000, 6000, 15000]
    assert read(rtpjpeg.packetize(jpeg(), timestamp=2**32 + 5)[0]).timestamp == 5


@pytest.mark.rule("T-008")
def test_ssrc_is_random():
    # "This identifier SHOULD be chosen randomly, with the intent that no two synchronization sources
    # within the same RTP session will have the same SSRC identifier."
    sources = [first_of(SenderSession()).ssrc for _ in range(20)]
    sources += [read(rtpjpeg.packetize(jpeg())[0]).ssrc for _ in range(20)]
    assert len(set(sources)) == 40
    assert max(sources) - min(sources) > 1 << 30


@pytest.mark.rule("T-008")
def test_ssrc_is_kept_for_the_stream():
    session = SenderSession()
    packets = [read(packet) for n in range(5) for packet in session.send_frame(jpeg(), n, n)]
    assert {packet.ssrc for packet in packets} == {session.ssrc}
    assert {packet.ssrc for packet in read_all(Packetizer(ssrc=0xDEADBEEF).packetize(jpeg(), 0))} == {
        0xDEADBEEF
    }


@pytest.mark.rule("T-015")
@pytest.mark.parametrize("make", [Packetizer, SenderSession])
def test_payload_types_that_read_as_rtcp_are_refused(make):
    # RFC 3550, section 12: "... this restriction means that payload types 72 and 73 are reserved." RFC 3551,
    # section 6: "The payload type range 72-76 is marked 'reserved'".
    for payload_type in RESERVED:
        with pytest.raises(ConfigError, match=str(payload_type)):
            make(payload_type=payload_type)
    for payload_type in (-1, 128, 1000):
        with pytest.raises(ConfigError):
            make(payload_type=payload_type)


@pytest.mark.rule("T-015", "T-041")
def test_descriptions_with_other_payload_types_are_refused():
    for payload_type in (*RESERVED, 25, 27, 95, 128):
        with pytest.raises(ConfigError, match=str(payload_type)):
            SessionDescription(address="192.0.2.1", port=5000, payload_type=payload_type).serialize()


@pytest.mark.rule("T-040")
def test_jpeg_is_static_payload_type_26_of_video():
    # RFC 3551, table 5: "26 JPEG V 90,000"
    assert {packet.payload_type for packet in read_all(rtpjpeg.packetize(jpeg()))} == {26}
    assert first_of(SenderSession()).payload_type == 26
    text = SessionDescription(address="192.0.2.1", port=5000).serialize()
    assert re.search(r"^m=video 5000 RTP/AVP 26\r$", text, re.M)
    assert re.search(r"^a=rtpmap:26 JPEG/90000\r$", text, re.M)


@pytest.mark.rule("T-041")
@pytest.mark.parametrize("payload_type", [96, 127])
def test_dynamic_payload_types_have_a_mapping(payload_type):
    # RFC 3551, section 3: "Dynamic payload types SHOULD NOT be used without a well-defined mechanism to
    # indicate the mapping."
    packets = read_all(Packetizer(payload_type=payload_type).packetize(jpeg(width=160, height=120), 0))
    assert {packet.payload_type for packet in packets} == {payload_type}
    assert [packet.marker for packet in packets] == [False] * (len(packets) - 1) + [True]
    text = SessionDescription(address="192.0.2.1", port=5000, payload_type=payload_type).serialize()
    assert f"a=rtpmap:{payload_type} JPEG/90000\r\n" in text


@pytest.mark.rule("T-025")
def test_octets_are_counted_as_payload():
    # "The total number of payload octets (i.e., not including header or padding) transmitted in RTP
    # data packets by the sender since starting transmission."
    session = SenderSession()
    packets = [packet for n in range(3) for packet in session.send_frame(jpeg(65), n, n)]
    assert session.statistics.packets_sent == len(packets)
    assert session.statistics.octets_sent == sum(len(packet) - 12 for packet in packets)
    assert session.statistics.frames_sent == 3


@pytest.mark.rule("T-037", "T-058")
def test_ports_in_a_description():
    # RFC 3550, section 11: "... RTP SHOULD use an even destination port number and the corresponding
    # RTCP stream SHOULD use the next higher (odd) destination port number."
    even = SessionDescription(address="192.0.2.1", port=5000)
    assert even.control_port == 5001
    assert "a=rtcp" not in even.serialize()
    odd = SessionDescription(address="192.0.2.1", port=5001)
    assert f"a=rtcp:{odd.control_port}\r\n" in odd.serialize(), "an odd port says which one RTCP takes"
    with pytest.raises(ConfigError, match="rtcp_port"):
        SessionDescription(address="192.0.2.1", port=5000, rtcp_port=5000).serialize()
    text = "v=0\nm=video 5000 RTP/AVP 26\nc=IN IP4 192.0.2.1\na=rtcp:5000\n"
    with pytest.raises(ConfigError, match="a=rtcp: found 5000, expected another port than that of RTP"):
        SessionDescription.parse(text)
    assert SessionDescription.parse(text + "a=rtcp-mux\n").control_port == 5000


@pytest.mark.rule("T-043")
def test_destinations_share_ssrc_and_sequence():
    train = SenderSession().send_frame(jpeg(65, width=320, height=240), 0.0, 0.0)
    with listener("127.0.0.1") as one, listener("127.0.0.1") as other:
        for sock in (one, other):
            sender = UdpSender(sock.getsockname())
            assert sender.send(train) == len(train)
            sender.close()
        first, second = ([arrival(sock)[0] for _ in train] for sock in (one, other))
    assert first == second == list(train)


@pytest.mark.rule("T-043")
@pytest.mark.parametrize("ttl", [1, 16, 255])
def test_multicast_ttl_is_set(ttl):
    # RFC 8866, section 5.7: "The TTL and the address together define the scope with which multicast packets
    # sent in this session will be sent."
    group = "239.255.77.26"
    with listener("127.0.0.1", group=group) as sock:
        sender = UdpSender((group, sock.getsockname()[1]), ttl=ttl, interface="127.0.0.1")
        sender.send(SenderSession().send_frame(jpeg(width=16, height=16), 0.0, 0.0))
        sender.close()
        _, header = arrival(sock)
    assert header[socket.IP_TTL] == ttl
    text = SessionDescription(address=group, port=5000, ttl=ttl).serialize()
    assert f"c=IN IP4 {group}/{ttl}\r\n" in text


@pytest.mark.rule("T-044")
@pytest.mark.parametrize("dscp", [0, 10, 46, 63])
@pytest.mark.parametrize(("host", "option"), [("127.0.0.1", socket.IP_TOS), ("::1", socket.IPV6_TCLASS)])
def test_dscp_stands_in_every_ip_header(host, option, dscp):
    # RFC 2474, section 3: the six upper bits of the IPv4 TOS octet and of the IPv6 traffic class.
    train = SenderSession().send_frame(jpeg(width=320, height=240), 0.0, 0.0)
    with listener(host) as sock:
        sender = UdpSender((host, sock.getsockname()[1]), dscp=dscp)
        sender.send(train)
        sender.close()
        classes = [arrival(sock)[1].get(option) for _ in train]
    assert set(classes) == {dscp << 2}


@pytest.mark.rule("T-059")
def test_payload_types_of_rtcp_are_not_used_on_a_shared_port():
    # RFC 5761, section 4: "RTP payload types in the range 64-95 MUST NOT be used."
    for payload_type in (64, 71, 77, 95):
        with pytest.raises(ConfigError, match=f"found {payload_type}, expected none of 64 to 95"):
            SenderSession(payload_type=payload_type, rtcp_mux=True)
        text = f"v=0\nm=video 5000 RTP/AVP {payload_type}\nc=IN IP4 192.0.2.1\n"
        text += f"a=rtpmap:{payload_type} JPEG/90000\n"
        assert SessionDescription.parse(text).payload_type == payload_type
        with pytest.raises(ConfigError, match=f"found {payload_type}, expected none of 64 to 95"):
            SessionDescription.parse(text + "a=rtcp-mux\n")
    for payload_type in (26, 96, 127):
        assert SenderSession(payload_type=payload_type, rtcp_mux=True).rtcp_mux


@pytest.mark.rule("T-071")
@pytest.mark.parametrize("type", [1, 65])
def test_capture_time_is_an_ntp_timestamp_of_the_instant_of_the_rtp_timestamp(type):
    # RFC 6051, section 3.3: "The first variant extends the RTP header with a 64-bit NTP-format timestamp".
    # Captured at 10 s of the camera's clock, which was 2026-10-17 00:00:00.5 UTC.
    session = SenderSession(timestamp_offset=0)
    for number in range(3):
        file = jpeg(type, width=320, height=240)
        at = 10.0 + number / 32
        train = session.send_frame(file, at, at + 0.02, wall_offset=1_792_195_200.5 - 10)
        first, *others = list(train)
        assert first[0] == 0x90 and all(packet[0] == 0x80 for packet in others)
        assert first[12:14] == b"\xbe\xde"  # RFC 8285, section 4.2
        assert first[16] >> 4 in range(1, 15) and first[16] & 15 == 7
        seconds, fraction = struct.unpack(">II", first[17:25])
        instant = seconds - 2_208_988_800 + fraction / 2**32
        assert instant == pytest.approx(1_792_195_200.5 + number / 32, abs=1e-6)
        assert int.from_bytes(first[4:8], "big") == 900_000 + round(number / 32 * 90_000)


@pytest.mark.rule("T-071")
def test_capture_time_is_announced_in_the_description():
    # RFC 6051, section 3.3: "the use of the RTP header extensions defined above MUST be indicated".
    session = SenderSession()
    train = session.send_frame(jpeg(), 1.0, 1.0, wall_offset=1.8e9)
    extmap = tuple((number, name) for name, number in EXTENSION_IDS.items())
    text = SessionDescription("192.0.2.7", 5000, extmap=extmap).serialize()
    assert f"a=extmap:{train[0][16] >> 4} urn:ietf:params:rtp-hdrext:ntp-64\r\n" in text


@pytest.mark.rule("T-071")
def test_sender_reports_go_on_beside_the_capture_times():
    # RFC 6051, section 3.3: "SR packets MUST be sent to provide backwards compatibility"; both instants are
    # of one clock.
    session = SenderSession(rtcp=True)
    first = session.send_frame(jpeg(), 10.0, 10.02, wall_offset=1.8e9)[0]
    session.handle_timer(10.02)
    ((data, _),) = session.datagrams_to_send(10.02)
    report = parse_compound(data)[0]
    assert isinstance(report, SenderReport)
    captured = int.from_bytes(first[17:25], "big") / 2**32
    ticks = (report.rtp_timestamp - int.from_bytes(first[4:8], "big")) & 0xFFFFFFFF
    assert report.ntp_timestamp / 2**32 - captured == pytest.approx(ticks / 90_000, abs=2e-5)
