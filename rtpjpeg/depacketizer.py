"""RTP packets in, JPEG frames out (RFC 2435 sections 3 and 4).

A train of packets is read as columns, put in order, cut into frames, and each frame is joined once.
Nothing that comes from the network ends the stream: what breaks a rule is counted, told as an event,
and the next packet is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import numpy as np

from .assembler import FrameAssembler
from .clock import EXTENSION_IDS
from .errors import MalformedPacketError
from .events import Event, EventQueue, FrameDropped, FrameReceived, PacketRejected
from .fragments import PACKET_COST, TRAIN_COST
from .frame import Frame
from .frames import FrameCutter
from .missing import Missing, missing
from .packets import Packets, read_packets
from .payload import JpegPayload
from .reorder import ReorderBuffer, Run
from .rtp import PAYLOAD_TYPE_JPEG, RtpPacket
from .stats import ReceiverStatistics
from .train import Column, PacketTrain

WINDOW = 32
"""Packets behind a hole that make it final where no time is told."""
FRAME_LIMIT = 4 << 20
"""Bytes of one frame, the default."""
BATCH = 32


class Depacketizer:
    """Frames of one stream: the first SSRC that comes, or the one that is asked for.

    ``conceal`` fills lost restart intervals from earlier frames. With ``strict`` a malformed packet
    raises ``MalformedPacketError``; else it is counted. ``dimensions`` is the true size in pixels
    where it is told outside the packets; ``tables`` are quantisation tables by Q, 128 to 254, told the
    same way, and ``extension_ids`` the IDs of header extensions (``clock``). ``frame_limit`` is in bytes.
    ``lenient`` shows frames with a reserved Q or with restart markers where there should be none. Where
    ``window`` packets stand behind a hole, it is final; where ``push`` is told the time, the reorder wait
    decides (``next_timer``, ``handle_timer``).
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
        extension_ids: Mapping[str, int] = EXTENSION_IDS,
    ) -> None:
        self.strict = strict
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.frame_limit = frame_limit
        self.statistics = ReceiverStatistics()
        self._assembler = FrameAssembler(conceal, lenient, dimensions, tables, extension_ids)
        self._reorder: ReorderBuffer[Packets] = ReorderBuffer(window, frame_limit)
        self._frames = self._cutter()
        self._events = EventQueue()
        self.on_run: Callable[[int, int, int, float], object] | None = None
        """Is told of packets that came: the first 16-bit number, how many, the timestamp, when."""

    @property
    def findings(self) -> Counter[str]:
        """How often each departure of ``quirks`` was met, by name."""
        return self._assembler.findings

    def _cutter(self) -> FrameCutter:
        def reject(error: MalformedPacketError) -> None:
            self._reject(lambda: error)

        return FrameCutter(self._assembler, self.frame_limit, self._tell, reject)

    def push(self, data: bytes | PacketTrain, now: float = 0.0) -> None:
        """Take one packet or a train; ``now`` is in seconds of a monotonic clock.

        Where no time is told, the jitter of ``statistics`` means nothing.
        Raises ``MalformedPacketError`` with ``strict`` only.
        """
        train = data if isinstance(data, PacketTrain) else PacketTrain.from_packets((data,))
        if not len(train):
            return
        self._events.newest = train.nbytes
        packets = read_packets(train)
        if self.ssrc is None:
            self.ssrc = packets.first_ssrc(self.payload_type)
        ssrc = -1 if self.ssrc is None else self.ssrc
        if packets.all_usable(self.payload_type, ssrc):
            self._receive(packets, 0, len(train), now)
            return
        usable = packets.usable(self.payload_type, ssrc)
        self._reject_all(train, np.flatnonzero(~usable))
        edges = np.flatnonzero(np.diff(usable, prepend=False, append=False)).tolist()
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            self._receive(packets, first, stop, now)

    def next_event(self) -> Event | None:
        """Return what happened next, or None."""
        return self._events.take()

    def next_timer(self) -> float | None:
        """Return when ``handle_timer`` wants to be called, or None."""
        due = self._reorder.next_timer()
        return self._tail_due() if due is None else due

    def handle_timer(self, now: float) -> None:
        """Give up the packets whose wait is over: behind a hole, or at the end of a frame."""
        self._deliver(self._reorder.handle_timer(now), now)
        due = self._tail_due()
        if due is not None and due <= now:
            self._frames.finish(now)

    def _tail_due(self) -> float | None:
        return None if self._reorder.runs_held else self._frames.tail_due(self._reorder.wait)

    def wait_for_holes(self, seconds: float) -> None:
        """Let a hole last so long in any case: what was asked for again may still come."""
        self._reorder.floor = seconds

    def missing(self, most: int, lag: float = 0.0) -> list[Missing]:
        """Return the packets that ought to be here, those of holes and those of an end (``missing``)."""
        return list(missing(self._reorder, self._frames, most, lag))

    @property
    def oldest(self) -> int:
        """The lowest sequence number that may be late, unwrapped."""
        return self._reorder.oldest

    def note_asked(self) -> None:
        """Take note that packets of the frame in progress were asked for again."""
        self._frames.asked = True

    def learn_clock(self, timestamp: int, seconds: float) -> None:
        """Take note of the wall clock of the sender at a timestamp, seconds since 1970."""
        self._assembler.learn_clock(timestamp, seconds)

    def flush(self, now: float = 0.0) -> None:
        """End the input: give up all holes, and the frame that is open."""
        self._deliver(self._reorder.flush(), now)
        self._frames.finish(now)

    def end_overdue(self, deadline: float, now: float) -> None:
        """End the frames whose first packet came ``deadline`` seconds ago; later frames go on waiting."""
        while (opened := self.opened_at) is not None and opened + deadline <= now:
            released = self._reorder.give_up()
            if released:
                self._deliver(released, now)
            else:
                self._frames.finish(now)

    @property
    def opened_at(self) -> float | None:
        """When the first packet of the frame in progress came; None without one."""
        fragments = self._frames.fragments
        return fragments.arrived if fragments else None

    def restart(self, ssrc: int) -> None:
        """Take another stream from now on: sequence, tables and pictures of the old one are forgotten."""
        self.ssrc = ssrc
        self._reorder = ReorderBuffer(self._reorder.window, self.frame_limit)
        self._frames = self._cutter()
        self._assembler.reset()
        self.statistics = ReceiverStatistics()

    @property
    def packets_held(self) -> int:
        """Packets of the frame in progress, and runs of packets that wait behind a hole."""
        fragments = self._frames.fragments
        return self._reorder.runs_held + (len(fragments.pieces) if fragments else 0)

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that these take, other packets of their trains included."""
        fragments = self._frames.fragments
        return self._reorder.bytes_held + (fragments.bytes_held if fragments else 0)

    @property
    def bytes_copied(self) -> int:
        """Bytes moved so far to make frames."""
        return self._assembler.bytes_copied

    def _fault(self, train: PacketTrain, index: int) -> MalformedPacketError:
        """Return the sentence for a packet that is not used."""
        packet = train[index]
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

    def _reject_all(self, train: PacketTrain, indices: Column) -> None:
        """Count packets; more than can be told cost no step each."""
        told = indices.size if self.strict else self._events.places
        self.statistics.packets_rejected += max(indices.size - told, 0)
        for index in indices[:told].tolist():
            self._reject(partial(self._fault, train, index))

    def _reject(self, fault: Callable[[], MalformedPacketError]) -> None:
        """Count a packet; its sentence is made when somebody can read it, for a flood brings thousands."""
        self.statistics.packets_rejected += 1
        if self._events.places:
            self._events.put(PacketRejected(fault()))
        if self.strict:
            raise fault()

    def _receive(self, columns: Packets, first: int, stop: int, now: float) -> None:
        """Take usable packets of a train; cut them where the sequence number is not the next one."""
        size = columns.view.nbytes + TRAIN_COST + PACKET_COST * (stop - first)
        for start, end in columns.runs(first, stop):
            number = columns.sequence_number(start)
            if self.on_run is not None:
                self.on_run(number, end - start, columns.timestamp(start), now)
            released = self._reorder.push(number, end - start, columns, start, now, size)
            self._count(columns, start, end, now, released)
            self._deliver(released, now)
            while self._reorder.runs_held and self.bytes_held > self.frame_limit:
                self._deliver(self._reorder.give_up(), now)

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
                self._frames.finish(now)
            self._frames.take(run, now, self._reorder.bytes_held)
        self._copy_counts()

    def _tell(self, event: FrameReceived | FrameDropped) -> None:
        """Count a frame, and keep the event."""
        told = self._events.put(event)
        if isinstance(told, FrameReceived):
            told.frame.ssrc = self.ssrc or 0
            told.frame.number = self.statistics.frames_received
            self.statistics.frames_received += 1
            self.statistics.frames_concealed += told.frame.concealed
        else:
            self.statistics.frames_dropped += 1


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
