"""How figures are written, alike in the window, the table and the log."""

from __future__ import annotations

from typing import Any

from .latency import STAGES


def in_order(stages: dict[str, Any] | None) -> list[tuple[str, dict[str, float]]]:
    """Return the stages that are known, as a picture goes through them, and none that others are parts of."""
    found = stages or {}
    names = [name for name in STAGES if found.get(name)]
    return [(name, found[name]) for name in names if name != "transport" or "network" not in names]


def clock_text(same_clock: bool | None, offset_ms: float | None) -> str:
    """Return what is to be known of the clocks behind a latency; empty where it is one clock."""
    if same_clock or same_clock is None:
        return ""
    if offset_ms is None:
        return "two clocks, their offset is not known"
    return f"two clocks, ours ahead by {offset_ms:.1f} ms at most"


def bitrate_text(bits: float) -> str:
    """Return bits a second in the unit that says them with two or three digits."""
    for unit, factor in (("Mbit/s", 1e6), ("kbit/s", 1e3)):
        value = bits / factor
        if value >= 0.9995:
            return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:.1f} {unit}"
    return f"{bits:.0f} bit/s"


def share_text(share: float) -> str:
    """Return a share in percent: 0 is nothing at all, and what is hardly anything is not called 0."""
    percent = 100 * share
    if percent == 0 or percent >= 9.95:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.1 else "<0.1 %"


def lost_text(packets: int, share: float | None) -> str:
    """Return a count of packets with their share, the latter only where there is something to share."""
    return f"{packets} ({share_text(share)})" if packets and share is not None else str(packets)
