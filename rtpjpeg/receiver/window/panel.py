"""Panels of text: what they say, and their pixels. A panel lies on a picture that it darkens.

Drawing text costs milliseconds, so a panel is drawn when its words change, and laid over every picture.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..decode import Image
from ..figures import Figures
from ..watch import LIVE, State
from ..words import bitrate_text, in_order, share_text
from .keys import KEYS
from .layout import Box, Size
from .lettering import ACCENT, DIM, SMALLEST, TEXT, Colour, line_height, put_text, text_width, widest


class Row(NamedTuple):
    """A line of a panel: a label, and figures in columns that end below each other.

    A figure behind an empty cell has the room of both.
    """

    label: str
    cells: tuple[str, ...] = ()
    colour: Colour = TEXT
    bold: bool = False
    label_colour: Colour | None = None
    apart: bool = False
    """Whether there is some space above it."""


Rows = tuple[Row, ...]
HEADING = "", "last 2 s", "", "all"
NARROWEST = "188.8"
"""As wide as a column of figures is at least, so that panels do not grow and shrink all the time."""
SPACE = 0.45
"""Of a line, above a row that stands apart."""
PAD, COLUMN_GAP = 22, 34
"""Pixels at scale 1."""
SHARE = (0.62, 0.72)
"""Of the width and of the height of a picture, that its panel may cover."""
FEW_LINES = 0.9
"""The same of the width, where a panel has three lines or less."""
LARGEST = 0.72
"""Scale of text."""


def figures_rows(figures: Figures, state: State, told: bool = False) -> Rows:
    """Return what the panel of a picture says. ``told`` is True where the state stands across the picture."""
    rows = [Row(figures.name, bold=True)]
    if state.word != LIVE and not told:
        rows.append(Row(state.text, colour=ACCENT))
    if figures.size is None:
        return tuple(rows)
    rows.append(Row("   ".join(_picture(figures, state.word == LIVE))))
    # How old pictures were says nothing while none come.
    return (*rows, *_losses(figures), *(_latency(figures) if state.word == LIVE else ()))


def _picture(figures: Figures, live: bool) -> list[str]:
    parts = [f"{figures.size[0]}x{figures.size[1]}"] if figures.size else []
    recent = figures.recent
    parts += [f"{recent.fps:.1f} fps"] if live and recent.fps is not None else []
    return parts + ([bitrate_text(recent.bitrate)] if live and recent.bitrate is not None else [])


def _losses(figures: Figures) -> Rows:
    recent = figures.recent
    now = _lost(recent.packets_lost, recent.lost_share)
    lost = _pair(now, _lost(figures.packets_lost, figures.lost_share))
    rows = [Row("", HEADING, DIM, apart=True), _row("lost", lost, ACCENT if recent.packets_lost else TEXT)]
    if figures.concealed_share is not None:
        shares = _pair(_share(recent.concealed_share), _share(figures.concealed_share))
        rows.append(_row("concealed", shares))
    if figures.frames_dropped:
        rows.append(_row("frames dropped", _pair("", str(figures.frames_dropped))))
    if figures.kernel_drops:
        rows.append(_row("kernel dropped", _pair("", str(figures.kernel_drops)), ACCENT))
    return tuple(rows)


def _latency(figures: Figures) -> Rows:
    stages = in_order(figures.stages)
    if figures.latency is None and not stages:
        return ()
    total = _times(figures.latency) if figures.latency else ("unknown",)
    rows = [Row("ms", ("p50", "p95", "p99", "max"), DIM, apart=True), _row("latency", total, bold=True)]
    clock = [Row(figures.clock, colour=ACCENT)] if figures.clock else []
    return (*rows, *clock, *(_row(f"  {name}", _times(stage)) for name, stage in stages))


def _row(label: str, cells: tuple[str, ...], colour: Colour = TEXT, bold: bool = False) -> Row:
    return Row(label, cells, colour, bold, label_colour=DIM if not bold else None)


def _pair(recent: str, all_: str) -> tuple[str, ...]:
    return "", recent, "", all_


def _lost(packets: int, share: float | None) -> str:
    return f"{packets}, {share_text(share)}" if packets and share is not None else str(packets)


def _share(share: float | None) -> str:
    return "" if share is None else share_text(share)


def _times(stage: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{stage[name]:.1f}" for name in ("p50", "p95", "p99", "max"))


def help_rows() -> Rows:
    """Return the list of the keys."""
    keys = (Row(key.label, (key.text,), TEXT, label_colour=ACCENT) for key in KEYS)
    first, *others = keys
    return (Row("Keys", bold=True), first._replace(apart=True), *others)


@lru_cache(maxsize=64)
def fitting(rows: Rows, box: Box) -> tuple[Rows, float]:
    """Return the rows that a picture has room for, and the scale of their text.

    A small picture gets smaller text, then no stages, then its first lines only, then nothing.
    """
    best = min(LARGEST, max(SMALLEST, box.height / 960))
    whole = tuple(row for row in rows if not row.label.startswith("  "))
    for choice in (rows, whole, *(whole[:count] for count in (3, 2, 1))):
        wide, high = panel_size(choice, 1.0)
        across = SHARE[0] if len(choice) > 3 else FEW_LINES
        scale = min(best, box.width * across / wide, box.height * SHARE[1] / high)
        if scale >= SMALLEST:
            return choice, round(scale, 2) - 0.01 if scale < best else scale
    return (), SMALLEST


def _columns(rows: Rows, scale: float) -> tuple[int, list[int]]:
    """Return the widths of the labels and of each column of figures."""
    tabled = [row for row in rows if row.cells]
    labels = max((text_width(row.label, scale, row.bold) for row in tabled), default=0)
    count = max((len(row.cells) for row in tabled), default=0)
    least = text_width(NARROWEST, scale) if count > 1 else 0
    columns = [least] * count
    for row in tabled:
        for at, cell in enumerate(row.cells):
            wide = text_width(cell, scale, row.bold)
            shared = at > 0 and not row.cells[at - 1]
            columns[at] = max(columns[at], (wide - round(COLUMN_GAP * scale) + 1) // 2 if shared else wide)
    return labels, columns


def _tops(rows: Rows, scale: float) -> list[int]:
    """Return where each row begins, and where the last one ends, from the first one on."""
    high = line_height(scale)
    tops = [0]
    for row in rows:
        tops[-1] += round(SPACE * high) if row.apart else 0
        tops.append(tops[-1] + high)
    return tops


def panel_size(rows: Rows, scale: float) -> Size:
    """Return width and height of a panel, pixels."""
    pad, gap = round(PAD * scale), round(COLUMN_GAP * scale)
    labels, columns = _columns(rows, scale)
    single = max((text_width(row.label, scale, row.bold) for row in rows if not row.cells), default=0)
    wide = max(single, labels + sum(gap + column for column in columns))
    return wide + 2 * pad, _tops(rows, scale)[-1] + 2 * pad


@lru_cache(maxsize=64)
def draw_panel(rows: Rows, scale: float) -> Image:
    """Return the text of a panel on black, height x width x 3, BGR, uint8; not to be written to."""
    width, height = panel_size(rows, scale)
    area = np.zeros((height, width, 3), np.uint8)
    pad, gap = round(PAD * scale), round(COLUMN_GAP * scale)
    labels, columns = _columns(rows, scale)
    for top, row in zip(_tops(rows, scale), rows, strict=False):
        right = pad + labels
        put_text(area, row.label, pad, pad + top, scale, row.label_colour or row.colour, row.bold)
        for cell, column in zip(row.cells, columns, strict=False):
            right += gap + column
            # Figures end below each other; a single column is words, which begin below each other.
            left = right - (text_width(cell, scale, row.bold) if len(columns) > 1 else column)
            put_text(area, cell, left, pad + top, scale, row.colour, row.bold)
    return area


@lru_cache(maxsize=32)
def draw_lines(lines: tuple[str, ...], scale: float, colour: Colour, bold: bool = False) -> Image:
    """Return centred lines of text on black, as ``draw_panel`` does."""
    pad, high = round(PAD * scale), line_height(scale)
    width = widest(lines, scale, bold) + 2 * pad
    area = np.zeros((high * len(lines) + 2 * pad, width, 3), np.uint8)
    for number, line in enumerate(lines):
        left = (width - text_width(line, scale, bold)) // 2
        put_text(area, line, left, pad + number * high, scale, colour, bold)
    return area
