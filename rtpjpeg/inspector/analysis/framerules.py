"""Rules about the packets of a frame, and about a frame and the one before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import quirks
from ...train import Column, Flags
from ..findings import Findings
from .frames import Frames, steps
from .packets import Packets
from .restarts import check_restarts

TEARING = ("J-095", "J-096")
"""Offsets that no receiver can put together."""


class FrameRules:
    """Holds the frames of one stream against these rules; frames come in order, some at a time."""

    def __init__(self, findings: Findings, ssrc: int) -> None:
        self.torn: Flags = np.zeros(0, np.bool_)
        """Which of the frames checked last have offsets that leave a gap or overlap."""
        self._findings = findings
        self._ssrc = ssrc
        self._size: tuple[int, int] | None = None
        self._stamps = np.zeros((0, 3), np.int64)
        """Timestamp, packet and type-specific of the frame judged last, and of those behind it."""
        self._judged = 0
        self._same = False

    def check(self, frames: Frames) -> Flags:
        """Check frames; return which of them break a rule about their own packets."""
        suspect = self._check_marker(frames) | self._check_same(frames) | self._check_offsets(frames)
        suspect |= check_restarts(frames, self._tell)
        self._check_size(frames)
        self._check_time(frames)
        return suspect

    def finish(self) -> None:
        """Judge the last frame, behind which none comes."""
        self._judge_time(len(self._stamps))

    def _check_marker(self, frames: Frames) -> Flags:
        packets, links = frames.packets, frames.links
        early = packets.marker[:-1] & links.consecutive & ~links.begins
        self._tell("J-005", packets, np.flatnonzero(early), lambda place: "a marker inside a frame")
        missing = frames.last[frames.ended & ~packets.marker[frames.last]]
        self._tell("J-004", packets, missing, lambda place: "no marker in the last packet of a frame")
        late = frames.first[(packets.offset[frames.first] > 0) & ~frames.after_loss]
        self._tell(
            "J-021", packets, late, lambda place: f"offset {packets.offset[place]} in the first packet"
        )
        return frames.any_link(early) | (packets.offset[frames.first] > 0)

    def _check_same(self, frames: Frames) -> Flags:
        """Compare what must be the same in all packets of a frame."""
        packets, inside = frames.packets, ~frames.links.begins
        apart = inside & ~frames.links.same_time
        self._tell(
            "J-002",
            packets,
            np.flatnonzero(apart) + 1,
            lambda place: f"timestamp {packets.timestamp[place]} behind {packets.timestamp[place - 1]}",
        )
        other = inside & (np.diff(_description(packets)) != 0)
        self._tell("J-007", packets, np.flatnonzero(other) + 1, lambda place: _difference(packets, place))
        restart = (packets.interval[1:] >= 0) & (packets.interval[:-1] >= 0)
        interval = inside & restart & (np.diff(packets.interval) != 0)
        self._tell(
            "J-126",
            packets,
            np.flatnonzero(interval) + 1,
            lambda place: f"restart interval {packets.interval[place]} behind {packets.interval[place - 1]}",
        )
        return frames.any_link(apart | other | interval)

    def _check_offsets(self, frames: Frames) -> Flags:
        links = frames.links
        wrong = frames.any_link(links.consecutive & ~links.goes_on)
        self.torn = np.zeros(len(frames), np.bool_)
        for index in np.flatnonzero(wrong).tolist():
            span = frames.span(index)
            fault = _offset_fault(frames.packets, span.start, span.stop)
            if fault is not None:
                rule, place, words = fault
                self.torn[index] = rule in TEARING
                self._findings.add(rule, self._ssrc, int(frames.packets.numbers[place]), words)
        return wrong

    def _check_size(self, frames: Frames) -> None:
        packets = frames.packets
        sizes = np.stack([packets.width[frames.first], packets.height[frames.first]], 1)
        before = sizes[:1] if self._size is None else np.array([self._size])
        sizes = np.concatenate([before, sizes])
        self._size = int(sizes[-1, 0]), int(sizes[-1, 1])
        (changed,) = (np.diff(sizes, axis=0) != 0).any(1).nonzero()
        self._tell(
            "J-035",
            packets,
            frames.first[changed],
            lambda place: f"{packets.width[place]}x{packets.height[place]} pixels behind another size",
        )

    def _check_time(self, frames: Frames) -> None:
        """Compare timestamps of frames; the last one waits for the one behind it."""
        packets, first = frames.packets, frames.first
        rows = np.stack([packets.timestamp[first], packets.numbers[first], packets.type_specific[first]], 1)
        self._stamps = np.concatenate([self._stamps, rows])
        self._judge_time(len(self._stamps) - 1)

    def _judge_time(self, stop: int) -> None:
        """Judge the frames up to ``stop`` that were not judged yet, and forget those in front of them."""
        rows, begin = self._stamps, self._judged
        if len(rows) < 2:
            return
        step = np.append(0, steps(rows[:, 0]))
        # Two fields of one picture may share a timestamp.
        pair = np.append(False, (rows[1:, 2] == 2) & (rows[:-1, 2] == 1))
        same = (step == 0) & ~pair
        same[0] = self._same
        neighbour = np.append(same[1:], False) | np.append(False, same[:-1])
        for rule, wrong, words in (
            ("J-003", same & ~neighbour, "a frame with the timestamp of the one before"),
            ("T-006", (step < 0) | (same & neighbour), "a frame whose timestamp stands still or goes back"),
        ):
            self._findings.add(rule, self._ssrc, rows[begin:stop, 1][wrong[begin:stop]], words)
        kept = max(0, stop - 1)
        self._same, self._judged, self._stamps = bool(same[kept]), stop - kept, rows[kept:]

    def _tell(self, rule: str, packets: Packets, places: Column, found: Callable[[int], str]) -> None:
        if places.size:
            first = int(places[0])
            self._findings.add(rule, self._ssrc, packets.numbers[places], lambda: found(first))


def _description(packets: Packets) -> Column:
    """Return what must be equal in all main headers of a frame, as one number."""
    sides = packets.width << 12 | packets.height
    return packets.type_specific << 40 | packets.type << 32 | packets.q << 24 | sides


def _difference(packets: Packets, place: int) -> str:
    """Say which field of the main header is another one than in the packet before."""
    for name in ("type", "q", "width", "height", "type_specific"):
        values: Column = getattr(packets, name)
        if values[place] != values[place - 1]:
            return f"{_WORDS[name]} {values[place]} behind {values[place - 1]}"
    return "another main header"


_WORDS = {"type": "type", "q": "Q", "width": "width", "height": "height", "type_specific": "type-specific"}


def _offset_fault(packets: Packets, first: int, stop: int) -> tuple[str, int, str] | None:
    """Name the rule that the offsets of a frame break, the packet, and what was found.

    None where the table header stands in every packet: that is told when the frame is looked into.
    """
    chosen = slice(first, stop)
    offsets, sizes = packets.offset[chosen].tolist(), packets.size[chosen].tolist()
    payloads = (packets.size[chosen] + packets.headers[chosen]).tolist()
    joins = (packets.sequence[first + 1 : stop] - packets.sequence[first : stop - 1] == 1).tolist()
    pairs = list(zip(offsets, sizes, payloads, offsets[1:], joins, strict=False))
    if all(offset + payload == later for offset, _, payload, later, joined in pairs if joined):
        return "J-017", first, f"offset {offsets[1]} behind {sizes[0]} bytes of data, headers counted"
    if _tables_repeated(packets, first, stop):
        return None
    place = next(
        index
        for index, (offset, size, _, later, joined) in enumerate(pairs)
        if joined and offset + size != later
    )
    expected, found = offsets[place] + sizes[place], offsets[place + 1]
    words = f"offset {found} where {expected} goes on"
    ordered = sorted(zip(offsets, sizes, strict=True))
    if all(joins) and all(a + b == c for (a, b), (c, _) in zip(ordered, ordered[1:], strict=False)):
        return "J-094", first + place + 1, words
    return ("J-096" if found > expected else "J-095"), first + place + 1, words


def _tables_repeated(packets: Packets, first: int, stop: int) -> bool:
    """Tell whether every packet begins its data with the table header of the first one, if that is known."""
    if packets.cut_short[first:stop].any():
        return False
    front = packets.body(first)
    begin = 12 if packets.interval[first] >= 0 else 8
    tables = front[begin : int(packets.headers[first])]
    pieces = [memoryview(packets.body(place))[begin:] for place in range(first + 1, stop)]
    return quirks.repeats_tables(tables, pieces)
