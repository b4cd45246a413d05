"""From a stream to the recorder: what a camera gives while one recording runs, and what became of it."""

from __future__ import annotations

import logging
import time
from functools import partial

from ...frame import Frame
from ...net.address import Address
from ...train import PacketTrain
from ..gate import Gate
from ..stream import Stream
from .recorder import Recorder
from .timeline import Shot
from .track import PacketTrack, Track

_log = logging.getLogger(__name__)


class Feed:
    """Hands what one camera gives to the recorder, in the thread of its stream.

    ``offset`` is the wall clock less the clock of the stream, in seconds. ``waits`` where the source is a
    file, which is read as fast as it can be written.
    """

    def __init__(self, track: Track, recorder: Recorder, label: str, offset: float, waits: bool) -> None:
        self.track = track
        self.refused = 0
        """Frames for which there was no room."""
        self._recorder = recorder
        self._label = label
        self._offset = offset
        self._waits = waits
        self._offered = 0
        self._gap = False
        self._gate = Gate()

    @property
    def unrecorded(self) -> int:
        """Frames that are in no file; those that still wait for it are not counted."""
        over = not self._recorder.running and not self._recorder.octets_held
        return self.refused + (max(0, self._offered - self.track.recorded) if over else 0)

    def take(self, frame: Frame) -> None:
        """Hand a frame over; of a recording of packets, count it."""
        if not self._recorder.running:
            return
        if isinstance(self.track, PacketTrack):
            gap, self._gap = self._gap, False
            taken = not gap and self._recorder.put(self.track.count_frame, 0, self._waits)
        else:
            shot = Shot.of(frame, self._offset)
            taken = self._recorder.put(partial(self.track.take, shot), len(shot.jpeg), self._waits)
        if taken:
            self._offered += 1
        elif self._recorder.running:
            self._refuse()

    def take_packets(self, train: PacketTrain, now: float, peer: object) -> None:
        """Hand packets over that were read at ``now``, seconds of the stream's clock."""
        if isinstance(self.track, PacketTrack):
            work = partial(self.track.take, train, now + self._offset, peer)
            self._gap |= not self._recorder.put(work, train.data.nbytes, self._waits)

    def take_report(self, data: bytes, now: float, peer: object, port: int) -> None:
        """Hand RTCP over that came to a port of its own; without it packets that came again look late."""
        if isinstance(self.track, PacketTrack):
            train = PacketTrain.from_packets((data,))
            self._recorder.put(
                partial(self.track.take, train, now + self._offset, peer, port), len(data), self._waits
            )

    def _refuse(self) -> None:
        self.refused += 1
        count = self._gate.passes("refused", time.monotonic())
        if count:
            frames = "a frame is" if count == 1 else f"{count} frames are"
            _log.warning("%s: %s not recorded: the disk is too slow", self._label, frames)


class Camera:
    """One stream, and all that was recorded of it. ``local`` is where its packets come to.

    ``tag`` tells its files from those of other cameras. ``live`` where it is not read from a file.
    """

    def __init__(self, stream: Stream, local: Address, tag: str, live: bool) -> None:
        self.stream = stream
        self.local = local
        self.tag = tag
        self.live = live
        self._feeds: list[Feed] = []

    def begin(self, track: Track, recorder: Recorder, offset: float) -> None:
        """Hand everything over from now on."""
        feed = Feed(track, recorder, self.stream.label, offset if self.live else 0.0, not self.live)
        self._feeds.append(feed)
        self.stream.frame_tap = feed.take
        if isinstance(track, PacketTrack):
            self.stream.tap, self.stream.report_tap = feed.take_packets, feed.take_report

    def end(self) -> None:
        """Hand nothing over any more."""
        self.stream.frame_tap = self.stream.tap = self.stream.report_tap = None

    @property
    def recorded(self) -> int:
        """Frames that are in files."""
        return sum(feed.track.recorded for feed in self._feeds)

    @property
    def unrecorded(self) -> int:
        """Frames that came while a recording ran and are in no file."""
        return sum(feed.unrecorded for feed in self._feeds)

    @property
    def name(self) -> str | None:
        """The newest file; None where nothing was recorded."""
        return self._feeds[-1].track.name if self._feeds else None
