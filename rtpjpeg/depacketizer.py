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
from .assembler import FrameAssembler, FrameRefused
from .errors import MalformedPacketError
from .events import Event, FrameDropped, FrameReceived, PacketRejected
from .fragments import Fragments, PacketColumns
from .frame import Frame
from .payload import JpegPayload, parse_columns
from .reorder import ReorderBuffer, Run
from .rtp import PAYLOAD_TYPE_JPEG, RtpPacket, parse_train
from .stats import ReceiverStatistics
from .train import Flags, PacketTrain

WINDOW = 32
"""Packets behind a hole that make it final where no time is told."""
FRAME_LIMIT = 4 << 20
"""Bytes of one frame, the default."""
PACKET_COST = 256
"""What a packet counts against the limit besides its data: its place in the lists of a frame."""
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
        self._reorder: ReorderBuffer[PacketColumns] = ReorderBuffer(window)
        self._fragments: Fragments | None = None
        self._closed: int | None = None
        """Timestamp of the last frame that was ended; what still comes of it is late."""
        self._events: deque[Event] = deque()

    @property
    def findings(self) -> Counter[str]:
        """How often each departure of ``quirks`` was met, by name."""
        return self._assembler.findings

    def push(self, data: bytes | PacketTrain, now: float = 0.0) -> None:
        """Take one packet or a train; ``now`` is in seconds of a monotonic clock.

        Raises ``MalformedPacketError`` with ``strict`` only.
        """
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        rtp = parse_train(train)
        columns = PacketColumns(rtp, parse_columns(rtp))
        usable = self._usable(train, columns)
        if usable.all():
            self._receive(columns, 0, len(train), now)
            return
        edges = np.flatnonzero(np.diff(usable, prepend=False, append=False)).tolist()
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            self._receive(columns, first, stop, now)

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

    @property
    def opened_at(self) -> float | None:
        """When the first packet of the frame in progress came; None without one."""
        return self._fragments.arrived if self._fragments else None

    def restart(self, ssrc: int) -> None:
        """Take another stream from now on: sequence, tables and pictures of the old one are forgotten."""
        self._fragments = None
        self._closed = None
        self.ssrc = ssrc
        self._reorder = ReorderBuffer(self._reorder.window)
        self._assembler.reset()
        self.statistics = ReceiverStatistics()

    def _usable(self, train: PacketTrain, columns: PacketColumns) -> Flags:
        """Tell which packets are whole and of this stream; count and name the others."""
        rtp = columns.rtp
        wanted = rtp.valid & (rtp.payload_type == self.payload_type)
        if self.ssrc is None and wanted.any():
            self.ssrc = int(rtp.ssrc[int(wanted.argmax())])
        usable: Flags = wanted & columns.jpeg.valid & (rtp.ssrc == (-1 if self.ssrc is None else self.ssrc))
        if not usable.all():
            for index in np.flatnonzero(~usable).tolist():
                self._reject(self._fault(train[index]))
        return usable

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

    def _receive(self, columns: PacketColumns, first: int, stop: int, now: float) -> None:
        """Take usable packets of a train; cut them where the sequence number is not the next one."""
        numbers = columns.rtp.sequence_number[first:stop]
        self._count(columns, first, stop, now)
        cuts = np.flatnonzero(((numbers[1:] - numbers[:-1]) & 0xFFFF) != 1) + 1
        for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), stop - first], strict=True):
            released = self._reorder.push(int(numbers[start]), end - start, columns, first + start, now)
            self._deliver(released, now)
        self._copy_counts()

    def _count(self, columns: PacketColumns, first: int, stop: int, now: float) -> None:
        statistics, timestamps = self.statistics, columns.rtp.timestamp[first:stop]
        statistics.packets_received += stop - first
        if statistics.base_sequence_number is None:
            statistics.begin(int(columns.rtp.sequence_number[first]), stop - first)
        cuts = np.flatnonzero(timestamps[1:] != timestamps[:-1]) + 1
        for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), stop - first], strict=True):
            statistics.arrived(int(timestamps[start]), now, end - start)

    def _copy_counts(self) -> None:
        statistics, reorder = self.statistics, self._reorder
        statistics.packets_lost = reorder.lost
        statistics.packets_duplicated = reorder.duplicated
        statistics.packets_reordered = reorder.reordered
        statistics.highest_sequence_number = reorder.highest

    def _deliver(self, runs: list[Run[PacketColumns]], now: float) -> None:
        for run in runs:
            if run.restarted:
                self._finish(now, ended=False)
                self.statistics.begin(run.first, sum(part.stop - part.first for part in runs))
            self._take(run, now)

    def _take(self, run: Run[PacketColumns], now: float) -> None:
        """Cut a run into frames, and add each part to its frame."""
        columns, first = run.item, run.index
        stop = first + run.stop - run.first
        rtp, offsets = columns.rtp, columns.jpeg.fragment_offset
        begins = rtp.timestamp[first + 1 : stop] != rtp.timestamp[first : stop - 1]
        begins |= rtp.marker[first : stop - 1]
        begins |= offsets[first + 1 : stop] == 0
        cuts = (np.flatnonzero(begins) + first + 1).tolist() if begins.any() else []
        lost = run.lost > 0
        for start, end in zip([first, *cuts], [*cuts, stop], strict=True):
            self._take_part(columns, start, end, lost, run.arrived, now)
            lost = False

    def _take_part(
        self, columns: PacketColumns, start: int, end: int, lost: bool, arrived: float, now: float
    ) -> None:
        """Add packets of one frame; open the frame where they are its first ones."""
        if self._fragments and self._begins_frame(columns, start, self._fragments):
            # The marker did not come. Without a gap in the sequence the frame is whole all the same.
            if not lost:
                self._fragments.findings.append(quirks.MARKER_MISSING)
            self._finish(now, ended=not lost)
        if self._fragments is None:
            if int(columns.rtp.timestamp[start]) == self._closed and columns.jpeg.fragment_offset[start]:
                return
            self._fragments = Fragments.begin(columns, start, arrived)
        fragments = self._fragments
        try:
            fragments.add(columns, start, end, lost)
        except MalformedPacketError as error:
            self._reject(error)
            if end - start > 1:
                fragments.add(columns, start + 1, end, True)
        if fragments.size + PACKET_COST * len(fragments.pieces) > self.frame_limit:
            found = f"{fragments.size} bytes in {len(fragments.pieces)} packets"
            fragments.refuse(f"frame size: found {found}, expected at most {self.frame_limit} bytes")
        if columns.rtp.marker[end - 1]:
            self._finish(now, ended=True)

    def _begins_frame(self, columns: PacketColumns, index: int, fragments: Fragments) -> bool:
        if int(columns.rtp.timestamp[index]) != fragments.timestamp:
            return True
        return columns.jpeg.fragment_offset[index] == 0 and fragments.size > 0

    def _finish(self, now: float, ended: bool) -> None:
        """Make a frame of the fragments, or say why there is none."""
        fragments, self._fragments = self._fragments, None
        if fragments is None:
            return
        self._closed = fragments.timestamp
        try:
            frame = self._assembler.assemble(fragments, ended)
        except FrameRefused as reason:
            self.statistics.frames_dropped += 1
            self._events.append(FrameDropped(fragments.timestamp, str(reason), fragments.packets))
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
    for batch in _batches(packets):
        try:
            depacketizer.push(PacketTrain.from_packets(batch))
        except MalformedPacketError:
            yield from _frames(depacketizer)
            raise
        yield from _frames(depacketizer)
    depacketizer.flush()
    yield from _frames(depacketizer)


def _batches(packets: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather packets up to a marker, so that a live stream never waits for the next frame."""
    batch: list[bytes] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) == BATCH or packet[1:2] >= b"\x80":
            yield batch
            batch = []
    if batch:
        yield batch


def _frames(depacketizer: Depacketizer) -> Iterator[Frame]:
    while (event := depacketizer.next_event()) is not None:
        if isinstance(event, FrameReceived):
            yield event.frame
