"""Packets in order, cut into frames (RFC 2435 section 4.3).

A frame runs from offset 0 to the marker. A lost marker must not join two frames, so a new timestamp
ends a frame too, and so does a second offset 0 behind data. A frame whose end is missing with nothing
behind it ends by time.
"""

from __future__ import annotations

from collections.abc import Callable

from . import quirks
from .assembler import FrameAssembler
from .errors import MalformedPacketError
from .events import FrameDropped, FrameReceived
from .fragments import Fragments
from .packets import Packets
from .parameters import FrameRefused
from .patience import TailPatience
from .reorder import Run

TAIL = 0.003
"""Seconds of silence inside a frame behind which its end is missed."""
LONGEST_TAIL = 32
MARKERLESS = 3
"""Frames on end without marker that make a stream one without markers."""


class FrameCutter:
    """One stream's frames: the one in progress, and what is remembered of the one before.

    ``limit`` is the bytes that a frame may keep in memory. ``tell`` is handed each frame, or why there
    is none; ``reject`` a packet whose tables are broken.
    """

    def __init__(
        self,
        assembler: FrameAssembler,
        limit: int,
        tell: Callable[[FrameReceived | FrameDropped], None],
        reject: Callable[[MalformedPacketError], None],
    ) -> None:
        self.fragments: Fragments | None = None
        """The frame in progress."""
        self._assembler = assembler
        self._limit = limit
        self._tell = tell
        self._reject = reject
        self._markerless = 0
        """Frames on end that came whole but for their marker."""
        self._closed: int | None = None
        """Timestamp of the last frame that was ended; what still comes of it is late."""
        self._closed_after = 0.0
        """When the last packet of that frame came."""
        self._tail = TailPatience()
        self.asked = False
        """Packets of the frame in progress were asked for again: waiting for them is no pause."""
        self._heard_at = 0.0
        """When the last packet of it came that was not asked for."""
        self._length = 0
        """Packets of the last frame that ended with its marker."""

    def tail_due(self, wait: float) -> float | None:
        """Return when the frame in progress is over although its end is missing; None where it is not.

        ``wait`` is the reorder wait. A frame that cannot be concealed goes on waiting: nothing would be
        shown sooner.
        """
        fragments, wait = self.fragments, max(wait, self._tail.wait)
        if fragments is None or wait == float("inf") or not self._assembler.can_conceal(fragments):
            return None
        return fragments.last_arrived + wait

    def end_missed_at(self, held: Run[Packets] | None) -> float | None:
        """Return when the end of the frame in progress is missed; None where no frame has ended before.

        ``held`` is the last run that waits behind a hole, whose end is that of the frame too.
        """
        if not self._length:
            return None
        heard = self._heard_at if held is None else held.arrived
        return heard + max(TAIL, self._tail.pause) if self._is_open(held) else None

    def _is_open(self, held: Run[Packets] | None) -> bool:
        """Tell whether packets of the frame in progress are to follow, behind those that are held."""
        if held is None:
            return self.fragments is not None
        last = held.index + held.stop - held.first - 1
        same = self.fragments is None or held.item.timestamp(last) == self.fragments.fields.timestamp
        return same and not held.item.marker(last)

    def end_length(self, ahead: int) -> int:
        """Return the packets that the frame in progress lacks behind ``ahead`` others, one at least.

        It is taken to be as long as the one before.
        """
        packets = ahead + (self.fragments.packets if self.fragments else 0)
        return max(1, min(self._length - packets, LONGEST_TAIL))

    def take(self, run: Run[Packets], now: float, waiting: int) -> None:
        """Cut a run into frames, and add each part to its frame; ``waiting`` bytes are held elsewhere."""
        columns, first = run.item, run.index
        lost = run.lost > 0
        for start, end in columns.frames(first, first + run.stop - run.first):
            fragments = self._frame_of(columns, start, lost, run.arrived, now)
            if fragments is not None:
                self._add(fragments, columns, start, end, lost)
                self._check_size(fragments, waiting)
                if columns.marker(end - 1):
                    self._markerless = 0
                    self._tail.ended(fragments.packets)
                    self._length = fragments.packets
                    self.finish(now, ended=True)
            lost = False

    def _frame_of(
        self, columns: Packets, start: int, lost: bool, arrived: float, now: float
    ) -> Fragments | None:
        """Return the frame of a packet, a new one where it begins one; None where that frame has ended."""
        if self.fragments and self._begins_frame(columns, start, self.fragments):
            self.finish(now, ended=not lost and self._markerless_end(self.fragments))
        if self.fragments is None:
            if columns.timestamp(start) == self._closed and columns.fragment_offset(start):
                self._pause(arrived - self._closed_after)
                return None
            self.fragments = Fragments.begin(columns, start, arrived)
            self.asked = False
        self._pause(arrived - self.fragments.last_arrived)
        self.fragments.last_arrived = max(arrived, self.fragments.last_arrived)
        if not self.asked:
            self._heard_at = self.fragments.last_arrived
        return self.fragments

    def _pause(self, seconds: float) -> None:
        if not self.asked:
            self._tail.paused(seconds)

    def _add(self, fragments: Fragments, columns: Packets, start: int, end: int, lost: bool) -> None:
        fragments.packets += end - start
        try:
            fragments.add(columns, start, end, lost)
        except MalformedPacketError as error:
            self._reject(error)
            if end - start > 1:
                fragments.add(columns, start + 1, end, True)

    def _check_size(self, fragments: Fragments, waiting: int) -> None:
        if fragments.bytes_held + waiting > self._limit:
            found = f"{fragments.size} bytes in {len(fragments.pieces)} packets"
            fragments.refuse(f"frame size: found {found}, expected at most {self._limit} bytes")

    def _begins_frame(self, columns: Packets, index: int, fragments: Fragments) -> bool:
        if columns.timestamp(index) != fragments.fields.timestamp:
            return True
        return columns.fragment_offset(index) == 0 and fragments.size > 0

    def _markerless_end(self, fragments: Fragments) -> bool:
        """Tell whether a frame is over although its marker did not come, and no packet is missing.

        Its EOI would tell so too. Without both, the tail may be lost by a sender or a relay that numbers
        anew; only a stream that does so again and again is one without markers.
        """
        fragments.findings.append(quirks.MARKER_MISSING)
        self._markerless += 1
        return self._markerless >= MARKERLESS

    def finish(self, now: float, ended: bool = False) -> None:
        """Make a frame of what came, or say why there is none.

        ``ended`` tells that its last packet is among what came.
        """
        fragments, self.fragments = self.fragments, None
        if fragments is None:
            return
        timestamp = fragments.fields.timestamp
        self._closed, self._closed_after = timestamp, fragments.last_arrived
        try:
            frame = self._assembler.assemble(fragments, ended)
        except FrameRefused as reason:
            self._tell(FrameDropped(timestamp, str(reason), fragments.packets))
            return
        frame.completed_at = now
        self._tell(FrameReceived(frame))
