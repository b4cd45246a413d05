"""A picture of what has come of a frame that is not whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...assembler import FrameAssembler
from ...parameters import FrameRefused, ParameterReader
from ...scan import EOI, walk_scan
from .case import Case
from .trial import can_try, decoded_rows

NOTHING = "nothing of the picture can be shown"


def partial_picture(case: Case, tables: Mapping[int, bytes], decode: bool) -> tuple[bytes | None, str]:
    """Return a JPEG file of what came, None where nothing can be shown, and what is missing in it."""
    lost = losses(case)
    try:
        jpeg, where = _spliced(case, tables) if _can_splice(case) else _cut(case, tables, decode)
    except FrameRefused as reason:
        return None, f"{lost}, {NOTHING}: {reason}"
    return jpeg, f"{lost}, {where}"


def losses(case: Case) -> str:
    """Return in words what is missing."""
    parts = [f"{case.lost} packet{'s' if case.lost > 1 else ''} lost"] if case.lost else []
    if case.headless:
        parts.append("the first packets lost")
    if not case.ended:
        parts.append("the last packets lost")
    return ", ".join(parts) or "packets left out"


def _can_splice(case: Case) -> bool:
    return case.fragments.aligned and case.fragments.fields.restart_interval > 0


def _spliced(case: Case, tables: Mapping[int, bytes]) -> tuple[bytes, str]:
    """Return the restart intervals that came, each in its place, and grey ones between."""
    frame = FrameAssembler(True, True, None, tables).assemble(case.fragments, case.ended)
    missing = frame.intervals - frame.fresh_intervals
    return frame.jpeg, f"{missing} of {frame.intervals} restart intervals are grey"


def _cut(case: Case, tables: Mapping[int, bytes], decode: bool) -> tuple[bytes | None, str]:
    """Return the picture down to the first hole."""
    if case.headless:
        return None, NOTHING
    parameters = ParameterReader(True, None, tables).read(case.fragments)
    data = b"".join(case.until_hole())
    scan = walk_scan(np.frombuffer(data, np.uint8))
    end = scan.end if scan.foreign < 0 else scan.foreign
    jpeg = b"".join([parameters.header(parameters.restart_interval), data[:end], EOI])
    rows = decoded_rows(jpeg) if decode and can_try() else None
    if rows is None:
        return jpeg, "the picture ends at the hole"
    return jpeg, f"the picture ends at row {rows} of {parameters.height}"
