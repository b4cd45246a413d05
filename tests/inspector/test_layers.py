"""The scapy layers: each header read both ways, every truncation, what stands behind what, what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scapy.config import conf
from scapy.layers.inet import UDP
from scapy.packet import Packet, Padding, Raw, fuzz

from conformance.builders import main, restart, rtp, table_header
from rtpjpeg import MalformedPacketError
from rtpjpeg.inspector.layers import (
    RTP,
    RTPJPEG,
    RTPExtension,
    RTPJPEGQuantization,
    RTPJPEGRestart,
    bind,
    bind_port,
)
from rtpjpeg.payload import JpegPayload

TABLES = bytes(range(1, 129))


def values(*numbers: Any, of: type[Packet]) -> dict[str, Any]:
    """The fields of a layer by name, in their order."""
    return dict(zip((field.name for field in of.fields_desc), numbers, strict=True))


HEADERS = {
    "the smallest": ("00 000000 00 01 00 00", RTPJPEG, (0, 0, 0, 1, 0, 0)),
    "a first packet": ("00 000000 01 4B 50 3C", RTPJPEG, (0, 0, 1, 75, 640, 480)),
    "a later packet": ("00 000578 01 4B 50 3C", RTPJPEG, (0, 1400, 1, 75, 640, 480)),
    "a field": ("02 010000 41 FF FF FF", RTPJPEG, (2, 65536, 65, 255, 2040, 2040)),
    "the largest": ("FF FFFFFF FF FF FF FF", RTPJPEG, (255, 0xFFFFFF, 255, 255, 2040, 2040)),
    "unaligned": ("0004 FFFF", RTPJPEGRestart, (4, 1, 1, 0x3FFF)),
    "first of a chunk": ("0028 8007", RTPJPEGRestart, (40, 1, 0, 7)),
    "inside a chunk": ("0028 0007", RTPJPEGRestart, (40, 0, 0, 7)),
    "last of a chunk": ("0028 4007", RTPJPEGRestart, (40, 0, 1, 7)),
    "the largest restart": ("FFFF FFFE", RTPJPEGRestart, (0xFFFF, 1, 1, 0x3FFE)),
    "interval 0": ("0000 0000", RTPJPEGRestart, (0, 0, 0, 0)),
    "no tables": ("00 00 0000", RTPJPEGQuantization, (0, 0, 0, b"")),
    "two bytes": ("00 00 0002 0102", RTPJPEGQuantization, (0, 0, 2, b"\1\2")),
    "two tables": ("00 00 0080" + "11" * 128, RTPJPEGQuantization, (0, 0, 128, b"\x11" * 128)),
    "16 bits": ("00 03 0100" + "11" * 256, RTPJPEGQuantization, (0, 3, 256, b"\x11" * 256)),
    "MBZ is not 0": ("07 01 0001 05", RTPJPEGQuantization, (7, 1, 1, b"\5")),
}
each_header = pytest.mark.parametrize(("text", "layer", "numbers"), HEADERS.values(), ids=HEADERS)


@each_header
def test_a_header_is_read(text: str, layer: type[Packet], numbers: tuple[Any, ...]) -> None:
    data = bytes.fromhex(text)
    packet = layer(data)
    assert packet.fields == values(*numbers, of=layer)
    assert bytes(packet) == data


@each_header
def test_a_header_is_built(text: str, layer: type[Packet], numbers: tuple[Any, ...]) -> None:
    assert bytes(layer(**values(*numbers, of=layer))) == bytes.fromhex(text)


@each_header
def test_a_header_cut_short_is_refused_with_the_sentence(
    text: str, layer: type[Packet], numbers: tuple[Any, ...]
) -> None:
    data = bytes.fromhex(text)
    for size in range(1, len(data)):
        with pytest.raises(MalformedPacketError, match="RFC 2435 section 3.1"):
            layer(data[:size])


STACKS = {
    "type 1, Q 75": (main(), [RTPJPEG, Raw]),
    "type 65": (main(type=65) + restart(4), [RTPJPEG, RTPJPEGRestart, Raw]),
    "Q 255": (main(q=255) + table_header(TABLES), [RTPJPEG, RTPJPEGQuantization, Raw]),
    "no tables in a later packet": (main(900, q=255), [RTPJPEG, Raw]),
    "all headers": (
        main(type=64, q=128) + restart(4) + table_header(TABLES),
        [RTPJPEG, RTPJPEGRestart, RTPJPEGQuantization, Raw],
    ),
    "tables of length 0": (main(q=128) + table_header(b""), [RTPJPEG, RTPJPEGQuantization, Raw]),
    "restart, later packet": (main(900, type=127, q=255) + restart(4), [RTPJPEG, RTPJPEGRestart, Raw]),
    "type 128 has no restart header": (main(type=128), [RTPJPEG, Raw]),
    "Q 127 has no tables": (main(q=127), [RTPJPEG, Raw]),
}


@pytest.mark.parametrize(("headers", "layers"), STACKS.values(), ids=STACKS)
def test_type_and_q_say_which_headers_follow(headers: bytes, layers: list[type[Packet]]) -> None:
    data = rtp(headers + b"scan")
    packet = RTP(data)
    assert packet.layers() == [RTP, *layers]
    assert packet.load == b"scan"
    assert bytes(packet) == data
    assert RTP(rtp(headers)).layers() == [RTP, *layers[:-1]]


@pytest.mark.parametrize(("headers", "layers"), STACKS.values(), ids=STACKS)
def test_every_truncation_is_read_and_written_back(headers: bytes, layers: list[type[Packet]]) -> None:
    data = rtp(headers + b"scan")
    for size in range(12, len(data)):
        packet = RTP(data[:size])
        assert bytes(packet) == data[:size]
        assert (packet.layers()[1 : len(layers)] == layers[:-1]) is _is_whole(data[12:size])


def _is_whole(payload: bytes) -> bool:
    try:
        JpegPayload.parse(payload)
    except MalformedPacketError:
        return False
    return True


def test_what_cannot_be_read_is_raw_and_raised_where_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = rtp(main(q=255) + table_header(TABLES, length=999) + b"scan")
    assert RTP(data).layers() == [RTP, RTPJPEG, Raw]
    assert bytes(RTP(data)) == data
    monkeypatch.setattr(conf, "debug_dissector", True)
    with pytest.raises(MalformedPacketError, match="length: found 999, expected at most 132 bytes here"):
        RTP(data)


def test_all_headers_are_built_from_values() -> None:
    packet = (
        RTP(sequence=1, timestamp=9000, sourcesync=0x1234ABCD)
        / RTPJPEG(type=65, q=255, width=64, height=48)
        / RTPJPEGRestart(restart_interval=40, first=1, last=0, restart_count=7)
        / RTPJPEGQuantization(tables=TABLES)
        / b"scan"
    )
    headers = main(type=65, q=255) + restart(40, (1, 0, 7)) + table_header(TABLES)
    assert bytes(packet) == rtp(headers + b"scan")


def test_the_length_of_tables_is_counted_until_it_is_set() -> None:
    header = RTPJPEGQuantization(tables=TABLES, mbz=3, precision=2)
    assert header.length is None
    assert bytes(header) == table_header(TABLES, mbz=3, precision=2)
    for length in (0, 1, 0xFFFF):
        header.length = length
        assert bytes(header) == table_header(TABLES, mbz=3, precision=2, length=length)


def test_a_packet_that_was_read_can_be_changed() -> None:
    packet = RTP(rtp(main(q=255) + table_header(TABLES) + b"scan"))
    packet[RTPJPEG].width = 1280
    packet[RTPJPEGQuantization].tables = TABLES[:64]
    packet[RTPJPEGQuantization].length = None
    assert bytes(packet) == rtp(main(q=255, width=1280) + table_header(TABLES[:64]) + b"scan")


def test_a_size_between_two_blocks_is_rounded_up() -> None:
    packet = RTPJPEG(bytes(RTPJPEG(width=641, height=1)))
    assert (packet.width, packet.height) == (648, 8)


@pytest.mark.parametrize(
    ("layer", "field", "largest"),
    [
        (RTPJPEG, "type_specific", 255),
        (RTPJPEG, "fragment_offset", 0xFFFFFF),
        (RTPJPEG, "type", 255),
        (RTPJPEG, "q", 255),
        (RTPJPEG, "width", 2040),
        (RTPJPEG, "height", 2040),
        (RTPJPEGRestart, "restart_interval", 0xFFFF),
        (RTPJPEGRestart, "first", 1),
        (RTPJPEGRestart, "last", 1),
        (RTPJPEGRestart, "restart_count", 0x3FFF),
        (RTPJPEGQuantization, "mbz", 255),
        (RTPJPEGQuantization, "precision", 255),
        (RTPJPEGQuantization, "length", 0xFFFF),
    ],
)
def test_a_value_that_its_field_cannot_carry_is_refused(
    layer: type[Packet], field: str, largest: int
) -> None:
    assert layer(bytes(layer(**{field: largest}))[: 8 if layer is RTPJPEG else 4] + bytes(largest))
    for value in (-1, largest + 1):
        with pytest.raises(MalformedPacketError) as caught:
            bytes(layer(**{field: value}))
        told = f"{field}: found {value}, expected 0 to {largest} (RFC 2435 section 3.1)"
        assert str(caught.value) == told


def test_padding_is_cut_off_the_scan() -> None:
    for extension in (None, bytes(8)):
        data = rtp(main() + b"scan", padding=5, extension=extension)
        packet = RTP(data)
        assert packet[Raw].load == b"scan"
        assert packet[Padding].load == b"\0\0\0\0\5"
        assert bytes(packet) == data


@pytest.mark.parametrize("count", [0, 5, 255])
def test_a_padding_count_that_is_impossible_cuts_nothing(count: int) -> None:
    data = bytearray(rtp(main() + b"sca" + bytes([count])))
    data[0] |= 0x20
    packet = RTP(bytes(data))
    assert packet.layers() == [RTP, RTPJPEG, Raw]
    assert bytes(packet) == data


def test_a_header_extension_hides_nothing_and_turns_nothing_else_into_jpeg() -> None:
    data = rtp(main(type=65) + restart(4) + b"scan", extension=bytes(8), csrcs=(1, 2))
    assert RTP(data).layers() == [RTP, RTPExtension, RTPJPEG, RTPJPEGRestart, Raw]
    assert bytes(RTP(data)) == data
    other = rtp(main() + b"scan", extension=bytes(8), payload_type=97)
    assert RTP(other).layers() == [RTP, RTPExtension, Raw]
    assert RTPExtension(bytes(4) + main()).layers() == [RTPExtension, Raw]


@pytest.fixture
def bindings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is bound in a test is bound in no other."""
    monkeypatch.setattr(RTP, "payload_guess", list(RTP.payload_guess))
    monkeypatch.setattr(UDP, "payload_guess", list(UDP.payload_guess))
    yield


