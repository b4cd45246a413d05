"""The restart marker header as a receiver takes it (RFC 2435 sections 3.1.7, 3.1.9, 4.4)."""

from __future__ import annotations

import itertools

import pytest

from conformance.builders import chunked, fragment, main, restart, rtp
from conformance.pictures import DRI, intervals_of, jpeg, pixels, same_pixels, scan_of, take_apart
from conformance.running import receive


def pieces_of(file: bytes, sizes: list[int]) -> list[tuple[tuple[int, int, int], bytes]]:
    """Chunks of so many intervals each, the last one takes the rest."""
    intervals, pieces, index = intervals_of(scan_of(file)), [], 0
    for size in [*sizes, len(intervals)]:
        if index < len(intervals):
            pieces.append(((1, 1, index), b"".join(intervals[index : index + size])))
        index += size
    return pieces


@pytest.mark.rule("J-036", "J-044")
@pytest.mark.parametrize("type", [64, 65])
def test_header_is_skipped_and_becomes_a_dri_segment(type):
    file = jpeg(type, interval=3)
    packets = chunked(pieces_of(file, [1, 2]), interval=3, type=type)
    outcome = receive(packets)
    assert take_apart(outcome.jpegs[0]).contents(DRI) == [b"\x00\x03"]
    assert scan_of(outcome.jpegs[0]) == scan_of(file)
    assert not outcome.findings


@pytest.mark.rule("J-040")
def test_interval_zero_writes_no_dri_and_is_a_finding():
    file = jpeg(1)
    outcome = receive(fragment(scan_of(file), type=65, interval=0))
    assert outcome.findings
    for made in outcome.jpegs:
        assert not take_apart(made).contents(DRI)
        assert same_pixels(made, file)
    assert len(outcome.jpegs) + len(outcome.dropped) == 1


@pytest.mark.rule("J-042")
@pytest.mark.parametrize("type", [64, 65])
def test_unaligned_packets_are_joined_to_the_whole_frame(type):
    # "This indicates that a receiver MUST reassemble the entire frame before decoding it."
    file = jpeg(type)
    packets = fragment(scan_of(file), type=type, interval=4, size=200)
    assert same_pixels(receive(packets).jpegs[0], file)


@pytest.mark.rule("J-042")
@pytest.mark.parametrize("conceal", [True, False])
def test_unaligned_frame_with_a_hole_is_not_shown(conceal):
    packets = fragment(scan_of(jpeg(65)), type=65, interval=4, size=200)
    for lost in range(len(packets)):
        outcome = receive(packets[:lost] + packets[lost + 1 :], conceal=conceal)
        assert not outcome.frames
        assert len(outcome.dropped) == 1


@pytest.mark.rule("J-049")
@pytest.mark.parametrize("size", range(8, 12))
def test_short_header_is_refused(size):
    payload = (main(0, type=64) + restart(4))[:size]
    outcome = receive([rtp(payload, marker=True)])
    assert not outcome.frames
    assert len(outcome.rejected) == 1
    assert "restart" in str(outcome.rejected[0].error)


def split_chunk(file: bytes, **options: int) -> list[bytes]:
    """The first interval in one packet, the second in three, the rest in one."""
    first, second, *rest = intervals_of(scan_of(file))
    third = len(second) // 3
    parts = [second[:third], second[third : 2 * third], second[2 * third :]]
    flags = [(1, 0, 1), (0, 0, 1), (0, 1, 1)]
    pieces = [((1, 1, 0), first), *zip(flags, parts, strict=True), ((1, 1, 2), b"".join(rest))]
    return chunked(pieces, interval=4, **options)


@pytest.mark.rule("J-050")
def test_a_chunk_in_three_packets_is_joined():
    # "... a contiguous sequence of packets (based on the RTP sequence number) which begin with an F bit
    # and end with an L bit ..."
    outcome = receive(split_chunk(jpeg(65)))
    assert same_pixels(outcome.jpegs[0], jpeg(65))
    assert not outcome.frames[0].concealed


@pytest.mark.rule("J-050")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_chunk_with_a_hole_is_not_used(lost):
    # "... the resulting set of packets must all be received by a decoder for that restart interval to
    # be decoded properly."
    packets = split_chunk(jpeg(65))
    outcome = receive(packets[:lost] + packets[lost + 1 :], conceal=False)
    assert not outcome.frames
    assert len(outcome.dropped) == 1


