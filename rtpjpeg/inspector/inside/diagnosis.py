"""Why a scan does not decode: another sampling, another size, another interval, or other codes.

What can be counted is counted: MCUs are walked under the type that the header says and under the other one,
and only data in which every MCU makes sense is evidence. What is left is a scan that breaks off.
"""

from __future__ import annotations

from dataclasses import replace

from ...parameters import Parameters
from ...scan import PlacedScan
from .mcus import CODE, walk_mcus
from .verdict import Verdict, broken_scan, other_type, wrong_size, wrong_type

LONGEST_WALK = 1 << 18
"""Bytes of a scan that is walked; of a larger one it is only said that it does not decode."""
_PROBES = 8
"""Restart intervals that show how many MCUs stand in each."""
_ALL = 1 << 20

Part = tuple[int, bytes]
"""Where a restart interval begins in the scan, and its data without markers."""


def explain(parameters: Parameters, data: bytes, scan: PlacedScan, said: str) -> Verdict | None:
    """Return why a scan does not decode, None where nothing of the picture is wrong.

    ``said`` is what the decoder said; empty where only the restart markers were counted.
    """
    parts = _intervals(data, scan)
    if scan.end > LONGEST_WALK:
        if said:
            return Verdict("J-088", f"a scan of {scan.end} bytes that does not decode: {said}")
        return _wrong_interval(parameters, len(parts))
    if scan.restart_codes:
        return _explain_restarts(parameters, parts, scan.has_eoi)
    return _explain_plain(parameters, data[: scan.end], scan.has_eoi)


def interval_of(parameters: Parameters, data: bytes, scan: PlacedScan) -> int:
    """Return the restart interval of a scan, counted in it, or else the least that its markers allow."""
    parts = _intervals(data, scan)
    each = _common_size(parts, parameters.type) if scan.end <= LONGEST_WALK else None
    return each or -(-parameters.mcus // len(parts))


def _explain_plain(parameters: Parameters, data: bytes, ended: bool) -> Verdict | None:
    own = walk_mcus(data, parameters.type, _ALL)
    found = wrong_size(parameters, own.mcus, ended)
    if own.fault:
        found = wrong_type(parameters) if _is_whole(other_type(parameters), data, ended) else None
    if found or own.mcus >= parameters.mcus:
        return found  # What stands behind the last MCU is padding.
    return broken_scan(parameters, own.position, own.mcus, own.fault != CODE)


def _is_whole(parameters: Parameters, data: bytes, ended: bool) -> bool:
    """Tell whether a scan is a picture to its end, of the size that the header says or of another one."""
    walk = walk_mcus(data, parameters.type, _ALL)
    fits = walk.mcus == parameters.mcus or wrong_size(parameters, walk.mcus, ended) is not None
    return fits and not walk.fault


def _explain_restarts(parameters: Parameters, parts: list[Part], ended: bool) -> Verdict | None:
    interval, counted = parameters.restart_interval, len(parts) == parameters.intervals
    each = _common_size(parts, parameters.type)
    if each is None and _common_size(parts, parameters.type ^ 1) is not None:
        return wrong_type(parameters)
    if each is not None and each != interval:
        return _wrong_interval(parameters, len(parts), each)
    if each == interval:
        last = walk_mcus(parts[-1][1], parameters.type, _ALL)
        mcus = (len(parts) - 1) * interval + last.mcus
        found = None if last.fault else wrong_size(parameters, mcus, ended)
        if found or not counted:
            return found or _wrong_interval(parameters, len(parts))
    return _first_broken(parameters, parts) or (None if counted else _wrong_interval(parameters, len(parts)))


def _wrong_interval(parameters: Parameters, parts: int, each: int = 0) -> Verdict:
    due, size = parameters.intervals - 1, f"{parameters.width}x{parameters.height}"
    found = (
        f"{parts - 1} RST markers, where {size} with restart interval {parameters.restart_interval} has {due}"
    )
    if each and each != parameters.restart_interval:
        better = replace(parameters, restart_interval=each)
        return Verdict("J-078", f"{found}; they stand {each} MCUs apart", better=better)
    return Verdict("J-078", found)


def _first_broken(parameters: Parameters, parts: list[Part]) -> Verdict | None:
    """Return the first interval that breaks off before its end; bytes behind its last MCU are padding."""
    interval, left = parameters.restart_interval, parameters.mcus
    for index, (start, data) in enumerate(parts):
        due = min(interval, left)
        walk = walk_mcus(data, parameters.type, due)
        if walk.fault or walk.mcus < due:
            place, mcu = start + walk.position, index * interval + walk.mcus
            return broken_scan(parameters, place, mcu, walk.fault != CODE)
        left -= due
    return None


def _common_size(parts: list[Part], type_: int) -> int | None:
    """Return how many MCUs the first intervals have, None where they differ or make no sense."""
    probes = parts[: min(_PROBES, len(parts) - 1)]
    walks = [walk_mcus(data, type_, _ALL) for _, data in probes]
    sizes = {None if walk.fault else walk.mcus for walk in walks}
    return sizes.pop() if len(sizes) == 1 else None


def _intervals(data: bytes, scan: PlacedScan) -> list[Part]:
    """Return the restart intervals of a scan, without their markers and the fill bytes in front of these."""
    begins = [0]
    for place in scan.restart_positions.tolist():
        while data[place] == 0xFF:
            place += 1
        begins.append(place + 1)
    ends = [*scan.restart_positions.tolist(), scan.end]
    return [(start, data[start:end]) for start, end in zip(begins, ends, strict=True)]
