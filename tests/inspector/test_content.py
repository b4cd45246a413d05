"""What is inside a frame: each wrong thing by its rule alone, and nothing where nothing is wrong."""

from __future__ import annotations

import io
import random
import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import photographs
from conformance.builders import SSRC, chunked, fragment, main, rtp, table_header
from conformance.pictures import (
    SOF0,
    eight_bit,
    intervals_of,
    jpeg,
    pillow,
    pixels,
    same_pixels,
    scan_of,
    take_apart,
)
from fuzz.mutations import real_frames
from rtpjpeg import Packetizer
from rtpjpeg.inspector.content import CLOSE_LOOKS, MARKS, Examined, Examiner, FramePackets
from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.inside import trial
from rtpjpeg.inspector.rules import load_rules
from rtpjpeg.inspector.tables import TableRules
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.rtp import RtpPacket

FIXTURES = Path(__file__).parents[2] / "fixtures"
TYPES = [0, 1, 64, 65]
EOI = b"\xff\xd9"
OWN = eight_bit(jpeg(quality=92, chroma_quality=60))
Told = dict[str, tuple[int, str]]


class Bench:
    """An examiner with its findings."""

    def __init__(self, tables: dict[int, bytes] | None = None, first: int = 100) -> None:
        self.findings = Findings()
        self.examiner = Examiner(self.findings, {} if tables is None else tables)
        self.number = first

    def examine(self, packets: list[bytes], whole: bool = True, decode: bool = True) -> Examined:
        numbers = list(range(self.number, self.number + len(packets)))
        self.number += len(packets)
        return self.examiner.examine(FramePackets(SSRC, packets, numbers, whole), decode)

    @property
    def told(self) -> Told:
        """First packet and words of each rule."""
        return {found.rule.id: (found.first_packet, found.found) for found in self.findings.listed()}


def examine(packets: list[bytes], whole: bool = True, decode: bool = True) -> tuple[Told, Examined]:
    bench = Bench()
    made = bench.examine(packets, whole, decode)
    return bench.told, made


def only(told: Told, rule: str) -> str:
    """The words of the one rule that was told."""
    assert list(told) == [rule], told
    return told[rule][1]


def file_in_packets(file: bytes, type: int = 1, q: int = 75, **options: int) -> list[bytes]:
    return fragment(file, type=type, q=q, **options)


# -- nothing is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("ending", [b"", b"\xff\xff\xd9", EOI + bytes(50), EOI + jpeg(), EOI + EOI])
def test_a_scan_may_end_in_many_ways(type: int, ending: bytes) -> None:
    file = jpeg(type)
    told, made = examine(fragment(scan_of(file)[:-2] + ending, type=type, interval=4))
    assert (told, made.flaws, made.mark) == ({}, [], "")
    assert made.jpeg is not None and same_pixels(made.jpeg, file)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("padding", [bytes(40), b"\x55" * 40, b"\xff" * 40])
def test_padding_behind_a_scan_without_eoi_is_nothing(type: int, padding: bytes) -> None:
    told, made = examine(fragment(scan_of(jpeg(type))[:-2] + padding, type=type, interval=4))
    assert (told, made.flaws) == ({}, [])


def test_fill_bytes_in_front_of_markers_are_nothing() -> None:
    pieces = [piece.ljust(400, b"\xff") for piece in intervals_of(scan_of(jpeg(65)))[:-1]]
    pieces.append(intervals_of(scan_of(jpeg(65)))[-1])
    told, made = examine(chunked([((1, 1, count), data) for count, data in enumerate(pieces)], interval=4))
    assert (told, made.flaws) == ({}, [])
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(65))


@pytest.mark.parametrize("interval", [12, 100])
def test_an_interval_as_long_as_the_picture_needs_no_marker(interval: int) -> None:
    assert examine(fragment(scan_of(jpeg(1)), type=65, interval=interval))[0] == {}


def test_a_field_of_interlaced_video_is_nothing() -> None:
    assert examine(fragment(scan_of(jpeg(1)), type_specific=2))[0] == {}


def test_a_size_that_is_rounded_up_is_nothing() -> None:
    file = pillow(width=60, height=44, subsampling="4:2:0")
    assert examine(fragment(scan_of(file), q=255, tables=eight_bit(file)))[0] == {}


