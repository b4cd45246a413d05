"""Why a scan does not decode: another sampling, another size, another interval, or other codes.

What can be counted is counted: MCUs are walked under the type that the header says and under the other one,
and only data in which every MCU makes sense is evidence. What is left is a scan that breaks off.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...interchange import split_tables
from ...parameters import Parameters
from ...scan import PlacedScan
from .mcus import CODE, WIDEST, Limits, Walk, walk_mcus
from .verdict import Verdict, broken_scan, other_type, wrong_interval, wrong_size, wrong_type

LONGEST_WALK = 1 << 18
"""Bytes of a scan that is walked; of a larger one it is only said that it does not decode."""
_PROBES = 8
"""Restart intervals that show how many MCUs stand in each."""
_ALL = 1 << 20

Part = tuple[int, bytes]
"""Where a restart interval begins in the scan, and its data without markers."""


def explain(
    parameters: Parameters, data: bytes, scan: PlacedScan, said: str, tables_known: bool
) -> Verdict | None:
    """Return why a scan does not decode, None where nothing of the picture is wrong.

    ``said`` is what the decoder said; empty where only the restart markers were counted. ``tables_known``
    tells that the quantisation tables are the sender's.
    """
    parts = _intervals(data, scan)
    if scan.end > LONGEST_WALK:
        if said:
            return Verdict("J-088", f"a scan of {scan.end} bytes that does not decode: {said}")
        return wrong_interval(parameters, len(parts))
    limits = _limits(parameters) if tables_known else WIDEST
    diagnosis = _Diagnosis(parameters, parts, scan.has_eoi, limits)
    return diagnosis.of_intervals() if scan.restart_codes else diagnosis.of_one()


def interval_of(parameters: Parameters, data: bytes, scan: PlacedScan) -> int:
    """Return the restart interval of a scan, counted in it, or else the least that its markers allow."""
    parts = _intervals(data, scan)
    diagnosis = _Diagnosis(parameters, parts, scan.has_eoi, WIDEST)
    each = diagnosis.common_size(parameters.type) if scan.end <= LONGEST_WALK else None
    return each or -(-parameters.mcus // len(parts))


@dataclass(slots=True)
class _Diagnosis:
    parameters: Parameters
    parts: list[Part]
    """The restart intervals, one without markers."""
    ended: bool
    """EOI stands behind them."""
    limits: Limits

    def of_one(self) -> Verdict | None:
        """Return what is wrong with a scan without restart markers."""
        parameters, (_, data) = self.parameters, self.parts[0]
        own = self._walk(data, parameters.type)
        if own.mcus >= parameters.mcus and not self.ended and own.fault:
            return None  # What stands behind the last MCU is padding.
        # The wrong sampling may happen to make sense to the end, but not with the right number of MCUs.
        if (own.fault or own.mcus != parameters.mcus) and self._is_whole(other_type(parameters)):
            return wrong_type(parameters)
        found = None if own.fault else wrong_size(parameters, own.mcus, self.ended)
        if found or own.mcus >= parameters.mcus:
            return found
        return broken_scan(parameters, own.position, own.mcus, own.fault != CODE)

    def of_intervals(self) -> Verdict | None:
        """Return what is wrong with a scan of restart intervals."""
        parameters, count = self.parameters, len(self.parts)
        interval, counted = parameters.restart_interval, count == parameters.intervals
        each = self.common_size(parameters.type)
        if each != interval:
            other = self.common_size(parameters.type ^ 1)
            if other == interval or (each is None and other is not None):
                return wrong_type(parameters)
            if each is not None:
                return wrong_interval(parameters, count, each)
        else:
            last = self._walk(self.parts[-1][1], parameters.type)
            mcus = (count - 1) * interval + last.mcus
            found = None if last.fault else wrong_size(parameters, mcus, self.ended)
            if found or not counted:
                return found or wrong_interval(parameters, count)
        return self._first_broken() or (None if counted else wrong_interval(parameters, count))

    def common_size(self, type_: int) -> int | None:
        """Return how many MCUs the first intervals have, None where they differ or make no sense."""
        probes = self.parts[: min(_PROBES, len(self.parts) - 1)]
        walks = [self._walk(data, type_) for _, data in probes]
        sizes = {None if walk.fault else walk.mcus for walk in walks}
        return sizes.pop() if len(sizes) == 1 else None

    def _is_whole(self, parameters: Parameters) -> bool:
        """Tell whether a scan without restart markers is a picture to its end."""
        walk = self._walk(self.parts[0][1], parameters.type)
        return walk.mcus == parameters.mcus and not walk.fault

    def _first_broken(self) -> Verdict | None:
        """Return the first interval that breaks off before its end; bytes behind its last MCU are padding."""
        parameters, left = self.parameters, self.parameters.mcus
        for index, (start, data) in enumerate(self.parts):
            due = min(parameters.restart_interval, left)
            walk = self._walk(data, parameters.type, due)
            if walk.fault or walk.mcus < due:
                mcu = index * parameters.restart_interval + walk.mcus
                return broken_scan(parameters, start + walk.position, mcu, walk.fault != CODE)
            left -= due
        return None

    def _walk(self, data: bytes, type_: int, most: int = _ALL) -> Walk:
        return walk_mcus(data, type_, most, self.limits)


def _limits(parameters: Parameters) -> Limits:
    """Return twice the largest DC values that these tables allow, for a table may be a little off."""
    luma, chroma = split_tables(parameters.tables, parameters.precision)
    first = [int.from_bytes(table[: len(table) // 64], "big") for table in (luma, chroma)]
    return 2 + 2 * 1024 // first[0], 2 + 2 * 1024 // first[1]


def _intervals(data: bytes, scan: PlacedScan) -> list[Part]:
    """Return the restart intervals of a scan, without their markers and the fill bytes in front of these."""
    begins = [0]
    for place in scan.restart_positions.tolist():
        while data[place] == 0xFF:
            place += 1
        begins.append(place + 1)
    ends = [*scan.restart_positions.tolist(), scan.end]
    return [(start, data[start:end]) for start, end in zip(begins, ends, strict=True)]
