"""What a bad network does, as a user writes it: ``loss=5%,burst=3,delay=20ms,seed=1``.

Only the text is read and written here; ``link`` is that network. Standard library alone, since the
commands read it while they read their options.
"""

from __future__ import annotations

import difflib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, NamedTuple, Self

from ..errors import ConfigError

EXAMPLE = "loss=5%,burst=3,delay=20ms,seed=1"
Window = tuple[float, float]
"""Start and length in seconds."""

_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([a-z%]*)")


class _Kind(NamedTuple):
    """How the values of a key are written; ``units`` are powers of ten, the largest first."""

    expected: str
    lowest: float
    highest: float
    units: Mapping[str, int]
    whole: bool = False

    def read(self, text: str) -> float:
        """Return a value. Raises ValueError when the text is none."""
        found = _NUMBER.fullmatch(text.lower())
        if not found or found[2] not in self.units:
            raise ValueError
        value = float(f"{found[1]}e{self.units[found[2]]}")  # one rounding, not two
        if not self.holds(value):
            raise ValueError
        return int(value) if self.whole else value

    def holds(self, value: float) -> bool:
        """Return whether a value is one of this kind."""
        return self.lowest <= value <= self.highest and (not self.whole or value == int(value))

    def show(self, value: float) -> str:
        """Return the text that is read as exactly this value, in the unit that suits it."""
        units = [unit for unit in self.units if unit] or [""]
        fitting = (unit for unit in units if not value or value >= float(f"1e{self.units[unit]}"))
        unit = next(fitting, units[-1])
        return f"{Decimal(repr(value)).scaleb(-self.units[unit]).normalize():f}{unit}"


_SECONDS = {"s": 0, "ms": -3, "us": -6}
_SHARE = _Kind("a share such as 5% or 0.05, at most 100%", 0, 1, {"%": -2, "": 0})
_TIME = _Kind("a time such as 20ms, at most 10s", 0, 10, _SECONDS)
_MOMENT = _Kind("a time such as 2s, at most 86400s", 0, 86400, _SECONDS)
_RATE = _Kind(
    "bits a second such as 8mbit, from 1kbit to 100gbit",
    1e3,
    1e11,
    {"gbit": 9, "mbit": 6, "kbit": 3, "bit": 0},
)
_BURST = _Kind("packets lost in a row on average, a number from 1 to 1000", 1, 1000, {"": 0})
_DEPTH = _Kind("packets that may pass, a whole number from 1 to 1000", 1, 1000, {"": 0}, whole=True)
_SEED = "a whole number of at most 18 digits"
_BLACKOUT = "START+LENGTH such as 2s+500ms, each at most 86400s"
_KINDS = {
    "loss": _SHARE,
    "burst": _BURST,
    "reorder": _SHARE,
    "depth": _DEPTH,
    "duplicate": _SHARE,
    "corrupt": _SHARE,
    "delay": _TIME,
    "jitter": _TIME,
    "rate": _RATE,
    "queue": _TIME,
}
KEYS = (*_KINDS, "blackout", "seed")
"""What a SPEC can say, in the order in which it is written."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What a link does to the packets that go through it. Shares are 0 to 1, times in seconds.

    Raises ``ConfigError`` with one sentence for each value that is out of range.
    """

    loss: float = 0.0
    """Share of packets that are lost."""
    burst: float = 1.0
    """Packets lost in a row on average; 1 means that each is lost or not whatever became of the others."""
    reorder: float = 0.0
    """Share of packets that are held back until others have passed."""
    depth: int = 3
    """Most packets that pass one that is held back."""
    duplicate: float = 0.0
    """Share of packets that come twice."""
    corrupt: float = 0.0
    """Share of packets with one wrong bit."""
    delay: float = 0.0
    jitter: float = 0.0
    """Most that the delay of a packet is more or less than ``delay``."""
    rate: float | None = None
    """Bits a second, IP and UDP headers counted; None for no limit."""
    queue: float = 0.1
    """Longest wait for its turn, where there is a rate."""
    blackout: tuple[Window, ...] = ()
    """When nothing passes, counted from the first packet."""
    seed: int = field(default_factory=lambda: secrets.randbits(32))
    """Of the chance; drawn where none is given, so that every run can be repeated."""

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise ConfigError(*faults)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a SPEC. Raises ``ConfigError`` with one sentence for each fault."""
        values: dict[str, Any] = {}
        faults: list[str] = []
        for part in text.split(","):
            key, _, value = (side.strip() for side in part.partition("="))
            fault = _take(values, key, value)
            faults += [fault] if fault else []
        try:
            made = cls(**values)
        except ConfigError as error:
            faults += error.faults
        if faults:
            raise ConfigError(*faults)
        return made

    def derived(self, number: int) -> Self:
        """Return the same with the seed of the link of this number; link 0 has the seed as it was given."""
        return replace(self, seed=self.seed + number)

    def __str__(self) -> str:
        """Return the SPEC, seed included, that is read as exactly this."""
        parts = []
        for known in fields(self):
            value = getattr(self, known.name)
            if known.name == "seed" or value != known.default:
                parts += _show(known.name, value)
        return ",".join(parts)


def _take(values: dict[str, Any], key: str, text: str) -> str | None:
    """Read the value of a key into ``values``; return the fault, if there is one."""
    if not key:
        return f"SPEC: found a part without a key, expected KEY=VALUE, for example {EXAMPLE}"
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1, 0)[0]
        shown = key if key.isprintable() else repr(key)
        return f"{shown}: unknown key, found with the value {text!r}; did you mean {near}?"
    if key in values and key != "blackout":
        return f"{key}: found {text!r} behind another value, expected one alone"
    try:
        value = _read(key, text)
    except ValueError:
        return f"{key}: found {text!r}, expected {_expected(key)}"
    values[key] = (*values.get(key, ()), value) if key == "blackout" else value
    return None


def _read(key: str, text: str) -> int | float | Window:
    if key == "seed":
        if not re.fullmatch("[0-9]{1,18}", text):
            raise ValueError
        return int(text)
    if key == "blackout":
        start, _, length = text.partition("+")
        window = _MOMENT.read(start.strip()), _MOMENT.read(length.strip())
        if not window[1]:
            raise ValueError
        return window
    return _KINDS[key].read(text)


def _show(key: str, value: Any) -> list[str]:
    if key == "blackout":
        return [f"blackout={_MOMENT.show(start)}+{_MOMENT.show(length)}" for start, length in value]
    return [f"{key}={value if key == 'seed' else _KINDS[key].show(value)}"]


def _expected(key: str) -> str:
    return {"seed": _SEED, "blackout": _BLACKOUT}.get(key) or _KINDS[key].expected


def _faults(impairment: Impairment) -> Iterator[str]:
    """Yield what is out of range, alone or together."""
    for key, kind in _KINDS.items():
        value = getattr(impairment, key)
        if value is not None and not kind.holds(value):
            yield f"{key}: found {value}, expected {kind.expected}"
    for start, length in impairment.blackout:
        if not (_MOMENT.holds(start) and _MOMENT.holds(length) and length):
            yield f"blackout: found {start}s+{length}s, expected {_BLACKOUT}"
    most = impairment.burst / (1 + impairment.burst)  # One packet at least stands between two bursts.
    if 1 < impairment.burst and most < impairment.loss <= 1:
        loss, limit = _SHARE.show(impairment.loss), f"{100 * most:.4g}%"
        yield f"loss: found {loss} with burst={impairment.burst:g}, expected at most {limit}"