def test_what_the_headers_get_wrong_is_told_by_others() -> None:
    """Reserved Q, interval 0, offsets that count headers, a packet of another type in between."""
    scan = scan_of(jpeg(1))
    assert examine(fragment(scan, q=100))[0] == {}
    assert examine(fragment(scan_of(jpeg(65)), type=65, interval=0))[0] == {}
    counting = [
        rtp(main(400 * index + 8 * index) + scan[400 * index : 400 * index + 400], sequence=index)
        for index in range(-(-len(scan) // 400))
    ]
    told, made = examine(counting)
    assert told == {} and made.jpeg is not None and same_pixels(made.jpeg, jpeg(1))
    packets = fragment(scan)
    packets[1] = packets[1][:16] + b"\0" + packets[1][17:]
    assert examine(packets)[0] == {}
    assert examine(fragment(scan, type=9))[0] == {} and examine(fragment(scan, width=0))[0] == {}


def test_gaps_between_offsets_cost_the_judgement_and_not_the_picture() -> None:
    packets = [
        packet[:13] + struct.pack(">I", int.from_bytes(packet[13:16], "big") + 50 * index)[1:] + packet[16:]
        for index, packet in enumerate(fragment(scan_of(jpeg(1))))
    ]
    told, made = examine(packets)
    assert told == {} and made.flaws == ["the data was joined in the order of the packets"]
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(1))


@pytest.mark.parametrize("path", sorted((FIXTURES / "captures").glob("*.pcap")), ids=lambda path: path.stem)
def test_captures_of_real_senders_give_nothing(path: Path) -> None:
    findings = Findings()
    frames: dict[tuple[int, int], dict[int, tuple[bytes, int]]] = {}
    for number, (_, _, _, data) in enumerate(read_datagrams(path), 1):
        packet = RtpPacket.parse(data)
        frames.setdefault((packet.ssrc, packet.timestamp), {})[packet.sequence_number] = data, number
    rules, examiner = None, None
    for (ssrc, _), packets in frames.items():
        rules = rules or TableRules(findings, ssrc)
        examiner = examiner or Examiner(findings, rules.tables)
        first = next(iter(packets))
        order = sorted(packets, key=lambda number: number - first + 0x8000 & 0xFFFF)
        datagrams = [packets[number][0] for number in order]
        steps = {two - one & 0xFFFF for one, two in pairwise(order)}
        payload = RtpPacket.parse(datagrams[0]).payload
        begun, ended = payload[1:4] == bytes(3), RtpPacket.parse(datagrams[-1]).marker
        if begun and payload[5] >= 128:
            rules.check(payload, packets[order[0]][1])
        whole = steps <= {1} and begun and ended
        frame = FramePackets(ssrc, datagrams, [packets[number][1] for number in order], whole)
        made = examiner.examine(frame, True)
        assert made.mark == ("" if whole else "incomplete")
        assert (made.jpeg is not None) or not begun
    assert findings.listed() == []


@given(
    type_=st.sampled_from(TYPES),
    width=st.integers(1, 24).map(lambda units: 8 * units),
    height=st.integers(1, 20).map(lambda units: 8 * units),
    quality=st.sampled_from([1, 10, 50, 85, 99, 100]),
    interval=st.integers(1, 40),
    aligned=st.booleans(),
    fill=st.booleans(),
    chroma=st.sampled_from([None, 40]),
)
def test_frames_of_our_own_packetizer_give_nothing(
    type_: int, width: int, height: int, quality: int, interval: int, aligned: bool, fill: bool, chroma: int
) -> None:
    file = jpeg(type_, quality=quality, chroma_quality=chroma, width=width, height=height, interval=interval)
    packets = list(Packetizer(mtu=500, ssrc=SSRC, aligned=aligned, fill=fill).packetize(file, 0))
    told, made = examine(packets)
    assert (told, made.flaws) == ({}, [])
    assert made.jpeg is not None and same_pixels(made.jpeg, file)


# -- a JPEG file as payload -------------------------------------------------------------------------


@pytest.mark.parametrize("type", [0, 1])
@pytest.mark.parametrize("front", [b"", table_header(OWN)])
def test_a_whole_file_is_told_and_handed_out_as_it_is(type: int, front: bytes) -> None:
    file = jpeg(type) + b"padding"
    packets = fragment(file, type=type, q=255 if front else 75, tables=OWN)
    told, made = examine(packets)
    assert only(told, "J-074") == f"a JPEG file, FF D8 at its first byte, in {len(packets)} packets"
    assert told["J-074"][0] == 100 and (made.jpeg, made.mark) == (file, "whole-file")


def test_a_file_behind_q_128_without_table_header_is_handed_out_too() -> None:
    told, made = examine(fragment(jpeg(), q=128))
    assert made.jpeg == jpeg() and list(told) == ["J-074"]


@pytest.mark.parametrize("decode", [True, False])
def test_the_files_of_the_original_project_come_out_byte_for_byte(decode: bool) -> None:
    sent = photographs.video("coffee", 1, 75, 320, 240, 3)
    datagrams = [data for *_, data in read_datagrams(FIXTURES / "packets" / "whole-jpeg-file.pcap")]
    frames: dict[bytes, list[bytes]] = {}
    for data in datagrams:
        frames.setdefault(data[4:8], []).append(data)
    examiner = Examiner(Findings(), {})
    made = [
        examiner.examine(FramePackets(0x12345678, packets, list(range(len(packets))), True), decode).jpeg
        for packets in frames.values()
    ]
    assert made == sent


def test_headers_without_soi_are_a_file_too() -> None:
    told, made = examine(fragment(jpeg()[2:]))
    assert only(told, "J-074") == "the headers of a JPEG file: APP0 at its first byte"
    assert made.jpeg == jpeg()


def test_the_type_of_a_file_is_held_against_its_sampling() -> None:
    told, _ = examine(file_in_packets(jpeg(1), type=0))
    assert list(told) == ["J-022", "J-074"] and told["J-022"][1] == "type 0, and a file of 4:2:0"
    told, _ = examine(file_in_packets(pillow(subsampling="4:4:4"), type=1))
    assert told["J-022"][1] == "type 1, and a file of sampling 1x1, 1x1, 1x1"
    assert examine(file_in_packets(pillow("L"), type=1))[0]["J-022"][1] == "type 1, and a file of greyscale"


def test_the_size_of_a_file_is_held_against_the_header() -> None:
    file = pillow(width=60, height=44, subsampling="4:2:0")
    assert list(examine(file_in_packets(file, width=64, height=48))[0]) == ["J-074"]
    told, _ = examine(file_in_packets(file, width=56, height=40))
    assert told["J-033"][1] == "56x40, and a file of 60x44"
    assert "J-033" not in examine(file_in_packets(file, width=0, height=0))[0]


@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}])
def test_a_file_that_cannot_be_sent_at_all_is_told(options: dict[str, bool]) -> None:
    told, made = examine(file_in_packets(pillow(subsampling="4:2:0", **options)))
    assert list(told) == ["J-074", "J-088"] and made.jpeg == pillow(subsampling="4:2:0", **options)


