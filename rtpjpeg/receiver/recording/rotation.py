"""When a recording begins its next file, as a user writes it: ``500MB``, ``10min``, or both with a comma.

Standard library alone, since the command reads it while it reads its options.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ...errors import ConfigError

EXPECTED = "a size such as 500MB, a time such as 10min, or both with a comma between"
SMALLEST, LARGEST = 100_000, 10**15
"""Bytes of a file."""
SHORTEST, LONGEST = 1.0, 7 * 86400.0
"""Seconds of a file."""

_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)\s*([A-Za-z]+)")
_SIZES = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_TIMES = {"s": 1, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Rotation:
    """The most that one file holds; None for no limit."""

    octets: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a SPEC. Raises ``ConfigError`` with one sentence for each fault."""
        found: dict[str, float] = {}
        faults: list[str] = []
        for part in text.split(","):
            try:
                name, value = _read(part.strip())
                if name in found:
                    raise ConfigError(f"found {part.strip()!r} behind another one, expected {EXPECTED}")
                found[name] = value
            except ConfigError as error:
                faults += error.faults
        if faults:
            raise ConfigError(*faults)
        size = found.get("size")
        return cls(None if size is None else int(size), found.get("time"))

    def over(self, octets: int, seconds: float) -> bool:
        """Return whether a file of so many bytes, or so many seconds, would be too much."""
        too_large = self.octets is not None and octets > self.octets
        return too_large or (self.seconds is not None and seconds >= self.seconds)


NEVER = Rotation()


def _read(part: str) -> tuple[str, float]:
    """Return what a part limits and where. Raises ``ConfigError``."""
    found = _NUMBER.fullmatch(part)
    unit = found[2].lower() if found else ""
    if found is None or unit not in {**_SIZES, **_TIMES}:
        raise ConfigError(f"found {part!r}, expected {EXPECTED}; units: kB, MB, GB, s, min, h")
    if unit in _SIZES:
        size = float(found[1]) * _SIZES[unit]
        if not SMALLEST <= size <= LARGEST:
            raise ConfigError(f"found {part!r}, expected at least 100kB and at most 1000TB")
        return "size", size
    seconds = float(found[1]) * _TIMES[unit]
    if not SHORTEST <= seconds <= LONGEST:
        raise ConfigError(f"found {part!r}, expected at least 1s and at most 168h")
    return "time", seconds
