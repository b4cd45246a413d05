"""The camera that every machine has: a drawn scene, at the pace and with the manners of a real one."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable

from ..errors import ConfigError
from ..frame import Frame
from .base import Camera, Clock, Metronome, Sleep
from .encode import JpegEncoder
from .intervals import PacketRoom
from .scene import Scene

SMALLEST, LARGEST = 64, 2040


class SyntheticCamera(Camera):
    """Draws and encodes a picture each time one is due.

    The first number in ``name`` picks the landscape, so camera1 and camera2 look different.
    ``restart_interval`` and ``packet_room`` are those of ``JpegEncoder``. ``clock`` is monotonic seconds,
    ``wall`` nanoseconds since 1970. Raises ``ConfigError`` for a size outside 64 to 2040 pixels or a
    negative frame rate.
    """

    def __init__(
        self,
        name: str = "camera1",
        width: int = 640,
        height: int = 480,
        fps: float = 30.0,
        *,
        quality: int = 85,
        subsampling: str = "420",
        restart_interval: int = 0,
        packet_room: PacketRoom | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = time.sleep,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        _check(width, height, fps)
        super().__init__(name, width, height, fps)
        self._encoder = JpegEncoder(quality, subsampling, restart_interval, packet_room)
        self._metronome = Metronome(fps, clock, sleep)
        self._clock = clock
        self._sleep = sleep
        self._wall = wall
        self._scene: Scene | None = None
        self._start: float | None = None
        self.notices += self._encoder.notices

    def open(self) -> None:
        """Draw what does not change; about 0.1 s at 640x480."""
        if self._scene is None:
            chroma_rows = 2 if self._encoder.subsampling == "420" else 1
            self._scene = Scene(self.width, self.height, chroma_rows, self.name, look(self.name))

    def read(self, timeout: float = 1.0) -> Frame:
        """Return the picture of now, as soon as it is due; it never fails and never ends."""
        self.open()
        assert self._scene is not None
        metronome = self._metronome  # another thread may set a rate meanwhile
        self.frame_number = metronome.wait()
        # A shutter opens when it is due: what a busy machine takes longer is age of the picture.
        captured_at = metronome.due
        if self._start is None:
            self._start = captured_at
        wall = self._wall() - round((self._clock() - captured_at) * 1e9)
        planes = self._scene.draw(captured_at - self._start, self.frame_number, wall // 1000)
        jpeg = self._encoder.encode_planes(*planes)
        return Frame(jpeg, self.width, self.height, captured_at=captured_at)

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) from the next frame on."""
        self._encoder.quality = quality
        return True

    def set_fps(self, fps: float) -> bool:
        """Set the frame rate from the next frame on; frame numbers begin anew."""
        self.fps = fps
        self._metronome = Metronome(fps, self._clock, self._sleep)
        return True

    def close(self) -> None:
        """Drop the scene; ``open`` draws it again."""
        self._scene = None


def look(name: str) -> int:
    """Return the number of the landscape for a camera name: camera1 has 0, camera2 has 1."""
    number = re.search(r"\d+", name)
    return max(0, int(number.group()) - 1) if number else zlib.crc32(name.encode())


def _check(width: int, height: int, fps: float) -> None:
    faults = [
        f"{field}: found {value}, expected {SMALLEST} to {LARGEST} (RFC 2435 section 3.1.5)"
        for field, value in (("width", width), ("height", height))
        if not SMALLEST <= value <= LARGEST
    ]
    if fps < 0:
        faults.append(f"fps: found {fps}, expected 0 (as fast as it goes) or more")
    if faults:
        raise ConfigError(*faults)
