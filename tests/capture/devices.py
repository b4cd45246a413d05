"""Devices that do what a test wants: a container as PyAV opens it, a capture as OpenCV does.

A picture leaves a device when the test lets it. ``Gate.drained`` says that the thread that reads has come
back for more, so that what was let go before has reached its slot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

WAIT = 60
"""Seconds after which a test that hangs gives up."""


class Gate:
    """Lets a device give so many pictures, and then none until more may come."""

    def __init__(self, free: int = 0) -> None:
        self._changed = threading.Condition()
        self._free = free
        self._waiting = False
        self._open = False

    def pass_one(self) -> None:
        """Called by the device in front of each picture."""
        with self._changed:
            self._waiting = self._free == 0
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._free or self._open, WAIT)
            self._free -= not self._open
            self._waiting = False

    def let(self, count: int = 1) -> None:
        """Let so many pictures pass, and wait until the device was asked for the next one."""
        with self._changed:
            self._free += count
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._waiting and not self._free, WAIT)

    def grant(self) -> None:
        """Let one more pass, without waiting."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def open(self) -> None:
        """Let everything pass, without waiting."""
        with self._changed:
            self._open = True
            self._changed.notify_all()


Item = bytes | Exception


class Container:
    """A container of MJPEG packets; an exception among them is raised, and behind them is the end.

    ``stamps`` are seconds of the driver, in the order of the packets.
    """

    name = "video4linux2,v4l2"

    def __init__(self, items: Sequence[Item], gate: Gate, codec: str = "mjpeg", **given: Any) -> None:
        self._items = items
        self._gate = gate
        self._stamps = given.get("stamps", ())
        self.closed = 0
        stream = Bag(
            codec_context=Bag(name=codec, width=160, height=96, decode=None), average_rate=Fraction(30)
        )
        self.streams = Bag(video=[stream])

    def demux(self, stream: Any) -> Iterator[Any]:
        for number, item in enumerate(self._items):
            self._gate.pass_one()
            if isinstance(item, Exception):
                raise item
            packet = av.Packet(item)
            packet.time_base = Fraction(1, 1_000_000)
            packet.pts = int(self._stamps[number] * 1_000_000) if number < len(self._stamps) else 0
            yield packet
        self._gate.pass_one()
        yield av.Packet(0)  # PyAV's sign of the end

    def close(self) -> None:
        self.closed += 1


class Bag:
    """Names with values."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class Gated:
    """A container of real PyAV, whose packets pass a gate."""

    def __init__(self, container: Any, gate: Gate) -> None:
        self._container = container
        self._gate = gate
        self.name, self.streams, self.close = container.name, container.streams, container.close

    def demux(self, stream: Any) -> Iterator[Any]:
        for packet in self._container.demux(stream):
            self._gate.pass_one()
            yield packet


class Capture:
    """A cv2.VideoCapture of a list of pictures: arrays as OpenCV gives them."""

    def __init__(self, items: Sequence[npt.NDArray[np.uint8] | Exception], gate: Gate, **given: Any) -> None:
        self._items = iter(items)
        self._gate = gate
        self._given = {"backend": "V4L2", "opened": True, "fps": 30.0, "milliseconds": 0.0} | given
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's word
        return bool(self._given["opened"])

    def read(self) -> tuple[bool, npt.NDArray[np.uint8] | None]:
        self._gate.pass_one()
        item = next(self._items, None)
        if isinstance(item, Exception):
            raise item
        return item is not None, item

    def get(self, prop: int) -> float:
        return float({0: self._given["milliseconds"], 5: self._given["fps"]}[prop])

    def getBackendName(self) -> str:  # noqa: N802 - OpenCV's word
        return str(self._given["backend"])

    def release(self) -> None:
        self.released += 1
