"""The values that libcamera's calls take and give."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


@dataclass(unsafe_hash=True)
class Size:
    width: int = 0
    height: int = 0


@dataclass(unsafe_hash=True)
class Rectangle:
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0


class Transform:
    def __init__(self, other: Any = None, hflip: int = 0, vflip: int = 0, transpose: int = 0) -> None:
        if other is not None:
            hflip, vflip, transpose = other.hflip, other.vflip, other.transpose
        self.hflip, self.vflip, self.transpose = bool(hflip), bool(vflip), bool(transpose)

    def __hash__(self) -> int:
        return hash((self.hflip, self.vflip, self.transpose))

    def __str__(self) -> str:
        return f"<Transform hflip={self.hflip} vflip={self.vflip} transpose={self.transpose}>"


class Orientation(enum.Enum):
    Rotate0 = 0
    Rotate0Mirror = 1
    Rotate180 = 2
    Rotate180Mirror = 3
    Rotate90Mirror = 4
    Rotate270 = 5
    Rotate270Mirror = 6
    Rotate90 = 7


FLIPS = {
    Orientation.Rotate0: (False, False),
    Orientation.Rotate0Mirror: (True, False),
    Orientation.Rotate180: (True, True),
    Orientation.Rotate180Mirror: (False, True),
}
"""Horizontal and vertical flip of the orientations that a Pi's cameras know."""


class ColorSpace:
    class YcbcrEncoding(enum.Enum):
        Null = 0
        Rec601 = 1
        Rec709 = 2

    class Range(enum.Enum):
        Full = 0
        Limited = 1

    def __init__(self, primaries: Any, transfer: str = "", encoding: Any = None, range: Any = None) -> None:
        if isinstance(primaries, ColorSpace):
            other = primaries
            primaries, transfer = other.primaries, other.transferFunction
            encoding, range = other.ycbcrEncoding, other.range
        self.primaries, self.transferFunction = primaries, transfer
        self.ycbcrEncoding, self.range = encoding, range

    def __hash__(self) -> int:
        return hash((self.primaries, self.transferFunction))

    def __str__(self) -> str:
        return f"<ColorSpace {self.primaries}/{self.transferFunction}/{self.range}>"

    @classmethod
    def Sycc(cls) -> ColorSpace:
        return cls("Rec709", "Srgb", cls.YcbcrEncoding.Rec601, cls.Range.Full)

    @classmethod
    def Smpte170m(cls) -> ColorSpace:
        return cls("Smpte170m", "Rec709", cls.YcbcrEncoding.Rec601, cls.Range.Limited)

    @classmethod
    def Rec709(cls) -> ColorSpace:
        return cls("Rec709", "Rec709", cls.YcbcrEncoding.Rec709, cls.Range.Limited)

    @classmethod
    def Raw(cls) -> ColorSpace:
        return cls("Raw", "Linear", cls.YcbcrEncoding.Null, cls.Range.Full)


class StreamRole(enum.Enum):
    Raw = 0
    StillCapture = 1
    VideoRecording = 2
    Viewfinder = 3


class ControlType(enum.Enum):
    Null = 0
    Bool = 1
    Byte = 2
    Integer32 = 3
    Integer64 = 4
    Float = 5
    String = 6
    Rectangle = 7
    Size = 8


@dataclass(frozen=True)
class ControlId:
    name: str
    type: ControlType = ControlType.Integer32


@dataclass
class ControlInfo:
    min: Any
    max: Any
    default: Any


@dataclass(frozen=True)
class PixelFormat:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class SensorConfiguration:
    bit_depth: int = 0
    output_size: Size = field(default_factory=Size)
