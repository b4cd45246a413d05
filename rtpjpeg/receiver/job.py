"""A run of rtpjpeg-view: opens the streams, shows them while they come, and counts up at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..net.impairment import Impairment
from ..sender.console import DONE, FAULT, MISSING, Mailbox, complain
from ..session import DEADLINE
from .capture_file import CapturePlayer
from .decode import can_decode
from .display import Display
from .livestream import JOIN_SECONDS, LiveStream
from .opening import Opener, flow_of
from .pictures import Pictures
from .recording.rotation import Rotation
from .recording.run import Recording
from .recording.target import Target
from .snapshots import save
from .source import Source
from .stream import Stream
from .view import View

COMMAND = "rtpjpeg-view"
ENDED, PICTURE, OVER = "ended", "picture", "over"
"""Words of the mailbox: a source has ended, a picture is there, there is nothing more to come."""
WATCH = 0.5
"""Seconds from one look whether a stream is lost to the next, at most."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    frames: int | None = None
    duration: float | None = None
    """Seconds."""
    deadline: float = DEADLINE
    """Seconds from the first packet of a frame to the moment it is given up."""
    conceal: bool = True
    snapshot: Path | None = None
    """Folder for the newest picture of each stream."""
    headless: bool = False
    quiet: bool = False
    """Nothing on stdout but one JSON object at the end."""
    impairment: Impairment | None = None
    """A bad network between the sources and us: a link for each source, each with the next seed."""
    record: Target | None = None
    """Where all that comes is recorded from the start on."""
    rotation: Rotation | None = None


class Job:
    """The streams of one run; everything here is for the main thread."""

    def __init__(self, options: Options, mailbox: Mailbox) -> None:
        self.options = options
        self.mailbox = mailbox
        self.views: list[View] = []
        self._recording = Recording(options.record, options.rotation)
        self._several = False
        self._runners: list[LiveStream | CapturePlayer] = []
        self._tells_pictures = False
        self._opener = Opener(options.deadline, options.conceal, options.impairment)

    def open(self, sources: Sequence[Source]) -> None:
        """Take the ports and files, all or none. Raises ``TransportError``."""
        self._several = len(sources) > 1
        can_decode()  # Loads the decoder, which would make the first picture late.
        try:
            for source in sources:
                self._open(source)
        except BaseException:
            self.stop()
            raise

    def _open(self, source: Source) -> None:
        if source.capture is not None:
            make = partial(self._make_file_stream, source)
            paced = not self.options.headless
            duration, link = self.options.duration, self._opener.link()
            player = CapturePlayer(source.capture, make, self._on_end, duration, paced, link)
            self._runners.append(player)
            return
        source, receiver = self._opener.port(source)
        pictures = self._make_pictures(source.label)
        stream = LiveStream(
            source,
            self._opener.session(source),
            receiver,
            pictures.waiting.put,
            self._on_end,
            self.options.frames,
            self.options.duration,
        )
        self._recording.attach(stream, receiver.local_address, self._several)
        self._runners.append(stream)
        self.views.append(View(stream, pictures))
        pictures.start()

    @property
    def ports(self) -> list[int]:
        """The UDP ports that are open, in the order of the sources."""
        return [runner.source.port for runner in self._runners if isinstance(runner, LiveStream)]

    def _make_file_stream(self, source: Source, label: str) -> Stream:
        """Make the stream of a flow in a capture; in the thread that reads it, which decodes too."""
        pictures = self._make_pictures(label, measured=False)
        flow = flow_of(source, label)
        stream = Stream(flow, self._opener.session(flow), pictures.show, self.options.frames)
        host, _, port = flow.title.rpartition(":")
        self._recording.attach(stream, (host, int(port)), self._several, live=False)
        self.views.append(View(stream, pictures, silences=not self.options.headless))
        return stream

    def _make_pictures(self, label: str, measured: bool = True) -> Pictures:
        return Pictures(label, self._on_picture, measured)

    def _on_end(self) -> None:
        self.mailbox.put(ENDED)

    def _on_picture(self) -> None:
        if self._tells_pictures:
            self.mailbox.put(PICTURE)

    def start(self) -> None:
        """Begin to receive, and to record where that was asked for. Raises ``TransportError``."""
        if self.options.record is not None:
            self._recording.start()
        for runner in self._runners:
            runner.start()

    def run(self, display: Display) -> bool:
        """Show what comes until all sources have ended; False when a signal or the user ended it."""
        self._tells_pictures = display.wants_pictures
        left = len(self._runners)
        while left > 0:
            words = self._words(WATCH if display.pace is None else min(display.pace, WATCH))
            for view in self.views:
                view.watch(time.monotonic())
            left -= words.count(ENDED)
            if not display.update(self.views) or Mailbox.STOP in words:
                return False
            if OVER in words:
                break
        return True

    def _words(self, timeout: float | None) -> list[str]:
        """Return all that is in the mailbox, waiting for the first."""
        words = []
        word = self.mailbox.wait(timeout)
        while word is not None:
            words.append(word)
            word = self.mailbox.wait(0)
        return words

    def stop(self) -> None:
        """End all threads; pictures that wait are still shown, and what waits for a file is written."""
        for view in self.views:
            view.stop(time.monotonic())
        for runner in self._runners:
            runner.stop()
        for runner in self._runners:
            runner.join(JOIN_SECONDS)
        for view in self.views:
            view.pictures.finish(JOIN_SECONDS)
        self._recording.finish()

    @property
    def recording(self) -> bool:
        """True while what comes is recorded."""
        return self._recording.running

    @property
    def recording_failed(self) -> bool:
        """True once a recording had to stop before its time."""
        return self._recording.failed

    def toggle_recording(self) -> str:
        """Begin to record, or end it; return a short text for people, which may be a fault."""
        return self._recording.toggle()

    def save_snapshots(self) -> None:
        """Write the newest picture of each stream into the folder that was asked for.

        Raises ``TransportError``.
        """
        if self.options.snapshot is None:
            return
        newest = [(view.stream.label, view.stream.newest) for view in self.views]
        save([(label, frame) for label, frame in newest if frame is not None], self.options.snapshot)

    def statistics(self) -> list[dict[str, Any]]:
        """Return the counters of all streams."""
        return [{**view.statistics(), **self._recording.statistics(view.stream)} for view in self.views]

    def judge(self, complete: bool, each: bool) -> int:
        """Return the exit code, and say what went wrong on stderr, a line for each fault.

        ``complete`` is what ``run`` returned. ``each`` is True where every source must have given a frame,
        not just one of them.
        """
        failed = [runner for runner in self._runners if runner.fault]
        for runner in failed:
            complain(COMMAND, f"{runner.label}: {runner.fault}")
        if len(failed) == len(self._runners):
            return MISSING
        silent = [runner for runner in self._runners if not runner.frames_received and not runner.fault]
        if not complete or not silent or (not each and len(silent) < len(self._runners)):
            return DONE
        for runner in silent:
            complain(COMMAND, f"{runner.label}: no frame came")
        return FAULT
