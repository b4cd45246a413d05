"""Lost restart intervals, filled with those of an earlier frame. Nothing is decoded for it.

A restart interval begins on a byte with its predictors at zero, and RFC 2435 fixes the Huffman
tables: an interval of one frame stands in the same place of another frame, byte for byte, as long as
type, size, restart interval and quantisation tables are the same. So a frame with holes is its own
intervals where they came, and the newest earlier ones elsewhere. An interval that was never seen is
mid-grey.

An interval is kept without the 0xFF of the marker it begins with: the parts between one 0xFF and the
next, joined by 0xFF, are the scan again. All but the first begin with the code of their marker.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .rtp import CLOCK_RATE
from .scan import markers
from .serial import timestamp_difference

# One MCU of mid-grey: each block has DC difference 0 and end of block at once (T.81 tables K.3 to K.6).
_GREY_BITS = {0: "001010" * 2 + "0000" * 2, 1: "001010" * 4 + "0000" * 2}
_MARKED = re.compile(rb"\xff(?![\x00\xff])")
_LARGE = 1 << 14
"""Bytes from which on a chunk is not copied to be split."""
_RST0, _EOI = 0xD0, 0xD9
_CODES = tuple(bytes((_RST0 + number,)) for number in range(8))
LONGEST_STEP = 10 * CLOCK_RATE
"""Timestamps further apart than this are no time that has passed, but a clock that was set."""
REMEMBERED_KEYS = 4
"""Combinations of type, size, interval and tables that are kept, least recently used first out."""
_LIST_COST = 64
MOST_INTERVALS = 0x3FFF
"""Of a picture: a restart count has 14 bits, and 0x3FFF means something else (RFC 2435 section 3.1.7)."""
MOST_WASTE = 1 << 18
"""Bytes of chunks that do not fit; what follows them in a frame is no longer looked at."""
REMEMBERED_BYTES = 4 << 20
"""All of them together; the one in use is kept whatever its size."""


FRESH, STALE, UNSEEN = range(3)
"""An interval came with this frame; it stands as an earlier one had it; it has not come since the key last
changed, so that a picture shown before knows better."""


@dataclass(slots=True)
class _Picture:
    """The newest intervals of one key."""

    intervals: list[bytes]
    whole: memoryview | None
    """The scan of a complete frame while nobody has needed its intervals."""
    stamps: list[float]
    """When each interval was new, in unwrapped timestamp units; minus infinity for never."""
    size: int


@dataclass(frozen=True, slots=True)
class Splice:
    """A frame with its holes filled."""

    jpeg: bytes
    intervals: int
    """Restart intervals of the picture."""
    fresh: int
    """How many of them came with this frame."""
    oldest: float
    """Seconds since the oldest of them was new; infinite when one was never seen."""
    states: bytes
    """Of each interval FRESH, STALE or UNSEEN."""


class Concealer:
    """Keeps the newest intervals of a stream, one picture for each key."""

    def __init__(self) -> None:
        self.bytes_copied = 0
        self._pictures: OrderedDict[Hashable, _Picture] = OrderedDict()
        self._clock = 0
        """Timestamp of the newest frame, unwrapped."""
        self._timestamp: int | None = None
        self._key: Hashable = None
        self._since = 0
        """Where the clock stood when the key last changed."""

    def store(self, key: Hashable, scan: memoryview, timestamp: int) -> None:
        """Keep the scan of a complete frame, EOI left out; it is split only when it is needed."""
        self._tick(key, timestamp)
        self._keep(key, _Picture([], scan, [self._clock], len(scan)))

    def fill(
        self,
        key: Hashable,
        header: bytes,
        type_: int,
        mcus: int,
        interval: int,
        chunks: Iterable[tuple[int, bytes]],
        timestamp: int,
    ) -> Splice:
        """Return a whole JPEG: ``header``, the intervals that came and older ones, EOI.

        ``chunks`` are restart count and data of what came; ``mcus`` is the size of the picture and
        ``interval`` the restart interval, both in MCUs; ``timestamp`` is the frame's. Chunks that do not
        fit the picture are left out.
        """
        self._tick(key, timestamp)
        picture = self._known(key, type_, mcus, interval)
        intervals, stamps = picture.intervals, picture.stamps
        for count, pieces in self._fitting(chunks, len(intervals)):
            intervals[count : count + len(pieces)] = pieces
            stamps[count : count + len(pieces)] = [self._clock] * len(pieces)
        jpeg = join_intervals(intervals, header)
        self.bytes_copied += len(jpeg)
        picture.size = len(jpeg) + _LIST_COST * len(intervals)
        self._keep(key, picture)
        return self._splice(jpeg, stamps)

    def _fitting(self, chunks: Iterable[tuple[int, bytes]], total: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield restart count and intervals of the chunks that fit a picture and each other.

        One that reaches into the next holds a marker that no encoder made, and one that ends with EOI in
        the middle of a picture was cut.
        """
        count, pieces, wasted = 0, list[bytes](), 0
        for following, data in chunks:
            self.bytes_copied += len(data)
            found = split_chunk(data, following, max(total - following, 0)) or []
            if not found:
                wasted += len(data)
            else:
                if pieces and count + len(pieces) <= following:
                    yield count, pieces
                else:
                    wasted += sum(map(len, pieces))
                count, pieces = following, found
            if wasted > MOST_WASTE:
                break
        if pieces:
            yield count, pieces

    def _splice(self, jpeg: bytes, stamps: list[float]) -> Splice:
        now, since = self._clock, self._since
        states = bytes([FRESH if at == now else STALE if at >= since else UNSEEN for at in stamps])
        age = (now - min(stamps)) / CLOCK_RATE
        return Splice(jpeg, len(stamps), states.count(FRESH), age, states)

    def _tick(self, key: Hashable, timestamp: int) -> None:
        """Move the clock on; a sender whose own clock jumps makes nothing older."""
        step = 1 if self._timestamp is None else timestamp_difference(timestamp, self._timestamp)
        self._timestamp = timestamp
        self._clock += step if 0 < step <= LONGEST_STEP else 1
        if key != self._key:
            self._key, self._since = key, self._clock

    def _keep(self, key: Hashable, picture: _Picture) -> None:
        pictures = self._pictures
        pictures[key] = picture
        pictures.move_to_end(key)
        while len(pictures) > REMEMBERED_KEYS or (
            len(pictures) > 1 and sum(kept.size for kept in pictures.values()) > REMEMBERED_BYTES
        ):
            pictures.popitem(last=False)

    def _known(self, key: Hashable, type_: int, mcus: int, interval: int) -> _Picture:
        """Return what is known of a picture, split into its intervals."""
        picture = self._pictures.pop(key, None)
        count = -(-mcus // interval)
        if picture is not None and picture.whole is not None:
            stamps, whole = picture.stamps, bytes(picture.whole)
            picture.whole = None
            self.bytes_copied += 2 * len(whole)
            pieces = split_chunk(whole, 0, count) or []
            picture = _Picture(pieces, None, stamps * len(pieces), len(whole))
        if picture is None or len(picture.intervals) != count:
            picture = _Picture(grey_intervals(type_, mcus, interval), None, [float("-inf")] * count, 0)
        return picture


def split_chunk(data: bytes, count: int, rest: int | None = None) -> list[bytes] | None:
    """Return the intervals of a chunk, each with the code of its marker, or None when it is damaged.

    ``count`` is the index of its first interval, ``rest`` how many the picture has from there on: EOI
    stands behind the last of them only. The marker that the chunk begins with is number (count - 1) mod 8
    and makes no empty interval; neither does one at its end, where a sender cuts behind its markers. Fill
    bytes are left out. A wrong number tells that the chunk is not what it says.
    """
    most = MOST_INTERVALS if rest is None else rest
    front, *others = _split_at_markers(data.rstrip(b"\xff"), most + 2)
    # Only the first interval of a picture has no marker; other chunks may leave theirs to the one before.
    intervals = [(_CODES[count - 1 & 7] if count else b"") + front] if front else []
    for piece in others:
        number = count + len(intervals)
        if piece[0] == _EOI:
            if rest is not None and len(intervals) != rest:
                return None
            break
        if not number or piece[0] != _RST0 + (number - 1 & 7) or _bare(intervals, number):
            return None
        intervals.append(piece)
    if _bare(intervals, count + len(intervals)):
        del intervals[-1]
    return intervals if len(intervals) <= most else None


def _split_at_markers(data: bytes, most: int) -> list[bytes]:
    """Return what stands between markers, up to ``most`` of them, without their 0xFF and fill bytes."""
    if len(data) >= _LARGE:
        pieces = _split_large(memoryview(data), most)
    elif data.count(b"\xff") <= len(data) >> 4:
        pieces = _MARKED.split(data, most)
    elif b"\xff\xff" not in data:
        return _split_dense(data, most)
    else:
        pieces = _split_large(memoryview(data), most)
    return [piece.rstrip(b"\xff") if piece[-1:] == b"\xff" else piece for piece in pieces]


def _split_dense(data: bytes, most: int) -> list[bytes]:
    """Do the same where a regular expression would stop at every other byte, a stuffed 0xFF."""
    pieces, start = [], 0
    for masked in data.replace(b"\xff\x00", b"\x00\x00").split(b"\xff", most):
        pieces.append(data[start : start + len(masked)])
        start += len(masked) + 1
    return pieces


def _split_large(data: memoryview, most: int) -> list[bytes]:
    places: list[int] = []
    for found, _ in markers(np.frombuffer(data, np.uint8)):
        places += found[: most - len(places)].tolist()
        if len(places) == most:
            break
    bounds = zip([0, *(place + 1 for place in places)], [*places, len(data)], strict=True)
    return [bytes(data[first:stop]) for first, stop in bounds]


def _bare(intervals: list[bytes], number: int) -> bool:
    """Tell whether the last interval, the one in front of ``number``, is a marker and nothing else."""
    return number > 1 and len(intervals) > 0 and len(intervals[-1]) == 1


def join_intervals(intervals: list[bytes], header: bytes = b"") -> bytes:
    """Return a JPEG: a header, the intervals with RST0 to RST7 between them, cyclically, and EOI."""
    return b"\xff".join([header + intervals[0], *intervals[1:], b"\xd9"])


def grey_intervals(type_: int, mcus: int, interval: int) -> list[bytes]:
    """Return a picture of mid-grey: intervals of ``interval`` MCUs, the last one what is left."""
    count = -(-mcus // interval)
    full = grey_interval(type_, min(interval, mcus))
    intervals = [full] + [_CODES[index - 1 & 7] + full for index in range(1, count)]
    rest = mcus - (count - 1) * interval
    if rest != interval:
        intervals[-1] = (_CODES[count - 2 & 7] if count > 1 else b"") + grey_interval(type_, rest)
    return intervals


@lru_cache(maxsize=16)
def grey_interval(type_: int, mcus: int) -> bytes:
    """Return an interval of mid-grey MCUs (all pixels 128), padded with ones to a whole byte."""
    bits = _GREY_BITS[type_ & 63] * mcus
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