def test_a_file_that_is_cut_is_told_as_far_as_it_goes() -> None:
    told, made = examine(fragment(jpeg()[:100]))
    assert list(told) == ["J-074"] and "does not decode" in made.flaws[1]


def test_a_file_with_a_hole_is_told_and_ends_there() -> None:
    packets = fragment(jpeg(quality=95))
    told, made = examine([*packets[:3], *packets[4:]], whole=False)
    assert list(told) == ["J-074"] and made.mark == "incomplete"
    assert made.jpeg == jpeg(quality=95)[:1200] + EOI
    assert made.flaws[1] == "1 packet lost, the picture ends at the hole"


def test_a_file_that_says_it_is_a_giant_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = struct.pack(">BHH", 8, 60000, 60000) + take_apart(jpeg()).contents(SOF0)[0][5:]
    giant = jpeg().replace(take_apart(jpeg()).contents(SOF0)[0], content)
    monkeypatch.setattr(trial, "_decoder", lambda: pytest.fail)
    assert list(examine(file_in_packets(giant), decode=False)[0]) == ["J-033", "J-074"]


# -- type and size ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("type", "is_"), [(0, "4:2:0"), (1, "4:2:2"), (64, "4:2:0"), (65, "4:2:2")])
def test_type_against_sampling(type: int, is_: str) -> None:
    file = jpeg(type ^ 1)
    told, made = examine(fragment(scan_of(file), type=type, interval=4))
    assert only(told, "J-022") == f"type {type}, and a scan that decodes as {is_}"
    assert made.jpeg is not None and same_pixels(made.jpeg, file) and made.mark == "wrong-type"


