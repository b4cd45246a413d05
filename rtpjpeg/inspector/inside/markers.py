"""The rules about the markers of a scan (RFC 2435 section 3.1.9), which need no decoder."""

from __future__ import annotations

from ...fragments import Fragments
from ...parameters import Parameters
from ...scan import PlacedScan
from .case import Case
from .mcus import walk_mcus
from .verdict import Verdict

_NAMES = {
    0xC4: ", a DHT segment, as between the scans of progressive JPEG",
    0xD8: ", SOI, where another JPEG file begins",
    0xDA: ", an SOS segment, as between the scans of progressive JPEG",
}
_FIRST, _COUNT = 0x8000, 0x3FFF


def judge_markers(parameters: Parameters, data: bytes, scan: PlacedScan, case: Case) -> Verdict | None:
    """Return what is wrong with the markers of a scan; ``scan`` is what was found in ``data``."""
    codes, interval = scan.restart_codes, parameters.restart_interval
    if scan.foreign >= 0:
        code = data[scan.foreign + 1]
        found = f"FF {code:02X} at byte {scan.foreign} of the scan{_NAMES.get(code, '')}"
        return Verdict("J-084", found, scan.foreign)
    if codes and not interval:
        # An interval of 0 in a restart header is a fault of the header, and told there.
        found = f"{len(codes)} RST markers in type {parameters.type}"
        place = int(scan.restart_positions[0])
        return Verdict("J-082", found, place) if parameters.type < 64 else None
    if not scan.in_order:
        return _out_of_order(scan)
    if not codes and parameters.intervals > 1:
        return _no_markers(parameters, case)
    return None


def miscounted(parameters: Parameters, scan: PlacedScan) -> bool:
    """Tell whether restart markers are more or fewer than size and interval make them; for that see why."""
    count = len(scan.restart_codes)
    return parameters.restart_interval > 0 and count not in (0, parameters.intervals - 1)


def _out_of_order(scan: PlacedScan) -> Verdict:
    codes = scan.restart_codes
    wrong = next(index for index, code in enumerate(codes) if code != 0xD0 + index % 8)
    found = f"RST{codes[wrong] - 0xD0} as marker {wrong + 1}, where RST{wrong % 8} belongs"
    return Verdict("J-079", found, int(scan.restart_positions[wrong]))


def _no_markers(parameters: Parameters, case: Case) -> Verdict:
    """Tell a scan without restart markers from one whose markers were cut out at the packets."""
    chunks, interval = case.fragments.chunks, parameters.restart_interval
    following = next((index for index, chunk in enumerate(chunks) if index and chunk & _FIRST), 0)
    if following and chunks[following] & _COUNT == 1:
        first = b"".join(case.pieces[:following])
        walk = walk_mcus(first, parameters.type, interval + 1)
        if not walk.fault and walk.mcus == interval:
            found = "a chunk behind the first that begins without RST marker"
            return Verdict("J-123", found, len(first))
    return Verdict("J-023", f"type {parameters.type}, restart interval {interval}, and no RST marker")


def marker_left_behind(fragments: Fragments) -> int:
    """Return the index of the first packet whose RST marker stands at the end of the one before, or 0."""
    if not fragments.aligned:
        return 0
    pieces, chunks = fragments.pieces, fragments.chunks
    for index in range(1, len(pieces)):
        end = pieces[index - 1][-2:]
        if chunks[index] & _FIRST and len(end) == 2 and end[0] == 0xFF and 0xD0 <= end[1] <= 0xD7:
            return index
    return 0
