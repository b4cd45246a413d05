"""The plots of a stream, each with a heading and a sentence that says how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...model import Histogram, Series, StreamReport
from .. import words
from . import reduce, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TIMINGS = 4
LONG_TAIL = 50
"""From this ratio of the counts on, a histogram is drawn on a logarithmic axis."""


@dataclass(slots=True)
class Plot:
    """A drawing and what stands around it."""

    title: str
    note: str
    svg: str


def plots_of(stream: StreamReport, name: str) -> Iterator[Plot]:
    """Yield the plots for which there are values; ``name`` is the stream's own in the page."""
    for number, draw in enumerate((_sizes, _loss, _spreads, _timings, _spacing, _transit)):
        found = draw(stream)
        if found is not None:
            title, note, paint = found
            yield Plot(title, note, svg.draw(f"{name}-{number}", f"{title}. {note}", paint))


Drawing = tuple[str, str, Callable[["Figure"], None]]
"""Heading, sentence, and what paints."""


def _sizes(stream: StreamReport) -> Drawing | None:
    series = stream.series
    if series is None or not len(series.times):
        return None
    kilobytes = series.sizes / 1000
    broken = int(np.count_nonzero(~series.complete))
    note = f"Half of the frames are larger than {words.bytes_text(float(np.median(series.sizes)))}"
    note += f", the largest has {words.bytes_text(int(series.sizes.max()))}."
    note += f" Red: {_some(series, broken)} that did not come whole." if broken else " All came whole."

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        time, unit = _clock(stream, series)
        _band(axes, time, kilobytes, svg.BLUE)
        axes.set_ylim(bottom=0)
        _marks(axes, reduce.marks(time[~series.complete]))
        svg.style(axes, f"time ({unit})", "frame size (kB)")

    return "Frame sizes", note, paint


def _some(series: Series, count: int) -> str:
    """Return how many frames; those of a thinned series stand for more."""
    return f"about {count * series.step} frames" if series.step > 1 else words.plural(count, "frame")


def _spreads(stream: StreamReport) -> Drawing | None:
    series = stream.series
    if series is None or not len(series.times) or series.packets.max() < 2:
        return None
    spreads = series.spreads / 1e6
    middle, most = (words.milliseconds_text(float(value)) for value in (np.median(spreads), spreads.max()))
    note = f"From a frame's first packet to its last: median {middle}, at most {most}."
    due = 1000 / stream.fps if stream.fps > 0 else None
    note += f" The next frame is due after {words.milliseconds_text(due)}." if due is not None else ""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        time, unit = _clock(stream, series)
        _band(axes, time, spreads, svg.GREEN)
        axes.set_ylim(bottom=0)
        if due is not None and due < 1.3 * spreads.max():
            _level(axes, due, "next frame")
        svg.style(axes, f"time ({unit})", "first to last packet (ms)")

    return "How long a frame takes", note, paint


def _timings(stream: StreamReport) -> Drawing | None:
    shown = [timing for timing in stream.timings if len(timing.offsets) > 1][:MOST_TIMINGS]
    if not shown:
        return None
    note = "When each packet of a frame came. Steep: packets in a burst. Level: a wait."

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        colours = (svg.BLUE, svg.GREEN, svg.AMBER, svg.RED)
        for timing, colour in zip(shown, colours, strict=False):
            label = f"{timing.label} (packet {timing.packet})".replace("$", r"\$")
            axes.plot(timing.offsets, range(1, len(timing.offsets) + 1), color=colour, label=label)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8, labelcolor=svg.FAINT, loc="lower right")
        svg.style(axes, "time since the first packet (ms)", "packets that have come")

    return "Packets within a frame", note, paint