@pytest.mark.parametrize("quality", [5, 30, 75])
@pytest.mark.parametrize("name", photographs.PHOTOGRAPHS)
@pytest.mark.parametrize("type", TYPES)
def test_type_against_sampling_of_photographs(name: str, type: int, quality: int) -> None:
    (file,) = photographs.video(name, type ^ 1, quality, 320, 240, 1)
    tables = eight_bit(file)
    packets = fragment(
        scan_of(file), type=type, q=255, tables=tables, width=320, height=240, interval=10, size=1200
    )
    only(examine(packets)[0], "J-022")


@pytest.mark.parametrize("interval", [0, 4, 7])
@pytest.mark.parametrize(("width", "height"), [(72, 60), (76, 44), (76, 52)])
def test_size_rounded_down(width: int, height: int, interval: int) -> None:
    type = 64 if interval else 0
    file = jpeg(type, width=width, height=height, interval=interval)
    down = width // 8 * 8, height // 8 * 8
    told, made = examine(fragment(scan_of(file), type=type, interval=interval, width=down[0], height=down[1]))
    words = only(told, "J-033")
    assert words.startswith(f"{down[0]}x{down[1]}, and a scan of ")
    assert made.jpeg is not None
    better = re.findall(r"(\d+)x(\d+)$", words)[0]
    assert pixels(made.jpeg).shape[1::-1] == (int(better[0]), int(better[1]))


@pytest.mark.parametrize("type", TYPES)
def test_size_of_another_picture(type: int) -> None:
    small = jpeg(type, width=64, height=48)
    told, _ = examine(fragment(scan_of(small), type=type, interval=4, width=128, height=96))
    assert re.fullmatch(r"128x96, which has \d+ MCUs, and a scan of \d+", only(told, "J-033"))
    told, _ = examine(fragment(scan_of(jpeg(type, width=128, height=96)), type=type, interval=4))
    only(told, "J-033")


# -- restart markers --------------------------------------------------------------------------------


def test_restart_type_without_markers() -> None:
    told, made = examine(fragment(scan_of(jpeg(1)), type=65, interval=4))
    assert only(told, "J-023") == "type 65, restart interval 4, and no RST marker"
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(1))


def test_restart_type_without_markers_although_chunks_are_counted() -> None:
    scan = scan_of(jpeg(1))
    pieces = [((1, 1, index), scan[at : at + 400]) for index, at in enumerate(range(0, len(scan), 400))]
    told, made = examine(chunked(pieces, interval=4))
    only(told, "J-023")
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(1))


@pytest.mark.parametrize("type", [0, 1])
@pytest.mark.parametrize("interval", [1, 4, 5, 11])
def test_markers_in_a_type_without_them(type: int, interval: int) -> None:
    file = jpeg(type | 64, interval=interval)
    told, made = examine(fragment(scan_of(file), type=type))
    assert re.fullmatch(rf"\d+ RST markers in type {type}", only(told, "J-082"))
    assert made.jpeg is not None and same_pixels(made.jpeg, file)


@pytest.mark.parametrize("decode", [True, False])
@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("said", [2, 3, 8])
def test_another_interval_than_that_of_the_scan(type: int, said: int, decode: bool) -> None:
    told, made = examine(fragment(scan_of(jpeg(type)), type=type, interval=said), decode=decode)
    assert only(told, "J-078").endswith("they stand 4 MCUs apart")
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(type))


def test_another_interval_with_the_same_number_of_markers() -> None:
    """12 MCUs: intervals of 5 and of 4 both make 3 of them."""
    only(examine(fragment(scan_of(jpeg(65)), type=65, interval=5))[0], "J-078")


def test_an_interval_that_was_left_out() -> None:
    pieces = intervals_of(scan_of(jpeg(65, interval=1)))
    told, _ = examine(fragment(b"".join([*pieces[:3], *pieces[11:]]), type=65, interval=1))
    assert list(told) in (["J-033"], ["J-078"])


