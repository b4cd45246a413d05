"""Cameras, their configurations and their requests."""

from __future__ import annotations

import enum
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from . import controls as ids
from . import properties, scene
from .values import (
    FLIPS,
    ColorSpace,
    ControlId,
    ControlInfo,
    ControlType,
    Orientation,
    PixelFormat,
    Rectangle,
    SensorConfiguration,
    Size,
    StreamRole,
    Transform,
)

__all__ = ["ColorSpace", "ControlInfo", "ControlType", "Rectangle", "SensorConfiguration", "Transform"]

PATIENCE = 30.0
"""Seconds after which a test that waits for picamera2 has failed."""


class FrameMetadata:
    class Status(enum.Enum):
        Success = 0
        Error = 1
        Cancelled = 2
        Startup = 3

    def __init__(self) -> None:
        self.status = FrameMetadata.Status.Success


class FrameBuffer:
    class Plane:
        fd = -1
        offset = 0
        length = 0

    def __init__(self, planes: list[Plane]) -> None:
        self.planes = planes
        self.metadata = FrameMetadata()


class Stream:
    def __init__(self, configuration: StreamConfiguration) -> None:
        self.configuration = configuration


class StreamFormats:
    def __init__(self, sizes: dict[str, list[Size]]) -> None:
        self._sizes = sizes
        self.pixel_formats = [PixelFormat(name) for name in sizes]

    def sizes(self, pixel_format: PixelFormat) -> list[Size]:
        return self._sizes[str(pixel_format)]


