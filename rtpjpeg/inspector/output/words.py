"""How names and numbers are written, alike on the terminal and in the page."""

from __future__ import annotations

import math

from ...receiver.words import share_text
from ..model import StreamReport

TYPES = {
    0: "4:2:2",
    1: "4:2:0",
    64: "4:2:2 with restart markers",
    65: "4:2:0 with restart markers",
}
PAYLOAD_TYPE_OF_JPEG = 26
DYNAMIC = 96
THIN = "\N{NARROW NO-BREAK SPACE}"
"""Stands between groups of digits."""


def clean(text: str) -> str:
    """Return text without anything that could steer a terminal or turn a line around."""
    return "".join(sign if sign.isprintable() or sign == THIN else ascii(sign)[1:-1] for sign in text)


def plural(count: int, word: str) -> str:
    """Return a count with its noun: ``1 error``, ``2 errors``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def grouped(count: int) -> str:
    """Return a count for the page, in groups of three digits from five digits on."""
    return f"{count:,}".replace(",", THIN) if abs(count) >= 10_000 else str(count)


def ssrc_text(ssrc: int) -> str:
    """Return an SSRC as Wireshark writes it."""
    return f"0x{ssrc:08x}"


def type_name(number: int) -> str:
    """Return what an RTP/JPEG type means (RFC 2435 section 4.1)."""
    return TYPES.get(number, "not defined by RFC 2435" if number < 128 else "by private agreement")


def q_name(q: int) -> str:
    """Return where the tables of a Q come from (RFC 2435 section 4.2)."""
    if 1 <= q <= 99:
        return "standard tables"
    if q < 128:
        return "reserved"
    return "tables in the packets, one set for this Q" if q < 255 else "tables in every frame"


def payload_type_text(number: int) -> str:
    """Return a payload type and what it means (RFC 3551 section 6)."""
    if number == PAYLOAD_TYPE_OF_JPEG:
        return f"payload type {number} (JPEG)"
    return f"payload type {number} ({'dynamic' if number >= DYNAMIC else 'not that of JPEG'})"


def size_text(stream: StreamReport) -> str:
    """Return the size of the pictures in pixels."""
    return f"{stream.width}x{stream.height}" if stream.width and stream.height else "size not told"


def bytes_text(count: float) -> str:
    """Return bytes in the unit that says them with two or three digits."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor * 0.9995:
            return f"{_digits(count / factor)} {unit}"
    return plural(round(count), "byte")


def seconds_text(seconds: float) -> str:
    """Return a duration: ``350 ms``, ``12.3 s``, ``10 min 5 s``, ``2 h 5 min``."""
    if not 0.9995 <= seconds < math.inf:
        return milliseconds_text(1000 * seconds)
    if seconds < 99.95:
        return f"{_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def milliseconds_text(value: float) -> str:
    """Return milliseconds with two or three digits."""
    if not math.isfinite(value):
        return "unknown"
    return f"{_digits(value)} ms" if value >= 1 else f"{value:.2f} ms"


def fps_text(fps: float) -> str:
    """Return frames a second, ``fps unknown`` for 0."""
    return f"{fps:.2f}".rstrip("0").rstrip(".") + " fps" if 0 < fps < math.inf else "fps unknown"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def counted(count: int, of: int) -> str:
    """Return a count with its share: ``12 (0.1 %)``."""
    return f"{count} ({share_text(count / of)})" if count and of else str(count)


def amount_text(stream: StreamReport) -> str:
    """Return how much came in which time."""
    return f"{bytes_text(stream.bytes)} in {seconds_text(stream.duration)}"


def most_jitter_text(stream: StreamReport) -> str:
    """Return the largest jitter of a stream."""
    return milliseconds_text(max(stream.jitter_max_ms, stream.jitter_ms))


def sent(stream: StreamReport) -> int:
    """Return how many packets were sent, by their sequence numbers."""
    return max(stream.packets - stream.duplicated + stream.lost, 1)


def complete_text(complete: int, frames: int) -> str:
    """Return the share of whole frames; only all of them are called 100 %."""
    if not frames:
        return "none"
    percent = math.floor(1000 * complete / frames) / 10
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"
