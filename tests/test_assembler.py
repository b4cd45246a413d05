"""Judging one frame: what becomes a picture, and the reason for everything else."""

from __future__ import annotations

import struct

import pytest
import simplejpeg

from conformance.builders import chunked, fragment, main, rtp
from conformance.pictures import (
    DHT,
    DQT,
    DRI,
    SOF0,
    eight_bit,
    filler,
    intervals_of,
    jpeg,
    pillow,
    replaced,
    same_pixels,
    scan_of,
    tables_of,
    take_apart,
    with_scan,
    with_tables,
    without,
)
from rtpjpeg import ConfigError, quirks
from rtpjpeg.assembler import FrameAssembler
from rtpjpeg.concealment import grey_interval
from rtpjpeg.fragments import Fragments
from rtpjpeg.jpeg import count_mcus
from rtpjpeg.packets import PacketColumns
from rtpjpeg.parameters import FrameRefused, Parameters
from rtpjpeg.payload import parse_columns
from rtpjpeg.rtp import parse_train
from rtpjpeg.tables import quantization_tables
from rtpjpeg.train import PacketTrain

TYPES = [0, 1, 64, 65]
EOI = b"\xff\xd9"


def collect(packets, lost=()):
    """Add packets to a frame; ``lost`` are the places in front of which one is missing."""
    headers = parse_train(PacketTrain.from_packets(packets))
    columns = PacketColumns(headers, parse_columns(headers))
    fragments = Fragments.begin(columns, 0, 1.5)
    for place in range(len(packets)):
        fragments.add(columns, place, place + 1, place in lost)
    return fragments


def assembler(conceal=True, lenient=False, dimensions=None, tables=None):
    return FrameAssembler(conceal, lenient, dimensions, tables)


def assemble(packets, machine=None, lost=(), ended=True, **options):
    return (machine or assembler(**options)).assemble(collect(packets, lost), ended)


def refused(packets, machine=None, lost=(), ended=True, **options):
    """Why no frame came of it."""
    with pytest.raises(FrameRefused) as caught:
        assemble(packets, machine, lost, ended, **options)
    return str(caught.value)


def chunks_of(type, seed=1):
    """A frame with an interval a packet, as chunks."""
    pieces = intervals_of(scan_of(jpeg(type, seed=seed)))
    return chunked([((1, 1, count), data) for count, data in enumerate(pieces)], interval=4, type=type)


@pytest.mark.parametrize("type", TYPES)
def test_a_whole_frame_is_the_picture_that_was_sent(type):
    file = jpeg(type)
    frame = assemble(
        fragment(scan_of(file), type=type, interval=4, sequence=65535, timestamp=77, type_specific=1)
    )
    assert scan_of(frame.jpeg) == scan_of(file)
    assert eight_bit(frame.jpeg) == eight_bit(file)
    assert same_pixels(frame.jpeg, file)
    assert (frame.width, frame.height, frame.type, frame.type_specific) == (64, 48, type, 1)
    assert (frame.timestamp, frame.sequence_number, frame.received_at) == (77, 65535, 1.5)
    assert frame.packets == len(fragment(scan_of(file), type=type))
    assert (frame.q, frame.restart_interval) == (75, 4 if type >= 64 else 0)
    assert (frame.concealed, frame.findings) == (False, ())


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("ending", [b"", b"\xff", b"\xff\xff\xd9", EOI + bytes(5), EOI + EOI])
def test_a_frame_ends_with_one_eoi(type, ending):
    file = jpeg(type)
    frame = assemble(fragment(scan_of(file)[:-2] + ending, type=type, interval=4))
    assert scan_of(frame.jpeg) == scan_of(file)


@pytest.mark.parametrize("type", TYPES)
def test_eoi_ends_a_frame_without_marker(type):
    assert same_pixels(
        assemble(fragment(scan_of(jpeg(type)), type=type, interval=4), ended=False).jpeg, jpeg(type)
    )


