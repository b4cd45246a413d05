"""The packets of one frame: what belongs, what is missing, which chunks came whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.builders import chunked, fragment, main, restart, rtp, table_header
from rtpjpeg import MalformedPacketError, quirks
from rtpjpeg.fragments import Fragments
from rtpjpeg.packets import FrameFields, PacketColumns, read_packets
from rtpjpeg.payload import parse_columns
from rtpjpeg.rtp import parse_train
from rtpjpeg.train import PacketTrain

SCAN = bytes(range(200)) * 5
TABLES = bytes(range(1, 129))


def columns_of(packets):
    rtp_columns = parse_train(PacketTrain.from_packets(packets))
    return PacketColumns(rtp_columns, parse_columns(rtp_columns))


def collect(packets, lost=(), at_once=False):
    """Add packets to a frame; ``lost`` are the places in front of which one is missing."""
    columns = read_packets(PacketTrain.from_packets(packets)) if at_once else columns_of(packets)
    fragments = Fragments.begin(columns, 0, 1.5)
    if at_once:
        fragments.add(columns, 0, len(packets), 0 in lost)
        return fragments
    for place in range(len(packets)):
        fragments.add(columns, place, place + 1, place in lost)
    return fragments


def joined(fragments):
    return b"".join(fragments.pieces)


def test_a_frame_begins_with_the_headers_of_its_first_packet():
    packet = rtp(
        main(1400, type=65, q=200, width=640, height=480, type_specific=3) + restart(40) + b"data",
        sequence=65535,
        timestamp=2**32 - 1,
    )
    fragments = Fragments.begin(columns_of([packet]), 0, 1.5)
    assert fragments.fields == FrameFields(2**32 - 1, 3, 0x41C8503C, 40)
    assert (fragments.sequence_number, fragments.arrived) == (65535, 1.5)
    assert fragments.pieces == [], "the packet itself is added by add"


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    ("type", "q", "tables"), [(1, 75, None), (65, 75, None), (1, 255, TABLES), (64, 128, TABLES)]
)
def test_packets_that_fit_are_the_scan(type, q, tables, at_once):
    fragments = collect(fragment(SCAN, type=type, q=q, tables=tables, interval=4), at_once=at_once)
    assert fragments.fit()
    assert joined(fragments) == SCAN
    assert (fragments.size, fragments.findings) == (len(SCAN), [])
    assert (fragments.quantization.tables if q >= 128 else fragments.quantization) == tables
    assert fragments.table_header == (table_header(TABLES) if tables else b"")


def test_no_packet_is_no_scan():
    assert not Fragments.begin(columns_of(fragment(SCAN)), 0, 0.0).fit()


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("known", [True, False])
def test_a_missing_packet_is_a_hole(missing, known):
    # ``known`` False: whoever sent it numbered the packets behind the hole anew.
    packets = fragment(SCAN, size=250)
    del packets[missing]
    assert not collect(packets, lost={missing} if known else ()).fit()


def test_a_missing_last_packet_is_not_seen_here():
    fragments = collect(fragment(SCAN, size=250)[:-1])
    assert fragments.fit()
    assert joined(fragments) == SCAN[:750]


def test_a_hole_in_front_of_the_first_packet_is_another_frames():
    assert collect(fragment(SCAN), lost={0}).fit()


def test_packets_that_overlap_do_not_fit():
    packets = [rtp(main(0) + SCAN[:400]), rtp(main(300) + SCAN[300:])]
    assert not collect(packets).fit()


def counted(sizes, type=1, q=75, tables=b""):
    """Packets whose offsets count the RTP/JPEG headers in front of them; the scan they carry."""
    packets, offset, position = [], 0, 0
    for size in sizes:
        head = main(offset, type=type, q=q) + (restart(4) if type >= 64 else b"")
        if q >= 128 and offset == 0:
            head += table_header(tables)
        packets.append(rtp(head + SCAN[position : position + size]))
        offset, position = offset + len(head) + size, position + size
    return packets, SCAN[:position]


@pytest.mark.parametrize(
    ("type", "q", "tables"), [(1, 75, b""), (65, 75, b""), (0, 255, TABLES), (64, 255, TABLES)]
)
@pytest.mark.parametrize("at_once", [False, True])
def test_offsets_that_count_headers_are_undone(type, q, tables, at_once):
    packets, scan = counted([100, 300, 200], type, q, tables)
    fragments = collect(packets, at_once=at_once)
    assert fragments.fit()
    assert joined(fragments) == scan
    assert fragments.findings == [quirks.OFFSETS_COUNT_HEADERS]


def test_offsets_that_count_headers_do_not_hide_a_hole():
    first, _, last = counted([100, 300, 200])[0]
    assert not collect([first, last], lost={1}).fit()
    assert not collect([first, last]).fit()


def repeated(tables=TABLES, but=None):
    """Packets that carry the table header all; the one at ``but`` does not."""
    packets = []
    for place, offset in enumerate(range(0, len(SCAN), 250)):
        head = main(offset, q=255) + (table_header(tables) if place != but else b"")
        packets.append(rtp(head + SCAN[offset : offset + 250]))
    return packets


@pytest.mark.parametrize("at_once", [False, True])
def test_tables_in_every_packet_are_taken_out(at_once):
    fragments = collect(repeated(), at_once=at_once)
    assert fragments.fit()
    assert joined(fragments) == SCAN
    assert fragments.findings == [quirks.TABLES_REPEATED]


def test_tables_in_some_packets_are_a_fault():
    assert not collect(repeated(but=2)).fit()


def test_tables_in_every_packet_do_not_hide_a_hole():
    packets = repeated()
    assert not collect([packets[0], packets[1], packets[3]]).fit()


# what differs in the third packet; the finding
CHANGES = {
    "type": ({"type": 64}, quirks.HEADER_CHANGES),
    "q": ({"q": 76}, quirks.HEADER_CHANGES),
    "width": ({"width": 72}, quirks.HEADER_CHANGES),
    "height": ({"height": 56}, quirks.HEADER_CHANGES),
    "type specific": ({"type_specific": 1}, quirks.HEADER_CHANGES),
    "restart interval": ({"interval": 5}, quirks.INTERVAL_CHANGES),
}


def with_a_stranger(**change):
    packets = fragment(SCAN, type=65, interval=4, size=200)
    packets[2] = fragment(SCAN, **{"type": 65, "interval": 4, "size": 200} | change)[2]
    return packets


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("name", CHANGES)
def test_a_packet_with_other_headers_is_left_out(name, at_once):
    # RFC 2435, section 3.1: the headers "MUST remain the same in all packets" of a frame.
    change, finding = CHANGES[name]
    fragments = collect(with_a_stranger(**change), at_once=at_once)
    assert fragments.findings == [finding]
    assert joined(fragments) == SCAN[:400] + SCAN[600:]
    assert fragments.holes == {2}
    assert not fragments.fit()


@pytest.mark.parametrize("at_once", [False, True])
def test_a_finding_is_told_once_a_frame(at_once):
    packets = fragment(SCAN, type=65, interval=4, size=200)
    strangers = fragment(SCAN, type=65, q=99, interval=5, size=200)
    fragments = collect([packets[0], *strangers[1:]], at_once=at_once)
    assert sorted(fragments.findings) == sorted([quirks.HEADER_CHANGES, quirks.INTERVAL_CHANGES])
    assert joined(fragments) == SCAN[:200]


def test_a_stranger_at_the_end_is_a_hole():
    packets = fragment(SCAN, size=500)
    packets.append(fragment(SCAN, size=500, q=99)[1])
    fragments = collect(packets, at_once=True)
    assert joined(fragments) == SCAN
    assert not fragments.fit()


def test_a_stranger_breaks_no_chunk_in_front_of_it():
    # The chunk began in one train and ends in the next, in front of the stranger.
    packets = chunked(pieces([(FIRST, 0, b"aaaa"), (LAST, 0, b"bbbb"), (BOTH, 1, b"cccc")]), interval=4)
    packets[2] = chunked(pieces([(BOTH, 1, b"cccc")]), interval=4, q=99)[0]
    columns = columns_of(packets)
    fragments = Fragments.begin(columns, 0, 0.0)
    fragments.add(columns, 0, 1, False)
    fragments.add(columns, 1, 3, False)
    assert list(fragments.whole_chunks()) == [(0, b"aaaabbbb")]
    assert fragments.findings == [quirks.HEADER_CHANGES]


def test_strangers_alone_leave_nothing():
    columns = columns_of([*fragment(SCAN), *fragment(SCAN, q=99)])
    fragments = Fragments.begin(columns, 0, 0.0)
    fragments.add(columns, 3, 5, False)
    assert fragments.pieces == []
    assert not fragments.fit()


BROKEN = rtp(main(0, q=255) + table_header(TABLES, length=5000) + SCAN[:100])


def test_a_broken_table_header_is_refused():
    columns = columns_of([BROKEN, *fragment(SCAN, q=255, tables=TABLES)[1:]])
    fragments = Fragments.begin(columns, 0, 0.0)
    with pytest.raises(MalformedPacketError, match="quantization table length: found 5000"):
        fragments.add(columns, 0, 3, False)
    fragments.add(columns, 1, 3, True)
    assert not fragments.fit()
    assert joined(fragments) == SCAN[400:]


WHOLE = b"\xff\xd8\xff\xe0" + bytes(900)


@pytest.mark.parametrize(("q", "tables"), [(75, None), (255, TABLES), (255, b"")])
def test_a_whole_file_in_the_payload_is_recognised(q, tables):
    fragments = collect(fragment(WHOLE, q=q, tables=tables))
    assert fragments.whole_file
    assert fragments.fit()
    assert joined(fragments) == WHOLE


def test_a_whole_file_may_stand_where_the_tables_should():
    fragments = collect([rtp(main(0, q=255) + WHOLE)])
    assert (fragments.whole_file, fragments.quantization, joined(fragments)) == (True, None, WHOLE)


def test_a_scan_is_no_whole_file():
    assert not collect(fragment(SCAN)).whole_file


def test_the_file_is_not_looked_for_twice():
    # Offset 0 again inside one frame cannot come from the stream, which begins a new frame there.
    fragments = collect([rtp(main(0) + WHOLE), rtp(main(0) + WHOLE)])
    assert joined(fragments) == WHOLE + WHOLE


def test_a_frame_that_was_refused_keeps_nothing_more():
    packets = fragment(SCAN, type=65, interval=4)
    fragments = collect(packets)
    fragments.refuse("too large")
    columns = columns_of(packets)
    fragments.add(columns, 0, 3, True)
    assert fragments.refused == "too large"
    assert (fragments.offsets, fragments.pieces, fragments.chunks, fragments.header_sizes) == ([], [], [], [])
    assert not fragments.fit()


FIRST, LAST, BOTH, INSIDE = (1, 0), (0, 1), (1, 1), (0, 0)
# packets as (F and L, count, data), places behind a loss; chunks that came whole
CHUNKS = {
    "nothing": ([], (), []),
    "one chunk a packet": ([(BOTH, 0, b"a"), (BOTH, 1, b"b")], (), [(0, b"a"), (1, b"b")]),
    "a loss between chunks": ([(BOTH, 0, b"a"), (BOTH, 2, b"c")], {1}, [(0, b"a"), (2, b"c")]),
    "a chunk over packets": ([(FIRST, 0, b"a"), (INSIDE, 0, b"b"), (LAST, 0, b"c")], (), [(0, b"abc")]),
    "its first lost": ([(INSIDE, 0, b"b"), (LAST, 0, b"c"), (BOTH, 1, b"d")], {0}, [(1, b"d")]),
    "its middle lost": ([(FIRST, 0, b"a"), (LAST, 0, b"c"), (BOTH, 1, b"d")], {1}, [(1, b"d")]),
    "its last lost": ([(FIRST, 0, b"a"), (INSIDE, 0, b"b"), (BOTH, 1, b"d")], {2}, [(1, b"d")]),
    "its last lost, the next over packets": (
        [(FIRST, 0, b"a"), (FIRST, 1, b"b"), (LAST, 1, b"c")],
        {1},
        [(1, b"bc")],
    ),
    "end of one, end of another": ([(FIRST, 0, b"a"), (LAST, 1, b"c")], {1}, []),
    "end of one, end of another, unnoticed": ([(FIRST, 0, b"a"), (LAST, 1, b"c")], (), []),
    "a new first inside a chunk": ([(FIRST, 0, b"a"), (FIRST, 0, b"b"), (LAST, 0, b"c")], (), [(0, b"bc")]),
    "a chunk that never ends": ([(FIRST, 0, b"a"), (INSIDE, 0, b"b")], (), []),
    "inside without a first": ([(INSIDE, 0, b"a")], (), []),
}


def pieces(packets):
    return [((*flags, count), data) for flags, count, data in packets]


@pytest.mark.parametrize("name", CHUNKS)
def test_whole_chunks(name):
    # RFC 2435, section 4.4.
    packets, lost, chunks = CHUNKS[name]
    if not packets:
        assert list(Fragments.begin(columns_of(fragment(SCAN, type=65)), 0, 0.0).whole_chunks()) == []
        return
    fragments = collect(chunked(pieces(packets), interval=4), lost)
    assert list(fragments.whole_chunks()) == chunks


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=8),
    st.sets(st.integers(0, 31)),
)
def test_exactly_the_chunks_without_loss_are_whole(sizes, missing):
    packets, owners = [], []
    for count, size in enumerate(sizes):
        for place in range(size):
            packets.append(((place == 0, place == size - 1), count, bytes([count, place])))
            owners.append(count)
    came = [place for place in range(len(packets)) if place not in missing]
    lost = {index for index, place in enumerate(came) if place and place - 1 in missing}
    expected = [
        (count, b"".join(data for _, owner, data in packets if owner == count))
        for count in range(len(sizes))
        if not any(owners[place] == count for place in missing if place < len(owners))
    ]
    if came:
        wire = chunked(pieces(packets), interval=4)
        assert list(collect([wire[place] for place in came], lost).whole_chunks()) == expected


class Unread(list):
    """A list that nobody may walk through."""

    def __iter__(self):
        raise AssertionError("every packet was looked at")


def test_alignment_is_known_without_a_look_at_every_packet():
    # It is asked for with each packet: a walk through all of them would make a frame cost their square.
    fragments = collect(chunked([((1, 1, number), b"\x12") for number in range(9)], interval=1))
    fragments.chunks = Unread(fragments.chunks)
    assert fragments.aligned


@pytest.mark.parametrize(
    ("packets", "aligned"),
    [
        (chunked(pieces([(BOTH, 0, b"a"), (BOTH, 1, b"b")]), interval=4), True),
        (chunked(pieces([(BOTH, 0, b"a"), (BOTH, 0x3FFF, b"b")]), interval=4), False),
        (fragment(SCAN, type=65, interval=4), False),
        (fragment(SCAN, type=1), False),
    ],
)
def test_packets_are_aligned_to_intervals_or_not(packets, aligned):
    assert collect(packets).aligned is aligned
