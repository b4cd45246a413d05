"""A run of rtpjpeg-view: opens the streams, shows them while they come, and counts up at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import TransportError
from ..net.impaired import ImpairedReceiver, Receiver
from ..net.impairment import Impairment
from ..net.link import Link
from ..net.udp import UdpReceiver
from ..sender.console import DONE, FAULT, MISSING, Mailbox, complain
from ..session import ReceiverSession
from .capture_file import CapturePlayer
from .decode import can_decode
from .display import Display
from .pictures import Pictures
from .snapshots import save
from .source import Source
from .stream import LiveStream, Stream
from .view import View

COMMAND = "rtpjpeg-view"
ENDED, PICTURE, OVER = "ended", "picture", "over"
"""Words of the mailbox: a source has ended, a picture is there, there is nothing more to come."""
JOIN_SECONDS = 1.5
"""How long a thread may take to end: a signal is answered within 2 s."""

WATCH = 0.5
"""Seconds from one look whether a stream is lost to the next, at most."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    frames: int | None = None
    duration: float | None = None
    """Seconds."""
    deadline: float = 0.050
    """Seconds from the first packet of a frame to the moment it is given up."""
    conceal: bool = True
    snapshot: Path | None = None
    """Folder for the newest picture of each stream."""
    headless: bool = False
    quiet: bool = False
    """Nothing on stdout but one JSON object at the end."""
    impairment: Impairment | None = None
    """A bad network between the sources and us: a link for each source, each with the next seed."""


class Job:
    """The streams of one run; everything here is for the main thread."""

    def __init__(self, options: Options, mailbox: Mailbox) -> None:
        self.options = options
        self.mailbox = mailbox
        self.views: list[View] = []
        self._runners: list[LiveStream | CapturePlayer] = []
        self._tells_pictures = False
        self._links = 0

    def open(self, sources: Sequence[Source]) -> None:
        """Take the ports and files, all or none. Raises ``TransportError``."""
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
            duration, link = self.options.duration, self._make_link()
            player = CapturePlayer(source.capture, make, self._on_end, duration, paced, link)
            self._runners.append(player)
            return
        receiver = self._open_receiver(source)
        if not source.port:
            host, port = receiver.local_address
            source = replace(source, label=f"rtp://{host}:{port}", port=port)
        pictures = self._make_pictures(source.label)
        stream = LiveStream(
            source,
            self._make_session(source),
            receiver,
            pictures.waiting.put,
            self._on_end,
            self.options.frames,
            self.options.duration,
        )
        self._runners.append(stream)
        self.views.append(View(stream, pictures))
        pictures.start()

    def _open_receiver(self, source: Source) -> Receiver:
        try:
            receiver = UdpReceiver(source.host, source.port)
        except TransportError as error:
            label = source.label or f"rtp://{source.host}:{source.port}"
            hint = "; end that one, or name another port" if "taken" in str(error) else ""
            raise TransportError(f"{label}: {error}{hint}") from None
        link = self._make_link()
        return receiver if link is None else ImpairedReceiver(receiver, link)

    def _make_link(self) -> Link | None:
        """Return the bad network in front of the next source, where one is asked for."""
        if self.options.impairment is None:
            return None
        self._links += 1
        return Link(self.options.impairment.derived(self._links - 1))

    @property
    def ports(self) -> list[int]:
        """The UDP ports that are open, in the order of the sources."""
        return [runner.source.port for runner in self._runners if isinstance(runner, LiveStream)]

    def _make_file_stream(self, source: Source, label: str) -> Stream:
        """Make the stream of a flow in a capture; in the thread that reads it, which decodes too."""
        pictures = self._make_pictures(label, measured=False)
        flow = replace(source, label=label, title=label.rpartition("#")[2], capture=None)
        stream = Stream(flow, self._make_session(flow), pictures.show, self.options.frames)
        self.views.append(View(stream, pictures, silences=not self.options.headless))
        return stream

    def _make_pictures(self, label: str, measured: bool = True) -> Pictures:
        return Pictures(label, self._on_picture, measured)

    def _make_session(self, source: Source) -> ReceiverSession:
        said: dict[str, Any] = {"accepts": source.accepts}
        if source.description is not None:
            width, height = source.description.width, source.description.height
            said["payload_type"] = source.description.payload_type
            said["dimensions"] = (width, height) if width and height else None
        return ReceiverSession(conceal=self.options.conceal, deadline=self.options.deadline, **said)

    def _on_end(self) -> None:
        self.mailbox.put(ENDED)

    def _on_picture(self) -> None:
        if self._tells_pictures:
            self.mailbox.put(PICTURE)

    def start(self) -> None:
        """Begin to receive."""
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
        """End all threads; pictures that wait are still shown."""
        for view in self.views:
            view.stop(time.monotonic())
        for runner in self._runners:
            runner.stop()
        for runner in self._runners:
            runner.join(JOIN_SECONDS)
        for view in self.views:
            view.pictures.finish(JOIN_SECONDS)

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
        return [view.statistics() for view in self.views]

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