@pytest.mark.parametrize("type", [0, 1])
def test_a_frame_that_may_lack_its_end_is_refused(type):
    packets = fragment(scan_of(jpeg(type)), type=type)
    assert refused(packets[:-1], ended=False) == "the last packets are missing"


@pytest.mark.parametrize("type", TYPES)
def test_a_hole_is_refused_without_concealment(type):
    packets = fragment(scan_of(jpeg(type)), type=type, interval=4, size=150)
    for missing in range(len(packets) - 1):
        rest = packets[:missing] + packets[missing + 1 :]
        assert refused(rest, lost={missing}, conceal=False) == "packets are missing"
        assert refused(rest, lost={missing}, conceal=True) == "packets are missing", (
            "not aligned to intervals"
        )


@pytest.mark.parametrize("type", [64, 65])
def test_a_hole_is_filled_from_the_frame_before(type):
    count = len(chunks_of(type))
    for missing in range(count):
        machine = assembler()
        assemble(chunks_of(type, seed=1), machine)
        packets = chunks_of(type, seed=2)
        del packets[missing]
        frame = assemble(packets, machine, lost={missing}, ended=missing < count - 1)
        expected = intervals_of(scan_of(jpeg(type, seed=2)))
        expected[missing] = intervals_of(scan_of(jpeg(type, seed=1)))[missing]
        assert scan_of(frame.jpeg) == b"".join(expected)
        assert (frame.concealed, frame.packets, frame.restart_interval) == (True, len(packets), 4)
        simplejpeg.decode_jpeg(frame.jpeg, strict=True)


@pytest.mark.parametrize("type", [64, 65])
def test_a_hole_in_the_first_frame_is_grey(type):
    packets = chunks_of(type)
    frame = assemble(packets[1:], lost={0})
    (first, *_) = intervals_of(scan_of(frame.jpeg))
    assert first == grey_interval(type, 4)
    assert frame.concealed
    simplejpeg.decode_jpeg(frame.jpeg, strict=True)


def test_a_frame_without_its_last_packets_is_filled():
    machine = assembler()
    assemble(chunks_of(65), machine)
    frame = assemble(chunks_of(65)[:1], machine, ended=False)
    assert scan_of(frame.jpeg) == scan_of(jpeg(65))
    assert frame.concealed


def test_a_false_hole_hides_nothing():
    # All intervals came: the frame is whole, whatever the numbers said.
    frame = assemble(chunks_of(65), lost={1})
    assert scan_of(frame.jpeg) == scan_of(jpeg(65))
    assert not frame.concealed


def test_nothing_to_show_is_refused():
    broken = chunked([((1, 0, 0), b"\x12\x34")], interval=4, type=65)
    assert refused(broken, ended=False) == "no whole restart interval came"


def test_other_tables_and_sizes_do_not_mix():
    machine = assembler()
    assemble(chunks_of(65), machine)
    for change in ({"q": 50}, {"width": 128, "height": 24}, {"type": 64}):
        pieces = intervals_of(scan_of(jpeg(65, seed=2)))
        packets = chunked([((1, 1, 0), pieces[0])], **{"interval": 4, "type": 65} | change)
        frame = assemble(packets, machine, ended=False)
        assert intervals_of(scan_of(frame.jpeg))[1][2:] == grey_interval(change.get("type", 65), 4)


def test_reset_forgets_pictures_and_tables():
    machine = assembler()
    tables = eight_bit(jpeg(quality=92, chroma_quality=75))
    assemble(chunks_of(65), machine)
    scan = scan_of(jpeg())
    assemble(fragment(scan, q=128, tables=tables), machine)
    machine.reset()
    assert refused(fragment(scan, q=128, tables=b""), machine).startswith(
        "quantization tables: found none for Q 128"
    )
    frame = assemble(chunks_of(65)[:1], machine, ended=False)
    assert intervals_of(scan_of(frame.jpeg))[1][2:] == grey_interval(65, 4)


