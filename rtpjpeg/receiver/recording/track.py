"""One camera on its way to files: which file a frame goes to, and what is said of it.

Everything here is for one thread, that of the recorder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ...errors import RtpJpegError
from ...net.address import Address
from ...train import PacketTrain
from .containers import ContainerFile, NoFormatError
from .files import FrameFile, JpegFolder, JpegStream, Sidecar
from .packetfile import PacketFile
from .rotation import Rotation
from .target import FOLDER, NEED_PYAV, Names
from .timeline import Shot, Timeline

PATIENCE_OCTETS, PATIENCE_SECONDS = 8 << 20, 2.0
"""How much more than asked a file of packets may take to end with a whole frame."""

TRIES = 100
"""Names that are tried for one file."""
File = TypeVar("File", FrameFile, PacketFile)

_log = logging.getLogger(__name__)


class WriteFault(RtpJpegError):
    """A file that cannot be written any more."""

    def __init__(self, path: Path, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        super().__init__(f"{path} cannot be written: {reason or str(error) or type(error).__name__}")


class FrameTrack:
    """Frames of one camera in a row of files: the next one begins where one would be too much, or where
    the frames no longer belong together (another size, another sender)."""

    def __init__(self, kind: str, names: Names, rotation: Rotation, title: str) -> None:
        self.name: str | None = None
        """The newest file."""
        self._kind = kind
        self._names = names
        self._rotation = rotation
        self._title = title
        self._file: FrameFile | None = None
        self._sidecar: Sidecar | None = None
        self._timeline = Timeline()
        self._done = 0
        self._told = False

    @property
    def recorded(self) -> int:
        """Frames that are in files."""
        return self._done + (self._file.safe if self._file is not None else 0)

    def take(self, shot: Shot) -> None:
        """Write a frame. Raises ``WriteFault``."""
        if self._file is not None and self._is_over(self._file, shot):
            self.finish()
        try:
            file = self._file or self._begin(shot)
        except NoFormatError as error:
            self._tell_once(f"{self._title}: a frame is not recorded: {error}")
            return
        ticks = self._timeline.place(shot)
        try:
            if self._sidecar is not None:
                self._sidecar.add(shot, ticks)
            file.write(shot, ticks)
            self._settle(file)
        except OSError as error:
            raise WriteFault(file.path, error) from error

    def _is_over(self, file: FrameFile, shot: Shot) -> bool:
        if not self._timeline.continues(shot):
            return True
        return self._rotation.over(file.octets + len(shot.jpeg), self._timeline.after(shot))

    def _begin(self, shot: Shot) -> FrameFile:
        file = _new(self._names, self._title, lambda path: _open(self._kind, path, shot, self._title))
        self._timeline, self.name, self._file = Timeline(), str(file.path), file
        if self._kind != FOLDER:
            try:
                self._sidecar = Sidecar(file.path)
            except OSError as error:
                raise WriteFault(file.path, error) from error
        return file

    def _settle(self, file: FrameFile) -> None:
        if self._sidecar is not None:
            self._sidecar.settle(file.safe)

    def finish(self) -> None:
        """Close the file, complete; the next frame begins another one. Raises ``WriteFault``."""
        file = self._file
        if file is None:
            return
        try:
            file.finish()
            self._settle(file)
        except OSError as error:
            raise WriteFault(file.path, error) from error
        finally:
            self._let_go(file)

    def abandon(self) -> None:
        """Close the file after a fault, as it is. Never raises."""
        file = self._file
        if file is not None:
            file.abandon()
            with suppress(OSError):
                self._settle(file)
            self._let_go(file)

    def _let_go(self, file: FrameFile) -> None:
        self._done += file.safe
        self._file = None
        if self._sidecar is not None:
            self._sidecar.close()
        self._sidecar = None

    def _tell_once(self, sentence: str) -> None:
        if not self._told:
            self._told = True
            _log.warning("%s", sentence)


class PacketTrack:
    """Packets of one camera in a row of captures; ``local`` is where they came to.

    The next capture begins behind the end of a frame. What an earlier one holds, such as tables that
    are sent once, it does not.
    """

    def __init__(self, names: Names, rotation: Rotation, title: str, local: Address) -> None:
        self.name: str | None = None
        self.recorded = 0
        """Frames all of whose packets are in files."""
        self._names = names
        self._rotation = rotation
        self._title = title
        self._local = local
        self._file: PacketFile | None = None
        self._began_at = 0.0
        self._told = False

    def take(self, train: PacketTrain, time: float, peer: object, port: int | None = None) -> None:
        """Write packets that were read at ``time``, seconds since 1970; RTCP of its own port with that.

        Raises ``WriteFault``.
        """
        if self._file is not None and self._is_over(self._file, train, time):
            self.finish()
        file = self._file or self._begin(time)
        try:
            file.write(train, time, peer, port)
        except OSError as error:
            raise WriteFault(file.path, error) from error
        if file.packets_refused and not self._told:
            self._told = True
            _log.warning("%s: a packet is not recorded: no capture can hold it", self._title)

    def count_frame(self) -> None:
        """Take note that a frame came of the packets taken so far."""
        self.recorded += 1

    def _is_over(self, file: PacketFile, train: PacketTrain, time: float) -> bool:
        octets, seconds = file.octets + train.nbytes, time - self._began_at
        if file.at_end_of_frame:
            return self._rotation.over(octets, seconds)
        return self._rotation.over(octets - PATIENCE_OCTETS, seconds - PATIENCE_SECONDS)

    def _begin(self, time: float) -> PacketFile:
        self._file = _new(self._names, self._title, lambda path: PacketFile(path, self._local))
        self.name, self._began_at = str(self._file.path), time
        return self._file

    def finish(self) -> None:
        """Close the file; the next packets begin another one. Raises ``WriteFault``."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.finish()
        except OSError as error:
            raise WriteFault(file.path, error) from error

    def abandon(self) -> None:
        """Close the file after a fault, as it is. Never raises."""
        if self._file is not None:
            self._file.abandon()
        self._file = None


Track = FrameTrack | PacketTrack


def _open(kind: str, path: Path, first: Shot, title: str) -> FrameFile:
    if kind in NEED_PYAV:
        return ContainerFile(path, kind, first, title)
    made: Callable[[Path], FrameFile] = JpegFolder if kind == FOLDER else JpegStream
    return made(path)


def _new(names: Names, title: str, make: Callable[[Path], File]) -> File:
    """Return a new file under the next free name, and say which. Raises ``WriteFault``."""
    for tries in range(TRIES):
        path = names.next()
        try:
            file = make(path)
        except OSError as error:
            # Another program may take a name between our look and our file.
            if not isinstance(error, FileExistsError) or tries == TRIES - 1:
                raise WriteFault(path, error) from error
        else:
            break
    why = f", for {names.taken} is there already" if names.taken is not None else ""
    _log.info("%s: recording %s%s", title, file.path, why)
    return file
