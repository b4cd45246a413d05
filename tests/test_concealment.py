"""Lost intervals, filled with those of earlier frames; a strict decoder judges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from conformance.pictures import intervals_of, jpeg, scan_of
from rtpjpeg.concealment import (
    FRESH,
    MOST_WASTE,
    REMEMBERED_BYTES,
    REMEMBERED_KEYS,
    Concealer,
    grey_interval,
    grey_intervals,
    join_intervals,
    split_chunk,
)
from rtpjpeg.interchange import make_header
from rtpjpeg.jpeg import count_mcus
from rtpjpeg.tables import quantization_tables

EOI = b"\xff\xd9"
INTERVAL = 4
MCUS = {64: count_mcus(64, 64, 48), 65: count_mcus(65, 64, 48)}
COUNTS = {type: -(-mcus // INTERVAL) for type, mcus in MCUS.items()}


def bare(type, seed):
    """The intervals of a real frame, without their markers."""
    pieces = intervals_of(scan_of(jpeg(type, seed=seed)))
    pieces[-1] = pieces[-1].removesuffix(EOI)
    return [pieces[0], *(piece[2:] for piece in pieces[1:])]


def stored(type, seed):
    """A whole scan as a complete frame stores it."""
    return memoryview(scan_of(jpeg(type, seed=seed)).removesuffix(EOI))


def joined(intervals):
    """A scan of these intervals, without EOI, as T.81 has it."""
    parts = [intervals[0]]
    for index, interval in enumerate(intervals[1:]):
        parts += [bytes((0xFF, 0xD0 + index % 8)), interval]
    return b"".join(parts)


def coded(count, intervals):
    """The intervals as they are kept: all but the first of a picture begin with the code of their marker."""
    return [
        (bytes((0xD0 + (index - 1) % 8,)) if index else b"") + interval
        for index, interval in enumerate(intervals, count)
    ]


def splice(concealer, type, chunks, key="key", interval=INTERVAL, mcus=None, timestamp=0):
    return concealer.fill(key, b"", type, mcus or MCUS[type], interval, chunks, timestamp)


def fill(concealer, type, chunks, **options):
    """The scan without EOI, and how many intervals are fresh."""
    made = splice(concealer, type, chunks, **options)
    assert made.jpeg.endswith(EOI)
    return made.jpeg.removesuffix(EOI), made.fresh


def store(concealer, scan, key="key", timestamp=0):
    concealer.store(key, scan, timestamp)


def decoded(type, scan, width=64, height=48, interval=INTERVAL, colours="BGR"):
    """The pixels that a strict decoder makes of it."""
    file = make_header(type, width, height, quantization_tables(75), 0, interval) + scan + EOI
    return simplejpeg.decode_jpeg(file, colours, strict=True)


@pytest.mark.parametrize("type", [64, 65])
def test_a_frame_that_came_whole_is_itself(type):
    chunks = list(enumerate(bare(type, 1)))
    assert fill(Concealer(), type, chunks) == (bytes(stored(type, 1)), COUNTS[type])


@pytest.mark.parametrize("type", [64, 65])
@given(data=st.data())
def test_each_interval_is_the_newest_there_is(type, data):
    count = COUNTS[type]
    expected = [grey_interval(type, INTERVAL)] * count
    concealer = Concealer()
    for seed in data.draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=4)):
        came = data.draw(st.sets(st.integers(0, count - 1)))
        intervals = bare(type, seed)
        if len(came) == count and data.draw(st.booleans()):
            store(concealer, stored(type, seed))
            expected = intervals
            continue
        expected = [intervals[place] if place in came else expected[place] for place in range(count)]
        scan, fresh = fill(concealer, type, [(place, intervals[place]) for place in came])
        assert scan == joined(expected)
        assert fresh == len(came)


def test_a_complete_frame_is_newer_than_a_concealed_one():
    concealer, intervals = Concealer(), bare(65, 2)
    fill(concealer, 65, [(0, bare(65, 1)[0])])
    store(concealer, stored(65, 2))
    assert fill(concealer, 65, [])[0] == joined(intervals)


def test_a_concealed_frame_is_newer_than_a_complete_one():
    concealer = Concealer()
    store(concealer, stored(65, 2))
    fill(concealer, 65, [(1, bare(65, 1)[1])])
    expected = bare(65, 2)
    expected[1] = bare(65, 1)[1]
    assert fill(concealer, 65, [])[0] == joined(expected)


def test_frames_of_another_key_do_not_help():
    concealer = Concealer()
    store(concealer, key="other tables", scan=stored(65, 1))
    scan, fresh = fill(concealer, 65, [])
    assert scan == joined([grey_interval(65, INTERVAL)] * COUNTS[65])
    assert fresh == 0


def test_only_so_many_keys_are_remembered():
    concealer = Concealer()
    for key in range(REMEMBERED_KEYS):
        store(concealer, key=key, scan=stored(65, 1))
    store(concealer, key=0, scan=stored(65, 2))
    store(concealer, key="new", scan=stored(65, 3))
    assert fill(concealer, 65, [], key=0)[0] == bytes(stored(65, 2)), "the newest use counts"
    assert fill(concealer, 65, [], key=1)[0] == joined([grey_interval(65, INTERVAL)] * COUNTS[65])
    assert len(concealer._pictures) == REMEMBERED_KEYS


def test_a_picture_with_another_number_of_intervals_does_not_help():
    concealer = Concealer()
    store(concealer, memoryview(joined(bare(65, 1)[:2])))
    assert fill(concealer, 65, [])[0] == joined([grey_interval(65, INTERVAL)] * COUNTS[65])


def test_a_stored_picture_that_is_damaged_does_not_help():
    concealer = Concealer()
    store(concealer, memoryview(b"\x12\xff\xd5\x34"))
    assert fill(concealer, 65, [])[0] == joined([grey_interval(65, INTERVAL)] * COUNTS[65])


def chunk(type, seed, first, stop):
    """Whole intervals as they travel: markers between them, and in front of all but the first."""
    return b"".join(intervals_of(scan_of(jpeg(type, seed=seed)))[first:stop])


@pytest.mark.parametrize(("first", "stop", "fresh"), [(0, 1, 1), (0, 2, 2), (1, 3, 2), (2, 3, 1), (0, 3, 3)])
def test_a_chunk_may_hold_several_intervals(first, stop, fresh):
    concealer = Concealer()
    store(concealer, stored(65, 2))
    scan, came = fill(concealer, 65, [(first, chunk(65, 1, first, stop))])
    expected = bare(65, 2)
    expected[first:stop] = bare(65, 1)[first:stop]
    assert (scan, came) == (joined(expected), fresh)


# chunks that do not belong into a picture of three intervals
MISFITS = {
    "behind the picture": (3, b"\x12"),
    "far behind it": (0x3FFE, b"\x12"),
    "reaching behind it": (2, b"\xff\xd1\x12\xff\xd2\x34"),
    "damaged": (0, b"\x12\xff\xda\x34"),
    "wrong number": (1, b"\xff\xd3\x12"),
    "empty": (1, b""),
    "a marker alone": (1, b"\xff\xd0"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_chunks_that_do_not_fit_are_left_out(name):
    concealer = Concealer()
    store(concealer, stored(65, 2))
    assert fill(concealer, 65, [MISFITS[name]]) == (bytes(stored(65, 2)), 0)


# first interval, chunk, intervals without their markers
SPLITS = {
    "nothing": (0, "", []),
    "one": (0, "12 34", ["1234"]),
    "two": (0, "12 FF D0 34", ["12", "34"]),
    "a marker in front": (1, "FF D0 12", ["12"]),
    "no marker in front": (1, "12", ["12"]),
    "a marker in front and between": (3, "FF D2 12 FF D3 34", ["12", "34"]),
    "markers wrap": (7, "FF D6 12 FF D7 34 FF D0 56", ["12", "34", "56"]),
    "a marker behind": (0, "12 FF D0", ["12"]),
    "a marker behind each": (1, "12 FF D1 34 FF D2", ["12", "34"]),
    "markers in front and behind": (1, "FF D0 12 FF D1", ["12"]),
    "fill": (1, "FF FF FF D0 12 FF FF D1 34", ["12", "34"]),
    "fill at the end": (0, "12 FF FF", ["12"]),
    "EOI": (2, "FF D1 12 FF D9", ["12"]),
    "what follows EOI": (2, "FF D1 12 FF D9 34 FF D0", ["12"]),
    "stuffed FF": (0, "FF 00 FF D0 FF 00", ["FF00", "FF00"]),
    "D0 that is data": (1, "FF D0 D0 D0 FF D1 D1", ["D0D0", "D1"]),
    "a marker alone": (1, "FF D0", []),
    "a large number": (16382, "FF D5 12 FF D6 34", ["12", "34"]),
    "wrong number in front": (1, "FF D1 12", None),
    "wrong number between": (0, "12 FF D1 34", None),
    "wrong number behind": (0, "12 FF D1", None),
    "a number left out": (0, "12 FF D0 34 FF D2 56", None),
    "an empty interval": (0, "12 FF D0 FF D1 34", None),
    "two markers in front": (1, "FF D0 FF D1 12", None),
    "a foreign marker": (0, "12 FF C4 34", None),
    "a foreign marker in front": (0, "FF DA 12", None),
}


@pytest.mark.parametrize("name", SPLITS)
def test_split_chunk(name):
    count, text, intervals = SPLITS[name]
    expected = None if intervals is None else coded(count, map(bytes.fromhex, intervals))
    assert split_chunk(bytes.fromhex(text), count) == expected


@pytest.mark.parametrize("size", [10, 1000, 20_000])
@pytest.mark.parametrize("pattern", [b"\x12", b"\xff\x00", b"\xff\xff\x00", b"\x12" * 40 + b"\xff\x00"])
def test_chunks_of_any_density_are_split_alike(pattern, size):
    data = (pattern * size)[:size].rstrip(b"\xff") + b"\x12"
    for fill in (b"", b"\xff\xff"):
        chunk = data + fill + b"\xff\xd2" + data + fill + b"\xff\xd3" + data + fill
        assert split_chunk(chunk, 2) == coded(2, [data, data, data])


def test_a_chunk_that_ends_with_eoi_in_the_middle_of_a_picture_is_damaged():
    assert split_chunk(b"\x12\xff\xd9", 0, 2) is None
    assert split_chunk(b"\x12\xff\xd9", 0, 1) == [b"\x12"]


# chunks of a picture of three intervals, which of them are used
FITTING = {
    "in order": ([(0, b"\x01"), (1, b"\x02"), (2, b"\x03")], [0, 1, 2]),
    "the first reaches into the second": ([(0, b"\x01\xff\xd0\x02"), (1, b"\x03")], [1]),
    "the second is damaged": ([(0, b"\x01"), (1, b"\xff\xc4"), (2, b"\x03")], [0, 2]),
    "back": ([(1, b"\x01"), (0, b"\x02")], [0]),
    "the same again": ([(1, b"\x01"), (1, b"\x02")], [1]),
    "cut": ([(0, b"\x01\xff\xd9"), (2, b"\x03")], [2]),
    "after too much that does not fit": ([(0, b"\xff\xc4" * MOST_WASTE), (2, b"\x03")], []),
    "before too much that does not fit": ([(0, b"\x01"), (2, b"\xff\xc4" * MOST_WASTE)], [0]),
}


@pytest.mark.parametrize("name", FITTING)
def test_chunks_fit_the_picture_and_each_other(name):
    chunks, used = FITTING[name]
    made = splice(Concealer(), 65, chunks)
    assert [place for place, state in enumerate(made.states) if state == FRESH] == used


intervals_strategy = st.lists(
    st.binary(min_size=1, max_size=6).map(lambda data: data.replace(b"\xff", b"\xff\x00")),
    min_size=1,
    max_size=20,
)


@given(intervals_strategy)
def test_what_is_joined_is_split_again(intervals):
    assert split_chunk(joined(intervals), 0) == coded(0, intervals)
    assert join_intervals(coded(0, intervals), b"front") == b"front" + joined(intervals) + EOI


@given(intervals_strategy, st.integers(1, 0x3FFE), st.booleans(), st.booleans())
def test_chunks_of_either_habit_are_split(intervals, count, in_front, behind):
    parts = [b"\xff" + bytes([0xD0 + (count - 1) % 8])] if in_front else []
    for place, interval in enumerate(intervals):
        parts += [interval, b"\xff" + bytes([0xD0 + (count + place) % 8])]
    assert split_chunk(b"".join(parts if behind else parts[:-1]), count) == coded(count, intervals)


@given(
    st.lists(st.sampled_from([0xFF, 0xFF, 0xD0, 0xD1, 0xD9, 0, 1, 0xE0]), max_size=12), st.integers(0, 0x3FFF)
)
def test_any_chunk_is_split_or_refused(values, count):
    intervals = split_chunk(bytes(values), count)
    assert intervals is None or all(intervals), "no empty interval"


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("mcus", [1, 2, 3, 4, 7, 40])
@pytest.mark.parametrize("quality", [1, 50, 99])
def test_grey_is_grey(type, mcus, quality):
    width, height = 16 * mcus, 16 if type & 1 else 8
    header = make_header(type, width, height, quantization_tables(quality))
    pixels = simplejpeg.decode_jpeg(header + grey_interval(type, mcus) + EOI, "BGR", strict=True)
    assert pixels.shape == (height, width, 3)
    assert (pixels == 128).all()


@pytest.mark.parametrize("type", [64, 65])
def test_a_frame_of_which_nothing_came_decodes_to_grey(type):
    scan, fresh = fill(Concealer(), type, [])
    assert fresh == 0
    assert (decoded(type, scan) == 128).all()


@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize(
    ("interval", "width", "height"), [(5, 64, 48), (7, 48, 80), (24, 64, 48), (1, 144, 16)]
)
def test_the_last_interval_may_be_shorter(type, interval, width, height):
    mcus = count_mcus(type, width, height)
    scan, _ = fill(Concealer(), type, [], mcus=mcus, interval=interval)
    assert (decoded(type, scan, width, height, interval) == 128).all()


@pytest.mark.parametrize("type", [64, 65])
def test_what_came_stands_in_grey_at_its_place(type):
    whole = decoded(type, bytes(stored(type, 1)), colours="GRAY")
    for place, interval in enumerate(bare(type, 1)):
        pixels = decoded(type, fill(Concealer(), type, [(place, interval)])[0], colours="GRAY")
        side = 16 if type & 1 else 8
        # An interval is one row of MCUs here: 4 of 16 pixels in 64.
        rows = slice(place * side, (place + 1) * side)
        assert (pixels[rows] == whole[rows]).all()
        others = np.delete(pixels, np.arange(rows.start, rows.stop), axis=0)
        assert (others == 128).all()


@pytest.mark.parametrize("type", [64, 65])
def test_a_mixed_picture_decodes_as_its_parts_do(type):
    concealer = Concealer()
    store(concealer, stored(type, 1))
    scan, _ = fill(concealer, type, [(1, bare(type, 2)[1])])
    file = make_header(type, 64, 48, quantization_tables(75), 0, INTERVAL) + scan + EOI
    made = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE)
    old, new = (
        cv2.imdecode(np.frombuffer(jpeg(type, seed=seed), np.uint8), cv2.IMREAD_GRAYSCALE) for seed in (1, 2)
    )
    side = 16 if type & 1 else 8
    expected = old.copy()
    expected[side : 2 * side] = new[side : 2 * side]
    assert (made == expected).all()


FRAME = 3000
"""Timestamp units from frame to frame, 30 a second."""


def chunks(type, seed, *lost):
    return [(place, data) for place, data in enumerate(bare(type, seed)) if place not in lost]


def test_the_age_is_that_of_the_oldest_interval():
    concealer = Concealer()
    store(concealer, stored(65, 1), timestamp=0)
    assert splice(concealer, 65, chunks(65, 2, 0), timestamp=FRAME).oldest == pytest.approx(1 / 30)
    assert splice(concealer, 65, chunks(65, 1, 0, 1), timestamp=2 * FRAME).oldest == pytest.approx(2 / 30)
    made = splice(concealer, 65, chunks(65, 2, 1), timestamp=3 * FRAME)
    assert (made.intervals, made.fresh, made.states) == (COUNTS[65], COUNTS[65] - 1, b"\0\1\0")
    assert made.oldest == pytest.approx(2 / 30), "interval 1 is of the frame at 1/30 s"
    assert splice(concealer, 65, chunks(65, 1), timestamp=4 * FRAME).oldest == 0


def test_ages_go_on_where_timestamps_wrap():
    concealer = Concealer()
    store(concealer, stored(65, 1), timestamp=2**32 - 1000)
    assert splice(concealer, 65, chunks(65, 2, 0), timestamp=2000).oldest == pytest.approx(1 / 30)


@pytest.mark.parametrize("jump", [20 * 90_000, -20 * 90_000, 2**31, 0])
def test_a_clock_that_jumps_makes_nothing_older(jump):
    concealer = Concealer()
    store(concealer, stored(65, 1), timestamp=5000)
    made = splice(concealer, 65, chunks(65, 2, 0), timestamp=(5000 + jump) % 2**32)
    assert 0 < made.oldest < 0.001
    assert made.states == b"\1\0\0"


def test_what_was_never_seen_is_infinitely_old():
    made = splice(Concealer(), 65, chunks(65, 1, 0, 2))
    assert (made.oldest, made.states, made.fresh) == (float("inf"), b"\2\0\2", 1)


def test_what_was_seen_before_the_key_changed_is_left_to_the_picture_before():
    concealer = Concealer()
    store(concealer, stored(65, 1), key="high", timestamp=0)
    store(concealer, stored(65, 2), key="low", timestamp=FRAME)
    made = splice(concealer, 65, chunks(65, 2, 1), key="high", timestamp=2 * FRAME)
    assert made.states == b"\0\2\0", "the picture with other tables was shown since"
    assert made.oldest == pytest.approx(2 / 30), "in the file it stands as it was"
    made = splice(concealer, 65, chunks(65, 1, 0, 1), key="high", timestamp=3 * FRAME)
    assert made.states == b"\1\2\0"


def test_only_so_many_bytes_are_remembered():
    concealer = Concealer()
    scan = memoryview(bytes(REMEMBERED_BYTES // 2 - 100))
    for key in range(3):
        store(concealer, scan, key=key)
    assert set(concealer._pictures) == {1, 2}
    store(concealer, memoryview(bytes(2 * REMEMBERED_BYTES)), key="large")
    assert set(concealer._pictures) == {"large"}, "the one in use is kept"


def test_the_work_is_counted():
    concealer = Concealer()
    store(concealer, stored(65, 1))
    data = chunks(65, 2, 0)
    made = splice(concealer, 65, data)
    expected = 2 * len(stored(65, 1)) + sum(len(piece) for _, piece in data) + len(made.jpeg)
    assert concealer.bytes_copied == expected


@pytest.mark.parametrize("most", [0, 1, 2])
def test_more_intervals_than_there_may_be_are_refused(most):
    data = bytes.fromhex("12 FF D0 34 FF D1 56")
    assert split_chunk(data, 0, most) is None
    assert split_chunk(data, 0, 3) == coded(0, [b"\x12", b"\x34", b"\x56"])


@pytest.mark.parametrize(
    "data", [b"\xff\xd0" * 100_000, b"\xff" * 200_000 + b"\xd0\x12", b"\x12\xff\xff" * 50_000]
)
def test_a_flood_of_markers_is_left_early(data):
    assert (split_chunk(data, 1, 3) or []) in ([], [b"\xd0\x12"])


@pytest.mark.parametrize("type", [64, 65])
@pytest.mark.parametrize(("mcus", "interval"), [(12, 4), (13, 4), (3, 4), (1, 1), (24, 1), (40, 40)])
def test_a_grey_picture_is_made_of_grey_intervals(type, mcus, interval):
    sizes = [min(interval, mcus - at) for at in range(0, mcus, interval)]
    assert grey_intervals(type, mcus, interval) == coded(0, [grey_interval(type, size) for size in sizes])