def broken_scan(old, new):
    return scan_of(jpeg(65)).replace(old, new)


# type, interval, scan; the finding that costs the frame
DAMAGED = {
    "foreign marker": (
        1,
        0,
        scan_of(jpeg())[:200] + b"\xff\xc4" + scan_of(jpeg())[200:],
        quirks.FOREIGN_MARKER,
    ),
    "markers in a plain type": (1, 0, scan_of(jpeg(65)), quirks.MARKERS_UNEXPECTED),
    "markers with interval 0": (65, 0, scan_of(jpeg(65)), quirks.MARKERS_UNEXPECTED),
    "markers out of order": (65, 4, broken_scan(b"\xff\xd1", b"\xff\xd2"), quirks.MARKERS_OUT_OF_ORDER),
    "a marker missing": (65, 4, broken_scan(b"\xff\xd1", b""), quirks.MARKERS_MISCOUNTED),
    "another interval": (65, 3, scan_of(jpeg(65)), quirks.MARKERS_MISCOUNTED),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_markers_that_do_not_belong_never_reach_a_decoder(name):
    type, interval, scan, finding = DAMAGED[name]
    machine = assembler()
    assert refused(fragment(scan, type=type, interval=interval), machine) == finding
    assert machine.findings[finding] == 1


def test_a_damaged_chunk_costs_its_interval_only():
    pieces = intervals_of(scan_of(jpeg(65)))
    damaged = pieces[1][:20] + b"\xff\xda" + pieces[1][20:]
    packets = chunked(
        [((1, 1, 0), pieces[0]), ((1, 1, 1), damaged), ((1, 1, 2), pieces[2])], interval=4, type=65
    )
    frame = assemble(packets)
    assert intervals_of(scan_of(frame.jpeg))[1] == b"\xff\xd0" + grey_interval(65, 4)
    assert frame.concealed
    assert frame.findings == (quirks.FOREIGN_MARKER,)


@pytest.mark.parametrize("type", TYPES)
def test_a_scan_made_of_markers_is_not_even_walked(type):
    with pytest.raises(FrameRefused, match="^restart markers: found more than 65536, the most a picture"):
        assemble(fragment(b"\xff\xd0" * 150_000, type=type, size=60_000))


@pytest.mark.parametrize("type", TYPES)
def test_a_scan_too_short_for_its_picture_is_refused(type):
    # 64x48: 24 or 12 MCUs, of 20 or 32 bits at least.
    shortest = {0: 60, 1: 48}[type & 1]
    plain = {"type": type, "interval": 4000}
    assert assemble(fragment(filler(shortest + 2), **plain)).width == 64
    reason = refused(fragment(filler(shortest + 1), **plain))
    assert reason == f"scan length: found {shortest - 1} bytes, expected at least {shortest} for 64x48"


@pytest.mark.parametrize("type", TYPES)
def test_the_shortest_scan_is_that_of_a_grey_picture(type):
    mcus = count_mcus(type, 64, 48)
    frame = assemble(fragment(grey_interval(type, mcus) + EOI, type=type, interval=4000))
    assert (simplejpeg.decode_jpeg(frame.jpeg, strict=True) == 128).all()


@pytest.mark.parametrize("lenient", [False, True])
def test_lenient_takes_markers_in_a_plain_type(lenient):
    packets = fragment(scan_of(jpeg(65)), type=1)
    if not lenient:
        assert refused(packets) == quirks.MARKERS_UNEXPECTED
        return
    frame = assemble(packets, lenient=True)
    assert (frame.restart_interval, frame.findings) == (4, (quirks.MARKERS_UNEXPECTED,))
    assert same_pixels(frame.jpeg, jpeg(65))


@pytest.mark.parametrize("finding", ["markers out of order", "foreign marker"])
def test_lenient_takes_no_damage(finding):
    type, interval, scan, _ = DAMAGED[finding]
    refused(fragment(scan, type=0, interval=interval), lenient=True)


def test_a_restart_type_without_markers_is_a_plain_picture():
    frame = assemble(fragment(scan_of(jpeg(1)), type=65, interval=4))
    assert (frame.restart_interval, frame.findings) == (0, (quirks.MARKERS_MISSING,))
    assert DRI not in take_apart(frame.jpeg).codes()
    assert same_pixels(frame.jpeg, jpeg(1))


def test_an_interval_of_the_whole_picture_needs_no_markers():
    frame = assemble(fragment(scan_of(jpeg(1)), type=65, interval=12))
    assert (frame.restart_interval, frame.findings) == (12, ())
    assert same_pixels(frame.jpeg, jpeg(1))


def test_interval_0_without_markers_is_a_plain_picture():
    frame = assemble(fragment(scan_of(jpeg(1)), type=65, interval=0))
    assert (frame.restart_interval, frame.findings) == (0, (quirks.INTERVAL_ZERO,))
    assert same_pixels(frame.jpeg, jpeg(1))


@pytest.mark.parametrize("conceal", [False, True])
def test_concealment_can_be_turned_off(conceal):
    machine = assembler(conceal=conceal)
    assemble(chunks_of(65), machine)
    packets = chunks_of(65)[1:]
    if conceal:
        assert assemble(packets, machine).concealed
    else:
        assert refused(packets, machine) == "packets are missing"


@pytest.mark.parametrize("type", [2, 3, 63, 66, 127, 128, 129, 255])
def test_types_that_are_not_defined_are_refused(type):
    machine = assembler()
    reason = refused(fragment(scan_of(jpeg()), type=type), machine)
    assert reason == f"type: found {type}, expected 0, 1, 64 or 65 (RFC 2435 section 4.1)"
    assert machine.findings[quirks.TYPE_UNKNOWN] == 1


@pytest.mark.parametrize("q", [0, 100, 127])
def test_reserved_q_is_refused_or_taken_for_the_nearest(q):
    machine = assembler()
    packets = fragment(scan_of(jpeg()), q=q)
    assert refused(packets, machine).startswith(f"Q: found {q}, expected 1 to 99 or 128 to 255")
    assert machine.findings[quirks.Q_RESERVED] == 1
    frame = assemble(packets, lenient=True)
    assert eight_bit(frame.jpeg) == quantization_tables(99 if q else 1)
    assert (frame.q, frame.findings) == (q, (quirks.Q_RESERVED,))


@pytest.mark.parametrize("q", [1, 50, 75, 99])
def test_q_1_to_99_are_computed(q):
    assert eight_bit(assemble(fragment(scan_of(jpeg()), q=q)).jpeg) == quantization_tables(q)


OWN = eight_bit(jpeg(quality=92, chroma_quality=75))
OTHER = bytes([99]) + OWN[1:]


@pytest.mark.parametrize("q", [128, 200, 254, 255])
def test_tables_in_the_first_packet_are_taken(q):
    frame = assemble(fragment(scan_of(jpeg()), q=q, tables=OWN))
    assert (eight_bit(frame.jpeg), frame.q, frame.findings) == (OWN, q, ())


@pytest.mark.parametrize("q", [128, 254])
def test_static_tables_are_remembered(q):
    # RFC 2435, section 3.1.8: from 128 to 254 they need to be read only once.
    machine, scan = assembler(), scan_of(jpeg())
    assemble(fragment(scan, q=q, tables=OWN), machine)
    for packets in (fragment(scan, q=q, tables=b""), fragment(scan, q=q, tables=b"")):
        assert eight_bit(assemble(packets, machine).jpeg) == OWN
    assert machine.findings == {}


def test_tables_of_q_255_are_never_remembered():
    machine, scan = assembler(), scan_of(jpeg())
    assemble(fragment(scan, q=255, tables=OWN), machine)
    reason = refused(fragment(scan, q=255, tables=b""), machine)
    expected = "them in the first packet (RFC 2435 section 3.1.8)"
    assert reason == f"quantization tables: found none for Q 255, expected {expected}"


def test_a_frame_whose_tables_were_lost_needs_earlier_ones():
    machine = assembler()
    pieces = intervals_of(scan_of(jpeg(65)))
    packets = chunked(
        [((1, 1, count), data) for count, data in enumerate(pieces)], interval=4, type=65, q=130
    )
    assert refused(packets[1:], machine).startswith("quantization tables: found none for Q 130")
    assemble(fragment(scan_of(jpeg(65)), type=65, q=130, interval=4, tables=OWN), machine)
    frame = assemble(packets[1:], machine)
    assert eight_bit(frame.jpeg) == OWN
    assert frame.concealed


def test_tables_that_change_under_a_static_q_are_taken_over_and_said():
    machine, scan = assembler(), scan_of(jpeg())
    assemble(fragment(scan, q=130, tables=OWN), machine)
    assert assemble(fragment(scan, q=130, tables=OWN), machine).findings == ()
    frame = assemble(fragment(scan, q=130, tables=OTHER), machine)
    assert (eight_bit(frame.jpeg), frame.findings) == (OTHER, (quirks.TABLES_CHANGED,))
    assert eight_bit(assemble(fragment(scan, q=130, tables=b""), machine).jpeg) == OTHER


@pytest.mark.parametrize("tables", [OWN, OWN[:64], b"\x01\x02" * 128])
def test_tables_may_be_told_outside_the_packets(tables):
    machine = assembler(tables={130: tables})
    frame = assemble(fragment(scan_of(jpeg()), q=130, tables=b""), machine)
    machine.reset()
    assert assemble(fragment(scan_of(jpeg()), q=130, tables=b""), machine).jpeg == frame.jpeg
    contents = take_apart(frame.jpeg).contents(DQT)
    assert [content[1:] for content in contents] == {
        64: [tables, tables],
        128: [tables[:64], tables[64:]],
        256: [tables[:128], tables[128:]],
    }[len(tables)]


@pytest.mark.parametrize("size", [0, 1, 63, 100, 192, 257])
def test_tables_told_with_a_wrong_length_are_refused_at_once(size):
    with pytest.raises(ConfigError, match=f"tables of Q 130: found {size} bytes, expected 64, 128 or 256"):
        assembler(tables={130: bytes(size)})


# tables, precision, MBZ; what stands in the file, findings
HEADERS = {
    "MBZ": (OWN, 0, 5, [OWN[:64], OWN[64:]], (quirks.TABLES_MBZ,)),
    "one table": (OWN[:64], 0, 0, [OWN[:64]] * 2, (quirks.ONE_TABLE,)),
    "three tables": (OWN + OWN[:64], 0, 0, [OWN[:64], OWN[64:]], (quirks.TABLES_LENGTH,)),
    "precision bits of no table": (OWN, 0xFC, 0, [OWN[:64], OWN[64:]], ()),
    "16 bits": (b"\1\2" * 128, 3, 0, [b"\1\2" * 64] * 2, ()),
    "16 bits luma": (b"\1\2" * 64 + OWN[64:], 1, 0, [b"\1\2" * 64, OWN[64:]], ()),
    "16 bits chroma": (OWN[:64] + b"\1\2" * 64, 2, 0, [OWN[:64], b"\1\2" * 64], ()),
    "one table of 16 bits": (b"\1\2" * 64, 1, 0, [b"\1\2" * 64] * 2, (quirks.ONE_TABLE,)),
    "one table, chroma bit set": (OWN[:64], 2, 0, [OWN[:64]] * 2, (quirks.ONE_TABLE,)),
}


@pytest.mark.parametrize("q", [130, 255])
@pytest.mark.parametrize("name", HEADERS)
def test_table_headers(name, q):
    tables, precision, mbz, contents, findings = HEADERS[name]
    frame = assemble(fragment(scan_of(jpeg()), q=q, tables=tables, precision=precision, mbz=mbz))
    assert [content[1:] for content in take_apart(frame.jpeg).contents(DQT)] == contents
    assert frame.findings == findings
    simplejpeg.decode_jpeg(frame.jpeg, strict=True)


@pytest.mark.parametrize(("size", "precision"), [(1, 0), (63, 0), (100, 0), (129, 0), (64, 1), (192, 3)])
def test_tables_that_do_not_fit_are_refused(size, precision):
    machine = assembler()
    reason = refused(fragment(scan_of(jpeg()), q=255, tables=b"\1" * size, precision=precision), machine)
    assert reason.startswith(f"quantization tables: found {size} bytes, expected")
    assert machine.findings[quirks.TABLES_LENGTH] == 1


@pytest.mark.parametrize(
    ("tables", "precision"),
    [
        (bytes(128), 0),
        (OWN[:127] + b"\0", 0),
        (b"\0" + OWN[1:], 0),
        (b"\1\0" * 127 + b"\0\0", 3),
        (b"\0\0" + b"\1\0" * 63, 1),
    ],
)
def test_a_zero_in_a_table_is_refused(tables, precision):
    packets = fragment(scan_of(jpeg()), q=255, tables=tables, precision=precision)
    assert refused(packets) == "quantization table: found a value of 0, expected 1 or more"


def test_a_zero_byte_of_a_16_bit_value_is_no_zero():
    assert assemble(fragment(scan_of(jpeg()), q=255, tables=b"\0\1" * 128, precision=3))


# told size, size in the header; the size of the frame
SIZES = [
    (None, (64, 48), (64, 48)),
    ((60, 41), (64, 48), (60, 41)),
    ((64, 48), (64, 48), (64, 48)),
    ((640, 480), (64, 48), (64, 48)),
    ((60, 41), (0, 0), (60, 41)),
    ((60, 41), (64, 0), (60, 41)),
    ((60, 41), (0, 48), (60, 41)),
]


@pytest.mark.parametrize(("told", "sent", "size"), SIZES)
def test_the_size_of_a_frame(told, sent, size):
    frame = assemble(fragment(scan_of(jpeg()), width=sent[0], height=sent[1]), dimensions=told)
    assert (frame.width, frame.height) == size
    assert struct.unpack(">HH", take_apart(frame.jpeg).contents(SOF0)[0][1:5]) == size[::-1]


@pytest.mark.parametrize("sent", [(0, 0), (64, 0), (0, 48)])
def test_size_0_needs_to_be_told(sent):
    machine = assembler()
    reason = refused(fragment(scan_of(jpeg()), width=sent[0], height=sent[1]), machine)
    assert reason == f"size: found {sent[0]}x{sent[1]}, expected more, or x-dimensions in the SDP"
    assert machine.findings[quirks.SIZE_ZERO] == 1


@pytest.mark.parametrize("told", [(4097, 16), (16, 4097), (4096, 4096)])
def test_a_size_that_would_flood_the_memory_is_refused(told):
    reason = refused(fragment(scan_of(jpeg()), width=0, height=0), dimensions=told)
    assert reason == f"size: found {told[0]}x{told[1]}, expected at most 4096 a side, 16 megapixels"


def test_a_large_size_that_is_told_needs_a_large_scan():
    packets = fragment(filler(4000 * 4000), width=0, height=0, size=1 << 20)
    assert assemble(packets, dimensions=(4000, 4000)).width == 4000


def test_offsets_that_count_headers_are_undone_and_said():
    scan, packets, counted = scan_of(jpeg()), [], 0
    for start in range(0, len(scan), 400):
        packets.append(rtp(main(counted) + scan[start : start + 400]))
        counted += 8 + 400
    machine = assembler()
    frame = assemble(packets, machine)
    assert scan_of(frame.jpeg) == scan
    assert frame.findings == (quirks.OFFSETS_COUNT_HEADERS,)
    assert machine.findings == {quirks.OFFSETS_COUNT_HEADERS: 1}


def test_findings_are_counted_over_frames():
    machine = assembler()
    for _ in range(3):
        assemble(fragment(scan_of(jpeg(1)), type=65, interval=0), machine)
    assert machine.findings == {quirks.INTERVAL_ZERO: 3}


def test_a_frame_that_was_given_up_says_why():
    fragments = collect(fragment(scan_of(jpeg())))
    fragments.refuse("frame size: found 5, expected 4")
    with pytest.raises(FrameRefused, match="frame size: found 5, expected 4"):
        assembler().assemble(fragments, True)


@pytest.mark.parametrize("q", [75, 255])
@pytest.mark.parametrize("file", [jpeg(65), jpeg(width=80, height=64), pillow("L"), pillow(subsampling=0)])
def test_a_whole_file_is_passed_on(file, q):
    frame = assemble(fragment(file, q=q, tables=OWN))
    assert frame.jpeg == file
    assert frame.findings == (quirks.WHOLE_FILE,)
    assert same_pixels(frame.jpeg, file)


def test_a_whole_file_has_a_size_of_its_own():
    frame = assemble(fragment(jpeg(width=80, height=64)))
    assert (frame.width, frame.height, frame.restart_interval) == (80, 64, 0)


def test_what_follows_a_whole_file_is_cut():
    assert assemble(fragment(jpeg() + bytes(20))).jpeg == jpeg()


def test_a_whole_file_with_a_hole_is_refused():
    packets = fragment(jpeg())
    assert refused([packets[0], *packets[2:]], lost={1}) == "packets are missing"


SCAN = scan_of(jpeg())
WHOLE_BUT_WRONG = {
    "no EOI": jpeg()[:-2],
    "a marker inside": with_scan(jpeg(), SCAN[:100] + b"\xff\xc4" + SCAN[100:]),
    "progressive": pillow(progressive=True),
    "no height": replaced(jpeg(), SOF0, b"\x08\0\0" + take_apart(jpeg()).contents(SOF0)[0][3:]),
    "30000x30000": replaced(
        jpeg(), SOF0, struct.pack(">BHH", 8, 30000, 30000) + take_apart(jpeg()).contents(SOF0)[0][5:]
    ),
}


@pytest.mark.parametrize("name", WHOLE_BUT_WRONG)
def test_a_whole_file_that_is_damaged_is_refused(name):
    reason = refused(fragment(WHOLE_BUT_WRONG[name]))
    assert reason == "whole JPEG file: found it damaged or too large, expected one scan up to EOI"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (jpeg()[:100], "JPEG segment FFDB: found cut at byte 100"),
        (without(jpeg(), SOF0), "JPEG header: found no SOF segment"),
    ],
)
def test_a_whole_file_that_cannot_be_read_is_refused(file, sentence):
    assert refused(fragment(file)).startswith(sentence)


def test_parameters_know_their_mcus_and_header():
    parameters = Parameters(65, 640, 480, OWN, 0, 40)
    assert parameters.mcus == 1200
    assert DRI in take_apart(parameters.header(40)).codes()
    assert DRI not in take_apart(parameters.header(0)).codes()
    assert len(take_apart(parameters.header(0)).contents(DHT)) == 4


def test_sixteen_bit_tables_decode_to_the_same_pixels():
    tables = tables_of(jpeg())
    wide = [value + 256 for value in tables[0]]
    file = with_tables(jpeg(), [(0, wide, True), (1, tables[1], False)])
    packed = struct.pack(">64H", *wide) + bytes(tables[1])
    assert same_pixels(assemble(fragment(SCAN, q=255, tables=packed, precision=1)).jpeg, file)