def test_markers_out_of_order() -> None:
    scan = scan_of(jpeg(65)).replace(b"\xff\xd1", b"\xff\xd5")
    told, made = examine(fragment(scan, type=65, interval=4))
    assert only(told, "J-079") == "RST5 as marker 2, where RST1 belongs" and made.jpeg is not None
    assert told["J-079"][0] == 100 + scan.index(b"\xff\xd5") // 400


def test_chunks_cut_behind_their_markers() -> None:
    pieces = intervals_of(scan_of(jpeg(65)))
    behind = [
        piece[2 * bool(index) :] + (b"\xff" + bytes([0xD0 + index]) if index < len(pieces) - 1 else b"")
        for index, piece in enumerate(pieces)
    ]
    told, made = examine(chunked([((1, 1, count), data) for count, data in enumerate(behind)], interval=4))
    assert only(told, "J-123") == "a chunk whose RST marker ends the packet before"
    assert told["J-123"][0] == 101 and made.jpeg is not None and same_pixels(made.jpeg, jpeg(65))


def test_chunks_without_their_markers() -> None:
    pieces = intervals_of(scan_of(jpeg(65)))
    bare = [piece[2 * bool(index) :] for index, piece in enumerate(pieces)]
    told, made = examine(chunked([((1, 1, count), data) for count, data in enumerate(bare)], interval=4))
    assert only(told, "J-123") == "a chunk behind the first that begins without RST marker"
    assert told["J-123"][0] == 101 and made.jpeg is not None and same_pixels(made.jpeg, jpeg(65))


def test_an_interval_over_several_packets_is_nothing() -> None:
    pieces = []
    for count, data in enumerate(intervals_of(scan_of(jpeg(65, quality=95)))):
        ends = range(200, len(data), 200)
        parts = [data[at : at + 200] for at in (0, *ends)]
        pieces += [((not i, i == len(parts) - 1, count), part) for i, part in enumerate(parts)]
    assert examine(chunked(pieces, interval=4, q=95))[0] == {}


# -- what else stands in a scan ---------------------------------------------------------------------


def test_a_marker_inside_the_scan() -> None:
    scan = scan_of(jpeg(1, quality=95))
    told, made = examine(fragment(scan[:1000] + b"\xff\xe1" + scan[1000:]))
    assert told == {"J-084": (102, "FF E1 at byte 1000 of the scan")}
    assert made.jpeg is not None and made.jpeg.endswith(scan[990:1000] + EOI)


def test_ff_without_its_zero() -> None:
    (file,) = photographs.video("coffee", 1, 90, 320, 240, 1)
    scan = scan_of(file)[:-2].replace(b"\xff\x00", b"\xff") + EOI
    packets = fragment(scan, q=255, tables=eight_bit(file), width=320, height=240, size=1200)
    assert set(examine(packets)[0]) <= {"J-084", "J-079", "J-082", "J-088"} and examine(packets)[0]


def test_a_progressive_scan_is_told_by_what_stands_between_its_scans() -> None:
    file = pillow(subsampling="4:2:0", progressive=True)
    words = only(examine(fragment(scan_of(file), q=255, tables=eight_bit(file)))[0], "J-084")
    assert words.startswith("FF C4 at byte") and "progressive JPEG" in words


@pytest.mark.parametrize("name", photographs.PHOTOGRAPHS)
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
def test_other_huffman_tables(name: str, subsampling: str) -> None:
    (picture,) = photographs.panned(name, 320, 240, 1)
    file = _optimized(picture, subsampling)
    type = 1 if subsampling == "4:2:0" else 0
    packets = fragment(
        scan_of(file), type=type, q=255, tables=eight_bit(file), width=320, height=240, size=1200
    )
    told, made = examine(packets)
    assert re.fullmatch(r"a scan that breaks off at byte \d+, in MCU \d+ of \d+", only(told, "J-088"))
    assert made.mark == "undecodable" and examine(packets, decode=False)[0] == {}


def _optimized(picture: photographs.Picture, subsampling: str) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(picture[:, :, ::-1])
    image.save(buffer, "JPEG", quality=75, subsampling=subsampling, optimize=True)
    return buffer.getvalue()


def test_a_scan_that_the_sender_cut() -> None:
    scan = scan_of(jpeg(1, quality=95))
    told, made = examine(fragment(scan[:1500], q=95))
    assert only(told, "J-088").startswith("a scan that ends at byte 1") and made.jpeg is not None
    assert told["J-088"][0] == 103


