"""RTP packets in, JPEG frames out (RFC 2435 sections 3 and 4).

A train of packets is read as columns, put in order, cut into frames, and each frame is joined once.
Nothing that comes from the network ends the stream: what breaks a rule is counted, told as an event,
and the next packet is read.

A frame runs from offset 0 to the marker (RFC 2435 section 4.3). A lost marker must not join two
frames, so a new timestamp ends a frame too, and so does a second offset 0 behind data.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from . import quirks
from .assembler import FrameAssembler
from .errors import MalformedPacketError
from .events import Event, FrameDropped, FrameReceived, PacketRejected
from .fragments import Fragments
from .frame import Frame
from .packets import Packets, read_packets
from .parameters import FrameRefused
from .payload import JpegPayload
from .reorder import ReorderBuffer, Run
from .rtp import PAYLOAD_TYPE_JPEG, RtpPacket
from .stats import ReceiverStatistics
from .train import PacketTrain

WINDOW = 32
"""Packets behind a hole that make it final where no time is told."""
FRAME_LIMIT = 4 << 20
"""Bytes of one frame, the default."""
PACKET_COST = 256
"""What a packet counts against the limit besides its data: its place in the lists of a frame."""
MARKERLESS = 3
"""Frames on end without marker that make a stream one without markers."""
BATCH = 32
EVENT_LIMIT = 256
"""Events that may wait before rejected packets are only counted."""


class Depacketizer:
    """Frames of one stream: the first SSRC that comes, or the one that is asked for.

    ``conceal`` fills lost restart intervals from earlier frames. With ``strict`` a malformed packet
    raises ``MalformedPacketError``; else it is counted. ``dimensions`` is the true size in pixels
    where it is told outside the packets; ``tables`` are quantisation tables by Q, 128 to 254, told the
    same way. ``frame_limit`` is in bytes. ``lenient`` shows frames with a reserved Q or with restart
    markers where there should be none. Where ``window`` packets stand behind a hole, it is final;
    where ``push`` is told the time, the reorder wait decides (``next_timer``, ``handle_timer``).
    """

    def __init__(
        self,
        *,
        conceal: bool = True,
        strict: bool = False,
        payload_type: int = PAYLOAD_TYPE_JPEG,
        ssrc: int | None = None,
        dimensions: tuple[int, int] | None = None,
        tables: Mapping[int, bytes] | None = None,
        frame_limit: int = FRAME_LIMIT,
        lenient: bool = False,
        window: int = WINDOW,
    ) -> None:
        self.strict = strict
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.frame_limit = frame_limit
        self.statistics = ReceiverStatistics()
        self._assembler = FrameAssembler(conceal, lenient, dimensions, tables)
        self._reorder: ReorderBuffer[Packets] = ReorderBuffer(window)
        self._fragments: Fragments | None = None
        self._markerless = 0
        """Frames on end that came whole but for their marker."""
        self._closed: int | None = None
        """Timestamp of the last frame that was ended; what still comes of it is late."""
        self._events: deque[Event] = deque()

    @property
    def findings(self) -> Counter[str]:
        """How often each departure of ``quirks`` was met, by name."""
        return self._assembler.findings

    def push(self, data: bytes | PacketTrain, now: float = 0.0) -> None:
        """Take one packet or a train; ``now`` is in seconds of a monotonic clock.

        Where no time is told, the jitter of ``statistics`` means nothing.
        Raises ``MalformedPacketError`` with ``strict`` only.
        """
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        if not len(train):
            return
        packets = read_packets(train)
        if self.ssrc is None:
            self.ssrc = packets.first_ssrc(self.payload_type)
        ssrc = -1 if self.ssrc is None else self.ssrc
        if packets.all_usable(self.payload_type, ssrc):
            self._receive(packets, 0, len(train), now)
            return
        usable = packets.usable(self.payload_type, ssrc)
        for index in np.flatnonzero(~usable).tolist():
            self._reject(self._fault(train[index]))
        edges = np.flatnonzero(np.diff(usable, prepend=False, append=False)).tolist()
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            self._receive(packets, first, stop, now)

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        return self._events.popleft() if self._events else None

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        return self._reorder.next_timer()

    def handle_timer(self, now: float) -> None:
        """Give up the packets whose reorder wait has passed."""
        self._deliver(self._reorder.handle_timer(now), now)

    def flush(self, now: float = 0.0) -> None:
        """End the input: give up all holes, and the frame that is open."""
        self._deliver(self._reorder.flush(), now)
        self._finish(now, ended=False)

    def end_overdue(self, deadline: float, now: float) -> None:
        """End the frames whose first packet came ``deadline`` seconds ago; later frames go on waiting."""
        while self._fragments and self._fragments.arrived + deadline <= now:
            released = self._reorder.give_up()
            if released:
                self._deliver(released, now)
            else:
                self._finish(now, ended=False)

    @property
    def opened_at(self) -> float | None:
        """When the first packet of the frame in progress came; None without one."""
        return self._fragments.arrived if self._fragments else None

    def restart(self, ssrc: int) -> None:
        """Take another stream from now on: sequence, tables and pictures of the old one are forgotten."""
        self._fragments = None
        self._markerless = 0
        self._closed = None
        self.ssrc = ssrc
        self._reorder = ReorderBuffer(self._reorder.window)
        self._assembler.reset()
        self.statistics = ReceiverStatistics()

    def _fault(self, packet: bytes) -> MalformedPacketError:
        """Return the sentence for a packet that is not used."""
        try:
            rtp = RtpPacket.parse(packet)
            if rtp.payload_type == self.payload_type and rtp.ssrc == self.ssrc:
                JpegPayload.parse(rtp.payload)
        except MalformedPacketError as error:
            return error
        if rtp.payload_type != self.payload_type:
            wanted = str(self.payload_type)
            return MalformedPacketError("payload type", rtp.payload_type, wanted, "RFC 3550 section 5.1")
        return MalformedPacketError("SSRC", f"{rtp.ssrc:#x}", f"{self.ssrc:#x}", "RFC 3550 section 5.2")

    def _reject(self, error: MalformedPacketError) -> None:
        self.statistics.packets_rejected += 1
        if len(self._events) < EVENT_LIMIT:
            self._events.append(PacketRejected(error))
        if self.strict:
            raise error

    def _receive(self, columns: Packets, first: int, stop: int, now: float) -> None:
        """Take usable packets of a train; cut them where the sequence number is not the next one."""
        for start, end in columns.runs(first, stop):
            released = self._reorder.push(columns.sequence_number(start), end - start, columns, start, now)
            self._count(columns, start, end, now, released)
            self._deliver(released, now)

    def _count(
        self, columns: Packets, first: int, stop: int, now: float, released: list[Run[Packets]]
    ) -> None:
        """Count packets that came; those of a jump that nothing has confirmed yet are left out."""
        if self._reorder.suspected:
            return
        statistics = self.statistics
        if statistics.base_sequence_number is None:
            statistics.begin(columns.sequence_number(first))
        for run in released:
            if run.restarted:
                statistics.begin(run.first)
                if run.item is not columns or run.index != first:
                    self._count_arrival(run.item, run.index, run.index + run.stop - run.first, run.arrived)
        self._count_arrival(columns, first, stop, now)

    def _count_arrival(self, columns: Packets, first: int, stop: int, now: float) -> None:
        self.statistics.packets_received += stop - first
        for start, end in columns.instants(first, stop):
            self.statistics.arrived(columns.timestamp(start), now, end - start)

    def _copy_counts(self) -> None:
        statistics, reorder = self.statistics, self._reorder
        statistics.packets_lost = reorder.lost
        statistics.packets_duplicated = reorder.duplicated
        statistics.packets_reordered = reorder.reordered
        statistics.highest_sequence_number = reorder.highest

    def _deliver(self, runs: list[Run[Packets]], now: float) -> None:
        for run in runs:
            if run.restarted:
                self._finish(now, ended=False)
            self._take(run, now)
        self._copy_counts()

    def _take(self, run: Run[Packets], now: float) -> None:
        """Cut a run into frames, and add each part to its frame."""
        columns, first = run.item, run.index
        lost = run.lost > 0
        for start, end in columns.frames(first, first + run.stop - run.first):
            self._take_part(columns, start, end, lost, run.arrived, now)
            lost = False

    def _take_part(
        self, columns: Packets, start: int, end: int, lost: bool, arrived: float, now: float
    ) -> None:
        """Add packets of one frame; open the frame where they are its first ones."""
        if self._fragments and self._begins_frame(columns, start, self._fragments):
            self._finish(now, ended=not lost and self._markerless_end(self._fragments))
        if self._fragments is None:
            if columns.timestamp(start) == self._closed and columns.fragment_offset(start):
                return
            self._fragments = Fragments.begin(columns, start, arrived)
        fragments = self._fragments
        fragments.packets += end - start
        try:
            fragments.add(columns, start, end, lost)
        except MalformedPacketError as error:
            self._reject(error)
            if end - start > 1:
                fragments.add(columns, start + 1, end, True)
        if fragments.size + PACKET_COST * len(fragments.pieces) > self.frame_limit:
            found = f"{fragments.size} bytes in {len(fragments.pieces)} packets"
            fragments.refuse(f"frame size: found {found}, expected at most {self.frame_limit} bytes")
        if columns.marker(end - 1):
            self._markerless = 0
            self._finish(now, ended=True)

    def _markerless_end(self, fragments: Fragments) -> bool:
        """Tell whether a frame is over although its marker did not come, and no packet is missing.

        Its EOI would tell so too. Without both, the tail may be lost by a sender or a relay that numbers
        anew; only a stream that does so again and again is one without markers.
        """
        fragments.findings.append(quirks.MARKER_MISSING)
        self._markerless += 1
        return self._markerless >= MARKERLESS

    def _begins_frame(self, columns: Packets, index: int, fragments: Fragments) -> bool:
        if columns.timestamp(index) != fragments.fields.timestamp:
            return True
        return columns.fragment_offset(index) == 0 and fragments.size > 0

    def _finish(self, now: float, ended: bool) -> None:
        """Make a frame of the fragments, or say why there is none."""
        fragments, self._fragments = self._fragments, None
        if fragments is None:
            return
        self._closed = fragments.fields.timestamp
        try:
            frame = self._assembler.assemble(fragments, ended)
        except FrameRefused as reason:
            self.statistics.frames_dropped += 1
            self._events.append(FrameDropped(fragments.fields.timestamp, str(reason), fragments.packets))
            return
        frame.completed_at = now
        frame.ssrc = self.ssrc or 0
        self.statistics.frames_received += 1
        self.statistics.frames_concealed += frame.concealed
        self._events.append(FrameReceived(frame))


def depacketize(packets: Iterable[bytes], conceal: bool = True, strict: bool = False) -> Iterator[Frame]:
    """Yield every complete or concealed frame of a stream of RTP packets, in order.

    The first SSRC is taken; other packets, and malformed ones, are skipped. With ``strict`` a
    malformed packet raises ``MalformedPacketError``, behind the frames in front of it.
    """
    depacketizer = Depacketizer(conceal=conceal, strict=strict)
    for batch in _batches(packets, 1 if strict else BATCH):
        try:
            depacketizer.push(PacketTrain.from_packets(batch))
        except MalformedPacketError:
            yield from _frames(depacketizer)
            raise
        yield from _frames(depacketizer)
    depacketizer.flush()
    yield from _frames(depacketizer)


def _batches(packets: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Gather packets up to a marker, so that a live stream never waits for the next frame."""
    batch: list[bytes] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) == size or (len(packet) > 1 and packet[1] & 0x80):
            yield batch
            batch = []
    if batch:
        yield batch


def _frames(depacketizer: Depacketizer) -> Iterator[Frame]:
    while (event := depacketizer.next_event()) is not None:
        if isinstance(event, FrameReceived):
            yield event.frame
