"""Camera controls as a person writes them, checked against what a camera says of its own.

A camera that is given a control it does not know, or a value outside, fails late and says little. So all
faults are told at once, with the nearest right name or with the range.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import CaptureError

Limits = tuple[Any, Any, Any]
"""Least, most, and what holds by itself; of a rectangle each is a tuple; None where it is not told."""
Words = Callable[[str], Mapping[str, int]]
"""From the name of a control to the words that stand for its numbers, none for most."""


def check_controls(wanted: Mapping[str, Any], known: Mapping[str, Limits], words: Words) -> dict[str, Any]:
    """Return controls as a camera takes them, words as their numbers.

    Raises ``CaptureError`` with every fault in it.
    """
    made: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in wanted.items():
        if name not in known:
            faults.append(_unknown(name, known))
            continue
        meaning = words(name)
        made[name] = meaning.get(value, value) if isinstance(value, str) else value
        expected = _expected(made[name], known[name], meaning)
        if expected:
            faults.append(f"{name}: found {_shown(value)}, expected {expected}")
    if faults:
        raise CaptureError(f"controls: {'; '.join(faults)}")
    return made


def _unknown(name: str, known: Mapping[str, Limits]) -> str:
    if name == "FrameRate":
        return "FrameRate: not a control here, set fps"
    near = difflib.get_close_matches(name.lower(), map(str.lower, known), 1, 0)
    hint = next((f"; did you mean {right}?" for right in known if right.lower() in near), "")
    return f"{name}: this camera has no such control{hint}"


def _expected(value: Any, limits: Limits, meaning: Mapping[str, int]) -> str:
    """Return what belongs in the place of a wrong value, nothing for a right one."""
    low, high, usual = limits
    if isinstance(value, str):
        return " or ".join(meaning) or _range(limits)
    if isinstance(high, tuple | list):
        return "" if _is_shape(value, len(high)) else f"{len(high)} whole numbers"
    if isinstance(high, bool):
        return "" if isinstance(value, bool) else "true or false"
    # Of a list such as FrameDurationLimits or ColourGains each number has the same range.
    numbers = list(_leaves(value))
    if any(isinstance(number, bool) for number in numbers):
        return _range(limits)
    whole = isinstance(high, int) and isinstance(low, int)
    if whole and not all(isinstance(number, int) for number in numbers):
        return f"whole numbers, {_range(limits)}"
    if low is None or high is None:
        return ""
    return "" if numbers and all(low <= number <= high for number in numbers) else _range(limits)


def _is_shape(value: Any, count: int) -> bool:
    """Say whether a value is a rectangle or a size, or a list of them."""
    if not isinstance(value, list | tuple) or not value:
        return False
    if all(isinstance(item, list | tuple) for item in value):
        return all(_is_shape(item, count) for item in value)
    return len(value) == count and all(type(item) is int for item in value)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _range(limits: Limits) -> str:
    if isinstance(limits[1], bool):
        return "true or false"
    if limits[0] is None or limits[1] is None:
        return "a number"
    return f"{limits[0]} to {limits[1]}"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
