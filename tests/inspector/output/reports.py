"""Reports made by hand, for what is made from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.model import Histogram, Picture, Report, Series, StreamReport, Timing, Verdict
from rtpjpeg.inspector.rules import load_rules

TREE = Path(__file__).resolve().parents[3]
PHOTOGRAPH = (TREE / "fixtures" / "frames" / "chelsea.jpg").read_bytes()
LARGE = (TREE / "fixtures" / "frames" / "rocket.jpg").read_bytes()
SSRC, OTHER = 0x1A2B3C4D, 0xDEADBEEF
BEGAN_AT = 1_780_000_000_000_000_000
WHY_NOT = "refuses types 64 to 127, which have restart markers"
SOME = "takes type 65 for type 1"
ALL_PLAY = [Verdict(name, "yes") for name in ("GStreamer", "FFmpeg", "VLC")]


def stream(ssrc: int = SSRC, **changes: object) -> StreamReport:
    """A stream of two minutes that lost a few packets."""
    values: dict[str, object] = {
        "ssrc": ssrc,
        "source": "192.168.1.50:40312",
        "destination": "192.168.1.20:5000",
        "payload_type": 26,
        "packets": 129_600,
        "lost": 130,
        "reordered": 12,
        "duplicated": 0,
        "frames": 3600,
        "frames_complete": 3598,
        "type": 65,
        "q": 85,
        "width": 640,
        "height": 480,
        "restart_interval": 9,
        "fps": 29.97,
        "bitrate": 12_345_678,
        "jitter_ms": 0.214,
        "jitter_max_ms": 3.4,
        "duration": 120.12,
        "first_packet": 3,
        "last_packet": 129_700,
        "bytes": 185_370_000,
        "began_at": BEGAN_AT,
        "largest_packet": 1380,
        "longest_burst": 36,
        "receivers": [*ALL_PLAY, Verdict("MediaMTX", "no", WHY_NOT), Verdict("go2rtc", "damaged", SOME)],
    }
    return StreamReport(**{**values, **changes})  # type: ignore[arg-type]


def findings(*streams: int | None) -> Findings:
    """An error, a warning and an info for each stream, in a capture of a thousand packets."""
    found = Findings()
    for ssrc in streams:
        found.add("J-074", ssrc, range(1, 901), "FF D8 FF E0, the begin of a JPEG file")
        found.add("N-001", ssrc, [17], "a gap of 3 sequence numbers")
        found.add("T-008", ssrc, [1, 1], "SSRC 1")
    return found


def report(*streams: StreamReport, **changes: object) -> Report:
    """A report on these streams, without findings."""
    values: dict[str, object] = {
        "name": "camera.pcap",
        "packets": 130_000,
        "datagrams": 129_990,
        "duration": 121.5,
        "streams": list(streams),
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


def faulty(*streams: StreamReport, **changes: object) -> Report:
    """A report on these streams, with the three findings for each."""
    found = findings(*[stream.ssrc for stream in streams]).listed()
    return report(*streams, **{"findings": found, **changes})


def every_rule(ssrc: int | None = SSRC) -> Report:
    """A report on a stream that breaks every rule."""
    found = Findings()
    for rule in load_rules():
        found.add(rule, ssrc, range(1, 13), "something else")
    return report(stream(), findings=found.listed())


def series(frames: int, seed: int, lost: float = 0.01, fps: float = 30.0) -> Series:
    """Frames as a camera sends them: sizes that wander, a jump of the scene, a few that are incomplete."""
    chance = np.random.default_rng(seed)
    times = BEGAN_AT + (np.arange(frames) / fps * 1e9).astype(np.int64)
    wander = np.cumsum(chance.normal(0, 250, frames)) % 9000
    sizes = (44_000 + wander + chance.normal(0, 900, frames)).astype(np.int64)
    sizes[frames // 3 : frames // 2] += 15_000
    spreads = (chance.gamma(9, 0.35e6, frames) + (chance.random(frames) < 0.01) * 9e6).astype(np.int64)
    return Series(1, times, sizes, sizes // 1340 + 1, spreads, chance.random(frames) >= lost)


def histogram(edges: np.ndarray, values: np.ndarray) -> Histogram:
    counts, _ = np.histogram(values, edges)
    return Histogram([float(edge) for edge in edges], [int(count) for count in counts])


def measured(frames: int, seed: int, ssrc: int = SSRC, **changes: object) -> StreamReport:
    """A stream with everything that can be drawn."""
    chance = np.random.default_rng(seed)
    gaps = chance.normal(33.3, 1.2, frames) + (chance.random(frames) < 0.004) * chance.uniform(0, 60, frames)
    seconds = max(frames // 30, 1)
    burst = (np.arange(seconds) % 97 == 40) * 30
    drawn: dict[str, object] = {
        "series": series(frames, seed),
        "spacing": histogram(np.arange(0, 100.5, 0.5), gaps),
        "transit": histogram(np.arange(0, 20.2, 0.2), chance.exponential(0.4, frames * 36)),
        "packets_by_second": [int(count) for count in chance.integers(1070, 1090, seconds)],
        "lost_by_second": [int(count) for count in chance.poisson(0.3, seconds) + burst],
        "timings": timings(seed),
        "pictures": [
            Picture("first", 3, PHOTOGRAPH),
            Picture("worst", 8812, LARGE, ["2 packets lost", "restart intervals 310 to 330 missing"]),
        ],
    }
    return stream(ssrc, **{**drawn, **changes})


def timings(seed: int) -> list[Timing]:
    """A paced frame, one in a burst, and one with a hole in time."""
    chance = np.random.default_rng(seed)
    paced = np.cumsum(chance.exponential(0.08, 36))
    burst = np.cumsum(chance.exponential(0.01, 36))
    late = paced + (np.arange(36) > 20) * 4.5
    return [
        Timing(label, packet, [float(offset) for offset in offsets - offsets[0]])
        for label, packet, offsets in (("first", 3, paced), ("quickest", 420, burst), ("slowest", 8812, late))
    ]
