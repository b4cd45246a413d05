"""What is wrong with a scan, told without guessing where something can be counted."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...jpeg import count_mcus
from ...parameters import Parameters

FEW = 8
"""MCUs that may be padding behind a scan, which looks like MCUs now and then."""
SAMPLINGS = {0: "4:2:2", 1: "4:2:0"}

_NEIGHBOURS = ((8, 0), (0, 8), (8, 8), (-8, 0), (0, -8), (-8, -8))
"""Pixels by which width and height are wrong when a side was rounded the other way."""


class Verdict(NamedTuple):
    """One rule that a scan breaks."""

    rule: str
    found: str
    place: int = 0
    """Byte of the scan."""
    better: Parameters | None = None
    """What the headers should have said; the picture comes out right with these."""


def said_again(verdict: Verdict, parameters: Parameters) -> Verdict:
    """Return the verdict on a frame before for another one, which has quantisation tables of its own."""
    better = verdict.better
    if better is not None:
        better = replace(better, tables=parameters.tables, precision=parameters.precision)
    return verdict._replace(place=0, better=better)


def other_type(parameters: Parameters) -> Parameters:
    """Return the same with the other sampling."""
    return replace(parameters, type=parameters.type ^ 1)


def wrong_type(parameters: Parameters) -> Verdict:
    """Return the verdict for a scan of the other sampling."""
    better = other_type(parameters)
    found = f"type {parameters.type}, and a scan that decodes as {SAMPLINGS[better.type & 63]}"
    return Verdict("J-022", found, better=better)


def wrong_size(parameters: Parameters, mcus: int, ended: bool) -> Verdict | None:
    """Return the verdict for a scan of so many MCUs; None where it may be a scan that was cut.

    ``ended`` tells that EOI stands behind it.
    """
    width, height, due = parameters.width, parameters.height, parameters.mcus
    if mcus in (0, due) or (not ended and abs(mcus - due) < FEW):
        return None
    for wider, higher in _NEIGHBOURS:
        better = width + wider, height + higher
        if min(better) > 0 and count_mcus(parameters.type, *better) == mcus:
            found = f"{width}x{height}, and a scan of {better[0]}x{better[1]}"
            return Verdict("J-033", found, better=replace(parameters, width=better[0], height=better[1]))
    found = f"{width}x{height}, which has {due} MCUs, and a scan of {mcus}"
    return Verdict("J-033", found) if ended else None


def wrong_interval(parameters: Parameters, parts: int, each: int = 0) -> Verdict:
    """Return the verdict for a scan of so many restart intervals, of ``each`` MCUs where that is known."""
    said, due = parameters.restart_interval, parameters.intervals - 1
    size = f"{parameters.width}x{parameters.height}"
    found = f"{parts - 1} RST markers, where {size} with restart interval {said} has {due}"
    if not each or each == said:
        return Verdict("J-078", found)
    return Verdict(
        "J-078", f"{found}; they stand {each} MCUs apart", better=replace(parameters, restart_interval=each)
    )


def broken_scan(parameters: Parameters, place: int, mcu: int, ended: bool) -> Verdict:
    """Return the verdict for a scan that stops to make sense inside an MCU, or ends there."""
    what = "ends" if ended else "breaks off"
    found = f"a scan that {what} at byte {place}, in MCU {mcu + 1} of {parameters.mcus}"
    return Verdict("J-088", found, place)
