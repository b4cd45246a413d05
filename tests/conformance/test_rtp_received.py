"""The RTP header as a receiver takes it (RFC 3550 sections 5.1, 5.3.1, A.1)."""

from __future__ import annotations

import pytest

from conformance.builders import main, read, rtp
from conformance.running import Viewer, receive
from conformance.streams import frame, shown
from rtpjpeg import MalformedPacketError, RtpPacket


def with_header(packet: bytes, **options: object) -> bytes:
    """The same payload behind another RTP header."""
    parsed = read(packet)
    kept = {
        "sequence": parsed.sequence,
        "timestamp": parsed.timestamp,
        "marker": parsed.marker,
        "ssrc": parsed.ssrc,
    }
    return rtp(packet[12:], **{**kept, **options})


@pytest.mark.rule("T-002")
@pytest.mark.parametrize("version", [0, 1, 3])
def test_other_versions_are_refused(version):
    # "RTP version field must equal 2."
    packets = frame()
    strange = with_header(packets[0], version=version, sequence=0)
    outcome = receive([strange, *packets])
    assert shown(outcome) == [0]
    assert len(outcome.rejected) == 1
    assert "version" in str(outcome.rejected[0].error)
    assert not receive([with_header(packet, version=version) for packet in packets]).frames
    with pytest.raises(MalformedPacketError, match="version"):
        RtpPacket.parse(strange)


@pytest.mark.rule("T-002")
@pytest.mark.parametrize("size", range(12))
def test_a_packet_shorter_than_the_header_is_refused(size):
    outcome = receive([frame()[0][:size], *frame()])
    assert shown(outcome) == [0]
    assert len(outcome.rejected) == 1
    with pytest.raises(MalformedPacketError):
        RtpPacket.parse(frame()[0][:size])


@pytest.mark.rule("T-004", "T-007")
def test_sequence_number_and_timestamp_wrap():
    packets: list[bytes] = []
    for index in range(8):
        sequence = (65530 + len(packets)) & 0xFFFF
        packets += frame(index, sequence=sequence, timestamp=(2**32 - 10000 + 3000 * index) % 2**32)
    assert len(packets) > 20
    outcome = receive(packets)
    assert shown(outcome) == [0, 1, 2, 3, 4, 0, 1, 2]
    assert not outcome.dropped
    viewer = Viewer()
    viewer.take(packets, step=0.001)
    assert shown(viewer.outcome) == [0, 1, 2, 3, 4, 0, 1, 2]


@pytest.mark.rule("T-011")
@pytest.mark.parametrize("padding", [1, 4, 20, 255])
def test_padding_is_cut_off(padding):
    # "The last octet of the padding contains a count of how many padding octets should be ignored,
    # including itself."
    outcome = receive([with_header(packet, padding=padding) for packet in frame()])
    assert outcome.jpegs == receive(frame()).jpegs
    assert shown(outcome) == [0]


@pytest.mark.rule("T-011")
@pytest.mark.parametrize("count", [0, 21, 22, 200, 255])
def test_impossible_padding_is_refused(count):
    # A.1: "... the last octet of the packet must contain a valid octet count, in particular, less than
    # the total packet length minus the header size."
    body = main(400) + bytes(12) + bytes([count])
    assert len(body) == 21
    packet = bytearray(rtp(body, sequence=2))
    packet[0] |= 0x20
    with pytest.raises(MalformedPacketError, match="padding"):
        RtpPacket.parse(bytes(packet))
    outcome = receive([frame()[0], bytes(packet)])
    assert len(outcome.rejected) == 1 and "padding" in str(outcome.rejected[0].error)


@pytest.mark.rule("T-011")
def test_padding_is_counted_behind_csrc_list_and_extension():
    # 12 bytes of header, 8 of CSRC, 8 of extension; 9 bytes of payload of which 9 may not be padding.
    packet = bytearray(rtp(main(0) + b"\x09", csrcs=(1, 2), extension=b"abcd"))
    packet[0] |= 0x20
    with pytest.raises(MalformedPacketError, match="padding"):
        RtpPacket.parse(bytes(packet))
    packet[-1] = 8
    assert RtpPacket.parse(bytes(packet)).payload == main(0)[:1]


@pytest.mark.rule("T-012")
@pytest.mark.parametrize("count", [1, 2, 15])
def test_csrc_list_is_skipped(count):
    # "The CSRC list identifies the contributing sources for the payload contained in this packet."
    csrcs = tuple(range(100, 100 + count))
    packets = [with_header(packet, csrcs=csrcs) for packet in frame()]
    assert shown(receive(packets)) == [0]
    assert RtpPacket.parse(packets[0]).csrcs == csrcs


@pytest.mark.rule("T-012")
@pytest.mark.parametrize("count", [1, 15])
def test_a_csrc_count_beyond_the_packet_is_refused(count):
    packet = bytearray(rtp(bytes(4 * count - 1)))
    packet[0] |= count
    with pytest.raises(MalformedPacketError, match="CSRC"):
        RtpPacket.parse(bytes(packet))
    outcome = receive([bytes(packet), *frame()])
    assert shown(outcome) == [0] and len(outcome.rejected) == 1


@pytest.mark.rule("T-013")
@pytest.mark.parametrize("words", [0, 1, 3, 100])
@pytest.mark.parametrize("csrcs", [(), (7, 8)])
def test_header_extension_is_skipped(words, csrcs):
    # "This mechanism is designed so that the header extension may be ignored by other interoperating
    # implementations that have not been extended."
    packets = [with_header(packet, extension=b"\xff\xd8\x80\x1a" * words, csrcs=csrcs) for packet in frame()]
    assert shown(receive(packets)) == [0]


@pytest.mark.rule("T-067")
@pytest.mark.parametrize("length", [1, 6, 0xFFFF])
@pytest.mark.parametrize("padding", [False, True])
def test_an_extension_beyond_the_packet_is_refused(length, padding):
    # A.1: "... the extension length field must be less than the total packet size minus the fixed header
    # length and padding."
    body = b"\xab\xcd" + length.to_bytes(2, "big") + bytes(4 * min(length, 6) - 2) + b"\x01"
    packet = bytearray(rtp(body, sequence=0))
    packet[0] |= 0x10 | 0x20 * padding
    with pytest.raises(MalformedPacketError):
        RtpPacket.parse(bytes(packet))
    outcome = receive([bytes(packet), *frame()])
    assert shown(outcome) == [0] and len(outcome.rejected) == 1


@pytest.mark.rule("T-067")
@pytest.mark.parametrize("size", range(4))
def test_an_extension_header_that_is_cut_is_refused(size):
    packet = bytearray(rtp(b"\xab\xcd\x00\x00"[:size]))
    packet[0] |= 0x10
    with pytest.raises(MalformedPacketError, match="extension"):
        RtpPacket.parse(bytes(packet))


@pytest.mark.rule("T-014", "T-041")
def test_other_payload_types_are_ignored():
    # "A receiver MUST ignore packets with payload types that it does not understand."
    packets = frame()
    others = [with_header(packet, payload_type=27) for packet in packets]
    mixed = [packet for pair in zip(others, packets, strict=True) for packet in pair]
    outcome = receive(mixed)
    assert shown(outcome) == [0]
    assert len(outcome.rejected) == len(others)
    viewer = Viewer()
    viewer.take(mixed)
    assert shown(viewer.outcome) == [0]
    dynamic = [with_header(packet, payload_type=96) for packet in packets]
    assert not receive(dynamic).frames
    assert shown(receive(dynamic, payload_type=96)) == [0]
