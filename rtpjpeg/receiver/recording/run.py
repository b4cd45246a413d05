"""What is recorded in a run of rtpjpeg-view: which cameras, into which files, from when to when."""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
from datetime import datetime
from typing import Any

from ...errors import RtpJpegError
from ...net.address import Address
from ..stream import Stream
from .containers import load_pyav
from .feed import Camera
from .recorder import Recorder
from .rotation import NEVER, Rotation
from .target import NEED_PYAV, Names, Target, tag_of
from .track import FrameTrack, PacketTrack, Track

FINISH_SECONDS = 10.0
"""How long the disk may take at the end for what still waits."""
PAUSE_SECONDS = 1.0
"""The same where a window waits for it."""

_log = logging.getLogger(__name__)


def prepare(target: Target) -> None:
    """Find out whether a recording can be made, before a port is opened; a folder of JPEGs is made.

    Raises ``TransportError``.
    """
    if target.kind in NEED_PYAV:
        load_pyav(target.path.suffix)
    target.check()


class Run:
    """One recording of all cameras, from its start to its end."""

    def __init__(self, target: Target, rotation: Rotation) -> None:
        self.target = target
        self.fault: str | None = None
        """Why it ended before its time."""
        self._rotation = rotation
        self._offset = time.time() - time.monotonic()
        self._cameras: list[Camera] = []
        self._tracks: list[Track] = []
        self.recorder = Recorder(self._finish, self._fail)

    def add(self, camera: Camera) -> None:
        """Record this camera too."""
        track = self._track(camera)
        self._cameras.append(camera)
        self._tracks.append(track)
        camera.begin(track, self.recorder, self._offset)

    def _track(self, camera: Camera) -> Track:
        label, names = camera.stream.label, self._names(camera)
        if self.target.kind == "pcap":
            return PacketTrack(names, self._rotation, label, camera.local)
        return FrameTrack(self.target.kind, names, self._rotation, label)

    def _names(self, camera: Camera) -> Names:
        return Names(self.target, camera.tag, numbered=self._rotation != NEVER)

    @property
    def announcement(self) -> str:
        """What a person is told at the start."""
        names = [self._names(camera).next().name for camera in self._cameras] or [self.target.path.name]
        return f"recording {', '.join(names[:2])}{' and others' if len(names) > 2 else ''}"

    @property
    def recorded(self) -> int:
        """Frames that are in files."""
        return sum(track.recorded for track in self._tracks)

    def close(self, timeout: float) -> str:
        """End it; return what a person is told. What the disk does not take in time is written later."""
        for camera in self._cameras:
            camera.end()
        self.recorder.close()
        late = "" if self.recorder.join(timeout) else ", and the disk is still busy"
        return self.fault or f"recorded {self.recorded} frames{late}"

    def _finish(self) -> None:
        for track in self._tracks:
            track.finish()

    def _fail(self, error: Exception) -> None:
        known = isinstance(error, RtpJpegError)
        reason = str(error) if known else f"internal error: {type(error).__name__}: {error}"
        for track in self._tracks:
            track.abandon()
        self.fault = f"the recording has stopped: {reason}"
        _log.error("%s; %d frames of it are safe", self.fault, self.recorded)


class Recording:
    """The recordings of a run, one at a time; ``target`` is where they go, None for a name of our own.

    Cameras are attached as they come. The main thread starts and stops.
    """

    def __init__(self, target: Target | None, rotation: Rotation | None) -> None:
        self._target = target
        self._rotation = rotation or NEVER
        self._cameras: dict[int, Camera] = {}
        self._run: Run | None = None
        self._runs: list[Run] = []
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """True while what comes is recorded."""
        return self._run is not None and self._run.recorder.running

    @property
    def failed(self) -> bool:
        """True once a recording had to stop before its time."""
        return any(run.fault is not None for run in self._runs)

    def attach(self, stream: Stream, local: Address, several: bool, live: bool = True) -> None:
        """Take a stream for a camera, whose packets come to ``local``; any thread may call it."""
        with self._lock:
            tag = tag_of(stream.label) if several or self._cameras else ""
            camera = self._cameras[id(stream)] = Camera(stream, local, tag, live)
            if self._run is not None and self.running:
                self._run.add(camera)

    def start(self) -> str:
        """Begin to record; return what a person is told. Raises ``TransportError``."""
        target = self._target or _unnamed()
        target.check()
        with self._lock:
            self._run = Run(target, self._rotation)
            self._runs.append(self._run)
            for camera in self._cameras.values():
                self._run.add(camera)
            self._run.recorder.start()
            return self._run.announcement

    def stop(self, timeout: float = PAUSE_SECONDS) -> str:
        """End the recording, if there is one; return what a person is told."""
        with self._lock:
            run, self._run = self._run, None
        return "nothing was recorded" if run is None else run.close(timeout)

    def finish(self, timeout: float = FINISH_SECONDS) -> None:
        """End the recording, and wait until the disk has taken all of this one and of those before."""
        self.stop()
        end = time.monotonic() + timeout
        busy = [run for run in self._runs if not run.recorder.join(0)]
        if busy:
            _log.info("the disk is still busy with the recording: waiting up to %.0f s", timeout)
        for run in busy:
            if not run.recorder.join(max(0.0, end - time.monotonic())):
                run.fault = f"the disk is still busy: {run.recorded} frames of the recording are safe"
                _log.error("%s", run.fault)

    def toggle(self) -> str:
        """Begin to record, or end it; return what a person is told, which may be a fault."""
        if self.running:
            return self.stop()
        self.stop()
        try:
            return self.start()
        except (RtpJpegError, OSError) as error:
            return str(error)

    def statistics(self, stream: Stream) -> dict[str, Any]:
        """Return the counters of a stream under the names that ``rtpjpeg-view --json`` prints."""
        camera = self._cameras.get(id(stream))
        return {
            "frames_recorded": camera.recorded if camera else 0,
            "frames_unrecorded": camera.unrecorded if camera else 0,
            "recording": camera.name if camera else None,
        }


def _unnamed() -> Target:
    """Return the file of a recording that nobody has named: Matroska where it can be written."""
    return Target.at(datetime.now(), ".mkv" if importlib.util.find_spec("av") else ".mjpeg")
