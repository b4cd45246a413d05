"""Trains: packets in one buffer, cut without a copy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.train import PacketTrain

# packets, and the size the kernel may cut them at
SEGMENTS = [
    ([], 0),
    ([b"abc"], 3),
    ([b"abc", b"def"], 3),
    ([b"abc", b"def", b"g"], 3),
    ([b"abc", b"def", b"ghij"], 0),
    ([b"abc", b"d", b"efg"], 0),
    ([b"a", b"bc"], 0),
    ([b"abc", b""], 3),
    ([b"", b""], 0),
]


@pytest.mark.parametrize(("packets", "segment_size"), SEGMENTS)
def test_packets_come_out_as_they_went_in(packets, segment_size):
    train = PacketTrain.from_packets(packets)
    assert list(train) == packets
    assert len(train) == len(packets)
    assert [train[index] for index in range(len(train))] == packets
    assert train.nbytes == sum(map(len, packets))
    assert train.segment_size == segment_size
    assert spanned(train) == packets


def spanned(train):
    """The packets, cut where ``spans`` says."""
    return [train.data[start:end].tobytes() for start, end in zip(*train.spans(), strict=True)]


@given(st.lists(st.binary(max_size=5), max_size=6))
def test_segment_size_is_one_the_kernel_would_cut_at(packets):
    train = PacketTrain.from_packets(iter(packets))
    assert list(train) == packets
    if train.segment_size:
        size, data = train.segment_size, train.data.tobytes()
        cut = [data[start : start + size] for start in range(0, len(data), size)]
        assert cut == [packet for packet in packets if packet]
    else:
        sizes = [len(packet) for packet in packets]
        assert not any(sizes[:1]) or len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)])
@pytest.mark.parametrize(
    ("data", "packets"),
    [
        (b"", []),
        (b"abcdef", [b"abc", b"def"]),
        (b"abcdefg", [b"abc", b"def", b"g"]),
        (b"ab", [b"ab"]),
    ],
)
def test_a_buffer_is_cut_into_segments(kind, data, packets):
    train = PacketTrain.from_segments(kind(data), 3)
    assert list(train) == packets
    assert (len(train), train.segment_size, train.nbytes) == (len(packets), 3, len(data))
    assert spanned(train) == packets


def test_spans_are_the_same_before_and_after_the_columns_were_made():
    train = PacketTrain.from_segments(b"abcdefg", 3)
    before = train.spans()
    assert (train.starts.tolist(), train.lengths.tolist()) == ([0, 3, 6], [3, 3, 1])
    assert train.spans() == before == ([0, 3, 6], [3, 6, 7])
    assert len(train) == 3


def test_cutting_copies_nothing():
    data = np.zeros(10, np.uint8)
    train = PacketTrain.from_segments(data, 4)
    assert train.data is data
    joined = PacketTrain.from_buffer(b"abcdef", np.array([2, 4]))
    data[4:8] = 7
    assert train[1] == b"\7\7\7\7"
    assert list(joined) == [b"ab", b"cdef"]


def test_packets_may_stand_with_room_between_them():
    data = np.frombuffer(b"ab......cdef....g.......", np.uint8)
    train = PacketTrain(data, np.array([0, 8, 16]), np.array([2, 4, 1]))
    assert list(train) == [b"ab", b"cdef", b"g"]
    assert (train.nbytes, train.segment_size) == (7, 0)
    assert train.spans() == ([0, 8, 16], [2, 12, 17])


def test_columns_are_wide_enough_to_calculate_with():
    for train in (PacketTrain.from_packets([b"ab", b"c"]), PacketTrain.from_segments(b"abc", 2)):
        assert (train.starts.dtype, train.lengths.dtype, train.data.dtype) == (np.int64, np.int64, np.uint8)