@pytest.mark.usefixtures("bindings")
def test_another_payload_type_is_bound_for_reading_only() -> None:
    plain, extended = (rtp(main() + b"scan", payload_type=97, extension=it) for it in (None, bytes(4)))
    assert RTPJPEG not in RTP(plain)
    bind(97)
    count = len(RTP.payload_guess)
    bind(97)
    assert len(RTP.payload_guess) == count
    assert RTP(plain).layers() == [RTP, RTPJPEG, Raw]
    assert RTP(extended).layers() == [RTP, RTPExtension, RTPJPEG, Raw]
    assert (RTP() / RTPJPEG()).payload_type == 26


@pytest.mark.usefixtures("bindings")
def test_a_port_is_bound() -> None:
    data = bytes(UDP(sport=40000, dport=5004) / RTP() / RTPJPEG() / b"scan")
    assert RTP not in UDP(data)
    bind_port(5004)
    count = len(UDP.payload_guess)
    bind_port(5004)
    assert len(UDP.payload_guess) == count
    assert UDP(data).layers() == [UDP, RTP, RTPJPEG, Raw]
    assert bytes(UDP(data)) == data


def test_show_names_every_field() -> None:
    headers = main(900, type=65, q=255) + restart(40, (1, 0, 7))
    shown = RTP(rtp(headers)).show(dump=True)
    lines = {line.strip().replace(" ", "") for line in shown.splitlines()}
    assert {
        *("type_specific=0", "fragment_offset=900", "type=65(4:2:0,restartmarkers)", "q=255", "width=64"),
        *("height=48", "restart_interval=40", "first=1", "last=0", "restart_count=7"),
    } <= lines
    tables = RTP(rtp(main(q=255) + table_header(b"\1\xab")))[RTPJPEGQuantization].show(dump=True)
    lines = {line.strip().replace(" ", "") for line in tables.splitlines()}
    assert {"mbz=0", "precision=0", "length=2", "tables=01ab"} <= lines


