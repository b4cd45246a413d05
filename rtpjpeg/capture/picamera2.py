"""Cameras of a Raspberry Pi, by picamera2.

picamera2's own encoders make JPEGs that RFC 2435 cannot carry, or let pictures queue. So they are taken
here one by one, always the newest, and encoded where they lie in the camera's memory. Scaling, cropping
and flipping are the image processor's, at no cost.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import CaptureError, ConfigError
from ..frame import Frame
from ..framing import Framing
from .base import Camera, Clock
from .controls import check_controls
from .encode import JpegEncoder
from .intervals import PacketRoom
from .pipeline import Pipeline
from .pixels import Pixels, cut_planes, split_planes, turned
from .stack import control_words, devices, find_camera, is_present, load_picamera2, told

__all__ = ["Picamera2Camera", "devices", "is_present"]

PLANES, BGR = "YUV420", "RGB888"
"""Formats by libcamera's names, which tell bytes from the last to the first: RGB888 is B, G, R in memory."""
BUFFERS = 4
"""One at the sensor, one at the image processor, one that waits for us and one that we encode."""
CLOSE_SECONDS = 1.5
"""How long closing may take: a signal is answered within 2 s."""


def suspended_seconds() -> float:
    """Return how long the machine has slept since it started: CLOCK_BOOTTIME less CLOCK_MONOTONIC."""
    awake = time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - awake


