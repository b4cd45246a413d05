"""An RTCP compound in one line: who sent what, who left, and what receivers say of a stream."""

from __future__ import annotations

from ..errors import MalformedPacketError
from ..feedback import GENERIC_NACK, RTPFB, GenericNack
from ..receiver.words import share_text
from ..reportpackets import ReceiverReport, ReportBlock, SenderReport
from ..rtcp import App, Bye, OtherPacket, Packet, SourceDescription, parse_compound
from .output.words import clean, ssrc_text

ITEMS = {1: "CNAME", 2: "NAME", 3: "EMAIL", 4: "PHONE", 5: "LOC", 6: "TOOL", 7: "NOTE", 8: "PRIV"}
"""RFC 3550 section 6.5."""
OTHERS = {205: "RTPFB", 206: "PSFB", 207: "XR"}
"""RFC 4585 section 6.1, RFC 3611 section 2."""

LISTED = 20
"""Sequence numbers of a NACK that are named."""


def compound_text(data: bytes) -> str:
    """Return the packets of an RTCP datagram, or what is malformed in it, as one line."""
    try:
        return "; ".join(_packet_text(packet) for packet in parse_compound(data))
    except MalformedPacketError as error:
        return f"malformed: {error}"


def _packet_text(packet: Packet) -> str:
    if isinstance(packet, SenderReport):
        return _sender_text(packet) + _blocks_text(packet.blocks)
    if isinstance(packet, ReceiverReport):
        return f"RR {ssrc_text(packet.ssrc)}" + _blocks_text(packet.blocks)
    if isinstance(packet, SourceDescription):
        return _description_text(packet)
    if isinstance(packet, Bye):
        return _bye_text(packet)
    if isinstance(packet, App):
        name = clean(packet.name.decode("ascii", "replace"))
        return f"APP {ssrc_text(packet.ssrc)} {name}, {len(packet.data)} bytes"
    return _other_text(packet)


def _sender_text(packet: SenderReport) -> str:
    # The seconds since 1900 that Wireshark shows as "MSW" and "LSW"; 1/2^32 s is more than anybody reads.
    ntp = f"ntp {packet.ntp_timestamp / (1 << 32):.6f} ts {packet.rtp_timestamp}"
    return f"SR {ssrc_text(packet.ssrc)} {ntp} packets {packet.packet_count} octets {packet.octet_count}"


def _blocks_text(blocks: tuple[ReportBlock, ...]) -> str:
    return "".join(
        f", of {ssrc_text(block.ssrc)} lost {block.cumulative_lost} ({share_text(block.fraction_lost / 256)})"
        f" jitter {block.jitter} highest seq {block.highest_sequence_number & 0xFFFF}"
        for block in blocks
    )


def _description_text(packet: SourceDescription) -> str:
    chunks = []
    for chunk in packet.chunks:
        items = (f" {ITEMS.get(item.type, f'item {item.type}')} {clean(item.text)}" for item in chunk.items)
        chunks.append(ssrc_text(chunk.ssrc) + "".join(items))
    return " ".join(["SDES", ", ".join(chunks)]).rstrip()


def _bye_text(packet: Bye) -> str:
    words = ["BYE", *map(ssrc_text, packet.ssrcs)]
    if packet.reason is not None:
        words.append(clean(packet.reason.decode("utf-8", "replace")))
    return " ".join(words)


def _other_text(packet: OtherPacket) -> str:
    if (packet.packet_type, packet.count) == (RTPFB, GENERIC_NACK):
        return _nack_text(GenericNack.parse(packet))
    name = OTHERS.get(packet.packet_type, f"packet type {packet.packet_type}")
    return f"{name} format {packet.count}, {len(packet.body)} bytes"


def _nack_text(nack: GenericNack) -> str:
    numbers = " ".join(map(str, nack.lost[:LISTED]))
    if len(nack.lost) > LISTED:
        numbers += f" and {len(nack.lost) - LISTED} more"
    return f"NACK {ssrc_text(nack.ssrc)}, of {ssrc_text(nack.media_ssrc)} seq {numbers}"
