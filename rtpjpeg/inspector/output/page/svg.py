"""Plots as SVG that stands inside the page: its colours are those of the page, light, dark or printed.

matplotlib draws with stand-in colours, which become names of the style sheet. Nothing needs a display.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from ....errors import RtpJpegError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, GRID, BLUE, RED, AMBER, GREEN = (f"#0a00{number:02x}" for number in range(1, 8))
_NAMES = {INK: "ink", FAINT: "faint", GRID: "line", BLUE: "blue", RED: "red", AMBER: "amber", GREEN: "green"}
SIZE = (5.2, 2.3)
"""Inches of 72 units; the page scales a plot to its place."""
_SETTINGS = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "lines.linewidth": 1.3,
    "path.simplify": True,
}
_UNUSED_ID = re.compile(r' id="(?![mp][0-9a-f]{10}")[^"]*"')
_FONT = re.compile(r"font-family: [^;\"]*;? ?")
_SHORT_FONT = re.compile(r"font: ([0-9.]+px) [^;\"]*")


def load_matplotlib() -> Any:
    """Return matplotlib. Raises ``RtpJpegError`` when it is not installed."""
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError:
        raise RtpJpegError("a report in HTML needs matplotlib: install rtpjpeg[inspect]") from None
    return matplotlib


def draw(name: str, words: str, paint: Callable[[Figure], None]) -> str:
    """Return a plot as an ``svg`` element.

    ``name`` is the plot's own in the page; ``words`` say what it shows to who cannot see it.
    """
    matplotlib = load_matplotlib()
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure = matplotlib.figure.Figure(figsize=SIZE)
        figure.subplots_adjust(left=0.12, right=0.985, top=0.95, bottom=0.2)
        paint(figure)
        file = io.StringIO()
        unsaid = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=unsaid)
    return _inline(file.getvalue(), words)


def _inline(text: str, words: str) -> str:
    """Return the SVG as a part of the page: without prologue, fonts, sizes and names that nobody calls."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r' (?:width|height)="[0-9.]+pt"', "", body, count=2)
    body = _SHORT_FONT.sub(r"font-size: \1", _FONT.sub("", _UNUSED_ID.sub("", body)))
    for colour, name in _NAMES.items():
        body = body.replace(colour, f"var(--{name})")
    label = f'<svg role="img" aria-label="{escape(words, quote=True)}"'
    return re.sub(r"\s*\n\s*", " ", body.replace("<svg", label, 1)).strip()


def style(axes: Axes, across: str, up: str) -> None:
    """Name the axes; only level lines help the eye."""
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(False, axis="x")
    axes.margins(x=0.01)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