class Picamera2Camera(Camera):
    """One camera, read by one thread.

    ``device`` is picamera2's number or an Id, None the nth camera for cameraN. ``framing`` says which part
    is sent, how large (pixels) and which way up. ``controls`` are libcamera's, by name. ``clock`` gives
    monotonic seconds, ``suspended`` how many more CLOCK_BOOTTIME has. Raises ``ConfigError`` for values
    that no camera takes.
    """

    def __init__(
        self,
        name: str = "camera1",
        framing: Framing = Framing(640, 480),  # noqa: B008 - frozen
        fps: float = 30.0,
        *,
        device: str | None = None,
        controls: Mapping[str, Any] | None = None,
        quality: int = 85,
        subsampling: str = "420",
        restart_interval: int = 0,
        packet_room: PacketRoom | None = None,
        clock: Clock = time.monotonic,
        suspended: Callable[[], float] = suspended_seconds,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        if fps <= 0:
            raise ConfigError(f"fps: found {fps}, expected a rate above 0 for a camera")
        super().__init__(name, *framing.sent_size, fps)
        self.framing = framing
        self.device = device
        self.controls = dict(controls or {})
        self._encoder = JpegEncoder(quality, subsampling, restart_interval, packet_room)
        self._clock = clock
        self._suspended = suspended
        self._close_seconds = close_seconds
        self._pipeline: Pipeline | None = None
        self._cut = framing.scaled_size
        self._flips = (False, False)
        self._two_pictures = 0.0
        self._last: float | None = None
        self._said: set[str] = set()
        self.notices += self._encoder.notices

    def open(self) -> None:
        """Take the camera and start it; nothing happens when it is open already.

        Raises ``CaptureError`` when there is no camera stack or no such camera, when another program has
        it, or when it cannot do what is asked for.
        """
        if self._pipeline is not None:
            return
        library = load_picamera2()
        number = find_camera(library, self.device, self.name)
        pipeline = Pipeline(library, number, self._close_seconds)
        try:
            with told(f"camera {number} cannot be started"):
                self._accept(pipeline.configure(**self._configuration()))
                pipeline.start(self._settled_controls(pipeline.controls))
        except CaptureError:
            self._give_back(pipeline)
            raise
        self._pipeline = pipeline

    def read(self, timeout: float = 1.0) -> Frame:
        """Return the newest picture, or the next one; ``captured_at`` is the time its sensor gave it.

        Raises ``CaptureError`` when none comes for ``timeout`` seconds, and for at least two pictures.
        """
        self.open()
        silence = max(timeout, self._two_pictures)
        with told("the camera gives no pictures"):
            frame, age = self._read(silence)
            # What was waiting may be from before a stall; then the next one counts.
            return frame if age <= silence else self._read(silence)[0]

    def set_quality(self, quality: int) -> bool:
        """Set the JPEG quality (1..100) from the next frame on."""
        self._encoder.quality = quality
        return True

    def set_fps(self, fps: float) -> bool:
        """Set the frame rate while the camera runs; False where it cannot, or is not open."""
        pipeline = self._pipeline
        if pipeline is None or fps <= 0:
            return False
        self.fps = fps
        rate = self._rate(pipeline.controls)
        with told("the frame rate cannot be set"):
            pipeline.set_controls(rate)
        self._two_pictures = 2e-6 * max(rate.get("FrameDurationLimits", (0,)))
        return bool(rate)

    def close(self) -> None:
        """Stop the camera and give it back; one that does not answer is left behind after a while."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            self._give_back(pipeline)

    def _give_back(self, pipeline: Pipeline) -> None:
        if not pipeline.close():
            self._say("the camera does not answer and is left as it is")

    def _say(self, notice: str) -> None:
        """Say something once, however often the camera is opened."""
        if notice not in self._said:
            self._said.add(notice)
            self.notices.append(f"{self.name}: {notice}")

    # How it is set up.

    def _configuration(self) -> dict[str, Any]:
        """Return what is asked of picamera2.

        Full range is what JPEG has; by itself picamera2 would take that of television. The size of the raw
        picture chooses the sensor's mode, which is to be that of the whole picture where a crop is taken.
        """
        libcamera = importlib.import_module("libcamera")
        planes = self._encoder.prefers_planes and self._encoder.subsampling == "420"
        across, down = self.framing.flips
        return {
            "main": {"format": PLANES if planes else BGR, "size": _even(*self.framing.scaled_size)},
            "raw": {"size": _even(self.framing.width, self.framing.height)},
            "transform": libcamera.Transform(hflip=across, vflip=down),
            "colour_space": libcamera.ColorSpace.Sycc(),
            "buffer_count": BUFFERS,
        }

    def _accept(self, got: Mapping[str, Any]) -> None:
        """Take what the camera made of it, and say where that is something else."""
        pixels, size = got["main"]["format"], tuple(got["main"]["size"])
        if pixels not in (PLANES, BGR):
            raise CaptureError(f"it gives {pixels}, expected {PLANES} or {BGR}: take source v4l2 for it")
        self._cut = self.framing.scaled_size
        if size != _even(*self._cut):
            self._say(f"the camera gives {size[0]}x{size[1]} instead of {self._cut[0]}x{self._cut[1]}")
            self._cut = size
        self.width, self.height = self._cut[::-1] if self.framing.quarter_turns else self._cut
        across, down = self.framing.flips
        self._flips = across != got["transform"].hflip, down != got["transform"].vflip
        if any(self._flips) or self.framing.quarter_turns:
            self._say(f"{self.framing.flip_method} costs time for each picture: the camera cannot do it")

    def _settled_controls(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the controls to start with: frame rate and crop, and those asked for, which win."""
        made = self._rate(known) | self._crop(known)
        made |= check_controls(self.controls, known, control_words)
        self._two_pictures = 2e-6 * max(made.get("FrameDurationLimits", (0,)))
        return made

    def _rate(self, known: Mapping[str, Any]) -> dict[str, Any]:
        if "FrameDurationLimits" not in known:
            return {}
        asked = round(1e6 / self.fps)
        shortest, longest, _ = known["FrameDurationLimits"]
        period = min(max(asked, shortest), longest)
        if period != asked:
            self._say(f"the camera gives {1e6 / period:.4g} frames a second instead of {self.fps:g}")
            self.fps = 1e6 / period
        return {"FrameDurationLimits": (period, period)}

    def _crop(self, known: Mapping[str, Any]) -> dict[str, Any]:
        if self.framing.crop is None:
            return {}
        if "ScalerCrop" not in known:
            raise CaptureError("crop: this camera cannot crop, expected the whole picture")
        return {"ScalerCrop": self.framing.sensor_region(known["ScalerCrop"][1])}

    # How a picture is taken.

    def _read(self, silence: float) -> tuple[Frame, float]:
        """Return a picture and its age in seconds."""
        assert self._pipeline is not None
        with self._pipeline.picture(silence) as (buffer, metadata):
            now = self._clock()
            captured_at = self._captured_at(metadata.get("SensorTimestamp"), now)
            jpeg = self._encode(buffer)
            del buffer
        self._count(captured_at, metadata.get("FrameDuration", 1e6 / self.fps))
        return Frame(jpeg, self.width, self.height, captured_at=captured_at), now - captured_at

    def _captured_at(self, nanoseconds: int | None, now: float) -> float:
        """Return a sensor's time in seconds of the clock.

        libcamera documents CLOCK_BOOTTIME, the kernel's drivers give CLOCK_MONOTONIC. They differ once
        the machine has slept, and only the first can then lie in the future of the other.
        """
        seconds = now if nanoseconds is None else nanoseconds * 1e-9
        if seconds > now:
            seconds -= self._suspended()
        return min(seconds, now)

    def _count(self, captured_at: float, microseconds: float) -> None:
        """Number a picture; those missed since the last one are the frame times that have passed."""
        passed = 0.0 if self._last is None else captured_at - self._last
        self.frame_number += max(1, round(passed * 1e6 / microseconds))
        self._last = captured_at

    def _encode(self, buffer: Pixels) -> bytes:
        """Return the JPEG of a buffer, with as few steps over it as there can be."""
        width, height = self._cut
        quarters = self.framing.quarter_turns
        if buffer.ndim == 3:
            return self._encoder.encode_bgr(turned(buffer[:height, :width], *self._flips, quarters))
        planes = cut_planes(split_planes(buffer, buffer.shape[0] * 2 // 3), width, height)
        return self._encoder.encode_planes(*(turned(plane, *self._flips, quarters) for plane in planes))


def _even(width: int, height: int) -> tuple[int, int]:
    """Return the next size that libcamera takes; what is more is cut off again."""
    return width + width % 2, height + height % 2
