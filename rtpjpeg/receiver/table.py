"""Statistics for people: rows of text, as a table that stands or one that lives."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .figures import Recent, share
from .watch import LIVE
from .words import bitrate_text, clock_text, in_order, lost_text, share_text

Row = tuple[str, list[str]]
"""What it is, then one text for each stream."""


class LiveTable(Protocol):
    """Shows rows that change."""

    def update(self, streams: Sequence[dict[str, Any]]) -> None:
        """Show these statistics in place of the ones before."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def rows(streams: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the table of ``rtpjpeg-view`` statistics, a column for each stream."""
    recorded = any(stream.get("recording") for stream in streams)
    columns = [_column(stream, recorded) for stream in streams]
    names = dict.fromkeys(name for column in columns for name in column)
    return [(name, [column.get(name, "") for column in columns]) for name in names]


def _column(stream: dict[str, Any], recorded: bool) -> dict[str, str]:
    return {
        "source": stream["source"],
        "state": stream["state"],
        "picture": _picture(stream),
        "frames": f"{stream['frames_received']} received, {stream['frames_shown']} shown",
        "": f"{_concealed(stream)}, {stream['frames_dropped']} dropped",
        **({"recorded": _recorded(stream)} if recorded else {}),
        "packets": f"{stream['packets_received']} received, {_lost(stream)} lost",
        " ": f"{stream['packets_reordered']} reordered, {stream['packets_duplicated']} duplicated",
        "  ": f"{stream['packets_rejected']} refused, {stream['kernel_drops']} dropped by the kernel",
        **({"lately": _lately(stream)} if "recent" in stream else {}),
        "jitter": _milliseconds(stream["jitter_ms"]),
        "latency": _pair(stream["latency_ms"], "p50", "p95"),
        "   ": _pair(stream["latency_ms"], "p99", "max"),
        **({"clocks": clock} if (clock := _clock(stream)) else {}),
        **{f"  {name}": _pair(stage, "p50", "p99") for name, stage in in_order(stream["stages_ms"])},
    }


def _clock(stream: dict[str, Any]) -> str:
    return clock_text(stream["same_clock"], stream["clock_offset_ms"]) if stream["latency_ms"] else ""


def _recorded(stream: dict[str, Any]) -> str:
    """Return how many frames are in files, and how many should be and are not."""
    lost = stream["frames_unrecorded"]
    return f"{stream['frames_recorded']} frames" + (f", {lost} not" if lost else "")


def _picture(stream: dict[str, Any]) -> str:
    if not stream["width"]:
        return "none yet"
    recent = stream.get("recent") or Recent(stream["fps"], stream["bitrate"])
    parts = [f"{stream['width']}x{stream['height']}"]
    parts += [f"{recent.fps:.1f} fps"] if recent.fps is not None else []
    parts += [bitrate_text(recent.bitrate)] if recent.bitrate is not None else []
    return ", ".join(parts)


def _lost(stream: dict[str, Any]) -> str:
    lost = stream["packets_lost"]
    return lost_text(lost, share(lost, lost + stream["packets_received"]))


def _lately(stream: dict[str, Any]) -> str:
    """Return what the last seconds lost, where the table lives."""
    recent = stream["recent"]
    parts = [f"{lost_text(recent.packets_lost, recent.lost_share)} lost"]
    parts += [f"{share_text(recent.concealed_share)} concealed"] if recent.concealed_share is not None else []
    return ", ".join(parts)


def _milliseconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} ms"


def _pair(summary: dict[str, float] | None, first: str, second: str) -> str:
    if summary is None:
        return "unknown"
    return f"{first} {summary[first]:.1f} ms, {second} {summary[second]:.1f} ms"


def _concealed(stream: dict[str, Any]) -> str:
    """Return how many frames are concealed, and how much of the area of all frames."""
    share = stream["concealed_share"]
    area = f" ({share_text(share)} of the area)" if share else ""
    return f"{stream['frames_concealed']} concealed{area}"


def text_table(streams: Sequence[dict[str, Any]]) -> str:
    """Return the table as plain lines."""
    table = [[name, *cells] for name, cells in rows(streams)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)


def text_line(stream: dict[str, Any]) -> str:
    """Return one stream's state in one line, for a log or a pipe."""
    age, state = stream["latency_ms"], stream["state"]
    parts = [
        *([state] if state != LIVE else []),
        *([_picture(stream)] if stream["width"] else []),
        f"{stream['frames_received']} frames",
        f"{_lost(stream)} packets lost",
        *([f"{stream['kernel_drops']} dropped by the kernel"] if stream["kernel_drops"] else []),
        *([f"{share_text(stream['concealed_share'])} concealed"] if stream["concealed_share"] else []),
        *([f"latency {age['p50']:.1f} ms, p99 {age['p99']:.1f}"] if age else []),
    ]
    return f"{stream['source']}: {', '.join(parts)}"


class PlainTable:
    """One line for each stream and update; for pipes, logs and where rich is not installed."""

    def __init__(self, print_line: Any = print) -> None:
        self._print = print_line

    def update(self, streams: Sequence[dict[str, Any]]) -> None:
        for stream in streams:
            self._print(text_line(stream))

    def close(self) -> None:
        pass


class RichTable:
    """A table that is drawn over itself, by rich; ``console`` is rich's, by default stdout."""

    def __init__(self, console: Any = None) -> None:
        from rich.live import Live

        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def update(self, streams: Sequence[dict[str, Any]]) -> None:
        self._live.update(_rich_table(streams), refresh=True)

    def close(self) -> None:
        self._live.stop()


def _rich_table(streams: Sequence[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    found = rows(streams)
    table = Table(box=box.ROUNDED, title="rtpjpeg-view", caption="Ctrl-C ends")
    for number, heading in enumerate([found[0][0], *found[0][1]] if found else [""]):
        table.add_column(heading, style="bold cyan" if number == 0 else "", no_wrap=True)
    for name, cells in found[1:]:
        table.add_row(name, *cells)
    return table


def choose_live_table(terminal: bool) -> Callable[[], LiveTable]:
    """Return the table for where it is shown: rich on a terminal where it is installed, else plain lines."""
    if terminal:
        try:
            importlib.import_module("rich.live")
        except ImportError:
            return PlainTable
        return RichTable
    return PlainTable
