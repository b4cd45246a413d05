"""The curves of the loss laboratory: frames shown, PSNR and SSIM over the share of lost packets."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from PIL import Image  # noqa: E402

from report import FILES, OURS, WITH_MARKERS, Cell, Findings, Outcome  # noqa: E402

TITLE = "What is on the screen when packets are lost: rtpjpeg fills the holes, the others drop the frame"
# Wide and pale below, narrow above: curves that coincide are all seen.
LOOKS = (
    {"color": "#0b6e4f", "linewidth": 2.4, "marker": "o", "markersize": 5, "zorder": 4},
    {"color": "#74b49b", "linewidth": 1.4, "marker": ".", "markersize": 6, "zorder": 4},
    {"color": "#f2a65a", "linewidth": 5.0, "marker": "s", "markersize": 8, "zorder": 2},
    {"color": "#8d2b3d", "linewidth": 1.4, "marker": "^", "markersize": 4.5, "zorder": 3},
)
DASHES = ("-", (0, (4, 2)))
"""Of the scenes, in their order."""
COLORS = 64
PATTERNS = {1: "lost at random", 3: "lost in bursts of 3"}


def draw(all_findings: list[Findings], path: Path) -> None:
    """Write the plot as a PNG, about 1500 pixels wide."""
    measures: dict[str, Callable[[Outcome], float]] = {
        "Frames shown, %": lambda outcome: 100 * outcome.shown / all_findings[0].frames,
        "PSNR on the screen, dB": lambda outcome: outcome.quality.psnr,
        "SSIM on the screen": lambda outcome: outcome.quality.ssim,
    }
    figure, grid = pyplot.subplots(2, 3, figsize=(15, 8.6), dpi=100, sharex=True, sharey="col")
    for axes_row, (burst, pattern) in zip(grid, PATTERNS.items(), strict=True):
        for axes, (name, measure) in zip(axes_row, measures.items(), strict=True):
            _curves(axes, all_findings, burst, measure)
            axes.set_title(f"{name}; {pattern}", fontsize=11, loc="left")
    for axes in grid[1]:
        axes.set_xlabel("packets lost, %")
    figure.suptitle(TITLE, fontsize=15, x=0.012, ha="left", y=0.985)
    figure.legend(handles=_legend(all_findings), loc="lower center", ncols=6, frameon=False, fontsize=11)
    figure.tight_layout(rect=(0, 0.05, 1, 0.98))
    buffer = BytesIO()
    figure.savefig(buffer)
    pyplot.close(figure)
    # Few colours make the file a quarter of its size, and nobody sees it.
    Image.open(buffer).convert("RGB").quantize(COLORS).save(path, optimize=True)


def _curves(
    axes: Axes, all_findings: list[Findings], burst: int, measure: Callable[[Outcome], float]
) -> None:
    for found, dash in zip(all_findings, DASHES, strict=False):
        for name, look in zip(_drawn(found), LOOKS, strict=False):
            outcomes = found.outcomes[name]
            cells = [cell for cell in outcomes if cell.burst == burst or not cell.loss]
            values = [measure(outcomes[cell]) for cell in cells]
            axes.plot(range(len(cells)), values, linestyle=dash, **look)
    axes.set_xticks(range(len(cells)), [_tick(cell) for cell in cells])
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def _drawn(found: Findings) -> list[str]:
    """Return ours and the two that most people have; the others are in the table."""
    ours = [OURS, FILES]
    others = [name for name in found.outcomes if name not in ours and not name.endswith(WITH_MARKERS)]
    return [*ours, *others][: len(LOOKS)]


def _tick(cell: Cell) -> str:
    return f"{cell.loss * 100:g}"


def _legend(all_findings: list[Findings]) -> list[Line2D]:
    receivers = [
        Line2D([], [], label=name, **look) for name, look in zip(_drawn(all_findings[0]), LOOKS, strict=False)
    ]
    scenes = [
        Line2D([], [], label=found.scene, linestyle=dash, color="#555555", linewidth=2)
        for found, dash in zip(all_findings, DASHES, strict=False)
    ]
    return receivers + scenes
