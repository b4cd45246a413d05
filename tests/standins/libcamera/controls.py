"""The controls of a Pi's cameras."""

from __future__ import annotations

import enum
from types import SimpleNamespace

from .values import ControlId, ControlInfo, ControlType, Rectangle


class NoiseReductionModeEnum(enum.IntEnum):
    Off = 0
    Fast = 1
    HighQuality = 2
    Minimal = 3
    ZSL = 4


class AwbModeEnum(enum.IntEnum):
    Auto = 0
    Incandescent = 1
    Tungsten = 2
    Fluorescent = 3
    Indoor = 4


draft = SimpleNamespace(NoiseReductionModeEnum=NoiseReductionModeEnum)

AeEnable = ControlId("AeEnable", ControlType.Bool)
AnalogueGain = ControlId("AnalogueGain", ControlType.Float)
AnalogueGainMode = ControlId("AnalogueGainMode")
AwbMode = ControlId("AwbMode")
ColourGains = ControlId("ColourGains", ControlType.Float)
ExposureTime = ControlId("ExposureTime")
ExposureTimeMode = ControlId("ExposureTimeMode")
FrameDuration = ControlId("FrameDuration", ControlType.Integer64)
FrameDurationLimits = ControlId("FrameDurationLimits", ControlType.Integer64)
NoiseReductionMode = ControlId("NoiseReductionMode")
ScalerCrop = ControlId("ScalerCrop", ControlType.Rectangle)
SensorTimestamp = ControlId("SensorTimestamp", ControlType.Integer64)
Sharpness = ControlId("Sharpness", ControlType.Float)


def of_sensor(width: int, height: int) -> dict[ControlId, ControlInfo]:
    """Return what a camera advertises that has so many pixels."""
    whole = Rectangle(0, 0, width, height)
    return {
        AeEnable: ControlInfo(False, True, True),
        AnalogueGain: ControlInfo(1.0, 16.0, 1.0),
        AwbMode: ControlInfo(0, 7, 0),
        ColourGains: ControlInfo(0.0, 32.0, None),
        ExposureTime: ControlInfo(26, 220416802, 20000),
        FrameDurationLimits: ControlInfo(8333, 220535845, 33333),
        NoiseReductionMode: ControlInfo(0, 4, 0),
        ScalerCrop: ControlInfo(Rectangle(0, 0, 64, 64), whole, whole),
        Sharpness: ControlInfo(0.0, 16.0, 1.0),
    }
