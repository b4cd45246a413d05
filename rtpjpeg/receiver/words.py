"""How figures are written, alike in the window, the table and the log."""

from __future__ import annotations

from typing import Any

STAGES = ("encode", "send", "network", "transport", "assembly", "queue", "decode", "show")
"""The order in which stages are shown, which is the order in which a picture goes through them."""


def in_order(stages: dict[str, Any] | None) -> list[tuple[str, dict[str, float]]]:
    """Return the stages that are known, first things first; those without a name here come last."""
    found = stages or {}
    names = [name for name in STAGES if name in found] + [name for name in found if name not in STAGES]
    return [(name, found[name]) for name in names if found[name]]


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