def _loss(stream: StreamReport) -> Drawing | None:
    length = max(len(stream.packets_by_second), len(stream.lost_by_second))
    if not length:
        return None
    received, step = reduce.summed(stream.packets_by_second, length)
    lost, _ = reduce.summed(stream.lost_by_second, length)
    seconds = step * stream.loss_step
    worst = words.seconds_text(int(np.argmax(lost)) * seconds)
    note = f"Packets in every {seconds:g} s: received above, lost below."
    note += f" Most were lost after {worst}." if lost.any() else " None was lost."

    def paint(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        figure.subplots_adjust(hspace=0.18)
        factor, unit = _unit(length * stream.loss_step)
        edges = np.arange(len(received) + 1) * seconds / factor
        top.stairs(received, edges, fill=True, color=svg.BLUE, alpha=0.55)
        bottom.stairs(lost, edges, fill=True, color=svg.RED)
        bottom.set_ylim(0, max(int(lost.max()) * 1.1, 1.4))
        bottom.locator_params(axis="y", nbins=3, integer=True)
        top.locator_params(axis="y", nbins=4, integer=True)
        svg.style(top, "", "received")
        svg.style(bottom, f"time ({unit})", "lost")
        top.tick_params(axis="x", length=0)

    return "Packets received and lost", note, paint


def _spacing(stream: StreamReport) -> Drawing | None:
    note = "Milliseconds from frame to frame, by arrival."
    note += f" The dashed line is what {words.fps_text(stream.fps)} ask for." if stream.fps > 0 else ""
    due = 1000 / stream.fps if stream.fps > 0 else None
    return _histogram(stream.spacing, "Time between frames", note, ("frame to frame (ms)", "frames"), due)


def _transit(stream: StreamReport) -> Drawing | None:
    note = "How much longer or shorter a packet was on its way than the one before. Jitter is the average."
    labels = ("difference in transit time (ms)", "packets")
    return _histogram(stream.transit, "Jitter", note, labels, None)


def _histogram(
    histogram: Histogram | None, title: str, note: str, labels: tuple[str, str], due: float | None
) -> Drawing | None:
    found = reduce.trimmed(histogram) if histogram is not None else None
    if found is None:
        return None
    counts = [count for count in found.counts if count]

    def paint(figure: Figure) -> None:
        from matplotlib.ticker import EngFormatter

        axes = figure.subplots()
        if max(counts) >= LONG_TAIL * min(counts):
            axes.set_yscale("log")
            axes.set_ylim(0.7, max(counts) * 1.5)
            axes.yaxis.set_major_formatter(EngFormatter(sep=""))  # 100k, for which there is room
        axes.stairs(found.counts, found.edges, fill=True, color=svg.BLUE, alpha=0.75)
        if due is not None and found.edges[0] <= due <= found.edges[-1]:
            axes.axvline(due, color=svg.INK, linewidth=0.9, linestyle="--")
        svg.style(axes, *labels)

    return title, note, paint


def _clock(stream: StreamReport, series: Series) -> tuple[npt.NDArray[np.float64], str]:
    """Return the times of a series since the stream began, and their unit."""
    began = stream.began_at or int(series.times[0])
    seconds = (series.times - began) / 1e9
    factor, unit = _unit(float(seconds.max()))
    return seconds / factor, unit


def _unit(seconds: float) -> tuple[float, str]:
    return (3600.0, "h") if seconds > 7200 else (60.0, "min") if seconds > 300 else (1.0, "s")


def _band(axes: Axes, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], colour: str) -> None:
    found = reduce.band(x, y)
    axes.fill_between(found.x, found.low, found.high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(found.x, found.middle, color=colour)


def _marks(axes: Axes, x: npt.NDArray[np.float64]) -> None:
    """Draw short lines from the bottom, all in one path: NaN lifts the pen."""
    height = axes.get_ylim()[1] * 0.09
    across = np.repeat(x, 3)
    up = np.tile((0.0, height, np.nan), len(x))
    axes.plot(across, up, color=svg.RED, linewidth=1.0)


def _level(axes: Axes, value: float, text: str) -> None:
    axes.axhline(value, color=svg.RED, linewidth=0.9, linestyle="--")
    across = axes.get_yaxis_transform()
    axes.text(0.995, value, text, color=svg.RED, ha="right", va="bottom", transform=across)