@pytest.mark.parametrize("type", [64, 65])
def test_an_interval_that_breaks_off(type: int) -> None:
    pieces = intervals_of(scan_of(jpeg(type, quality=95)))
    pieces[1] = pieces[1][: len(pieces[1]) // 2]
    told, _ = examine(fragment(b"".join(pieces), type=type, q=95, interval=4))
    assert re.search(r"in MCU [5678] of", only(told, "J-088"))


@pytest.mark.parametrize("decode", [True, False])
def test_tables_in_every_packet(decode: bool) -> None:
    scan = scan_of(jpeg(quality=92, chroma_quality=60))
    header = table_header(OWN)
    packets = [
        rtp(main(at, q=255) + header + scan[at : at + 400], sequence=at // 400)
        for at in range(0, len(scan), 400)
    ]
    told, made = examine(packets, decode=decode)
    only(told, "J-029")
    assert told["J-029"][0] == 101 and made.mark == "tables-repeated"
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(quality=92, chroma_quality=60))


def test_tables_in_every_packet_that_the_offsets_count() -> None:
    scan, header = scan_of(jpeg(quality=92, chroma_quality=60)), table_header(OWN)
    pieces = [header + scan[at : at + 400] for at in range(0, len(scan), 400)]
    packets, offset = [], -len(header)
    for index, piece in enumerate(pieces):
        packets.append(rtp(main(max(offset, 0), q=255) + piece, sequence=index))
        offset += len(piece)
    told, made = examine(packets)
    only(told, "J-029")
    assert made.jpeg is not None and same_pixels(made.jpeg, jpeg(quality=92, chroma_quality=60))


# -- tables that are not there ----------------------------------------------------------------------


def test_tables_of_an_earlier_frame_are_found() -> None:
    packets = fragment(scan_of(jpeg(quality=92, chroma_quality=60)), q=130, tables=b"")
    told, made = Bench({130: OWN}).examine(packets).jpeg, Bench().examine(packets)
    assert told is not None and same_pixels(told, jpeg(quality=92, chroma_quality=60))
    assert made.flaws == ["no quantization tables, those of Q 75 taken"] and made.jpeg is not None


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (b"", "no quantization tables, those of Q 75 taken"),
        (b"\0" + OWN[:64] + b"\1" + OWN[64:], "the length of the quantization tables is wrong"),
        (OWN[:100], "the length of the quantization tables is wrong"),
        (b"\0" + OWN[1:], "0 in a quantization table, 1 taken"),
        (None, "no quantization table header, the tables of Q 75 taken"),
    ],
    ids=["none", "130", "100", "zero", "no header"],
)
def test_a_frame_without_usable_tables_has_a_picture_all_the_same(tables: bytes | None, words: str) -> None:
    file = jpeg(quality=92, chroma_quality=60)
    told, made = examine(fragment(scan_of(file), q=255, tables=tables))
    assert (told, made.flaws, made.mark) == ({}, [words], "tables")
    assert made.jpeg is not None and pixels(made.jpeg).shape == (48, 64, 3)


# -- holes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [0, 1])
def test_a_hole_ends_the_picture(type: int) -> None:
    (file,) = photographs.video("coffee", type, 75, 320, 240, 1)
    packets = fragment(
        scan_of(file), type=type, q=255, tables=eight_bit(file), width=320, height=240, size=1000
    )
    told, made = examine([*packets[:6], *packets[8:]], whole=False)
    words = re.fullmatch(r"2 packets lost, the picture ends at row (\d+) of 240", made.flaws[0])
    assert told == {} and made.mark == "incomplete" and words
    row = int(words[1])
    assert 0 < row < 240 and made.jpeg is not None
    assert (pixels(made.jpeg)[: row - 8] == pixels(file)[: row - 8]).all()
    assert examine([*packets[:6], *packets[8:]], False, False)[1].flaws == [
        "2 packets lost, the picture ends at the hole"
    ]


def test_holes_between_intervals_are_grey() -> None:
    pieces = [((1, 1, count), data) for count, data in enumerate(intervals_of(scan_of(jpeg(65))))]
    packets = chunked(pieces, interval=4)
    told, made = examine([packets[0], *packets[2:]], whole=False)
    assert told == {} and made.flaws == ["1 packet lost, 1 of 3 restart intervals are grey"]
    assert made.jpeg is not None
    assert (pixels(made.jpeg)[:15] == pixels(jpeg(65))[:15]).all()
    assert abs(pixels(made.jpeg)[24, 8].astype(int) - 128).max() <= 1


