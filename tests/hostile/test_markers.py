"""Markers where none may stand, and the ends of scans: what is shown is what an encoder made."""

from __future__ import annotations

from functools import cache

import pytest
import simplejpeg

from conformance.builders import fragment, read
from conformance.pictures import filler, intervals_of, scan_of, take_apart
from conformance.running import Outcome, receive
from hostile.stage import EOI, camera, file
from rtpjpeg.concealment import grey_interval

TYPES = [0, 1, 64, 65]
RESTARTS = [bytes((0xFF, 0xD0 + number)) for number in range(8)]
FOREIGN = [bytes((0xFF, code)) for code in (0x01, 0xC0, 0xC4, 0xD8, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE)]


@cache
def sent(type: int) -> tuple[list[bytes], list[bytes]]:
    """Two frames: the first as it is, and the second, whose packets are going to be changed."""
    one, two = camera(type, 2)
    return one, two


def data_start(packet: bytes) -> int:
    return len(packet) - len(read(packet).data)


def injected(packet: bytes, where: int, marker: bytes) -> bytes:
    """The packet with a marker over two bytes of its data."""
    start = data_start(packet)
    at = start + where * (len(packet) - start - 2) // 2
    return packet[:at] + marker + packet[at + 2 :]


def judged(type: int, outcome: Outcome, place: int, marker: bytes) -> None:
    """The first frame is whole; of the second all is shown but what the changed packet brought."""
    first, *second = outcome.frames
    assert scan_of(first.jpeg) == scan_of(file(type, 0))
    if type < 64:
        assert second == []
        return
    (frame,) = second
    simplejpeg.decode_jpeg(frame.jpeg, strict=True)
    made, old, new = (intervals_of(scan_of(made)) for made in (frame.jpeg, file(type, 0), file(type, 1)))
    came = read(sent(type)[1][place]).chunk.count
    for index, piece in enumerate(made):
        assert piece in (old[index], new[index]), f"interval {index} holds what nobody encoded"
    kept = [index for index, piece in enumerate(made) if piece == new[index]]
    others = {read(packet).chunk.count for packet in sent(type)[1]} - {came}
    assert others <= set(kept), "the chunks of other packets are kept"
    assert frame.concealed and len(kept) < len(made)


@pytest.mark.rule("J-051", "J-074", "J-082")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("marker", FOREIGN, ids=bytes.hex)
def test_a_foreign_marker_is_never_shown(type, marker):
    """In every packet, at its front, middle and end: the packet is not used, and other intervals are kept."""
    one, two = sent(type)
    for place in range(len(two)):
        for where in range(3):
            if type >= 64 and place and where == 0:
                continue  # There stands the marker of the interval: the next test.
            changed = [*two[:place], injected(two[place], where, marker), *two[place + 1 :]]
            judged(type, receive([*one, *changed]), place, marker)


@pytest.mark.rule("J-051", "J-083", "J-124")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("marker", RESTARTS, ids=bytes.hex)
def test_a_restart_marker_too_many_is_never_shown(type, marker):
    """More than ceil(MCU/R) - 1 of them, also where its number is the next one."""
    one, two = sent(type)
    for place in range(len(two)):
        before = read(two[place]).data
        for where in range(3):
            packet = injected(two[place], where, marker)
            if packet == two[place] or (type >= 64 and before[:2] == marker == read(packet).data[:2]):
                continue
            if type >= 64 and (where == 2 or (place and where == 0)):
                continue  # An end without data is that of a sender that cuts behind its markers.
            judged(type, receive([*one, *two[:place], packet, *two[place + 1 :]]), place, marker)


@pytest.mark.rule("J-051")
@pytest.mark.parametrize("type", [64, 65])
def test_a_marker_with_a_wrong_number_in_front_is_never_shown(type):
    one, two = sent(type)
    for place in range(1, len(two)):
        for marker in (*RESTARTS, *FOREIGN):
            if not read(two[place]).data.startswith(marker):
                packet = injected(two[place], 0, marker)
                judged(type, receive([*one, *two[:place], packet, *two[place + 1 :]]), place, marker)


