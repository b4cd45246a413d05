"""The properties of a Pi's cameras."""

from types import SimpleNamespace

from .values import ControlId

draft = SimpleNamespace(ColorFilterArrangementEnum=SimpleNamespace(RGGB=0, MONO=4))

ColorFilterArrangement = ControlId("ColorFilterArrangement")
Location = ControlId("Location")
Model = ControlId("Model")
Rotation = ControlId("Rotation")
