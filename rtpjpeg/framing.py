"""Which part of what a camera sees is sent, how large, and which way up.

A camera takes a picture of width x height. Of that, the crop is cut out, then scaled to the target size,
then flipped or turned. A quarter of a turn swaps the sides.
"""

from __future__ import annotations

from dataclasses import dataclass

Region = tuple[int, int, int, int]
"""Left, top, width, height."""

QUARTER_TURNS = {"rotate-90": 1, "rotate-270": 3}
"""Clockwise quarters of a turn of the flip methods that swap the sides."""
FLIPS = {"horizontal-flip": (True, False), "vertical-flip": (False, True), "rotate-180": (True, True)}
"""Whether left and right, top and bottom change places, of the other flip methods; half a turn is both."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The way from a camera's picture to the one that is sent; all sizes in pixels."""

    width: int
    height: int
    crop: Region | None = None
    """In pixels of width x height; None is the whole picture."""
    target_size: tuple[int, int] | None = None
    """Size after scaling and before turning; None is that of the crop, or of the whole picture."""
    flip_method: str = "none"

    @property
    def scaled_size(self) -> tuple[int, int]:
        """Width and height before turning."""
        whole = self.crop or (0, 0, self.width, self.height)
        return self.target_size or whole[2:]

    @property
    def sent_size(self) -> tuple[int, int]:
        """Width and height of the picture that is sent."""
        width, height = self.scaled_size
        return (height, width) if self.quarter_turns else (width, height)

    @property
    def quarter_turns(self) -> int:
        """Clockwise quarters of a turn, 0 where none is asked for; half a turn is two flips."""
        return QUARTER_TURNS.get(self.flip_method, 0)

    @property
    def flips(self) -> tuple[bool, bool]:
        """Whether left and right change places, and whether top and bottom do."""
        return FLIPS.get(self.flip_method, (False, False))

    def sensor_region(self, sensor: Region) -> Region | None:
        """Return the part of a sensor that the crop is, None without a crop.

        ``sensor`` is all that can be used of it. The picture of width x height is the largest part of its
        shape, in the middle; the sides of what is returned are even.
        """
        if self.crop is None:
            return None
        scale = min(sensor[2] / self.width, sensor[3] / self.height)
        left = sensor[0] + (sensor[2] - self.width * scale) / 2
        top = sensor[1] + (sensor[3] - self.height * scale) / 2
        x, y, width, height = self.crop
        return (
            _even(left + x * scale),
            _even(top + y * scale),
            max(2, _even(width * scale)),
            max(2, _even(height * scale)),
        )


def _even(value: float) -> int:
    return round(value / 2) * 2