def test_a_summary_is_one_line() -> None:
    headers = main(type=65, q=255) + restart(40, (1, 0, 7)) + table_header(TABLES)
    assert RTP(rtp(headers + b"scan")).summary() == (
        "RTP / RTPJPEG type 65 (4:2:0, restart markers) Q 255 64x48 offset 0"
        " / restart every 40 MCUs F1 L0 count 7 / tables 128 bytes precision 0 / Raw"
    )
    assert RTPJPEG(main(type=9)).summary() == "RTPJPEG type 9 Q 75 64x48 offset 0"


def test_scapys_own_ways_to_write_values_work() -> None:
    assert RTPJPEG(type="64 (4:2:2, restart markers)").type == 64
    assert [RTPJPEG(bytes(one)).q for one in RTPJPEG(q=[1, 2], type=(0, 1))] == [1, 1, 2, 2]
    assert RTPJPEG(type=[0, 1]).summary().startswith("RTPJPEG type ")
    packet = RTP() / RTPJPEG(type=65) / RTPJPEGRestart() / b"scan"
    assert packet.copy() == packet
    assert eval(packet.command()) == packet  # what scapy prints makes the packet again


def test_fuzzed_layers_are_built_and_read_back() -> None:
    for _ in range(200):
        data = bytes(RTP() / fuzz(RTPJPEG()) / fuzz(RTPJPEGRestart()) / fuzz(RTPJPEGQuantization()))
        assert bytes(RTP(data)) == data
