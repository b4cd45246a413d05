"""What the loss laboratory has found, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import NamedTuple

from lab.quality import Quality
from lab.virtual import Watched

OURS = "rtpjpeg"
FILES = "rtpjpeg's JPEG files"
"""The same frames as a recorder writes them: nothing is decoded for them, so nothing is moved."""
WITH_MARKERS = " (65)"
"""Behind the name of a receiver that gets the same packets as ours, of type 65."""


class Cell(NamedTuple):
    """What a link does."""

    loss: float
    """Share of packets."""
    burst: int
    """Packets lost in a row, on average."""


class Outcome(NamedTuple):
    """What one receiver showed behind one link."""

    shown: int
    """Frames, those that are as they were sent or well concealed."""
    broken: int
    """Frames that are not what was sent, and do not say so."""
    quality: Quality


@dataclass
class Findings:
    """All about one scene."""

    scene: str
    frames: int
    outcomes: dict[str, dict[Cell, Outcome]] = field(default_factory=dict)
    """By receiver."""
    watched: dict[Cell, Watched] = field(default_factory=dict)
    """More about ours."""
    notes: list[str] = field(default_factory=list)


def page(all_findings: list[Findings]) -> Iterator[str]:
    """Yield the lines of the whole page, without its title."""
    for found in all_findings:
        yield f"\n## {found.scene.capitalize()}\n"
        yield from _receivers(found)
        yield ""
        yield from _ours(found)
        yield ""
        yield from (f"- {note}" for note in found.notes)


def _receivers(found: Findings) -> Iterator[str]:
    """Yield a row for each link, with frames shown, PSNR, how much less that is, and SSIM."""
    groups = _alike(found.outcomes)
    rows = [["packets lost", *(", ".join(names) for names in groups)]]
    for cell in found.outcomes[OURS]:
        cells = [_outcome(found.outcomes[names[0]], cell, found.frames) for names in groups]
        rows.append([_name(cell), *cells])
    yield from aligned(rows)


def _alike(all_outcomes: dict[str, dict[Cell, Outcome]]) -> list[list[str]]:
    """Return the receivers, those together whose every figure is the same."""
    groups: list[list[str]] = []
    for name, outcomes in all_outcomes.items():
        for group in groups:
            if all_outcomes[group[0]] == outcomes:
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def _outcome(outcomes: dict[Cell, Outcome], cell: Cell, frames: int) -> str:
    outcome = outcomes[cell]
    change = outcome.quality.psnr - outcomes[Cell(0, 1)].quality.psnr
    below = f" ({change:+.1f})" if cell.loss else ""
    quality = f"{outcome.quality.psnr:.1f} dB{below}, {outcome.quality.ssim:.3f}"
    broken = f", {outcome.broken} broken" if outcome.broken else ""
    return f"{outcome.shown / frames:.1%}, {quality}{broken}"


def _ours(found: Findings) -> Iterator[str]:
    """Yield what only our receiver can tell."""
    heads = "packets lost|truly lost|concealed|fresh|oldest part|added delay|strict warnings"
    rows = [heads.split("|")]
    for cell, seen in found.watched.items():
        late = [delay * 1000 for delay in seen.delays]
        row = [_name(cell), f"{seen.lost:.2%}", f"{1 - len(seen.whole) / len(seen.numbers):.0%} of frames"]
        row += [f"{seen.fresh:.1%}", f"{_p99(seen.ages):.1f} frames"]
        row += [f"{median(late):.1f} ms, p99 {_p99(late):.1f}", str(len(seen.warnings))]
        rows.append(row)
    yield from aligned(rows)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[-1]


def _name(cell: Cell) -> str:
    return f"{cell.loss:.1%}".replace(".0%", "%") + (f", bursts of {cell.burst}" if cell.burst > 1 else "")


def aligned(rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]]
    for row in ruled:
        yield "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