class StreamConfiguration:
    def __init__(self, role: StreamRole, formats: StreamFormats) -> None:
        self.role = role
        self.formats = formats
        self.size = Size(640, 480)
        self.pixel_format = PixelFormat("XBGR8888")
        self.color_space: ColorSpace | None = None
        self.buffer_count = 4
        self.stride = self.frame_size = 0
        self.stream = Stream(self)

    def lay_out(self, alignment: int) -> None:
        """Set stride and size of the buffers."""
        bytes_a_pixel = {"RGB888": 3, "BGR888": 3, "YUV420": 1}.get(str(self.pixel_format), 2)
        self.stride = -(-self.size.width * bytes_a_pixel // alignment) * alignment
        rows = self.size.height * 3 // 2 if str(self.pixel_format) == "YUV420" else self.size.height
        self.frame_size = self.stride * rows


class CameraConfiguration:
    class Status(enum.Enum):
        Valid = 0
        Adjusted = 1
        Invalid = 2

    def __init__(self, camera: Camera, roles: list[StreamRole]) -> None:
        self._camera = camera
        self._streams = [StreamConfiguration(role, camera.raw_formats) for role in roles]
        self.orientation = Orientation.Rotate0
        self.sensor_config: SensorConfiguration | None = None

    def at(self, index: int) -> StreamConfiguration:
        return self._streams[index]

    def __iter__(self) -> Iterator[StreamConfiguration]:
        return iter(self._streams)

    def validate(self) -> Status:
        main, camera, before = self.at(0), self._camera, self._facts()
        largest = camera.largest
        main.size = Size(min(main.size.width, largest.width), min(main.size.height, largest.height))
        if camera.formats and str(main.pixel_format) not in camera.formats:
            main.pixel_format = PixelFormat(camera.formats[0])
        if not camera.flips:
            self.orientation = Orientation.Rotate0
        for stream in self._streams:
            stream.lay_out(camera.alignment)
        adjusted = self._facts() != before
        return CameraConfiguration.Status.Adjusted if adjusted else CameraConfiguration.Status.Valid

    def _facts(self) -> tuple[Any, ...]:
        main = self.at(0)
        return main.size, main.pixel_format, self.orientation


class Request:
    class Status(enum.Enum):
        Pending = 0
        Complete = 1
        Cancelled = 2

    def __init__(self, cookie: int) -> None:
        self.cookie = cookie
        self.buffers: dict[Stream, FrameBuffer] = {}
        self.reuse()

    def add_buffer(self, stream: Stream, buffer: FrameBuffer) -> None:
        self.buffers[stream] = buffer

    def reuse(self) -> None:
        self.status = Request.Status.Pending
        self.metadata: dict[ControlId, Any] = {}
        self.controls: dict[ControlId, Any] = {}

    def set_control(self, control: ControlId, value: Any) -> None:
        self.controls[control] = value


class Camera:
    """One camera; the attributes in front are for tests to set before it is opened, or while it runs."""

    def __init__(self, manager: CameraManager, id: str, model: str, modes: list[Size]) -> None:
        self.largest = Size(4608, 2592)
        self.alignment = 1
        self.flips = True
        self.formats: list[str] = []
        """Formats of the main stream; empty for all."""
        self.stalled = False
        self.faults: dict[str, Exception] = {}
        """Name of a method to what it raises."""
        self.stop_gate: Callable[[], object] = lambda: None
        self.configuration: CameraConfiguration | None = None
        self.applied: dict[str, Any] = {}
        """Every control that was set since the camera was opened, by name."""
        self.id = id
        self.sensor = modes[-1]
        self.raw_formats = StreamFormats({"SRGGB10_CSI2P": modes})
        self.properties = {
            properties.Model: model,
            properties.Location: 2,
            properties.Rotation: 180,
            properties.ColorFilterArrangement: 0,
        }
        self.controls = ids.of_sensor(self.sensor.width, self.sensor.height)
        self.acquired = self.running = False
        self.frames = 0
        self.queue: deque[Request] = deque()
        self.requests = 0
        self._manager = manager
        self._changed = threading.Condition()

    # What libcamera has.

    def acquire(self) -> None:
        self._fail("acquire")
        if self.acquired:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")
        self.acquired, self.applied = True, {}

    def release(self) -> None:
        self.acquired = False

    def generate_configuration(self, roles: list[StreamRole]) -> CameraConfiguration:
        return CameraConfiguration(self, roles)

    def configure(self, configuration: CameraConfiguration) -> int:
        self._fail("configure")
        self.configuration, self.requests = configuration, 0
        return 0

    def create_request(self, cookie: int) -> Request:
        self.requests += 1
        return Request(cookie)

    def start(self, controls: dict[ControlId, Any] | None) -> None:
        self._fail("start")
        self._apply(controls or {})
        self.running = True

    def queue_request(self, request: Request) -> None:
        self._fail("queue_request")
        self._apply(request.controls)
        with self._changed:
            self.queue.append(request)
            whole = len(self.queue) == self.requests
            self._changed.notify_all()
        if whole and not self.stalled:
            self.expose()

    def stop(self) -> None:
        self.stop_gate()
        self.running = False
        self.queue.clear()

    # What tests do.

    def expose(self, count: int = 1) -> None:
        """Give pictures now; each takes the time of a frame."""
        for _ in range(count):
            with self._changed:
                assert self._changed.wait_for(lambda: self.queue, PATIENCE), "no request came back"
                request = self.queue.popleft()
            self._manager.tick(self.period_us * 1000)
            self.frames += 1
            self._fill(request)
            request.status = Request.Status.Complete
            self._manager.done(request)

    def settle(self) -> None:
        """Wait until picamera2 has looked at all pictures and holds none but the newest."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.queue) == self.requests - 1, PATIENCE)

    def all_back(self) -> bool:
        """Wait until no request is held, with the camera stalled; tells whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.queue) == self.requests, PATIENCE)

    def resume(self) -> None:
        """End a stall."""
        self.stalled = False
        self.expose()

    def unplug(self) -> None:
        """Pull the cable: no picture comes, and the manager knows this camera no more."""
        self.stalled = True
        self._manager.cameras.remove(self)

    @property
    def period_us(self) -> int:
        """Microseconds of a frame."""
        return int(self.applied.get("FrameDurationLimits", (33333, 33333))[0])

    def _fail(self, method: str) -> None:
        if method in self.faults:
            raise self.faults[method]

    def _apply(self, controls: dict[ControlId, Any]) -> None:
        self.applied |= {control.name: value for control, value in controls.items()}

    def _fill(self, request: Request) -> None:
        assert self.configuration is not None
        main = self.configuration.at(0)
        picture = scene.view(
            self._region(main.size),
            (self.sensor.width, self.sensor.height),
            (main.size.width, main.size.height),
        )
        across, down = FLIPS[self.configuration.orientation]
        picture = picture[:: -1 if down else 1, :: -1 if across else 1]
        full = main.color_space is not None and main.color_space.range is ColorSpace.Range.Full
        plane = request.buffers[main.stream].planes[0]
        os.pwrite(plane.fd, scene.pack(picture, str(main.pixel_format), main.stride, full), plane.offset)
        request.metadata = {ids.FrameDuration: self.period_us, ids.ExposureTime: 20000}
        if self._manager.stamps:
            request.metadata[ids.SensorTimestamp] = self._manager.now_ns

    def _region(self, size: Size) -> tuple[int, int, int, int]:
        """Return the part of the sensor that is shown; without a crop the largest of the picture's shape."""
        crop, sensor = self.applied.get("ScalerCrop"), self.sensor
        if crop is not None:
            return crop.x, crop.y, crop.width, crop.height
        width = min(sensor.width, sensor.height * size.width // size.height)
        height = min(sensor.height, sensor.width * size.height // size.width)
        return (sensor.width - width) // 2, (sensor.height - height) // 2, width, height


class CameraManager:
    _one: CameraManager | None = None

    @classmethod
    def singleton(cls) -> CameraManager:
        if cls._one is None:
            cls._one = cls()
        return cls._one

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000
        """The time, which only moves when a picture is exposed or a test moves it."""
        self.real_time = False
        """True lets the time be the machine's whenever a picture is exposed."""
        self.stamps = True
        """Whether pictures carry their time."""
        place = "/base/axi/pcie@1000120000/rp1/i2c@{}/{}"
        imx219, imx708 = [Size(640, 480), Size(3280, 2464)], [Size(2304, 1296), Size(4608, 2592)]
        self.cameras = [
            Camera(self, place.format("80000", "imx219@10"), "imx219", imx219),
            Camera(self, place.format("88000", "imx708@1a"), "imx708", imx708),
        ]
        self.event_fd, self._write_fd = os.pipe2(os.O_NONBLOCK)
        self._ready: deque[Request] = deque()

    def tick(self, nanoseconds: int) -> None:
        self.now_ns = time.monotonic_ns() if self.real_time else self.now_ns + nanoseconds

    def get(self, id: str) -> Camera | None:
        return next((camera for camera in self.cameras if camera.id == id), None)

    def done(self, request: Request) -> None:
        self._ready.append(request)
        os.write(self._write_fd, b"x")

    def get_ready_requests(self) -> list[Request]:
        try:
            os.read(self.event_fd, 4096)
        except BlockingIOError:
            pass
        return [self._ready.popleft() for _ in range(len(self._ready))]

    def close(self) -> None:
        """Give the pipe back; the next ``singleton`` is a new one."""
        os.close(self.event_fd)
        os.close(self._write_fd)
        CameraManager._one = None
