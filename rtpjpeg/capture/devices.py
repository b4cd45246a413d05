"""What a source says of the cameras that it could open, for lists that people and programs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a camera; the values are None where the camera does not tell them."""

    name: str
    type: str
    min: Any
    max: Any
    default: Any


@dataclass(frozen=True, slots=True)
class Device:
    """A camera that is there."""

    source: str
    """The word a user writes for what opens it."""
    index: int
    """Its number, from 0."""
    id: str
    """Its name, which stays when others come and go."""
    model: str
    location: str | None = None
    """front, back or external."""
    rotation: int | None = None
    """Degrees by which it is mounted turned."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Pictures that its sensor takes, in pixels, smallest first."""
    controls: tuple[Control, ...] = ()