@pytest.mark.rule("J-050", "J-051")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_the_other_chunks_of_the_frame_are_kept(lost):
    before, file = jpeg(65, seed=2), jpeg(65)
    packets = split_chunk(file, sequence=100, timestamp=12600)
    del packets[lost]
    outcome = receive([*fragment_aligned(before), *packets])
    assert [frame.concealed for frame in outcome.frames] == [False, True]
    expected = intervals_of(scan_of(file))
    expected[1] = intervals_of(scan_of(before))[1]
    assert intervals_of(scan_of(outcome.jpegs[1])) == expected


def fragment_aligned(file: bytes) -> list[bytes]:
    return chunked(pieces_of(file, [1, 1]), interval=4, sequence=100 - len(pieces_of(file, [1, 1])))


@pytest.mark.rule("J-051")
@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize("lost", [0, 1, 3, 5])
def test_a_chunk_goes_to_the_place_that_its_count_gives(lost, type):
    # "The position of the MCU at the beginning of the data can be determined by multiplying the
    # Restart Count value by the Restart Interval value."
    file = jpeg(type, interval=2)
    pieces = pieces_of(file, [1, 1, 1, 1, 1])
    packets = chunked(pieces, interval=2, type=type)
    del packets[lost]
    outcome = receive(packets)
    (frame,) = outcome.frames
    assert frame.concealed
    made, sent = intervals_of(scan_of(frame.jpeg)), intervals_of(scan_of(file))
    gone = range(pieces[lost][0][2], pieces[lost + 1][0][2] if lost + 1 < len(pieces) else len(sent))
    assert len(made) == len(sent)
    for index, (one, other) in enumerate(zip(made, sent, strict=True)):
        assert (one == other) is (index not in gone)
    assert pixels(frame.jpeg).shape == pixels(file).shape


@pytest.mark.rule("J-124")
@pytest.mark.parametrize("type", [64, 65])
def test_both_ways_to_cut_give_the_same_picture(type):
    # The RFC puts RSTn at the beginning of an interval; some would cut behind it.
    file = jpeg(type)
    begins = intervals_of(scan_of(file))
    ends, carried = [], b""
    for following in [*begins[1:], b""]:
        current = begins[len(ends)]
        ends.append(current.removeprefix(carried) + following[:2])
        carried = following[:2]
    assert b"".join(ends) == scan_of(file) and ends != begins
    for cut in (begins, ends):
        outcome = receive(chunked([((1, 1, n), data) for n, data in enumerate(cut)], interval=4, type=type))
        assert same_pixels(outcome.jpegs[0], file)


@pytest.mark.rule("J-124")
def test_a_wrong_marker_number_is_a_finding():
    intervals = intervals_of(scan_of(jpeg(65, interval=2)))
    wrong = intervals[2].replace(b"\xff\xd1", b"\xff\xd5")
    assert wrong != intervals[2]
    intervals[2] = wrong
    outcome = receive(chunked([((1, 1, n), data) for n, data in enumerate(intervals)], interval=2))
    assert outcome.findings
    (frame,) = outcome.frames
    assert frame.concealed, "the chunk may belong elsewhere"
    made = intervals_of(scan_of(frame.jpeg))
    assert [one == sent for one, sent in zip(made, intervals, strict=True)] == [
        True,
        True,
        False,
        True,
        True,
        True,
    ]
    assert wrong[2:] not in frame.jpeg


@pytest.mark.rule("J-125")
def test_chunks_of_any_number_of_intervals():
    # "... may contain any number of consecutive restart intervals."
    file = jpeg(65, width=160, height=120, interval=4)
    pieces = pieces_of(file, [1, 5, 2])
    outcome = receive(chunked(pieces, interval=4, width=160, height=120))
    assert same_pixels(outcome.jpegs[0], file)


@pytest.mark.rule("J-126", "J-008")
@pytest.mark.parametrize("aligned", [True, False])
def test_another_interval_in_a_later_packet_does_not_corrupt_the_frame(aligned):
    file = jpeg(65, interval=3)
    if aligned:
        packets = chunked(pieces_of(file, [1, 1]), interval=3)
    else:
        packets = fragment(scan_of(file), type=65, interval=3, size=300)
    packets[1] = packets[1][:20] + b"\x00\x09" + packets[1][22:]
    outcome = receive(packets, conceal=False)
    assert not outcome.frames or (outcome.findings and same_pixels(outcome.jpegs[0], file))
    assert outcome.complaints or outcome.findings


@pytest.mark.rule("J-101", "J-125")
def test_chunks_in_any_order():
    packets = chunked(pieces_of(jpeg(65), [1, 1, 1]), interval=4)[:5]
    for order in itertools.permutations(packets[1:]):
        assert same_pixels(receive([packets[0], *order]).jpegs[0], jpeg(65))