@pytest.mark.rule("J-051", "J-077")
@pytest.mark.parametrize("type", TYPES)
def test_an_end_of_image_in_the_middle_ends_what_is_shown(type):
    """What follows EOI is cut, so no marker behind it is shown; an interval that it cuts is not used."""
    one, two = sent(type)
    last = read(two[-1]).chunk
    for place in range(len(two) - 1):
        if last is not None and read(two[place]).chunk.count == last.count:
            continue  # Behind the last interval anything may follow EOI.
        packet = injected(two[place], 1, EOI)
        outcome = receive([*one, *two[:place], packet, *two[place + 1 :]])
        if type >= 64:
            judged(type, outcome, place, EOI)
            continue
        for frame in outcome.frames[1:]:
            scan = scan_of(frame.jpeg)
            assert scan.index(EOI) == len(scan) - 2
            assert scan_of(file(type, 1)).startswith(scan[:-2])


@pytest.mark.rule("J-051", "J-106")
@pytest.mark.parametrize("type", [64, 65])
def test_markers_in_every_packet_leave_the_picture_before(type):
    one, two = sent(type)
    outcome = receive([*one, *(injected(packet, 1, b"\xff\xc4") for packet in two)])
    assert [scan_of(frame.jpeg) for frame in outcome.frames] == [scan_of(file(type, 0))]
    assert "no whole restart interval came" in outcome.complaints


@pytest.mark.parametrize("type", [64, 65])
def test_a_damaged_first_frame_is_grey_where_it_is_damaged(type):
    _, two = sent(type)
    (frame,) = receive([injected(two[0], 1, b"\xff\xc4"), *two[1:]]).frames
    simplejpeg.decode_jpeg(frame.jpeg, strict=True)
    assert intervals_of(scan_of(frame.jpeg))[0] == grey_interval(type, 2)


# how a scan ends on the wire, how it ends in the file
ENDINGS = {
    "D9 without FF": (b"\x12\xd9", b"\x12\xd9\xff\xd9"),
    "D9 behind a stuffed FF": (b"\xff\x00\xd9", b"\xff\x00\xd9\xff\xd9"),
    "FF without D9": (b"\x12\xff", b"\x12\xff\xd9"),
    "FF FF": (b"\x12\xff\xff", b"\x12\xff\xd9"),
    "stuffed FF": (b"\x12\xff\x00", b"\x12\xff\x00\xff\xd9"),
    "neither": (b"\x12\x34", b"\x12\x34\xff\xd9"),
    "EOI": (b"\x12\xff\xd9", b"\x12\xff\xd9"),
    "fill and EOI": (b"\x12\xff\xff\xd9", b"\x12\xff\xd9"),
    "EOI twice": (b"\x12\xff\xd9\xff\xd9", b"\x12\xff\xd9"),
    "00 D9": (b"\x12\x00\xd9", b"\x12\x00\xd9\xff\xd9"),
}


@pytest.mark.rule("J-075", "J-076")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", ENDINGS)
def test_every_scan_gets_its_end(type, name):
    """The packets are cut at every place near the end, so FF | D9 stands across a boundary too."""
    ending, expected = ENDINGS[name]
    body = filler(400, ending=b"")
    if type & 64:
        body = b"".join((RESTARTS[index - 1] if index else b"") + body[:100] for index in range(4))
    scan = body + ending
    for size in range(len(scan) - 8, len(scan) + 1):
        mcus = 12 if type & 1 else 24
        packets = fragment(scan, type=type, interval=mcus // 4, size=size)
        (frame,) = receive(packets).frames
        assert scan_of(frame.jpeg) == body + expected, f"cut at {size} of {len(scan)}"
        assert take_apart(frame.jpeg).scan.count(EOI) == 1