def test_lost_ends_are_named() -> None:
    packets = fragment(scan_of(jpeg(quality=95)))
    assert examine(packets[:-1], whole=False)[1].flaws[0].startswith("the last packets lost, the picture")
    assert examine(packets[1:], whole=False)[1] == Examined(
        None, ["the first packets lost, nothing of the picture can be shown"], "incomplete"
    )


def test_aligned_packets_without_the_first_take_the_tables_of_the_frame_before() -> None:
    file = jpeg(65, quality=92, chroma_quality=60)
    packetizer = Packetizer(mtu=500, ssrc=SSRC, static_tables=False)
    bench, first = Bench(), list(packetizer.packetize(file, 0))
    assert bench.examine(first).flaws == []
    made = bench.examine(list(packetizer.packetize(file, 3000))[1:], whole=False)
    assert made.flaws[0] == "the quantization tables of an earlier frame taken" and made.jpeg is not None
    assert made.mark == "incomplete" and bench.told == {}


def test_nothing_of_a_hole_is_held_against_the_sender() -> None:
    for type in TYPES:
        packets = fragment(scan_of(jpeg(type ^ 1, quality=95)), type=type, interval=3, size=300)
        assert examine([*packets[:2], *packets[3:]], whole=False)[0] == {}


def test_what_is_no_packet_gives_nothing() -> None:
    told, made = examine([b"", b"\x80", b"\x80\x1a" + bytes(30)])
    assert (told, made.jpeg, made.mark) == ({}, None, "incomplete")


# -- many frames ------------------------------------------------------------------------------------


def test_a_frame_is_looked_at_closer_so_many_times_and_then_taken_for_the_same() -> None:
    bench, packets = Bench(), fragment(scan_of(jpeg(0)), type=1)
    for _ in range(CLOSE_LOOKS + 5):
        bench.examine(packets)
    other = jpeg(0, quality=50)
    made = bench.examine(fragment(scan_of(other), type=1, q=50))
    (finding,) = bench.findings.listed()
    assert (finding.rule.id, finding.count) == ("J-022", CLOSE_LOOKS + 6)
    assert made.jpeg is not None and same_pixels(made.jpeg, other)


def test_without_the_decoder_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_decoder", lambda: None)
    bench = Bench()
    for file in (jpeg(0), jpeg(1)):
        made = bench.examine(fragment(scan_of(file)))
        assert made.jpeg is not None and made.flaws == []
    assert (
        bench.examiner.notices == ["pictures were not decoded: install rtpjpeg[inspect] (simplejpeg)"]
        and bench.told == {}
    )


def test_every_rule_that_is_told_has_a_mark() -> None:
    assert set(MARKS) <= set(load_rules())
    assert all(re.fullmatch(r"[a-z-]+", mark) for mark in MARKS.values())


def test_mutated_frames_raise_nothing_and_are_looked_at_closer_a_bounded_number_of_times(seed: int) -> None:
    chance, findings = random.Random(seed), Findings()
    frames = [*real_frames(), fragment(jpeg(), q=128), fragment(jpeg(65), type=65, interval=4)]
    closer = []
    examiner = Examiner(findings, {})
    for number in range(5000):
        if not number % 200:
            examiner = Examiner(findings, {130: OWN} if number % 400 else {})
        packets = [bytearray(packet) for packet in chance.choice(frames)]
        for _ in range(chance.choice((1, 1, 3, 10))):
            packet = chance.choice(packets)
            reach = len(packet) if chance.random() < 0.5 else min(len(packet), 40)
            packet[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        kept = [bytes(packet) for packet in packets if chance.random() < 0.97] or [b""]
        whole = len(kept) == len(packets)
        made = examiner.examine(FramePackets(SSRC, kept, list(range(1, len(kept) + 1)), whole), True)
        assert made.jpeg is None or made.jpeg[:2] == b"\xff\xd8"
        assert made.jpeg is not None or made.flaws
        closer.append(examiner._close_looks)
    assert min(closer) >= 0 and findings.of(SSRC) <= set(MARKS)
