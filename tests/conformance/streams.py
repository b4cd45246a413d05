"""Streams of small pictures for the rules of RTP, and which of the pictures came out again."""

from __future__ import annotations

from .builders import SSRC, fragment
from .pictures import jpeg, same_pixels, scan_of
from .running import Outcome


def frame(index: int = 0, **options: int) -> list[bytes]:
    """A frame of a stream of small pictures, each with other pixels, 400 scan bytes a packet."""
    settings = {"timestamp": 9000 + 3000 * index, **options}
    return fragment(scan_of(jpeg(seed=index % 5)), **settings)


def stream(*seeds: int, first: int = 100, ssrc: int = SSRC, shift: int = 0) -> list[bytes]:
    """Frames whose sequence numbers follow each other."""
    packets: list[bytes] = []
    for index, seed in enumerate(seeds):
        timestamp, sequence = 3000 * index + shift, first + len(packets)
        packets += fragment(
            scan_of(jpeg(seed=seed)), sequence=sequence, timestamp=timestamp, size=300, ssrc=ssrc
        )
    return packets


def shown(outcome: Outcome) -> list[int]:
    """Which pictures came out."""
    return [next(n for n in range(5) if same_pixels(made, jpeg(seed=n))) for made in outcome.jpegs]
